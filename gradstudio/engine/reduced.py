"""Ops on bfloat16: kernels compute in float32, and each result is rounded, as PyTorch's kernels round."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradstudio.engine.conjugates import refuse
from gradstudio.engine.dtypes import BFLOAT16, FLOAT32, cast
from gradstudio.engine.op import Op

Array = np.ndarray[Any, Any]


def holds(operands: Sequence[Any]) -> bool:
    """Return whether one of these arrays (or of a list among them) is bfloat16 or complex: then vjps run on tensors."""
    return any([x.dtype is BFLOAT16 or x.dtype.kind == "c" if isinstance(x, np.ndarray) else isinstance(x, tuple | list) and holds(x)
                for x in operands])


def wide(x: Any) -> Any:
    """Return bfloat16 arrays as float32, also those of a list; anything else as it is."""
    if isinstance(x, np.ndarray):
        return x.astype(FLOAT32) if x.dtype is BFLOAT16 else x
    return type(x)([wide(each) for each in x]) if isinstance(x, tuple | list) else x


def floats(operands: Sequence[Any]) -> set[Any]:
    """Return the floating point dtypes among arrays and lists of them."""
    found = set()
    for x in operands:
        if isinstance(x, np.ndarray) and x.dtype.kind in "fc":
            found.add(x.dtype)
        elif isinstance(x, tuple | list):
            found |= floats(x)
    return found


def compute(op: Op, forward: Callable[..., Any], arrays: Sequence[Any], attrs: Sequence[Any]) -> Any:
    """Return what a kernel gives; where all floats are bfloat16 the result is too, unless an attr of the op names another dtype.

    Floats of several dtypes reach the kernel as they are: it refuses them in PyTorch's words. So are complex numbers refused here.
    """
    if op.views or op.strict:
        return forward(*arrays, *attrs)
    refuse(op, arrays)
    low = floats(arrays) == {BFLOAT16}
    if low:
        arrays = [wide(x) for x in arrays]
        attrs = [float(cast(np.asarray(v), BFLOAT16)) if a.name == "alpha" and isinstance(v, float) else v
                 for a, v in zip(op.attrs, attrs, strict=True)]  # torch rounds the factor of a sum
    try:
        out = forward(*arrays, *attrs)
    except RuntimeError as error:  # the kernel saw float32
        raise type(error)(re.sub(r"\bfloat\b", "c10::BFloat16", str(error).replace("'Float'", "'BFloat16'"))) if low else error from None
    low = low and not any([a.kind == "dtype" and given is not None for a, given in zip(op.attrs, attrs, strict=True)])
    if op.many or len(op.outputs) > 1:
        return [rounded(np.asarray(o), low) for o in out]
    return rounded(np.asarray(out), low)


def rounded(out: Array, low: bool) -> Array:
    """Return a result as bfloat16 if it is one, or should be."""
    return cast(out, BFLOAT16) if out.dtype is BFLOAT16 or (low and out.dtype == FLOAT32) else out
