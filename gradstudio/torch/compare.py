"""Questions about tensors that are answered with a Python bool: equal, allclose, can_cast."""
from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine import dtypes, errors, promote
from gradstudio.engine.dtypes import DType
from gradstudio.engine.tensor import Tensor, make


def equal(input: Tensor, other: Tensor) -> bool:
    """Return whether shapes and all elements are equal (nan is not)."""
    return bool(np.array_equal(input.array, other.array))


def allclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Return whether all elements are within atol + rtol |other|. Raise RuntimeError for different dtypes."""
    if input.scalar_type != other.scalar_type:
        raise RuntimeError(f"{errors.dtype_name(input.scalar_type)} did not match {errors.dtype_name(other.scalar_type)}")
    return bool(np.allclose(input.array, other.array, rtol, atol, equal_nan))


def isclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Return where elements are within atol + rtol |other|."""
    return make(np.asarray(np.isclose(input.array, other.array, rtol, atol, equal_nan)), None)


def can_cast(from_: Any, to: Any) -> bool:
    """Return whether one dtype may be written into another: not from a higher category into a lower one."""
    order = "biufc"
    first, second = dtypes.as_numpy(from_).kind, dtypes.as_numpy(to).kind
    return promote.CATEGORY[first] <= promote.CATEGORY[second] and not (second == "u" and first == "i") and first in order


def result_type(tensor1: Any, tensor2: Any) -> DType:
    """Return the dtype that an element-wise op of the two gives."""
    return dtypes.of(promote.result_type([x.array if isinstance(x, Tensor) else x for x in (tensor1, tensor2)]))


def promote_types(type1: Any, type2: Any) -> DType:
    """Return the smallest dtype that both fit."""
    return dtypes.of(promote.join(dtypes.as_numpy(type1), dtypes.as_numpy(type2)))


FUNCTIONS = {"equal": equal, "allclose": allclose, "isclose": isclose, "can_cast": can_cast, "result_type": result_type,
             "promote_types": promote_types}
METHODS = {"equal": equal, "allclose": allclose, "isclose": isclose}
