"""Losses with a backward op of their own: smooth_l1_loss, huber_loss, soft_margin_loss, binary_cross_entropy. Category loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.numerics import accurate
from gradstudio.engine.op import Attr, Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.classification import CHANCES
from gradstudio.engine.ops.loss import CATEGORY, PAIR, REDUCTION, broadcast_pair, reduced, text_of
from gradstudio.engine.promote import constant

Array = np.ndarray[Any, Any]
Function = Callable[..., Any]
BOUND = Attr("bound", "number", 1.0)
UNEQUAL = Sample((samples.array(2), samples.array(3)), error="The size of tensor a (2) must match the size of tensor b (3)")
FLOOR = 1e-12  # of x(1 − x), where binary_cross_entropy divides by it
LOWEST = -100  # of a logarithm, where it would be −inf


def averaged(losses: Any, reduction: str) -> Any:
    """Return losses over their number if the loss is their mean."""
    return losses / losses.dtype.type(max(losses.size, 1)) if reduction == "mean" else losses


@helper
def over_count(g: Any, shape: tuple[int, ...], reduction: str) -> Any:
    """Return g over the number of elements if the loss is their mean."""
    return g / ops.count(shape) if reduction == "mean" else g


# A parabola up to a bound, straight beyond. smooth_l1 is huber over its bound.
def huber(d: Array, bound: float) -> Any:
    z, b, half = np.abs(d), constant(bound, d.dtype), constant(0.5, d.dtype)
    return np.where(z <= b, half * z * z, b * (z - half * b))


def huber_slope(g: Array, d: Array, bound: float, share: Array) -> Any:
    b = constant(bound, d.dtype)
    return np.where(np.abs(d) < b, share * d * g, np.sign(d) * (share * g * b))


def smooth_l1(d: Array, bound: float) -> Any:
    z, b, half = np.abs(d), constant(bound, d.dtype), constant(0.5, d.dtype)
    return np.where(z < b, half * z * z / b, z - half * b)


def smooth_l1_slope(g: Array, d: Array, bound: float, share: Array) -> Any:
    b = constant(bound, d.dtype)
    return np.where(np.abs(d) < b, share * d * g / b, np.sign(d) * (share * g))


def bent(name: str, node: str, value: Function, slope: Function, over: bool) -> tuple[Op, Op]:
    """Return the hidden rows of a loss that is an even function of the difference, and of its backward.

    `value(d, bound)` and `slope(g, d, bound, share)`, share being 1 over the number of elements of a mean, are on arrays; the second
    derivative is 1 up to the bound, or 1 `over` the bound.
    """
    back = f"{name}_backward"

    def forward(x: Array, target: Array, reduction: str, bound: float) -> Any:
        return reduced(np.asarray(value(x - target, bound)), reduction)

    def backward(g: Array, x: Array, target: Array, reduction: str, bound: float) -> Any:
        return slope(g, np.asarray(x - target), bound, constant(1 / max(x.size, 1) if reduction == "mean" else 1, x.dtype))

    def vjp(g: Any, x: Any, target: Any, reduction: str, bound: float) -> Any:
        return getattr(ops, back)(g, x, target, reduction, bound)

    def target_vjp(g: Any, x: Any, target: Any, reduction: str, bound: float) -> Any:
        return getattr(ops, back)(g, target, x, reduction, bound)

    def second(g: Any, grad_output: Any, x: Any, target: Any, reduction: str, bound: float) -> Any:
        return ops.over_count(ops.inside(g * grad_output / (bound if over else 1), x - target, bound), ops.shape_of(x), reduction)

    def target_second(g: Any, grad_output: Any, x: Any, target: Any, reduction: str, bound: float) -> Any:
        return -ops.over_count(ops.inside(g * grad_output / (bound if over else 1), x - target, bound), ops.shape_of(x), reduction)

    return (Op(back, (Input("grad_output", vjp), Input("x", second), Input("target", target_second)), backward,
               node_name=f"{node}BackwardBackward0", attrs=(REDUCTION, BOUND), hidden=True),
            Op(f"{name}_of", (Input("x", vjp), Input("target", target_vjp)), forward, node_name=f"{node}Backward0",
               attrs=(REDUCTION, BOUND), promotes="same", lacks=("biu", name.replace("_loss", "_cpu")), hidden=True))


def smooth_l1_loss(x: Any, target: Any, reduction: str = "mean", beta: float = 1.0) -> Any:
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    return ops.smooth_l1_loss_of(*broadcast_pair(x, target), reduction, beta) if beta else ops.l1_loss(x, target, reduction)


def huber_loss(x: Any, target: Any, reduction: str = "mean", delta: float = 1.0) -> Any:
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    return ops.huber_loss_of(*broadcast_pair(x, target), reduction, delta)


# Soft margin: ln(1 + exp(−target x)).
def soft_margin(x: Array, target: Array, reduction: str) -> Any:
    return reduced(np.asarray(accurate.log1p(accurate.exp(-target * x))), reduction)


def soft_margin_backward(g: Array, x: Array, target: Array, reduction: str) -> Any:
    power = accurate.exp(-target * x)
    return averaged(-target * power / (power + constant(1, power.dtype)), reduction) * g


@helper
def soft_margin_double_backward(g: Any, x: Any, target: Any, reduction: str) -> Any:
    """The second derivative of the soft margin loss, times g."""
    power = ops.exp(-x * target)
    return ops.over_count(g * target * target * power / ((power + 1) * (power + 1)), ops.shape_of(x), reduction)


# Binary cross entropy of probabilities.
def binary_cross_entropy(x: Any, target: Any, weight: Any = None, reduction: str = "mean") -> Any:
    """As F.binary_cross_entropy: one shape for both, probabilities only."""
    if x.sizes != target.sizes:
        raise ValueError(f"Using a target size (torch.Size({errors.size(target.sizes)})) that is different to the input size "
                         f"(torch.Size({errors.size(x.sizes)})) is deprecated. Please ensure they have the same size.")
    if x.scalar_type != target.scalar_type:
        raise RuntimeError(f"Found dtype {errors.dtype_name(target.scalar_type)} but expected {errors.dtype_name(x.scalar_type)}")
    if x.scalar_type.kind != "f":
        raise errors.lacking("binary_cross_entropy", x.scalar_type)
    return ops.binary_cross_entropy_of(x, target, weight, reduction)


def bce_of(x: Array, target: Array, weight: Array | None, reduction: str) -> Any:
    if not ((x >= 0) & (x <= 1)).all():
        raise RuntimeError("all elements of input should be between 0 and 1")
    lowest, one = constant(LOWEST, x.dtype), constant(1, x.dtype)
    losses = (target - one) * np.maximum(accurate.log1p(-x), lowest) - target * np.maximum(accurate.log(x), lowest)
    return reduced(np.asarray(losses if weight is None else losses * weight), reduction)


def bce_slope(g: Array, x: Array, target: Array, weight: Array | None, reduction: str) -> Any:
    slope = g * (x - target) / np.maximum((constant(1, x.dtype) - x) * x, constant(FLOOR, x.dtype))
    return averaged(slope if weight is None else slope * weight, reduction)


@helper
def bce_second(g: Any, x: Any, target: Any, weight: Any, reduction: str) -> Any:
    """The second derivative of binary cross entropy, times g; PyTorch adds the floor to x(1 − x) here."""
    room = x * (1 - x) + FLOOR
    out = g * (x * x - 2 * x * target + target) / (room * room)
    return ops.over_count(out if weight is None else out * weight, ops.shape_of(x), reduction)


@helper
def bce_target_second(g: Any, x: Any, weight: Any, reduction: str) -> Any:
    """The derivative of binary cross entropy's gradient with respect to the target, times g."""
    out = -g / ops.clamp(x * (1 - x), FLOOR, None)
    return ops.over_count(out if weight is None else out * weight, ops.shape_of(x), reduction)


