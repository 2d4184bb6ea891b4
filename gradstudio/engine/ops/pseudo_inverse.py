"""The pseudo-inverse of matrices, in batches. Category linear algebra."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.op import Attr, Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.decomposition import SYMMETRIC, TALL, WIDE, eigh, svd
from gradstudio.engine.ops.solving import CATEGORY, M3
from gradstudio.engine.promote import F32, F64

Array = np.ndarray[Any, Any]


def pinv(x: Array, rtol: Any, hermitian: bool, atol: Any) -> Array:
    """Return the pseudo-inverses (..., n, m) of matrices (..., m, n): singular values up to a bound count as zero.

    The bound is the larger of atol and rtol times the largest singular value. rtol is the spacing of the dtype at 1 times the longer side
    if it is left out and atol is too, or zero. Both may be tensors, one number for each matrix.
    """
    if x.ndim < 2 or (x.dtype.kind != "c" and x.dtype not in (F32, F64)):
        raise RuntimeError(f"linalg.pinv({errors.dtype_name(x.dtype)}{{{errors.size(x.shape)}}}): expected a tensor with 2 or more "
                           "dimensions of float, double, cfloat or cdouble types")
    if not x.size:
        return np.zeros((*x.shape[:-2], x.shape[-1], x.shape[-2]), x.dtype)
    if hermitian:
        values, vectors = eigh(x, "L")
        left, right = vectors, vectors.swapaxes(-1, -2)
    else:
        u, values, vh = svd(x, False)
        left, right = vh.swapaxes(-1, -2), u.swapaxes(-1, -2)
    sizes = np.abs(values)
    least = of_each("atol", 0.0 if atol is None else atol)
    share = np.where(least > 0, 0, np.finfo(x.dtype).eps * max(x.shape[-2:])) if rtol is None else of_each("rtol", rtol)
    inverses = np.where(sizes > np.maximum(least, share * sizes.max(-1, keepdims=True)), 1 / values, 0).astype(x.dtype)
    return np.asarray(left @ (inverses[..., None] * right))


def of_each(name: str, tolerance: Any) -> Array:
    """Return a tolerance with a dim for the singular values. Raise RuntimeError for complex tensors."""
    found = np.asarray(getattr(tolerance, "array", tolerance))
    if found.dtype.kind == "c":
        raise RuntimeError(f"torch.linalg.pinv: {name} tensor of complex type is not supported. Got {errors.dtype_name(found.dtype)}")
    return found[..., None].astype(float)


@helper
def pinv_backward(g: Any, x: Any, out: Any) -> Any:
    """Return the cotangent of A for P = A⁺: −PᵗGPᵗ + (1 − AP) GᵗP Pᵗ + PᵗP Gᵗ(1 − PA), by the shorter side of A.

    G. Golub, V. Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems whose variables separate", 1973,
    (4.12), for matrices of constant rank.
    """
    gt, pt = ops.turned(g), ops.turned(out)
    if ops.shape_of(x)[-2] <= ops.shape_of(x)[-1]:
        inner = ops.matmul(gt, out)
        outer = ops.matmul(inner, pt)
        rows, columns = outer - ops.matmul(ops.matmul(x, out), outer), ops.matmul(ops.matmul(pt, out), gt - ops.matmul(inner, x))
        return rows + columns - ops.turned(ops.matmul(out, inner))
    inner = ops.matmul(out, gt)
    outer = ops.matmul(pt, inner)
    rows, columns = ops.matmul(ops.matmul(gt - ops.matmul(x, inner), out), pt), outer - ops.matmul(ops.matmul(outer, out), x)
    return rows + columns - ops.turned(ops.matmul(inner, out))


RTOL = Attr("rtol", "number", None, "Singular values up to this share of the largest count as zero.")
NO_MATRIX = (Sample((samples.array(3),), error="linalg.pinv(Double{[3]}): expected a tensor with 2 or more dimensions of float, double"),
             Sample((np.ones((2, 2), int),), error="linalg.pinv(Long{[2, 2]}): expected a tensor with 2 or more dimensions"),
             Sample((np.full((2, 2), np.nan),), error="linalg.svd: The algorithm failed to converge"))
FORMULA = "−Pᵗ·Pᵗ + (1 − {x}·P)·ᵗP Pᵗ + PᵗP·ᵗ(1 − P·{x}), P = {x}⁺"
register(
    Op("linalg_pinv", (Input("x", lambda g, x, out: ops.pinv_backward(g, x, out), FORMULA),), pinv,
       node_name="LinalgPinvBackward0", strict=True,
       attrs=(RTOL, Attr("hermitian", "bool", False, "Whether the matrix is symmetric; its lower triangle is read."),
              Attr("atol", "number", None, "Singular values up to this number count as zero.")),
       category=CATEGORY, symbol="A⁺", torch=("torch.linalg.pinv({x})",), latex="{x}^+",
       doc="The pseudo-inverse of a matrix: it solves least squares.",
       samples=(Sample((M3,)), Sample((TALL,)), Sample((WIDE,)), Sample((SYMMETRIC,), {"hermitian": True}),
                Sample((SYMMETRIC,), {"rtol": 0.01, "atol": 0.02, "hermitian": True}), Sample((np.zeros((2, 3, 0)),))),
       bad_samples=(*NO_MATRIX, Sample((TALL,), {"hermitian": True}, "linalg.eigh: A must be batches of square matrices, but they are"))),
    Op("pinverse", (Input("x", formula=FORMULA),), composite=lambda x, rcond=1e-15: ops.linalg_pinv(x, rcond),
       attrs=(Attr("rcond", "float", 1e-15, RTOL.doc),), category=CATEGORY, symbol="pinverse",
       torch=("torch.pinverse({x})", "{x}.pinverse()"), latex="{x}^+", doc="The pseudo-inverse of a matrix, as linalg.pinv.",
       samples=(Sample((M3,)), Sample((TALL,)), Sample((WIDE,), {"rcond": 0.01})), bad_samples=NO_MATRIX),
)
