"""Casts: `to`, `float`, `long`, `type_as` and kin. A cast that changes nothing gives the tensor itself."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradstudio.engine import dtypes
from gradstudio.engine.apply import FUNCTIONS
from gradstudio.engine.dtypes import DType
from gradstudio.engine.tensor import Tensor
from gradstudio.torch.devices import Device

SHORT = {"bfloat16": "bfloat16", "half": "float16", "float": "float32", "double": "float64", "short": "int16", "int": "int32",
         "long": "int64", "bool": "bool", "byte": "uint8", "char": "int8", "cfloat": "complex64", "cdouble": "complex128"}

NAMED = {d.name: d for d in dtypes.DTYPES.values()}


def to(self: Tensor, *args: Any, dtype: Any = None, device: Any = None, copy: bool = False, non_blocking: bool = False,
       memory_format: Any = None) -> Tensor:
    """Return the tensor in another dtype: `to(torch.float64)`, `to(other)`, `to("cpu")`. Raise NotImplementedError for other devices.

    By position `non_blocking` and `copy` follow.
    """
    flags = [given for given in args if isinstance(given, bool)]
    copy = copy or flags[1:] == [True] or is_moved(self, memory_format)
    for given in (*args, device):
        if isinstance(given, Tensor):
            dtype = given.scalar_type
        elif isinstance(given, DType | np.dtype | type):
            dtype = given
        elif isinstance(given, str):
            if given in SHORT.values():
                dtype = given
            else:
                Device(given)
    wanted = self.scalar_type if dtype is None else dtypes.as_numpy(dtype)
    found: Tensor = FUNCTIONS["cast"](self, wanted) if copy and wanted == self.scalar_type else FUNCTIONS["to"](self, wanted)
    return found


def is_moved(x: Tensor, memory_format: Any) -> bool:
    """Tell whether the elements of a tensor would lie elsewhere in a memory format, which takes a copy."""
    rank = {"torch.channels_last": 4, "torch.channels_last_3d": 5}.get(str(memory_format))
    return rank == x.array.ndim and not np.moveaxis(x.array, 1, -1).flags.c_contiguous


def cast_to(name: str) -> Callable[..., Tensor]:
    """Return the method that casts to one dtype."""
    wanted = NAMED[name]

    def cast(self: Tensor, memory_format: Any = None) -> Tensor:
        return to(self, dtype=wanted, memory_format=memory_format)

    return cast


def type_as(self: Tensor, other: Tensor) -> Tensor:
    """Return the tensor in the dtype of another."""
    return to(self, other)


def same(self: Tensor, *args: Any, **named: Any) -> Tensor:
    """Return the tensor itself: everything lies on the CPU."""
    return self


METHODS: dict[str, Callable[..., Any]] = {"to": to, "type_as": type_as, "cpu": same, **{name: cast_to(d) for name, d in SHORT.items()}}
