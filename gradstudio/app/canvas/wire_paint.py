"""How wires are drawn: halo, ribbon, strands, hairlines, chevrons and arrowheads."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainterPath, QPen

from gradstudio.app.canvas.faces import Tint, WireFace
from gradstudio.app.canvas.wire_shape import WireShape
from gradstudio.app.paint import NO_BRUSH, NO_PEN, Paint
from gradstudio.app.theme import OPACITY, WIRE, Shade, Theme

ARROW_PITCH, ARROW_END = 70.0, 14.0
GRADIENT_END = 9.0
MARKS_FROM_ZOOM = 0.30
LEAST_SCALE = 0.8  # under this zoom wires keep their width on the screen
HEAD = 6.5  # radius of the head of a front
SPARSE = 110.0  # px between arrowheads there
LINES: dict[str, tuple[Shade, str, bool, float]] = {  # colour, dash, arrows to the left, their size
    "forward": ("wire", "", False, 4.0),
    "frozen": ("wire", "dashFrozen", False, 4.0),
    "pending": ("wirePending", "", True, 3.6),
    "error": ("error", "dashError", False, 0.0),
}


def is_dashed(face: WireFace) -> bool:
    """Say whether a wire, or a part of it, is drawn in dashes."""
    return face.cut is not None or (face.kind in LINES and bool(LINES[face.kind][1]))


def tint_colour(theme: Theme, tint: Tint | None, norms: bool = False) -> QColor:
    """Return the colour of a tint, by sign or as a norm; of none the forward wire's."""
    if tint is None or tint.sign == 0:
        return theme.color("wire")
    return theme.norm(max(0.3, tint.t)) if norms and tint.sign == tint.sign else theme.gradient(tint.sign, tint.t)


def paint_wire(
    paint: Paint, face: WireFace, shape: WireShape, zoom: float, halo: Shade = "canvas", norms: bool = False
) -> None:
    """Draw one wire. `halo` is the colour round it: the canvas, or violet for one that is selected."""
    painter = paint.painter
    opacity = painter.opacity()
    if face.faint:
        painter.setOpacity(opacity * OPACITY["frozenWireInStep"])
    marks = zoom >= MARKS_FROM_ZOOM
    bold = max(1.0, LEAST_SCALE / zoom)
    stroke(paint, shape.path, halo, ((5.2 if face.kind == "zero" else face.width) + 2 * WIRE["halo"]) * bold)
    if face.kind in ("gradient", "tensor") and face.tint is not None:
        _gradient(paint, face, tint_colour(paint.theme, face.tint, norms), shape, bold, marks, norms)
    elif face.kind == "zero":
        stroke(paint, shape.path, "wire", 5.2 * bold)
        stroke(paint, shape.path, "canvas", 2.8 * bold)
    elif face.cut is not None:
        stroke(paint, shape.part(0.0, shape.cut), "wire", face.width * bold)
        stroke(paint, shape.part(shape.cut, 1.0), "wire", face.width * bold, WIRE["dashFrozen"])
    else:
        _line(paint, face, shape, bold, marks)
    painter.setOpacity(opacity)


def paint_front(paint: Paint, face: WireFace, shape: WireShape, progress: float, zoom: float, norms: bool) -> None:
    """Draw a wire in flight: waiting where the front has not come by, a ribbon from the consumer to its head."""
    bold = max(1.0, LEAST_SCALE / zoom)
    stroke(paint, shape.path, "canvas", (face.width + 2 * WIRE["halo"]) * bold)
    stroke(paint, shape.path, "wirePending", WIRE["pending"] * bold)
    head = 1.0 - max(0.0, min(1.0, progress))
    if progress <= 0:
        return
    colour = tint_colour(paint.theme, face.tint, norms)
    part = shape.part(head, 1.0)
    if face.kind == "tensor" and not norms:
        _strands(paint, face, part, face.tint.t if face.tint else 1.0, bold)
    else:
        stroke(paint, part, colour, face.width * bold)
    at = shape.point(head)
    paint.dot(at.x(), at.y(), HEAD * bold, colour, "canvas", 2 * bold)


