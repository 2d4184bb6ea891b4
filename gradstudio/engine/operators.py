"""Python's operators on tensors: each is the function of a row, without a frame of its own."""

from __future__ import annotations

from typing import Any

from gradstudio.engine.apply import operator_of
from gradstudio.engine.backward import backward_of
from gradstudio.engine.op import ops
from gradstudio.engine.tensor import Tensor


def install() -> None:
    """Give Tensor its operators; called once the rows are in the table."""
    Tensor.__neg__, Tensor.__getitem__ = ops.neg, ops.index
    for operator, row in {"add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "pow": "pow", "matmul": "matmul"}.items():
        function = operator_of(row)
        setattr(Tensor, f"__{operator}__", function)
        setattr(Tensor, f"__r{operator}__", function if operator in ("add", "mul") else _reflected(function))
    Tensor.backward = backward_of


def _reflected(function: Any) -> Any:
    return lambda x, y: function(y, x)
