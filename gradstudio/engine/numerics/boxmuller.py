"""Box-Muller on blocks of sixteen floats, bit for bit as PyTorch's vector code does it.

In float32 that code approximates log, sine and cosine by the polynomials of the Cephes library, with fused multiply-adds; a fused
step is `fused.once`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from gradstudio.engine.numerics.fused import once

Array = np.ndarray[Any, Any]
F32: Final = np.dtype("float32")
HALF: Final = 8  # a block is eight radii and eight angles
LOG: Final = (7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1,
              -2.4999993993e-1, 3.3333331174e-1)
LOG_2: Final = (-2.12194440e-4, 0.693359375)  # two parts: the second is exact in few bits
ROOT_HALF: Final = 0.707106781186547524
COSINE: Final = (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
SINE: Final = (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
QUARTER_PI: Final = (-0.78515625, -2.4187564849853515625e-4, -3.77489497744594108e-8)  # three parts
FOUR_OVER_PI: Final = 1.27323954473516


def box_muller(d: Array) -> None:
    """Turn uniform numbers into normal ones, in place; d has a row for each block of sixteen."""
    near, far = d[:, :HALF], d[:, HALF:]
    if d.dtype == F32:
        radius = np.sqrt(np.float32(-2) * log(1 - near))
        sine, cosine = sine_cosine(np.float32(2 * math.pi) * far)
    else:
        radius = np.sqrt(-2 * np.log(1 - near))
        sine, cosine = np.sin(2 * math.pi * far), np.cos(2 * math.pi * far)
    d[:, :HALF], d[:, HALF:] = radius * cosine, radius * sine


def polynomial(x: Array, factors: Sequence[float]) -> Array:
    """Return the polynomial with the highest power first."""
    y = np.full_like(x, factors[0])
    for factor in factors[1:]:
        y = once(y, x, np.float32(factor))
    return y


def log(x: Array) -> Array:
    """Return the logarithm of positive floats."""
    bits = x.view(np.int32)
    exponent = ((bits >> 23) - 0x7E).astype(F32)
    part = ((bits & ~0x7F800000) | 0x3F000000).view(F32)  # in [0.5, 1)
    low = part < np.float32(ROOT_HALF)
    exponent -= low
    part = np.where(low, part - 1 + part, part - 1)
    square = part * part
    y = once(polynomial(part, LOG) * part, square, exponent * np.float32(LOG_2[0]))
    found: Array = once(exponent, np.float32(LOG_2[1]), part + once(square, np.float32(-0.5), y))
    return found


def sine_cosine(x: Array) -> tuple[Array, Array]:
    """Return sine and cosine of floats that are not negative."""
    octant = ((x * np.float32(FOUR_OVER_PI)).astype(np.int32) + 1) & ~1
    turned = octant.astype(F32)
    for part in QUARTER_PI:
        x = once(turned, np.float32(part), x)
    square = x * x
    cosine = once(polynomial(square, COSINE) * square, square, square * np.float32(-0.5)) + np.float32(1)
    sine = once(polynomial(square, SINE) * square, x, x)
    swap = (octant & 2) != 0
    first, second = np.where(swap, cosine, sine), np.where(swap, sine, cosine)
    return np.where(octant & 4, -first, first), np.where((octant - 2) & 4, second, -second)
