"""Indexing: select, narrow and x[...], which decomposes into views and one gather as PyTorch's does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.dims import dim_of
from gradstudio.engine.op import Attr, Input, Op, Sample, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.tensor import Tensor

Array = np.ndarray[Any, Any]
CATEGORY = "indexing"
FULL = slice(None)
DIM = Attr("dim", "dim", 0, "Which dim.", required=True)
SLICE = (DIM, Attr("start", "int", 0), Attr("end", "int", 0), Attr("step", "int", 1))
ZERO_DIM = ("invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a 0-dim tensor to a "
            "number")


def at(shape: Sequence[int], dim: int, index: Any) -> tuple[Any, ...]:
    """Return numpy's index for one dim."""
    return (FULL,) * dim_of(dim, len(shape)) + (index, ...)


def select(x: Array, dim: int, index: int) -> Array:
    if x.ndim == 0:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    n = x.shape[dim_of(dim, x.ndim)]
    if not -n <= index < n:
        raise IndexError(f"select(): index {index} out of range for tensor of size {errors.size(x.shape)} at dimension {dim}")
    return np.asarray(x[at(x.shape, dim, index)])


def select_backward(g: Array, shape: tuple[int, ...], dim: int, index: int) -> Array:
    out = np.zeros(shape, g.dtype)
    out[at(shape, dim, index)] = g
    return out


def sliced(x: Array, dim: int, start: int, end: int, step: int) -> Array:
    return np.asarray(x[at(x.shape, dim, slice(start, end, step))])


def slice_backward(g: Array, shape: tuple[int, ...], dim: int, start: int, end: int, step: int) -> Array:
    out = np.zeros(shape, g.dtype)
    out[at(shape, dim, slice(start, end, step))] = g
    return out


def narrow(x: Any, dim: int, start: int, length: int) -> Any:
    if not x.sizes:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    n = x.sizes[dim_of(dim, len(x.sizes))]
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    if not -n <= start <= n:
        raise IndexError(f"start out of range (expected to be in range of [{-n}, {n}], but got {start})")
    start += n if start < 0 else 0
    if start + length > n:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({n}).")
    return ops.slice(x, dim, start, start + length, 1)


def gather(x: Array, indices: tuple[Any, ...]) -> Array:
    try:
        return np.asarray(x[indices])
    except IndexError as error:
        raise out_of_bounds(x.shape, indices) or error from None


def out_of_bounds(shape: tuple[int, ...], indices: tuple[Any, ...]) -> IndexError | None:
    """Return PyTorch's error for indices that are out of range or do not broadcast together."""
    shapes = [i.shape for i in indices if isinstance(i, np.ndarray)]
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        listed = ", ".join(errors.size(s) for s in shapes)
        return IndexError(f"shape mismatch: indexing tensors could not be broadcast together with shapes {listed}")
    for dim, index in enumerate(indices):
        if isinstance(index, np.ndarray) and index.size:
            n = shape[dim]
            bad = index[(index < -n) | (index >= n)]
            if bad.size:
                return IndexError(f"index {bad.flat[0]} is out of bounds for dimension {dim} with size {n}")
    return None


register(
    Op("select_backward", (Input("grad_output", lambda g, dim, index: ops.select(g, dim, index)),), select_backward,
       node_name="SelectBackwardBackward0", attrs=(Attr("shape", "shape", ()), DIM, Attr("index", "int", 0)), hidden=True),
    Op("slice_backward", (Input("grad_output", lambda g, dim, start, end, step: ops.slice(g, dim, start, end, step)),), slice_backward,
       node_name="SliceBackwardBackward0", attrs=(Attr("shape", "shape", ()), *SLICE), hidden=True),
    Op("slice", (Input("x", lambda g, x_shape, dim, start, end, step: ops.slice_backward(g, x_shape, dim, start, end, step)),), sliced,
       node_name="SliceBackward0", views=True, attrs=SLICE, hidden=True),
    Op("gather_at", (
        Input("x", lambda g, x_shape, indices: ops.put_at_zeros(ops.zeros(g, x_shape), indices, g, True)),
        Input("indices", kind="index")), gather,
       node_name="IndexBackward0", hidden=True),
    Op("select", (Input("x", lambda g, x_shape, dim, index: ops.select_backward(g, x_shape, dim, index), "1"),), select,
       node_name="SelectBackward0", views=True, attrs=(DIM, Attr("index", "int", 0, "Which one along that dim.", required=True)),
       category=CATEGORY,
       symbol="select", torch=("torch.select({x}, {dim}, {index})", "{x}.select({dim}, {index})"), latex="{x}_i",
       doc="One slice along a dim.", samples=(Sample((samples.array(3, 2),)), Sample((samples.array(3, 2),), {"dim": 1, "index": -1})),
       bad_samples=(Sample((samples.array(3),), {"dim": 0, "index": 3},
                           "select(): index 3 out of range for tensor of size [3] at dimension 0"),)),
    Op("narrow", (Input("x", formula="1"),), composite=narrow, views=True,
       attrs=(DIM, Attr("start", "int", 0, "First index.", required=True), Attr("length", "int", 1, "How many.", required=True)),
       category=CATEGORY, symbol="narrow",
       torch=("torch.narrow({x}, {dim}, {start}, {length})", "{x}.narrow({dim}, {start}, {length})"), latex="{x}_{a:b}",
       doc="A range along a dim.", samples=(Sample((samples.array(4, 2),), {"start": 1, "length": 2}),),
       bad_samples=(Sample((samples.array(3),), {"start": 2, "length": 2}, "start (2) + length (2) exceeds dimension size (3)."),)),
)


