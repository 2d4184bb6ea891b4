"""Rounding, remainders and tests of numbers. Roundings pass a gradient of zero, as in PyTorch. Category arithmetic and comparison."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.dims import Dim, dims_of
from gradstudio.engine.op import Attr, Input, Op, Sample, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.arithmetic import CATEGORY, operand
from gradstudio.engine.promote import number_dtype
from gradstudio.engine.tensor import Tensor, make

Array = np.ndarray[Any, Any]
DIM = Attr("dim", "dims", None, "Along which dims; over all elements if left out.")
KEEPDIM = Attr("keepdim", "bool", False, "Keep reduced dims with size 1.")
MASKS = (Sample((samples.array(3, 2) > 0, samples.array(3, 2, start=0.6) > 0)),)
ODD = (Sample((np.array([1.0, np.nan, np.inf, -np.inf]),)),)


def rounding(name: str, forward: Any, symbol: str, latex: str, doc: str) -> Op:
    """Return the row of a rounding to integers; integers stay as they are."""
    hidden = name.endswith("_whole")
    return Op(name, (Input("x", lambda g: ops.zeros_like(g), "0"),), lambda x: x.copy() if x.dtype.kind in "iu" else forward(x),
              node_name=f"{name.removesuffix('_whole').capitalize()}Backward0", promotes="same",
              lacks=("b", f"{name.removesuffix('_whole')}_vml_cpu"), category=CATEGORY, symbol=symbol, hidden=hidden,
              torch=(f"torch.{name}({{x}})", f"{{x}}.{name}()"), latex=latex, doc=f"{doc}; no gradient passes.", samples=samples.ONE)


def round_to(x: Array, decimals: int) -> Any:
    factor = x.dtype.type(10.0 ** abs(decimals))
    return np.rint(x * factor) / factor if decimals > 0 else np.rint(x / factor) * factor


def none_for(name: str) -> Any:
    """Return the vjp of an op that PyTorch has no derivative for."""

    def vjp(g: Any) -> Any:
        raise RuntimeError(f"derivative for aten::{name} is not implemented")

    return vjp


def as_first(x: Any, y: Any) -> Any:
    """Return a number that stands first as a 0-dim tensor: it promotes as a number of the default dtype."""
    whole = isinstance(x, int) and (y.scalar_type.kind != "b" or isinstance(x, bool))
    return x if isinstance(x, Tensor) else make(np.array(x, y.scalar_type if whole else number_dtype(x)), None)


def floor_divide(x: Any, y: Any) -> Any:
    x = as_first(x, y)
    return ops.floor_divide_tensor(x, y) if isinstance(y, Tensor) else ops.floor_divide_number(x, y)


def divided_down(x: Array, y: Any) -> Any:
    if x.dtype.kind in "iu" and not np.all(y):
        raise RuntimeError("ZeroDivisionError")
    return np.floor_divide(x, y)


def remainder(x: Any, y: Any) -> Any:
    if not isinstance(x, Tensor):
        return ops.remainder_first(as_first(x, y), y)
    return ops.remainder_tensor(x, y) if isinstance(y, Tensor) else ops.remainder_number(x, y)


def fmod(x: Any, y: Any) -> Any:
    return ops.fmod_tensor(x, y) if isinstance(y, Tensor) else ops.fmod_number(x, y)


def tested(name: str, forward: Any, symbol: str, doc: str, given: Any) -> Op:
    """Return the row of a test of each element."""
    return Op(name, (Input("x"),), forward, category="comparison", symbol=symbol, torch=(f"torch.{name}({{x}})", f"{{x}}.{name}()"),
              latex=rf"\mathrm{{{name}}}({{x}})", doc=doc, samples=given)


def of_bits(name: str, forward: Any) -> Any:
    """Return the kernel of a bitwise op, which refuses floats."""

    def computed(x: Array, y: Array) -> Any:
        if x.dtype.kind in "fc":
            raise errors.lacking(f"{name}_cpu", x.dtype)
        return forward(x, y)

    return computed


def logic(name: str, forward: Any, symbol: str, operator: str, latex: str, doc: str) -> Op:
    """Return the row of a logical op on two masks."""
    spelled = (f"torch.{name}({{x}}, {{y}})", f"{{x}}.{name}({{y}})", *([f"{{x}} {operator} {{y}}"] if operator else []))
    kernel = of_bits(name, forward) if operator else forward
    return Op(name, (operand("x"), operand("y")), kernel, promotes="same", category="comparison", symbol=symbol,
              torch=spelled, latex=latex, doc=doc, samples=MASKS, bad_samples=samples.BROADCAST if not operator else ())


def whole(name: str, reduce: Any, symbol: str, doc: str) -> Op:
    """Return the row of any or all."""

    def forward(x: Array, dim: Dim, keepdim: bool) -> Any:
        found = reduce(x.astype(bool), dims_of(dim, x.ndim), keepdims=keepdim)
        return np.asarray(found).astype(np.uint8) if x.dtype == np.uint8 else found  # as PyTorch has it

    return Op(name, (Input("x"),), forward, attrs=(DIM, KEEPDIM), category="comparison", symbol=symbol,
              torch=(f"torch.{name}({{x}})", f"{{x}}.{name}()"), latex=rf"\mathrm{{{name}}}({{x}})", doc=doc,
              samples=(Sample((samples.array(3, 2) > 0,)), Sample((samples.array(3, 2) > 0,), {"dim": 1})))


def not_numbers(x: Array) -> Any:
    if x.dtype.kind == "f":
        raise errors.lacking("bitwise_not_cpu", x.dtype)
    return np.invert(x)


NO_QUOTIENT = none_for("floor_divide")
ORDER = "Remainder of a division; the sign is that of "
DIVISIONS = (*samples.TWO_POSITIVE[:2], Sample((samples.positive(2, 3), samples.positive(3) * 0.71)), Sample((samples.positive(3), 2)),
             Sample((np.array([7, -7]), 2)))
register(
    rounding("floor", np.floor, "⌊x⌋", r"\lfloor {x} \rfloor", "Round down"),
    rounding("ceil", np.ceil, "⌈x⌉", r"\lceil {x} \rceil", "Round up"),
    rounding("round_whole", np.rint, "≈", r"\mathrm{round}({x})", "Round to the nearest, halves to even"),
    Op("round_to", (Input("x", lambda g: ops.zeros_like(g)),), round_to, node_name="RoundBackward1", attrs=(Attr("decimals", "int", 0),),
       promotes="same", lacks=("biu", "round_cpu"), hidden=True),
    Op("round", (Input("x", formula="0"),),
       composite=lambda x, decimals=None: ops.round_whole(x) if decimals is None else ops.round_to(x, decimals),
       attrs=(Attr("decimals", "int", None, "How many decimals to keep."),), category=CATEGORY, symbol="≈",
       torch=("torch.round({x})", "{x}.round()"), latex=r"\mathrm{round}({x})",
       doc="Round to the nearest, halves to even; no gradient passes.",
       samples=(*samples.ONE, Sample((samples.array(3, 2),), {"decimals": 1}))),
    rounding("trunc", np.trunc, "trunc", r"\mathrm{trunc}({x})", "Round towards zero"),
    Op("floor_divide_tensor", (Input("x", NO_QUOTIENT), Input("y", NO_QUOTIENT)), divided_down,
       node_name="torch::autograd::NotImplemented", promotes="same", lacks=("b", "div_floor_cpu"), hidden=True),
    Op("floor_divide_number", (Input("x", NO_QUOTIENT), Input("y", kind="number")), divided_down,
       node_name="torch::autograd::NotImplemented", promotes="same", lacks=("b", "div_floor_cpu"), hidden=True),
    Op("floor_divide", (operand("x", formula="none"), operand("y", formula="none")), composite=floor_divide, kernel=np.floor_divide,
       category=CATEGORY, symbol="//", torch=("torch.floor_divide({x}, {y})", "{x} // {y}", "{x}.floor_divide({y})"),
       latex=r"\lfloor {x} / {y} \rfloor", doc="Divide and round down; PyTorch has no derivative for it.", 
       samples=(Sample((np.array([7, -7]), 2)), Sample((np.array([7, -7]), np.array([2, 3])))),
       bad_samples=samples.BROADCAST),
    Op("remainder_tensor", (Input("x", lambda g: g), Input("y", lambda g, x, y: -g * ops.div_rounded(x, y, "floor"))), np.remainder,
       node_name="RemainderBackward1", promotes="same", lacks=("b", "remainder_cpu"), hidden=True),
    Op("remainder_number", (Input("x", lambda g: g), Input("y", kind="number")), np.remainder, node_name="RemainderBackward0",
       promotes="same", lacks=("b", "remainder_cpu"), hidden=True),
    Op("remainder_first", (Input("x"), Input("y", none_for("remainder"))), np.remainder, node_name="torch::autograd::NotImplemented",
       promotes="same", lacks=("b", "remainder_cpu"), hidden=True),
    Op("fmod_tensor", (Input("x", lambda g: g), Input("y", lambda g, x, y: -g * ops.div_rounded(x, y, "trunc"))), np.fmod,
       node_name="FmodBackward1", promotes="same", lacks=("b", "fmod_cpu"), hidden=True),
    Op("fmod_number", (Input("x", lambda g: g), Input("y", kind="number")), np.fmod, node_name="FmodBackward0", promotes="same",
       lacks=("b", "fmod_cpu"), hidden=True),
    Op("remainder", (operand("x", formula="1"), operand("y", formula="−⌊{x}/{y}⌋")), composite=remainder, kernel=np.remainder,
       category=CATEGORY, symbol="%", torch=("torch.remainder({x}, {y})", "{x} % {y}", "{x}.remainder({y})"), latex=r"{x} \bmod {y}",
       doc=f"{ORDER}the divisor.", samples=DIVISIONS, bad_samples=samples.BROADCAST),
    Op("fmod", (operand("x", formula="1"), operand("y", formula="−trunc({x}/{y})")), composite=fmod, kernel=np.fmod, category=CATEGORY,
       symbol="fmod", torch=("torch.fmod({x}, {y})", "{x}.fmod({y})"), latex=r"\mathrm{fmod}({x}, {y})", doc=f"{ORDER}the dividend.",
       samples=DIVISIONS, bad_samples=samples.BROADCAST),
    tested("isnan", np.isnan, "nan?", "Where an element is not a number.", ODD),
    tested("isinf", np.isinf, "∞?", "Where an element is infinite.", ODD),
    tested("isfinite", np.isfinite, "finite?", "Where an element is neither infinite nor nan.", ODD),
    tested("logical_not", np.logical_not, "not", "Where an element is false or zero.", (Sample((samples.array(3) > 0,)), *ODD)),
    Op("bitwise_not", (Input("x"),), not_numbers, category="comparison", symbol="~",
       torch=("torch.bitwise_not({x})", "~{x}", "{x}.bitwise_not()"), latex=r"\lnot {x}", doc="Invert a mask, or the bits of integers.",
       samples=(Sample((samples.array(3) > 0,)), Sample((np.array([0, 5]),)))),
    logic("logical_and", np.logical_and, "and", "", r"{x} \land {y}", "Where both are true."),
    logic("logical_or", np.logical_or, "or", "", r"{x} \lor {y}", "Where one is true."),
    logic("logical_xor", np.logical_xor, "xor", "", r"{x} \oplus {y}", "Where just one is true."),
    logic("bitwise_and", np.bitwise_and, "&", "&", r"{x} \land {y}", "And of two masks, or of bits."),
    logic("bitwise_or", np.bitwise_or, "|", "|", r"{x} \lor {y}", "Or of two masks, or of bits."),
    logic("bitwise_xor", np.bitwise_xor, "^", "^", r"{x} \oplus {y}", "Exclusive or of two masks, or of bits."),
    whole("any", np.logical_or.reduce, "any", "Whether one element is true."),
    whole("all", np.logical_and.reduce, "all", "Whether every element is true."),
)
