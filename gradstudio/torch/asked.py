"""Yes and no: what is asked of each element, and of a tensor as a whole; and where elements are."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.tensor import Tensor, make
from gradstudio.torch.discrete import called, nonzero

Function = Callable[..., Any]


def _asked(name: str, ask: Function, complex_too: bool = False) -> Function:
    def answer(input: Tensor) -> Tensor:
        called(name, ("input", input))
        array = input.array
        if array.dtype.kind == "c" and not complex_too:
            raise RuntimeError(f"{name} does not support complex inputs.")
        return make(np.asarray(ask(array)), None)

    answer.__name__ = answer.__qualname__ = name
    answer.__doc__ = f"Return `{name}` of each element as a bool."
    return answer


def is_signed(input: Tensor) -> bool:
    """Return whether the dtype has numbers below zero."""
    return input.scalar_type.kind not in "bu"


def argwhere(input: Tensor) -> Any:
    """Return the indices (n, ndim) of the elements that are not zero, int64."""
    return nonzero(input)


def typename(obj: Any) -> str:
    """Return the name of the type of a tensor (torch.FloatTensor) or of anything else, with its module."""
    return f"torch.{errors.dtype_name(obj.scalar_type)}Tensor" if isinstance(obj, Tensor) else errors.type_name(obj)


ELEMENTS: dict[str, Function] = {
    "isposinf": _asked("isposinf", lambda x: np.isposinf(x) if x.dtype.kind == "f" else np.zeros(x.shape, bool)),
    "isneginf": _asked("isneginf", lambda x: np.isneginf(x) if x.dtype.kind == "f" else np.zeros(x.shape, bool)),
    "signbit": _asked("signbit", lambda x: np.signbit(x) if x.dtype.kind == "f" else x < 0),
    "isreal": _asked("isreal", np.isreal, complex_too=True),
}
METHODS: dict[str, Function] = {**ELEMENTS, "is_signed": is_signed, "argwhere": argwhere}
TORCH: dict[str, Function] = {**METHODS, "typename": typename}
