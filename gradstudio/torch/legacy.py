"""Constructors of old: Tensor([1, 2]), FloatTensor(2, 3), LongTensor([1])."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradstudio.engine.tensor import Tensor
from gradstudio.torch import creation

KINDS = {"FloatTensor": "float32", "DoubleTensor": "float64", "HalfTensor": "float16", "BFloat16Tensor": "bfloat16",
         "LongTensor": "int64", "IntTensor": "int32",
         "ShortTensor": "int16", "CharTensor": "int8", "ByteTensor": "uint8", "BoolTensor": "bool"}


def made(dtype: Any, args: tuple[Any, ...]) -> Tensor:
    """Return a tensor from data, or of a size (uninitialised in PyTorch, zero here)."""
    if all(isinstance(a, int) for a in args):
        return creation.zeros(*args or (0,), dtype=dtype)
    return creation.tensor(args[0], dtype=dtype or "float32")


def of_kind(dtype: str) -> Callable[..., Tensor]:
    """Return the constructor of one dtype."""
    return lambda *args: made(dtype, args)


class Meta(type):
    """Lets `torch.Tensor` stand for the engine's class, which has no constructor because that would slow every op."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, Tensor)

    def __subclasscheck__(cls, kind: type) -> bool:
        return issubclass(kind, Tensor)

    def __call__(cls, *args: Any) -> Any:
        return made(None, args)

    def __getattr__(cls, name: str) -> Any:
        return getattr(Tensor, name)

    def __eq__(cls, other: object) -> bool:
        return other is cls or other is Tensor

    def __hash__(cls) -> int:
        return hash(Tensor)

    def __repr__(cls) -> str:
        return repr(Tensor)


class TensorType(metaclass=Meta):
    """`torch.Tensor`."""


TYPES = {name: of_kind(dtype) for name, dtype in KINDS.items()}
