"""Leaky and smooth activations: leaky_relu, softplus, gelu, silu. Category activation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradstudio.engine.numerics import accurate, fused, sleef
from gradstudio.engine.numerics.erf import erf
from gradstudio.engine.op import Attr, Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.activation import CATEGORY
from gradstudio.engine.promote import constant

Array = np.ndarray[Any, Any]
SLOPE = Attr("negative_slope", "number", 0.01, "Slope on the negative side.")
BETA = Attr("beta", "number", 1, "Sharpness.")
THRESHOLD = Attr("threshold", "number", 20, "Linear above this (times beta).")
APPROXIMATE = Attr("approximate", "choice", "none", "The exact function, or PyTorch's approximation by tanh.", ("none", "tanh"))
INV_SQRT_2PI = 1 / math.sqrt(2 * math.pi)
K = math.sqrt(2 / math.pi)
CUBIC = 0.044715


# Leaky relu.
def leaky_relu(x: Array, slope: float) -> Any:
    return np.where(x > 0, x, x * slope)


def leaky_relu_backward(g: Array, x: Array, slope: float) -> Any:
    return np.where(x > 0, g, g * slope)


# Softplus: log(1 + exp(beta x)) / beta, linear where that is x.
def softplus(x: Array, beta: float, threshold: float) -> Any:
    z = x * beta
    return np.where(z > threshold, x, accurate.log1p(sleef.exp_each(np.asarray(z))) / beta)


def softplus_backward(g: Array, x: Array, beta: float, threshold: float) -> Any:
    z = x * beta
    powers = sleef.exp_each(np.asarray(z))
    return np.where(z > threshold, g, g * powers / (powers + 1))


@helper
def softplus_double_backward(g: Any, x: Any, beta: float, threshold: float) -> Any:
    """The second derivative of softplus, times g."""
    z = x * beta
    return ops.sigmoid_backward(g, ops.sigmoid(z)) * ops.lt(z, threshold) * beta


# Gelu.
def tanh_of_cubic(x: Array, square: Array) -> Array:
    """Return tanh(K(x + 0.044715 x³)), and leave 0.044715 K x² where x² was.

    Here and below in place: a new array costs more than its numbers.
    """
    square *= K * CUBIC
    z = np.asarray(square + K)
    z *= x
    return np.tanh(z, z)


def gelu(x: Array, approximate: str) -> Any:
    if approximate == "tanh":
        if x.size <= accurate.SMALL:
            return (accurate.tanh((x * x * x * CUBIC + x) * K) + 1) * 0.5 * x
        out = tanh_of_cubic(x, x * x)
        out += 1
        out *= x
        out *= 0.5
        return out
    if approximate != "none":
        raise RuntimeError("approximate argument must be either none or tanh.")
    return 0.5 * x * (1 + erf(x * math.sqrt(0.5)))


def gelu_backward(g: Array, x: Array, approximate: str) -> Any:
    if approximate == "tanh":
        if fused.few(x):
            return exact_slope(g, x)
        slope = np.asarray(x * x)
        tanh = tanh_of_cubic(x, slope)
        slope *= 1.5
        slope += K / 2
        slope *= x
        slope *= 1 - tanh
        slope += 0.5
        tanh += 1
        slope *= tanh
        slope *= g
        return slope
    return g * (0.5 * (1 + erf(x * math.sqrt(0.5))) + x * accurate.exp(-0.5 * x * x) * INV_SQRT_2PI)


def exact_slope(g: Array, x: Array) -> Any:
    """The gradient of the approximation by tanh as PyTorch's kernel computes it."""
    k, one, half = constant(K, x.dtype), constant(1, x.dtype), constant(0.5, x.dtype)
    square = np.asarray(x * x)
    tanh = np.asarray(accurate.tanh(k * fused.product_plus(np.asarray(x * square), constant(CUBIC, x.dtype), x)))
    inner = k * fused.product_plus(square, constant(3 * CUBIC, x.dtype), one)
    right = np.asarray(half * x * fused.less_product(one, tanh, tanh))
    return g * fused.product_plus(right, inner, half * (one + tanh))


