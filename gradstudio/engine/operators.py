"""Python's operators on tensors: each is the function of a row, without a frame of its own."""

from __future__ import annotations

from gradstudio.engine.apply import operator_of
from gradstudio.engine.backward import backward_of
from gradstudio.engine.op import ops
from gradstudio.engine.tensor import Tensor


def install() -> None:
    """Give Tensor its operators; called once the rows are in the table."""
    Tensor.__neg__, Tensor.__getitem__ = ops.neg, ops.index
    for operator, row in {"add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "pow": "pow", "matmul": "matmul"}.items():
        setattr(Tensor, f"__{operator}__", operator_of(row))
        setattr(Tensor, f"__r{operator}__", operator_of(row, arrays=operator == "truediv", swapped=operator not in ("add", "mul")))
    Tensor.backward = backward_of
