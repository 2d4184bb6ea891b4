"""The dim that `F.softmax` and its kin choose, with a warning, where none is given."""
from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from gradstudio.engine.tensor import Tensor

Function = Callable[..., Any]
NAMES = ("softmax", "log_softmax", "softmin")


def dim_chosen(name: str, function: Function) -> Function:
    """Return the function with a dim that may be left out: then it is 0 for a number, a vector and three dims, else 1."""

    def choosing(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
        if dim is None:
            warnings.warn(f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
                          UserWarning, stacklevel=2)
            dim = 0 if input.ndim in (0, 1, 3) else 1
        return function(input, dim, dtype=dtype)

    choosing.__name__ = choosing.__qualname__ = name
    choosing.__doc__ = function.__doc__
    return choosing
