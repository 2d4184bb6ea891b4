"""Functions of few float32 numbers, to the last bit: computed in float64 and rounded once.

numpy's own float32 functions are faster, differ from processor to processor, and are off by a unit in the last place for up to four
results in ten (exp, cosh, atan2); PyTorch's are off for one in a hundred (exp, log1p, cosh, pow), one in a thousand (tanh, expm1, log10,
log2) or one in twenty (sin, cos, asin, exp2), so that these agree with them as often. Above SMALL elements speed counts more.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from gradstudio.engine.promote import F32, F64

Array = np.ndarray[Any, Any]
ndarray = np.ndarray
SMALL: Final = 512  # elements
SHORT: Final = 32  # elements of which tanh and its slope are computed so: a network has many of them


def accurate(function: Any, of_one: Callable[[float], float], most: int = SMALL) -> Callable[[Array], Any]:
    """Return a function of one array that rounds float32 results once, if there are few. `of_one`: the same of one number, from C."""
    def compute(x: Array) -> Any:
        if x.dtype is not F32 or x.size > most:
            return function(x)
        if x.size == 1 and type(x) is ndarray:  # a scalar's is common
            try:
                y = of_one(x.item())
            except (ValueError, OverflowError):
                pass  # nan and infinity are left to numpy
            else:
                out = x.copy()
                out.fill(y)
                return out
        return function(x.astype(F64)).astype(F32)

    return compute


def accurate_pair(function: Any) -> Callable[[Any, Any], Any]:
    """Return a function of two arrays that rounds float32 results once, if there are few."""
    def compute(x: Any, y: Any) -> Any:
        if x.dtype is F32 and y.dtype is F32 and x.size <= SMALL and y.size <= SMALL:
            return function(x.astype(F64), y.astype(F64)).astype(F32)
        return function(x, y)

    return compute


exp, expm1, exp2 = accurate(np.exp, math.exp), accurate(np.expm1, math.expm1), accurate(np.exp2, math.exp2)
log, log2, log10, log1p = [accurate(f, g) for f, g in (
    (np.log, math.log), (np.log2, math.log2), (np.log10, math.log10), (np.log1p, math.log1p))]
sin, cos, tan = accurate(np.sin, math.sin), accurate(np.cos, math.cos), accurate(np.tan, math.tan)
asin, acos, atan = accurate(np.arcsin, math.asin), accurate(np.arccos, math.acos), accurate(np.arctan, math.atan)
sinh, cosh, tanh = accurate(np.sinh, math.sinh), accurate(np.cosh, math.cosh), accurate(np.tanh, math.tanh, SHORT)
asinh, acosh, atanh = [accurate(f, g) for f, g in ((np.arcsinh, math.asinh), (np.arccosh, math.acosh), (np.arctanh, math.atanh))]
power, atan2 = accurate_pair(np.power), accurate_pair(np.arctan2)
