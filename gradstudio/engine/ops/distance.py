"""Distances and products of vectors: pairwise_distance, cosine_similarity, cdist, cross, bilinear. Category matrix."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradstudio.engine.dims import broadcast_shape, dim_of
from gradstudio.engine.op import Attr, Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.loss import broadcast_pair
from gradstudio.engine.ops.matrix import CATEGORY
from gradstudio.engine.ops.statistics import norm

Array = np.ndarray[Any, Any]
P = Attr("p", "number", 2.0, "Which norm.")
KEEPDIM = Attr("keepdim", "bool", False, "Keep the reduced dim with size 1.")


# One distance, or one cosine, a pair of vectors.
def pairwise_distance(x: Any, y: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Any:
    difference = ops.add_number(ops.sub(x, y), eps)
    return ops.norm_along(difference, p, -1, keepdim)


def cosine_similarity(x: Any, y: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    """As F.cosine_similarity: lengths are held above eps, which their gradients do not notice."""
    x, y = broadcast_pair(x, y)
    units = []
    for t in (x, y):
        length = ops.clone(ops.vector_norm(t, 2, dim, True))
        np.maximum(length.array, length.array.dtype.type(eps), out=length.array)
        units.append(ops.div(t, length))
    return ops.sum(ops.mul(*units), dim)


# All distances between the rows of two matrices.
def check_rows(x: Any, y: Any, p: float) -> None:
    """Raise RuntimeError in PyTorch's words for what are no matrices of rows as long."""
    for name, t in (("X1", x), ("X2", y)):
        if len(t.sizes) < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, {name} got: {len(t.sizes)}D")
    if x.sizes[-1] != y.sizes[-1]:
        raise RuntimeError(f"X1 and X2 must have the same number of columns. X1: {x.sizes[-1]} X2: {y.sizes[-1]}")
    if p < 0:
        raise RuntimeError("cdist only supports non-negative p values")


MODES = ("use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist")
MANY = 25  # rows above which a product of matrices is necessary


def cdist(x: Any, y: Any, p: float = 2.0, compute_mode: str = MODES[0]) -> Any:
    if compute_mode not in MODES:
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode")
    check_rows(x, y, p)
    mode, rows = MODES.index(compute_mode), max(x.sizes[-2], y.sizes[-2])
    if p == 2 and (mode == 1 or (mode == 0 and rows > MANY)) and x.array.size and y.array.size:
        return by_products(x, y)
    return ops.cdist_of(x, y, p)


def by_products(x: Any, y: Any) -> Any:
    """Return the Euclidean distances that PyTorch computes by one product of matrices: batches as one dim, if there are any."""
    batch = broadcast_shape(x.sizes[:-2], y.sizes[:-2])
    shape, count = (*batch, x.sizes[-2], y.sizes[-2]), math.prod(batch)
    if count > 1:
        x, y = [ops.view(ops.contiguous(ops.expand(t, (*batch, *t.sizes[-2:]))), (count, *t.sizes[-2:])) for t in (x, y)]
    return ops.view(ops.euclidean_dist(x, y), shape)


def euclidean_dist(x: Array, y: Array) -> Any:
    """Return √(|x|² + |y|² − 2xy) of all pairs of rows: of rows close together PyTorch, too, finds few digits of it."""
    squares = [np.add.reduce(t * t, -1, keepdims=True) for t in (x, y)]
    left = np.concatenate((-2 * x, squares[0], np.ones_like(squares[0])), -1)
    right = np.concatenate((y, np.ones_like(squares[1]), squares[1]), -1)
    out = np.asarray(np.matmul(left, right.swapaxes(-1, -2)))
    return np.sqrt(np.maximum(out, 0, out=out), out)


@helper
def euclidean_slope(g: Any, x: Any, y: Any, out: Any) -> Any:
    """Return the gradient of Euclidean distances with respect to the rows of x; 0 where they meet."""
    share = ops.masked_fill_number(g / out, ops.eq(out, 0), 0)
    return x * ops.sum(share, (-1,), True) - ops.matmul(share, y)


