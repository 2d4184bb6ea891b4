"""How a node is drawn at 75 % and up: what lies on its plate: value, cells, input rows, drawer, ports."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPolygonF

from gradstudio.app.canvas.faces import Cells, Drawer, InputFace, NodeFace, Tint
from gradstudio.app.canvas.geometry import (
    BIG_CELL_H,
    CELL_GAP,
    CELL_H,
    CELL_W,
    DRAWER,
    HEAD,
    LARGE_H,
    Geometry,
    grad_beside,
    leaf_cell_width,
)
from gradstudio.app.paint import Paint
from gradstudio.app.theme import OPACITY, SIZE, Shade

LONG = 8  # letters of a gradient; longer ones are written smaller
DRAWER_GAP = 8.0  # px between the label of a drawer and its number


def paint_node(paint: Paint, face: NodeFace, place: Geometry, plate: Callable[[], None]) -> None:
    """Draw a node with its top left corner at the painter's origin; `plate` draws what lies under the text."""
    painter = paint.painter
    opacity = painter.opacity()
    if face.dim:
        painter.setOpacity(opacity * OPACITY["pending"])
    plate()
    if not face.collapsed:
        if face.kind in ("leaf", "input"):
            _leaf_value(paint, face, place)
        else:
            _op_value(paint, face, place)
            for row, cy in zip(face.inputs, place.rows, strict=True):
                _input_row(paint, row, cy, place.width, face)
        if face.drawer and place.drawer is not None:
            paint_drawer(paint, face.drawer, place.drawer, place.width)
    elif face.kind == "instance":
        paint.text(12, place.value, face.meta, "code", "text3")
        paint.text(place.width - 12, place.value, face.value, "nodeValueOp", face.value_tone, "r")
    painter.setOpacity(opacity)
    _ports(paint, face, place)


def _leaf_value(paint: Paint, face: NodeFace, place: Geometry) -> None:
    cells = face.cells
    if cells is None:
        role = "nodeValueLeaf" if paint.theme.metrics("nodeValueLeaf").horizontalAdvance(face.value) <= place.width - 24 else "nodeValueOp"
        paint.text(13, HEAD + 22, face.value, role, face.value_tone, width=place.width - 22)
        paint.text(13, HEAD + 47, face.meta, "code", "text3", width=place.width - 22)
        return
    top = HEAD + 12.0
    if cells.words:
        bottom = _written_cells(paint, cells, place.width)
        paint.text(13, HEAD + 47, face.meta, "code", "text3", width=place.width - 22)
        return
    if cells.large:
        bottom = HEAD + 10 + LARGE_H
        scaled_cells(paint, cells, QRectF(14, HEAD + 10, place.width - 28, LARGE_H))
    else:
        bottom = top + len(cells.rows) * (CELL_H + CELL_GAP)
        paint.cells(14, top, cells.rows, leaf_cell_width(cells), CELL_H, largest=cells.largest)
        if grad_beside(face):
            _grad_cells(paint, face, cells, place.width, top)
    paint.text(13, bottom + 10, face.meta, "code", "text3", width=place.width - 22)


def _grad_cells(paint: Paint, face: NodeFace, cells: Cells, width: float, top: float) -> None:
    """Draw .grad beside the value, cell by cell; empty cells where it is None."""
    columns = len(cells.rows[0])
    left = width - 13 - columns * (CELL_W + CELL_GAP) + CELL_GAP
    grad = face.grad_cells
    if grad is not None and len(grad.rows) == len(cells.rows):
        paint.cells(left, top, grad.rows, CELL_W, CELL_H, gradient=True, largest=grad.largest)
        return
    for i in range(len(cells.rows)):
        for j in range(columns):
            paint.rounded(QRectF(left + j * (CELL_W + CELL_GAP), top + i * (CELL_H + CELL_GAP), CELL_W, CELL_H), 2, None, "line")


