"""Eigenvalues of symmetric matrices and singular values, with their vectors. Category linear algebra; all take batches."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.op import Attr, Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.solving import CATEGORY, refuse_unsquare, refuse_whole
from gradstudio.engine.promote import F32, F64

Array = np.ndarray[Any, Any]


# What PyTorch refuses.
def refuse_flat(name: str, shape: tuple[int, ...]) -> None:
    """Raise RuntimeError unless a shape is that of matrices."""
    if len(shape) < 2:
        refuse_unsquare(name, shape)


def refuse_dtype(name: str, kernel: str, dtype: np.dtype[Any], whole: bool = True) -> None:
    """Raise for other dtypes than float and double: for whole numbers in the words of a function that checks for them (whole), for what
    PyTorch has no kernel for in those of the kernel. Complex matrices, which PyTorch takes, are refused too."""
    if whole and dtype.kind in "biu":
        refuse_whole(name, dtype)
    if dtype.kind == "c":
        raise NotImplementedError(f"{name}() of complex tensors is not here")
    if dtype not in (F32, F64):
        raise errors.lacking(kernel, dtype)


# Parts of the derivatives.
@helper
def skew(x: Any) -> Any:
    """Return x − xᵗ."""
    return x - ops.turned(x)


@helper
def gaps(x: Any) -> Any:
    """Return the differences xⱼ − xᵢ of the elements of vectors as matrices, with ones on the diagonal."""
    ones = ops.zeros(x, ops.shape_of(x)) + 1
    return ops.unsqueeze(x, -2) - ops.unsqueeze(x, -1) + ops.diag_embed(ones, 0, -2, -1)


# Eigenvalues of symmetric matrices.
def eigh(x: Array, triangle: str) -> tuple[Array, Array]:
    """Return ascending eigenvalues and, in columns, eigenvectors of symmetric matrices, of which one triangle (L or U) is read."""
    refuse_unsquare("linalg.eigh", x.shape)
    if triangle.upper() not in ("L", "U"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {triangle}")
    refuse_dtype("linalg.eigh", "linalg_eigh_cpu", x.dtype, whole=False)
    try:
        values, vectors = np.linalg.eigh(x, "L" if triangle.upper() == "L" else "U")
    except np.linalg.LinAlgError:
        code = x.shape[-1] - 1  # LAPACK's, of most matrices with a nan
        reason = f"is ill-conditioned or has too many repeated eigenvalues (error code: {code})"
        raise unsettled("linalg.eigh", x, reason) from None
    return values, vectors


def unsettled(name: str, x: Array, reason: str) -> errors.LinAlgError:
    """Return the error for an iteration that did not converge; of a batch it names the first matrix that has a nan, if one has."""
    nan = np.isnan(x).any((-2, -1))
    batch = f"(Batch element {int(nan.argmax())}): " if nan.ndim and nan.any() else ""
    return errors.LinAlgError(f"{name}: {batch}The algorithm failed to converge because the input matrix {reason}.")


@helper
def eigh_backward(g: Any, values: Any, vectors: Any) -> Any:
    """Return the symmetric cotangent of A = V diag(λ) Vᵗ: V (diag gλ + skew(Vᵗ gV) / 2(λⱼ − λᵢ)) Vᵗ. g: one an output, or None.

    M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation", 2008, 3.1.
    """
    of_values, of_vectors = g
    across = ops.turned(vectors)
    if of_vectors is None:
        return ops.matmul(vectors * ops.unsqueeze(of_values, -2), across)
    inner = ops.skew(ops.matmul(across, of_vectors)) / (ops.gaps(values) * 2)
    if of_values is not None:
        inner = inner + ops.diag_embed(of_values, 0, -2, -1)
    return ops.matmul(vectors, ops.matmul(inner, across))


# Singular values.
def svd(x: Array, full: bool) -> tuple[Array, Array, Array]:
    """Return U, S, Vh of matrices: x = U diag(S) Vh, S descending; U and Vh are square if full, else as narrow as S is long."""
    refuse_flat("linalg.svd", x.shape)
    refuse_dtype("linalg.svd", "linalg_svd_cpu", x.dtype)
    if np.isnan(x).any():
        raise unsettled("linalg.svd", x, "contained non-finite values")
    infinite = np.asarray(np.isinf(x).any((-2, -1), keepdims=True))
    try:  # with an infinite number in the first column LAPACK does not come back
        u, s, vh = np.linalg.svd(np.where(infinite, x.dtype.type(0), x) if infinite.any() else x, full_matrices=full)
    except np.linalg.LinAlgError:
        raise unsettled("linalg.svd", x, "is ill-conditioned or has too many repeated singular values") from None
    for found in (u, s, vh):
        found[infinite[..., 0, 0]] = np.nan
    return u, s, vh


@helper
def svd_backward(g: Any, u: Any, s: Any, vh: Any) -> Any:
    """Return the cotangent of U diag(S) Vh, with as many columns and rows as singular values. g: one an output, or None.

    J. Townsend, "Differentiating the singular value decomposition", 2016.
    """
    gu, gs, gvh = g
    if gu is None and gvh is None:
        return ops.matmul(u * ops.unsqueeze(gs, -2), vh)
    row, column, gaps = ops.unsqueeze(s, -2), ops.unsqueeze(s, -1), ops.gaps(s * s)
    inner = [] if gs is None else [ops.diag_embed(gs, 0, -2, -1)]
    inner += [] if gu is None else [ops.skew(ops.matmul(ops.turned(u), gu)) / gaps * row]
    inner += [] if gvh is None else [column * (ops.skew(ops.matmul(vh, ops.turned(gvh))) / gaps)]
    parts = [ops.matmul(ops.matmul(u, sum(inner[1:], inner[0])), vh)]
    n = ops.shape_of(s)[-1]
    if gu is not None and ops.shape_of(u)[-2] > n:
        outside = gu / row
        parts.append(ops.matmul(outside - ops.matmul(u, ops.matmul(ops.turned(u), outside)), vh))
    if gvh is not None and ops.shape_of(vh)[-1] > n:
        outside = gvh / column
        parts.append(ops.matmul(u, outside - ops.matmul(ops.matmul(outside, ops.turned(vh)), vh)))
    return sum(parts[1:], parts[0])


@helper
def leading(x: Any, dim: int, count: int) -> Any:
    """Return the first columns or rows; None of None."""
    return None if x is None else ops.slice(x, dim, 0, count, 1)


@helper
def svd_of_full_backward(g: Any, u: Any, s: Any, vh: Any, full: bool) -> Any:
    """As svd_backward; of square U and Vh what belongs to no singular value counts as constant, as in PyTorch."""
    if not full:
        return ops.svd_backward(g, u, s, vh)
    n = ops.shape_of(s)[-1]
    g = (ops.leading(g[0], -1, n), g[1], ops.leading(g[2], -2, n))
    return ops.svd_backward(g, ops.leading(u, -1, n), s, ops.leading(vh, -2, n))


def old_svd(x: Any, some: bool = True, compute_uv: bool = True) -> Any:
    """As torch.svd: V, not its transpose; zeros for U and V if they are not asked for."""
    if len(x.sizes) < 2:
        raise RuntimeError(f"linalg.svd: input should have at least 2 dimensions, but has {len(x.sizes)} dimensions instead")
    u, s, vh = ops.linalg_svd(x, compute_uv and not some)
    if compute_uv:
        return u, s, ops.turned(vh)
    *batch, m, n = x.sizes
    return ops.zeros(x, (*batch, m, m)), s, ops.zeros(x, (*batch, n, n))


UPLO = Attr("UPLO", "choice", "L", "The triangle that is read: the lower or the upper one.", ("L", "U"))
FULL = Attr("full_matrices", "bool", True, "Square U and Vh, or as many columns and rows as there are singular values.")
SYMMETRIC = np.array([[2.0, 0.3, -0.4], [0.3, 1.1, 0.2], [-0.4, 0.2, 0.5]])
PAIR = Sample((np.stack([SYMMETRIC, np.array([[1.5, -0.2, 0.1], [-0.2, 0.7, 0.3], [0.1, 0.3, -0.4]])]),), {"UPLO": "U"})
SQUARE = np.array([[0.8, 0.3, -0.2], [0.1, -1.1, 0.4], [0.5, 0.2, 0.7]])
TALL, WIDE, VECTOR = samples.array(3, 2), samples.array(2, 2, 3), samples.array(3)
STACK = samples.array(2, 3, 2, step=0.8)
NAN = np.full((2, 2), np.nan)
NO_EIGENVALUES = (Sample((VECTOR,), error="linalg.eigh: The input tensor A must have at least 2 dimensions."),
                  Sample((TALL,), error="linalg.eigh: A must be batches of square matrices, but they are 3 by 2 matrices"),
                  Sample((SYMMETRIC,), {"UPLO": "X"}, "Expected UPLO argument to be 'L' or 'U', but got X"),
                  Sample((np.ones((2, 2), int),), error="\"linalg_eigh_cpu\" not implemented for 'Long'"))
NOT_FINITE = (Sample((NAN,), error="linalg.svd: The algorithm failed to converge because the input matrix contained non-finite values."),
              Sample((np.stack([np.eye(2), NAN]),), error="linalg.svd: (Batch element 1): The algorithm failed to converge"),
              Sample((np.ones((2, 2), int),), error="linalg.svd: Expected a floating point or complex tensor as input. Got Long"))
NO_VALUES = (Sample((VECTOR,), error="linalg.svd: The input tensor A must have at least 2 dimensions."), *NOT_FINITE)
register(
    Op("linalg_eigh",
       (Input("x", lambda g, eigenvalues, eigenvectors: ops.eigh_backward(g, eigenvalues, eigenvectors), "vᵢvᵢᵗ of each λᵢ"),), eigh,
       node_name="LinalgEighBackward0", strict=True, attrs=(UPLO,), outputs=("eigenvalues", "eigenvectors"), differentiable=(0, 1),
       category=CATEGORY, symbol="eigh", torch=("torch.linalg.eigh({x})",), latex=r"\mathrm{eigh}({x})",
       doc="The eigenvalues of a symmetric matrix, ascending, and its eigenvectors.", samples=(Sample((SYMMETRIC,)), PAIR),
       bad_samples=NO_EIGENVALUES),
    Op("eigvalsh", (Input("x", formula="vᵢvᵢᵗ"),), composite=lambda x, triangle="L": ops.linalg_eigh(x, triangle)[0], attrs=(UPLO,),
       category=CATEGORY, symbol="λ", torch=("torch.linalg.eigvalsh({x})",), latex=r"\lambda({x})",
       doc="The eigenvalues of a symmetric matrix, ascending.", samples=(Sample((SYMMETRIC,)), PAIR), bad_samples=NO_EIGENVALUES),
    Op("linalg_svd", (Input("x", lambda g, U, S, Vh, full_matrices: ops.svd_of_full_backward(g, U, S, Vh, full_matrices),  # noqa: N803
                            "uᵢvᵢᵗ of each σᵢ", torch="A"),),
       svd, node_name="LinalgSvdBackward0", strict=True, attrs=(FULL,), outputs=("U", "S", "Vh"), differentiable=(0, 1, 2),
       category=CATEGORY, symbol="svd", torch=("torch.linalg.svd({x})",), latex=r"\mathrm{svd}({x})",
       doc="The singular values of a matrix, descending, with the vectors to the left and to the right.",
       samples=(Sample((SQUARE,)), Sample((TALL,), {"full_matrices": False}), Sample((STACK,), {"full_matrices": False})),
       bad_samples=NO_VALUES),
    Op("svdvals", (Input("x", formula="uᵢvᵢᵗ", torch="A"),), composite=lambda x: ops.linalg_svd(x, False)[1], category=CATEGORY, symbol="σ",
       torch=("torch.linalg.svdvals({x})",), latex=r"\sigma({x})", doc="The singular values of a matrix, descending.",
       samples=(Sample((TALL,)), Sample((WIDE,))), bad_samples=NO_VALUES),
    Op("svd", (Input("x", formula="uᵢvᵢᵗ of each σᵢ"),), composite=old_svd,
       attrs=(Attr("some", "bool", True, "As many columns as there are singular values, or square U and V."),
              Attr("compute_uv", "bool", True, "Whether there are U and V; without, they are zero.")),
       outputs=("U", "S", "V"), differentiable=(0, 1, 2), category=CATEGORY, symbol="svd V", torch=("torch.svd({x})", "{x}.svd()"),
       latex=r"\mathrm{svd}({x})", doc="As linalg.svd, with V in the place of its transpose.",
       samples=(Sample((TALL,)), Sample((SQUARE,), {"some": False}), Sample((WIDE,), {"compute_uv": False})),
       bad_samples=(Sample((VECTOR,), error="linalg.svd: input should have at least 2 dimensions, but has 1 dimensions instead"),
                    *NOT_FINITE)),
)
