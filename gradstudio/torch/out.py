"""`out=`: results written into tensors that are already there."""
from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine import dtypes, errors
from gradstudio.engine.tensor import Tensor


def into(out: Any, result: Any, name: str) -> Any:
    """Write a result (or several) into out and return out. Raise RuntimeError where a gradient would be lost or the dtype does not fit."""
    if isinstance(result, tuple):
        for one, value in zip(out, result, strict=True):
            into(one, value, name)
        return out
    if result.requires_grad or out.requires_grad:
        raise RuntimeError(f"{name}(): functions with out=... arguments don't support automatic differentiation, but one of the arguments "
                           "requires grad.")
    if not np.can_cast(result.array.dtype, out.array.dtype, "same_kind"):
        raise RuntimeError(f"result type {errors.dtype_name(result.array.dtype)} can't be cast to the desired output type "
                           f"{errors.dtype_name(out.array.dtype)}")
    write(out, result)
    return out


def write(out: Tensor, result: Tensor) -> None:
    """Resize out if it must be, and count the change."""
    if out.sizes != result.sizes:
        out.array = np.empty(result.sizes, out.array.dtype)
        out.sizes = result.sizes
    out.array[...] = dtypes.fit(result.array, out.array.dtype)
    out.version[0] += 1