@helper
def bce_target_slope(g: Any, x: Any, weight: Any, reduction: str) -> Any:
    """The gradient of binary cross entropy with respect to the target: ln(1 − x) − ln x."""
    out = (ops.log1p(-x) - ops.log(x)) * g
    return ops.over_count(out if weight is None else out * weight, ops.shape_of(x), reduction)


WEIGHT = Input("weight", optional=True)
SIDES = np.array([[1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]])
INNER = np.array([[0.2, 0.7], [0.45, 0.9], [0.35, 0.6]])
FAR = (*PAIR, Sample((samples.array(3, 2) * 3, samples.array(3, 2, start=0.6))))
register(
    *bent("smooth_l1_loss", "SmoothL1Loss", smooth_l1, smooth_l1_slope, True),
    *bent("huber_loss", "HuberLoss", huber, huber_slope, False),
    Op("smooth_l1_loss", (Input("x", formula=text_of("clamp", "+")), Input("target", formula=text_of("clamp", "−"))),
       composite=smooth_l1_loss, attrs=(REDUCTION, Attr("beta", "number", 1.0, "Up to which difference it is a parabola.")),
       category=CATEGORY, symbol="smooth |Δ|", torch=("F.smooth_l1_loss({x}, {target})",),
       latex=r"\overline{\mathrm{smooth}_\beta({x} - {target})}", doc="Absolute difference, rounded to a parabola near 0.",
       samples=(*FAR, Sample((samples.array(3), samples.array(3, start=0.6)), {"beta": 0.4})), bad_samples=(
           UNEQUAL, Sample((samples.array(2), samples.array(2)), {"beta": -1.0}, "smooth_l1_loss does not support negative values"))),
    Op("huber_loss", (Input("x", formula=text_of("clamp", "+")), Input("target", formula=text_of("clamp", "−"))),
       composite=huber_loss, attrs=(REDUCTION, Attr("delta", "number", 1.0, "Up to which difference it is a parabola.")),
       category=CATEGORY, symbol="huber", torch=("F.huber_loss({x}, {target})",),
       latex=r"\overline{\mathrm{huber}_\delta({x} - {target})}", doc="Squared difference up to a bound, absolute beyond.",
       samples=(*FAR, Sample((samples.array(3), samples.array(3, start=0.6)), {"delta": 0.4})), bad_samples=(
           UNEQUAL, Sample((samples.array(2), samples.array(2)), {"delta": 0.0}, "huber_loss does not support non-positive values"))),
    Op("soft_margin_loss_backward", (
        Input("grad_output", lambda g, x, target, reduction: ops.soft_margin_loss_backward(g, x, target, reduction)),
        Input("x", lambda g, grad_output, x, target, reduction: ops.soft_margin_double_backward(g * grad_output, x, target, reduction)),
        Input("target")), soft_margin_backward, node_name="SoftMarginLossBackwardBackward0", attrs=(REDUCTION,), hidden=True),
    Op("soft_margin_loss", (Input("x", lambda g, x, target, reduction: ops.soft_margin_loss_backward(g, x, target, reduction),
                                  "−{target}·σ(−{target}·{x})/n"), Input("target", optional=True)), soft_margin,
       node_name="SoftMarginLossBackward0", attrs=(REDUCTION,), promotes="same", category=CATEGORY, symbol="soft margin",
       torch=("F.soft_margin_loss({x}, {target})",), latex=r"\overline{\ln(1 + e^{-t {x}})}",
       doc="Logistic loss of scores against targets that are -1 or 1.",
       samples=(Sample((samples.array(3, 2), SIDES)), Sample((samples.array(3, 2), SIDES), {"reduction": "sum"}),
                Sample((samples.array(3, 2), SIDES), {"reduction": "none"})), bad_samples=(UNEQUAL,)),
    Op("binary_cross_entropy_backward", (
        Input("grad_output", lambda g, x, target, weight, reduction: ops.binary_cross_entropy_backward(g, x, target, weight, reduction)),
        Input("x", lambda g, grad_output, x, target, weight, reduction: ops.bce_second(g * grad_output, x, target, weight, reduction)),
        Input("target", lambda g, grad_output, x, weight, reduction: ops.bce_target_second(g * grad_output, x, weight, reduction)),
        WEIGHT), bce_slope, node_name="BinaryCrossEntropyBackwardBackward0", attrs=(REDUCTION,), hidden=True),
    Op("binary_cross_entropy_of", (
        Input("x", lambda g, x, target, weight, reduction: ops.binary_cross_entropy_backward(g, x, target, weight, reduction)),
        Input("target", lambda g, x, weight, reduction: ops.bce_target_slope(g, x, weight, reduction)), WEIGHT), bce_of,
       node_name="BinaryCrossEntropyBackward0", attrs=(REDUCTION,), hidden=True),
    Op("binary_cross_entropy", (Input("x", formula="({x} − {target})/({x}·(1 − {x})·n)"),
                                Input("target", formula="(ln(1 − {x}) − ln {x})/n"), WEIGHT), composite=binary_cross_entropy,
       attrs=(REDUCTION,), category=CATEGORY, symbol="BCE p", torch=("F.binary_cross_entropy({x}, {target}, {weight})",),
       latex=r"\overline{-t\ln {x} - (1-t)\ln(1-{x})}", doc="Log loss of probabilities against targets between 0 and 1.",
       samples=(Sample((INNER, CHANCES, None)), Sample((INNER, CHANCES, samples.positive(3, 2)), {"reduction": "none"}),
                Sample((INNER, CHANCES, None), {"reduction": "sum"})),
       bad_samples=(Sample((samples.positive(2) + 1, samples.positive(2), None), error="all elements of input should be between"),)),
)
