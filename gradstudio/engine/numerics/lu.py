"""Triangular factors of square matrices, in batches, and what systems of equations they solve."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
BLOCK = 64  # columns that are eliminated one by one, rows that are solved one by one; the rest are matrix products


def factored(a: Array) -> tuple[Array, Array, Array]:
    """Return the factors of matrices (..., n, n), the rows swapped for them, and where a factor is zero.

    Gaussian elimination with partial pivoting (G. Golub, C. Van Loan, "Matrix Computations", 3.4), counted as LAPACK counts. The
    factors share one array (..., n, n): U on and above the diagonal, L, whose diagonal is 1, below. Step k swapped row k with row
    pivots[..., k], int32 (..., n), from 1. The last, int32 (...), is the first k, from 1, where U's diagonal is zero, or 0.
    """
    shape, n = a.shape, a.shape[-1]
    lu = a.reshape(int(np.prod(shape[:-2], dtype=int)), n, n).copy()
    batch = np.arange(len(lu))
    pivots, zero_at = np.empty((len(lu), n), np.int32), np.zeros(len(lu), np.int32)
    for k in range(n):
        best = k + np.abs(lu[:, k:, k]).argmax(1)
        lu[batch, k], lu[batch, best] = lu[batch, best], lu[batch, k]
        stop = min((k // BLOCK + 1) * BLOCK, n)
        pivot, column, row = lu[:, k, k], lu[:, k + 1:, k], lu[:, k, k + 1:stop]
        zero = pivot == 0
        column /= np.where(zero, 1, pivot)[:, None]  # under a zero pivot all is zero
        lu[:, k + 1:, k + 1:stop] -= column[:, :, None] * row[:, None, :]
        if k + 1 == stop < n:
            block, rows = slice(stop - BLOCK, stop), lu[:, stop - BLOCK:stop, stop:]
            substitute(lu[:, block, block], rows, False, True)
            lu[:, stop:, stop:] -= lu[:, stop:, block] @ rows
        pivots[:, k] = best + 1
        zero_at[zero & (zero_at == 0)] = k + 1
    return lu.reshape(shape), pivots.reshape(shape[:-1]), zero_at.reshape(shape[:-2])


def substituted(t: Array, b: Array, upper: bool, unit: bool = False) -> Array:
    """Return X of TX = B for triangular T (..., n, n) and B (..., n, m), whose batches broadcast. `unit`: T has ones on its diagonal."""
    x = np.broadcast_to(b, np.broadcast_shapes(t.shape[:-2], b.shape[:-2]) + b.shape[-2:]).astype(t.dtype)
    substitute(t, x, upper, unit)
    return x


def substitute(t: Array, x: Array, upper: bool, unit: bool) -> None:
    """Solve in place, large matrices by halves."""
    n = t.shape[-1]
    if n > BLOCK:
        first, last = (slice(n // 2, n), slice(0, n // 2)) if upper else (slice(0, n // 2), slice(n // 2, n))
        substitute(t[..., first, first], x[..., first, :], upper, unit)
        x[..., last, :] -= t[..., last, first] @ x[..., first, :]
        substitute(t[..., last, last], x[..., last, :], upper, unit)
        return
    for i in reversed(range(n)) if upper else range(n):
        if not unit:
            x[..., i, :] /= t[..., i, i, None]
        rest = slice(0, i) if upper else slice(i + 1, n)
        x[..., rest, :] -= t[..., rest, i, None] * x[..., i, None, :]


def order_of(pivots: Array) -> Array:
    """Return the numbers of the rows, from 0, in the order that the swaps leave them in, shaped as the pivots (..., n)."""
    flat = pivots.reshape(int(np.prod(pivots.shape[:-1], dtype=int)), pivots.shape[-1]) - 1
    order, batch = np.broadcast_to(np.arange(flat.shape[1]), flat.shape).copy(), np.arange(len(flat))
    for k, best in enumerate(flat.T):
        order[batch, k], order[batch, best] = order[batch, best], order[batch, k]
    return order.reshape(pivots.shape)


def solved(lu: Array, pivots: Array, b: Array, left: bool = True, transposed: bool = False) -> Array:
    """Return X of AX = B (left) or XA = B by the factors of A (..., n, n); with Aᵗ in the place of A if transposed. Batches broadcast."""
    if not left:
        return solved(lu, pivots, b.swapaxes(-1, -2), True, not transposed).swapaxes(-1, -2)
    batch = np.broadcast_shapes(lu.shape[:-2], b.shape[:-2])
    order = np.broadcast_to(order_of(pivots), batch + pivots.shape[-1:])[..., None]
    if transposed:
        turned = lu.swapaxes(-1, -2)
        x = substituted(turned, substituted(turned, b, upper=False), upper=True, unit=True)
        return np.take_along_axis(x, order.argsort(-2), -2)
    swapped = np.take_along_axis(np.broadcast_to(b, batch + b.shape[-2:]), order, -2)
    return substituted(lu, substituted(lu, swapped, upper=False, unit=True), upper=True)


def sign_of(pivots: Array) -> Array:
    """Return 1 where the swaps (..., n) are even in number, -1 where odd."""
    swaps: Array = (pivots != np.arange(1, pivots.shape[-1] + 1)).sum(-1)
    return 1 - 2 * (swaps % 2)
