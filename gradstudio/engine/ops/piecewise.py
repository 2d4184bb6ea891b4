"""Activations made of straight pieces: threshold, hardsigmoid, hardswish, hardshrink, softshrink, prelu. Category activation.

What PyTorch gives at the kinks, and for nan, is in the comparisons: they decide which side a kink belongs to, and nan is on no side.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.op import Attr, Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.activation import CATEGORY
from gradstudio.engine.ops.rounding import none_for
from gradstudio.engine.promote import constant

Array = np.ndarray[Any, Any]
SIXTH = float(np.float32(1 / 6))  # PyTorch's constant is a float32
LAMBD = Attr("lambd", "number", 0.5, "How far from 0 elements are taken for 0.")
LIMIT = Attr("threshold", "number", 0, "Up to which number elements are replaced.", required=True)
VALUE = Attr("value", "number", 0, "What they are replaced with.", required=True)


def zero_where(off: Any, g: Array) -> Any:
    """Return g with zeros where the mask is true, whatever stands there."""
    return np.where(off, constant(0, g.dtype), g)


# Hard sigmoid and hard swish: clamp(x + 3, 0, 6) / 6, without and with a factor x.
def hardsigmoid(x: Array) -> Any:
    return up_to_six(x) / constant(6, x.dtype)


def up_to_six(x: Array) -> Any:
    """Return x + 3, from 0 to 6."""
    return np.minimum(np.maximum(x + constant(3, x.dtype), constant(0, x.dtype)), constant(6, x.dtype))


def hardsigmoid_backward(g: Array, x: Array) -> Any:
    return np.where((x > -3) & (x < 3), g * constant(SIXTH, g.dtype), constant(0, g.dtype))


def hardswish(x: Array) -> Any:
    return x * up_to_six(x) / constant(6, x.dtype)


def hardswish_backward(g: Array, x: Array) -> Any:
    return np.where(x >= 3, g, zero_where(x <= -3, np.where(np.isnan(x), g, g * (x / constant(3, x.dtype) + constant(0.5, x.dtype)))))


@helper
def inside(g: Any, x: Any, bound: float) -> Any:
    """Keep g where x is between −bound and bound."""
    return ops.where(ops.logical_and(ops.gt(x, -bound), ops.lt(x, bound)), g, 0)


# Shrinkage: elements near 0 become 0, and the others come nearer by as much (soft) or stay (hard).
def hardshrink(x: Array, lambd: float) -> Any:
    return zero_where((x >= -lambd) & (x <= lambd), x)


def softshrink(x: Array, lambd: float) -> Any:
    if not 0 <= lambd <= np.finfo(x.dtype).max:
        raise RuntimeError(f"lambda must be in range [0, {np.finfo(x.dtype).max:g}] for input dtype "
                           f"{'Double' if x.dtype == np.float64 else 'Float'}, but found {lambd:g}")
    by = constant(lambd, x.dtype)
    return np.where(x > by, x - by, np.where(x < -by, x + by, x * constant(0, x.dtype)))


def shrink_backward(g: Array, x: Array, lambd: float) -> Any:
    return zero_where((x >= -lambd) & (x <= lambd), g)


def shrinkage(name: str, forward: Any, formula: str, latex: str, doc: str, bad: tuple[Sample, ...] = (),
              more: tuple[str, ...] = ()) -> tuple[Op, Op]:
    """Return the rows of a shrinkage and of its backward."""
    backward, check = f"{name}_backward", "softshrink_check" if bad else f"{name}_cpu"
    node = name.capitalize()

    def vjp(g: Any, x: Any, lambd: Any) -> Any:
        return getattr(ops, backward)(g, x, lambd)

    return (
        Op(backward, (Input("grad_output", vjp), Input("x", lambda g: ops.zeros_like(g))), shrink_backward,
           node_name=f"{node}BackwardBackward0", attrs=(LAMBD,), hidden=True),
        Op(name, (Input("x", vjp, formula),), forward, node_name=f"{node}Backward0", attrs=(LAMBD,), promotes="same", lacks=("biu", check),
           category=CATEGORY, symbol=name[:-2], torch=(f"F.{name}({{x}})", *more), latex=latex, doc=doc,
           samples=(*samples.ONE, Sample((samples.array(3, 2),), {"lambd": 0.9})), bad_samples=bad),
    )


# Relu with a learned slope.
def prelu(x: Any, weight: Any) -> Any:
    """As F.prelu: one slope, or one for each channel (dim 1)."""
    if x.scalar_type != weight.scalar_type:
        names = [errors.dtype_name(t.scalar_type) for t in (x, weight)]
        raise RuntimeError(f"prelu: Type promoting not supported. Got {names[0]} and {names[1]}")
    count, rank = math.prod(weight.sizes), len(x.sizes)
    if count != 1:
        if not rank:
            raise RuntimeError("Not allow zero-dim input tensor.")
        channels = x.sizes[1] if rank > 1 else 1
        if channels != count:
            raise RuntimeError(f"Mismatch of parameter numbers and input channel size. Found parameter numbers = {count} and channel size "
                               f"= {channels}.")
    if len(weight.sizes) > 1:
        raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {len(weight.sizes)}")
    if rank != len(weight.sizes):
        weight = ops.view(weight, tuple([count if i == 1 else 1 for i in range(rank)]))
    return ops.prelu_kernel(x, weight)


def prelu_of(x: Array, weight: Array) -> Any:
    return np.where(x > 0, x, weight * x)


register(
    Op("threshold", (Input("x", lambda g, x, threshold: ops.threshold_backward(g, x, threshold), "[{x} > threshold]"),),
       lambda x, threshold, value: np.where(x <= threshold, constant(value, x.dtype), x), node_name="ThresholdBackward0",
       attrs=(LIMIT, VALUE), promotes="same", lacks=("b", "threshold_cpu"), category=CATEGORY, symbol="threshold",
       torch=("F.threshold({x}, {threshold}, {value})", "torch.threshold({x}, {threshold}, {value})"),
       latex=r"{x}\ \mathrm{if}\ {x} > t\ \mathrm{else}\ v", doc="Keep what is above a threshold, replace the rest by one value.",
       samples=(Sample((samples.array(3, 2),), {"threshold": 0.1, "value": 2.5}), Sample((samples.SCALAR,)))),
    Op("hardsigmoid_backward", (Input("grad_output", none_for("hardsigmoid_backward")), Input("x", none_for("hardsigmoid_backward"))),
       hardsigmoid_backward, node_name="torch::autograd::NotImplemented", hidden=True),
    Op("hardsigmoid", (Input("x", lambda g, x: ops.hardsigmoid_backward(g, x), "[−3 < {x} < 3]/6"),), hardsigmoid,
       node_name="HardsigmoidBackward0", promotes="same", lacks=("biu", "hardsigmoid_cpu"), category=CATEGORY, symbol="hard σ",
       torch=("F.hardsigmoid({x})",), latex=r"\frac{\max(0, \min(6, {x} + 3))}{6}", doc="The logistic function from straight pieces.",
       samples=(*samples.ONE, Sample((samples.array(3, 2) * 4,)))),
    Op("hardswish_backward", (Input("grad_output", lambda g, x: ops.hardswish_backward(g, x)),
                              Input("x", lambda g, grad_output, x: ops.inside(g * grad_output / 3, x, 3))), hardswish_backward,
       node_name="HardswishBackwardBackward0", hidden=True),
    Op("hardswish", (Input("x", lambda g, x: ops.hardswish_backward(g, x), "{x}/3 + 1/2 within ±3"),), hardswish,
       node_name="HardswishBackward0", promotes="same", lacks=("biu", "hardswish_cpu"), category=CATEGORY, symbol="hardswish",
       torch=("F.hardswish({x})",), latex=r"{x}\,\frac{\max(0, \min(6, {x} + 3))}{6}", doc="x times its hard sigmoid.",
       samples=(*samples.ONE, Sample((samples.array(3, 2) * 4,)))),
    *shrinkage("hardshrink", hardshrink, "[|{x}| > λ]", r"{x}\,[|{x}| > \lambda]", "Zero near 0, unchanged elsewhere.",
               more=("torch.hardshrink({x})", "{x}.hardshrink()")),
    *shrinkage("softshrink", softshrink, "[|{x}| > λ]", r"\mathrm{sign}({x})\max(|{x}| - \lambda, 0)",
               "Towards 0 by a fixed amount, and zero near 0.",
               (Sample((samples.array(3),), {"lambd": -1.0}, "lambda must be in range [0, 1.79769e+308] for input dtype Double"),)),
    Op("prelu_backward", (Input("grad_output", lambda g, x, weight: ops.prelu_backward(g, x, weight)),
                          Input("x", lambda g: ops.zeros_like(g)),
                          Input("weight", lambda g, grad_output, x: ops.where(ops.gt(x, 0), 0, g * grad_output))),
       lambda g, x, weight: np.where(x > 0, g, weight * g), node_name="PreluKernelBackwardBackward0", hidden=True),
    Op("prelu_weight_backward", (Input("grad_output", lambda g, x: ops.prelu_weight_backward(g, x)),
                                 Input("x", lambda g, grad_output, x: ops.where(ops.gt(x, 0), 0, g * grad_output))),
       lambda g, x: np.where(x > 0, constant(0, g.dtype), x * g), node_name="PreluKernelBackwardBackward0", hidden=True),
    Op("prelu_kernel", (Input("x", lambda g, x, weight: ops.prelu_backward(g, x, weight)),
                        Input("weight", lambda g, x, weight: ops.prelu_weight_backward(g, x))), prelu_of,
       node_name="PreluKernelBackward0", hidden=True),
    Op("prelu", (Input("x", formula="1 if {x} > 0 else {weight}"), Input("weight", formula="0 if {x} > 0 else {x}")), composite=prelu,
       category=CATEGORY, symbol="prelu", torch=("F.prelu({x}, {weight})", "torch.prelu({x}, {weight})", "{x}.prelu({weight})"),
       latex=r"\max({x}, 0) + {weight}\min({x}, 0)", doc="As relu, with a learned slope on the negative side: one, or one a channel.",
       samples=(Sample((samples.array(3, 2), samples.array(2, start=0.3))), Sample((samples.array(2, 2, 3), samples.SCALAR)),
                Sample((samples.array(3), samples.array(1)))),
       bad_samples=(Sample((samples.array(2, 3), samples.array(2)), error="Mismatch of parameter numbers and input channel size."),)),
)
