"""The empty canvas: one line that says how to begin, and three ghosts of the tutorial's nodes."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from gradstudio.app.canvas.faces import Drawer, InputFace, NodeFace, OutputFace, Tint, WireFace
from gradstudio.app.canvas.geometry import Level, geometry
from gradstudio.app.canvas.node_chrome import Chrome, Head, chrome_of, head_of, paint_chrome
from gradstudio.app.canvas.node_marks import Marks
from gradstudio.app.canvas.node_paint import Disc, paint_node, paint_on_plate, port_grounds
from gradstudio.app.canvas.node_words import Writing, written
from gradstudio.app.canvas.wire_paint import paint_wire
from gradstudio.app.canvas.wire_path import NO_BOXES
from gradstudio.app.canvas.wire_shape import WireShape
from gradstudio.app.paint import Paint
from gradstudio.app.theme import Theme
from gradstudio.document.graph import Ref

GHOST = 0.20
BEFORE, KEY, AFTER = "Press", "A", "or double-click to add a node"
WIDTH, HEIGHT = 570.0, 300.0

X = NodeFace("x", "leaf", "x", switch=True, value="2.0", meta="()  float32", outputs=(OutputFace(0, tint=Tint(1, 1)),),
             drawer=Drawer("stored", ".grad", "12.0", 12.0))  # fmt: skip
POW = NodeFace("a", "op", "pow", "xⁿ", "a", value="4.0", meta="()", outputs=(OutputFace(0, tint=Tint(1, 0.8)),),
               inputs=(InputFace((0,), "x ** 2", "2x", "4.0", live=True, tint=Tint(1, 1)),),
               drawer=Drawer("flow", "∂z/∂a", "3.0", 3.0))  # fmt: skip
MUL = NodeFace("z", "op", "mul", "×", "z", value="12.0", meta="()", outputs=(OutputFace(0, tint=Tint(1, 0.6), root=True),),
               inputs=(InputFace((0,), "a", "y", "3.0", live=True, tint=Tint(1, 0.8)), InputFace((1,), "y", "a", "4.0", live=True)),
               drawer=Drawer("flow", "∂z/∂z", "1.0", 1.0))  # fmt: skip
PLACES = ((X, QPointF(0, 0)), (POW, QPointF(200, 0)), (MUL, QPointF(420, 60)))


def paint_empty(painter: QPainter, theme: Theme, room: QRectF, ratio: float) -> None:
    """Draw ghosts and line in the middle of a rectangle, in view pixels."""
    paint = Paint(painter, theme, ratio)
    painter.save()
    painter.translate(round(room.center().x() - WIDTH / 2), round(room.center().y() - HEIGHT / 2))
    painter.setOpacity(GHOST)
    at = {face.node: place for face, place in PLACES}
    for source, target, width in ((X, POW, 7.0), (POW, MUL, 6.0)):
        start = at[source.node] + geometry(source, Level.FULL).output_point(0)
        end = at[target.node] + geometry(target, Level.FULL).input_point((0,))
        face = WireFace(Ref(source.node), target.node, (0,), "gradient", width, Tint(1, width / 7))
        paint_wire(paint, face, WireShape(start, end, NO_BOXES), 1.0)
    for node, place in PLACES:
        painter.translate(place)
        spot = geometry(node, Level.FULL)
        chrome, words, discs = chrome_of(node, spot, Marks()), written(theme, node, spot), port_grounds(node, spot)
        paint_node(paint, node, spot, words, discs, partial(_ground, paint, chrome, head_of(node), words, discs))
        painter.translate(-place)
    painter.setOpacity(1.0)
    _line(paint)
    painter.restore()


def _ground(paint: Paint, chrome: Chrome, head: Head, words: Writing, discs: list[Disc], with_discs: bool) -> None:
    paint_chrome(paint, chrome)
    paint_on_plate(paint, chrome, head, words.still, discs if with_discs else [])


def _line(paint: Paint) -> None:
    measure = paint.theme.metrics("bodyLarge")
    key = 22.0
    width = measure.horizontalAdvance(BEFORE) + measure.horizontalAdvance(AFTER) + key + 16
    x, y = WIDTH / 2 - width / 2, HEIGHT - 20
    x += paint.text(x, y, BEFORE, "bodyLarge", "text2") + 8
    x += paint.key_cap(x, y, KEY) + 8
    paint.text(x, y, AFTER, "bodyLarge", "text2")
