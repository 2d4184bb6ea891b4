"""Where a view lies in its base: the base's elements that it shows, whatever the memory layout of either."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Geometry:
    """`positions`: for each element of the view, its place among the base's elements in row-major order."""

    base_shape: tuple[int, ...]
    positions: Array

    @classmethod
    def of(cls, base: Array, view: Array) -> Geometry:
        """Find a view in its base; both share memory."""
        item = base.itemsize
        span = 1 + sum([(n - 1) * s // item for n, s in zip(base.shape, base.strides, strict=True)]) if base.size else 0
        memory = np.zeros(span, np.int64)
        _strided(memory, base)[...] = np.arange(base.size).reshape(base.shape)
        start = (view.__array_interface__["data"][0] - base.__array_interface__["data"][0]) // item
        return cls(base.shape, _strided(memory[start:] if view.size else memory[:0], view).copy())

    def taken(self, base: Array) -> Array:
        """Return a copy of the view's part of an array shaped as the base."""
        return np.asarray(base.reshape(-1)[self.positions])

    def put(self, base: Array, part: Array | int) -> Array:
        """Return a copy of an array shaped as the base with the view's part replaced."""
        out = np.array(base, order="C")
        out.reshape(-1)[self.positions] = part
        return out

    def spread(self, part: Array) -> Array:
        """Return zeros shaped as the base with part added where the view lies (repeats add up)."""
        out = np.zeros(self.base_shape, part.dtype)
        np.add.at(out.reshape(-1), self.positions, part)
        return out


def _strided(memory: Array, like: Array) -> Array:
    """Return memory seen with the shape and strides that another array has in its own."""
    item = like.itemsize
    return np.lib.stride_tricks.as_strided(memory, like.shape, [s // item * memory.itemsize for s in like.strides])


class Memory:
    """Memory that belongs to an array, seen in another shape from another start; numpy makes an array of it."""

    def __init__(self, base: Array, start: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> None:
        """`start` and `strides` are in bytes, `start` counts from the base's first element. The caller has checked the bounds."""
        known = base.__array_interface__
        place, read_only = known["data"]
        self.base = base
        self.__array_interface__ = {**known, "data": (place + start, read_only), "shape": shape, "strides": strides}
