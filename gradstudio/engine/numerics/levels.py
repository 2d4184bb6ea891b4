"""Sums in the order in which PyTorch's nll_loss adds up its losses and weights (aten/src/ATen/native/LossNLL.cpp), to the last bit.

There are eight sums. An element is added to the first of them; at every sixteenth element (or every larger power of two, of very many)
the first is added to the second and begins anew, at every sixteenth of those the second is added to the third, and so on; in the end the
eight are added up. The element at 0 is such a one at all levels, and so it waits in the eighth. An element that is ignored is not looked
at, and sums that would be handed on there go on instead.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from gradstudio.engine.numerics import vectors

Array = np.ndarray[Any, Any]
LEVELS: Final = 8


def power_of(n: int) -> int:
    """Return the power of two of elements after which a sum is handed on."""
    return max(4, (n - 1).bit_length() // LEVELS)


def total(x: Array) -> Any:
    """Return the sum of a line of floats, none of them ignored."""
    if len(x) <= 1:
        return in_turn(x)
    step = 1 << power_of(len(x))
    first, x = x[0], x[1:]
    while (n := len(x)) > step:
        if n % step:  # nothing changes by a zero
            whole = np.zeros(n + -n % step, x.dtype)
            whole[:n] = x
            x = whole
        x = np.add.accumulate(x.reshape(-1, step), 1)[:, -1]
    return np.add.accumulate(x)[-1] + first


def total_of(x: Array, counts: Array) -> Any:
    """Return the sum of those elements of a line that count."""
    if counts.all():
        return total(x)
    power = power_of(len(x))
    at, values = np.flatnonzero(counts), x[counts]
    sums = []
    for _ in range(LEVELS - 1):
        if len(values) <= 1:
            break
        ends = np.flatnonzero(at & ((1 << power) - 1) == 0) + 1  # after these the sum is handed on
        parts = np.split(values, ends)
        sums.append(in_turn(parts[-1]))
        values = np.array([in_turn(part) for part in parts[:-1]], x.dtype)
        at = at[ends - 1] >> power
    return in_turn(np.array([*sums, in_turn(values)], x.dtype))


def in_turn(x: Array) -> Any:
    """Return the sum of a line, which may be empty, one after the other."""
    return vectors.in_turn(x) if len(x) else x.dtype.type(0)
