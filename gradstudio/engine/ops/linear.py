"""linear and addmm: a matrix product and a bias in one. Category matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.op import Attr, Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.matrix import CATEGORY, mm
from gradstudio.engine.promote import Number

Array = np.ndarray[Any, Any]
BETA = Attr("beta", "number", 1, "Factor of what is added.")
ALPHA = Attr("alpha", "number", 1, "Factor of the product.")


def addmm(x: Array, a: Array, b: Array, beta: Number, alpha: Number) -> Any:
    product = mm(a, b)
    if alpha != 1:
        product = product * alpha
    try:
        return np.add(product, x if beta == 1 else x * beta, product) if x.dtype == product.dtype else product + x * beta
    except ValueError:
        n, have = product.shape[-1], x.shape[-1]
        raise RuntimeError(f"The expanded size of the tensor ({n}) must match the existing size ({have}) at non-singleton dimension 1.  "
                           f"Target "
                           f"sizes: {errors.size(product.shape)}.  Tensor sizes: {errors.size(x.shape)}") from None


@helper
def times(g: Any, factor: Number) -> Any:
    """Multiply by a number unless it is 1."""
    return g if factor == 1 else g * factor


def linear(x: Any, weight: Any, bias: Any = None) -> Any:
    """As F.linear: addmm where there is a bias, the leading dims of x folded into rows."""
    if bias is None:
        return ops.matmul(x, ops.t(weight))
    if len(x.sizes) == 2:
        return ops.addmm(bias, x, ops.t(weight))
    if not x.array.flags.c_contiguous or not x.sizes:
        return ops.add(ops.matmul(x, ops.t(weight)), bias)
    rows = ops.view(x, (-1, x.sizes[-1])) if x.array.size else ops.view(x, (x.array.size // max(x.sizes[-1], 1), x.sizes[-1]))
    return ops.view(ops.addmm(bias, rows, ops.t(weight)), (*x.sizes[:-1], weight.sizes[0]))


A23, B34, W43, C4 = samples.array(2, 3), samples.array(3, 4, start=0.4), samples.array(4, 3, start=0.4), samples.array(4)
register(
    Op("addmm", (Input("x", lambda g, beta: ops.times(g, beta), "1"),
                 Input("mat1", lambda g, mat2, alpha: ops.times(ops.mm(g, ops.t(mat2)), alpha), "·{mat2}ᵗ"),
                 Input("mat2", lambda g, mat1, alpha: ops.times(ops.mm(ops.t(mat1), g), alpha), "{mat1}ᵗ·")), addmm,
       node_name="AddmmBackward0", attrs=(BETA, ALPHA), category=CATEGORY, symbol="+@",
       torch=("torch.addmm({x}, {mat1}, {mat2})", "{x}.addmm({mat1}, {mat2})"), latex="{x} + {mat1}{mat2}",
       doc="A matrix product added to something.", samples=(Sample((C4, A23, B34)), Sample((C4, A23, B34), {"beta": 0.2, "alpha": 0.6})),
       bad_samples=(Sample((C4, A23, A23), error="mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)"),)),
    Op("linear", (Input("x", formula="·{weight}"), Input("weight", formula="⊗{x}"), Input("bias", formula="1", optional=True)),
       composite=linear, category=CATEGORY, symbol="linear", torch=("F.linear({x}, {weight}, {bias})",), latex="{x}{weight}^T + {bias}",
       doc="A layer: x times the transposed weight, plus a bias.",
       samples=(Sample((A23, W43, C4)), Sample((A23, W43, None)), Sample((samples.array(3), W43, C4)),
                Sample((samples.array(2, 2, 3), W43, C4))),
       bad_samples=(Sample((A23, B34, None), error="mat1 and mat2 shapes cannot be multiplied (2x3 and 4x3)"),)),
)
