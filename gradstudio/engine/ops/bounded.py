"""Bounded activations and losses on probabilities: hardtanh, elu, smooth_l1_loss, binary_cross_entropy, log_sigmoid."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine.apply import register
from gradstudio.engine.op import Attr, Input, Op, Sample, helper, ops
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.activation import CATEGORY

Array = np.ndarray[Any, Any]
LOW, HIGH = Attr("min_val", "number", -1.0, "Lower bound."), Attr("max_val", "number", 1.0, "Upper bound.")
ALPHA = Attr("alpha", "number", 1.0, "How far down the negative side goes.")


def hardtanh_backward(g: Array, x: Array, low: float, high: float) -> Any:
    return np.where((x <= low) | (x >= high), g.dtype.type(0), g)


def elu(x: Array, alpha: float) -> Any:
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)) * alpha)


@helper
def elu_backward(g: Any, x: Any, alpha: float) -> Any:
    """The gradient of elu: 1 on the positive side, alpha times the exponential on the other, 0 included."""
    return ops.where(ops.gt(x, 0), g, g * alpha * ops.exp(ops.clamp(x, None, 0)))


register(
    Op("hardtanh_backward", (Input("grad_output", lambda g, x, min_val, max_val: ops.hardtanh_backward(g, x, min_val, max_val)),
                             Input("x", lambda g: ops.zeros_like(g))), hardtanh_backward, node_name="HardtanhBackwardBackward0",
       attrs=(LOW, HIGH), hidden=True),
    Op("hardtanh", (Input("x", lambda g, x, min_val, max_val: ops.hardtanh_backward(g, x, min_val, max_val), "[low < {x} < high]"),),
       lambda x, low, high: np.minimum(np.maximum(x, x.dtype.type(low)), x.dtype.type(high)), node_name="HardtanhBackward0",
       attrs=(LOW, HIGH), promotes="same", lacks=("b", "Bool inputs not supported for hardtanh"),
       category=CATEGORY, symbol="hardtanh", torch=("F.hardtanh({x})",), latex=r"\max(-1, \min(1, {x}))",
       doc="Linear between two bounds, constant outside; no gradient at the bounds.", samples=samples.ONE),
    Op("elu", (Input("x", lambda g, x, alpha: ops.elu_backward(g, x, alpha), "1 if {x} > 0 else e^{x}"),), elu, node_name="EluBackward0",
       attrs=(ALPHA,), promotes="same", lacks=("biu", "elu_cpu"),
       category=CATEGORY, symbol="elu", torch=("F.elu({x})",), latex=r"\mathrm{elu}({x})",
       doc="As relu, with an exponential on the negative side.", samples=(*samples.ONE, Sample((samples.array(3, 2),), {"alpha": 0.5}))),
)
