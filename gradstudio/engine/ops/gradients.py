"""What rows of gradients share: those that give the gradients of input, weight and bias at once, and those that PyTorch lacks."""

from __future__ import annotations

from typing import Any

from gradstudio.engine.op import Attr

GRADIENTS = ("out", "grad_weight", "grad_bias")  # their outputs
MASK = Attr("mask", "dims", (True, True, True), "Which of the gradients are wanted.")


def refused(name: str) -> Any:
    """Return the vjp of an op whose node PyTorch has, without a derivative."""

    def vjp(g: Any) -> Any:
        raise NotImplementedError(f"the derivative for '{name}' is not implemented.")

    return vjp
