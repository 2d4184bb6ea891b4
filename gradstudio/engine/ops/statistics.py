"""Variance, norms, logsumexp and running sums. Category reduction."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.dims import Dim, dims_of
from gradstudio.engine.dtypes import as_numpy
from gradstudio.engine.numerics import accurate, fused, summation, vectors
from gradstudio.engine.op import Attr, Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.cumulative import running
from gradstudio.engine.ops.reduction import BAD_DIM, CATEGORY, DIM, DTYPE, KEEPDIM, LISTS, PLAIN
from gradstudio.engine.promote import F32, F64, constant

Array = np.ndarray[Any, Any]
ADD: Any = np.add.reduce
CORRECTION = Attr("correction", "number", None, "Subtracted from the number of elements; 1 if left out.")
UNBIASED = Attr("unbiased", "bool", None, "False is correction 0, True correction 1.")
ORD = Attr("p", "number", 2, "Which norm: 0, 1, 2, inf...")
ONE_DIM = Attr("dim", "dim", 0, "Along which dim.")
SPREAD = (Sample((samples.array(3, 2),)), Sample((samples.array(3, 2),), {"dim": 0}),
          Sample((samples.array(2, 3, 2),), {"dim": (0, 2), "keepdim": True, "correction": 0}))


# Variance and standard deviation.
def variance(x: Array, dim: Dim, correction: Any, keepdim: bool) -> Any:
    return wide_variance(x, dim, correction, keepdim).astype(x.dtype)


def deviation(x: Array, dim: Dim, correction: Any, keepdim: bool) -> Any:
    return np.sqrt(wide_variance(x, dim, correction, keepdim)).astype(x.dtype)


def wide_variance(x: Array, dim: Dim, correction: Any, keepdim: bool) -> Any:
    """Return the variance; of float32 numbers in float64, in which PyTorch adds them up too."""
    if x.dtype.kind not in "fc":
        raise RuntimeError("std and var only support floating point and complex dtypes")
    dims = dims_of(dim, x.ndim)
    n = math.prod([x.shape[d] for d in dims])
    wide = x.astype(F64) if x.dtype is F32 else x
    centred = wide - ADD(wide, dims, None, None, True) / wide.dtype.type(n)
    return ADD(np.square(centred), dims, None, None, keepdim) / wide.dtype.type(max(n - correction, 0))


@helper
def var_backward(g: Any, x: Any, dim: Any, correction: Any, keepdim: bool) -> Any:
    """The gradient of the variance: twice the distance from the mean, over n − correction."""
    shape = ops.shape_of(x)
    n = ops.count(shape, dim)
    over_all = dim is None or not shape
    g = g if over_all else ops.restored(g, shape, dim, keepdim)
    centred = x - (ops.mean(x) if over_all else ops.mean(x, dim, True))
    return (2.0 / (n - correction)) * g * centred if n != correction else g * centred * math.inf


@helper
def std_backward(g: Any, x: Any, out: Any, dim: Any, correction: Any, keepdim: bool) -> Any:
    """The gradient of the standard deviation; zero where it is zero."""
    share = ops.masked_fill_number(g / (out * 2), ops.eq(out, 0), 0)
    return ops.var_backward(share, x, dim, correction, keepdim)


def unbiased_or(correction: Any, unbiased: Any) -> Any:
    """Return the correction that var's two ways of asking for it mean."""
    return correction if correction is not None else int(unbiased is None or bool(unbiased))


def spread_of(row: str) -> Any:
    """Return var or std; `torch.var(x, False)` means unbiased=False."""

    def run(x: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False, correction: Any = None) -> Any:
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        return getattr(ops, row)(x, dim, unbiased_or(correction, unbiased), keepdim)

    return run


