"""Grad mode and inference mode: switches that every op reads. One process, one thread."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

Hooks = tuple[Callable[[Any], Any], Callable[[Any], Any]]

PACKED: Any = 2  # grad mode is on, and what ops save goes through hooks: true, but not True, so that closures leave it to the general way
grad: bool = True  # read by the closures of apply.py on every call
saved_hooks: list[Hooks] = []  # pack and unpack of the innermost `saved_tensors_hooks` last
check_nan = False  # anomaly mode
in_vjp = False  # a recorded vjp runs: its numbers are numbers to PyTorch, which writes vjps in C++, and no 0-dim tensors
inference = False  # tensors made now have no version and cannot be saved for backward


def grad_enabled() -> bool:
    """Return whether ops record what backward needs."""
    return bool(grad)


def _switched(on: bool) -> bool:
    return PACKED if on and saved_hooks else on


class SavedHooks:
    """Context manager: each tensor that an op saves inside is given to pack, and what that returned to unpack when backward reads it."""

    refusal = ""  # why there may be none now

    def __init__(self, pack: Callable[[Any], Any], unpack: Callable[[Any], Any]) -> None:
        self.hooks = pack, unpack

    def __enter__(self) -> None:
        """Raise RuntimeError where such hooks were disabled."""
        global grad
        if SavedHooks.refusal:
            raise RuntimeError(SavedHooks.refusal)
        saved_hooks.append(self.hooks)
        grad = _switched(bool(grad))

    def __exit__(self, *error: object) -> None:
        global grad
        saved_hooks.pop()
        grad = _switched(bool(grad))


class GradMode:
    """Context manager and decorator that sets grad mode and puts it back, after an exception too."""

    def __init__(self, on: bool) -> None:
        self.on = on
        self.before: list[bool] = []

    def __enter__(self) -> None:
        global grad
        self.before.append(bool(grad))
        grad = _switched(self.on and not inference)

    def __exit__(self, *error: object) -> None:
        global grad
        grad = _switched(self.before.pop())

    def __call__(self, function: F) -> F:
        """Decorate a function or a generator function: its body runs in this mode."""
        if inspect.isgeneratorfunction(function):
            return _in_mode(function, self.on)

        @functools.wraps(function)
        def wrapped(*args: Any, **named: Any) -> Any:
            with GradMode(self.on):
                return function(*args, **named)

        return wrapped  # type: ignore[return-value]


def _in_mode(function: F, on: bool) -> F:
    """Return a generator function whose body runs in a mode, while its consumer keeps its own."""

    @functools.wraps(function)
    def wrapped(*args: Any, **named: Any) -> Generator[Any, Any, Any]:
        generator = function(*args, **named)
        given: Any = None
        send: Callable[[Any], Any] = generator.send
        while True:
            try:
                with GradMode(on):
                    produced = send(given)
            except StopIteration as stop:
                return stop.value
            try:
                given, send = (yield produced), generator.send
            except GeneratorExit:
                generator.close()
                raise
            except BaseException as error:
                given, send = error, generator.throw

    return wrapped  # type: ignore[return-value]


class InVjp:
    """Context manager around the vjps of one node that are recorded."""

    def __init__(self, on: bool) -> None:
        self.on = on

    def __enter__(self) -> None:
        global in_vjp
        self.before, in_vjp = in_vjp, self.on

    def __exit__(self, *error: object) -> None:
        global in_vjp
        in_vjp = self.before


def set_grad_enabled(on: bool) -> None:
    """Set grad mode from here on."""
    global grad
    grad = _switched(bool(on))


class InferenceMode:
    """Context manager: nothing is recorded inside, and what is made inside stays out of every later graph."""

    def __init__(self, on: bool = True) -> None:
        self.on = on
        self.before: list[tuple[bool, bool]] = []

    def __enter__(self) -> None:
        global grad, inference
        self.before.append((bool(grad), inference))
        grad, inference = _switched(not self.on), self.on

    def __exit__(self, *error: object) -> None:
        global grad, inference
        before, inference = self.before.pop()
        grad = _switched(before)
