"""Functions of two tensors, element by element: atan2, hypot, logaddexp, copysign. And nan_to_num. Category arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine.numerics import accurate
from gradstudio.engine.op import Attr, Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.arithmetic import CATEGORY, operand
from gradstudio.engine.tensor import Tensor

Array = np.ndarray[Any, Any]


def pair(name: str, forward: Any, vjps: tuple[Any, Any], formulas: tuple[str, str], symbol: str, latex: str, doc: str,
         more: tuple[str, ...] = (), **row: Any) -> Op:
    """Return the row of a function of two tensors."""
    return Op(name, (Input("x", vjps[0], formulas[0]), Input("y", vjps[1], formulas[1])), forward,
              node_name=f"{name.capitalize()}Backward0", category=CATEGORY, symbol=symbol,
              torch=(f"torch.{name}({{x}}, {{y}})", f"{{x}}.{name}({{y}})", *[f"torch.{n}({{x}}, {{y}})" for n in more]),
              latex=latex, doc=doc, samples=samples.TWO[:-1], bad_samples=samples.BROADCAST, **row)


@helper
def inverse_square_sum(x: Any, y: Any) -> Any:
    """Return 1/(x² + y²), zero at the origin."""
    total = x * x + y * y
    return ops.masked_fill_number(ops.reciprocal(total), ops.eq(total, 0), 0)


@helper
def copysign_backward(g: Any, x: Any, out: Any) -> Any:
    """The gradient of copysign: 1 where the sign was kept, -1 where it was changed, 0 at 0."""
    return g * ops.masked_fill_number(out / x, ops.eq(x, 0), 0)


def copysign(x: Any, y: Any) -> Any:
    return ops.copysign_tensor(x, y) if isinstance(y, Tensor) else ops.copysign_number(x, y)


def finite(x: Array, nan: float | None, posinf: float | None, neginf: float | None) -> Any:
    return np.nan_to_num(x, nan=0.0 if nan is None else nan, posinf=posinf, neginf=neginf) if x.dtype.kind == "f" else x.copy()


def instead(name: str, doc: str) -> Attr:
    """Return the attr that says what is put for one kind of number."""
    return Attr(name, "number", None, doc)


NUMBERS = np.array([1.5, np.nan, np.inf, -np.inf, -0.25])
register(
    pair("atan2", accurate.atan2, (lambda g, x, y: g * y * ops.inverse_square_sum(x, y),
                                   lambda g, x, y: g * -x * ops.inverse_square_sum(x, y)),
         ("{y}/({x}² + {y}²)", "−{x}/({x}² + {y}²)"), "atan2", r"\mathrm{atan2}({x}, {y})",
         "Angle of the point (y, x) from the first axis, from -π to π.", promotes="float", lacks=("c", "atan2_cpu")),
    pair("hypot", np.hypot, (lambda g, x, out: g * x / out, lambda g, y, out: g * y / out),
         ("{x}/√({x}² + {y}²)", "{y}/√({x}² + {y}²)"), "hypot", r"\sqrt{{x}^2 + {y}^2}", "Length of the hypotenuse.", promotes="same",
         lacks=("biu", "hypot_cpu")),
    pair("logaddexp", np.logaddexp, (lambda g, x, y: g / (1 + ops.exp(y - x)), lambda g, x, y: g / (1 + ops.exp(x - y))),
         ("σ({x} − {y})", "σ({y} − {x})"), "ln(eˣ+eʸ)", r"\ln(e^{x} + e^{y})", "Logarithm of the sum of the exponentials.",
         promotes="same", lacks=("biu", "logaddexp_cpu")),
    pair("logaddexp2", np.logaddexp2, (lambda g, x, y: g / (1 + ops.exp2(y - x)), lambda g, x, y: g / (1 + ops.exp2(x - y))),
         ("1/(1 + 2^({y} − {x}))", "1/(1 + 2^({x} − {y}))"), "log₂(2ˣ+2ʸ)", r"\log_2(2^{x} + 2^{y})",
         "Logarithm to base 2 of the sum of the powers of 2.", promotes="same", lacks=("biu", "logaddexp2_cpu")),
    Op("copysign_tensor", (Input("x", lambda g, x, out: ops.copysign_backward(g, x, out)), Input("y", lambda g: ops.zeros_like(g))),
       np.copysign, node_name="CopysignBackward0", promotes="float", lacks=("c", "copysign_cpu"), hidden=True),
    Op("copysign_number", (Input("x", lambda g, x, out: ops.copysign_backward(g, x, out)), Input("y", kind="number")), np.copysign,
       node_name="CopysignBackward1", promotes="float", lacks=("c", "copysign_cpu"), hidden=True),
    Op("copysign", (Input("x", formula="±1"), operand("y", formula="0")), composite=copysign, kernel=np.copysign, category=CATEGORY,
       symbol="copysign", torch=("torch.copysign({x}, {y})", "{x}.copysign({y})"), latex=r"|{x}|\,\mathrm{sgn}({y})",
       doc="The size of x with the sign of y; no gradient passes to y.", samples=samples.TWO, bad_samples=samples.BROADCAST),
    Op("nan_to_num", (Input("x", lambda g, x: g * ops.isfinite(x), "1 where {x} is finite"),), finite, node_name="NanToNumBackward0",
       attrs=(instead("nan", "Instead of nan; 0 if left out."), instead("posinf", "Instead of inf; the largest number if left out."),
              instead("neginf", "Instead of -inf; the smallest number if left out.")), promotes="same", category=CATEGORY,
       symbol="nan→0", torch=("torch.nan_to_num({x})", "{x}.nan_to_num()"), latex=r"\mathrm{finite}({x})",
       doc="Put numbers in the place of nan and the infinities; no gradient passes there.",
       samples=(*samples.ONE, Sample((NUMBERS,), {"nan": 1.0, "posinf": 2.0, "neginf": -3.0}))),
)
