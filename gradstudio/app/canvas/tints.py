"""Tints: where a gradient lies on the colour scale of its pass."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from gradstudio.app import text
from gradstudio.app.canvas.context import Context
from gradstudio.app.canvas.faces import Tint
from gradstudio.app.theme import WIRE, GradientRange
from gradstudio.session.state import Flow

SHADES = 64  # steps of the scale
Codes = npt.NDArray[np.int64]
Sizes = npt.NDArray[np.float64]
NOTHING, ZERO, STRANGE = -1000, 0, 1000  # of flows in `codes_of`: none, exactly zero, not finite
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


def tint_of_number(context: Context, number: float) -> Tint:
    """Return the same of a flow of one finite element."""
    return Tint(math.copysign(1.0, number), round(context.range.t(number) * SHADES) / SHADES) if number else Tint(0.0, 0.0)


def number_of(flow: Flow | None) -> float:
    """Return the number that a flow is tinted by; nan: nothing flows; one that is not finite is inf."""
    if flow is None or flow.kind in ("none", "pending"):
        return math.nan
    if flow.nonfinite:
        return math.inf
    return flow.value if flow.value is not None else math.copysign(flow.rms, flow.positive - flow.negative)


def code_of(tint: Tint | None) -> int:
    """Return a tint as a number, as `codes_of` does."""
    if tint is None:
        return NOTHING
    return STRANGE if math.isnan(tint.sign) else round(math.copysign(1 + tint.t * SHADES, tint.sign)) if tint.sign else ZERO


def codes_of(range_: GradientRange, flows: Sequence[Flow | None]) -> Codes:
    """Return `tint_of` of many flows as a number each: the shade from 1 on with the sign of the gradient, or one of three others."""
    codes = np.full(len(flows), NOTHING)
    which = [i for i, flow in enumerate(flows) if flow is not None and flow.kind in ("value", "zero")]
    passed = [flow for flow in flows if flow is not None and flow.kind in ("value", "zero")]
    sizes = np.array([f.rms if f.value is None else f.value for f in passed], float)
    signs = np.array([f.positive - f.negative if f.value is None else f.value for f in passed], float)
    found = _codes(range_, sizes, signs)
    found[np.array([f.nonfinite for f in passed], int) > 0] = STRANGE
    found[[i for i, f in enumerate(passed) if f.kind == "zero"]] = ZERO
    codes[which] = found
    return codes


def codes_of_numbers(range_: GradientRange, numbers: Sizes) -> Codes:
    """Return the same of flows of one element each, by their numbers."""
    found = _codes(range_, numbers, numbers)
    found[~np.isfinite(numbers)] = STRANGE
    found[numbers == 0] = ZERO
    return found.astype(np.int64)


def _codes(range_: GradientRange, sizes: Sizes, signs: Sizes) -> Sizes:
    found: Sizes = np.copysign(1 + np.rint(_shares(range_, np.abs(sizes)) * SHADES), signs)
    return found


def _shares(range_: GradientRange, sizes: Sizes) -> Sizes:
    """Return `GradientRange.t` of many sizes."""
    if not range_.gmax:
        return np.where(sizes == 0, 0.0, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.clip(1 + np.log10(sizes / range_.gmax) / range_.decades, WIRE["tFloor"], 1.0)
    return np.where(sizes == 0, 0.0, np.where(np.isfinite(sizes), shares, 1.0))


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
