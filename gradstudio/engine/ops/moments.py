"""Spread and mean at once, sums and means that pass nan by, the trace. Category reduction."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.dims import Dim, dims_of
from gradstudio.engine.op import Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.reduction import ADD, BAD_DIM, CATEGORY, DIM, DTYPE, KEEPDIM, LISTS, average, total
from gradstudio.engine.ops.statistics import CORRECTION, SPREAD, UNBIASED, spread_of, variance
from gradstudio.engine.promote import I64
from gradstudio.engine.tensor import make

Array = np.ndarray[Any, Any]
MOMENTS = ("result0", "result1")


def moments(name: str, finish: Any) -> Any:
    """Return the kernel of std_mean or var_mean."""

    def both(x: Array, dim: Dim, correction: Any, keepdim: bool) -> tuple[Any, Any]:
        if x.dtype.kind not in "fc":
            raise RuntimeError(f"{name} only support floating point and complex dtypes")
        return finish(variance(x, dim, correction, keepdim)), average(x, dim, keepdim)

    return both


@helper
def with_mean_backward(spread: Any, g: Any, shape: tuple[int, ...], dim: Any, keepdim: bool) -> Any:
    """Add the cotangent g of a mean to that of a spread; either may be None."""
    if g is None:
        return spread
    mean = ops.shared(g, shape, dim, keepdim)
    return mean if spread is None else spread + mean


@helper
def std_mean_backward(g: Any, x: Any, std: Any, dim: Any, correction: Any, keepdim: bool) -> Any:
    """The gradient of standard deviation and mean."""
    spread = None if g[0] is None else ops.std_backward(g[0], x, std, dim, correction, keepdim)
    return ops.with_mean_backward(spread, g[1], ops.shape_of(x), dim, keepdim)


@helper
def var_mean_backward(g: Any, x: Any, dim: Any, correction: Any, keepdim: bool) -> Any:
    """The gradient of variance and mean."""
    spread = None if g[0] is None else ops.var_backward(g[0], x, dim, correction, keepdim)
    return ops.with_mean_backward(spread, g[1], ops.shape_of(x), dim, keepdim)


def pair(name: str, symbol: str, what: str, formula: str) -> Op:
    """Return the row that people see of std_mean or var_mean."""
    return Op(name, (Input("x", formula=formula),), composite=spread_of(f"{name}_of"), attrs=(DIM, UNBIASED, KEEPDIM, CORRECTION),
              outputs=(name[:3], "mean"), category=CATEGORY, symbol=symbol, torch=(f"torch.{name}({{x}})",),
              latex=rf"\mathrm{{{name[:3]}}}({{x}}), \bar{{{{x}}}}", doc=f"{what} and mean.", samples=SPREAD, bad_samples=BAD_DIM)


# Sums without nan.
def nansum(x: Array, dim: Dim, keepdim: bool, dtype: Any) -> Any:
    return total(np.where(np.isnan(x), x.dtype.type(0), x), dim, keepdim, dtype)


def nanmean(x: Any, dim: Dim = None, keepdim: bool = False, dtype: Any = None) -> Any:
    if x.scalar_type.kind not in "fc":
        raise RuntimeError("nanmean(): expected input to have floating point or complex dtype but got "
                           f"{errors.dtype_name(x.scalar_type)}")
    count = ADD(~np.isnan(x.array), dims_of(dim, len(x.sizes)), I64, keepdims=keepdim)
    return ops.nansum(x, dim, keepdim, dtype) / make(np.asarray(count), None)


# Trace.
def trace(x: Array) -> Any:
    if x.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {x.ndim}")
    if x.dtype.kind == "b":
        raise errors.lacking("trace", x.dtype)
    return np.trace(x, dtype=I64 if x.dtype.kind in "iu" else x.dtype)


@helper
def trace_backward(g: Any, shape: tuple[int, ...]) -> Any:
    """The gradient of a trace: g along the diagonal."""
    return ops.diagonal_backward(ops.expand(g, (min(shape),)), shape, 0, 0, 1)


register(
    Op("std_mean_of", (Input("x", lambda g, x, result0, dim, correction, keepdim: ops.std_mean_backward(g, x, result0, dim, correction,
                                                                                                       keepdim)),),
       moments("std_mean", np.sqrt), node_name="StdMeanBackward0", attrs=(DIM, CORRECTION, KEEPDIM), outputs=MOMENTS,
       differentiable=(0, 1), hidden=True),
    Op("var_mean_of", (Input("x", lambda g, x, dim, correction, keepdim: ops.var_mean_backward(g, x, dim, correction, keepdim)),),
       moments("var_mean", np.asarray), node_name="VarMeanBackward0", attrs=(DIM, CORRECTION, KEEPDIM), outputs=MOMENTS,
       differentiable=(0, 1), hidden=True),
    pair("std_mean", "s, x̄", "Standard deviation", "({x} − mean)/((n − 1)·std), 1/n"),
    pair("var_mean", "σ², x̄", "Variance", "2({x} − mean)/(n − 1), 1/n"),
    Op("nansum", (Input("x", lambda g, x, x_shape, dim, keepdim: ops.spread(g, x_shape, dim, keepdim) * ops.logical_not(ops.isnan(x)),
                        "[is a number]"),), nansum,
       node_name="NansumBackward0", attrs=(DIM, KEEPDIM, DTYPE), category=CATEGORY, symbol="Σ num",
       torch=("torch.nansum({x})", "{x}.nansum()"), latex=r"\sum {x}", doc="Add up the elements that are numbers.", samples=LISTS,
       bad_samples=BAD_DIM),
    Op("nanmean", (Input("x", formula="[is a number]/n"),), composite=nanmean, attrs=(DIM, KEEPDIM, DTYPE), category=CATEGORY,
       symbol="x̄ num", torch=("torch.nanmean({x})", "{x}.nanmean()"), latex=r"\bar{{x}}", doc="Average of the elements that are numbers.",
       samples=LISTS, bad_samples=BAD_DIM),
    Op("trace", (Input("x", lambda g, x_shape: ops.trace_backward(g, x_shape), "1 on the diagonal"),), trace, node_name="TraceBackward0",
       category=CATEGORY, symbol="tr", torch=("torch.trace({x})", "{x}.trace()"), latex=r"\mathrm{tr}({x})", doc="Sum of the diagonal.",
       samples=(Sample((samples.array(3, 3),)), Sample((samples.array(2, 3),)), Sample((samples.array(3, 2),))),
       bad_samples=(Sample((samples.array(3),), error="trace: expected a matrix, but got tensor with dim 1"),)),
)
