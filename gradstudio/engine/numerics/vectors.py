"""Reductions of rows to PyTorch's last bit, of few float32 numbers: its kernels hold eight of them in a vector (AVX2) and round products
and sums once where the compiler fuses them. After aten/src/ATen/cpu/vec/functional_base.h and, in native/cpu, moments_utils.h and
ReduceOpsKernel.cpp.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from gradstudio.engine.numerics import fused

Array = np.ndarray[Any, Any]
LANES: Final = 8
CHUNK: Final = 16 * LANES  # length of the longest row whose mean and variance are found in one piece


def total(x: Array) -> Any:
    """Return the sums along the last axis."""
    n = x.shape[-1]
    if n < LANES:
        return in_turn(x)
    whole = n // LANES * LANES
    lanes = lane_by_lane(x, whole)
    if whole < n:
        lanes[..., :n - whole] += x[..., whole:]
    return halved(lanes)


def of_products(x: Array, y: Array) -> Any:
    """Return the sums of x·y along the last axis."""
    n, products = x.shape[-1], x * y
    if n < LANES:
        return in_turn(products)
    whole = n // LANES * LANES
    lanes = lane_by_lane(products, whole)
    if whole < n:
        lanes[..., :n - whole] = fused.product_plus(x[..., whole:], y[..., whole:], lanes[..., :n - whole])
    return halved(lanes)


def lane_by_lane(x: Array, whole: int) -> Array:
    """Return the sums of each lane over the vectors in front."""
    lanes: Array = x[..., :LANES].copy()
    for i in range(LANES, whole, LANES):
        lanes += x[..., i:i + LANES]
    return lanes


def in_turn(x: Array, axis: int = -1) -> Any:
    """Return the sums along an axis, one element after the other."""
    return np.add.accumulate(x, axis).take(-1, axis)


def halved(lanes: Array) -> Any:
    """Return the sum of eight lanes: the upper half is added to the lower one until one is left."""
    four = lanes[..., :4] + lanes[..., 4:]
    two = four[..., :2] + four[..., 2:]
    return two[..., 0] + two[..., 1]


def length(x: Array) -> Any:
    """Return the roots of the sums of squares along the last axis."""
    n, squares = x.shape[-1], x * x
    whole = n // LANES * LANES
    found = np.zeros(x.shape[:-1], x.dtype)
    if whole:
        found = in_turn(lane_by_lane(squares, whole))
    by_four = whole + (n - whole) // 4 * 4
    for i in range(whole, n):
        found = found + squares[..., i] if i < by_four else fused.product_plus(np.asarray(x[..., i]), x[..., i], found)
    return np.sqrt(found)


def moments(x: Array) -> tuple[Array, Array]:
    """Return means and variances (over n) along the last axis, which is no longer than CHUNK: Welford's method, lane by lane."""
    n, dtype = x.shape[-1], x.dtype.type
    whole = n // LANES
    means, squares = np.zeros((*x.shape[:-1], LANES), x.dtype), np.zeros((*x.shape[:-1], LANES), x.dtype)
    for i in range(whole):
        part = x[..., i * LANES:(i + 1) * LANES]
        off = part - means
        means = fused.product_plus(off, dtype(1) / dtype(i + 1), means)
        squares = fused.product_plus(off, part - means, squares)
    mean, square = np.zeros(x.shape[:-1], x.dtype), np.zeros(x.shape[:-1], x.dtype)
    for i in range(whole * LANES, n):
        off = x[..., i] - mean
        mean = mean + off / dtype(i + 1 - whole * LANES)
        square = square + off * (x[..., i] - mean)
    count = n - whole * LANES
    for i in range(LANES if whole else 0):
        share = dtype(whole) / dtype(count + whole)
        off = np.asarray(means[..., i] - mean)
        mean = fused.product_plus(off, share, mean)
        square = square + (squares[..., i] + off * off * share * dtype(count))
        count += whole
    return np.asarray(mean), np.asarray(square / dtype(n))