def _written_cells(paint: Paint, cells: Cells, width: float) -> float:
    """Draw a short vector with its numbers."""
    count = len(cells.words[0])
    gap = 2.0 if cells.plain else 1.0
    each = (width - 28 - gap * (count - 1)) / count
    each = min(each, 27.0 if cells.plain else 40.0)
    if not cells.plain:
        paint.cells(14, HEAD + 10, cells.rows, each, BIG_CELL_H, largest=cells.largest, words=cells.words)
        return HEAD + 10 + BIG_CELL_H
    for i, word in enumerate(cells.words[0]):
        plate = QRectF(14 + i * (each + gap), HEAD + 11, each, BIG_CELL_H)
        paint.rounded(plate, 3, "raised")
        paint.text(plate.center().x(), plate.center().y(), word, "number", "text", "c", width=each)
    return HEAD + 11 + BIG_CELL_H


def scaled_cells(paint: Paint, cells: Cells, rect: QRectF, gradient: bool = False, largest_cell: float = 16) -> None:
    """Draw a heat map that fills a rectangle, right aligned if its cells would be larger than `largest_cell`."""
    rows, columns = len(cells.rows), max(1, len(cells.rows[0]) if cells.rows else 1)
    gap = 1.0 if rect.width() / columns > 4 else 0.2
    width = min(largest_cell, (rect.width() - gap * (columns - 1)) / columns)
    height = min(largest_cell, (rect.height() - gap * (rows - 1)) / max(1, rows))
    left = rect.right() - columns * (width + gap) + gap
    top = rect.center().y() - (rows * (height + gap) - gap) / 2
    paint.cells(left, top, cells.rows, width, height, gradient=gradient, largest=cells.largest, gap=gap)


def _op_value(paint: Paint, face: NodeFace, place: Geometry) -> None:
    cy = place.value
    used = paint.text(12, cy, face.meta, "code", "text3")
    if face.cells is not None:
        room = QRectF(12 + used + 12, HEAD + 5, place.width - 24 - used - 12, 28)
        scaled_cells(paint, face.cells, room, largest_cell=13)
    else:
        wide = paint.theme.metrics("nodeValueOp").horizontalAdvance(face.value) > place.width - 36 - used
        advance = paint.text(place.width - 12, cy, face.value, "nodeName" if wide else "nodeValueOp", face.value_tone, "r", 500)
        if face.stale and face.value:
            paint.icon("clock", place.width - 12 - advance - 15, cy, 14, "text2")
    for output in face.outputs[1:]:
        y = place.outputs[output.out]
        advance = paint.text(place.width - 12, y, output.value, "code", "text", "r", 500)
        paint.text(place.width - 20 - advance, y, output.name, "code", "text3", "r")


def _input_row(paint: Paint, row: InputFace, cy: float, width: float, face: NodeFace) -> None:
    right, quiet = width - 12, face.grey or not row.live
    measure = paint.theme.metrics("code")
    if row.note:
        right -= paint.text(right, cy, row.note, "code", "text2" if row.literal and not row.wired else "text3", "r") + 8
    elif row.number or row.formula:
        room = right - 12 - measure.horizontalAdvance(row.label) - 8
        if row.number:
            advance = paint.text(right, cy, row.number, "code", "text", "r", 500)
            words = f"∂ {row.formula} = " if row.formula else "∂ "
            right -= advance + 1
            room -= advance + 1
            right -= paint.text(right, cy, _fitting(words, room, measure.horizontalAdvance), "code", "text3", "r") + 8
        else:
            right -= paint.text(right, cy, f"∂ {row.formula}", "code", "text3", "r", width=room) + 8
    if quiet:
        paint.text(12, cy, row.label, "code", "text3", width=right - 12)
    else:
        paint.text(12, cy, row.label, "code", "text2", weight=500, width=right - 12)


def _fitting(words: str, room: float, width_of: object) -> str:
    """Return the words, or only `∂ ` where there is no room for the formula."""
    return words if callable(width_of) and width_of(words) <= room else "∂ "


