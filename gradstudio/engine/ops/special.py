"""Special functions: gamma, the error function's inverse, logarithms that are exact where x ln y is 0 · ∞. Category arithmetic."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradstudio.engine.numerics.erf import erf, erfinv
from gradstudio.engine.numerics.gammas import digamma, lgamma, polygamma
from gradstudio.engine.op import Attr, Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.arithmetic import CATEGORY, operand
from gradstudio.engine.ops.functions import SMALL, function
from gradstudio.engine.tensor import Tensor

Array = np.ndarray[Any, Any]
PROBABILITIES = (Sample((np.array([[0.1, 0.35, 0.5], [0.62, 0.81, 0.97]]),)), Sample((samples.SCALAR,)))
PLACES = (Sample((samples.positive(3, 2),)), Sample((samples.array(4, start=0.4) - 0.21,)), Sample((samples.SCALAR,)))
PAIRS = (Sample((samples.array(3, 2), samples.positive(3, 2))), Sample((samples.SCALAR, np.array(1.2))),
         Sample((samples.array(2, 3), samples.positive(3))), Sample((samples.array(3), 2.5)),
         Sample((np.array([0.0, 0.0, 2.0]), np.array([3.0, 0.5, 0.25]))))


# Logit.
def logit(x: Array, eps: float | None) -> Any:
    inside = x if eps is None else np.where(x < eps, x.dtype.type(eps), np.where(x > 1 - eps, x.dtype.type(1 - eps), x))
    return np.log(inside / (1 - inside))


@helper
def logit_backward(g: Any, x: Any, eps: float | None) -> Any:
    """The gradient of logit: outside of what it takes nan, or zero where eps cuts off."""
    low, high = (0.0, 1.0) if eps is None else (eps, 1 - eps)
    inside = ops.logical_and(ops.ge(x, low), ops.le(x, high))
    return ops.where(inside, g / (x * (1 - x)), math.nan if eps is None else 0.0)


# Sine over x.
def sinc(x: Array) -> Any:
    z = x * math.pi
    return np.where(x == 0, x.dtype.type(1), np.sin(z) / z)


@helper
def sinc_backward(g: Any, x: Any) -> Any:
    """The gradient of sin(πx)/(πx): zero at 0."""
    z, square = x * math.pi, x * x * math.pi
    return ops.where(ops.eq(square, 0), 0.0, g * ((z * ops.cos(z) - ops.sin(z)) / square))


# x ln y and x ln(1 + y). Each has a row for two tensors, one for a number that stands second, one for a number that stands first.
def masked_product(log: Any) -> Any:
    """Return the kernel of x log(y): 0 where x is, unless y is nan. One of both may be a number."""

    def kernel(x: Any, y: Any) -> Any:
        dtype = x.dtype if isinstance(x, np.ndarray) else y.dtype
        x, y = np.asarray(x, dtype), np.asarray(y, dtype)
        return np.where((x == 0) & ~np.isnan(y), dtype.type(0), x * log(y))

    return kernel


@helper
def xlogy_backward(g: Any, x: Any, y: Any) -> Any:
    """The gradient of x in x ln y: zero at x = 0 where ln y is not finite."""
    return ops.masked_fill_number(ops.xlogy(g, y), ops.logical_and(ops.eq(x, 0), ops.le(y, 0)), 0)


@helper
def xlog1py_backward(g: Any, x: Any, y: Any) -> Any:
    """The gradient of x in x ln(1 + y): zero at x = 0 where that logarithm is not finite."""
    return ops.masked_fill_number(ops.xlog1py(g, y), ops.logical_and(ops.eq(x, 0), ops.le(y, -1)), 0)


def by_kind(name: str) -> Any:
    """Return the expression that chooses the row for two tensors, or the one for a tensor and a number."""

    def chosen(x: Any, y: Any) -> Any:
        kind = "first" if not isinstance(x, Tensor) else "tensor" if isinstance(y, Tensor) else "number"
        return getattr(ops, f"{name}_{kind}")(x, y)

    return chosen


def logarithmic(name: str, log: Any, first: Any, second: Any, node: str, formulas: tuple[str, str], latex: str, symbol: str,
                spelled: tuple[str, ...], doc: str) -> tuple[Op, ...]:
    """Return the rows of x log(y): two hidden ones with a number, the hidden one for tensors, the one that people see."""
    kernel, lacks = masked_product(log), ("c", f"{name}_cpu")
    x, y = Input("x", first), Input("y", second)
    forms = {"tensor": (x, y), "first": (Input("x", kind="number"), y), "number": (x, Input("y", kind="number"))}
    rows = [Op(f"{name}_{form}", inputs, kernel, node_name=f"{node}Backward{i}", promotes="float", lacks=lacks, hidden=True)
            for i, (form, inputs) in enumerate(forms.items())]
    return (*rows, Op(name, (operand("x", formula=formulas[0]), operand("y", formula=formulas[1])), composite=by_kind(name), kernel=kernel,
                      category=CATEGORY, symbol=symbol, torch=spelled, latex=latex, doc=doc, samples=PAIRS, bad_samples=samples.BROADCAST))


# Entropy.
def entropy(x: Array) -> Any:
    return np.where(x > 0, -x * np.log(x), np.where(x == 0, x.dtype.type(0), np.where(np.isnan(x), x, x.dtype.type(-np.inf))))


def normal_distribution(x: Any) -> Any:
    return ops.mul_number(ops.add_number(ops.erf(ops.mul_number(x, math.sqrt(0.5))), 1), 0.5)


register(
    Op("add_number", (Input("x", lambda g: g), Input("y", kind="number")), np.add, node_name="AddBackward1", promotes="same", hidden=True),
    Op("polygamma", (Input("x", lambda g, x, n: g * ops.polygamma(x, n + 1), "ψ⁽ⁿ⁺¹⁾({x})"),), polygamma, node_name="PolygammaBackward0",
       attrs=(Attr("n", "int", 0, "Which derivative.", required=True),), promotes="float", lacks=("c", "polygamma"), category=CATEGORY,
       symbol="ψ⁽ⁿ⁾",
       torch=("torch.polygamma({n}, {x})", "{x}.polygamma({n})", "torch.special.polygamma({n}, {x})"), latex=r"\psi^{(n)}({x})",
       doc="The n-th derivative of digamma.", samples=tuple([Sample(PLACES[0].operands, {"n": n}) for n in (0, 1, 3)]),
       bad_samples=(Sample(PLACES[0].operands, {"n": -1}, error="polygamma(n, x) does not support negative n."),)),
    function("lgamma", lgamma, lambda g, x: g * ops.digamma(x), "ψ({x})", "lnΓ", r"\ln|\Gamma({x})|",
             "Logarithm of the gamma function's absolute value.", given=PLACES, more=("special.gammaln",)),
    function("digamma", digamma, lambda g, x: g * ops.polygamma(x, 1), "ψ′({x})", "ψ", r"\psi({x})",
             "Derivative of the logarithm of the gamma function.", given=PLACES, more=("special.digamma", "special.psi")),
    function("erfinv", erfinv, lambda g, x: math.sqrt(math.pi) / 2 * ops.exp(ops.pow(ops.erfinv(x), 2)) * g, "√π/2·e^(erfinv({x})²)",
             "erf⁻¹", r"\mathrm{erf}^{-1}({x})", "Inverse of the error function.", given=SMALL, more=("special.erfinv",)),
    function("sinc", sinc, lambda g, x: ops.sinc_backward(g, x), "(cos π{x} − sinc {x})/{x}", "sinc", r"\frac{\sin \pi{x}}{\pi{x}}",
             "Sine of πx over πx, 1 at 0.", more=("special.sinc",)),
    Op("logit", (Input("x", lambda g, x, eps: ops.logit_backward(g, x, eps), "1/({x}(1 − {x}))"),), logit, node_name="LogitBackward0",
       attrs=(Attr("eps", "number", None, "Cut off at eps and 1 - eps; not at all if left out."),), promotes="float",
       lacks=("c", "logit_cpu"), category=CATEGORY, symbol="logit",
       torch=("torch.logit({x})", "{x}.logit()", "torch.special.logit({x})"), latex=r"\ln\frac{{x}}{1 - {x}}",
       doc="Inverse of the sigmoid, of x between 0 and 1.", samples=(*PROBABILITIES, Sample(PROBABILITIES[0].operands, {"eps": 0.2}))),
    *logarithmic("xlogy", np.log, lambda g, x, y: ops.xlogy_backward(g, x, y), lambda g, x, y: g * x / y, "Xlogy", ("ln {y}", "{x}/{y}"),
                 r"{x}\ln {y}", "x·ln y", ("torch.xlogy({x}, {y})", "{x}.xlogy({y})", "torch.special.xlogy({x}, {y})"),
                 "x times the logarithm of y, 0 where x is 0."),
    *logarithmic("xlog1py", np.log1p, lambda g, x, y: ops.xlog1py_backward(g, x, y), lambda g, x, y: g * x / (y + 1), "SpecialXlog1Py",
                 ("ln(1 + {y})", "{x}/(1 + {y})"), r"{x}\ln(1 + {y})", "x·ln(1+y)", ("torch.special.xlog1py({x}, {y})",),
                 "x times the logarithm of 1 + y, 0 where x is 0."),
    Op("entr", (Input("x", lambda g, x: g * -(ops.log(x) + 1), "−ln {x} − 1"),), entropy, node_name="SpecialEntrBackward0",
       promotes="float", lacks=("c", "entr_cpu"), category=CATEGORY, symbol="−x·ln x", torch=("torch.special.entr({x})",),
       latex=r"-{x}\ln {x}", doc="Share of a probability in the entropy; 0 at 0, -inf below.", samples=PROBABILITIES),
    Op("ndtr", (Input("x", formula="e^(−{x}²/2)/√(2π)"),), composite=normal_distribution,
       kernel=lambda x: (erf(x * math.sqrt(0.5)) + 1) * 0.5, category=CATEGORY, symbol="Φ", torch=("torch.special.ndtr({x})",),
       latex=r"\Phi({x})", doc="Distribution function of the standard normal distribution.", samples=samples.ONE),
)
