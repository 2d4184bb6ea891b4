"""Blocks: the calls of a run on the time axis, as long as their steps. What is under a pixel wide is merged."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct
from PySide6.QtCore import QRectF

from gradstudio.app.paint import Paint
from gradstudio.session.trace import Span, Trace

HEIGHT = 24.0
FILLS = {"forward": 0.07, "backward": 0.20, "grad": 0.20}  # of ink; every other kind: 0.12


class Block(Struct, frozen=True):
    """A rectangle of the time axis, in px from its left end. `span` None: several calls, too short to be told apart."""

    left: float
    right: float
    span: Span | None


def blocks_of(trace: Trace, width: float) -> list[Block]:
    """Return the blocks of a run on an axis of `width` px; never more than fit."""
    if not trace.end:
        return []
    scale = width / trace.end
    made: list[Block] = []
    for span in trace.spans:
        left, right = span.start * scale, span.end * scale
        last = made[-1] if made else None
        if right - left < 1 and last and (last.span is None or last.right - last.left < 1):
            made[-1] = Block(last.left, right, None)
        else:
            made.append(Block(left, right, span))
    return made


def draw_blocks(paint: Paint, blocks: Sequence[Block], names: Callable[[Span], str], left: float, top: float, clip: QRectF) -> None:
    """Paint the blocks that lie in `clip`; `left` is where the axis begins, `names` tells what a call is called."""
    for block in blocks:
        if left + block.right < clip.left() or left + block.left > clip.right():
            continue
        gap = 1.0 if block.right - block.left > 4 else 0.0
        rect = QRectF(left + block.left + gap, top, max(0.5, block.right - block.left - 2 * gap), HEIGHT)
        span = block.span
        shade, alpha = ("error", 0.20) if span and span.raised else ("text", FILLS.get(span.kind, 0.12) if span else 0.12)
        if rect.width() < 4:
            paint.fill(rect, shade, alpha)
            continue
        paint.rounded(rect, 4, shade, alpha=alpha)
        if span and rect.width() >= 12:
            draw_words(paint, span, names(span), rect)


def name_in(words: str, room: float, width_of: Callable[[str], float]) -> str:
    """Return as much of a name as fits: `backward #2`, `#2`, nothing: half a word says less than the arrow alone."""
    last = words.rpartition(" ")[2] if " " in words else ""
    return next((name for name in (words, last) if width_of(name) <= room), "")


def draw_words(paint: Paint, span: Span, words: str, rect: QRectF) -> None:
    """Paint a block's name with its arrow: forward to the right, backward to the left; a short one keeps the arrow."""
    cy, measure = rect.center().y(), paint.theme.metrics("caption", 500).horizontalAdvance
    if span.kind in ("backward", "grad"):
        shade, words = "error" if span.raised else "text", name_in(words, rect.width() - 21, measure)
        paint.triangle(rect.left() + 9 if words else rect.center().x(), cy, 3.4, shade, left=True)
        paint.text(rect.left() + 17, cy, words, "caption", shade, weight=500)
    elif span.kind == "forward":
        words = name_in(words, rect.width() - 26, measure)
        paint.text(rect.left() + 9, cy, words, "caption", "error" if span.raised else "text2")
        paint.triangle(rect.right() - 9 if words else rect.center().x(), cy, 3.4, "error" if span.raised else "text3")
    else:
        words = "0" if span.kind == "zero_grad" and rect.width() < 60 else words
        if paint.theme.metrics("code", 500).horizontalAdvance(words) <= rect.width() - 4 or rect.width() > 40:
            paint.text(rect.center().x(), cy, words, "code", "error" if span.raised else "text2", "c", 500, rect.width() - 6)