@helper
def gelu_double_backward(g: Any, x: Any, approximate: str) -> Any:
    """The second derivative of gelu, times g."""
    if approximate == "none":
        return g * (ops.exp(x * x * -0.5) * INV_SQRT_2PI * (2 - x * x))
    t = ops.tanh((x + x * x * x * CUBIC) * K)
    inner, change = (x * x * (3 * CUBIC) + 1) * K, 1 - t * t
    return g * (change * inner + x * 0.5 * (change * (x * (6 * K * CUBIC)) - t * change * inner * inner * 2))


def silu(x: Array) -> Any:
    return x / (constant(1, x.dtype) + sleef.exp_each(np.asarray(-x)))


def product_plus_one(x: Any, y: Any) -> Any:
    return x * y + 1


@helper
def silu_backward(g: Any, x: Any) -> Any:
    """The gradient of x σ(x)."""
    s = ops.sigmoid(x)
    return g * s * ops.product_plus_one(x, 1 - s)


register(
    Op("product_plus_one", (Input("x"), Input("y")), composite=product_plus_one,
       kernel=lambda x, y: fused.product_plus(x, y, constant(1, x.dtype)), hidden=True),
    Op("leaky_relu_backward", (Input("grad_output", lambda g, x, negative_slope: ops.leaky_relu_backward(g, x, negative_slope)),
                               Input("x", lambda g: ops.zeros_like(g))), leaky_relu_backward, node_name="LeakyReluBackwardBackward0",
       attrs=(SLOPE,), hidden=True),
    Op("softplus_backward", (
        Input("grad_output", lambda g, x, beta, threshold: ops.softplus_backward(g, x, beta, threshold)),
        Input("x", lambda g, grad_output, x, beta, threshold: ops.softplus_double_backward(g * grad_output, x, beta, threshold))),
        softplus_backward, node_name="SoftplusBackwardBackward0", attrs=(BETA, THRESHOLD), hidden=True),
    Op("gelu_backward", (Input("grad_output", lambda g, x, approximate: ops.gelu_backward(g, x, approximate)),
                         Input("x", lambda g, grad_output, x, approximate: ops.gelu_double_backward(g * grad_output, x, approximate))),
       gelu_backward, node_name="GeluBackwardBackward0", attrs=(APPROXIMATE,), hidden=True),
    Op("leaky_relu", (Input("x", lambda g, x, negative_slope: ops.leaky_relu_backward(g, x, negative_slope), "1 if {x} > 0 else slope"),),
       leaky_relu, node_name="LeakyReluBackward0", attrs=(SLOPE,), promotes="same", lacks=("biu", "leaky_relu_cpu"),
       category=CATEGORY, symbol="leaky",
       torch=("F.leaky_relu({x})",), latex=r"\max({x}, 0) + s\min({x}, 0)", doc="As relu, with a small slope on the negative side.",
       samples=(*samples.ONE, Sample((samples.array(3, 2),), {"negative_slope": 0.3}))),
    Op("softplus", (Input("x", lambda g, x, beta, threshold: ops.softplus_backward(g, x, beta, threshold), "σ({x})"),), softplus,
       node_name="SoftplusBackward0", attrs=(BETA, THRESHOLD), promotes="same", lacks=("biu", "softplus_cpu"),
       category=CATEGORY, symbol="softplus",
       torch=("F.softplus({x})",), latex=r"\ln(1 + e^{x})", doc="A smooth relu.",
       samples=(*samples.ONE, Sample((samples.array(3, 2),), {"beta": 3, "threshold": 0.2}))),
    Op("gelu", (Input("x", lambda g, x, approximate: ops.gelu_backward(g, x, approximate), "Φ({x}) + {x}·φ({x})"),), gelu,
       node_name="GeluBackward0", attrs=(APPROXIMATE,), promotes="same", lacks=("biu", "GeluKernelImpl"),
       category=CATEGORY, symbol="gelu", torch=("F.gelu({x})",),
       latex=r"{x}\,\Phi({x})", doc="x weighted by the normal distribution function.",
       samples=(*samples.ONE, Sample((samples.array(3, 2),), {"approximate": "tanh"}))),
    Op("silu", (Input("x", lambda g, x: ops.silu_backward(g, x), "σ({x})(1 + {x}(1 − σ({x})))"),), silu,
       node_name="SiluBackward0", promotes="same", lacks=("biu", "silu_cpu"),
       category=CATEGORY, symbol="silu", torch=("F.silu({x})",), latex=r"{x}\,\sigma({x})",
       doc="x times its logistic function.", samples=samples.ONE),
)
