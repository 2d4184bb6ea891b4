"""Tints: where a gradient lies on the colour scale of its pass."""

from __future__ import annotations

import math
from collections.abc import Iterable

from gradstudio.app import text
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


def flow_words(flow: Flow, full: bool) -> str:
    """Return a flow as text: the number, or the norm."""
    return text.number(flow.value, full) if flow.value is not None else norm_words(flow.norm, flow.nonfinite, flow.cells, full)


def norm_words(norm: float | None, nonfinite: int, cells: Iterable[float], full: bool) -> str:
    """Return the norm of a tensor as text; as PyTorch's it is nan, or inf, where an element is."""
    if not nonfinite:
        return text.norm(norm, full)
    strange = [cell for cell in cells if not math.isfinite(cell)]
    return "‖inf‖" if strange and all(math.isinf(cell) for cell in strange) else "‖nan‖"


def is_whole(dtype: str | None) -> bool:
    """Say whether a dtype cannot carry a gradient (its port is a square)."""
    return dtype is not None and dtype.startswith(WHOLE)
