"""Tensors of a real PyTorch as a recording sees them, and its calls in words. PyTorch itself is handed in: nothing here imports it."""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any

import numpy as np

from gradstudio.document.graph import Array

Function = Any
PLACES = {
    "torch.nn.functional": "F", "torch._C._nn": "F", "torch._tensor": "Tensor", "torch._C.TensorBase": "Tensor",
    "torch.autograd": "torch.autograd", "torch._C._linalg": "torch.linalg", "torch.linalg": "torch.linalg",
    "torch._C._special": "torch.special",
}  # fmt: skip


class Live:
    """A tensor of PyTorch; asks it anew for everything."""

    __slots__ = ("tensor",)

    def __init__(self, tensor: Any) -> None:
        self.tensor = tensor

    @property
    def key(self) -> int:
        return id(self.tensor)

    @property
    def storage(self) -> int:
        try:
            found: int = self.tensor.untyped_storage().data_ptr()
        except (NotImplementedError, RuntimeError):  # sparse and the like have none
            return id(self.tensor)
        return found

    @property
    def version(self) -> int:
        return 0 if self.tensor.is_inference() else int(self.tensor._version)

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.tensor.shape)

    @property
    def dtype(self) -> str:
        return str(self.tensor.dtype).removeprefix("torch.")

    @property
    def requires_grad(self) -> bool:
        return bool(self.tensor.requires_grad)

    @property
    def is_leaf(self) -> bool:
        return bool(self.tensor.is_leaf)

    @property
    def grad(self) -> Live | None:
        if not (self.tensor.is_leaf or self.tensor.retains_grad):
            return None
        return None if self.tensor.grad is None else Live(self.tensor.grad)

    def value(self) -> Array:
        try:
            array: Array = np.array(self.tensor.numpy(force=True))
        except (TypeError, RuntimeError, NotImplementedError, ValueError) as error:
            raise ValueError(f"numpy has no array for a {self.dtype} tensor on {self.tensor.device} ({error})") from error
        return array

    def origins(self) -> frozenset[int]:
        found, seen, waiting = set(), set(), [self.tensor.grad_fn]
        while waiting:
            node = waiting.pop()
            if node is None or node in seen:
                continue
            seen.add(node)
            if hasattr(node, "variable"):
                found.add(id(node.variable))
            waiting += [following for following, _ in node.next_functions]
        return frozenset(found)


def name_of(function: Function) -> str:
    """Return a function of PyTorch in words: `torch.add`, `F.relu`, `Tensor.add_`, `Tensor.grad.__set__`."""
    owner = getattr(function, "__self__", None)
    name = getattr(function, "__name__", type(function).__name__)
    if name in ("__get__", "__set__", "__delete__"):
        return f"Tensor.{getattr(owner, '__name__', None) or getattr(getattr(owner, 'fget', None), '__name__', '')}.{name}"
    if hasattr(function, "__objclass__"):
        return f"Tensor.{name}"
    place = PLACES.get(getattr(function, "__module__", None) or "", "torch")
    return f"{place}.{name.removeprefix(place.removeprefix('torch.') + '_')}"  # linalg_inv stands in torch.linalg as inv


@cache
def _defaults(function: Function) -> dict[str, Any]:
    """Return the defaults of a function that is written in Python; PyTorch hands all of them on."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}
    return {name: p.default for name, p in parameters.items() if p.default is not p.empty}


def given(function: Function, named: dict[str, Any]) -> dict[str, Any]:
    """Return the named arguments that are not at their defaults."""
    defaults = _defaults(function) if inspect.isfunction(function) else {}
    return {name: value for name, value in named.items() if not (name in defaults and _same(value, defaults[name]))}


def _same(value: object, default: object) -> bool:
    return value is default or (type(value) is type(default) and isinstance(value, bool | int | float | str) and value == default)


def plain(torch: Any, value: Any) -> object:
    """Return an argument or a result with each tensor in it as a Live, and sizes, dtypes and numbers of numpy as Python's."""
    if isinstance(value, torch.Tensor):
        return Live(value)
    if isinstance(value, torch.dtype):
        return str(value).removeprefix("torch.")
    if isinstance(value, tuple):
        return tuple(plain(torch, item) for item in value)
    if isinstance(value, list):
        return [plain(torch, item) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    return value