# Vector norms.
def norm(x: Array, p: Any, dim: Dim, keepdim: bool) -> Any:
    if x.dtype.kind not in "fc":
        raise RuntimeError("linalg.vector_norm: Expected a floating point or complex tensor as input. Got "
                           f"{errors.dtype_name(x.dtype)}")
    dims, size = dims_of(dim, x.ndim), np.abs(x)
    if p == 0:
        return ADD(x != 0, dims, x.dtype, None, keepdim)
    if math.isinf(p):
        extreme: Any = np.maximum if p > 0 else np.minimum
        return extreme.reduce(size, dims, keepdims=keepdim)
    if p == 1:
        return summation.total(size, dims, keepdim)
    if p == 2:
        return euclidean(x, dims, keepdim)
    powers = np.asarray(accurate.power(size, constant(p, size.dtype)))
    return accurate.power(summation.total(powers, dims, keepdim), constant(1 / p, size.dtype))


def euclidean(x: Array, dims: tuple[int, ...], keepdim: bool) -> Any:
    """Return lengths; of few float32 numbers, along the last dim, one other or all, in PyTorch's order."""
    if not dims or not x.size or not fused.few(x) or (1 < len(dims) < x.ndim) or (len(dims) > 1 and not x.flags.c_contiguous):
        return np.sqrt(summation.total(x * x, dims, keepdim))
    if len(dims) == x.ndim:
        return vectors.length(x.reshape(-1)).reshape((1,) * x.ndim if keepdim else ())
    found = vectors.length(x) if dims[0] == x.ndim - 1 else np.sqrt(vectors.in_turn(x * x, dims[0]))
    return np.expand_dims(found, dims) if keepdim else found


@helper
def norm_backward(g: Any, x: Any, out: Any, p: Any, dim: Any, keepdim: bool) -> Any:
    """The gradient of a vector norm; zero where the norm is zero, none at all for p = 0."""
    if p == 0:
        return None
    shape = ops.shape_of(x)
    g, out = ops.restored(g, shape, dim, keepdim), ops.restored(out, shape, dim, keepdim)
    if p == 1:
        return ops.sgn(x) * g
    if p == 2:
        return g * ops.masked_fill_number(x / out, ops.eq(out, 0), 0)
    size = ops.abs(x)
    if math.isinf(p):
        largest = ops.eq(size, out)
        return ops.sgn(x) * (g / ops.sum(largest, dim, True)) * largest
    if p < 2:
        share = ops.masked_fill_number(ops.sgn(x) * ops.pow(size, p - 1), ops.eq(x, 0), 0)
        return share * (g / ops.pow(out, p - 1))
    return x * ops.pow(size, p - 2) * ops.masked_fill_number(g / ops.pow(out, p - 1), ops.eq(out, 0), 0)


def norm_of(x: Any, p: Any = 2, dim: Dim = None, keepdim: bool = False) -> Any:
    if p == "nuc":
        return ops.nuclear_norm(x, dim, keepdim)
    if isinstance(p, str) and p != "fro":
        raise RuntimeError(f"linalg.matrix_norm: Order {p} not supported.")
    return ops.vector_norm(x, 2 if p in ("fro", None) else p, dim, keepdim)


# Logarithm of a sum of exponentials; running sums.
def logsumexp(x: Array, dim: Dim, keepdim: bool) -> Any:
    dims = dims_of(dim, x.ndim)
    top = np.maximum.reduce(x, dims, keepdims=True) if x.size else np.zeros((1,) * x.ndim, x.dtype)
    top = np.where(np.isinf(top), 0, top)
    out = accurate.log(summation.total(np.asarray(accurate.exp(x - top)), dims, keepdim))
    return out + (top if keepdim else np.squeeze(top, dims)).astype(x.dtype)


@helper
def logsumexp_backward(g: Any, x: Any, out: Any, dim: Any, keepdim: bool) -> Any:
    """The gradient of logsumexp: softmax."""
    shape = ops.shape_of(x)
    return ops.restored(g, shape, dim, keepdim) * ops.exp(x - ops.restored(out, shape, dim, keepdim))


@helper
def cumsum_backward(g: Any, dim: int) -> Any:
    """Sum the cotangents from each element to the end."""
    return ops.flip(ops.cumsum(ops.flip(g, (dim,)), dim), (dim,)) if ops.shape_of(g) else g


