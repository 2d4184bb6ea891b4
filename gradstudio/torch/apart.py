"""Functions that stand apart from the spellings of the table: where of a condition alone, complex numbers of two parts, strided memory."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradstudio.engine import dtypes, errors
from gradstudio.engine.op import ops
from gradstudio.engine.tensor import Tensor, make
from gradstudio.torch import discrete, spellings

Function = Callable[..., Any]


def where(condition: Tensor, *values: Any, **named: Any) -> Any:
    """Return elements of one tensor or another; of a condition alone, the indices where it holds."""
    if not values and not named:
        return discrete.nonzero(condition, as_tuple=True)
    if not values and "input" in named:
        values = (named.pop("input"),)
    return spellings.TORCH["where"](condition, *values, **named)


def method_where(self: Tensor, condition: Tensor, other: Any) -> Any:
    """Return own elements where the condition holds, else the other's."""
    return spellings.TORCH["where"](condition, self, other)


method_where.__name__ = "where"


def extreme(name: str) -> Function:
    """Return `max` or `min`, whose second argument is another tensor or a dim."""
    spelled = spellings.TORCH[name]

    def function(input: Tensor, *args: Any, **named: Any) -> Any:
        if args and not isinstance(args[0], Tensor):
            return spelled(input, None, *args, **named)
        return spelled(input, *args, **named)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = spelled.__doc__
    return function


def polar(abs: Tensor, angle: Tensor) -> Any:
    """Return complex numbers of sizes and angles."""
    return ops.polar(abs, angle)


def complex_of(real: Tensor, imag: Tensor) -> Any:
    """Return complex numbers of two parts."""
    return ops.complex(real, imag)


def view_as_real(input: Tensor) -> Any:
    """Return complex numbers as pairs of real ones (…, 2), as a view. Raise RuntimeError for real numbers."""
    return ops.view_as_real(input)


def view_as_complex(input: Tensor) -> Any:
    """Return pairs of real numbers (…, 2) as complex ones. Raise RuntimeError for other shapes, and for integers."""
    if input.scalar_type.kind != "f":
        raise RuntimeError("view_as_complex is only supported for half, float and double tensors, but got a tensor of scalar type: "
                           f"{errors.dtype_name(input.scalar_type)}")
    if not input.ndim:
        raise RuntimeError("Input tensor must have one or more dimensions")
    if input.sizes[-1] != 2:
        raise RuntimeError("Tensor must have a last dimension of size 2")
    return ops.view_as_complex(input)


def detach(input: Tensor) -> Tensor:
    """Return a view without a history."""
    return input.detach()


# Memory.
def fill_diagonal_(self: Tensor, fill_value: Any, wrap: bool = False) -> Tensor:
    """Write one value on the main diagonal; of a tall matrix, with `wrap`, on those that follow after a free row too."""
    if self.ndim < 2:
        raise RuntimeError("dimensions must larger than 1")
    if self.ndim > 2 and len(set(self.sizes)) > 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    steps, length = self.stride(), min(self.sizes)  # type: ignore[attr-defined]
    start = self.storage_offset()  # type: ignore[attr-defined]
    ops.as_strided(self, (length,), (sum(steps),), start).fill_(fill_value)
    height, width = self.sizes[:2]
    if self.ndim == 2 and wrap and height > width + 1:
        more = -(-self.numel() // (width + 1)) - length
        ops.as_strided(self, (more,), (sum(steps),), start + steps[0] * (width + 1)).fill_(fill_value)
    return self


def empty_strided(size: Any, stride: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a tensor (zero here) whose neighbours along each dim lie `stride` elements apart. Raise RuntimeError for too many bytes."""
    if len(size) != len(stride):
        raise RuntimeError(f"mismatch in length of strides and shape: {len(stride)} and {len(size)}")
    kind = dtypes.as_numpy(dtype or dtypes.default())
    needed = 0 if 0 in size else 1 + sum([(n - 1) * s for n, s in zip(size, stride, strict=True)])
    discrete.check_bytes(needed * kind.itemsize)
    memory = np.zeros(max(needed, 1), kind)
    out = make(np.ndarray(tuple(size), kind, memory, 0, tuple([s * kind.itemsize for s in stride])), None)
    out.requires_grad = requires_grad
    return out


def new_empty_strided(self: Tensor, size: Any, stride: Any, *, dtype: Any = None, device: Any = None,
                      requires_grad: bool = False) -> Tensor:
    """Return a tensor (zero here) of the same dtype, with strides."""
    return empty_strided(size, stride, dtype=dtype or self.array.dtype, requires_grad=requires_grad)


TORCH: dict[str, Function] = {"where": where, "polar": polar, "detach": detach, "empty_strided": empty_strided}
TORCH |= {name: extreme(name) for name in ("max", "min")}
TORCH |= {"complex": complex_of, "view_as_real": view_as_real, "view_as_complex": view_as_complex}
METHODS: dict[str, Function] = {"where": method_where, "max": TORCH["max"], "min": TORCH["min"], "fill_diagonal_": fill_diagonal_,
                                "new_empty_strided": new_empty_strided}
