"""Hooks: user functions that backward calls on tensors (through their node) and on nodes."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradstudio.engine.gradnode import GradNode

Hook = Callable[..., Any]
KINDS = ("tensor", "retain", "pre", "post", "accumulated")

# Nodes that call user code. A plain backward that meets one of them gives way to the observed loop, so ordinary nodes pay nothing.
hooked: weakref.WeakSet[GradNode] = weakref.WeakSet()


class Handle:
    """Takes a hook away again; usable in a with statement."""

    def __init__(self, hooks: dict[int, Hook], key: int) -> None:
        self._hooks, self._key = hooks, key

    def remove(self) -> None:
        """Remove the hook; doing it twice is harmless."""
        self._hooks.pop(self._key, None)

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()


_count = 0


def add(node: GradNode, kind: str, hook: Hook) -> Handle:
    """Attach a hook of a kind to a node, or to a port of it."""
    global _count
    found = getattr(node, "hooks", None)
    if found is None:
        found = node.hooks = {name: {} for name in KINDS}
    hooked.add(node)
    _count += 1
    found[kind][_count] = hook
    return Handle(found[kind], _count)


def of(node: GradNode, kind: str) -> list[Hook]:
    """Return the hooks of a kind in the order in which they were added."""
    found = getattr(node, "hooks", None)
    return list(found[kind].values()) if found else []


def checked(given: Any, was: Any, hook: Hook) -> Any:
    """Return what a tensor hook gave back, after PyTorch's checks; None keeps the cotangent."""
    if given is None:
        return was
    if not hasattr(given, "sizes"):
        raise TypeError(f"expected Variable, but hook returned '{type(given).__name__}'")
    if given.sizes != was.sizes:
        raise RuntimeError(f"hook '{getattr(hook, '__name__', type(hook).__name__)}' has changed the size of value")
    return given
