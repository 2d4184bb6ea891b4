"""Layer norm and batch norm of few float32 numbers to PyTorch's last bit: the order of its sums, and what its kernels round once.

From aten/src/ATen/native/cpu/layer_norm_kernel.cpp and batch_norm_kernel.cpp. `x` and `g` lie contiguous.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradstudio.engine.numerics import vectors
from gradstudio.engine.numerics.fused import product_plus, sum_of_products
from gradstudio.engine.promote import F32, F64

Array = np.ndarray[Any, Any]
ONE = F32.type(1)


# Rows: of a layer norm.
def layer(x: Array, weight: Array | None, bias: Array | None, eps: float) -> tuple[Array, Array, Array]:
    """Return the layer norm of the rows of a matrix, their means and 1/σ as columns."""
    mean, variance = (part[:, None] for part in vectors.moments(x))
    rstd = ONE / np.sqrt(variance + F32.type(eps))
    out = (x - mean) * rstd
    if weight is not None and bias is not None:
        out = product_plus(out, weight, bias)
    elif weight is not None:
        out *= weight
    elif bias is not None:
        out += bias
    return out, mean, rstd


def groups(x: Array, channels: int, weight: Array | None, bias: Array | None, eps: float) -> tuple[Array, Array, Array]:
    """Return the group norm of samples × groups × elements, and means and 1/σ of the groups; weight and bias have a number a channel."""
    mean, variance = (part[..., None] for part in vectors.moments(x))
    rstd = (1 / np.sqrt(variance.astype(F64) + eps)).astype(F32)
    if weight is None and bias is None:
        return (x - mean) * rstd, mean, rstd
    each = (*x.shape[:2], channels // x.shape[1], 1)  # samples × groups × channels of a group × elements
    scale = rstd[..., None] * (np.ones(channels, F32) if weight is None else weight).reshape(each[1:])
    shift = (np.zeros(channels, F32) if bias is None else bias).reshape(each[1:])
    shift = product_plus(-scale, mean[..., None], shift)
    return product_plus(x.reshape(*each[:3], -1), scale, shift), mean, rstd


def layer_gradients(g: Array, x: Array, mean: Array, rstd: Array, weight: Array | None, mask: Sequence[bool]) -> tuple[Any, Any, Any]:
    """Return the gradients of rows, weight and bias."""
    hat = product_plus(x, rstd, -rstd * mean)
    of_weight = sum_of_products(g, hat) if mask[1] else None
    of_bias = vectors.in_turn(g, 0) if mask[2] else None
    if not mask[0]:
        return None, of_weight, of_bias
    if weight is None:
        product, total, scaled = vectors.of_products(g, x), vectors.total(g), rstd * g
    else:
        row = np.broadcast_to(weight, g.shape)
        product, total, scaled = vectors.of_products(g * x, row), vectors.of_products(g, row), rstd * g * weight
    share, total = ONE / F32.type(x.shape[1]), total[:, None]
    slope = product_plus(total, mean, -product[:, None]) * rstd * rstd * rstd * share
    return product_plus(x, slope, scaled) + product_plus(-slope, mean, -(total * rstd * share)), of_weight, of_bias


# Channels: of a batch norm, as samples × channels × elements.
def batch(x: Array, weight: Array | None, bias: Array | None, eps: float) -> tuple[Array, Array, Array, Array]:
    """Return the batch norm, and for each channel mean, variance (over n − 1) and 1/σ."""
    n = x.shape[0] * x.shape[2]
    if x.shape[2] == 1:  # sums are kept in float32 then
        mean = vectors.in_turn(x[..., 0], 0) / F32.type(n)
        off = x[..., 0] - mean
        squares = sum_of_products(off, off)
    else:
        mean = (np.add.reduce(x, (0, 2), F64) / n).astype(F32)
        squares = np.add.reduce(np.square(x - mean[:, None]), (0, 2), F64).astype(F32)
    rstd = (1 / np.sqrt((squares / F32.type(n)).astype(F64) + eps)).astype(F32)
    scale = rstd if weight is None else rstd * weight
    shift = -mean * scale if bias is None else product_plus(-mean, scale, bias)
    return product_plus(x, scale[:, None], shift[:, None]), mean, squares / F32.type(max(n - 1, 1)), rstd


def batch_gradients(g: Array, x: Array, mean: Array, rstd: Array, weight: Array | None, training: bool) -> tuple[Array, Array, Array]:
    """Return the gradients of elements, weight and bias. Without training, mean and 1/σ do not depend on the elements."""
    n, off = x.shape[0] * x.shape[2], x - mean[:, None]
    if x.shape[2] == 1:
        total, product = vectors.in_turn(g[..., 0], 0), sum_of_products(g[..., 0], off[..., 0])
        of_weight, share = product * rstd, total / F32.type(n)
    else:
        wide = np.add.reduce(vectors.of_products(off, g), 0, F64)
        sums = np.add.reduce(vectors.total(g), 0, F64)
        total, product, share = sums.astype(F32), wide.astype(F32), (sums / n).astype(F32)
        of_weight = (wide * rstd).astype(F32)
    slope = (product * rstd * rstd / F32.type(n))[:, None]
    out = product_plus(-off, slope, g - share[:, None]) if training else g.copy()
    if training and x.shape[2] == 1:  # channels that fill no vector are rounded twice
        rest = x.shape[1] // vectors.LANES * vectors.LANES
        out[:, rest:] = (g - share[:, None] - off * slope)[:, rest:]
    out *= rstd[:, None]
    if weight is not None:
        out *= weight[:, None]
    return out, of_weight, total
