"""PyTorch's names of rows that serve other rows and stand in no palette: masked_fill, clamp_..."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradstudio.engine.inplace import mutating
from gradstudio.engine.op import ops
from gradstudio.engine.tensor import Tensor

Function = Callable[..., Any]
fill_number_, fill_tensor_ = mutating("masked_fill"), mutating("masked_fill_tensor")
whole_, rounded_, power_ = mutating("round_whole"), mutating("round_to"), mutating("pow_scalar")
clamp_number_, clamp_tensor_ = mutating("clamp_number"), mutating("clamp_tensor")


def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Any:
    """Return the tensor with one value where the mask is True."""
    return ops.masked_fill_tensor(input, mask, value) if isinstance(value, Tensor) else ops.masked_fill(input, mask, value)


def masked_fill_(self: Tensor, mask: Tensor, value: Any) -> Tensor:
    """Write one value where the mask is True."""
    return fill_tensor_(self, mask, value) if isinstance(value, Tensor) else fill_number_(self, mask, value)


def clamp_(self: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """Limit the elements in place. Raise RuntimeError without a limit."""
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    return (clamp_tensor_ if isinstance(min, Tensor) or isinstance(max, Tensor) else clamp_number_)(self, min, max)


def round_(self: Tensor, *, decimals: int = 0) -> Tensor:
    """Round in place, to the nearest, halves to even."""
    return rounded_(self, decimals) if decimals else whole_(self)


def square_(self: Tensor) -> Tensor:
    """Multiply by itself in place."""
    return power_(self, 2)


def logical_and(input: Tensor, other: Tensor) -> Any:
    """Return where both are true."""
    return ops.logical_and(input, other)


def logical_or(input: Tensor, other: Tensor) -> Any:
    """Return where one of both is true."""
    return ops.logical_or(input, other)


BOTH = {f.__name__: f for f in (masked_fill, logical_and, logical_or)}
TORCH: dict[str, Function] = {**BOTH}
METHODS: dict[str, Function] = {**BOTH, "masked_fill_": masked_fill_, "clamp_": clamp_,
                                 "round_": round_, "square_": square_}
FUNCTIONAL: dict[str, Function] = {}
