"""How a node is drawn under 75 %: name, value and gradient, then a tile with its symbol on a heat fill. Text is in screen pixels."""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor

from gradstudio.app.canvas.faces import NodeFace, Tint
from gradstudio.app.canvas.geometry import Geometry
from gradstudio.app.canvas.node_chrome import outline
from gradstudio.app.canvas.node_marks import Marks, paint_rings
from gradstudio.app.canvas.node_paint import paint_port, root_ring, scaled_cells
from gradstudio.app.paint import ICON_SYMBOLS, WORD_ICONS, Paint
from gradstudio.app.theme import Theme, metrics_of

EDGE = 3.0


def paint_medium(paint: Paint, face: NodeFace, place: Geometry, zoom: float, marks: Marks) -> None:
    """Draw name, value and gradient. Works in screen pixels within the node's body."""
    painter = paint.painter
    painter.save()
    if face.dim:
        painter.setOpacity(painter.opacity() * 0.5)
    painter.scale(1 / zoom, 1 / zoom)
    w, h = place.width * zoom, place.height * zoom
    rect, radius = QRectF(0, 0, w, h), 7.0
    if not (face.dim or face.frozen):
        paint.shadow(rect, radius)
    half = h / 2
    paint_rings(paint, rect, face.failed, face.current, marks, radius)
    _plate(paint, face, rect, radius, half, marks.hovered)
    ink = "text3" if face.grey else "text"
    left = 24.0
    if face.kind in ("leaf", "input"):
        paint.leaf_glyph(13, half / 2, bool(face.switch), ink)
    elif w > 60:
        paint.op_glyph(14, half / 2, face.symbol, ink)
        left = 28
    else:
        left = 8
    paint.text(left, half / 2, face.title, "body", ink, weight=600, width=w - left - 6)
    _medium_foot(paint, face, w, half, h)
    painter.restore()
    _small_ports(paint, face, place)


def _plate(paint: Paint, face: NodeFace, rect: QRectF, radius: float, head: float, hovered: bool) -> None:
    painter, path = paint.painter, outline(rect, radius)
    paint.rounded(rect, radius, "node")
    painter.save()
    painter.setClipPath(path, Qt.ClipOperation.IntersectClip)
    paint.fill(QRectF(0, 0, rect.width(), head), "nodeHead")
    painter.restore()
    if face.frozen:
        paint.hatch(path)
    edge = "error" if face.failed else "text3" if hovered else "line2"
    paint.rounded(rect, radius, None, edge, dash=(4, 3) if face.frozen or face.grey else None)
    _leaf_bar(paint, face, rect, radius)


def _leaf_bar(paint: Paint, face: NodeFace, rect: QRectF, radius: float, shade: str = "text2") -> None:
    if face.kind not in ("leaf", "input"):
        return
    paint.painter.save()
    paint.painter.setClipPath(outline(rect, radius), Qt.ClipOperation.IntersectClip)
    paint.fill(QRectF(0, 0, EDGE, rect.height()), shade)
    paint.painter.restore()


def _medium_foot(paint: Paint, face: NodeFace, w: float, top: float, h: float) -> None:
    cy, right = (top + h) / 2, w - 9
    gradient, value = gradient_words(face)
    if face.cells is not None:
        side = min(w * 0.45, 46.0)
        scaled_cells(paint, face.cells, QRectF(right - side, top + 3, side, h - top - 7), largest_cell=7)
        right -= side + 6
    else:
        right -= paint.text(right, cy, face.value or face.meta, "number", face.value_tone, "r", 500, width=right - 9) + 6
    if gradient:
        shade = paint.theme.gradient_text(value) if value is not None else paint.theme.color("text")
        if paint.theme.metrics("number", 600).horizontalAdvance(gradient) <= right - 9:
            paint.text(9, cy, gradient, "number", shade, weight=600)


def gradient_words(face: NodeFace) -> tuple[str, float | None]:
    """Return the gradient of a node in words, and the number that colours it."""
    drawer = face.drawer
    return (drawer.words, drawer.value) if drawer and drawer.kind != "none" else ("", None)


def _small_ports(paint: Paint, face: NodeFace, place: Geometry) -> None:
    for row in face.inputs:
        if row.port:
            paint_port(paint, 0, place.input_point(row.path).y(), row.tint, row.whole, face.failed)
    for output in face.outputs[:1]:
        point = place.output_point(output.out)
        if output.root:
            root_ring(paint, point.x(), point.y(), output.tint)
        else:
            paint_port(paint, point.x(), point.y(), output.tint, output.whole, face.failed)


def tile_fill(theme: Theme, face: NodeFace, norm: bool) -> tuple[QColor, QColor]:
    """Return fill and edge of a tile: the heat of the passing gradient, by sign or by norm."""
    return heat_fill(theme, None if face.frozen else face.heat, face.failed, norm)


def heat_fill(theme: Theme, heat: Tint | None, failed: bool, norm: bool) -> tuple[QColor, QColor]:
    """Return fill and edge for a heat; None: nothing passes."""
    if heat is None or (heat.sign == 0 and not math.isnan(heat.sign)):
        return theme.color("node"), theme.color("error" if failed else "line2")
    hue = theme.norm(heat.t) if norm and not math.isnan(heat.sign) else theme.gradient(heat.sign, heat.t)
    return theme.mix("node", hue, 0.22 + 0.62 * heat.t), theme.norm(max(0.25, heat.t)) if norm else hue


def paint_tile(paint: Paint, face: NodeFace, place: Geometry, zoom: float, marks: Marks, norm: bool) -> None:
    """Draw the tile: symbol, heat fill, and what must stay at any zoom: the bar of a leaf, the dash of what is frozen."""
    painter = paint.painter
    painter.save()
    if face.dim:
        painter.setOpacity(painter.opacity() * 0.5)
    painter.scale(1 / zoom, 1 / zoom)
    rect = QRectF(0, 0, place.width * zoom, place.height * zoom)
    radius = min(7.0, rect.height() / 4)
    fill, edge = tile_fill(paint.theme, face, norm)
    paint_rings(paint, rect, face.failed, face.current, marks, radius)
    paint.rounded(rect, radius, fill, "text3" if marks.hovered else edge, dash=(3, 2) if face.frozen or face.grey else None)
    _leaf_bar(paint, face, rect, radius, "text" if face.switch else "text3")
    words = tile_words(face)
    ink = paint.theme.color("text3") if face.grey else paint.theme.ink_on(fill) if face.heat else paint.theme.color("text")
    shift = 1.5 if face.kind in ("leaf", "input") else 0.0
    font = ("ui", 15, 600) if len(words) == 1 and face.kind == "op" else ("mono", 12, 600)
    measure, x = metrics_of(*font), rect.center().x() + shift
    fits = measure.horizontalAdvance(words) <= rect.width() - 4
    icon = words if words in ICON_SYMBOLS else WORD_ICONS.get(words) if face.kind == "op" and not fits else None
    if icon:
        paint.icon(icon, rect.center().x(), rect.center().y(), min(16.0, rect.height() * 0.7), ink)
    elif rect.height() > 13 and fits:
        paint.text_in(x, rect.center().y(), words, measure, ink, "c")
    elif rect.height() > 13:
        font = ("mono", 11, 600)
        paint.text_in(x, rect.center().y(), words[:3], metrics_of(*font), ink, "c", rect.width() - 2)
    painter.restore()


def tile_words(face: NodeFace) -> str:
    """Return what a tile says: the name of a leaf, the symbol of an op."""
    return face.title if face.kind in ("leaf", "input") else face.symbol