def paint_drawer(paint: Paint, drawer: Drawer, top: float, width: float) -> None:
    """Draw label and number of a drawer, from its top edge over the width of the node."""
    stored = drawer.kind == "stored"
    cy, left = top + DRAWER / 2, 12.0
    if drawer.pin:
        paint.icon("pin", left + 5, cy, 11, "text2")
        left += 16
    ink = paint.theme.gradient_text(drawer.value) if drawer.value is not None else paint.theme.color("text" if stored else "text2")
    if stored and drawer.cells is not None:
        paint.text(left, cy, drawer.label, "code", "text3")
        _strip(paint, drawer.cells, QRectF(left + 50, cy - 7, width - left - 62, 14))
        return
    role, weight = ("nodeGrad", 600) if stored and len(drawer.words) <= LONG else ("number", 600 if stored else 500)
    shade: Shade = "text3" if drawer.kind == "none" else ink
    label, role = (drawer.label, role) if stored else fitted(paint, drawer, role, weight, width - 11 - left - DRAWER_GAP)
    advance = paint.text(width - 11, cy, drawer.words, role, shade, "r", weight)
    label_ink = "text2" if stored else "text3"
    paint.text(left, cy, label, "code", label_ink, weight=500 if stored else 400, width=width - 11 - advance - DRAWER_GAP - left)


def fitted(paint: Paint, drawer: Drawer, role: str, weight: int, room: float) -> tuple[str, str]:
    """Return the label and the size of the words that fit side by side; words may be smaller, and the label `∂/∂mse_loss`."""
    shorter = "∂/∂" + drawer.label.partition("/∂")[2]
    tries = [(drawer.label, role), (shorter, role), (shorter, "code")]
    if drawer.kind == "none":
        tries.insert(1, (drawer.label, "code"))

    def fits(label: str, size: str) -> bool:
        words = paint.theme.metrics(size, weight).horizontalAdvance(drawer.words)
        return paint.theme.metrics("code").horizontalAdvance(label) + words <= room

    return next((each for each in tries if fits(*each)), tries[-1])


def _strip(paint: Paint, cells: Cells, rect: QRectF) -> None:
    count = len(cells.rows[0])
    gap = 2.0
    width = min(27.0, (rect.width() - gap * (count - 1)) / count)
    paint.cells(rect.left(), rect.top(), cells.rows, width, rect.height(), gradient=True, largest=cells.largest, gap=gap)


def _ports(paint: Paint, face: NodeFace, place: Geometry) -> None:
    for row in face.inputs:
        if row.port:
            point = place.input_point(row.path)
            failed = face.failed or row.failed
            paint_port(paint, point.x(), point.y(), None if failed else row.tint, row.whole, failed)
    if face.drawer is not None and face.drawer.read and place.drawer is not None:
        paint_grad_port(paint, place)
    for output in face.outputs:
        point = place.output_point(output.out)
        if output.root:
            root_ring(paint, point.x(), point.y(), output.tint)
        else:
            paint_port(paint, point.x(), point.y(), None if face.failed else output.tint, output.whole, face.failed)


def paint_grad_port(paint: Paint, place: Geometry) -> None:
    """Draw the port of a .grad: half the size of others, for it carries a number and no gradient."""
    point = place.grad_point()
    paint.dot(point.x(), point.y(), 6, "canvas")
    paint.dot(point.x(), point.y(), 3.4, "node", "wire", 1.5)


def paint_port(
    paint: Paint, x: float, y: float, tint: Tint | None, whole: bool = False, failed: bool = False, shade: Shade = "wire"
) -> None:
    """Draw a port: a disc where a gradient flows, a ring where none does, a square for whole numbers."""
    colour = paint.theme.color(shade)
    flows = tint is not None and tint.sign != 0
    if flows and tint is not None:
        colour = paint.theme.gradient(tint.sign, tint.t)
    elif failed:
        colour = paint.theme.color("error")
    paint.dot(x, y, 7.5, "canvas")
    if whole:
        paint.painter.setBrush(paint.theme.color("node"))
        paint.painter.setPen(paint.pen(colour, 1.75, flat=True))
        paint.painter.drawPolygon(QPolygonF(QRectF(x - 4.5, y - 4.5, 9, 9)))
        return
    paint.dot(x, y, SIZE["port"], colour if flows else "node", colour, 1.75)


def root_ring(paint: Paint, x: float, y: float, tint: Tint | None) -> None:
    """Draw the ring of the output at which backward starts."""
    colour = paint.theme.gradient(tint.sign, tint.t) if tint is not None and tint.sign else paint.theme.color("wire")
    paint.dot(x, y, 9.5, "canvas", colour, 1.6)
    paint.dot(x, y, 4.8, colour)