# x[index], step by step as PyTorch does it.
def index(x: Any, index: Any) -> Any:
    """Ints select, slices slice, None adds a dim; tensors, lists and masks gather at the end."""
    if index is None:
        return ops.unsqueeze(x, 0)
    if index is Ellipsis:
        return ops.alias(x)
    if isinstance(index, slice):
        return take_slice(x, 0, index, always=True)
    if is_int(index):
        return take_one(x, 0, int(index), 0)
    out, tensors = walk(x, index if isinstance(index, tuple) else (index,))
    if any(t is not None for t in tensors):
        return ops.gather_at(out, tuple([FULL if t is None else t for t in tensors]))
    return ops.alias(out) if out is x else out


def is_int(index: Any) -> bool:
    return isinstance(index, int | np.integer) and not isinstance(index, bool)


def walk(x: Any, items: tuple[Any, ...]) -> tuple[Any, list[Array | None]]:
    """Apply ints, slices and None; return what is left with one index array (or None) for each dim up to the last that has one."""
    named = sum([mask_rank(i) if is_mask(i) else 0 if i is None or i is Ellipsis or isinstance(i, bool) else 1 for i in items])
    rank = len(x.sizes)
    if named > rank:
        raise IndexError(ZERO_DIM if rank == 0 else f"too many indices for tensor of dimension {rank}")
    out, dim, axis = x, 0, 0
    tensors: list[Array | None] = []
    for item in items:
        if item is Ellipsis:
            dim, axis = dim + rank - named, axis + rank - named
        elif item is None or isinstance(item, bool):
            out = ops.unsqueeze(out, dim)
            if item is not None:
                put(tensors, dim, np.arange(int(item)))
            dim += 1
        elif isinstance(item, slice):
            out, dim, axis = take_slice(out, dim, item, always=False), dim + 1, axis + 1
        elif is_int(item) or is_number(item):
            out, axis = take_one(out, dim, int(item.array if isinstance(item, Tensor) else item), axis), axis + 1
        elif isinstance(item, str):
            raise TypeError("new(): invalid data type 'str'")
        elif not isinstance(item, Tensor | np.ndarray | list | tuple):
            raise IndexError("only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got "
                             f"{type(item).__name__})")
        else:
            arrays = positions(item, out.sizes[dim:], dim)
            for a in arrays:
                put(tensors, dim, a)
                dim, axis = dim + 1, axis + 1
    return out, tensors


def put(tensors: list[Array | None], dim: int, array: Array) -> None:
    tensors.extend([None] * (dim - len(tensors)))
    tensors.append(array)


def is_number(item: Any) -> bool:
    """Tell whether an index is a 0-dim integer tensor, which selects like an int."""
    return isinstance(item, Tensor) and not item.sizes and item.scalar_type.kind in "iu"


def is_mask(item: Any) -> bool:
    return isinstance(item, Tensor) and item.scalar_type.kind == "b"


def mask_rank(item: Any) -> int:
    return len(item.sizes)


def positions(item: Any, sizes: tuple[int, ...], dim: int) -> list[Array]:
    """Return the index arrays of a tensor, list or mask; a mask gives one for each of its dims."""
    array = item.array if isinstance(item, Tensor) else np.asarray(item)
    if array.dtype.kind == "U":
        raise TypeError("new(): invalid data type 'str'")
    if array.dtype.kind == "b":
        for i, (have, want) in enumerate(zip(sizes, array.shape, strict=False)):
            if have != want:
                raise IndexError(f"The shape of the mask {errors.size(array.shape)} at index {i} does not match the shape of the indexed "
                                 f"tensor "
                                 f"{errors.size(sizes)} at index {i}")
        return list(array.nonzero())
    if array.dtype.kind not in "iu" and array.size:
        raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
    return [array.astype(np.int64)]


def take_one(x: Any, dim: int, index: int, axis: int) -> Any:
    if not x.sizes:
        raise IndexError(ZERO_DIM)
    n = x.sizes[dim]
    if not -n <= index < n:
        raise IndexError(f"index {index} is out of bounds for dimension {axis} with size {n}")
    return ops.select(x, dim, index)


def take_slice(x: Any, dim: int, item: slice, always: bool) -> Any:
    """Slice one dim. A full slice inside a tuple adds no node, as in PyTorch."""
    if not x.sizes:
        raise IndexError("slice() cannot be applied to a 0-dim tensor.")
    if item.step is not None and item.step <= 0:
        raise ValueError("step must be greater than zero")
    start, end, step = item.indices(x.sizes[dim])
    if not always and (start, step) == (0, 1) and end >= x.sizes[dim]:
        return x
    return ops.slice(x, dim, start, max(start, end), step)


register(
    Op("index", (Input("x", formula="1"), Input("index", kind="index")), composite=index, category=CATEGORY, symbol="[ ]",
       torch=("{x}[{index}]",), latex="{x}_{index}", doc="Pick elements: ints, slices, None, ..., index tensors and masks.",
       samples=(Sample((samples.array(3, 2), 1)), Sample((samples.array(3, 2), (slice(None), 0))), Sample((samples.array(4), slice(1, 3))),
                Sample((samples.array(4), np.array([0, 2, 2]))), Sample((samples.array(3, 2), samples.array(3, 2) > 0)),
                Sample((samples.array(3, 2), (Ellipsis, None, 0)))),
       bad_samples=(Sample((samples.array(3), 3), error="index 3 is out of bounds for dimension 0 with size 3"),
                    Sample((samples.array(3), (0, 0)), error="too many indices for tensor of dimension 1"))),
)
