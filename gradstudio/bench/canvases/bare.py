"""The least a canvas on QGraphicsView can cost: rectangles with a word, straight lines, no numbers. What CI holds ours against."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QGraphicsScene, QGraphicsView, QStyleOptionGraphicsItem, QWidget

from gradstudio.bench.canvases.side import Places
from gradstudio.bench.graphs import Link

WIDE, TALL, PORTS = 160.0, 84.0, (36.0, 54.0)
PLATE, WIRE, INK = QColor(45, 48, 56), QColor(130, 170, 210), QColor(225, 228, 235)


class Plate(QGraphicsItem):
    """A node: a rectangle and its number."""

    def __init__(self, index: int) -> None:
        super().__init__()
        self.index = index

    def boundingRect(self) -> QRectF:  # noqa: N802 (as Qt calls it)
        return QRectF(0, 0, WIDE, TALL)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.fillRect(self.boundingRect(), PLATE)
        painter.setPen(INK)
        painter.drawText(QPointF(8, 18), f"op {self.index}")


class Lines(QGraphicsItem):
    """All wires, of which those in view are drawn."""

    def __init__(self, ends: np.ndarray) -> None:
        super().__init__()
        self.ends = ends
        self.setZValue(-1)
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)

    def boundingRect(self) -> QRectF:  # noqa: N802 (as Qt calls it)
        return QRectF(-1e5, -1e5, 2e5, 2e5)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        rect, e = option.exposedRect, self.ends
        across = (np.minimum(e[:, 0], e[:, 2]) <= rect.right()) & (np.maximum(e[:, 0], e[:, 2]) >= rect.left())
        down = (np.minimum(e[:, 1], e[:, 3]) <= rect.bottom()) & (np.maximum(e[:, 1], e[:, 3]) >= rect.top())
        painter.setPen(QPen(WIRE, 0))
        painter.drawLines([QLineF(*line) for line in e[across & down].tolist()])


class Bare:
    """A view of plates and lines."""

    def __init__(self) -> None:
        self.view = QGraphicsView()
        self.view.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.view.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self._graph: tuple[Places, list[Link]] = ([], [])
        self._plates: list[Plate] = []
        self._lines = Lines(np.empty((0, 4)))
        self._scene = QGraphicsScene()
        self._nothing = QGraphicsScene()

    def build(self, places: Places, links: list[Link]) -> None:
        """Make an item a node, and one for the lines."""
        self._graph = places, links
        self._scene = QGraphicsScene()
        self._plates = [Plate(i) for i in range(len(places))]
        for plate, at in zip(self._plates, places, strict=True):
            plate.setPos(*at)
            self._scene.addItem(plate)
        p, w = np.array(places, float), np.array(links)
        ends = np.stack([p[w[:, 0], 0] + WIDE, p[w[:, 0], 1] + PORTS[0], p[w[:, 1], 0], p[w[:, 1], 1] + np.take(PORTS, w[:, 2])], 1)
        self._lines = Lines(ends)
        self._scene.addItem(self._lines)
        self._scene.setSceneRect(QRectF(-4000, -4000, *(p.max(0) + 8000)))
        self.view.setScene(self._scene)

    def save(self, path: Path) -> None:
        """Write places and links."""
        path.write_text(json.dumps(self._graph))

    def load(self, path: Path) -> None:
        """Read places and links."""
        self.build(*json.loads(path.read_text()))

    def look(self, zoom: float, at: QPointF | None) -> None:
        """Look at a place, or at all."""
        if at is None:
            self.view.fitInView(self._scene.sceneRect().adjusted(3900, 3900, -3900, -3900), Qt.AspectRatioMode.KeepAspectRatio)
        else:
            self.view.resetTransform()
            self.view.centerOn(at)

    def wheel(self, factor: float) -> None:
        """Scale the view."""
        self.view.scale(factor, factor)

    def drag(self, node: int, dx: float, dy: float) -> None:
        """Move a plate and the ends of its lines."""
        plate = self._plates[node]
        plate.setPos(plate.pos() + QPointF(dx, dy))
        links = np.array(self._graph[1])
        self._lines.ends[links[:, 0] == node, :2] += dx, dy
        self._lines.ends[links[:, 1] == node, 2:] += dx, dy
        self._lines.update(plate.sceneBoundingRect().adjusted(-300, -300, 300, 300))

    def drop(self) -> None:
        """Nothing is held."""

    def hit(self, at: QPointF) -> object:
        """Return the items at a place."""
        return self._scene.items(at)

    def delete_all(self) -> None:
        """Show nothing."""
        self.view.setScene(self._nothing)

    def undo(self) -> None:
        """Build everything again, as an undo that keeps documents does."""
        self.build(*self._graph)

    def count(self) -> int:
        """Return how many nodes are shown."""
        return len(self._plates) if self.view.scene() is self._scene else 0