def dense_pen(theme: Theme, face: WireFace, zoom: float, norms: bool) -> QPen:
    """Return the pen of a wire among very many: its colour, and hardly more than a pixel."""
    if face.kind in ("gradient", "tensor"):
        return _thin(tint_colour(theme, face.tint, norms).rgba(), max(1.0, face.width / 3) / min(1.0, zoom))
    shade, dash, _, _ = LINES.get(face.kind, LINES["forward"])
    return _thin(theme.color(shade, 0.6 if dash else None).rgba(), 0)


@lru_cache(maxsize=1024)
def _thin(rgba: int, width: float) -> QPen:
    return QPen(QColor.fromRgba(rgba), width)


def stroke(paint: Paint, path: QPainterPath, shade: Shade, width: float, dash: list[float] | None = None) -> None:
    """Stroke a path; a dashed one with flat ends."""
    paint.painter.setPen(paint.pen(shade, width, dash=dash))
    paint.painter.setBrush(NO_BRUSH)
    paint.painter.drawPath(path)


def _gradient(paint: Paint, face: WireFace, colour: QColor, shape: WireShape, bold: float, marks: bool, norms: bool) -> None:
    if face.kind == "tensor" and not norms:
        _strands(paint, face, shape.path, face.tint.t if face.tint else 1.0, bold)
        return
    width = face.width * bold
    stroke(paint, shape.path, colour, width)
    if not marks:
        return
    if face.width >= WIRE["chevronFrom"] and bold == 1:
        pen = QPen(paint.theme.color("canvas", 0.8), 1.5)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        paint.painter.setPen(pen)
        paint.painter.setBrush(NO_BRUSH)
        paint.painter.drawPath(shape.marks("chevron", width * 0.27, WIRE["chevronPitch"], GRADIENT_END))
    else:
        pitch = WIRE["arrowPitch"] if bold == 1 else SPARSE * bold
        _fill(paint, shape.marks("left", width * 0.5 + 3 * bold, pitch, GRADIENT_END), colour)


def _strands(paint: Paint, face: WireFace, path: QPainterPath, t: float, bold: float) -> None:
    """Draw orange above blue, widths as Σg⁺ to Σ|g⁻|."""
    share = face.positive / (face.positive + face.negative)
    up, down = max(face.width * share, 1.0) * bold, max(face.width * (1 - share), 1.0) * bold
    apart = 0.8 * bold
    for sign, width, shift in ((1, up, -(down + apart) / 2), (-1, down, (up + apart) / 2)):
        pen = QPen(paint.theme.gradient(sign, max(t, 0.75)), width)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        paint.painter.setPen(pen)
        paint.painter.setBrush(NO_BRUSH)
        paint.painter.drawPath(path.translated(0, shift))


def _line(paint: Paint, face: WireFace, shape: WireShape, bold: float, marks: bool) -> None:
    shade, dash, left, radius = LINES[face.kind if face.kind in LINES else "forward"]
    width = (2.0 if face.kind == "error" else face.width) * bold
    stroke(paint, shape.path, shade, width, WIRE[dash] if dash else None)
    if marks and radius:
        pitch = ARROW_PITCH if bold == 1 else SPARSE * bold
        _fill(paint, shape.marks("left" if left else "right", radius * bold, pitch, ARROW_END), paint.theme.color(shade))


def _fill(paint: Paint, path: QPainterPath, colour: QColor) -> None:
    paint.painter.setPen(NO_PEN)
    paint.painter.setBrush(colour)
    paint.painter.drawPath(path)


def dragged(paint: Paint, start: QPointF, end: QPointF, path: QPainterPath, caught: bool) -> None:
    """Draw the wire that is being dragged, with a ring where it would end."""
    stroke(paint, path, "accent", 2)
    if caught:
        paint.dot(end.x(), end.y(), 11, None, "accent", 2)
