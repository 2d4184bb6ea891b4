"""How a node is drawn at 75 % and up: what lies on its plate: words, cells, ports. Where the words stand is in node_words.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPolygonF

from gradstudio.app.canvas.faces import Cells, Drawer, NodeFace, Tint
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
from gradstudio.app.canvas.node_chrome import Chrome, Head, chrome_of, head_of, paint_head
from gradstudio.app.canvas.node_marks import Marks
from gradstudio.app.canvas.node_words import Word, Writing, drawer_words, label_left, write
from gradstudio.app.paint import Paint
from gradstudio.app.theme import OPACITY, SIZE, Shade

PORT_GROUND, ROOT_GROUND, GRAD_GROUND = 7.5, 9.5, 6.0  # px: radius of the disc under a port, that of a root, that of a .grad
WITHIN_GROUND = PORT_GROUND - 0.8  # as far as such a disc is solid, and farther than a port reaches
Disc = tuple[float, float, float]  # centre and radius
Rim = tuple[object, ...]


def rim_of(face: NodeFace, place: Geometry) -> Rim:
    """Return what decides how a node looks but for what is written on its plate, below the head, and the colours of its ports."""
    drawer = face.drawer  # marks are left out too
    inputs = [(row.path, row.port, row.whole, row.failed, row.tint is None) for row in face.inputs]
    outputs = [(each.out, each.root, each.whole, each.tint is None) for each in face.outputs]
    words = face.badge, face.above, face.below, face.below_error
    return chrome_of(face, place, Marks()), head_of(face), inputs, outputs, drawer is not None and drawer.read, words


def paint_node(
    paint: Paint, face: NodeFace, place: Geometry, words: Writing, discs: Sequence[Disc], ground: Callable[[bool], None]
) -> None:
    """Draw a node with its top left corner at the painter's origin.

    `ground` draws what lies under all that changes: plate, head, the words that stay, and if it is True the discs under ports.
    """
    painter = paint.painter
    opacity = painter.opacity()
    if face.dim:  # but its ports are not
        painter.setOpacity(opacity * OPACITY["pending"])
    ground(not face.dim)
    paint_changing(paint, face, place, words)
    if face.dim:
        painter.setOpacity(opacity)
        paint_discs(paint, discs)
    _ports(paint, face, place)


def paint_changing(paint: Paint, face: NodeFace, place: Geometry, words: Writing) -> None:
    """Draw what changes with numbers: words, cells, and what stands beside them."""
    write(paint.painter, words.changing)
    if not face.collapsed:
        if face.kind in ("leaf", "input"):
            _leaf_cells(paint, face, place)
        else:
            _op_cells(paint, face, place, words)
        if face.drawer and place.drawer is not None:
            _drawer_marks(paint, face.drawer, place.drawer, place.width)


def paint_on_plate(paint: Paint, chrome: Chrome, head: Head, words: Sequence[Word], discs: Sequence[Disc]) -> None:
    """Draw what stays of a node, on its plate."""
    paint_head(paint, chrome, head)
    write(paint.painter, words)
    paint_discs(paint, discs)


# ---------------------------------------------------------------- cells
def _leaf_cells(paint: Paint, face: NodeFace, place: Geometry) -> None:
    cells, top = face.cells, HEAD + 12.0
    if cells is None:
        return
    if cells.words:
        _written_cells(paint, cells, place.width)
    elif cells.large:
        scaled_cells(paint, cells, QRectF(14, HEAD + 10, place.width - 28, LARGE_H))
    else:
        paint.cells(14, top, cells.rows, leaf_cell_width(cells), CELL_H, largest=cells.largest)
        if grad_beside(face):
            _grad_cells(paint, face, cells, place.width, top)


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


def _written_cells(paint: Paint, cells: Cells, width: float) -> None:
    """Draw a short vector with its numbers."""
    count = len(cells.words[0])
    gap = 2.0 if cells.plain else 1.0
    each = (width - 28 - gap * (count - 1)) / count
    each = min(each, 27.0 if cells.plain else 40.0)
    if not cells.plain:
        paint.cells(14, HEAD + 10, cells.rows, each, BIG_CELL_H, largest=cells.largest, words=cells.words)
        return
    for i, word in enumerate(cells.words[0]):
        plate = QRectF(14 + i * (each + gap), HEAD + 11, each, BIG_CELL_H)
        paint.rounded(plate, 3, "raised")
        paint.text(plate.center().x(), plate.center().y(), word, "number", "text", "c", width=each)


def scaled_cells(paint: Paint, cells: Cells, rect: QRectF, gradient: bool = False, largest_cell: float = 16) -> None:
    """Draw a heat map that fills a rectangle, right aligned if its cells would be larger than `largest_cell`."""
    rows, columns = len(cells.rows), max(1, len(cells.rows[0]) if cells.rows else 1)
    gap = 1.0 if rect.width() / columns > 4 else 0.2
    width = min(largest_cell, (rect.width() - gap * (columns - 1)) / columns)
    height = min(largest_cell, (rect.height() - gap * (rows - 1)) / max(1, rows))
    left = rect.right() - columns * (width + gap) + gap
    top = rect.center().y() - (rows * (height + gap) - gap) / 2
    paint.cells(left, top, cells.rows, width, height, gradient=gradient, largest=cells.largest, gap=gap)


def _op_cells(paint: Paint, face: NodeFace, place: Geometry, words: Writing) -> None:
    if face.cells is not None:
        used = words.width_of(face.meta, "code")
        room = QRectF(12 + used + 12, HEAD + 5, place.width - 24 - used - 12, 28)
        scaled_cells(paint, face.cells, room, largest_cell=13)
    elif face.stale and face.value:
        paint.icon("clock", words.changing[0].left - 15, place.value, 14, "text2")


# ---------------------------------------------------------------- drawer
def paint_drawer(paint: Paint, drawer: Drawer, top: float, width: float) -> None:
    """Draw a drawer, from its top edge over the width of the node."""
    words = Writing(paint.theme)
    drawer_words(words, drawer, top, width)
    write(paint.painter, [*words.still, *words.changing])
    _drawer_marks(paint, drawer, top, width)


def _drawer_marks(paint: Paint, drawer: Drawer, top: float, width: float) -> None:
    """Draw what is not written in a drawer: its pin, its cells."""
    cy, left = top + DRAWER / 2, label_left(drawer)
    if drawer.pin:
        paint.icon("pin", 17, cy, 11, "text2")
    if drawer.kind == "stored" and drawer.cells is not None:
        _strip(paint, drawer.cells, QRectF(left + 50, cy - 7, width - left - 62, 14))


def _strip(paint: Paint, cells: Cells, rect: QRectF) -> None:
    count = len(cells.rows[0])
    gap = 2.0
    width = min(27.0, (rect.width() - gap * (count - 1)) / count)
    paint.cells(rect.left(), rect.top(), cells.rows, width, rect.height(), gradient=True, largest=cells.largest, gap=gap)


# ---------------------------------------------------------------- ports
def port_grounds(face: NodeFace, place: Geometry) -> list[Disc]:
    """Return the discs under the ports of a node: they keep wires and plate off them."""
    found = [(0.0, place.input_y(row.path), PORT_GROUND) for row in face.inputs if row.port]
    if face.drawer is not None and face.drawer.read and place.drawer is not None:
        found.append((place.width, place.grad_y, GRAD_GROUND))
    return found + [(place.width, place.output_y(each.out), ROOT_GROUND if each.root else PORT_GROUND) for each in face.outputs]


def paint_discs(paint: Paint, discs: Sequence[Disc]) -> None:
    """Draw discs under ports."""
    for x, y, radius in discs:
        paint.dot(x, y, radius, "canvas")


def _ports(paint: Paint, face: NodeFace, place: Geometry) -> None:
    for row in face.inputs:
        if row.port:
            failed = face.failed or row.failed
            _port(paint, 0.0, place.input_y(row.path), None if failed else row.tint, row.whole, failed)
    if face.drawer is not None and face.drawer.read and place.drawer is not None:
        _grad_port(paint, place)
    for output in face.outputs:
        y = place.output_y(output.out)
        if output.root:
            _root(paint, place.width, y, output.tint)
        else:
            _port(paint, place.width, y, None if face.failed else output.tint, output.whole, face.failed)


def ports_of(face: NodeFace) -> tuple[Tint | None, ...]:
    """Return what decides the colours of the ports of a node."""
    return *(row.tint for row in face.inputs), *(each.tint for each in face.outputs)


def port_places(face: NodeFace, place: Geometry) -> list[QRectF]:
    """Return what the ports of a node fill."""
    size = 2 * PORT_GROUND
    return [QRectF(x - PORT_GROUND, y - PORT_GROUND, size, size) for x, y, _ in port_grounds(face, place)]


def paint_ports_over(paint: Paint, face: NodeFace, place: Geometry) -> None:
    """Draw ports in other colours over what they were, so that no pixel keeps of it; at 100 % and up. Roots can't be drawn so."""
    for row in face.inputs:
        if row.port:
            paint.dot(0.0, place.input_y(row.path), WITHIN_GROUND, "canvas")
            _port(paint, 0.0, place.input_y(row.path), row.tint, row.whole, False)
    for output in face.outputs:
        paint.dot(place.width, place.output_y(output.out), WITHIN_GROUND, "canvas")
        _port(paint, place.width, place.output_y(output.out), output.tint, output.whole, False)


