"""Order numbers: where each statement stands in its block, at the corner of its node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from gradstudio.app.canvas.dirt import CanvasItem
from gradstudio.app.canvas.geometry import NO_ROOM, Level
from gradstudio.app.faults import told
from gradstudio.app.paint import Paint
from gradstudio.app.theme import Z
from gradstudio.document.graph import INPUT, LEAF, Graph, NodeId

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene


BESIDE = 10.0  # px that a number sticks out of its node, to the left and upwards


def statement_numbers(graph: Graph) -> dict[NodeId, int]:
    """Return the place of each op among the statements of its block, from 1: leaves are made before, and are none."""
    found: dict[NodeId, int] = {}
    for ids in graph.blocks.values():
        ops = [n for n in ids if graph.nodes[n].op not in (LEAF, INPUT)]
        found.update((n, i) for i, n in enumerate(ops, 1))
    return found


class OrderLayer(CanvasItem):
    """Draws the numbers over the nodes, while they are wanted."""

    def __init__(self, scene: CanvasScene) -> None:
        super().__init__(scene)
        self.on = False
        self._area = NO_ROOM
        self._graph = Graph()
        self._numbers: dict[NodeId, int] = {}
        self.setZValue(Z["badge"])
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.setVisible(False)

    def show_numbers(self, on: bool) -> None:
        """Show the numbers, or hide them."""
        self.on = on
        self.setVisible(on)
        self.follow()

    def follow(self) -> None:
        """Count anew where the order may be another; take the room of the scene while the numbers are wanted."""
        area = self.canvas.sceneRect() if self.on else NO_ROOM
        if area != self._area:
            self.prepareGeometryChange()
            self._area = area
        if self.on:
            self.update()

    @property
    def numbers(self) -> dict[NodeId, int]:
        """The number of each op in the graph on the canvas."""
        graph = self.canvas.context.graph
        if graph is not self._graph:
            self._graph, self._numbers = graph, statement_numbers(graph)
        return self._numbers

    def boundingRect(self) -> QRectF:
        return self._area

    @told
    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        if self.canvas.level <= Level.FAR:
            return
        paint, numbers = Paint(painter, self.canvas.theme, self.canvas.ratio), self.numbers
        scale = 1 / min(1.0, self.canvas.zoom)
        metrics = self.canvas.theme.metrics("code", 600)
        beside = BESIDE * scale
        seen = painter.clipBoundingRect().adjusted(0, 0, beside, beside) if painter.hasClipping() else self._area
        for node, body in self.canvas.boxes_of_nodes(seen):
            if node in numbers:
                words = str(numbers[node])
                painter.save()
                painter.translate(body.left(), body.top())
                painter.scale(scale, scale)
                paint.rounded(QRectF(-8, -9, metrics.horizontalAdvance(words) + 12, 18), 4, "raised", "line2")
                paint.text(-2, 0, words, "code", "text2", weight=600)
                painter.restore()