def differences(x: Array, y: Array) -> Array:
    """Return x less y for all pairs of rows: (..., P, R, M) of (..., P, M) and (..., R, M)."""
    out: Array = x[..., :, None, :] - y[..., None, :, :]
    return out


def cdist_of(x: Array, y: Array, p: float) -> Any:
    d = differences(x, y)
    return norm(d, p, -1, False) if d.shape[-1] else np.zeros(d.shape[:-1], x.dtype)


def cdist_slope(g: Array, x: Array, y: Array, out: Array, p: float) -> Array:
    """Return g times the derivative of each distance with respect to the difference, for each component."""
    d, out = differences(x, y), out[..., None]
    zero = out == 0
    safe = np.where(zero, 1, out)
    if p == 0:
        slope: Any = np.zeros_like(d)
    elif math.isinf(p):
        slope = np.sign(d) * (np.abs(d) == out)
    elif p == 1:
        slope = np.sign(d)
    else:
        size = np.abs(d)
        powers = np.where(size == 0, 0, np.where(size == 0, 1, size) ** (p - 1))
        slope = np.sign(d) * powers / safe ** (p - 1)
    along: Array = np.where(zero & (p != 1), d.dtype.type(0), slope) * g[..., None]
    return along


def no_second(g: Any) -> Any:
    """Raise RuntimeError: PyTorch has no derivative of cdist's backward."""
    raise RuntimeError("the derivative for '_cdist_backward' is not implemented.")


def cdist_backward(g: Array, x: Array, y: Array, out: Array, p: float) -> Any:
    return np.add.reduce(cdist_slope(g, x, y, out, p), -2)


# Cross product of vectors of length 3.
def cross_dim(x: Any) -> int:
    for i, n in enumerate(x.sizes):
        if n == 3:
            return i
    raise RuntimeError("no dimension of size 3 in input")


def cross(x: Any, y: Any, dim: int | None = None) -> Any:
    """As torch.cross: without a dim, along the first one of size 3."""
    return ops.linalg_cross_of(x, y, cross_dim(x) if dim is None else dim)


def cross_of(x: Array, y: Array, dim: int) -> Any:
    if x.ndim != y.ndim:
        raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
    at = dim_of(dim, x.ndim)
    if x.shape[at] != 3 or y.shape[at] != 3:
        raise RuntimeError(f"linalg.cross: inputs dimension {dim} must have length 3. Got {x.shape[at]} and {y.shape[at]}")
    broadcast_shape(x.shape, y.shape)
    return np.cross(x, y, axis=at)


# Bilinear form: x1 W x2, by a product of three whose gradients are products of three.
def product_of_three(a: Array, b: Array, c: Array, equation: str) -> Any:
    return np.einsum(equation, a, b, c, optimize=True)


def turned(equation: str, i: int) -> str:
    """Return the equation in which operand i and the result have changed places."""
    parts, out = equation.split("->")
    terms = parts.split(",")
    terms[i], out = out, terms[i]
    return f"{','.join(terms)}->{out}"


def bilinear(x: Any, y: Any, weight: Any, bias: Any = None) -> Any:
    """As F.bilinear: x of (..., I), y of (..., J), weight of (O, I, J), bias of (O,) give (..., O)."""
    if len(x.sizes) != len(y.sizes):
        raise RuntimeError(f"bilinear(): input dimensions do not match: got {len(x.sizes)} and {len(y.sizes)}")
    for i, (m, n) in enumerate(zip(x.sizes[:-1], y.sizes[:-1], strict=True)):
        if m != n:
            raise RuntimeError(f"bilinear(): input batch dimensions do not match at dim {i}: got {m} and {n}")
    for k, t in ((1, x), (2, y)):
        if t.sizes[-1] != weight.sizes[k]:
            raise RuntimeError(f"bilinear(): input{k} size does not match weight size: got {t.sizes[-1]} but expected {weight.sizes[k]}")
    if bias is not None and bias.sizes[0] != weight.sizes[0]:
        raise RuntimeError(f"bilinear(): bias size does not match weight size: got {bias.sizes[0]} but expected {weight.sizes[0]}")
    batch = x.sizes[:-1]
    rows = [ops.reshape(t, (math.prod(batch), t.sizes[-1])) for t in (x, y)]
    out = ops.reshape(ops.trilinear(rows[0], weight, rows[1], "ni,oij,nj->no"), (*batch, weight.sizes[0]))
    return out if bias is None else ops.add(out, bias)


