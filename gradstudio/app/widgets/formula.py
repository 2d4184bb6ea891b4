"""Formulas: runs of text in several colours and weights, one of them perhaps struck through."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from msgspec import Struct

from gradstudio.app import text
from gradstudio.app.paint import Align, Paint
from gradstudio.app.theme import Shade as ThemeShade
from gradstudio.app.theme import Theme


class Signed(Struct, frozen=True):
    """The colour of a gradient's sign, at the full end of its scale."""

    value: float | None


Shade: TypeAlias = str | Signed


class Run(Struct, frozen=True):
    """A stretch of text in one colour and weight."""

    text: str
    shade: Shade = "text"
    weight: int = 400
    struck: bool = False


Runs: TypeAlias = tuple[Run, ...]


def shade_of(theme: Theme, shade: Shade) -> ThemeShade:
    """Return a shade as the painter takes it."""
    return theme.gradient_text(shade.value) if isinstance(shade, Signed) else shade


def gradient_run(value: float | None, full: bool = False, weight: int = 600) -> Run:
    """Return a gradient's number in its colour; None is the word."""
    return Run(text.number(value, full), Signed(value), weight)


def plain(runs: Iterable[Run]) -> str:
    """Return runs as one text: what is spoken and copied."""
    return "".join(run.text for run in runs)


def width_of(theme: Theme, runs: Iterable[Run], role: str) -> float:
    """Return how wide runs are."""
    return sum(theme.metrics(role, run.weight).horizontalAdvance(run.text) for run in runs)


def draw(
    paint: Paint, x: float, cy: float, runs: Iterable[Run], role: str = "number", align: Align = "l", width: float | None = None
) -> None:  # fmt: skip
    """Write runs from x, or up to x with align `r`; what does not fit `width` is elided at the end."""
    runs = tuple(runs)
    room = width_of(paint.theme, runs, role)
    if width is not None and room > width:
        room = width
    left = x - room if align == "r" else x
    end = left + room
    for run in runs:
        if left >= end:
            break
        shade = shade_of(paint.theme, run.shade)
        advance = min(end - left, paint.text(left, cy, run.text, role, shade, weight=run.weight, width=end - left + 0.5))
        if run.struck:
            paint.line(left, cy, left + advance, cy, shade)
        left += advance
