"""Slices along a dim by a vector of indices: index_add, index_copy, index_fill, index_reduce. Category shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.dims import dim_of
from gradstudio.engine.op import Attr, Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.arithmetic import alpha_text
from gradstudio.engine.ops.indexing import CATEGORY, at
from gradstudio.engine.ops.lookup import in_range
from gradstudio.engine.ops.scatter import DIM, REDUCE, combine, line, number_fits, reducing
from gradstudio.engine.tensor import Tensor

Array = np.ndarray[Any, Any]
REDUCTIONS = Attr("reduce", "choice", "prod", REDUCE.doc, REDUCE.choices[1:], required=True)
SPARE = "index out of range in self"


def check(name: str, x: Array, index: Array, source: Array, dim: int) -> None:
    """Raise in PyTorch's words unless index_add or index_reduce takes the operands; what index holds is not looked at."""
    if index.ndim > 1:
        raise IndexError(f"{name}_(): Index is supposed to be a vector, but got dim: {index.ndim} with type: "
                         f"{errors.dtype_name(index.dtype)} and size: {errors.size(index.shape)}")
    if index.dtype.char not in "ilq":
        raise RuntimeError(f"{name}_(): Expected dtype int32/int64 for index but got: {errors.dtype_name(index.dtype)}")
    if source.dtype != x.dtype:
        raise RuntimeError(f"{name}_(): self ({errors.dtype_name(x.dtype)}) and source ({errors.dtype_name(source.dtype)}) must have the "
                           "same scalar type")
    if not source.ndim and index.size != 1:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    if source.ndim and (dim >= source.ndim or source.shape[dim] != index.size):
        raise (errors.dim_range(dim, source.ndim) if dim >= source.ndim else
               RuntimeError(f"{name}_(): Number of indices ({index.size}) should be equal to source.size(dim): ({source.shape[dim]}), for "
                            f"dim: {dim}"))
    if source.ndim != x.ndim or source.shape[:dim] + source.shape[dim + 1:] != x.shape[:dim] + x.shape[dim + 1:]:
        raise RuntimeError("source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = "
                           f"{errors.size(x.shape)} source.shape = {errors.size(source.shape)}")


def within(x: Array, index: Array, dim: int) -> None:
    """Raise IndexError unless each index names a slice of x, counted from the front."""
    if index.size and (index.min() < 0 or index.max() >= line(x).shape[dim]):
        raise IndexError(SPARE)


def scaled(alpha: Any, source: Array) -> Array:
    """Return alpha times source in source's dtype."""
    return source if alpha == 1 else source * np.asarray(alpha).astype(source.dtype)


def index_add(x: Array, index: Array, source: Array, dim: int, alpha: Any) -> Array:
    dim = dim_of(dim, x.ndim)
    check("index_add", x, index, source, dim)
    number_fits(x, alpha)
    if x.ndim == 2:  # torch hands matrices to scatter_add
        in_range(index, x.shape[dim], dim)
    within(x, index, dim)
    out = np.array(x, order="C")
    np.add.at(line(out), at(line(out).shape, dim, line(index)), line(scaled(alpha, source)))
    return out


