"""Elements by their position among all, or along a dim by indices that broadcast: take, put, index_put, take_along_dim. Category shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.dims import broadcast_shape, dim_of
from gradstudio.engine.op import Attr, Input, Op, Sample, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.indexing import CATEGORY
from gradstudio.engine.tensor import Tensor

Array = np.ndarray[Any, Any]
ACCUMULATE = Attr("accumulate", "bool", False, "Add to what is there instead.")
LONG = ": Expected a long tensor for index, but got "


def check_range(x: Array, index: Array) -> None:
    """Raise IndexError for a position that is not there; negative ones count from the end."""
    n = x.size
    bad = index[(index < -n) | (index >= n)]
    if bad.size:
        raise IndexError(f"out of range: tried to access index {bad.flat[0]} on a tensor of {n} elements.")


def take(x: Array, index: Array) -> Array:
    if index.dtype != np.int64:
        raise RuntimeError(f"take(){LONG}{errors.dtype_name(index.dtype)}")
    if index.size and not x.size:
        raise IndexError("take(): tried to take from an empty tensor")
    check_range(x, index)
    return np.asarray(x.reshape(-1)[index])


def put(x: Array, index: Array, source: Array, accumulate: bool) -> Array:
    if index.dtype != np.int64:
        raise RuntimeError(f"put_(){LONG}{errors.dtype_name(index.dtype)}")
    if source.dtype != x.dtype:
        raise RuntimeError(f"put_(): self and source expected to have the same dtype, but got self.dtype = {errors.dtype_name(x.dtype)} "
                           f"and source.dtype = {errors.dtype_name(source.dtype)}")
    if source.size != index.size:
        raise IndexError("put_(): Expected source and index to have the same number of elements, but got source.numel() = "
                         f"{source.size}, index.numel() = {index.size}")
    if index.size and not x.size:
        raise IndexError("put_(): Tried to put elements into an empty tensor")
    check_range(x, index)
    out = np.array(x, order="C")
    places, values = index.reshape(-1), source.reshape(-1)
    if accumulate:
        np.add.at(out.reshape(-1), places, values)
    else:
        out.reshape(-1)[places] = values
    return out


def take_along_dim(x: Any, index: Any, dim: int | None = None) -> Any:
    """As torch.take_along_dim: indices out of range wrap around along a dim; without one they are positions."""
    if dim is None:
        return ops.gather_along(ops.view(ops.contiguous(x), (-1,)), ops.view(ops.contiguous(index), (-1,)), 0)
    if len(x.sizes) != len(index.sizes):
        raise RuntimeError("torch.take_along_dim(): input and indices should have the same number of dimensions, but got "
                           f"{len(x.sizes)} dimensions for input, and {len(index.sizes)} dimensions for indices")
    if index.scalar_type != np.int64:
        raise RuntimeError(f"torch.take_along_dim(): dtype of indices should be Long but got {errors.dtype_name(index.scalar_type)}")
    if not x.sizes:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    dim = dim_of(dim, len(x.sizes))
    size, count = x.sizes[dim], index.sizes[dim]
    shape = broadcast_shape((*x.sizes[:dim], count, *x.sizes[dim + 1:]), index.sizes)
    wrapped = ops.remainder(index, size) if size else index
    return ops.gather_along(ops.expand(x, (*shape[:dim], size, *shape[dim + 1:])), ops.expand(wrapped, shape), dim)


def index_of(x: Any, indices: Any, values: Any) -> tuple[Any, ...]:
    """Return the indices of index_put. Raise in PyTorch's words for what is no index, too many of them, or no values."""
    for i, index in enumerate(indices):
        if not isinstance(index, Tensor):
            raise TypeError(f"expected Tensor as element {i} in argument 0, but got {type(index).__name__}")
        if index.scalar_type.char not in "?Bilq":
            raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
    if not isinstance(values, Tensor):
        raise TypeError(f"index_put(): argument 'values' (position 2) must be Tensor, not {errors.type_name(values)}")
    named = sum([len(i.sizes) if i.scalar_type.kind == "b" else 1 for i in indices])
    if named > len(x.sizes):
        raise IndexError(f"too many indices for tensor of dimension {len(x.sizes)} (got {named})")
    return tuple(indices)


