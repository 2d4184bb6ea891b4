"""Packing: what an op saves while `modes.SavedHooks` is in force is given to a hook when it is saved, to another when backward reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradstudio.engine import errors, hooks, modes
from gradstudio.engine.tensor import Tensor

if TYPE_CHECKING:
    from gradstudio.engine.gradnode import GradNode


class Packed:
    """What a hook made of a saved tensor, and the hook that makes a tensor of it again."""

    __slots__ = ("unpack", "value")

    def __init__(self, tensor: Tensor) -> None:
        """Raise RuntimeError if the hook writes into the tensor."""
        give, self.unpack = modes.saved_hooks[-1]
        version = tensor.version[0]
        with modes.GradMode(False):
            self.value = give(tensor)
        if tensor.version[0] != version:
            raise RuntimeError(errors.PACK_IN_PLACE)

    def get(self) -> np.ndarray[Any, Any]:
        """Return the numbers as they are now. Raise TypeError unless the hook returns a tensor."""
        found = self.unpack(self.value)
        if not isinstance(found, Tensor):
            raise TypeError(f"Output of saved tensor unpack_hook expected to be a Tensor but got result of type {type(found).__name__}")
        return found.array


def pack(n: GradNode) -> None:
    """Pack what a new node has saved. Versions are of no account from here on: nobody knows what a hook keeps."""
    plan, kept = n.plan, n.kept
    count = len(plan.saved)
    if not kept or not count:
        return
    values, counters, versions = list(kept[:count]), list(kept[count:2 * count]), list(kept[2 * count:])
    for i in plan.order:
        if plan.is_tensor(values[i], counters[i]):
            values[i], counters[i], versions[i] = Packed(plan.rebuilt(n, i, True)), [0], 0
    n.kept = (*values, *counters, *versions)
    hooks.hooked.add(n)  # it runs user code: the plain loop must not meet it


def is_packed(n: GradNode) -> bool:
    """Return whether something that a node saved was packed."""
    return any([type(value) is Packed for value in n.kept or ()])