def index_reduce(x: Array, index: Array, source: Array, dim: int, reduce: str, include_self: bool) -> Array:
    if reduce not in REDUCTIONS.choices:
        raise RuntimeError(f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got {reduce}.")
    dim = dim_of(dim, x.ndim)
    check("index_reduce", x, index, source, dim)
    within(x, index, dim)
    lacking = {"mean": ("b", "div_floor_cpu"), "amax": ("c", "maximum_cpu"), "amin": ("c", "minimum_cpu")}.get(reduce, ("", ""))
    if x.dtype.kind in lacking[0]:
        raise errors.lacking(lacking[1], x.dtype)
    out = np.array(x, order="C")
    combine(line(out), at(line(out).shape, dim, line(index)), line(source), reduce, include_self)
    return out


def check_copy(x: Array, index: Array, source: Array, dim: int) -> None:
    """Raise in PyTorch's words unless index_copy takes the operands."""
    if index.ndim > 1:
        raise IndexError(f"index_copy_(): Index should have dimension 1 or 0 (got {index.ndim})")
    if not source.ndim and index.size != 1:
        raise IndexError(f"index_copy_(): When source is scalar, index should have one element (got {index.size})")
    if source.ndim != x.ndim and source.ndim and x.ndim:
        raise IndexError("index_copy_(): When source and destination are not scalars, their dimensionality must match. Source "
                         f"dimensionality ({source.ndim}), destination dimensionality ({x.ndim})")
    if index.dtype != np.int64:
        raise RuntimeError(f"index_copy_(): Expected a long tensor for index, but got {errors.dtype_name(index.dtype)}")
    if source.dtype != x.dtype:
        raise RuntimeError("index_copy_(): self and source expected to have the same dtype, but got (self) "
                           f"{errors.dtype_name(x.dtype)} and (source) {errors.dtype_name(source.dtype)}")
    here, there = x.shape[:dim] + x.shape[dim + 1:], source.shape[:dim] + source.shape[dim + 1:]
    if here != there:
        raise RuntimeError("index_copy_(): Source/destination tensor must have same slice shapes. Destination slice shape: "
                           f"{' '.join(map(str, here))} at dimension {dim} and source slice shape: {' '.join(map(str, there))} at "
                           "dimension 0.")
    if source.ndim and source.shape[dim] != index.size:
        raise IndexError(f"index_copy_(): Number of indices ({index.size}) should be equal to source.size(dim) ({source.shape[dim]})")


def index_copy(x: Array, index: Array, source: Array, dim: int) -> Array:
    dim = dim_of(dim, x.ndim)
    check_copy(x, index, source, dim)
    bad = index[(index < 0) | (index >= line(x).shape[dim])]
    if bad.size:
        raise IndexError(f"index_copy_(): index {bad.flat[0]} is out of bounds for dimension {dim} with size {line(x).shape[dim]}")
    out = np.array(x, order="C")
    line(out)[at(line(out).shape, dim, line(index))] = line(source)
    return out


def index_fill(x: Array, index: Array, value: Any, dim: int) -> Array:
    dim = dim_of(dim, x.ndim)
    if index.dtype != np.int64:
        raise IndexError("index_fill_(): Expected dtype int64 for index.")
    if index.ndim > 1:
        raise RuntimeError("Index has to be a vector/scalar")
    n = line(x).shape[dim]
    bad = index[(index < -n) | (index >= n)]
    if bad.size:
        raise IndexError(f"index {bad.flat[0]} is out of bounds for dimension {dim} with size {n}")
    out = np.array(x, order="C")
    line(out)[at(line(out).shape, dim, line(index))] = value
    return out


def check_fill(x: Tensor, value: Any) -> None:
    """Raise RuntimeError unless index_fill takes the value: a number or a 0-dim tensor."""
    if isinstance(value, Tensor) and value.sizes:
        raise RuntimeError(f"index_fill_ only supports a 0-dimensional value tensor, but got tensor with {len(value.sizes)} dimension(s).")
    if isinstance(value, complex) and x.scalar_type.kind != "c":
        raise RuntimeError("index_fill_(): Converting complex Scalar to non-complex type is not supported")


def filled(x: Any, index: Any, value: Any, dim: int = 0) -> Any:
    check_fill(x, value)
    return (ops.index_fill_tensor if isinstance(value, Tensor) else ops.index_fill_number)(x, index, value, dim)


@helper
def slices_back(g: Any, index: Any, source: Any, dim: int, alpha: Any = 1) -> Any:
    """The cotangent of slices that were written, or added alpha times: what arrived where they went."""
    found, shape = ops.select_rows(g, index, dim), ops.shape_of(source)
    found = ops.expand(found, shape) if shape else found
    return found if alpha == 1 else found * alpha


ROWS = np.array([2, 0, 2])
ONCE = np.array([2, 0, 1])
FULL = (samples.array(3, 2), ROWS, samples.array(3, 2, start=0.6))
NARROW = (samples.array(2, 3), np.array([2, 0]), samples.array(2, 2, start=0.6))
SCALARS = (samples.SCALAR, np.array([0]), np.array(-1.2))
SAMPLES = (Sample(FULL), Sample(NARROW, {"dim": 1}), Sample(SCALARS))
BAD = (Sample((FULL[0], ROWS, FULL[2][:2]), error="index_add_(): Number of indices (3) should be equal to source.size(dim)"),
       Sample((FULL[0], ROWS, FULL[2][:, :1]), error="source tensor shape must match self tensor shape"),
       Sample((FULL[0], ROWS, FULL[2].astype(np.float32)), error="index_add_(): self (Double) and source (Float)"),
       Sample((FULL[0], ROWS * 0.5, FULL[2]), error="index_add_(): Expected dtype int32/int64 for index but got: Double"),
       Sample((FULL[0], ROWS[:, None], FULL[2]), error="index_add_(): Index is supposed to be a vector"),
       Sample((FULL[0], ROWS, samples.SCALAR), error="Dimension specified as 0 but tensor has no dimensions"),
       Sample(FULL, {"dim": 2}, "Dimension out of range"),
       Sample((FULL[0][None], ROWS + 1, FULL[2][None]), {"dim": 1}, SPARE))
CLEARED = Input("x", lambda g, index, dim: ops.index_fill_number(g, index, 0, dim), "0 where written, else 1")
COPY_BACK = Input("source", lambda g, index, source, dim: ops.slices_back(g, index, source, dim), "1")
register(
    Op("index_add", (
        Input("x", lambda g: g, "1"), Input("index"),
        Input("source", lambda g, index, source, dim, alpha: ops.slices_back(g, index, source, dim, alpha), alpha_text)),
       index_add, node_name="IndexAddBackward0", attrs=(DIM, Attr("alpha", "number", 1, "Factor of the source.")), category=CATEGORY,
       symbol="index +", torch=("torch.index_add({x}, {dim}, {index}, {source})", "{x}.index_add({dim}, {index}, {source})"),
       latex=r"{x}_{index} \mathrel{+}= {source}", doc="A copy with slices added along a dim by their index; equal indices add up.",
       samples=(*SAMPLES, Sample(FULL, {"alpha": -2.0})),
       bad_samples=(*BAD, Sample((FULL[0], ROWS + 1, FULL[2]), error="index 3 is out of bounds for dimension 0 with size 3"))),
    Op("index_copy", (CLEARED, Input("index"), COPY_BACK), index_copy, node_name="IndexCopyBackward0", attrs=(DIM,), category=CATEGORY,
       symbol="index ←", torch=("torch.index_copy({x}, {dim}, {index}, {source})", "{x}.index_copy({dim}, {index}, {source})"),
       latex=r"{x}_{index} \leftarrow {source}", doc="A copy with slices written along a dim by their index.",
       samples=(Sample((FULL[0], ONCE, FULL[2])), *SAMPLES[1:]),
       bad_samples=(Sample((FULL[0], ROWS + 1, FULL[2]), error="index_copy_(): index 3 is out of bounds for dimension 0 with size 3"),
                    Sample((FULL[0], ROWS, FULL[2][:2]), error="index_copy_(): Number of indices (3) should be equal to"),
                    Sample((FULL[0], ROWS, FULL[2][:, :1]), error="index_copy_(): Source/destination tensor must have same slice shapes."),
                    Sample((FULL[0], ROWS, FULL[2][0]), error="index_copy_(): When source and destination are not scalars"),
                    Sample((FULL[0], ROWS, samples.SCALAR), error="index_copy_(): When source is scalar, index should have one element"),
                    Sample((FULL[0], ROWS, FULL[2].astype(np.float32)), error="index_copy_(): self and source expected to have"),
                    Sample((FULL[0], ROWS.astype(np.int32), FULL[2]), error="index_copy_(): Expected a long tensor for index"),
                    Sample((FULL[0], ROWS[:, None], FULL[2]), error="index_copy_(): Index should have dimension 1 or 0 (got 2)"))),
    Op("index_fill_number", (CLEARED, Input("index"), Input("value", kind="number")), index_fill, node_name="IndexFillBackward0",
       attrs=(DIM,), hidden=True),
    Op("distinct", (Input("x"),), np.unique, hidden=True),
    Op("index_fill_tensor", (
        CLEARED, Input("index"), Input("value", lambda g, index, dim: ops.sum(ops.select_rows(g, ops.distinct(index), dim)))), index_fill,
       node_name="IndexFillBackward1", attrs=(DIM,), hidden=True),
    Op("index_fill", (Input("x", formula="0 where written, else 1"), Input("index"), Input("value", formula="1 where written",
                                                                                          kind="operand")),
       composite=filled, attrs=(DIM,), category=CATEGORY, symbol="index fill",
       torch=("torch.index_fill({x}, {dim}, {index}, {value})", "{x}.index_fill({dim}, {index}, {value})"),
       latex=r"{x}_{index} \leftarrow {value}", doc="A copy with one number written into slices along a dim.",
       samples=(Sample((*FULL[:2], 2.5)), Sample((*FULL[:2], samples.SCALAR)), Sample((*NARROW[:2], samples.SCALAR), {"dim": 1}),
                Sample((*SCALARS[:2], samples.SCALAR))),
       bad_samples=(Sample((FULL[0], ROWS + 1, 2.5), error="index 3 is out of bounds for dimension 0 with size 3"),
                    Sample((FULL[0], ROWS, FULL[2]), error="index_fill_ only supports a 0-dimensional value tensor"),
                    Sample((FULL[0], ROWS, 2j), error="index_fill_(): Converting complex Scalar to non-complex type is not supported"),
                    Sample((FULL[0], ROWS.astype(np.int32), 2.5), error="index_fill_(): Expected dtype int64 for index."),
                    Sample((FULL[0], ROWS[:, None], 2.5), error="Index has to be a vector/scalar"))),
    reducing("index_reduce", index_reduce, "source", REDUCTIONS, SAMPLES, (
        *[Sample(s.operands, s.attrs, s.error.replace("index_add", "index_reduce")) for s in BAD],
        Sample((FULL[0], ROWS + 1, FULL[2]), error=SPARE))),
)
