"""Grad modes as context managers, decorators and functions: no_grad, enable_grad, set_grad_enabled."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from gradstudio.engine import modes

F = TypeVar("F", bound=Callable[..., Any])


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
    """Ops record again inside, also within no_grad."""


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


def is_grad_enabled() -> bool:
    """Return whether ops record what backward needs."""
    return modes.grad_enabled()
