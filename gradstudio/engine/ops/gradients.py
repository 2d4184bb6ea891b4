"""What the backward rows share that give the gradients of input, weight and bias at once."""

from __future__ import annotations

from gradstudio.engine.op import Attr

GRADIENTS = ("out", "grad_weight", "grad_bias")  # their outputs
MASK = Attr("mask", "dims", (True, True, True), "Which of the gradients are wanted.")
