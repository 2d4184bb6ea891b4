"""Tints: where a gradient lies on the colour scale of its pass."""

from __future__ import annotations

import math

from gradstudio.app.canvas.context import Context
from gradstudio.app.canvas.faces import Tint
from gradstudio.session.state import Flow

SHADES = 64  # steps of the scale
WHOLE = ("int", "uint", "bool")


def tint_of(context: Context, flow: Flow | None) -> Tint | None:
    """Return where a flow lies on the gradient scale; of a tensor the sign that outweighs, at its RMS. None: nothing flows."""
    if flow is None or flow.kind in ("none", "pending"):
        return None
    if flow.kind == "zero":
        return Tint(0.0, 0.0)
    sign = flow.value if flow.value is not None else flow.positive - flow.negative
    if flow.nonfinite:
        return Tint(math.nan, 1.0)
    size = flow.value if flow.value is not None else flow.rms
    return Tint(math.copysign(1.0, sign), round(context.range.t(size) * SHADES) / SHADES)


def is_whole(dtype: str | None) -> bool:
    """Say whether a dtype cannot carry a gradient (its port is a square)."""
    return dtype is not None and dtype.startswith(WHOLE)
