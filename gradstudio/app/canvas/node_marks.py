"""What surrounds a node: rings of selection, focus, step and error, badges, the words above and below."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QRectF

from gradstudio.app.canvas.faces import NodeFace
from gradstudio.app.canvas.geometry import SCISSORS, Geometry
from gradstudio.app.paint import Paint
from gradstudio.app.theme import RADIUS


class Marks(NamedTuple):
    """What the pointer, the selection and the keyboard say of a node."""

    hovered: bool = False
    selected: bool = False
    focused: bool = False
    ringless: bool = False  # the ring of the step is still on its way here


def paint_rings(paint: Paint, rect: QRectF, failed: bool, current: bool, marks: Marks, radius: float = RADIUS["node"]) -> None:
    """Draw the rings, from inside out: error or step, selection, focus (never hidden by selection)."""
    gap = 4.0
    if failed:
        _ring(paint, rect, gap, radius, "error")
        gap += 4
    elif current and not marks.ringless:
        paint_step_ring(paint, rect, radius)
        gap += 5
    if marks.selected:
        _ring(paint, rect, gap, radius, "accent")
        gap += 4
    if marks.focused:
        _ring(paint, rect, gap, radius, "focus", (2, 2))


def paint_step_ring(paint: Paint, rect: QRectF, radius: float = RADIUS["node"]) -> None:
    """Draw the ring of the step on show."""
    _ring(paint, rect, 5, radius, "text")


def _ring(paint: Paint, rect: QRectF, out: float, radius: float, shade: str, dash: tuple[float, float] | None = None) -> None:
    paint.rounded(rect.adjusted(-out, -out, out, out), radius + out, None, shade, 2, dash=dash)


def paint_badge(paint: Paint, face: NodeFace, place: Geometry, size: float = 1.0) -> None:
    """Draw the badge on the top right corner: a tick, a turn number, or the octagon of an error."""
    if not face.badge:
        return
    painter = paint.painter
    painter.save()
    painter.translate(place.width - 2, 2)
    painter.scale(size, size)
    _badge(paint, face.badge)
    painter.restore()


def _badge(paint: Paint, badge: str) -> None:
    x = y = 0.0
    if badge == "tick":
        paint.dot(x, y, 9.5, "canvas")
        paint.dot(x, y, 7.5, "text")
        paint.icon("check", x, y, 10, "canvas")
    elif badge == "error":
        paint.dot(x, y, 11, "canvas")
        paint.icon("octagon-alert", x, y, 18, "error")
    else:
        paint.dot(x, y, 10.5, "canvas")
        paint.dot(x, y, 8.5, "node", "text3", 1.4)
        paint.text(x, y, badge, "caption", "text2", "c", 600)


def paint_words(paint: Paint, face: NodeFace, place: Geometry) -> None:
    """Draw the words above a root and the cause or hint under a node."""
    middle = place.width / 2
    if face.above:
        paint.text(middle, -16, face.above, "caption", "text2", "c")
    if not face.below:
        return
    y = place.height + (16 if not face.failed else 22)
    if face.below_error:
        paint.chip(middle, y, face.below, "caption", "text", "errorBg", "error", "c", 22)
    elif face.grey:
        paint.text(middle, y - 2, face.below, "caption", "text3", "c")
    else:
        paint.chip(middle, y, face.below, "caption", "text2", "raised", "line2", "c", 22)


def paint_scissors(paint: Paint, marks: Marks, word: bool = True, right: bool = False) -> None:
    """Draw the scissors of a detach, centred at the origin, with the word beside them: on the left, or the right."""
    plate = SCISSORS
    paint.rounded(plate.adjusted(-3, -3, 3, 3), 9, "canvas")
    paint.rounded(plate, 6, "node", "text3" if marks.hovered else "wire")
    paint.icon("scissors", 0, 0, 13, "text")
    if word:
        paint.text(17 if right else -17, 0, "detach", "caption", "text2", "l" if right else "r", 500)
    if marks.selected:
        _ring(paint, plate, 4, 6, "accent")
    if marks.focused:
        _ring(paint, plate, 8 if marks.selected else 4, 6, "focus", (2, 2))
