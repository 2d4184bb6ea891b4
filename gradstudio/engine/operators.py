"""Python's operators on tensors: each is the function of a row, without a frame of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradstudio.engine.apply import operator_of
from gradstudio.engine.backward import backward_of
from gradstudio.engine.op import load, ops
from gradstudio.engine.tensor import Tensor

BINARY = {"add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "pow": "pow", "matmul": "matmul"}
ALL = ("__neg__", "__getitem__", *[f"__{r}{operator}__" for operator in BINARY for r in ("", "r")])


def loading(name: str) -> Callable[..., Any]:
    """Return an operator that loads the rows, which puts another in its place, and goes on with that."""
    def operator(x: Any, *rest: Any) -> Any:
        load()
        return getattr(x, name)(*rest)

    return operator


def install_loading() -> None:
    """Give Tensor operators for as long as the rows are not loaded."""
    Tensor.backward = backward_of
    for name in ALL:
        setattr(Tensor, name, loading(name))


def install() -> None:
    """Give Tensor its operators; called once the rows are in the table."""
    Tensor.__neg__, Tensor.__getitem__ = ops.neg, ops.index
    for operator, row in BINARY.items():
        setattr(Tensor, f"__{operator}__", operator_of(row))
        setattr(Tensor, f"__r{operator}__", operator_of(row, arrays=operator == "truediv", swapped=operator not in ("add", "mul")))
