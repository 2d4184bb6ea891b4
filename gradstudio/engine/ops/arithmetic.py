"""Arithmetic: element-wise rows on one or two tensors, with their numbers-first and number-second overloads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradstudio.engine import modes
from gradstudio.engine.dims import broadcast_shape
from gradstudio.engine.numerics import accurate
from gradstudio.engine.op import Attr, Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.promote import constant
from gradstudio.engine.tensor import Tensor, make

ALPHA = Attr("alpha", "number", 1, "Factor of the second operand.")
CATEGORY = "arithmetic"
NO_BOOL = ("Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, use the `~` or "
           "`logical_not()` operator instead.")
NO_BOOL_PAIR = "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` operator instead."


def operand(name: str, vjp: Any = None, formula: Any = None, **more: Any) -> Input:
    """Return an input that takes a tensor or a number."""
    return Input(name, vjp=vjp, formula=formula, kind="operand", **more)


# Addition and subtraction. The hidden rows take a tensor first, as PyTorch's kernels do.
def add(x: Any, y: Any, alpha: Any = 1) -> Any:
    if not isinstance(x, Tensor):
        x, y = (y, x) if alpha == 1 else (ops.mul(y, alpha), x)
        alpha = 1
    if modes.in_vjp and alpha == 1 and not isinstance(y, Tensor):
        return ops.add_number(x, y)
    return ops.add_tensor(x, y, alpha)


def beside(number: Any, t: Tensor) -> Tensor:
    """Return a number as a 0-dim tensor of another one's dtype."""
    return make(np.array(number, t.scalar_type), None)


def refuse_bools(x: Any, y: Any) -> None:
    """Raise RuntimeError where a mask would be subtracted, or subtracted from."""
    kinds = [o.scalar_type.kind if isinstance(o, Tensor) else "b" if type(o) is bool else "" for o in (x, y)]
    if "b" in kinds:
        raise RuntimeError(NO_BOOL_PAIR if kinds == ["b", "b"] else NO_BOOL)


def sub(x: Any, y: Any, alpha: Any = 1) -> Any:
    refuse_bools(x, y)
    if modes.in_vjp and alpha == 1 and not (isinstance(x, Tensor) and isinstance(y, Tensor)):
        return ops.sub_number(x, y) if isinstance(x, Tensor) else ops.sub_tensor(beside(x, y), y)
    return ops.sub_tensor(x, y, alpha) if isinstance(x, Tensor) else ops.rsub_number(y, x, alpha)


def rsub(x: Any, y: Any, alpha: Any = 1) -> Any:
    refuse_bools(y, x)
    if isinstance(x, Tensor) and isinstance(y, Tensor):
        broadcast_shape(y.sizes, x.sizes)
    return ops.rsub_tensor(x, y, alpha) if isinstance(y, Tensor) else ops.rsub_number(x, y, alpha)


def reversed_difference(x: Any, y: Any, alpha: Any = 1) -> Any:
    return np.subtract(y, x if alpha == 1 else x * alpha)


def scaled(ufunc: Any) -> Any:
    """Return a kernel of x ± alpha·y; alpha may be left out."""
    return lambda x, y, alpha=1: ufunc(x, y if alpha == 1 else y * alpha)


def alpha_text(texts: Sequence[str | None], attrs: dict[str, Any], operands: Any) -> str:
    return str(attrs.get("alpha", 1))


def minus_alpha_text(texts: Sequence[str | None], attrs: dict[str, Any], operands: Any) -> str:
    return f"−{attrs.get('alpha', 1)}"


register(
    Op("add_tensor", (Input("x", lambda g: g), operand("y", lambda g, alpha=1: g if alpha == 1 else g * alpha)), scaled(np.add),
       kernel=np.add, node_name="AddBackward0", attrs=(ALPHA,), promotes="same", hidden=True),
    Op("sub_tensor", (Input("x", lambda g: g), operand("y", lambda g, alpha=1: -g if alpha == 1 else -g * alpha)), scaled(np.subtract),
       kernel=np.subtract, node_name="SubBackward0", attrs=(ALPHA,), promotes="same", hidden=True),
    Op("rsub_number", (Input("x", lambda g, alpha=1: -g if alpha == 1 else -g * alpha), Input("y", kind="number")), reversed_difference,
       node_name="RsubBackward1", attrs=(ALPHA,), promotes="same", hidden=True),
    Op("rsub_tensor", (Input("x", lambda g, alpha=1: -g if alpha == 1 else -g * alpha), Input("y", lambda g: g)), reversed_difference,
       node_name="RsubBackward0", attrs=(ALPHA,), promotes="same", hidden=True),
    Op("add", (operand("x", formula="1"), operand("y", formula=alpha_text)), composite=add, kernel=scaled(np.add), fast="add_tensor",
       attrs=(ALPHA,),
       category=CATEGORY, symbol="+", torch=("{x} + {y}", "torch.add({x}, {y})", "{x}.add({y})"), latex="{x} + {y}",
       doc="Add element by element.", samples=samples.TWO, bad_samples=samples.BROADCAST),
    Op("sub", (operand("x", formula="1"), operand("y", formula=minus_alpha_text)), composite=sub, kernel=scaled(np.subtract),
       fast="sub_tensor", attrs=(ALPHA,),
       category=CATEGORY, symbol="−", torch=("{x} - {y}", "torch.sub({x}, {y})", "{x}.sub({y})", "torch.subtract({x}, {y})"),
       latex="{x} - {y}",
       doc="Subtract the second operand from the first.", samples=samples.TWO, bad_samples=samples.BROADCAST),
    Op("rsub", (Input("x", formula=minus_alpha_text), operand("y", formula="1")), composite=rsub, kernel=reversed_difference,
       attrs=(ALPHA,), category=CATEGORY, symbol="y−x", torch=("torch.rsub({x}, {y})",), latex="{y} - {x}",
       doc="Subtract the first operand from the second.", samples=samples.TWO,
       bad_samples=(Sample(samples.BROADCAST[0].operands[::-1], error=samples.BROADCAST[0].error),)),
)


