"""PyTorch's dtype promotion: tensors with dims beat 0-dim tensors, these beat Python numbers, unless the category is higher."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from gradstudio.engine import dtypes

Array = np.ndarray[Any, Any]
DType = np.dtype[Any]
Number = bool | int | float | complex

F32: Final[DType] = np.dtype("f4")
F64: Final[DType] = np.dtype("f8")
I64: Final[DType] = np.dtype("i8")
BOOL: Final[DType] = np.dtype("?")
C64: Final[DType] = np.dtype("c8")
CATEGORY: Final = {"b": 0, "i": 1, "u": 1, "f": 2, "c": 3}

_decided: dict[tuple[object, ...], DType] = {}
_float32: dict[Number, Array] = {}
_float64: dict[Number, Array] = {}
_CACHED = 4096


def constant(value: Number, dtype: DType) -> Array:
    """Return a shared 0-dim array of a number: a ufunc takes it in half the time of a Python number."""
    cache = _float32 if dtype is F32 else _float64 if dtype is F64 else None
    if cache is None or (not value and type(value) is float):  # 0.0 == -0.0 as keys
        return np.array(wrapped(value, dtype), dtype)
    found = cache.get(value)
    if found is None:
        found = np.array(value, dtype)
        if len(cache) < _CACHED and value == value:
            cache[value] = found
    return found


def wrapped(value: Any, dtype: DType) -> Any:
    """Return an integer as it is stored in an integer dtype that may be too small for it; anything else as it is."""
    if dtype.kind not in "iu" or type(value) is not int:
        return value
    bits = 8 * dtype.itemsize
    low = -(1 << bits - 1) if dtype.kind == "i" else 0
    return (value - low) % (1 << bits) + low if bits < 64 else value


def number_dtype(value: Number) -> DType:
    """Return the default dtype of a Python number's category."""
    kind = type(value)
    if kind is bool or isinstance(value, int):
        return BOOL if kind is bool else I64
    return dtypes.default() if isinstance(value, float) else dtypes.default_complex()


def result_type(operands: Sequence[Array | Number]) -> DType:
    """Return the dtype of an element-wise op on arrays (as tensors) and Python numbers."""
    key = (dtypes.default(), *[(o.dtype, not o.ndim) if isinstance(o, np.ndarray) else type(o) for o in operands])
    found = _decided.get(key)
    if found is None:
        found = _decided[key] = _decide(operands)
    return found


def _decide(operands: Sequence[Array | Number]) -> DType:
    levels: list[DType | None] = [None, None, None]  # tensors with dims, 0-dim tensors, Python numbers
    for o in operands:
        level = (0 if o.ndim else 1) if isinstance(o, np.ndarray) else 2
        levels[level] = join(levels[level], o.dtype if isinstance(o, np.ndarray) else number_dtype(o))
    best: DType | None = None
    for dtype in levels:
        if dtype is not None:
            best = dtype if best is None else _outrank(best, dtype)
    if best is None:
        raise TypeError("promotion needs an operand")
    return dtypes.noticed(best)


def _outrank(best: DType, lower: DType) -> DType:
    """Return what best becomes beside an operand of lower rank: that one's dtype if its category is higher."""
    if CATEGORY[lower.kind] <= CATEGORY[best.kind]:
        return best
    if lower.kind == "c" and best.char == "e":
        raise NotImplementedError("torch.complex32, which a float16 tensor and a complex number give, is not here")
    return np.promote_types(best, C64) if lower.kind == "c" and best.kind == "f" else lower


def join(a: DType | None, b: DType) -> DType:
    """Return the smallest dtype of the higher category that holds both (int64 with float16 gives float16, as in PyTorch)."""
    if a is None:
        return b
    if a == b:
        return a  # numpy would give a bfloat16 the machine's byte order
    low, high = sorted((a, b), key=lambda dtype: CATEGORY[dtype.kind])
    if low.kind == high.kind or CATEGORY[low.kind] == CATEGORY[high.kind] or (low.kind, high.kind) == ("f", "c"):
        return np.promote_types(low, high)
    return high


def to_float(dtype: DType) -> DType:
    """Return what a float op (exp, true division) computes in."""
    return dtype if dtype.kind in "fc" else dtypes.default()
