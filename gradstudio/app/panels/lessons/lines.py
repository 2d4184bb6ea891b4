"""Rows of the list of lessons, and the mark of what is done that goals have too."""

from __future__ import annotations

from msgspec import Struct
from PySide6.QtCore import QRectF

from gradstudio.app.paint import NO_BRUSH, Paint
from gradstudio.app.widgets.row_list import ROW

MARK_X, TEXT_X = 22.0, 38.0


def draw_mark(paint: Paint, x: float, cy: float, share: float) -> None:
    """Draw a ring, filled with a check where all is done; an arc tells a share between 0 and 1."""
    if share >= 1:
        paint.dot(x, cy, 7, "text3")
        paint.icon("check", x, cy, 10, "panel")
        return
    paint.dot(x, cy, 6, None, "line2", 2)
    if share > 0:
        paint.painter.setPen(paint.pen("accent", 2))
        paint.painter.setBrush(NO_BRUSH)
        paint.painter.drawArc(QRectF(x - 6, cy - 6, 12, 12), 90 * 16, round(-360 * 16 * share))


class LessonLine(Struct, frozen=True):
    """A lesson in the list: done, or how much of the open one is."""

    number: int
    title: str
    done: bool
    is_open: bool
    share: float

    @property
    def spoken(self) -> str:
        """The row in words."""
        state = ", done" if self.done else ""
        return f"Lesson {self.number}, {self.title}{state}{', open' if self.is_open else ''}"

    def draw(self, paint: Paint, width: float) -> None:
        """Paint mark and title."""
        if self.is_open:
            paint.rounded(QRectF(6, 0, width - 12, ROW), 6, "hover")
        draw_mark(paint, MARK_X, ROW / 2, 1.0 if self.done else self.share)
        shade = "text" if self.is_open else "text2"
        paint.text(TEXT_X, ROW / 2, self.title, "body", shade, weight=600 if self.is_open else None, width=width - TEXT_X - 12)
