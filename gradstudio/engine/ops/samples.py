"""Sample operands for rows: small float64 arrays, fixed so that tests and docs agree."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from gradstudio.engine.op import Sample

Array = np.ndarray[Any, Any]


@cache
def array(*shape: int, start: float = -1.3, step: float = 0.37) -> Array:
    """Return an array whose elements are distinct, spread around zero and away from it. Not to be written to."""
    n = math.prod(shape)
    values = start + step * np.arange(n) * 1.618 % 3.1
    made = np.where(np.abs(values) < 0.05, 0.5, values).reshape(shape)
    made.setflags(write=False)
    return made


@cache
def positive(*shape: int) -> Array:
    """Return an array of distinct positive elements."""
    return np.abs(array(*shape)) + 0.25


SCALAR = np.array(0.7)
ONE = (Sample((array(3, 2),)), Sample((SCALAR,)), Sample((array(4, start=0.4),)))
ONE_POSITIVE = (Sample((positive(3, 2),)), Sample((SCALAR,)))
TWO = (Sample((array(3, 2), array(3, 2, start=0.6))), Sample((SCALAR, np.array(-1.2))), Sample((array(2, 3), array(3, start=0.3))),
       Sample((array(2, 1), array(1, 3, start=0.2))), Sample((array(3), 2.5)))
TWO_POSITIVE = (Sample((positive(3, 2), positive(3, 2) + 0.3)), Sample((SCALAR, np.array(1.2))), Sample((positive(2, 3), positive(3))))
BROADCAST = (Sample((array(3), array(4)),
                    error="The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 0"),)
