"""In-place rows: they write their first operand and return it, one version on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.dims import broadcast_shape
from gradstudio.engine.inplace import mutating
from gradstudio.engine.op import ROWS, Attr, Input, Op, Sample, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.arithmetic import refuse_bools
from gradstudio.engine.ops.indexing import out_of_bounds
from gradstudio.engine.ops.lookup import check_mask
from gradstudio.engine.promote import wrapped
from gradstudio.engine.tensor import Tensor, make

Array = np.ndarray[Any, Any]
CATEGORY = "in place"


def put_at(x: Array, index: tuple[Any, ...], values: Array, accumulate: bool) -> Array:
    if values.dtype != x.dtype:
        raise RuntimeError(f"Index put requires the source and destination dtypes match, got {errors.dtype_name(x.dtype)} for the "
                           f"destination and {errors.dtype_name(values.dtype)} for the source.")
    out = x.copy()
    try:
        if accumulate:
            np.add.at(out, index, values)
        else:
            out[index] = values
    except IndexError as error:
        raise out_of_bounds(x.shape, index) or error from None
    except ValueError:
        place = x[index].shape
        raise RuntimeError(f"shape mismatch: value tensor of shape {errors.size(values.shape)} cannot be broadcast to indexing result of "
                           f"shape "
                           f"{errors.size(place)}") from None
    return out


def copied(x: Array, y: Array) -> Array:
    shape = broadcast_shape(x.shape, y.shape)
    return np.broadcast_to(y.astype(x.dtype, copy=False), shape)


# What the in-place rows compute, as rows without a name of their own.
register(
    Op("strided_part", (Input("x", lambda g, geometry: ops.as_strided_backward(g, geometry)),), lambda x, geometry: geometry.taken(x),
       node_name="AsStridedBackward0", attrs=(Attr("geometry", "geometry"),), hidden=True),
    Op("as_strided_backward", (Input("grad_output", lambda g, geometry: ops.strided_part(g, geometry)),),
       lambda g, geometry: geometry.spread(g),
       node_name="AsStridedBackward0", attrs=(Attr("geometry", "geometry"),), hidden=True),
    Op("put_strided", (Input("x", lambda g, y, geometry: ops.put_strided(g, ops.zeros_like(y), geometry)),
                       Input("y", lambda g, geometry: ops.strided_part(g, geometry))), lambda x, y, geometry: geometry.put(x, y),
       node_name="AsStridedScatterBackward0", attrs=(Attr("geometry", "geometry"),), hidden=True),
    Op("zero", (Input("x", lambda g: ops.zeros_like(g)),), np.zeros_like, node_name="ZeroBackward0", hidden=True),
    Op("copy", (Input("x", lambda g: ops.zeros_like(g)), Input("y", lambda g: g)),
       copied, node_name="torch::autograd::CopyBackwards", hidden=True),
    Op("fill_number", (Input("x", lambda g: ops.zeros_like(g)), Input("y", kind="number", torch="value")),
       lambda x, y: np.full_like(x, y), node_name="FillBackward2", hidden=True),
    Op("fill_tensor", (Input("x", lambda g: ops.zeros_like(g)), Input("y", lambda g: ops.sum(g), torch="value")),
       lambda x, y: np.full_like(x, y), node_name="FillBackward3", hidden=True),
    Op("put_at", (
        Input("x", lambda g, y_shape, indices, accumulate: g if accumulate else ops.put_at(g, indices, ops.zeros(g, y_shape), False)),
        Input("indices", kind="index"), Input("y", lambda g, indices: ops.gather_at(g, indices), torch="values")), put_at,
       node_name="IndexPutBackward0", attrs=(Attr("accumulate", "bool", False),), hidden=True),
    Op("put_at_", (Input("x"), Input("indices", kind="index"), Input("values")), composite=mutating("put_at"), mutates="x",
       attrs=(Attr("accumulate", "bool", False),), hidden=True),
)
register(replace(ROWS["put_at"], name="put_at_zeros", node_name="IndexPutImplBackward0"))  # what gathering's backward is to PyTorch


def copy_(x: Tensor, y: Any) -> Tensor:
    if not isinstance(y, Tensor):
        y = make(np.asarray(wrapped(y, x.scalar_type), x.scalar_type), None)
    return copy_tensor_(x, y if x.scalar_type.kind in "fc" else y.detach())  # integers have no history


def fill_(x: Tensor, value: Any) -> Tensor:
    if isinstance(value, Tensor) and value.sizes:
        raise RuntimeError(f"fill_ only supports 0-dimension value tensor but got tensor with {len(value.sizes)} dimensions.")
    return fill_tensor_(x, value) if isinstance(value, Tensor) else fill_number_(x, value)


def sub_(x: Tensor, y: Any, alpha: Any = 1) -> Tensor:
    refuse_bools(x, y)
    return subtract_(x, y, alpha)


def masked_fill_(x: Tensor, mask: Tensor, value: Any) -> Tensor:
    check_mask(mask, value)
    return mask_tensor_(x, mask, value) if isinstance(value, Tensor) else mask_number_(x, mask, value)


def pow_(x: Tensor, exponent: Any) -> Tensor:
    return pow_tensor_(x, exponent) if isinstance(exponent, Tensor) else pow_scalar_(x, exponent)


subtract_ = mutating("sub_tensor")
copy_tensor_, fill_number_, fill_tensor_ = mutating("copy"), mutating("fill_number"), mutating("fill_tensor")
mask_number_, mask_tensor_ = mutating("masked_fill_number"), mutating("masked_fill_tensor")
pow_scalar_, pow_tensor_ = mutating("pow_scalar"), mutating("pow_tensor")
ALPHA = Attr("alpha", "number", 1, "Factor of the second operand.")
UPDATE = (Sample((samples.array(3, 2), samples.array(3, 2, start=0.6))), Sample((samples.array(2, 3), samples.array(3, start=0.3))),
          Sample((samples.array(3), 2.5)))
BAD = (Sample((samples.array(3), samples.array(2, 3)), error="output with shape [3] doesn't match the broadcast shape [2, 3]"),)


def binary(name: str, compute: Any, symbol: str, operator: str, latex: str, doc: str, formulas: tuple[Any, Any],
           attrs: tuple[Attr, ...] = ()) -> Op:
    """Return the row of an in-place op with a second operand."""
    torch = (f"{{x}}.{name}({{y}})", *([f"{{x}} {operator} {{y}}"] if operator else []))
    return Op(name, (Input("x", formula=formulas[0]), Input("y", formula=formulas[1], kind="operand")), composite=compute, mutates="x",
              attrs=attrs, category=CATEGORY, symbol=symbol, torch=torch, latex=latex, doc=doc, samples=UPDATE, bad_samples=BAD)


def unary(name: str, compute: Any, symbol: str, latex: str, doc: str, formula: str, given: Any = samples.ONE) -> Op:
    """Return the row of an in-place op on one tensor."""
    return Op(name, (Input("x", formula=formula),), composite=compute, mutates="x", category=CATEGORY, symbol=symbol,
              torch=(f"{{x}}.{name}()",), latex=latex, doc=doc, samples=given)


register(
    binary("add_", mutating("add_tensor"), "+=", "+=", r"{x} \mathrel{+}= {y}", "Add into the first operand.",
           ("1", ROWS["add"].input("y").formula), (ALPHA,)),
    binary("sub_", sub_, "−=", "-=", r"{x} \mathrel{-}= {y}", "Subtract from the first operand.",
           ("1", ROWS["sub"].input("y").formula), (ALPHA,)),
    binary("mul_", mutating("mul_tensor"), "×=", "*=", r"{x} \mathrel{\times}= {y}", "Multiply the first operand.", ("{y}", "{x}")),
    binary("div_", mutating("div_tensor"), "÷=", "/=", r"{x} \mathrel{/}= {y}", "Divide the first operand.", ("1/{y}", "−{x}/{y}²")),
    Op("pow_", (Input("x", formula=ROWS["pow"].input("x").formula), Input("y", formula="{x}^{y}·ln {x}", kind="operand")), composite=pow_,
       mutates="x", category=CATEGORY, symbol="xⁿ=", torch=("{x}.pow_({y})", "{x} **= {y}"), latex="{x}^{{y}}",
       doc="Raise to a power in place.",
       samples=(Sample((samples.positive(3), 2)), Sample((samples.positive(3), samples.positive(3)))), bad_samples=BAD),
    Op("copy_", (Input("x", formula="0"), Input("y", formula="1")), composite=copy_, mutates="x", category=CATEGORY,
       symbol="copy",
       torch=("{x}.copy_({y})",), latex=r"{x} \leftarrow {y}", doc="Overwrite with another tensor's numbers.", samples=UPDATE[:2]),
    Op("fill_", (Input("x", formula="0"), Input("y", formula="1", kind="operand")), composite=fill_, mutates="x", category=CATEGORY,
       symbol="fill", torch=("{x}.fill_({y})",), latex=r"{x} \leftarrow {y}", doc="Overwrite with one number.",
       samples=(Sample((samples.array(3), 2.5)), Sample((samples.array(3), samples.SCALAR)))),
    Op("masked_fill_", (Input("x", formula="[not {mask}]"), Input("mask"), Input("value", formula="[{mask}]", kind="operand")),
       composite=masked_fill_, mutates="x", category=CATEGORY, symbol="mask", torch=("{x}.masked_fill_({mask}, {value})",),
       latex=r"{x} \leftarrow {value}\ \mathrm{where}\ {mask}", doc="Overwrite where a mask is true.",
       samples=(Sample((samples.array(3, 2), samples.array(3, 2) > 0, -1.5)),
                Sample((samples.array(3), samples.array(3) > 0, samples.SCALAR)))),
    unary("zero_", mutating("zero"), "0", r"{x} \leftarrow 0", "Overwrite with zeros; the gradient becomes zero.", "0"),
    unary("exp_", mutating("exp"), "eˣ", r"{x} \leftarrow e^{x}", "Exponential in place.", "e^{x}"),
    unary("neg_", mutating("neg"), "−x", r"{x} \leftarrow -{x}", "Change the sign in place.", "−1"),
    unary("sqrt_", mutating("sqrt"), "√", r"{x} \leftarrow \sqrt{x}", "Square root in place.", "1/(2√{x})", samples.ONE_POSITIVE),
    unary("relu_", mutating("relu"), "relu", r"{x} \leftarrow \max(0, {x})", "relu in place.", "[{x} > 0]"),
    unary("sigmoid_", mutating("sigmoid"), "σ", r"{x} \leftarrow \sigma({x})", "Logistic function in place.", "σ({x})(1 − σ({x}))"),
    unary("tanh_", mutating("tanh"), "tanh", r"{x} \leftarrow \tanh {x}", "Hyperbolic tangent in place.", "1 − tanh² {x}"),
)