PLACES = np.array([4, 0, -1])
BOTH = np.array([[0, 1], [2, 0], [0, 0]])
X, VALUES = samples.array(3, 2), samples.array(3, start=0.6)
register(
    Op("take", (Input("x", lambda g, x, index: ops.put(ops.zeros_like(x), index, g, True), "1 where taken"), Input("index")), take,
       node_name="TakeBackward0", category=CATEGORY, symbol="take", torch=("torch.take({x}, {index})", "{x}.take({index})"),
       latex="{x}_{index}", doc="Elements by their position among all.",
       samples=(Sample((X, PLACES)), Sample((X, BOTH)), Sample((samples.SCALAR, np.array([0, 0]))), Sample((X, np.array(2)))),
       bad_samples=(Sample((X, PLACES + 2), error="out of range: tried to access index 6 on a tensor of 6 elements."),
                    Sample((X, PLACES.astype(np.int32)), error="take(): Expected a long tensor for index, but got Int"),
                    Sample((X[:0], PLACES), error="take(): tried to take from an empty tensor"))),
    Op("put", (
        Input("x", lambda g, index, source, accumulate: g if accumulate else ops.put(g, index, ops.zeros_like(source), False),
              "0 where written, else 1"),
        Input("index"), Input("source", lambda g, index, source: ops.reshape(ops.take(g, index), ops.shape_of(source)), "1")), put,
       node_name="PutBackward0", attrs=(ACCUMULATE,), category=CATEGORY,
       symbol="put", torch=("torch.put({x}, {index}, {source})", "{x}.put({index}, {source})"), latex=r"{x}_{index} \leftarrow {source}",
       doc="A copy with elements written at their position among all.",
       samples=(Sample((X, PLACES, VALUES)), Sample((X, BOTH, samples.array(3, 2, start=0.6)), {"accumulate": True}),
                Sample((samples.SCALAR, np.array([0]), np.array(-1.2))), Sample((X, PLACES, VALUES), {"accumulate": True})),
       bad_samples=(Sample((X, PLACES + 2, VALUES), error="out of range: tried to access index 6 on a tensor of 6 elements."),
                    Sample((X, PLACES, VALUES[:2]), error="put_(): Expected source and index to have the same number of elements"),
                    Sample((X, PLACES.astype(np.int32), VALUES), error="put_(): Expected a long tensor for index, but got Int"),
                    Sample((X, PLACES, VALUES.astype(np.float32)), error="put_(): self and source expected to have the same dtype"),
                    Sample((X[:0], PLACES, VALUES), error="put_(): Tried to put elements into an empty tensor"))),
    Op("index_put", (Input("x", formula="0 where written, else 1"), Input("indices", kind="tensors"), Input("values", formula="1")),
       composite=lambda x, indices, values, accumulate=False: ops.put_at(x, index_of(x, indices, values), values, accumulate),
       attrs=(ACCUMULATE,), category=CATEGORY, symbol="x[i] ←",
       torch=("torch.index_put({x}, {indices}, {values})", "{x}.index_put({indices}, {values})"),
       latex=r"{x}_{indices} \leftarrow {values}",
       doc="A copy with elements written where one index a dim, or a mask, points.",
       samples=(Sample((X, (BOTH[:, 0], BOTH[:, 1] % 2), VALUES), {"accumulate": True}), Sample((X, (np.array([2, 0]),), X[1:] + 0.9)),
                Sample((X, (X > 0,), samples.SCALAR)), Sample((X, (BOTH[:, 0],), VALUES[:2]), {"accumulate": True})),
       bad_samples=(Sample((X, (PLACES,), X), error="index 4 is out of bounds for dimension 0 with size 3"),
                    Sample((X, (BOTH[:, 0],) * 3, VALUES), error="too many indices for tensor of dimension 2 (got 3)"),
                    Sample((X, (VALUES,), VALUES), error="tensors used as indices must be long, int, byte or bool tensors"),
                    Sample((X, (BOTH[:, 0],), VALUES), error="shape mismatch: value tensor of shape [3] cannot be broadcast"),
                    Sample((X, (BOTH[:, 0],), X.astype(np.float32)), error="Index put requires the source and destination dtypes match"))),
    Op("take_along_dim", (Input("x", formula="1 where taken"), Input("index", torch="indices")), composite=take_along_dim,
       attrs=(Attr("dim", "dim", None, "Along which dim; by position among all if left out."),), category=CATEGORY, symbol="take along",
       torch=("torch.take_along_dim({x}, {index}, {dim})", "{x}.take_along_dim({index}, {dim})"), latex="{x}_{index}",
       doc="Take elements along a dim by indices that broadcast.",
       samples=(Sample((X, BOTH), {"dim": 0}), Sample((X, BOTH[:, :1] % 2), {"dim": 1}), Sample((X[:1], BOTH % 2), {"dim": 1}),
                Sample((X, BOTH))),
       bad_samples=(Sample((X, PLACES), {"dim": 0}, "torch.take_along_dim(): input and indices should have the same number of dimensions"),
                    Sample((X, BOTH.astype(np.int32)), {"dim": 0}, "torch.take_along_dim(): dtype of indices should be Long but got Int"),
                    Sample((X, BOTH[:2]), {"dim": 1}, "The size of tensor a (3) must match the size of tensor b (2)"),
                    Sample((X, BOTH + 9), error="index 9 is out of bounds for dimension 0 with size 6"),
                    Sample((X, BOTH), {"dim": 2}, "Dimension out of range"))),
)
