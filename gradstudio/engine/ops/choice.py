"""Choices: where, clamp, the larger and the smaller of two. Category arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.dims import broadcast_shape
from gradstudio.engine.op import Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.arithmetic import CATEGORY, operand
from gradstudio.engine.tensor import Tensor


def bounded(x: Any, low: Any = None, high: Any = None) -> Any:
    """Clamp by numbers (ClampBackward1) or by tensors, which may have gradients of their own (ClampBackward0)."""
    if low is None and high is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    low, high = [b.item() if isinstance(b, np.generic) else b for b in (low, high)]
    if isinstance(low, Tensor) or isinstance(high, Tensor):
        return ops.clamp_tensor(x, low, high)
    return ops.clamp_number(x, low, high)


def clamped(x: Any, low: Any, high: Any) -> Any:
    out = x if low is None else np.maximum(x, low)
    return out if high is None else np.minimum(out, high)


@helper
def clamp_backward(g: Any, x: Any, low: Any, high: Any) -> Any:
    """The gradient of what clamp lets through: 1 at the bounds too."""
    if low is not None and high is not None:
        return ops.where(ops.logical_and(ops.ge(x, low), ops.le(x, high)), g, 0)
    return ops.where(ops.ge(x, low) if high is None else ops.le(x, high), g, 0)


@helper
def clamp_backward_low(g: Any, x: Any, low: Any, high: Any) -> Any:
    """The gradient of the lower bound: where it is what came out."""
    below = ops.lt(x, low)
    return ops.where(below if high is None else ops.logical_and(below, ops.lt(low, high)), g, 0)


@helper
def clamp_backward_high(g: Any, x: Any, low: Any, high: Any) -> Any:
    """The gradient of the upper bound: where it is what came out."""
    above = ops.gt(x, high)
    return ops.where(above if low is None else ops.logical_or(above, ops.lt(high, low)), g, 0)


@helper
def larger_backward(g: Any, x: Any, y: Any) -> Any:
    """The gradient of max(x, y) with respect to x: half where both are equal."""
    return ops.masked_fill_number(ops.where(ops.eq(x, y), g / 2, g), ops.lt(x, y), 0)


@helper
def smaller_backward(g: Any, x: Any, y: Any) -> Any:
    """The gradient of min(x, y) with respect to x: half where both are equal."""
    return ops.masked_fill_number(ops.where(ops.eq(x, y), g / 2, g), ops.gt(x, y), 0)


def chosen(condition: Any, x: Any, y: Any) -> Any:
    if condition.dtype.kind != "b" and condition.dtype != np.uint8:
        raise RuntimeError("where expected condition to be a boolean tensor, but got a tensor with dtype "
                           f"{errors.dtype_name(condition.dtype)}")
    return np.where(condition, x, y)


def bound(name: str, vjp: Any = None, formula: str | None = None, **more: Any) -> Input:
    """Return an input for a bound of clamp, which may be left out."""
    return Input(name, vjp=vjp, formula=formula, optional=True, **more)


def filled(x: Any, mask: Any, value: Any) -> Any:
    try:
        return np.where(mask, np.asarray(value, x.dtype), x)
    except ValueError:
        broadcast_shape(x.shape, mask.shape)
        raise


CLAMPS = (Sample((samples.array(3, 2), -0.6, 0.6)), Sample((samples.array(3, 2), None, 0.4)),
          Sample((samples.array(3, 2), samples.array(3, 2, start=-1.0) - 0.7, samples.array(3, 2, start=-1.0) + 0.4)))
register(
    Op("masked_fill_number", (Input("x", lambda g, mask: ops.masked_fill_number(g, mask, 0)), Input("mask"), Input("value", kind="number")),
       filled,
       node_name="MaskedFillBackward0", hidden=True),
    Op("masked_fill_tensor", (Input("x", lambda g, mask: ops.masked_fill_number(g, mask, 0)), Input("mask"),
                              Input("value", lambda g, mask: ops.sum(ops.where(mask, g, 0)))), filled, node_name="MaskedFillBackward1",
       hidden=True),
    Op("clamp_number", (Input("x", lambda g, x, min, max: ops.clamp_backward(g, x, min, max)), bound("min", kind="number"),
                        bound("max", kind="number")), clamped, node_name="ClampBackward1", promotes="same", hidden=True),
    Op("clamp_tensor", (Input("x", lambda g, x, min, max: ops.clamp_backward(g, x, min, max)),
                        bound("min", lambda g, x, min, max: ops.clamp_backward_low(g, x, min, max), kind="operand"),
                        bound("max", lambda g, x, min, max: ops.clamp_backward_high(g, x, min, max), kind="operand")), clamped,
       node_name="ClampBackward0", promotes="same", hidden=True),
    Op("clamp", (Input("x", formula="[{min} ≤ {x} ≤ {max}]"), bound("min", formula="[{x} < {min}]", kind="operand"),
                 bound("max", formula="[{x} > {max}]", kind="operand")), composite=bounded, category=CATEGORY, symbol="clamp",
       torch=("torch.clamp({x}, {min}, {max})", "{x}.clamp({min}, {max})"), latex=r"\mathrm{clamp}({x}, {min}, {max})",
       doc="Keep between two bounds; the gradient passes inside and at the bounds.", samples=CLAMPS,
       bad_samples=(Sample((samples.array(3), None, None), error="torch.clamp: At least one of 'min' or 'max' must not be None"),)),
    Op("maximum", (Input("x", lambda g, x, y: ops.larger_backward(g, x, y), "[{x} > {y}]"),
                   Input("y", lambda g, x, y: ops.larger_backward(g, y, x), "[{y} > {x}]")), np.maximum, node_name="MaximumBackward0",
       promotes="same", category=CATEGORY, symbol="max", torch=("torch.maximum({x}, {y})", "{x}.maximum({y})"), latex=r"\max({x}, {y})",
       doc="The larger of both, element by element; equal ones share the gradient.", samples=samples.TWO[:-1],
       bad_samples=samples.BROADCAST),
    Op("minimum", (Input("x", lambda g, x, y: ops.smaller_backward(g, x, y), "[{x} < {y}]"),
                   Input("y", lambda g, x, y: ops.smaller_backward(g, y, x), "[{y} < {x}]")), np.minimum, node_name="MinimumBackward0",
       promotes="same", category=CATEGORY, symbol="min", torch=("torch.minimum({x}, {y})", "{x}.minimum({y})"), latex=r"\min({x}, {y})",
       doc="The smaller of both, element by element; equal ones share the gradient.", samples=samples.TWO[:-1],
       bad_samples=samples.BROADCAST),
    Op("where", (Input("condition", promote=False), operand("x", lambda g, condition: ops.where(condition, g, 0), "[{condition}]"),
                 operand("y", lambda g, condition: ops.where(condition, 0, g), "[not {condition}]")), chosen, node_name="WhereBackward0",
       promotes="same", category=CATEGORY, symbol="?:", torch=("torch.where({condition}, {x}, {y})",),
       latex=r"{x}\ \mathrm{if}\ {condition}\ \mathrm{else}\ {y}", doc="Take from x where the condition holds, else from y.",
       samples=(Sample((samples.array(3, 2) > 0, samples.array(3, 2), samples.array(3, 2, start=0.6))),)),
)
