"""The pill layer: the number on each gradient wire, at half way, moved along it to keep clear of nodes and other pills."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from gradstudio.app.canvas.faces import WireFace
from gradstudio.app.canvas.geometry import Level
from gradstudio.app.canvas.wire_faces import WireId
from gradstudio.app.canvas.wire_path import Boxes
from gradstudio.app.canvas.wire_shape import WireShape
from gradstudio.app.paint import Paint, pill_rect
from gradstudio.app.theme import Z

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene

SHARES = (0.5, 0.46, 0.54, 0.42, 0.58, 0.38, 0.62, 0.34, 0.66, 0.3, 0.7, 0.25, 0.75, 0.2, 0.8)
LEAST_GAP = 20.0  # of wire to be seen on both sides of a pill, together
NODE_CLEAR, PILL_CLEAR = 5.0, 4.0
ABOVE_WIDTH = 124.0  # of the words over a root


class PillLayer(QGraphicsItem):
    """Draws pills over nodes and wires; hidden under 75 % zoom."""

    def __init__(self, scene: CanvasScene) -> None:
        super().__init__()
        self.canvas = scene
        self.setZValue(Z["pill"])
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self._places: dict[WireId, QRectF | None] = {}
        self._words: dict[WireId, int] = {}
        self._rect = QRectF()

    def reset(self, rect: QRectF) -> None:
        """Forget all places."""
        self.prepareGeometryChange()
        self._rect = rect
        self._places.clear()
        self.update()

    def forget(self, key: WireId) -> None:
        """Forget the place of one pill: its wire runs elsewhere."""
        self._places.pop(key, None)

    def place(self, key: WireId) -> QRectF | None:
        """Return where the pill of a wire is; None where it has none or no room."""
        face, shape = self.canvas.wires.face(key), self.canvas.wires.shape_of(key)
        return self._place(key, face, shape) if shape is not None else None

    def _place(self, key: WireId, face: WireFace, shape: WireShape) -> QRectF | None:
        if not face.pill:
            return None
        if key not in self._places or self._words.get(key) != len(face.pill):
            self._words[key] = len(face.pill)
            self._places[key] = None
            self._places[key] = self._find(face, shape)
        return self._places[key]

    def _find(self, face: WireFace, shape: WireShape) -> QRectF | None:
        theme = self.canvas.theme
        plate = pill_rect(theme, 0, 0, face.pill)
        if plate.width() + LEAST_GAP > shape.length:
            return None
        taken = [r for r in self._places.values() if r is not None]
        nodes, words = _grown(self.canvas.boxes_in(shape.box), NODE_CLEAR), _boxes(self._words_over_roots(), 0)
        boxes: Boxes = np.vstack([_boxes(taken, PILL_CLEAR), words, nodes])
        best: tuple[float, QRectF] | None = None
        for share in SHARES:
            at = shape.point(share)
            rect = pill_rect(theme, at.x(), at.y(), face.pill)
            over = _overlap(rect, boxes)
            if over == 0:
                return rect
            if best is None or over < best[0]:
                best = (over, rect)
        return best[1] if best else None

    def _words_over_roots(self) -> list[QRectF]:
        """Return where the words over the roots stand, `backward() starts here`."""
        bodies = [self.canvas.nodes[node].body for node, _ in self.canvas.context.roots if node in self.canvas.nodes]
        return [QRectF(body.center().x() - ABOVE_WIDTH / 2, body.top() - 26, ABOVE_WIDTH, 20) for body in bodies]

    def boundingRect(self) -> QRectF:
        return self._rect

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        if self.canvas.level != Level.FULL:
            return
        paint = Paint(painter, self.canvas.theme, self.canvas.ratio)
        for key, face, shape in self.canvas.wires.visible(option.exposedRect):
            rect = self._place(key, face, shape)
            if rect is not None:
                paint.pill(rect.center().x(), rect.center().y(), face.pill, face.pill_value)


def _boxes(rects: list[QRectF], clear: float) -> Boxes:
    return np.array([(r.left() - clear, r.top() - clear, r.right() + clear, r.bottom() + clear) for r in rects]).reshape(-1, 4)


def _grown(boxes: Boxes, clear: float) -> Boxes:
    grown: Boxes = boxes + np.array([-clear, -clear, clear, clear])
    return grown


def _overlap(rect: QRectF, boxes: Boxes) -> float:
    """Return the area of rect that lies under boxes."""
    if not len(boxes):
        return 0.0
    wide = np.minimum(rect.right(), boxes[:, 2]) - np.maximum(rect.left(), boxes[:, 0])
    tall = np.minimum(rect.bottom(), boxes[:, 3]) - np.maximum(rect.top(), boxes[:, 1])
    return float((np.clip(wide, 0, None) * np.clip(tall, 0, None)).sum())
