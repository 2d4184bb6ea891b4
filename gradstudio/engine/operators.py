"""Python's operators on tensors: each is the function of a row, without a frame of its own."""

from __future__ import annotations

from typing import Any

from gradstudio.engine.backward import backward_of
from gradstudio.engine.op import ops
from gradstudio.engine.tensor import Tensor


def install() -> None:
    """Give Tensor its operators; called once the rows are in the table."""
    direct = {"add": "add", "radd": "add", "sub": "sub", "mul": "mul", "rmul": "mul", "truediv": "div", "pow": "pow", "matmul": "matmul",
              "neg": "neg", "getitem": "index"}
    for operator, row in direct.items():
        setattr(Tensor, f"__{operator}__", getattr(ops, row))
    for operator, row in {"rsub": "sub", "rtruediv": "div", "rpow": "pow"}.items():
        setattr(Tensor, f"__{operator}__", _reflected(getattr(ops, row)))
    Tensor.backward = backward_of


def _reflected(function: Any) -> Any:
    return lambda x, y: function(y, x)