def paint_grad_port(paint: Paint, place: Geometry) -> None:
    """Draw the port of a .grad: half the size of others, for it carries a number and no gradient."""
    paint.dot(place.width, place.grad_y, GRAD_GROUND, "canvas")
    _grad_port(paint, place)


def _grad_port(paint: Paint, place: Geometry) -> None:
    paint.dot(place.width, place.grad_y, 3.4, "node", "wire", 1.5)


def paint_port(paint: Paint, x: float, y: float, tint: Tint | None, whole: bool = False, failed: bool = False) -> None:
    """Draw a port: a disc where a gradient flows, a ring where none does, a square for whole numbers."""
    paint.dot(x, y, PORT_GROUND, "canvas")
    _port(paint, x, y, tint, whole, failed)


def _port(paint: Paint, x: float, y: float, tint: Tint | None, whole: bool, failed: bool) -> None:
    flows = tint is not None and tint.sign != 0
    shade: Shade = "error" if failed else "wire"
    colour = paint.theme.gradient(tint.sign, tint.t) if tint is not None and flows else paint.theme.color(shade)
    if whole:
        paint.painter.setBrush(paint.theme.color("node"))
        paint.painter.setPen(paint.pen(colour, 1.75, flat=True))
        paint.painter.drawPolygon(QPolygonF(QRectF(x - 4.5, y - 4.5, 9, 9)))
        return
    paint.dot(x, y, SIZE["port"], colour if flows else "node", colour, 1.75)


def root_ring(paint: Paint, x: float, y: float, tint: Tint | None) -> None:
    """Draw the ring of the output at which backward starts."""
    paint.dot(x, y, ROOT_GROUND, "canvas")
    _root(paint, x, y, tint)


def _root(paint: Paint, x: float, y: float, tint: Tint | None) -> None:
    colour = paint.theme.gradient(tint.sign, tint.t) if tint is not None and tint.sign else paint.theme.color("wire")
    paint.dot(x, y, ROOT_GROUND, None, colour, 1.6)
    paint.dot(x, y, 4.8, colour)
