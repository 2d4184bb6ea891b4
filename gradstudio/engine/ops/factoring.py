"""Factors of matrices: QR, and Cholesky's of positive-definite ones, in batches. Category linear algebra."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine.op import Attr, Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.decomposition import STACK, SYMMETRIC, TALL, WIDE, refuse_dtype, refuse_flat
from gradstudio.engine.ops.solving import CATEGORY, CHECK, M3, column_major, refuse_singular, refuse_unsquare

Array = np.ndarray[Any, Any]
MODES = ("reduced", "complete", "r")


# QR.
def qr(x: Array, mode: str) -> tuple[Array, Array]:
    """Return Q, whose columns are orthonormal, and R, upper triangular, of matrices x = QR: as narrow as possible if reduced, Q square
    if complete, without Q (empty) if r."""
    refuse_flat("linalg.qr", x.shape)
    refuse_dtype("linalg.qr", "geqrf_cpu", x.dtype)
    if mode not in MODES:
        raise RuntimeError(f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'")
    if mode == "r":
        return np.zeros(0, x.dtype), np.asarray(np.linalg.qr(x, "r"))
    q, r = np.linalg.qr(x, "complete" if mode == "complete" else "reduced")
    return q, r


@helper
def qr_backward(g: Any, q: Any, r: Any, mode: str) -> Any:
    """Return the cotangent of QR. g: one an output, or None. Raise RuntimeError where PyTorch has no derivative.

    D. Roberts, L. Roberts, "QR and LQ decomposition matrix backpropagation algorithms for square, wide, and deep (real or complex)
    matrices and their software implementation", 2020.
    """
    if mode == "r":
        raise RuntimeError("The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please use linalg.qr(A, "
                           "mode='reduced') if you are going to differentiate through linalg.qr.")
    gq, gr = g
    m, n = ops.shape_of(q)[-2], ops.shape_of(r)[-1]
    if mode == "complete" and m > n:
        raise RuntimeError("The QR decomposition is not differentiable when mode='complete' and nrows > ncols.")
    parts = [] if gr is None else [ops.matmul(gr, ops.turned(r))]
    parts += [] if gq is None else [-ops.matmul(ops.turned(q), gq)]
    inner = sum(parts[1:], parts[0])
    if m >= n:
        out = ops.matmul(q, ops.triu(inner) + ops.turned(ops.triu(inner, 1)))
        return ops.linalg_solve_triangular_of(ops.turned(r), out if gq is None else out + gq, False, False)
    square = ops.turned(ops.leading(r, -1, m))
    left = ops.linalg_solve_triangular_of(square, -ops.tril(ops.skew(inner), -1), False, False)
    padded = ops.cat((left, ops.zeros(r, (*ops.shape_of(r)[:-1], n - m))), -1)
    return ops.matmul(q, padded if gr is None else padded + gr)


# Cholesky's factor.
def factor_of(name: str, x: Array, upper: bool, whole: bool) -> tuple[Array, Array]:
    """Return the lower (or upper) triangular L of matrices x = LLᵗ (LᵗL), of which that triangle is read, and where one is not positive-
    definite: the order of its first such leading minor, int32 (...), else 0."""
    refuse_unsquare(name, x.shape)
    refuse_dtype(name, "cholesky_cpu", x.dtype, whole)
    lower, info = x.swapaxes(-1, -2) if upper else x, np.zeros(x.shape[:-2], np.int32)
    try:
        out = np.linalg.cholesky(lower)
    except np.linalg.LinAlgError:
        out = np.full_like(lower, np.nan)
    if not np.isfinite(out).all():  # numpy lets nan pass
        out, info = by_columns(lower)
    return out.swapaxes(-1, -2) if upper else column_major(out), info


def by_columns(x: Array) -> tuple[Array, Array]:
    """Return the factors column by column (G. Golub, C. Van Loan, "Matrix Computations", 4.2) and the order of the first leading minor
    that is not positive, or 0; from there on a factor holds the matrix, as LAPACK leaves it."""
    n = x.shape[-1]
    out = np.tril(x).reshape(int(np.prod(x.shape[:-2], dtype=int)), n, n)
    info = np.zeros(len(out), np.int32)
    for k in range(n):
        column = out[:, k:, k] - np.squeeze(out[:, k:, :k] @ out[:, k, :k, None], -1)
        good = (info == 0) & (column[:, 0] > 0)
        info[(info == 0) & ~good] = k + 1
        out[info == k + 1, k, k] = column[info == k + 1, 0]
        out[good, k, k] = np.sqrt(column[good, 0])
        out[good, k + 1:, k] = column[good, 1:] / out[good, k, k, None]
    return out.reshape(x.shape), info.reshape(x.shape[:-2])


def linalg_cholesky_of(x: Array, upper: bool) -> tuple[Array, Array]:
    return factor_of("linalg.cholesky", x, upper, True)


def linalg_cholesky(x: Any, upper: bool = False) -> Any:
    factor, info = ops.linalg_cholesky_of(x, upper)
    refuse_singular("linalg.cholesky", info, INDEFINITE)
    return factor


def cholesky_ex(x: Any, upper: bool = False, check_errors: bool = False) -> Any:
    factor, info = ops.linalg_cholesky_of(x, upper)
    if check_errors:
        refuse_singular("linalg.cholesky_ex", info, INDEFINITE)
    return factor, info


def cholesky(x: Array, upper: bool) -> Array:
    factor, info = factor_of("cholesky", x, upper, False)
    refuse_singular("cholesky", info, INDEFINITE)
    return factor


@helper
def cholesky_backward(g: Any, factor: Any, upper: bool) -> Any:
    """Return the symmetric cotangent of LLᵗ: L⁻ᵗ Φ L⁻¹, where Φ is half of the lower triangle of LᵗG and its mirror image.

    I. Murray, "Differentiation of the Cholesky decomposition", 2016.
    """
    lower, g = (ops.turned(factor), ops.turned(g)) if upper else (factor, g)
    inner = ops.tril(ops.matmul(ops.turned(lower), g))
    half = (inner + ops.turned(ops.tril(inner, -1))) * 0.5
    return ops.linalg_solve_triangular_of(lower, ops.linalg_solve_triangular_of(ops.turned(lower), half, True), False, False)


INDEFINITE = ("The factorization could not be completed because the input is not positive-definite (the leading minor of order {} is not "
              "positive-definite).")
UPPER = Attr("upper", "bool", False, "Whether the upper triangle is read and the factor is upper triangular.")
DEFINITES = np.stack([SYMMETRIC, np.diag([0.9, 1.3, 0.4]) + 0.6])
INDEFINITES = np.stack([np.eye(2), np.array([[1.0, 2.0], [2.0, 1.0]])])
OF_QR, OF_FACTOR = "(gQ + Q·sym(gR Rᵗ − Qᵗ gQ))·R⁻ᵗ", "L⁻ᵗ Φ(Lᵗ·) L⁻¹"
FACTORED = (Sample((SYMMETRIC,)), Sample((DEFINITES,), {"upper": True}), Sample((np.zeros((2, 0, 0)),)))
NOT_FACTORED = (Sample((samples.array(3),), error="{}: The input tensor A must have at least 2 dimensions."),
                Sample((samples.array(2, 3),), error="{}: A must be batches of square matrices, but they are 2 by 3 matrices"),
                Sample((INDEFINITES,), error="{}: (Batch element 1): The factorization could not be completed because the input is not "),
                Sample((np.full((2, 2), np.nan),), error="{}: The factorization could not be completed because the input is not positive-"))


def refused(name: str, *more: Sample) -> tuple[Sample, ...]:
    """Return what a Cholesky row refuses, in its name."""
    return *[Sample(s.operands, s.attrs, s.error.format(name)) for s in NOT_FACTORED], *more


register(
    Op("linalg_qr", (Input("x", lambda g, Q, R, mode: ops.qr_backward(g, Q, R, mode), OF_QR, torch="A"),),  # noqa: N803
       qr, node_name="LinalgQrBackward0", strict=True,
       attrs=(Attr("mode", "choice", "reduced", "Sizes of Q and R; with r there is no Q.", MODES),),
       outputs=("Q", "R"), differentiable=(0, 1), category=CATEGORY, symbol="qr", torch=("torch.linalg.qr({x})",),
       latex=r"\mathrm{qr}({x})", doc="Orthonormal columns times an upper triangle.",
       samples=(Sample((M3,)), Sample((TALL,)), Sample((STACK,)), Sample((WIDE,)), Sample((WIDE,), {"mode": "complete"})),
       bad_samples=(Sample((samples.array(3),), error="linalg.qr: The input tensor A must have at least 2 dimensions."),
                    Sample((M3,), {"mode": "full"}, "qr received unrecognized mode 'full' but expected one of 'reduced' (default), 'r'"),
                    Sample((np.ones((2, 2), int),), error="linalg.qr: Expected a floating point or complex tensor as input. Got Long"))),
    Op("qr", (Input("x", formula=OF_QR),),
       composite=lambda x, some=True: ops.linalg_qr(x, "reduced" if some else "complete"),
       attrs=(Attr("some", "bool", True, "Q and R as narrow as possible, or Q square."),), outputs=("Q", "R"), differentiable=(0, 1),
       category=CATEGORY, symbol="qr some", torch=("torch.qr({x})", "{x}.qr()"), latex=r"\mathrm{qr}({x})", doc="As linalg.qr.",
       samples=(Sample((M3,)), Sample((TALL,)), Sample((WIDE,), {"some": False})),
       bad_samples=(Sample((samples.array(3),), error="linalg.qr: The input tensor A must have at least 2 dimensions."),)),
    Op("linalg_cholesky_of", (Input("x", lambda g, L, upper: ops.cholesky_backward(g, L, upper), torch="A"),),  # noqa: N803
       linalg_cholesky_of, node_name="LinalgCholeskyExBackward0", strict=True, attrs=(UPPER,), outputs=("L", "info"), hidden=True),
    Op("linalg_cholesky", (Input("x", formula=OF_FACTOR),), composite=linalg_cholesky, attrs=(UPPER,), category=CATEGORY, symbol="chol",
       torch=("torch.linalg.cholesky({x})",), latex=r"\mathrm{chol}({x})",
       doc="The lower triangular L of a positive-definite matrix LLᵗ.", samples=FACTORED,
       bad_samples=refused("linalg.cholesky", Sample((np.ones((2, 2), int),), error="linalg.cholesky: Expected a floating point or"))),
    Op("linalg_cholesky_ex", (Input("x", formula=OF_FACTOR),), composite=cholesky_ex, attrs=(UPPER, CHECK), outputs=("L", "info"),
       category=CATEGORY, symbol="chol?", torch=("torch.linalg.cholesky_ex({x})",), latex=r"\mathrm{chol}({x})",
       doc="The lower triangular L of a matrix LLᵗ, and which leading minor is the first that is not positive, else 0.",
       samples=(*FACTORED, Sample((DEFINITES,), {"check_errors": True})),
       bad_samples=(Sample((INDEFINITES,), {"check_errors": True}, "linalg.cholesky_ex: (Batch element 1): The factorization could"),)),
    Op("cholesky", (Input("x", lambda g, out, upper: ops.cholesky_backward(g, out, upper), OF_FACTOR),), cholesky,
       node_name="CholeskyBackward0", strict=True, attrs=(UPPER,), category=CATEGORY, symbol="cholesky",
       torch=("torch.cholesky({x})", "{x}.cholesky()"),
       latex=r"\mathrm{chol}({x})", doc="As linalg.cholesky.", samples=FACTORED, bad_samples=refused("cholesky")),
)
