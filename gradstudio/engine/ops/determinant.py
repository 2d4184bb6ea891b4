"""Determinants of square matrices, in batches, and their logarithms. Category linear algebra."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine.numerics.lu import factored, sign_of, solved
from gradstudio.engine.op import Input, Op, Sample, helper, kernels, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.solving import CATEGORY, INVERTED, M2, M3, SINGULAR, UNSQUARE, dtype_of, refuse_unsquare, refuse_whole
from gradstudio.engine.tensor import make

Array = np.ndarray[Any, Any]


def of_turned(a: Array) -> bool:
    """Return whether the factors are those of the transposes: PyTorch factors columns, and so spares itself a copy of rows."""
    return a.flags.c_contiguous and a.dtype.kind != "c"


def factors(name: str, a: Array, low: bool) -> tuple[Array, Array, Array]:
    """Return the diagonal of U, the factors, and the swaps. Raise in PyTorch's words for what has no determinant."""
    refuse_unsquare(name, a.shape)
    refuse_whole(name, a.dtype, low)
    lu, pivots, _ = factored(a.swapaxes(-1, -2) if of_turned(a) else a)
    return np.diagonal(lu, 0, -2, -1), lu, pivots


@helper
def on_diagonal(g: Any, shape: tuple[int, ...]) -> Any:
    """Return matrices of a shape with g (one number each) all along the diagonal; transposed, as PyTorch has it."""
    return ops.turned(ops.diag_embed(ops.expand(ops.unsqueeze(g, -1), shape[:-1])))


# The determinant.
def det(a: Any) -> Any:
    result = ops.linalg_det_of(a)[0]
    refuse_whole("linalg.det", dtype_of(a))
    return result


def det_of(a: Array) -> tuple[Array, Array, Array]:
    diagonal, lu, pivots = factors("linalg.det", a, low=False)
    return np.asarray(diagonal.prod(-1) * sign_of(pivots).astype(a.dtype)), lu, pivots


@helper
def det_backward(g: Any, a: Any, det: Any, lu: Any, pivots: Any) -> Any:
    """Return A⁻ᵗ times the determinant and its cotangent; of single numbers the cotangent."""
    shape = ops.shape_of(a)
    if shape[-1] == 1:
        return ops.expand(ops.unsqueeze(ops.unsqueeze(g, -1), -1), shape)
    return ops.linalg_det_backward(g, a, det, lu, pivots)


def det_backward_by_factors(g: Array, a: Array, det: Array, lu: Array, pivots: Array) -> Array:
    """Solve AᵗG = g det, with an epsilon in the place of each zero pivot; so G is 0 where det is."""
    eye = np.eye(a.shape[-1], dtype=bool)
    nudged = np.where(eye & (lu == 0), np.finfo(a.dtype).eps, lu).astype(a.dtype)
    return solved(nudged, pivots, kernels.on_diagonal(g * det, a.shape), transposed=not of_turned(a))


def det_backward_by_solving(g: Any, a: Any, det: Any, lu: Any, pivots: Any) -> Any:
    """The same with a graph of its own. Where the determinant is about 0 it is the cofactors, as in PyTorch; by singular values."""
    tiny = np.abs(det.array) < 100 * np.finfo(det.array.dtype).eps
    if not a.array.size or tiny.all():
        return ops.cofactors(g, a) if a.array.size else ops.zeros_like(a)
    scaled = ops.on_diagonal(g * det, a.sizes)
    if not tiny.any():
        return ops.linalg_solve(ops.turned(a), scaled)
    out = ops.zeros_like(a)
    at, rest = (make(tiny, None),), (make(~tiny, None),)
    out = ops.index_put(out, at, ops.cofactors(ops.index(g, at), ops.index(a, at)))
    return ops.index_put(out, rest, ops.linalg_solve(ops.turned(ops.index(a, rest)), ops.index(scaled, rest)))


@helper
def cofactors(g: Any, a: Any) -> Any:
    """Return g times the cofactors, for UΣVᵗ: det U det V times the products of the other singular values. N. Higham, "What is the
    adjugate of a matrix?", 2020."""
    u, s, vt = ops.linalg_svd(a, False)
    sign = ops.linalg_det(u) * ops.linalg_det(vt) * g
    return ops.matmul(u * ops.unsqueeze(ops.products_of_others(ops.unsqueeze(sign, -1), s, -1), -2), vt)


# Its logarithm.
def slogdet(a: Any) -> Any:
    sign, logabsdet, _, _ = ops.linalg_slogdet_of(a)
    refuse_whole("linalg.slogdet", dtype_of(a), low=True)
    return sign, logabsdet


