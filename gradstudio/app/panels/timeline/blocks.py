"""Blocks: the calls of a run on the time axis, as long as their steps. What is under a pixel wide is merged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF

from gradstudio.app.paint import Paint
from gradstudio.document.document import Document
from gradstudio.explain.wording import call_name
from gradstudio.session.trace import Span, Trace

HEIGHT = 24.0
FILLS = {"forward": 0.07, "backward": 0.20, "grad": 0.20}  # of ink; every other kind: 0.12


@dataclass(frozen=True, slots=True)
class Block:
    """A rectangle of the time axis, in px from its left end. `span` None: several calls, too short to be told apart."""

    left: float
    right: float
    kind: str
    words: str
    span: Span | None


def blocks_of(document: Document, trace: Trace, width: float) -> list[Block]:
    """Return the blocks of a run on an axis of `width` px; never more than fit."""
    if not trace.end:
        return []
    scale, made = width / trace.end, list[Block]()
    names: dict[tuple[str, int], str] = {}
    for span in trace.spans:
        left, right = span.start * scale, span.end * scale
        last = made[-1] if made else None
        if (last and right - last.left < 1) or (last and last.span is None and right - left < 1):
            made[-1] = Block(last.left, right, "many", "", None)
            continue
        key = span.call, span.number
        if key not in names:
            names[key] = call_name(document, trace, span.call, span.number)
        made.append(Block(left, right, span.kind, names[key], span))
    return made


def draw_blocks(paint: Paint, blocks: Sequence[Block], left: float, top: float) -> None:
    """Paint blocks; `left` is where the axis begins."""
    for block in blocks:
        gap = 1.0 if block.right - block.left > 4 else 0.0
        rect = QRectF(left + block.left + gap, top, max(0.5, block.right - block.left - 2 * gap), HEIGHT)
        failed = block.span is not None and block.span.raised
        paint.rounded(
            rect, min(4.0, rect.width() / 2), "error" if failed else "text", alpha=0.20 if failed else FILLS.get(block.kind, 0.12)
        )
        if rect.width() >= 12:
            draw_words(paint, block, rect, failed)


def draw_words(paint: Paint, block: Block, rect: QRectF, failed: bool) -> None:
    """Paint a block's name with its arrow: forward to the right, backward to the left; a short one keeps the arrow."""
    cy = rect.center().y()
    if block.kind in ("backward", "grad"):
        shade = "error" if failed else "text"
        narrow = rect.width() < 34
        paint.triangle(rect.center().x() if narrow else rect.left() + 9, cy, 3.4, shade, left=True)
        if not narrow:
            paint.text(rect.left() + 17, cy, block.words, "caption", shade, weight=500, width=rect.width() - 20)
    elif block.kind == "forward":
        narrow = rect.width() < 44
        if not narrow:
            paint.text(rect.left() + 9, cy, block.words, "caption", "error" if failed else "text2", width=rect.width() - 26)
        paint.triangle(rect.center().x() if narrow else rect.right() - 9, cy, 3.4, "error" if failed else "text3")
    else:
        words = "0" if block.kind == "zero_grad" and rect.width() < 60 else block.words
        shade = "error" if failed else "text2"
        if paint.theme.metrics("code", 500).horizontalAdvance(words) <= rect.width() - 4 or rect.width() > 40:
            paint.text(rect.center().x(), cy, words, "code", shade, "c", 500, rect.width() - 6)
