"""How each row that nothing happens in is drawn: its height, and its ink. Units of the design; x from 0 to `width` is the content."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QRectF

from gradstudio.app.paint import Paint, wrapped
from gradstudio.app.panels.inspector.rows import Card, Empty, Event, Hint, Message, Pair, Progress, Remark, Row, Rule, Saved, Title, Visit
from gradstudio.app.theme import Theme
from gradstudio.app.widgets import formula

SIDE = 16.0  # px between the panel's edge and its content
COLUMN = 92.0  # where the second column of visits and saved tensors starts, if the first one fits
HINT_LINE, MESSAGE_LINE = 17.0, 17.0


def height_of(row: Row, theme: Theme, width: float) -> float:
    """Return the height of a row, without the space above it."""
    if isinstance(row, Hint):
        return 20 + HINT_LINE * len(wrapped(row.text, theme.metrics("caption"), width - 46))
    if isinstance(row, Message):
        return 16 + MESSAGE_LINE * len(wrapped(row.text, theme.metrics("code"), width - 20))
    if isinstance(row, Card) and not row.second and not crowded(row, theme, width):
        return 32
    if isinstance(row, Saved):
        return {"op": 22, "step": 25, "failed": 24}[row.place]
    return HEIGHTS.get(type(row), 24)


def draw_row(paint: Paint, row: Row, width: float, column: float = COLUMN) -> None:
    """Draw a row whose top is at y = 0."""
    if isinstance(row, Visit | Saved):
        (draw_visit if isinstance(row, Visit) else draw_saved)(paint, row, width, column)  # type: ignore[arg-type]
    else:
        DRAW[type(row)](paint, row, width)


def column_of(rows: tuple[Row, ...], theme: Theme, width: float) -> float:
    """Return where the second column starts, for all rows that have one."""
    measure = theme.metrics("body", 600).horizontalAdvance
    firsts = [row.title for row in rows if isinstance(row, Visit)] + [
        row.who for row in rows if isinstance(row, Saved) and row.place == "step"
    ]
    widest = max(map(measure, firsts), default=0.0)
    return max(COLUMN, min(24 + widest + 8, width / 2))


def draw_rule(paint: Paint, row: Rule, width: float) -> None:
    paint.line(-SIDE, 0, width + SIDE, 0)


def draw_title(paint: Paint, row: Title, width: float) -> None:
    used = paint.text(0, 16, row.text, "bodyStrong")
    paint.text(width, 16, row.right, "code" if row.mono else "caption", "text3", "r", width=width - used - 10)


def draw_pair(paint: Paint, row: Pair, width: float) -> None:
    used = paint.text(
        0, 12, row.key, "number" if row.mono_key else "body", "text2" if row.mono_key else "text3", weight=400, width=width * 0.7
    )
    formula.draw(paint, width, 12, row.value, "number", "r", width - used - 10)


def draw_remark(paint: Paint, row: Remark, width: float) -> None:
    used = paint.text(0, 13, row.key, "number", "text3", weight=400)
    paint.text(width, 13, row.text, "caption", "text3", "r", width=width - used - 8)


def draw_card(paint: Paint, row: Card, width: float) -> None:
    paint.rounded(QRectF(0, 0, width, 52 if row.second or crowded(row, paint.theme, width) else 32), 7, "sunken", "line")
    below = crowded(row, paint.theme, width)
    formula.draw(paint, 12, 16, row.first, "number", width=width - 24)
    formula.draw(paint, 12, 37, row.second, "number", width=width - 24)
    paint.text(width - 12, 37 if below else 16, row.right, "caption", "text3", "r")


def crowded(row: Card, theme: Theme, width: float) -> bool:
    """Return whether there is no room for the remark beside the derivative: the other line has some."""
    return formula.width_of(theme, row.first, "number") + theme.metrics("caption").horizontalAdvance(row.right) > width - 34


def draw_saved(paint: Paint, row: Saved, width: float, column: float) -> None:
    freed, used, cy = row.state == "freed", row.state == "in use", {"op": 11.0, "step": 13.0, "failed": 12.0}[row.place]
    ink = "text" if used else "text3" if freed else "text2"
    paint.icon(row.icon, 7, cy, 13, "error" if row.error else ink)
    if row.place == "step":
        paint.text(24, cy, row.who, "body", ink, width=column - 28)
        advance = paint.text(column, cy, row.text, "number", ink, weight=400, width=width - column - 48)
        if freed:
            paint.line(column, cy, column + advance, cy, "text3")
        paint.text(width, cy, row.state, "caption", "text" if used else "text3", "r", 500 if used else 400)
        return
    name = paint.text(24 if row.place == "failed" else 22, cy, row.who, "number", "text2", weight=400)
    advance = paint.text(width, cy, row.text, "number", "error" if row.error else ink, "r", width=width - name - 34)
    if freed and not row.error:
        paint.line(width - advance, cy, width, cy, "text3")


def draw_progress(paint: Paint, row: Progress, width: float) -> None:
    paint.text(0, 16, row.title, "heading")
    paint.text(width, 16, row.right, "body", "text3", "r")
    paint.rounded(QRectF(0, 38, width, 4), 2, "raised")
    if row.part > 0:
        paint.rounded(QRectF(0, 38, width * min(1.0, row.part), 4), 2, "accent")


def draw_visit(paint: Paint, row: Visit, width: float, column: float) -> None:
    now, cy = row.state in ("now", "failed"), 13.0
    if now:
        paint.rounded(QRectF(-10, 0, width + 20, 26), 6, "hover")
    if row.state == "done":
        paint.dot(7, cy, 7, "text3")
        paint.icon("check", 7, cy, 10, "panel")
    elif row.state == "failed":
        paint.icon("octagon-alert", 7, cy, 15, "error")
    elif now:
        paint.dot(7, cy, 6.2, None, "text", 2)
        paint.triangle(7.5 if row.forward else 6.5, cy, 3, "text", left=not row.forward)
    else:
        paint.dot(7, cy, 6.2, None, "line2", 1.6)
    shade = "error" if row.state == "failed" else "text" if now else "text2" if row.state == "done" else "text3"
    paint.text(24, cy, row.title, "body", shade, weight=600 if now else 400, width=column - 28)
    paint.text(column, cy, row.node_name, "number", "text2" if now else "text3", weight=400, width=width - column - 30)
    paint.text(width, cy, row.sequence_nr, "code", "text3", "r")


def draw_event(paint: Paint, row: Event, width: float) -> None:
    if not row.first:
        paint.line(7, 0, 7, 6, "line2")
    if not row.last:
        paint.line(7, 23, 7, 44, "line2")
    paint.dot(7.5, 14, 5, "error" if row.error else None, "error" if row.error else "text3", 1.6)
    paint.text(26, 14, row.title, "body", "text", weight=500, width=width - 26)
    paint.text(26, 31, row.text, "body", "text2", width=width - 26)


def draw_hint(paint: Paint, row: Hint, width: float) -> None:
    lines = wrapped(row.text, paint.theme.metrics("caption"), width - 46)
    paint.rounded(QRectF(0, 0, width, 20 + HINT_LINE * len(lines)), 7, "raised", alpha=0.7)
    paint.icon(row.icon, 18, 18, 14, "text2")
    for i, line in enumerate(lines):
        paint.text(34, 18 + i * HINT_LINE, line, "caption", "text2", width=width - 40)


def draw_message(paint: Paint, row: Message, width: float) -> None:
    lines = wrapped(row.text, paint.theme.metrics("code"), width - 20)
    paint.rounded(QRectF(0, 0, width, 16 + MESSAGE_LINE * len(lines)), 7, "errorBg")
    for i, line in enumerate(lines):
        paint.text(10, 16 + i * MESSAGE_LINE, line, "code", "text", width=width - 20)


def draw_empty(paint: Paint, row: Empty, width: float) -> None:
    paint.text(width / 2, 60, row.text, "body", "text3", "c", width=width)


HEIGHTS: dict[type, float] = {
    Rule: 1, Title: 30, Pair: 24, Remark: 26, Card: 52, Progress: 58, Visit: 25, Event: 44, Empty: 120,
}  # fmt: skip
DRAW: dict[type, Callable[[Paint, Any, float], None]] = {
    Rule: draw_rule, Title: draw_title, Pair: draw_pair, Remark: draw_remark, Card: draw_card, Progress: draw_progress,
    Event: draw_event, Hint: draw_hint, Message: draw_message, Empty: draw_empty,
}  # fmt: skip


def spoken(row: Row) -> str:
    """Return what a screen reader says of a row."""
    if isinstance(row, Pair):
        return f"{row.key}: {row.exact or formula.plain(row.value)}"
    if isinstance(row, Card):
        return f"{formula.plain(row.first)}, {formula.plain(row.second)}, {row.right}"
    if isinstance(row, Saved):
        return f"{row.who}, {row.text}, {row.state}"
    if isinstance(row, Visit):
        return f"{row.title}, {row.node_name}, {row.state}"
    if isinstance(row, Progress):
        return f"{row.title}, {row.right}"
    parts = [str(getattr(row, name, "")) for name in ("title", "key", "text", "right")]
    return ", ".join(part for part in parts if part)
