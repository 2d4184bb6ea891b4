"""Functions of few float32 numbers, to the last bit: computed in float64 and rounded once.

numpy's own float32 functions are faster and off by a unit in the last place for up to four results in ten (exp); PyTorch's are off for
one in a hundred (exp, log1p), one in a thousand (tanh, expm1, log10) or one in twenty (sin, cos, asin), so that these agree with them
as often. Above SMALL elements speed counts more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from gradstudio.engine.promote import F32, F64

Array = np.ndarray[Any, Any]
SMALL: Final = 512  # elements


def accurate(function: Any) -> Callable[[Array], Any]:
    """Return a function of one array that rounds float32 results once, if there are few."""
    def compute(x: Array) -> Any:
        return function(x.astype(F64)).astype(F32) if x.dtype is F32 and x.size <= SMALL else function(x)

    return compute


exp, expm1, log, log10, log1p = [accurate(f) for f in (np.exp, np.expm1, np.log, np.log10, np.log1p)]
sin, cos, asin, tanh = [accurate(f) for f in (np.sin, np.cos, np.arcsin, np.tanh)]
