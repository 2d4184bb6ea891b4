"""Activations, and the backward ops that PyTorch has for them (rows of their own, so that second order has PyTorch's nodes)."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine.numerics import accurate, fused, sleef
from gradstudio.engine.op import Attr, Input, Op, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.promote import F32, constant

Array = np.ndarray[Any, Any]
CATEGORY = "activation"
GRAD = "grad_output"
ZERO = constant(0, F32)
BITS = {size: np.dtype(f"i{size}") for size in (2, 4, 8)}  # integers of a float's size


def relu(x: Array) -> Any:
    return np.maximum(x, ZERO if x.dtype is F32 else constant(0, x.dtype))


def threshold_backward(g: Array, x: Array, threshold: float) -> Array:
    bound = ZERO if not threshold and x.dtype is F32 else constant(threshold, x.dtype)
    off = np.less_equal(x, bound)  # torch keeps g where x is nan, and gives 0 even where g is inf
    if g.size > 256 and g.dtype.kind == "f":  # masks mispredict: multiply the bits instead, 0 * inf cannot become nan
        bits: Array = np.logical_not(off, off).astype(BITS[g.itemsize])
        np.multiply(g.view(bits.dtype), bits, bits)
        return bits.view(g.dtype)
    out = g.copy()
    out[off] = 0
    return out


def tanh_backward(g: Array, out: Array) -> Any:
    if out.size == 1 == g.size and out.dtype is F32:  # a scalar's tanh is common
        y, slope = out.item(), out.copy()
        slope.fill(1.0 - y * y)
        slope.fill(g.item() * slope.item())
        return slope
    if out.size <= accurate.SHORT:
        return g * fused.less_product(constant(1, out.dtype), out, out)
    square = out * out
    np.subtract(constant(1, out.dtype), square, square)
    return np.multiply(g, square, square)


def sigmoid(x: Array) -> Any:
    one = constant(1, x.dtype)
    return one / (one + sleef.exp_each(np.asarray(-x)))


def sigmoid_backward(g: Array, out: Array) -> Any:
    return g * (constant(1, out.dtype) - out) * out


register(
    Op("threshold_backward", (Input("grad_output", lambda g, x, threshold: ops.threshold_backward(g, x, threshold)),
                              Input("x", lambda g: ops.zeros_like(g))), threshold_backward, node_name="ThresholdBackwardBackward0",
       attrs=(Attr("threshold", "number", 0),), promotes="same", hidden=True),
    Op("tanh_backward", (Input("grad_output", lambda g, result: ops.tanh_backward(g, result)),
                         Input("result", lambda g, grad_output, result: g * (-2 * result * grad_output))), tanh_backward,
       node_name="TanhBackwardBackward0", promotes="same", hidden=True),
    Op("sigmoid_backward", (Input("grad_output", lambda g, result: ops.sigmoid_backward(g, result)),
                            Input("result", lambda g, grad_output, result: g * grad_output * (-2 * result + 1))), sigmoid_backward,
       node_name="SigmoidBackwardBackward0", promotes="same", hidden=True),
    Op("relu", (Input("x", lambda g, out: ops.threshold_backward(g, out, 0), "[{x} > 0]"),), relu, node_name="ReluBackward0",  # 0 at x == 0
       promotes="same", lacks=("b", "Boolean inputs not supported for relu"),
       category=CATEGORY, symbol="relu", torch=("torch.relu({x})", "{x}.relu()", "F.relu({x})"), latex=r"\max(0, {x})",
       doc="Keep what is positive, replace the rest by zero.", samples=samples.ONE),
    Op("tanh", (Input("x", lambda g, out: ops.tanh_backward(g, out), "1 − tanh² {x}"),), accurate.tanh, node_name="TanhBackward0",
       promotes="float",
       category=CATEGORY, symbol="tanh", torch=("torch.tanh({x})", "{x}.tanh()"), latex=r"\tanh {x}", doc="Hyperbolic tangent.",
       samples=samples.ONE),
    Op("sigmoid", (Input("x", lambda g, out: ops.sigmoid_backward(g, out), "σ({x})(1 − σ({x}))"),), sigmoid, node_name="SigmoidBackward0",
       promotes="float", category=CATEGORY, symbol="σ", torch=("torch.sigmoid({x})", "{x}.sigmoid()"), latex=r"\sigma({x})",
       doc="Logistic function: squeeze into (0, 1).", samples=samples.ONE),
)
