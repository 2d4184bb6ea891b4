"""Bounded activations: hardtanh, relu6. Category activation."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine.op import Attr, Input, Op, Sample, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.activation import CATEGORY

Array = np.ndarray[Any, Any]
LOW, HIGH = Attr("min_val", "number", -1.0, "Lower bound."), Attr("max_val", "number", 1.0, "Upper bound.")


def hardtanh_backward(g: Array, x: Array, low: float, high: float) -> Any:
    return np.where((x <= low) | (x >= high), g.dtype.type(0), g)


register(
    Op("hardtanh_backward", (Input("grad_output", lambda g, x, min_val, max_val: ops.hardtanh_backward(g, x, min_val, max_val)),
                             Input("x", lambda g: ops.zeros_like(g))), hardtanh_backward, node_name="HardtanhBackwardBackward0",
       attrs=(LOW, HIGH), hidden=True),
    Op("hardtanh", (Input("x", lambda g, x, min_val, max_val: ops.hardtanh_backward(g, x, min_val, max_val), "[low < {x} < high]"),),
       lambda x, low, high: np.minimum(np.maximum(x, x.dtype.type(low)), x.dtype.type(high)), node_name="HardtanhBackward0",
       attrs=(LOW, HIGH), promotes="same", lacks=("b", "Bool inputs not supported for hardtanh"),
       category=CATEGORY, symbol="hardtanh", torch=("F.hardtanh({x})",), latex=r"\max(-1, \min(1, {x}))",
       doc="Linear between two bounds, constant outside; no gradient at the bounds.", samples=samples.ONE),
    Op("relu6", (Input("x", formula="[0 < {x} < 6]"),), composite=lambda x: ops.hardtanh(x, 0.0, 6.0), category=CATEGORY, symbol="relu6",
       torch=("F.relu6({x})",), latex=r"\min(\max(0, {x}), 6)", doc="As relu, cut off at 6; no gradient at the bounds.",
       samples=(*samples.ONE, Sample((samples.array(3, 2) * 5,)))),
)