EQUATION = Attr("equation", "str", "ni,oij,nj->no")
PAIRS = (Sample((samples.array(2, 3), samples.array(2, 3, start=0.6))), Sample((samples.array(3), samples.array(3, start=0.6))))
UNEQUAL = Sample((samples.array(2, 3), samples.array(2, 4)), error="The size of tensor a (3) must match the size of tensor b (4)")
TRIPLES = (samples.array(2, 3), samples.array(2, 3, start=0.6))
CROSS = (Sample(TRIPLES, {"dim": 1}), Sample((samples.array(1, 3), samples.array(2, 3, start=0.6)), {"dim": -1}))
CROSS_INPUTS = (Input("x", formula="×{y}"), Input("y", formula="{x}×"))
BAD_CROSS = (Sample((samples.array(2, 3), samples.array(2, 4)), {"dim": 1}, "linalg.cross: inputs dimension 1 must have length 3."),)
register(
    Op("norm_along", (Input("x", lambda g, x, out, p, dim, keepdim: ops.norm_backward(g, x, out, p, dim, keepdim)),), norm,
       node_name="NormBackward1", attrs=(P, Attr("dim", "dim", -1), KEEPDIM), hidden=True),
    Op("pairwise_distance", (Input("x", formula="({x} − {y})/distance", torch="x1"),
                             Input("y", formula="({y} − {x})/distance", torch="x2")),
       composite=pairwise_distance, attrs=(P, Attr("eps", "float", 1e-6, "Added to each difference."), KEEPDIM), category=CATEGORY,
       symbol="‖x−y‖", torch=("F.pairwise_distance({x}, {y})", "torch.pairwise_distance({x}, {y})"),
       latex=r"\lVert {x} - {y} + \epsilon \rVert_p", doc="Distance of each vector of one tensor to that of another, along the last dim.",
       samples=(*PAIRS, Sample(TRIPLES, {"p": 3.0, "keepdim": True})), bad_samples=(UNEQUAL,)),
    Op("cosine_similarity", (Input("x", formula="(ŷ − cos·x̂)/‖{x}‖", torch="x1"), Input("y", formula="(x̂ − cos·ŷ)/‖{y}‖", torch="x2")),
       composite=cosine_similarity,
       attrs=(Attr("dim", "dim", 1, "Along which dim."), Attr("eps", "float", 1e-8, "The least that is divided by.")), category=CATEGORY,
       symbol="cos∠", torch=("F.cosine_similarity({x}, {y})", "torch.cosine_similarity({x}, {y})"),
       latex=r"\frac{{x} \cdot {y}}{\lVert {x} \rVert\,\lVert {y} \rVert}", doc="Cosine of the angle between vectors along a dim.",
       samples=(PAIRS[0], Sample((samples.array(2, 3), samples.array(2, 3, start=0.6)), {"dim": 0})), bad_samples=(UNEQUAL,)),
    Op("cdist_x_backward", (Input("grad_output", no_second), Input("x", no_second), Input("y", no_second), Input("cdist", no_second)),
       cdist_backward, node_name="CdistBackwardBackward0", attrs=(P,), hidden=True),
    Op("cdist_of", (Input("x", lambda g, x, y, out, p: ops.cdist_x_backward(g, x, y, out, p), torch="x1"),
                    Input("y", lambda g, x, y, out, p:
                          ops.cdist_x_backward(ops.transpose(g, -2, -1), y, x, ops.transpose(out, -2, -1), p), torch="x2")), cdist_of,
       node_name="CdistBackward0", attrs=(P,), hidden=True),
    Op("euclidean_dist", (Input("x", lambda g, x, y, out: ops.euclidean_slope(g, x, y, out), torch="x1"),
                          Input("y", lambda g, x, y, out: ops.euclidean_slope(ops.transpose(g, -2, -1), y, x, ops.transpose(out, -2, -1)),
                                torch="x2")), euclidean_dist, node_name="EuclideanDistBackward0", hidden=True),
    Op("cdist", (Input("x", formula="({x} − {y})/distance", torch="x1"), Input("y", formula="({y} − {x})/distance", torch="x2")),
       composite=cdist, attrs=(P, Attr("compute_mode", "choice", MODES[0], "Whether by a product of matrices.", MODES)),
       category=CATEGORY, symbol="cdist", torch=("torch.cdist({x}, {y})",), latex=r"\lVert {x}_i - {y}_j \rVert_p",
       doc="Distances between all rows of one matrix and all of another.",
       samples=(Sample((samples.array(2, 3), samples.array(4, 3, start=0.6))),
                Sample((samples.array(2, 3), samples.array(4, 3, start=0.6)), {"p": 1.5}),
                Sample((samples.array(2, 2, 3), samples.array(4, 3, start=0.6)), {"compute_mode": MODES[1]})),
       bad_samples=(Sample((samples.array(2, 3), samples.array(2, 4)), error="X1 and X2 must have the same number of columns."),)),
    Op("linalg_cross_of", (Input("x", lambda g, y, dim: ops.linalg_cross_of(y, g, dim)),
                           Input("y", lambda g, x, dim: ops.linalg_cross_of(g, x, dim))), cross_of, node_name="LinalgCrossBackward0",
       attrs=(Attr("dim", "dim", -1),), promotes="same", hidden=True),
    Op("linalg.cross", CROSS_INPUTS, composite=lambda x, y, dim=-1: ops.linalg_cross_of(x, y, dim),
       attrs=(Attr("dim", "dim", -1, "The dim of size 3."),), category=CATEGORY, symbol="×₃", torch=("torch.linalg.cross({x}, {y})",),
       latex=r"{x} \times {y}", doc="Cross product of vectors of length 3.", samples=CROSS, bad_samples=BAD_CROSS),
    Op("cross", CROSS_INPUTS, composite=cross, attrs=(Attr("dim", "dim", None, "The dim of size 3; the first such if left out."),),
       category=CATEGORY, symbol="×₃", torch=("torch.cross({x}, {y})", "{x}.cross({y})"), latex=r"{x} \times {y}",
       doc="Cross product of vectors of length 3.", samples=(Sample(TRIPLES), *CROSS), bad_samples=BAD_CROSS),
    Op("trilinear", tuple([
        Input("x", lambda g, y, z, equation: ops.trilinear(g, y, z, turned(equation, 0)), torch="i1"),
        Input("y", lambda g, x, z, equation: ops.trilinear(x, g, z, turned(equation, 1)), torch="i2"),
        Input("z", lambda g, x, y, equation: ops.trilinear(x, y, g, turned(equation, 2)), torch="i3")]), product_of_three,
       node_name="TrilinearBackward0", attrs=(EQUATION,), hidden=True),
    Op("bilinear", (Input("x", formula="{weight}·{y}", torch="input1"), Input("y", formula="{x}·{weight}", torch="input2"),
                    Input("weight", formula="{x}⊗{y}"), Input("bias", formula="1", optional=True)), composite=bilinear, category=CATEGORY,
       symbol="bilinear", torch=("F.bilinear({x}, {y}, {weight}, {bias})",), latex="{x}^T {weight} {y} + {bias}",
       doc="A layer of two inputs: each output is a form that is linear in both.",
       samples=(Sample((samples.array(2, 3), samples.array(2, 2), samples.array(4, 3, 2), samples.array(4))),
                Sample((samples.array(2, 3), samples.array(2, 2), samples.array(4, 3, 2), None))),
       bad_samples=(Sample((samples.array(2, 3), samples.array(2, 4), samples.array(5, 3, 3), None),
                           error="bilinear(): input2 size does not match weight size: got 4 but expected 3"),)),
)
