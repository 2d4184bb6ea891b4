"""Running products and logarithms of sums, and differences of neighbours. Category reduction."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine.dims import dim_of
from gradstudio.engine.dtypes import as_numpy
from gradstudio.engine.op import Attr, Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.reduction import BAD_DIM, CATEGORY, DTYPE
from gradstudio.engine.promote import F32, F64, I64

Array = np.ndarray[Any, Any]
DIM = Attr("dim", "dim", 0, "Along which dim.", required=True)
A32 = samples.array(3, 2)
ALONG = (Sample((A32,), {"dim": 0}), Sample((samples.array(4),), {"dim": -1}), Sample((samples.SCALAR,), {"dim": 0}))


def running(ufunc: Any, x: Array, dim: int, dtype: Any) -> Any:
    """Return running sums or products along a dim; of float32 they are kept in float64, as in PyTorch."""
    dim = dim_of(dim, x.ndim)
    return ufunc.accumulate(x, dim, F64 if dtype == F32 else dtype).astype(dtype, copy=False) if x.ndim else x.astype(dtype)


# Products.
def cumprod(x: Array, dim: int, dtype: Any = None) -> Any:
    wanted = as_numpy(dtype) if dtype is not None else I64 if x.dtype.kind in "biu" else x.dtype
    return running(np.multiply, x, dim, wanted)


@helper
def cumprod_backward(g: Any, x: Any, out: Any, dim: int) -> Any:
    """The gradient of running products; exact where elements are zero."""
    if ops.count(ops.shape_of(x)) <= 1:
        return g
    if ops.true_count(ops.eq(x, 0)):
        return ops.running_products_of_others(g, x, dim)
    return ops.cumsum_backward(g * out, dim) / x


@helper
def running_products_of_others(g: Any, x: Any, dim: int) -> Any:
    """For each k the product of all before it times r[k], the sum of g[i] x[k+1]...x[i] over i ≥ k: r[k] = g[k] + x[k+1] r[k+1]."""
    factors, cotangents = ops.unbind(x, dim), ops.unbind(g, dim)
    before, rest = [ops.ones_like(factors[0])], [cotangents[-1]]
    for factor in factors[:-1]:
        before.append(before[-1] * factor)
    for factor, c in zip(factors[:0:-1], cotangents[-2::-1], strict=True):
        rest.append(c + factor * rest[-1])
    return ops.stack([a * b for a, b in zip(before, reversed(rest), strict=True)], dim)


# Logarithms of running sums of exponentials.
@helper
def lowest_of(x: Any) -> float:
    """Return the lowest finite number of a dtype."""
    return float(np.finfo(getattr(x, "array", x).dtype).min)


@helper
def logcumsumexp_backward(g: Any, x: Any, out: Any, dim: int) -> Any:
    """The gradient of logcumsumexp, in logarithms: once for the positive cotangents, once for the negative ones."""
    if not ops.shape_of(x) or not ops.count(ops.shape_of(x)):
        return g
    size, low = ops.log(ops.abs(g)), ops.lowest_of(g)
    up, down = [ops.exp(ops.summed_from_behind(ops.where(part, size, low) - out, dim) + x) for part in (ops.gt(g, 0), ops.lt(g, 0))]
    return up - down


@helper
def summed_from_behind(x: Any, dim: int) -> Any:
    """Return the logarithm of the sum of exponentials from each element to the end."""
    return ops.flip(ops.logcumsumexp(ops.flip(x, (dim,)), dim), (dim,))


def logcumsumexp(x: Array, dim: int) -> Any:
    dim = dim_of(dim, x.ndim)
    return np.logaddexp.accumulate(x, dim) if x.ndim else x.copy()


# Differences.
def diff(x: Any, prepend: Any = None, append: Any = None, n: int = 1, dim: int = -1) -> Any:
    if not x.sizes:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    dim = dim_of(dim, len(x.sizes))
    if not n:
        return ops.copy(ops.zeros_like(x), x)
    parts = [t for t in (prepend, x, append) if t is not None]
    line = ops.cat(parts, dim) if len(parts) > 1 else x
    less = ops.logical_xor if line.scalar_type.kind == "b" else ops.sub
    for left in range(line.sizes[dim] - 1, max(line.sizes[dim] - n, 0) - 1, -1):
        line = less(ops.narrow(line, dim, 1, left), ops.narrow(line, dim, 0, left))
    return line


register(
    Op("cumprod", (Input("x", lambda g, x, out, dim: ops.cumprod_backward(g, x, out, dim), "Π others, from there on"),), cumprod,
       node_name="CumprodBackward0", attrs=(DIM, DTYPE), category=CATEGORY, symbol="Π…",
       torch=("torch.cumprod({x}, {dim})", "{x}.cumprod({dim})"), latex=r"\prod_{j \le i} {x}_j",
       doc="Running product along a dim; exact where elements are zero.",
       samples=(*ALONG, Sample((np.array([[0.5, 0.0, -1.2], [0.0, 0.7, 0.0]]),), {"dim": 1})), bad_samples=BAD_DIM),
    Op("logcumsumexp", (Input("x", lambda g, x, out, dim: ops.logcumsumexp_backward(g, x, out, dim), "e^{x} over sums, from there on"),),
       logcumsumexp, node_name="LogcumsumexpBackward0", attrs=(DIM,), promotes="same", lacks=("biu", "logcumsumexp_out_cpu"),
       category=CATEGORY, symbol="LSE…", torch=("torch.logcumsumexp({x}, {dim})", "{x}.logcumsumexp({dim})"),
       latex=r"\ln\sum_{j \le i} e^{{x}_j}", doc="Logarithm of the running sum of exponentials, computed without overflow.",
       samples=ALONG, bad_samples=BAD_DIM),
    Op("diff", (Input("x", formula="−1, 1"), Input("prepend", formula="−1, 1", optional=True),
                Input("append", formula="−1, 1", optional=True)), composite=diff,
       attrs=(Attr("n", "int", 1, "How many times."), Attr("dim", "dim", -1, "Along which dim.")), category=CATEGORY, symbol="Δ",
       torch=("torch.diff({x}, {n}, {dim}, {prepend}, {append})", "{x}.diff({n}, {dim}, {prepend}, {append})"), latex=r"\Delta {x}",
       doc="Differences of neighbours along a dim.",
       samples=(Sample((A32, None, None)), Sample((samples.array(4, 2), None, None), {"n": 2, "dim": 0}),
                Sample((A32, samples.array(1, 2), samples.array(2, 2)), {"dim": 0}), Sample((A32, None, None), {"n": 0})),
       bad_samples=(Sample((samples.SCALAR, None, None), error="diff expects input to be at least one-dimensional"),
                    Sample((A32, None, None), {"n": -1}, "order must be non-negative but got -1"))),
)
