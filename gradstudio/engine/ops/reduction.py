"""Reductions: sums, means, products, extremes over all elements or along dims."""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.dims import Dim, dims_of
from gradstudio.engine.dtypes import as_numpy
from gradstudio.engine.numerics import summation
from gradstudio.engine.op import Attr, Input, Op, Sample, helper, kernels, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.promote import I64

Array = np.ndarray[Any, Any]
CATEGORY = "reduction"
ADD: Any = np.add.reduce
DIM = Attr("dim", "dims", None, "Along which dims; over all elements if left out.")
ONE_DIM = Attr("dim", "dim", None, "Along which dim; over all elements if left out.")
DTYPE = Attr("dtype", "dtype", None, "Add up in this dtype.")
KEEPDIM = Attr("keepdim", "bool", False, "Keep reduced dims with size 1.")
PLAIN = (Sample((samples.array(3, 2),)), Sample((samples.SCALAR,)), Sample((samples.array(3, 2),), {"dim": 0}),
         Sample((samples.array(2, 3, 2),), {"dim": -1, "keepdim": True}))
LISTS = (*PLAIN, Sample((samples.array(2, 3, 2),), {"dim": (0, 2)}))
BAD_DIM = (Sample((samples.array(2, 3),), {"dim": 2}, "Dimension out of range (expected to be in range of [-2, 1], but got 2)"),)


@helper
def restored(g: Any, shape: tuple[int, ...], dim: Any, keepdim: bool) -> Any:
    """Put back the dims that a reduction took, with size 1; one over all (dim None) is left a number, which broadcasts."""
    if not keepdim and shape and dim is not None:
        for d in sorted(dims_of(dim, len(shape))):
            g = ops.unsqueeze(g, d)
    return g


@helper
def spread(g: Any, shape: tuple[int, ...], dim: Any, keepdim: bool) -> Any:
    """Expand the cotangent of a reduction to the shape of its input."""
    return ops.expand(ops.restored(g, shape, dim, keepdim), shape)


# Sum and mean.
def total(x: Array, dim: Dim = None, keepdim: bool = False, dtype: Any = None) -> Any:
    wanted = as_numpy(dtype) if dtype is not None else I64 if x.dtype.kind in "biu" else x.dtype
    dims = None if dim is None else dims_of(dim, x.ndim)
    if x.size > 4 and wanted.kind == "f":
        return summation.total(x if x.dtype is wanted else x.astype(wanted), dims, keepdim)
    return ADD(x, dims, wanted, None, keepdim)


def count(shape: Sequence[int], dim: Dim = None) -> int:
    return math.prod(shape) if dim is None else math.prod([shape[d] for d in dims_of(dim, len(shape))])


def average(x: Array, dim: Dim = None, keepdim: bool = False, dtype: Any = None) -> Any:
    if dtype is not None:
        x = x.astype(as_numpy(dtype), copy=False)
    if x.dtype.kind not in "fc":
        raise RuntimeError("mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. Got: "
                           f"{errors.dtype_name(x.dtype)}")
    return total(x, dim, keepdim) / x.dtype.type(count(x.shape, dim))


def sum_(x: Any, dim: Dim = None, keepdim: bool = False, dtype: Any = None) -> Any:
    return ops.sum_all(x, dtype) if dim is None and not keepdim else ops.sum_dim(x, dim, keepdim, dtype)


def mean(x: Any, dim: Dim = None, keepdim: bool = False, dtype: Any = None) -> Any:
    return ops.mean_all(x, dtype) if dim is None and not keepdim else ops.mean_dim(x, dim, keepdim, dtype)


def shared(g: Any, shape: tuple[int, ...], dim: Any, keepdim: bool) -> Any:
    """The gradient of a mean: an equal share each."""
    return ops.spread(g, shape, dim, keepdim) / count(shape, dim)


def shared_array(g: Array, shape: tuple[int, ...], dim: Any, keepdim: bool) -> Any:
    """The same numbers, divided before they are spread: no array of the whole shape is made."""
    share = np.asarray(g / count(shape, dim))
    return np.ndarray(shape, share.dtype, share, 0, (0,) * len(shape)) if dim is None else kernels.spread(share, shape, dim, keepdim)


def mean_text(texts: Any, attrs: Any, operands: Any) -> str:
    if operands is None:
        return "1/n"
    n = count(operands[0].sizes, attrs.get("dim"))
    return "1" if n == 1 else f"1/{n}"


@helper
def shape_of(x: Any) -> tuple[int, ...]:
    """Return the shape of an array or a tensor."""
    shape: tuple[int, ...] = x.shape
    return shape


@helper
def true_count(mask: Any) -> int:
    """Return how many elements of a mask are true."""
    return int(np.count_nonzero(getattr(mask, "array", mask)))


helper(count)
setattr(kernels, "shape_of", attrgetter("shape"))  # noqa: B010 (mypy: a namespace has no such name)
register(
    Op("sum_all", (Input("x", lambda g, x_shape: ops.expand(g, x_shape)),), lambda x, dtype: total(x, None, False, dtype),
       node_name="SumBackward0",
       attrs=(DTYPE,), hidden=True),
    Op("sum_dim", (Input("x", lambda g, x_shape, dim, keepdim: ops.spread(g, x_shape, dim, keepdim)),), total, node_name="SumBackward1",
       attrs=(DIM, KEEPDIM, DTYPE), hidden=True),
    Op("shared", (Input("g"),), composite=shared, kernel=shared_array, attrs=(Attr("shape", "shape", ()), DIM, KEEPDIM), hidden=True),
    Op("mean_all", (Input("x", lambda g, x_shape: ops.shared(g, x_shape, None, False)),),
       lambda x, dtype: average(x, None, False, dtype),
       node_name="MeanBackward0", attrs=(DTYPE,), hidden=True),
    Op("mean_dim", (Input("x", lambda g, x_shape, dim, keepdim: ops.shared(g, x_shape, dim, keepdim)),), average,
       node_name="MeanBackward1", attrs=(DIM, KEEPDIM, DTYPE), hidden=True),
    Op("sum", (Input("x", formula="1"),), composite=sum_, kernel=total, attrs=(DIM, KEEPDIM, DTYPE), category=CATEGORY, symbol="Σ",
       torch=("{x}.sum()", "torch.sum({x})"), latex=r"\sum {x}", doc="Add up.", samples=LISTS, bad_samples=BAD_DIM),
    Op("mean", (Input("x", formula=mean_text),), composite=mean, kernel=average, attrs=(DIM, KEEPDIM, DTYPE), category=CATEGORY,
       symbol="x̄",
       torch=("{x}.mean()", "torch.mean({x})"), latex=r"\bar{{x}}", doc="Average.", samples=LISTS, bad_samples=BAD_DIM),
)
