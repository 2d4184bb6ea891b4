"""The mark layer: breakpoints on nodes, wires and `.grad`s, and the part of the graph that is lit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from gradstudio.app.canvas.dirt import CanvasItem
from gradstudio.app.canvas.geometry import NO_ROOM
from gradstudio.app.canvas.pictures import snap
from gradstudio.app.faults import told
from gradstudio.app.paint import Paint
from gradstudio.app.theme import RADIUS, Z
from gradstudio.document.graph import NodePath

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene

NEAR_TARGET = 0.88  # of a wire: where its breakpoint sits
LIT_WIDTH, LIT_GAP = 9.0, 7.0


class MarkLayer(CanvasItem):
    """Draws over nodes and wires what the viewer marked; takes no room, and no time, where nothing is."""

    def __init__(self, scene: CanvasScene) -> None:
        super().__init__(scene)
        self._area = NO_ROOM
        self._lit: frozenset[NodePath] = frozenset()
        self.setZValue(Z["badge"])
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    def follow(self) -> None:
        """Draw what is marked now."""
        markers = self.canvas.studio.markers
        if markers.lit.nodes != self._lit:
            self._lit = markers.lit.nodes
            self.canvas.far.forget_rects()
        area = self.canvas.sceneRect() if markers.breakpoints or markers.lit.nodes or markers.lit.wires else NO_ROOM
        if area != self._area:
            self.prepareGeometryChange()
            self._area = area
        if area is not NO_ROOM:
            self.update()

    def boundingRect(self) -> QRectF:
        return self._area

    @told
    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        snap(painter, self.canvas.device_ratio)
        paint = Paint(painter, self.canvas.theme, self.canvas.ratio)
        self._light(paint)
        for at in self.places():
            paint.dot(at.x(), at.y(), 8.5, "canvas")
            paint.dot(at.x(), at.y(), 6.5, "accent")

    def places(self) -> Iterator[QPointF]:
        """Yield where breakpoints are drawn; one inside an instance that is not entered is drawn on it."""
        canvas = self.canvas
        for mark in canvas.studio.markers.breakpoints:
            node = canvas.context.here(mark.path)
            item = canvas.nodes.get(node) if node is not None else None
            if item is None:
                continue
            own = len(mark.path) == len(canvas.scope) + 1
            shape = canvas.wires.shape_of((item.node, mark.operand)) if mark.kind == "wire" and own else None
            if shape is not None:
                yield shape.point(NEAR_TARGET)
            elif mark.kind == "grad":
                yield item.body.bottomLeft() + QPointF(2, -2)
            else:
                yield item.body.topLeft() + QPointF(2, 2)

    def _light(self, paint: Paint) -> None:
        canvas, lit = self.canvas, self.canvas.studio.markers.lit
        depth = len(canvas.scope) + 1
        for path, operand in lit.wires:
            shape = canvas.wires.shape_of((path[-1], operand)) if len(path) == depth and path[:-1] == canvas.scope else None
            if shape is not None:
                paint.painter.strokePath(shape.path, paint.pen("accent", LIT_WIDTH, 0.4))
        for node in {canvas.context.here(path) for path in lit.nodes}:
            item = canvas.nodes.get(node) if node is not None else None
            if item is not None:
                rect = item.body.adjusted(-LIT_GAP, -LIT_GAP, LIT_GAP, LIT_GAP)
                paint.rounded(rect, RADIUS["node"] + LIT_GAP, None, "accent", 2, stroke_alpha=0.7)