def slogdet_of(a: Array) -> tuple[Array, ...]:
    diagonal, lu, pivots = factors("linalg.slogdet", a, low=True)
    sign = np.nan_to_num(np.sign(diagonal)).prod(-1) * sign_of(pivots).astype(a.dtype)  # the sign of nan is 0
    return np.asarray(sign), np.asarray(np.log(np.abs(diagonal)).sum(-1)), lu, pivots


@helper
def slogdet_backward(g: Any, a: Any, sign: Any, lu: Any, pivots: Any) -> Any:
    """Return A⁻ᵗ times the cotangent of the logarithm. The sign is constant, but of complex matrices it turns: with its conjugate s
    and its cotangent c that adds i Im(cs)."""
    of_sign, g = g[:2]
    if dtype_of(a).kind == "c":
        parts = [] if g is None else [g * (1 + 0j)]
        parts += [] if of_sign is None else [ops.imag(of_sign * sign) * 1j]
        g = sum(parts[1:], parts[0])
    if g is None:
        return None
    return ops.linalg_solve_turned(a, lu, pivots, ops.on_diagonal(g, ops.shape_of(a)), True, of_turned(getattr(a, "array", a)))


def logdet(a: Any) -> Any:
    refuse_unsquare("logdet", a.sizes)
    refuse_whole("logdet", dtype_of(a), low=True)
    sign, logabsdet = ops.linalg_slogdet(a)
    if a.scalar_type.kind == "c":
        return ops.log(sign) + logabsdet
    return ops.where(ops.eq(sign, -1), np.nan, logabsdet)


def refused(name: str) -> tuple[Sample, ...]:
    """Return what has no determinant, with the words of a function of that name."""
    return (Sample((UNSQUARE,), error=f"{name}: A must be batches of square matrices, but they are 2 by 3 matrices"),
            Sample((samples.array(3),), error=f"{name}: The input tensor A must have at least 2 dimensions."),
            Sample((SINGULAR.astype(np.int64),), error=f"{name}: Expected a floating point or complex tensor as input. Got Long"))


POSITIVE = (*INVERTED[1:], Sample((M2.T,)), Sample((-M3,)))
register(
    Op("linalg_det_backward", (Input("g"), Input("a"), Input("det"), Input("lu"), Input("pivots")), composite=det_backward_by_solving,
       kernel=det_backward_by_factors, hidden=True),
    Op("linalg_det_of", (Input("a", lambda g, a, result, LU, pivots: ops.det_backward(g, a, result, LU, pivots),  # noqa: N803
                               torch="A"),),
       det_of, node_name="LinalgDetBackward0", outputs=("result", "LU", "pivots"), hidden=True),
    Op("linalg_det", (Input("a", formula="det·{a}⁻ᵗ", torch="A"),), composite=det, category=CATEGORY,
       symbol="det", torch=("torch.linalg.det({a})", "torch.det({a})", "{a}.det()"), latex=r"\det {a}",
       doc="The determinants of square matrices. Where one is exactly 0 backward gives zeros, as PyTorch's; only with create_graph the "
           "cofactors.",
       samples=(*INVERTED, *POSITIVE[-2:], Sample((np.array([[2.0]]),))), bad_samples=refused("linalg.det")),
    Op("linalg_slogdet_of", (Input("a", lambda g, a, sign, LU, pivots: ops.slogdet_backward(g, a, sign, LU, pivots), torch="A"),),  # noqa: N803
       slogdet_of, node_name="LinalgSlogdetBackward0", outputs=("sign", "logabsdet", "LU", "pivots"), differentiable=(0, 1), hidden=True),
    Op("linalg_slogdet", (Input("a", formula="0, {a}⁻ᵗ", torch="A"),), composite=slogdet,
       outputs=("sign", "logabsdet"), category=CATEGORY, symbol="±ln|det|",
       torch=("torch.linalg.slogdet({a})", "torch.slogdet({a})", "{a}.slogdet()"),
       latex=r"\operatorname{sgn} \det {a}, \ln \lvert \det {a} \rvert",
       doc="The signs of determinants, and the logarithms of their sizes; 0 and -inf for a singular matrix.",
       samples=(*INVERTED, *POSITIVE[-2:]), bad_samples=refused("linalg.slogdet")),
    Op("logdet", (Input("a", formula="{a}⁻ᵗ", torch="self"),), composite=logdet, category=CATEGORY, symbol="ln det",
       torch=("torch.logdet({a})", "{a}.logdet()"), latex=r"\ln \det {a}",
       doc="The logarithms of determinants; nan for a negative one, -inf for 0.",
       samples=POSITIVE, bad_samples=refused("logdet")),
)
