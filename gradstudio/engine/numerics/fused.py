"""Products and sums that are rounded once: the fused multiply-add of which the compiler makes PyTorch's kernels, for few numbers.

float64 holds a product of two float32 numbers, so that their sum is rounded there and once more to float32, which is a rounding too many
for one sum in a billion; of float64 numbers a long double, where the machine has one, comes nearly as close. Of many numbers products are
rounded too.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from gradstudio.engine.numerics.accurate import SMALL
from gradstudio.engine.promote import F32, F64

Array = np.ndarray[Any, Any]
FEW: Final = 128  # elements whose reductions and exponentials are computed step by step as PyTorch's kernels do


def wide(x: Array) -> Array:
    """Return x in a wider dtype, so that a product and a sum round once."""
    return x.astype(np.longdouble if x.dtype == F64 else F64)


def few(x: Array) -> bool:
    """Tell whether x is float32 and small enough to be computed to PyTorch's last bit, whatever the steps."""
    return x.dtype is F32 and x.size <= FEW


def fuses(x: Array) -> bool:
    """Tell whether products of x and sums with them are rounded once."""
    return x.size <= SMALL and (x.dtype is F32 or x.dtype is F64)


def once(a: Array, b: Any, c: Any) -> Any:
    """Return a·b + c rounded once, however many there are; b and c are arrays of a's dtype, or numbers that it holds."""
    found = wide(a) * b
    found += c
    return found.astype(a.dtype)


def product_plus(a: Array, b: Any, c: Any) -> Any:
    """Return a·b + c, rounded once where there are few."""
    return once(a, b, c) if fuses(a) else a * b + c


def less_product(c: Any, a: Array, b: Any) -> Any:
    """Return c − a·b, rounded once where there are few."""
    return np.subtract(c, wide(a) * b).astype(a.dtype) if fuses(a) else c - a * b


def sum_of_products(a: Array, b: Array) -> Any:
    """Return the sums of a·b along the first axis, each product added as it is. Both are few."""
    found = np.zeros(a.shape[1:], a.dtype)
    for product in wide(a) * b:
        found = (found + product).astype(a.dtype)
    return found
