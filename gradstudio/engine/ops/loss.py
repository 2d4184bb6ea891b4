"""Losses, with the backward ops that PyTorch has for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine.dims import broadcast_shape
from gradstudio.engine.numerics import summation
from gradstudio.engine.op import Attr, Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops import samples

Array = np.ndarray[Any, Any]
CATEGORY = "loss"
REDUCTION = Attr("reduction", "choice", "mean", "What becomes of the elements: their mean, their sum, or all of them.",
                 ("mean", "sum", "none"))
PAIR = (Sample((np.array(1.5), np.array(0.3))), Sample((samples.array(3, 2), samples.array(3, 2, start=0.6))),
        Sample((samples.array(3), samples.array(3, start=0.6)), {"reduction": "sum"}),
        Sample((samples.array(3), samples.array(3, start=0.6)), {"reduction": "none"}))


def reduced(losses: Any, reduction: str) -> Any:
    """Reduce an array of losses."""
    if reduction == "mean":
        return summation.total(losses) / losses.dtype.type(losses.size)
    if reduction == "sum":
        return summation.total(losses)
    if reduction != "none":
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return losses


def elements(operands: Any) -> int | None:
    """Return how many elements the loss averages over, if known."""
    return None if operands is None else int(operands[0].array.size)


def text_of(around: str, sign: str) -> Any:
    """Return the formula of one side of a loss: a function of the difference, over n where it averages. sign: of which operand."""

    def text(texts: Any, attrs: Any, operands: Any) -> str:
        n = elements(operands)
        over = "" if attrs.get("reduction", "mean") != "mean" or n == 1 else f"/{n or 'n'}"
        a, b = (texts[0], texts[1]) if sign == "+" else (texts[1], texts[0])
        return f"{around}({a}−{b}){over}"

    return text


def broadcast_pair(x: Any, target: Any) -> tuple[Any, Any]:
    """Expand both to one shape, as F's losses do; what has it already stays as it is."""
    shape = broadcast_shape(x.sizes, target.sizes)
    return x if x.sizes == shape else ops.expand(x, shape), target if target.sizes == shape else ops.expand(target, shape)


# Squared error.
def mse(x: Any, target: Any, reduction: str = "mean") -> Any:
    if x.sizes != target.sizes:
        x, target = broadcast_pair(x, target)
    return ops.mse_loss_same(x, target, reduction)


def mse_loss(x: Array, target: Array, reduction: str) -> Any:
    difference = x - target
    return reduced(difference * difference, reduction)


def mse_loss_backward(grad_output: Array, x: Array, target: Array, reduction: str) -> Any:
    factor = 2 / max(x.size, 1) if reduction == "mean" else 2
    return x.dtype.type(factor) * (x - target) * grad_output


@helper
def mse_loss_double_backward(g: Any, shape: tuple[int, ...], reduction: str) -> Any:
    """The second derivative of the squared error, times g."""
    out = 2 * g
    return out / ops.count(shape) if reduction == "mean" else out


register(
    Op("mse_loss_backward", (
        Input("grad_output", lambda g, x, target, reduction: ops.mse_loss_backward(g, x, target, reduction)),
        Input("x", lambda g, grad_output, x_shape, reduction: ops.mse_loss_double_backward(g * grad_output, x_shape, reduction)),
        Input("target", lambda g, grad_output, x_shape, reduction: -ops.mse_loss_double_backward(g * grad_output, x_shape, reduction))),
        mse_loss_backward, node_name="MseLossBackwardBackward0", attrs=(REDUCTION,), hidden=True),
    Op("mse_loss_same", (Input("x", lambda g, x, target, reduction: ops.mse_loss_backward(g, x, target, reduction)),
                         Input("target", lambda g, x, target, reduction: ops.mse_loss_backward(g, target, x, reduction))),
       mse_loss, node_name="MseLossBackward0", attrs=(REDUCTION,), promotes="same", lacks=("biu", "mse_cpu"), hidden=True),
    Op("mse_loss", (Input("x", formula=text_of("2", "+")), Input("target", formula=text_of("2", "−"))), composite=mse, attrs=(REDUCTION,),
        category=CATEGORY, symbol="Δ²",
        torch=("F.mse_loss({x}, {target})",), latex=r"\overline{({x} - {target})^2}", doc="Mean squared difference.", samples=PAIR,
        bad_samples=(Sample((samples.array(2), samples.array(3)), error="The size of tensor a (2) must match the size of tensor b (3)"),)),
)


# Absolute error: a composite, as in PyTorch.
def l1_loss(x: Any, target: Any, reduction: str = "mean") -> Any:
    losses = ops.abs(ops.sub(*broadcast_pair(x, target)))
    return ops.mean(losses) if reduction == "mean" else ops.sum(losses) if reduction == "sum" else losses


register(
    Op("l1_loss", (Input("x", formula=text_of("sign", "+")), Input("target", formula=text_of("sign", "−"))), composite=l1_loss,
       attrs=(REDUCTION,), category=CATEGORY, symbol="|Δ|", torch=("F.l1_loss({x}, {target})",), latex=r"\overline{|{x} - {target}|}",
       doc="Mean absolute difference.", samples=PAIR,
       bad_samples=(Sample((samples.array(2), samples.array(3)), error="The size of tensor a (2) must match the size of tensor b (3)"),)),
)
