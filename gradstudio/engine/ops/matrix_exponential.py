"""The exponential of square matrices, in batches. Category linear algebra."""

from __future__ import annotations

from math import factorial
from typing import Any

import numpy as np

from gradstudio.engine.op import Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.decomposition import refuse_dtype
from gradstudio.engine.ops.solving import CATEGORY, M2, M3, refuse_unsquare

Array = np.ndarray[Any, Any]
DEGREE = 18
RADIUS = {"f": 3.010066362817634, "d": 1.0908637192900361}  # 1-norm up to which the polynomial is exact to rounding


def matrix_exp(x: Array) -> Array:
    """Return the exponentials of matrices (..., n, n), nan for what is not finite, as in PyTorch.

    Scaling and squaring: of x / 2ˢ, small enough, a Taylor polynomial, squared s times; its degree and what is small enough as in
    P. Bader, S. Blanes, F. Casas, "Computing the matrix exponential with an optimized Taylor polynomial approximation", 2019.
    """
    refuse_unsquare("linalg.matrix_exp", x.shape)
    refuse_dtype("linalg.matrix_exp", "matrix_exp", x.dtype)
    n = x.shape[-1]
    if n < 2:
        return np.asarray(np.exp(x))
    flat = x.reshape(int(np.prod(x.shape[:-2], dtype=int)), n, n)
    norm = np.abs(flat).sum(-2).max(-1)
    finite = np.isfinite(norm)
    squarings = np.ceil(np.log2(np.where(finite, norm, 1) / RADIUS[x.dtype.char])).clip(0).astype(int)
    out = polynomial(np.where(finite[:, None, None], np.ldexp(flat, -squarings[:, None, None]), np.nan).astype(x.dtype))
    for k in range(squarings.max(initial=0)):
        rest = squarings > k
        out[rest] = out[rest] @ out[rest]
    return out.reshape(x.shape)


def polynomial(x: Array) -> Array:
    """Return Σ xᵏ / k! up to DEGREE: polynomials of degree 3 as the coefficients of one in x⁴, by Horner's rule (M. Paterson,
    L. Stockmeyer, "On the number of nonscalar multiplications necessary to evaluate polynomials", 1973)."""
    square = x @ x
    powers, fourth = [np.broadcast_to(np.eye(x.shape[-1], dtype=x.dtype), x.shape), x, square, square @ x], square @ square
    out = np.zeros_like(x)
    for start in range(DEGREE // 4 * 4, -1, -4):
        for power, k in zip(powers, range(start, DEGREE + 1), strict=False):
            out += power / factorial(k)
        if start:
            out = out @ fourth
    return out


@helper
def matrix_exp_backward(g: Any, x: Any) -> Any:
    """Return the upper right block of the exponential of [[xᵗ, g], [0, xᵗ]] (R. Mathias, "A chain rule for matrix functions and
    applications", 1996)."""
    n, across = ops.shape_of(x)[-1], ops.turned(x)
    block = ops.cat((ops.cat((across, g), -1), ops.cat((ops.zeros(x, ops.shape_of(x)), across), -1)), -2)
    return ops.slice(ops.slice(ops.matrix_exp(block), -2, 0, n, 1), -1, n, 2 * n, 1)


register(Op("matrix_exp", (Input("x", lambda g, x: ops.matrix_exp_backward(g, x), "∫₀¹ exp(s·{x}ᵗ)·exp((1−s)·{x}ᵗ) ds"),), matrix_exp,
            node_name="LinalgMatrixExpBackward0", strict=True, category=CATEGORY, symbol="eᴬ",
            torch=("torch.linalg.matrix_exp({x})", "torch.matrix_exp({x})", "{x}.matrix_exp()"), latex="e^{x}",
            doc="The exponential of a square matrix: Σ xᵏ / k!, with matrix products.",
            samples=(Sample((M3,)), Sample((np.stack([M2, 4 * M2.T - 1]),)), Sample((np.array([[0.0, 1.0], [0.0, 0.0]]),)),
                     Sample((np.array([[0.7]]),)), Sample((np.zeros((2, 0, 0)),))),
            bad_samples=(Sample((samples.array(3),), error="linalg.matrix_exp: The input tensor A must have at least 2 dimensions."),
                         Sample((samples.array(2, 3),), error="linalg.matrix_exp: A must be batches of square matrices, but they are 2 by"),
                         Sample((np.ones((2, 2), int),), error="linalg.matrix_exp: Expected a floating point or complex tensor"))))
