"""as_strided: any part of a tensor's storage, by sizes, strides and an offset counted in elements. Category shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided as strided

from gradstudio.engine import errors, modes
from gradstudio.engine.geometry import Geometry, Memory
from gradstudio.engine.op import Attr, Input, Op, Sample, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.shape import CATEGORY
from gradstudio.engine.tensor import View

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Part(Geometry):
    """A part of a storage as seen from a tensor on it; what the tensor has no element for is at position -1.

    `start`: how many elements the part begins behind the tensor's first. `strides`: in elements.
    """

    start: int
    strides: tuple[int, ...]

    def view(self, x: Array) -> Array:
        """Return the part on the memory of x."""
        item = x.itemsize
        return np.asarray(Memory(x, self.start * item, self.positions.shape, tuple([s * item for s in self.strides])))

    def taken(self, base: Array) -> Array:
        """Return a copy of the part, with zeros where the tensor has no element."""
        outside = self.positions < 0
        return np.where(outside, base.dtype.type(0), base.reshape(-1)[self.positions]) if base.size else np.zeros(outside.shape, base.dtype)

    def spread(self, part: Array) -> Array:
        """Return zeros shaped as the tensor with the part added where it has elements (repeats add up)."""
        out, inside = np.zeros(self.base_shape, part.dtype), self.positions >= 0
        np.add.at(out.reshape(-1), self.positions[inside], part[inside])
        return out


def span(shape: Sequence[int], strides: Sequence[int]) -> int:
    """Return how many elements of memory lie from the first element to the last, both counted."""
    return 1 + sum([(n - 1) * s for n, s in zip(shape, strides, strict=True)]) if 0 not in shape else 0


def check_part(size: Sequence[int], stride: Sequence[int], offset: int, item: int, held: int) -> None:
    """Raise RuntimeError in PyTorch's words unless a storage of `held` elements of `item` bytes has the part."""
    if len(size) != len(stride):
        raise RuntimeError("mismatch in length of strides and shape")
    if offset < 0:
        raise RuntimeError(f"Tensor: invalid storage offset {offset}")
    if any(s < 0 for s in stride):
        raise RuntimeError(f"as_strided: Negative strides are not supported at the moment, got strides: {errors.size(stride)}")
    if any(n < 0 for n in size):
        raise RuntimeError(f"Storage size calculation overflowed with sizes={errors.size(size)} and strides={errors.size(stride)}")
    needed = span(size, stride)
    if needed and offset + needed > held:
        raise RuntimeError(f"setStorage: sizes {errors.size(size)}, strides {errors.size(stride)}, storage offset {offset}, and itemsize "
                           f"{item} requiring a storage size of {(offset + needed) * item} are out of bounds for storage of size "
                           f"{held * item}")


def as_strided(x: Any, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None) -> Any:
    array, whole = x.array, x.base.array if isinstance(x, View) else x.array
    item, strides = array.itemsize, [s // array.itemsize for s in array.strides]
    held = span(whole.shape, [s // item for s in whole.strides])
    first = (array.__array_interface__["data"][0] - whole.__array_interface__["data"][0]) // item if array.size else 0
    offset = first if storage_offset is None else storage_offset
    check_part(size, stride, offset, item, held)
    if not span(size, stride):
        offset = first
    places = np.full(held, -1)
    strided(places[first:], array.shape, [s * places.itemsize for s in strides])[...] = np.arange(array.size).reshape(array.shape)
    if modes.grad and x.node is not None and np.count_nonzero(places >= 0) < array.size:
        raise NotImplementedError("as_strided() of a tensor whose elements share memory has no gradient here; clone() the tensor first")
    positions = strided(places[offset:], tuple(size), [s * places.itemsize for s in stride]).copy()
    return ops.strided_view(x, Part(x.sizes, positions, offset - first, tuple(stride)))


A34 = samples.array(3, 4)
register(
    Op("strided_view", (Input("x", lambda g, geometry: ops.as_strided_backward(g, geometry)),), lambda x, geometry: geometry.view(x),
       node_name="AsStridedBackward0", views=True, attrs=(Attr("geometry", "geometry"),), hidden=True),
    Op("as_strided", (Input("x", formula="1 for each time it is shown"),), composite=as_strided,
       attrs=(Attr("size", "sizes", (), "Sizes of the result.", required=True),
              Attr("stride", "sizes", (), "How many elements apart neighbours lie.", required=True),
              Attr("storage_offset", "int", None, "Where in the storage it begins; where the tensor does if left out.")),
       category=CATEGORY, symbol="strided",
       torch=("torch.as_strided({x}, {size}, {stride}, {storage_offset})", "{x}.as_strided({size}, {stride}, {storage_offset})"),
       latex=r"\mathrm{strided}({x})", doc="Any part of the storage by strides, as a view; the gradient adds up over repeats.",
       samples=(Sample((A34,), {"size": (2, 3), "stride": (4, 1), "storage_offset": 1}),
                Sample((A34,), {"size": (3, 2, 2), "stride": (1, 0, 2)}), Sample((samples.array(3),))),
       bad_samples=(Sample((A34,), {"size": (2, 2), "stride": (1, 20)}, "setStorage: sizes [2, 2], strides [1, 20], storage offset 0"),
                    Sample((A34,), {"size": (2, 2), "stride": (1,)}, "mismatch in length of strides and shape"),
                    Sample((A34,), {"size": (2, 2), "stride": (1, -1)}, "as_strided: Negative strides are not supported"),
                    Sample((A34,), {"size": (2, 2), "stride": (1, 1), "storage_offset": -1}, "Tensor: invalid storage offset -1"))),
)
