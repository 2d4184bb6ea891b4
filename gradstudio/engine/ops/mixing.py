"""Arithmetic on three tensors, addcmul, addcdiv and lerp; powers in float64. Category arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.numerics import fused
from gradstudio.engine.op import Attr, Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.arithmetic import CATEGORY, operand, pow_text
from gradstudio.engine.tensor import Tensor

Array = np.ndarray[Any, Any]
VALUE = Attr("value", "number", 1, "Factor of the product, or the quotient.")
NO_INTEGERS = ("Integer division with addcdiv is no longer supported, and in a future  release addcdiv will perform a true division of "
               "tensor1 and tensor2. The historic addcdiv behavior can be implemented as (input + value * torch.trunc(tensor1 / "
               "tensor2)).to(input.dtype) for integer inputs and as (input + value * tensor1 / tensor2) for float inputs. The future "
               "addcdiv behavior is just the latter implementation: (input + value * tensor1 / tensor2), for all dtypes.")
THREE = (Sample((samples.array(3, 2), samples.array(3, 2, start=0.6), samples.positive(3, 2))),
         Sample((samples.SCALAR, np.array(-1.2), np.array(0.4))), Sample((samples.array(3), samples.array(2, 1), samples.positive(2, 3))))
SHORT = (Sample((samples.array(3), samples.array(3), samples.array(4)),
                error="The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 0"),)


def times(value: Any, x: Array) -> Any:
    """Return value·x in x's dtype, whatever kind of number value is."""
    return x if value == 1 else x * (int(value) if x.dtype.kind in "iu" else value)


def scaled_product(x: Array, tensor1: Array, tensor2: Array, value: Any) -> Any:
    return fused.product_plus(np.asarray(times(value, tensor1)), tensor2, x)


def addcdiv(x: Any, tensor1: Any, tensor2: Any, value: Any = 1) -> Any:
    if all(isinstance(t, Tensor) and t.scalar_type.kind in "biu" for t in (tensor1, tensor2)):
        raise RuntimeError(NO_INTEGERS)
    return ops.addcdiv_tensors(x, tensor1, tensor2, value)


def scaled_quotient(x: Array, tensor1: Array, tensor2: Array, value: Any = 1) -> Any:
    return x + times(value, tensor1) / tensor2


# Between two tensors, from the nearer end, so that both ends are met exactly.
def lerp(x: Any, end: Any, weight: Any) -> Any:
    by_tensor = isinstance(weight, Tensor)
    for name, t in (("end", end), ("weight", weight if by_tensor and weight.sizes else x)):
        if isinstance(t, Tensor) and isinstance(x, Tensor) and t.scalar_type != x.scalar_type:
            raise RuntimeError(f"expected dtype {errors.c_name(x.scalar_type)} for `{name}` but got dtype "
                               f"{errors.c_name(t.scalar_type)}")
    return ops.lerp_tensor(x, end, weight) if by_tensor else ops.lerp_number(x, end, weight)


def between(x: Array, end: Array, weight: Any) -> Any:
    way = np.asarray(end - x)
    if not isinstance(weight, np.ndarray):
        weight = way.dtype.type(weight)
    near, far = fused.product_plus(way, weight, x), fused.less_product(end, way, 1 - weight)
    return np.where(np.abs(weight) < 0.5, near, far)


# Powers in float64.
@helper
def in_double(x: Any) -> Any:
    """Return a tensor in float64, or complex128 if it is complex; a number as a float, or a complex one as it is."""
    if isinstance(x, Tensor):
        return ops.to(x, "complex128" if x.scalar_type.kind == "c" else "float64")
    return x if isinstance(x, complex) else float(x)


def float_power(x: Any, y: Any) -> Any:
    if not isinstance(x, Tensor) and not isinstance(y, Tensor):
        raise TypeError(f"float_power() received an invalid combination of arguments - got ({errors.type_name(x)}, {errors.type_name(y)}), "
                        "but expected one of:\n * (Tensor input, Tensor exponent, *, Tensor out = None)\n * (Number self, Tensor "
                        "exponent, *, Tensor out = None)\n * (Tensor input, Number exponent, *, Tensor out = None)\n")
    return ops.pow(in_double(x), in_double(y))


