"""Singular values: the decomposition as a hidden row, and the nuclear norm, which is the sum of the values."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine.apply import register
from gradstudio.engine.dims import Dim, dims_of
from gradstudio.engine.op import Input, Op, helper, ops

Array = np.ndarray[Any, Any]


def decomposed(x: Array) -> tuple[Array, Array, Array]:
    """Return u, s, vh of matrices: x = u diag(s) vh, with as many columns as there are singular values."""
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    return u, s, vh


@helper
def skew(x: Any) -> Any:
    """Return x − xᵗ."""
    return x - ops.transpose(x, -2, -1)


@helper
def svd_backward(g: Any, u: Any, s: Any, vh: Any) -> Any:
    """The gradient of real matrices (Townsend, "Differentiating the singular value decomposition"); g: one cotangent an output, or None."""
    gu, gs, gvh = g
    row, column = ops.unsqueeze(s, -2), ops.unsqueeze(s, -1)
    if gu is None and gvh is None:
        return ops.matmul(u * ops.unsqueeze(gs, -2), vh)
    ut, v = ops.transpose(u, -2, -1), ops.transpose(vh, -2, -1)
    gaps = row * row - column * column
    gaps = ops.masked_fill_number(gaps, ops.eq(gaps, 0), 1)  # the diagonal, where skew is zero
    parts = [] if gs is None else [ops.matmul(u * ops.unsqueeze(gs, -2), vh)]
    if gu is not None:
        inner = ops.matmul(ut, gu)
        parts.append(ops.matmul(ops.matmul(u, ops.skew(inner) / gaps * row) + (gu - ops.matmul(u, inner)) / row, vh))
    if gvh is not None:
        inner = ops.matmul(gvh, v)
        turned = ops.skew(ops.transpose(inner, -2, -1)) / gaps
        parts.append(ops.matmul(u, ops.matmul(column * turned, vh) + (gvh - ops.matmul(inner, vh)) / column))
    return sum(parts[1:], parts[0])


@helper
def nuclear_norm(x: Any, dim: Dim, keepdim: bool) -> Any:
    """Return the sum of the singular values of matrices in two dims. Raise RuntimeError for other than two."""
    rank = len(ops.shape_of(x))
    if rank < 2:
        raise RuntimeError("linalg.matrix_norm: The input tensor A must have at least 2 dimensions.")
    dims = dims_of(dim, rank)
    if len(dims) != 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {' '.join(map(str, dims))}")
    return ops.norm_of_singular_values(x, dims, keepdim, "sum")


@helper
def norm_of_singular_values(x: Any, dims: tuple[int, ...], keepdim: bool, reduce: str) -> Any:
    """Return the singular values of matrices in two dims, reduced by the row of that name: sum, amax, amin."""
    rank = len(ops.shape_of(x))
    order = (*[d for d in range(rank) if d not in dims], *dims)
    out = getattr(ops, reduce)(ops.svd(ops.permute(x, order))[1], -1, keepdim)
    return ops.permute(ops.unsqueeze(out, -1), tuple([order.index(d) for d in range(rank)])) if keepdim else out


register(Op("svd", (Input("x", lambda g, u, s, vh: ops.svd_backward(g, u, s, vh)),), decomposed, node_name="LinalgSvdBackward0",
            outputs=("u", "s", "vh"), differentiable=(0, 1, 2), hidden=True))
