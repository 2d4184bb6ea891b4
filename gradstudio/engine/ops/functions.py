"""Functions of one tensor, element by element. Category arithmetic."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradstudio.engine.numerics import accurate
from gradstudio.engine.numerics.erf import erf, erfc
from gradstudio.engine.op import Input, Op, Sample, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.arithmetic import CATEGORY
from gradstudio.engine.ops.gradients import refused
from gradstudio.engine.promote import constant

LN_10 = 2.3025850929940456  # as PyTorch writes it, one step below the nearest float64
SMALL = (Sample((samples.array(3, 2) / 4,)), Sample((samples.SCALAR,)))


def function(name: str, forward: Any, vjp: Any, formula: str, symbol: str, latex: str, doc: str, promotes: str = "float",
             given: Any = samples.ONE, node: str = "", lacks: tuple[str, str] = ("", ""), more: tuple[str, ...] = ()) -> Op:
    """Return the row of a function of one tensor; more: its other names in `torch`."""
    return Op(name, (Input("x", vjp, formula),), forward, node_name=f"{node or name.capitalize()}Backward0", promotes=promotes,
              lacks=lacks, category=CATEGORY, symbol=symbol,
              torch=(f"torch.{name}({{x}})", f"{{x}}.{name}()", *[f"torch.{n}({{x}})" for n in more]), latex=latex, doc=doc,
              samples=given)


def negative(x: Any) -> Any:
    if x.dtype.kind == "b":
        raise RuntimeError("Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use the "
                           "`~` or "
                           "`logical_not()` operator instead.")
    return np.negative(x)


def signs(x: Any) -> Any:
    if x.dtype.kind == "c":
        return np.sign(x)  # x / |x|
    return (x > 0).astype(x.dtype) - (x < 0) if x.dtype.kind != "b" else x.copy()  # 0 for nan, as PyTorch


def underived(name: str, forward: Any) -> Op:
    """Return the row of a function in place of which PyTorch has no derivative."""
    vjp = refused(f"inplace version of {name}")
    return Op(f"{name}_in_place", (Input("x", vjp),), forward, node_name=f"{name.capitalize()}Backward1", promotes="float", hidden=True)


register(
    *[underived(name, getattr(accurate, name)) for name in ("asinh", "acosh", "atanh")],
    function("neg", negative, lambda g: -g, "−1", "−x", "-{x}", "Change the sign.", "same"),
    function("sqrt", np.sqrt, lambda g, out: g / (2 * out), "1/(2√{x})", "√", r"\sqrt{x}", "Square root.", given=samples.ONE_POSITIVE),
    function("exp", accurate.exp, lambda g, out: g * out, "e^{x}", "eˣ", "e^{x}", "Exponential."),
    function("log", accurate.log, lambda g, x: ops.div(g, x), "1/{x}", "ln", r"\ln {x}", "Natural logarithm.", given=samples.ONE_POSITIVE),
    function("sin", accurate.sin, lambda g, x: g * ops.cos(x), "cos {x}", "sin", r"\sin {x}", "Sine."),
    function("cos", accurate.cos, lambda g, x: g * -ops.sin(x), "−sin {x}", "cos", r"\cos {x}", "Cosine."),
    function("abs", np.absolute, lambda g, x: g * ops.sgn(x), "sign {x}", "|x|", "|{x}|", "Absolute value; its gradient is 0 at 0.",
             "same", lacks=("b", "abs_cpu")),
    function("sign", signs, lambda g: ops.zeros_like(g), "0", "sign", r"\mathrm{sign}({x})", "-1, 0 or 1; no gradient passes.", "same"),
    function("reciprocal", lambda x: constant(1, x.dtype) / x, lambda g, out: -g * (out * out), "−1/{x}²", "1/x", r"\frac{1}{x}",
             "One over x.", given=samples.ONE_POSITIVE),
    function("sgn", signs, lambda g, x, out: ops.zeros_like(g), "0", "sgn", r"\mathrm{sgn}({x})",  # saved as PyTorch does, for complex x
             "-1, 0 or 1; no gradient passes.", "same"),
    Op("square", (Input("x", formula="2{x}"),), composite=lambda x: ops.pow_scalar(x, 2), category=CATEGORY, symbol="x²",
       torch=("torch.square({x})", "{x}.square()"), latex="{x}^2", doc="Multiply by itself.", samples=samples.ONE),
    function("log1p", accurate.log1p, lambda g, x: g / (x + 1), "1/(1 + {x})", "ln(1+x)", r"\ln(1 + {x})",
             "Logarithm of 1 + x, exact near 0.", given=samples.ONE_POSITIVE, node="Log1P"),
    function("expm1", accurate.expm1, lambda g, out: g * (out + 1), "e^{x}", "eˣ−1", "e^{x} - 1", "Exponential less 1, exact near 0."),
    function("log2", accurate.log2, lambda g, x: g / (x * math.log(2)), "1/({x}·ln 2)", "log₂", r"\log_2 {x}", "Logarithm to base 2.",
             given=samples.ONE_POSITIVE),
    function("log10", accurate.log10, lambda g, x: g / (x * LN_10), "1/({x}·ln 10)", "log₁₀", r"\log_{10} {x}",
             "Logarithm to base 10.", given=samples.ONE_POSITIVE),
    function("rsqrt", lambda x: constant(1, x.dtype) / np.sqrt(x), lambda g, out: -0.5 * g * ops.pow(out, 3), "−1/(2{x}√{x})", "1/√x",
             r"\frac{1}{\sqrt{x}}", "One over the square root.", given=samples.ONE_POSITIVE),
    function("tan", accurate.tan, lambda g, out: g * (1 + ops.pow(out, 2)), "1 + tan² {x}", "tan", r"\tan {x}", "Tangent."),
    function("sinh", accurate.sinh, lambda g, x: g * ops.cosh(x), "cosh {x}", "sinh", r"\sinh {x}", "Hyperbolic sine."),
    function("cosh", accurate.cosh, lambda g, x: g * ops.sinh(x), "sinh {x}", "cosh", r"\cosh {x}", "Hyperbolic cosine."),
    function("atan", accurate.atan, lambda g, x: g / (x * x + 1), "1/({x}² + 1)", "atan", r"\arctan {x}", "Arc tangent."),
    function("asin", accurate.asin, lambda g, x: g * ops.rsqrt(-x * x + 1), "1/√(1 − {x}²)", "asin", r"\arcsin {x}", "Arc sine.",
             given=SMALL),
    function("acos", accurate.acos, lambda g, x: g * -ops.rsqrt(-x * x + 1), "−1/√(1 − {x}²)", "acos", r"\arccos {x}", "Arc cosine.",
             given=SMALL),
    function("erf", erf, lambda g, x: 2 / math.sqrt(math.pi) * ops.exp(-ops.pow(x, 2)) * g, "2e^(−{x}²)/√π", "erf",
             r"\mathrm{erf}({x})", "Error function."),
    function("erfc", erfc, lambda g, x: -2 / math.sqrt(math.pi) * ops.exp(-ops.pow(x, 2)) * g, "−2e^(−{x}²)/√π", "erfc",
             r"\mathrm{erfc}({x})", "1 less the error function, exact where it is small.", more=("special.erfc",)),
    function("exp2", accurate.exp2, lambda g, out: g * out * math.log(2), "ln 2·2^{x}", "2ˣ", "2^{x}", "2 to the power of x.",
             more=("special.exp2",)),
    function("asinh", accurate.asinh, lambda g, x: g * ops.rsqrt(ops.pow(x, 2) + 1), "1/√({x}² + 1)", "asinh", r"\mathrm{arsinh}\,{x}",
             "Inverse hyperbolic sine."),
    function("acosh", accurate.acosh, lambda g, x: g * ops.rsqrt(x * x - 1), "1/√({x}² − 1)", "acosh", r"\mathrm{arcosh}\,{x}",
             "Inverse hyperbolic cosine, of x >= 1.", given=(Sample((samples.positive(3, 2) + 1,)), Sample((np.array(1.7),)))),
    function("atanh", accurate.atanh, lambda g, x: g / (1 - ops.pow(x, 2)), "1/(1 − {x}²)", "atanh", r"\mathrm{artanh}\,{x}",
             "Inverse hyperbolic tangent, of x between -1 and 1.", given=SMALL),
    function("deg2rad", lambda x: x * (math.pi / 180), lambda g: g * (math.pi / 180), "π/180", "rad", r"{x}\,\pi/180",
             "Degrees to radians.", node="Deg2Rad"),
    function("rad2deg", lambda x: x * (180 / math.pi), lambda g: g * (180 / math.pi), "180/π", "deg", r"{x}\,180/\pi",
             "Radians to degrees.", node="Rad2Deg"),
    function("frac", lambda x: x - np.trunc(x), lambda g: g, "1", "frac", r"\mathrm{frac}({x})", "What stands behind the point.", "same",
             lacks=("biu", "frac_cpu")),
)