def double_power(x: Any, y: Any) -> Any:
    return np.power(np.asarray(x, np.float64), np.asarray(y, np.float64))


MIX = "1 − {weight}"
register(
    Op("addcmul", (Input("x", lambda g: g, "1"),
                   Input("tensor1", lambda g, tensor2, value: g * (tensor2 * value), "value·{tensor2}"),
                   Input("tensor2", lambda g, tensor1, value: g * (tensor1 * value), "value·{tensor1}")), scaled_product,
       node_name="AddcmulBackward0", attrs=(VALUE,), promotes="same", lacks=("b", "addcmul_cpu_out"), category=CATEGORY, symbol="+x·y",
       torch=("torch.addcmul({x}, {tensor1}, {tensor2})", "{x}.addcmul({tensor1}, {tensor2})"), latex=r"{x} + {tensor1} \cdot {tensor2}",
       doc="Add a product, scaled by value.", samples=(*THREE, Sample(THREE[0].operands, {"value": 2.5})), bad_samples=SHORT),
    Op("addcdiv_tensors", (Input("x", lambda g: g), Input("tensor1", lambda g, tensor2, value: g * (value / tensor2)),
                           Input("tensor2", lambda g, tensor1, tensor2, value: -g * (tensor1 * value / (tensor2 * tensor2)))),
       scaled_quotient, node_name="AddcdivBackward0", attrs=(VALUE,), promotes="same", lacks=("biu", NO_INTEGERS), hidden=True),
    Op("addcdiv", (Input("x", formula="1"), Input("tensor1", formula="value/{tensor2}"),
                   Input("tensor2", formula="−value·{tensor1}/{tensor2}²")), composite=addcdiv, kernel=scaled_quotient,
       fast="addcdiv_tensors", attrs=(VALUE,), category=CATEGORY, symbol="+x/y",
       torch=("torch.addcdiv({x}, {tensor1}, {tensor2})", "{x}.addcdiv({tensor1}, {tensor2})"), latex=r"{x} + \frac{{tensor1}}{{tensor2}}",
       doc="Add a quotient, scaled by value.", samples=(*THREE, Sample(THREE[0].operands, {"value": 2.5})), bad_samples=SHORT),
    Op("lerp_tensor", (Input("x", lambda g, weight: g * (1 - weight)), Input("end", lambda g, weight: g * weight),
                       Input("weight", lambda g, x, end: g * (end - x))), between, node_name="LerpBackward1", promotes="same",
       lacks=("biu", "lerp_kernel_tensor"), hidden=True),
    Op("lerp_number", (Input("x", lambda g, weight: g * (1 - weight)), Input("end", lambda g, weight: g * weight),
                       Input("weight", kind="number", promote=False)), between, node_name="LerpBackward0", promotes="same",
       lacks=("biu", "lerp_kernel_scalar"), hidden=True),
    Op("lerp", (Input("x", formula=MIX), Input("end", formula="{weight}"), operand("weight", formula="{end} − {x}")), composite=lerp,
       kernel=between, category=CATEGORY, symbol="lerp",
       torch=("torch.lerp({x}, {end}, {weight})", "{x}.lerp({end}, {weight})"), latex=r"{x} + {weight}\,({end} - {x})",
       doc="Between two tensors: the first at weight 0, the second at 1.",
       samples=(*THREE, Sample((*THREE[0].operands[:2], 0.3)), Sample((*THREE[0].operands[:2], 1.7))), bad_samples=SHORT),
    Op("float_power", (operand("x", formula=pow_text), operand("y", formula="{x}^{y}·ln {x}", torch="exponent")), composite=float_power,
       kernel=double_power, category=CATEGORY, symbol="xⁿ₆₄", torch=("torch.float_power({x}, {y})", "{x}.float_power({y})"),
       latex="{x}^{{y}}", doc="Raise to a power in float64.",
       samples=(*samples.TWO_POSITIVE, Sample((samples.positive(3), 2.5))),
       bad_samples=samples.BROADCAST),
)