def cumsum(x: Array, dim: int, dtype: Any = None) -> Any:
    wanted = as_numpy(dtype) if dtype is not None else np.dtype(np.int64) if x.dtype.kind in "biu" else x.dtype
    return running(np.add, x, dim, wanted)


register(
    Op("var_of", (Input("x", lambda g, x, dim, correction, keepdim: ops.var_backward(g, x, dim, correction, keepdim)),), variance,
       node_name="VarBackward0", attrs=(DIM, CORRECTION, KEEPDIM), hidden=True),
    Op("std_of", (Input("x", lambda g, x, out, dim, correction, keepdim: ops.std_backward(g, x, out, dim, correction, keepdim)),),
       deviation, node_name="StdBackward0", attrs=(DIM, CORRECTION, KEEPDIM), hidden=True),
    Op("var", (Input("x", formula="2({x} − mean)/(n − 1)"),), composite=spread_of("var_of"), attrs=(DIM, UNBIASED, KEEPDIM, CORRECTION),
       category=CATEGORY, symbol="σ²", torch=("torch.var({x})", "{x}.var()"),
       latex=r"\mathrm{var}({x})", doc="Variance.", samples=SPREAD, bad_samples=BAD_DIM),
    Op("std", (Input("x", formula="({x} − mean)/((n − 1)·std)"),), composite=spread_of("std_of"),
       attrs=(DIM, UNBIASED, KEEPDIM, CORRECTION),
       category=CATEGORY, symbol="s", torch=("torch.std({x})", "{x}.std()"), latex=r"\mathrm{std}({x})",
       doc="Standard deviation.", samples=SPREAD, bad_samples=BAD_DIM),
    Op("vector_norm", (Input("x", lambda g, x, out, p, dim, keepdim: ops.norm_backward(g, x, out, p, dim, keepdim)),), norm,
       node_name="LinalgVectorNormBackward0", attrs=(ORD, DIM, KEEPDIM), hidden=True),
    Op("norm", (Input("x", formula="{x}/norm"),), composite=norm_of, attrs=(ORD, DIM, KEEPDIM), category=CATEGORY, symbol="‖x‖",
       torch=("{x}.norm()", "torch.norm({x})"), latex=r"\lVert {x} \rVert", doc="Length of a vector.",
       samples=(*PLAIN, *[Sample((samples.array(3, 2),), {"p": p, "dim": 1}) for p in (1, 3, 1.5, math.inf)],
                Sample((samples.array(3, 2),), {"p": "nuc"}),
                Sample((samples.array(2, 2, 3),), {"p": "nuc", "dim": (0, 2), "keepdim": True})), bad_samples=BAD_DIM),
    Op("logsumexp", (Input("x", lambda g, x, out, dim, keepdim: ops.logsumexp_backward(g, x, out, dim, keepdim), "softmax {x}"),),
       logsumexp,
       node_name="LogsumexpBackward0", attrs=(replace(DIM, required=True), KEEPDIM), promotes="float", category=CATEGORY, symbol="LSE",
       torch=("torch.logsumexp({x}, {dim})", "{x}.logsumexp({dim})"), latex=r"\ln\sum e^{x}",
       doc="Logarithm of the sum of exponentials, computed without overflow.", samples=tuple([s for s in LISTS if s.attrs]),
       bad_samples=BAD_DIM),
    Op("cumsum", (Input("x", lambda g, dim: ops.cumsum_backward(g, dim), "1 from there on"),), cumsum, node_name="CumsumBackward0",
       attrs=(replace(ONE_DIM, required=True), DTYPE), category=CATEGORY, symbol="Σ…",
       torch=("torch.cumsum({x}, {dim})", "{x}.cumsum({dim})"),
       latex=r"\sum_{j \le i} {x}_j",
       doc="Running sum along a dim.", samples=(Sample((samples.array(3, 2),), {"dim": 0}), Sample((samples.array(4),), {"dim": -1})),
       bad_samples=BAD_DIM),
)
