"""How a row of the list of calls is painted: icon, words, note, the violet bar."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF

from gradstudio.app.paint import Paint
from gradstudio.app.panels.timeline.call_model import ADD
from gradstudio.app.panels.timeline.rows import CallRow

NOTE_GAP = 6.0  # px between words and note


def note_in(row: CallRow, room: float, width_of: Callable[[str], float]) -> str:
    """Return the longest note of a row that fits into a room; the shortest where none does."""
    notes = (row.note, *row.shorter)
    return next((note for note in notes if width_of(note) <= room), notes[-1])


def draw_row(paint: Paint, row: CallRow, plate: QRectF, current: bool) -> None:
    """Paint icon, words and note; the current row has the violet bar."""
    cy, right = plate.center().y(), plate.right() - 12
    if current:
        paint.fill(plate, "hover")
        paint.fill(QRectF(plate.left(), plate.top(), 2, plate.height()), "accent")
    if row.statement is None and row is not ADD:
        paint.text(16, cy, row.words, "caption", "text3", weight=600, width=right - 16)
        return
    x = 40 + 14 * row.depth
    paint.painter.setOpacity(1.0 if row.enabled else 0.5)
    shade = "error" if row.failed and current else "text" if current else "text3" if row is ADD else "text2"
    paint.icon(row.icon, x - 16, cy, 13, shade)
    words_role = "number" if row.mono else "body"
    words = paint.theme.metrics(words_role).horizontalAdvance(row.words)
    measure, room = paint.theme.metrics("code"), max(60.0, right - x - words - NOTE_GAP)
    told = note_in(row, room, measure.horizontalAdvance)
    note = min(measure.horizontalAdvance(told), room)
    weight = 500 if current or row.mono else 400
    paint.text(x, cy, row.words, words_role, "text" if current else shade, weight=weight, width=right - x - (note + 5 if told else 0))
    paint.text(right, cy, told, "code", row.note_shade, "r", width=note + 1)
    if not row.enabled:
        paint.line(x, cy + 1, x + min(words, right - x - note - 8), cy + 1, shade)
    paint.painter.setOpacity(1.0)
