"""exp as PyTorch's vectors compute it, to the last bit: the polynomial of SLEEF's expf (github.com/shibatch/sleef, sleefsimdsp.c).

torch.exp itself does not use it, but the kernels that need an exp on their way do: sigmoid, silu, softmax. What does not fill a vector
they leave to the C library, which rounds nearly always as `accurate` does.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from gradstudio.engine.numerics import accurate, fused
from gradstudio.engine.promote import F32, F64, constant

Array = np.ndarray[Any, Any]
ONE: Final = constant(1, F32)
PAIR: Final = 16  # elements of two vectors, which a loop over elements takes at a time
LOG2_E: Final = constant(1.4426950408889634, F32)
LN2: Final = [np.array(np.float32(c), F64) for c in (-0.693145751953125, -1.428606765330187e-06)]  # in two parts
TERMS: Final = [np.array(np.float32(c), F64) for c in (
    0.000198527617612853646, 0.00139304355252534151, 0.00833336077630519867, 0.0416664853692054749, 0.166666671633720398, 0.5)]
LARGE: Final = 87.0  # beyond it exp is no normal float32


def exp(x: Array) -> Any:
    """Return exp of few float32 numbers: 2^q exp(s) with q whole and |s| ≤ ln 2 / 2; of very large ones as the C library has it.

    Each step is a product and a sum in float64 that are rounded to float32 together, as `fused` has it.
    """
    if not np.maximum.reduce(np.abs(x), None) < LARGE:
        return accurate.exp(x)
    q = np.rint(x * LOG2_E)
    wide = q.astype(F64)
    s = wide * LN2[0]
    s += x.astype(F64)
    s = s.astype(F32).astype(F64)
    wide *= LN2[1]
    s += wide
    s = s.astype(F32).astype(F64)
    u = s * TERMS[0]
    u += TERMS[1]
    for term in TERMS[2:]:
        u = u.astype(F32).astype(F64)
        u *= s
        u += term
    u = u.astype(F32).astype(F64)
    u *= (s * s).astype(F32)
    u += s
    found = u.astype(F32)
    found += ONE
    return np.ldexp(found, q.astype(np.int32))


def exp_along(x: Array, block: int = PAIR) -> Any:
    """Return exp of elements that a kernel goes along one after the other, as many at a time; what is left is for the C library."""
    whole = x.shape[-1] // block * block if x.ndim else 0
    if not whole or not fused.few(x):
        return accurate.exp(x)
    found = np.empty_like(x)
    found[..., :whole] = exp(x[..., :whole])
    if whole < x.shape[-1]:
        found[..., whole:] = accurate.exp(x[..., whole:])
    return found


def exp_each(x: Array) -> Any:
    """Return exp within a kernel that goes along all elements."""
    if x.size < PAIR or x.dtype is not F32 or not x.flags.c_contiguous:
        return accurate.exp(x)
    return exp_along(x.reshape(-1)).reshape(x.shape)
