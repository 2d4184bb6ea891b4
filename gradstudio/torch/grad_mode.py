"""Grad modes as context managers, decorators and functions: no_grad, enable_grad, set_grad_enabled, inference_mode."""
from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from gradstudio.engine import modes
from gradstudio.engine.tensor import INFERENCE, Tensor

F = TypeVar("F", bound=Callable[..., Any])
_inference: list[bool] = [False]  # the modes entered, the last one in force


class _Fixed(modes.GradMode):
    """A mode of its own class: `@no_grad` decorates like `@no_grad()`."""

    mode = True

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        return object.__new__(cls) if function is None else cls()(function)

    def __init__(self) -> None:
        super().__init__(self.mode)


class no_grad(_Fixed):  # noqa: N801
    """Ops record nothing inside."""

    mode = False


class enable_grad(_Fixed):  # noqa: N801
    """Ops record again inside, also within no_grad, though not within inference_mode."""

    def __enter__(self) -> None:
        super().__enter__()
        if _inference[-1]:
            modes.set_grad_enabled(False)


class set_grad_enabled(modes.GradMode):  # noqa: N801
    """Set the mode at once; as a context manager put it back at the end, as a decorator only around the function."""

    def __init__(self, mode: bool) -> None:
        super().__init__(bool(mode))
        self.earlier = modes.grad_enabled()
        modes.set_grad_enabled(self.on)

    def __enter__(self) -> None:
        modes.set_grad_enabled(self.on)
        self.before.append(self.earlier)

    def __call__(self, function: F) -> F:
        modes.set_grad_enabled(self.earlier)
        return super().__call__(function)


class inference_mode(modes.GradMode):  # noqa: N801
    """Ops record nothing inside, whatever enable_grad says; tensors made inside stay out of every later graph."""

    def __new__(cls, mode: Any = True) -> Any:
        made = object.__new__(cls)
        if not callable(mode):
            return made
        made.__init__()  # type: ignore[misc]
        return made(mode)

    def __init__(self, mode: bool = True) -> None:
        super().__init__(not mode)
        self.inference = mode

    def __enter__(self) -> None:
        _inference.append(self.inference)
        modes.inference = self.inference
        super().__enter__()

    def __exit__(self, *error: object) -> None:
        _inference.pop()
        modes.inference = _inference[-1]
        super().__exit__(*error)

    def __call__(self, function: F) -> F:
        @functools.wraps(function)
        def wrapped(*args: Any, **named: Any) -> Any:
            with inference_mode(self.inference):
                return function(*args, **named)

        return wrapped  # type: ignore[return-value]


def is_inference_mode_enabled() -> bool:
    """Return whether inference_mode is in force."""
    return _inference[-1]


def is_inference(self: Tensor) -> bool:
    """Return whether a tensor was made in inference mode."""
    return self.version is INFERENCE


def is_grad_enabled() -> bool:
    """Return whether ops record what backward needs."""
    return modes.grad_enabled()
