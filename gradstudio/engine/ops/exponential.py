"""Activations from exponentials: elu, celu, selu, log_sigmoid, mish, glu, softsign, tanhshrink, softmin. Category activation."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.dims import dim_of
from gradstudio.engine.numerics import accurate, sleef
from gradstudio.engine.op import Attr, Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.activation import CATEGORY, sigmoid
from gradstudio.engine.ops.softmax import BAD, DTYPE, GIVEN
from gradstudio.engine.ops.softmax import DIM as SOFTMAX_DIM

Array = np.ndarray[Any, Any]
ALPHA = Attr("alpha", "number", 1.0, "How far down the negative side goes.")
ELU = (ALPHA, Attr("scale", "number", 1.0), Attr("input_scale", "number", 1.0))
HALVED = Attr("dim", "dim", -1, "Which dim is halved.")
# Klambauer et al., Self-Normalizing Neural Networks (2017): mean 0 and variance 1 are a fixed point with these.
SELU_ALPHA, SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


# Elu: scale · x on the positive side, scale · alpha · (exp(input_scale · x) − 1) on the other.
def elu(x: Array, alpha: float, scale: float = 1.0, input_scale: float = 1.0) -> Any:
    return np.where(x > 0, x * scale, accurate.expm1(np.minimum(x, 0) * input_scale) * (alpha * scale))


def celu(x: Array, alpha: float) -> Any:
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return elu(x, alpha, 1.0, 1 / alpha)


def elu_backward(g: Array, x: Array, alpha: float, scale: float, input_scale: float) -> Any:
    below = g * (input_scale * alpha * scale) * sleef.exp_each(np.asarray(np.minimum(x, 0) * input_scale))
    return np.where(x <= 0, below, g * scale)


def elu_row(name: str, forward: Any, settings: Any, formula: str, latex: str, doc: str, node: str = "Elu", attrs: tuple[Attr, ...] = (),
            more: tuple[Sample, ...] = (), bad: tuple[Sample, ...] = (), torch: tuple[str, ...] = ()) -> Op:
    """Return the row of one of the elus; settings gives (alpha, scale, input_scale) for its attrs."""

    def vjp_alpha(g: Any, x: Any, alpha: Any) -> Any:
        return ops.elu_backward(g, x, *settings(alpha))

    def vjp(g: Any, x: Any) -> Any:
        return ops.elu_backward(g, x, *settings())

    return Op(name, (Input("x", vjp_alpha if attrs else vjp, formula),), forward, node_name=f"{node}Backward0", attrs=attrs,
              promotes="same", lacks=("biu", "elu_cpu"), category=CATEGORY, symbol=name, torch=(f"F.{name}({{x}})", *torch), latex=latex,
              doc=doc, samples=(*samples.ONE, *more), bad_samples=bad)


# Logarithm of the logistic function; PyTorch's CPU kernel keeps exp(−|x|) for backward.
def log_sigmoid(x: Array) -> Any:
    return log_sigmoid_parts(x)[0]


def log_sigmoid_parts(x: Array) -> tuple[Any, Any]:
    if x.dtype.kind in "biu":
        raise errors.lacking("log_sigmoid_cpu", x.dtype)
    power = sleef.exp_along(np.asarray(-np.abs(x)), 1)
    return np.minimum(x, 0) - accurate.log1p(power), power


def log_sigmoid_backward(g: Array, x: Array, buffer: Array) -> Any:
    negative = x < 0
    share = buffer / (1 + buffer)
    return (np.where(negative, x.dtype.type(1), 0) - np.where(negative, share, -share)) * g


@helper
def log_sigmoid_double_backward(g: Any, x: Any) -> Any:
    """The second derivative of log_sigmoid, times g."""
    s = ops.sigmoid(x)
    return g * (s - 1) * s


# Mish: x tanh(softplus(x)); Misra, Mish: A Self Regularized Non-Monotonic Activation Function (2019).
def mish(x: Array) -> Any:
    return x * accurate.tanh(accurate.log1p(accurate.exp(x)))


@helper
def mish_backward(g: Any, x: Any) -> Any:
    """The gradient of mish, written so that it can be differentiated again."""
    bent = ops.tanh(ops.log1p(ops.exp(x)))
    return g * (bent + x * ops.sigmoid(x) * (1 - bent * bent))


# Gated linear unit: one half times the logistic function of the other; Dauphin et al., Language Modeling with Gated ... (2016).
@helper
def halves(x: Any, shape: tuple[int, ...], dim: int) -> tuple[Any, Any]:
    """Return the first and the second half along a dim."""
    n = shape[dim_of(dim, len(shape))] // 2
    return ops.slice(x, dim, 0, n, 1), ops.slice(x, dim, n, 2 * n, 1)


def glu(x: Array, dim: int) -> Any:
    if not x.ndim:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    at = dim_of(dim, x.ndim)
    if x.shape[at] % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {at} is size {x.shape[at]}")
    a, b = np.split(x, 2, at)
    return a * sigmoid(b)


def glu_backward(g: Array, x: Array, dim: int) -> Any:
    at = dim_of(dim, x.ndim)
    a, b = np.split(x, 2, at)
    s = sigmoid(b)
    return np.concatenate([g * s, g * a * s * (1 - s)], at)


@helper
def glu_double_backward_grad(g: Any, x: Any, dim: int) -> Any:
    """The gradient of glu_backward with respect to the cotangent that it was given."""
    shape = ops.shape_of(x)
    (a, b), (first, second) = ops.halves(x, shape, dim), ops.halves(g, shape, dim)
    s = ops.sigmoid(b)
    return first * s + second * a * s * (1 - s)


@helper
def glu_double_backward(g: Any, grad_output: Any, x: Any, dim: int) -> Any:
    """The gradient of glu_backward with respect to the input, half by half."""
    shape = ops.shape_of(x)
    (a, b), (first, second) = ops.halves(x, shape, dim), ops.halves(g, shape, dim)
    s = ops.sigmoid(b)
    slope = grad_output * s * (1 - s)
    return ops.cat([second * slope, first * slope + second * slope * a * (1 - 2 * s)], dim)


CHANGED = (Sample((samples.array(3, 2),), {"alpha": 0.5}),)
register(
    Op("elu_backward", (
        Input("grad_output", lambda g, x, alpha, scale, input_scale: ops.elu_backward(g, x, alpha, scale, input_scale)),
        Input("x", lambda g, grad_output, x, alpha, scale, input_scale:
              ops.where(ops.lt(x, 0), ops.elu_backward(g * grad_output * input_scale, x, alpha, scale, input_scale), 0))),
        elu_backward, node_name="EluBackwardBackward0", attrs=ELU, hidden=True),
    elu_row("elu", elu, lambda alpha: (alpha, 1.0, 1.0), "1 if {x} > 0 else e^{x}", r"\mathrm{elu}({x})",
            "As relu, with an exponential on the negative side.", attrs=(ALPHA,), more=CHANGED),
    elu_row("celu", celu, lambda alpha: (alpha, 1.0, 1 / alpha), "1 if {x} > 0 else e^({x}/α)", r"\mathrm{celu}({x})",
            "As elu, without a kink at 0 for any alpha.", "Celu", (ALPHA,), CHANGED,
            (Sample((samples.array(3),), {"alpha": 0.0}, "ZeroDivisionError: alpha cannot be 0 for CELU"),), ("torch.celu({x})",)),
    elu_row("selu", lambda x: elu(x, SELU_ALPHA, SELU_SCALE), lambda: (SELU_ALPHA, SELU_SCALE, 1.0),
            "1.0507 if {x} > 0 else 1.7581·e^{x}", r"\mathrm{selu}({x})", "Elu with the scale that keeps mean 0 and variance 1.",
            torch=("torch.selu({x})",)),
    Op("log_sigmoid_backward", (Input("grad_output", lambda g, x, buffer: ops.log_sigmoid_backward(g, x, buffer)),
                                Input("x", lambda g, grad_output, x: ops.log_sigmoid_double_backward(g * grad_output, x)),
                                Input("buffer")), log_sigmoid_backward, node_name="LogSigmoidBackwardBackward0", hidden=True),
    Op("log_sigmoid_forward", (Input("x", lambda g, x, buffer: ops.log_sigmoid_backward(g, x, buffer)),), log_sigmoid_parts,
       node_name="LogSigmoidBackward0", outputs=("out", "buffer"), hidden=True),
    Op("log_sigmoid", (Input("x", formula="1 − σ({x})"),), composite=lambda x: ops.log_sigmoid_forward(x)[0], kernel=log_sigmoid,
       category=CATEGORY, symbol="ln σ", torch=("F.logsigmoid({x})",), latex=r"\ln\sigma({x})",
       doc="Logarithm of the logistic function, computed without overflow.", samples=samples.ONE),
    Op("mish", (Input("x", lambda g, x: ops.mish_backward(g, x), "tanh s + {x}·σ({x})(1 − tanh² s), s = ln(1 + e^{x})"),), mish,
       node_name="MishBackward0", promotes="same", lacks=("biu", "mish_cpu"), category=CATEGORY, symbol="mish", torch=("F.mish({x})",),
       latex=r"{x}\tanh\ln(1 + e^{x})", doc="x times the tanh of its softplus.", samples=samples.ONE),
    Op("glu_backward", (Input("grad_output", lambda g, x, dim: ops.glu_double_backward_grad(g, x, dim)),
                        Input("x", lambda g, grad_output, x, dim: ops.glu_double_backward(g, grad_output, x, dim))), glu_backward,
       node_name="GluBackwardBackward0", attrs=(HALVED,), hidden=True),
    Op("glu", (Input("x", lambda g, x, dim: ops.glu_backward(g, x, dim), "σ(b) and a·σ(b)(1 − σ(b))"),), glu, node_name="GluBackward0",
       attrs=(HALVED,), promotes="same", lacks=("biu", "glu_cpu"), category=CATEGORY, symbol="glu", torch=("F.glu({x})",),
       latex=r"a\,\sigma(b),\ [a, b] = {x}", doc="One half of a dim times the logistic function of the other half.",
       samples=(Sample((samples.array(3, 4),)), Sample((samples.array(2, 3),), {"dim": 0})),
       bad_samples=(Sample((samples.array(3),), error="Halving dimension must be even, but dimension 0 is size 3"),)),
    Op("softsign", (Input("x", formula="1/(1 + |{x}|)²"),), composite=lambda x: ops.div(x, ops.add(ops.abs(x), 1)), category=CATEGORY,
       symbol="softsign", torch=("F.softsign({x})",), latex=r"\frac{x}{1 + |{x}|}", doc="x over 1 + its size: bounded by -1 and 1.",
       samples=samples.ONE),
    Op("tanhshrink", (Input("x", formula="tanh² {x}"),), composite=lambda x: ops.sub(x, ops.tanh(x)), category=CATEGORY,
       symbol="tanhshrink", torch=("F.tanhshrink({x})",), latex=r"{x} - \tanh {x}", doc="What tanh takes away from x.",
       samples=samples.ONE),
    Op("softmin", (Input("x", formula="s sᵗ − diag(s)"),), composite=lambda x, dim=None, dtype=None: ops.softmax(ops.neg(x), dim, dtype),
       attrs=(SOFTMAX_DIM, DTYPE), category=CATEGORY, symbol="softmin", torch=("F.softmin({x}, {dim})",), latex=r"\mathrm{softmin}({x})",
       doc="Softmax of the negative: the smallest has the largest share.", samples=GIVEN, bad_samples=BAD),
)
