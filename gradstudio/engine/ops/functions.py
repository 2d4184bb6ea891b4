"""Functions of one tensor, element by element. Category arithmetic."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradstudio.engine.apply import register
from gradstudio.engine.erf import erf
from gradstudio.engine.op import Input, Op, Sample, ops
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.arithmetic import CATEGORY
from gradstudio.engine.promote import constant

SMALL = (Sample((samples.array(3, 2) / 4,)), Sample((samples.SCALAR,)))


def function(name: str, forward: Any, vjp: Any, formula: str, symbol: str, latex: str, doc: str, promotes: str = "float",
             given: Any = samples.ONE, node: str = "", lacks: tuple[str, str] = ("", "")) -> Op:
    """Return the row of a function of one tensor."""
    return Op(name, (Input("x", vjp, formula),), forward, node_name=f"{node or name.capitalize()}Backward0", promotes=promotes,
              lacks=lacks, category=CATEGORY, symbol=symbol, torch=(f"torch.{name}({{x}})", f"{{x}}.{name}()"), latex=latex, doc=doc,
              samples=given)


def negative(x: Any) -> Any:
    if x.dtype.kind == "b":
        raise RuntimeError("Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use the "
                           "`~` or "
                           "`logical_not()` operator instead.")
    return np.negative(x)


def signs(x: Any) -> Any:
    return np.sign(x) if x.dtype.kind != "b" else x.copy()


register(
    function("neg", negative, lambda g: -g, "−1", "−x", "-{x}", "Change the sign.", "same"),
    function("sqrt", np.sqrt, lambda g, out: g / (2 * out), "1/(2√{x})", "√", r"\sqrt{x}", "Square root.", given=samples.ONE_POSITIVE),
    function("exp", np.exp, lambda g, out: g * out, "e^{x}", "eˣ", "e^{x}", "Exponential."),
    function("log", np.log, lambda g, x: ops.div(g, x), "1/{x}", "ln", r"\ln {x}", "Natural logarithm.", given=samples.ONE_POSITIVE),
    function("sin", np.sin, lambda g, x: g * ops.cos(x), "cos {x}", "sin", r"\sin {x}", "Sine."),
    function("cos", np.cos, lambda g, x: g * -ops.sin(x), "−sin {x}", "cos", r"\cos {x}", "Cosine."),
    function("abs", np.absolute, lambda g, x: g * ops.sgn(x), "sign {x}", "|x|", "|{x}|", "Absolute value; its gradient is 0 at 0.",
             "same", lacks=("b", "abs_cpu")),
    function("sign", signs, lambda g: ops.zeros_like(g), "0", "sign", r"\mathrm{sign}({x})", "-1, 0 or 1; no gradient passes.", "same"),
    function("reciprocal", lambda x: constant(1, x.dtype) / x, lambda g, out: -g * (out * out), "−1/{x}²", "1/x", r"\frac{1}{x}",
             "One over x.", given=samples.ONE_POSITIVE),
    Op("sgn", (Input("x", lambda g: ops.zeros_like(g)),), signs, node_name="SgnBackward0", promotes="same", hidden=True),
    Op("square", (Input("x", formula="2{x}"),), composite=lambda x: ops.pow_scalar(x, 2), category=CATEGORY, symbol="x²",
       torch=("torch.square({x})", "{x}.square()"), latex="{x}^2", doc="Multiply by itself.", samples=samples.ONE),
    function("log1p", np.log1p, lambda g, x: g / (x + 1), "1/(1 + {x})", "ln(1+x)", r"\ln(1 + {x})", "Logarithm of 1 + x, exact near 0.",
             given=samples.ONE_POSITIVE, node="Log1P"),
    function("expm1", np.expm1, lambda g, out: g * (out + 1), "e^{x}", "eˣ−1", "e^{x} - 1", "Exponential less 1, exact near 0."),
    function("log2", np.log2, lambda g, x: g / (x * math.log(2)), "1/({x}·ln 2)", "log₂", r"\log_2 {x}", "Logarithm to base 2.",
             given=samples.ONE_POSITIVE),
    function("log10", np.log10, lambda g, x: g / (x * math.log(10)), "1/({x}·ln 10)", "log₁₀", r"\log_{10} {x}", "Logarithm to base 10.",
             given=samples.ONE_POSITIVE),
    function("rsqrt", lambda x: constant(1, x.dtype) / np.sqrt(x), lambda g, out: -0.5 * g * ops.pow(out, 3), "−1/(2{x}√{x})", "1/√x",
             r"\frac{1}{\sqrt{x}}", "One over the square root.", given=samples.ONE_POSITIVE),
    function("tan", np.tan, lambda g, out: g * (1 + ops.pow(out, 2)), "1 + tan² {x}", "tan", r"\tan {x}", "Tangent."),
    function("sinh", np.sinh, lambda g, x: g * ops.cosh(x), "cosh {x}", "sinh", r"\sinh {x}", "Hyperbolic sine."),
    function("cosh", np.cosh, lambda g, x: g * ops.sinh(x), "sinh {x}", "cosh", r"\cosh {x}", "Hyperbolic cosine."),
    function("atan", np.arctan, lambda g, x: g / (x * x + 1), "1/({x}² + 1)", "atan", r"\arctan {x}", "Arc tangent."),
    function("asin", np.arcsin, lambda g, x: g * ops.rsqrt(-x * x + 1), "1/√(1 − {x}²)", "asin", r"\arcsin {x}", "Arc sine.", given=SMALL),
    function("acos", np.arccos, lambda g, x: g * -ops.rsqrt(-x * x + 1), "−1/√(1 − {x}²)", "acos", r"\arccos {x}", "Arc cosine.",
             given=SMALL),
    function("erf", erf, lambda g, x: 2 / math.sqrt(math.pi) * ops.exp(-ops.pow(x, 2)) * g, "2e^(−{x}²)/√π", "erf",
             r"\mathrm{erf}({x})", "Error function."),
)
