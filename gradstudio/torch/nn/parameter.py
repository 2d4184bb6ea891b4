"""Parameter: a leaf that a Module finds by itself."""
from __future__ import annotations

from typing import Any

from gradstudio.engine import printing
from gradstudio.engine.tensor import Tensor, make
from gradstudio.torch.methods import deep_copy


class Parameter(Tensor):
    """A tensor that requires grad and belongs to a Module once assigned to it. Shares storage with the tensor that it is made from."""

    __slots__ = ("__dict__",)

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Parameter:
        if data is None:
            raise NotImplementedError("torch.nn.Parameter without data")
        if requires_grad and data.array.dtype.kind not in "fc":
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        self: Parameter = object.__new__(cls)
        plain = make(data.array, None)
        self.array, self.sizes, self.scalar_type, self.node, self.version = plain.array, plain.sizes, plain.scalar_type, None, plain.version
        self.requires_grad = requires_grad
        return self

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        """Take the arguments that __new__ has used."""

    def __repr__(self) -> str:
        return f"Parameter containing:\n{printing.tensor_str(self)}"

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        if id(self) not in memo:
            plain = deep_copy(self, {})
            twin = type(self)(plain, self.requires_grad)
            twin.grad = plain.grad
            memo[id(self)] = twin
        found: Parameter = memo[id(self)]
        return found


Parameter.__module__ = "torch.nn.parameter"