# Multiplication and division.
def mul(x: Any, y: Any) -> Any:
    if modes.in_vjp and not (isinstance(x, Tensor) and isinstance(y, Tensor)):
        return ops.mul_number(x, y) if isinstance(x, Tensor) else ops.mul_number(y, x)
    return ops.mul_tensor(x, y) if isinstance(x, Tensor) else ops.mul_tensor(y, x)


def div(x: Any, y: Any, rounding_mode: str | None = None) -> Any:
    if not isinstance(x, Tensor):
        return ops.div_tensor(beside(x, y), y) if modes.in_vjp else ops.mul(ops.reciprocal(y), x)
    if modes.in_vjp and rounding_mode is None and not isinstance(y, Tensor):
        return ops.div_number(x, y)
    return ops.div_tensor(x, y) if rounding_mode is None else ops.div_rounded(x, y, rounding_mode)


def divide_rounded(x: Any, y: Any, rounding_mode: str) -> Any:
    if rounding_mode == "floor":
        return np.floor_divide(x, y)
    if rounding_mode == "trunc":
        return np.trunc(np.true_divide(x, y)).astype(x.dtype)
    raise RuntimeError(f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'")


register(
    Op("mul_tensor", (Input("x", lambda g, y: g * y), operand("y", lambda g, x: g * x)), np.multiply, node_name="MulBackward0",
       promotes="same", hidden=True),
    Op("div_tensor", (Input("x", lambda g, y: g / y), operand("y", lambda g, x, y: -g * ((x / y) / y))), np.true_divide,
       node_name="DivBackward0", promotes="float", hidden=True),
    Op("div_rounded", (Input("x", lambda g, y: ops.zeros_like(g)), operand("y", lambda g, x, y: ops.zeros_like(g))), divide_rounded,
       node_name="DivBackward2", attrs=(Attr("rounding_mode", "choice", None, choices=("trunc", "floor")),), promotes="same", hidden=True),
    Op("mul", (operand("x", formula="{y}"), operand("y", formula="{x}")), composite=mul, kernel=np.multiply, fast="mul_tensor",
       category=CATEGORY, symbol="×",
       torch=("{x} * {y}", "torch.mul({x}, {y})", "{x}.mul({y})", "torch.multiply({x}, {y})"), latex=r"{x} \cdot {y}",
       doc="Multiply element by element.",
       samples=samples.TWO, bad_samples=samples.BROADCAST),
    Op("div", (operand("x", formula="1/{y}"), operand("y", formula="−{x}/{y}²")), composite=div, kernel=np.true_divide, fast="div_tensor",
       attrs=(Attr("rounding_mode", "choice", None, "Round the quotient; its gradient is then zero.", ("trunc", "floor")),),
       category=CATEGORY, symbol="÷", torch=("{x} / {y}", "torch.div({x}, {y})", "{x}.div({y})", "torch.divide({x}, {y})",
                                             "torch.true_divide({x}, {y})"), latex=r"\frac{{x}}{{y}}",
       doc="Divide element by element; integers become floats.", samples=samples.TWO, bad_samples=samples.BROADCAST),
)


# Powers.
def power(x: Any, y: Any) -> Any:
    if isinstance(y, Tensor):
        return ops.pow_tensor(x, y) if isinstance(x, Tensor) else ops.pow_base(x, y)
    return ops.pow_scalar(x, y)


POWERS: dict[float, Any] = {  # as PyTorch computes them, to the last bit
    0.5: np.sqrt, 3: lambda x: x * x * x, -0.5: lambda x: constant(1, x.dtype) / np.sqrt(x), -1: lambda x: constant(1, x.dtype) / x,
    -2: lambda x: constant(1, x.dtype) / (x * x),
}


def raise_to(x: Any, exponent: Any) -> Any:
    if exponent == 2:
        return x * x
    if x.dtype.kind in "iu" and isinstance(exponent, int) and exponent < 0:
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    if x.dtype.kind == "b":
        return np.power(x, exponent).astype(bool)
    if isinstance(exponent, complex) and x.dtype.kind == "f":
        x = x.astype(np.result_type(x.dtype, np.complex64))
    if x.dtype.kind != "f":
        return np.power(x, exponent)
    short = POWERS.get(exponent)
    return short(x) if short is not None else accurate.power(x, constant(exponent, x.dtype))


@helper
def pow_backward(g: Any, x: Any, exponent: Any) -> Any:
    """The gradient of x ** number: zero at exponent 0, whatever x is."""
    if exponent == 0:
        return ops.zeros_like(x)
    return g * (exponent * ops.pow(x, exponent - 1))


@helper
def pow_backward_exponent(g: Any, x: Any, exponent: Any, out: Any) -> Any:
    """The gradient of the exponent: zero where the base is 0 and the exponent is not negative."""
    zero = ops.logical_and(ops.eq(x, 0), ops.ge(exponent, 0))
    return g * ops.where(zero, ops.zeros_like(out), out * ops.log(x))


@helper
def pow_backward_self(g: Any, x: Any, exponent: Any) -> Any:
    """The gradient of the base for a tensor exponent: zero where the exponent is 0."""
    return ops.where(ops.eq(exponent, 0), ops.zeros_like(g), g * (exponent * ops.pow(x, exponent - 1)))


@helper
def pow_base_backward(g: Any, x: Any, exponent: Any, out: Any) -> Any:
    """The gradient of the exponent of a number: that number's logarithm times the result; at base 0 it is zero for exponents >= 0."""
    share = out * float(np.log(x))
    return g * (share if x != 0 else ops.where(ops.ge(exponent, 0), ops.zeros_like(g), share))


def raise_base(x: Any, y: Any) -> Any:
    if y.dtype.kind == "b":
        raise NotImplementedError("\"pow\" not implemented for 'Bool'")
    return accurate.power(constant(x, y.dtype), y) if y.dtype.kind == "f" and isinstance(x, int | float) else np.power(x, y)


def raise_any(x: Any, y: Any) -> Any:
    return accurate.power(x, y) if isinstance(y, np.ndarray) else raise_to(x, y)


def pow_text(texts: Sequence[str | None], attrs: dict[str, Any], operands: Any) -> str:
    """The local derivative of the base: 2x, 3x², nxⁿ⁻¹ as text."""
    base, exponent = texts[0], texts[1]
    n = None if operands is None or isinstance(operands[1], Tensor) else operands[1]
    if n is None:
        return f"{exponent}·{base}^({exponent}−1)"
    less = n - 1
    if n in (0, 1):
        return str(int(n))
    return f"{number_text(n)}{base}" if less == 1 else f"{number_text(n)}{base}{superscript(less)}"


def number_text(n: Any) -> str:
    """Return a number without a useless fraction: 2.0 as 2."""
    return str(int(n)) if isinstance(n, int) or (isinstance(n, float) and n.is_integer()) else str(n)


def superscript(n: Any) -> str:
    """Return an exponent as text: ², or ^0.5 where there are no raised digits."""
    text = number_text(n)
    return text.translate(str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")) if text.lstrip("-").isdigit() else f"^{text}"


register(
    Op("pow_scalar", (Input("x", lambda g, x, y: ops.pow_backward(g, x, y)), Input("y", kind="number", torch="exponent")), raise_to,
       node_name="PowBackward0", hidden=True, promotes="power"),
    Op("pow_tensor", (Input("x", lambda g, x, y: ops.pow_backward_self(g, x, y)),
                      Input("y", lambda g, x, y, out: ops.pow_backward_exponent(g, x, y, out), torch="exponent")), raise_base,
       node_name="PowBackward1", promotes="same", hidden=True),
    Op("pow_base", (Input("x", kind="number"), Input("y", lambda g, x, y, out: ops.pow_base_backward(g, x, y, out), torch="exponent")),
       raise_base, node_name="PowBackward2", promotes="same", hidden=True),
    Op("pow", (operand("x", formula=pow_text), operand("y", formula="{x}^{y}·ln {x}", torch="exponent")), composite=power, kernel=raise_any,
       category=CATEGORY, symbol="xⁿ",
       torch=("{x} ** {y}", "torch.pow({x}, {y})", "{x}.pow({y})"), latex="{x}^{{y}}", doc="Raise to a power, element by element.",
       samples=samples.TWO_POSITIVE, bad_samples=samples.BROADCAST),
)
