"""The item of one node: paints itself from its face, says which part lies at a point. No child items, no Qt caches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from gradstudio.app.canvas.faces import NodeFace
from gradstudio.app.canvas.geometry import HEAD, ROW, SCISSORS, Geometry, Level, geometry
from gradstudio.app.canvas.node_marks import Marks, paint_badge, paint_scissors, paint_words
from gradstudio.app.canvas.node_paint import paint_node
from gradstudio.app.canvas.node_small import paint_medium, paint_tile
from gradstudio.app.paint import Paint
from gradstudio.app.theme import SIZE, Z
from gradstudio.document.graph import NodeId, OperandPath

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene

PartKind = Literal["body", "title", "value", "switch", "input", "output", "row", "drawer"]
SHADOW = 18.0
LEAST_SCALE = 0.8  # badges and scissors are never drawn smaller than this


@dataclass(frozen=True, slots=True)
class Part:
    """What of a node lies at a point. `path`: of an input port or row; `out`: of an output port."""

    kind: PartKind
    path: OperandPath = ()
    out: int = 0


class NodeItem(QGraphicsItem):
    """One node. Its face is worked out when it is needed; selection, hover and focus are the scene's."""

    def __init__(self, scene: CanvasScene, node: NodeId, face: NodeFace) -> None:
        super().__init__()
        self.canvas = scene
        self.node = node
        self.face = face
        self.place: Geometry = geometry(face, scene.level)
        self._bounds = self._reach()
        self._word_right = False  # of scissors: a node is in the way on the left
        self.setZValue(Z["node"])
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    def set_face(self, face: NodeFace) -> bool:
        """Show another face. Return whether the size or a port has moved."""
        if face == self.face:
            return False
        self.face = face
        moved = self.set_level()
        self.update()
        return moved

    def turn(self, right: bool) -> None:
        """Write the word of scissors on their right."""
        if right != self._word_right:
            self._word_right = right
            self.update()

    def set_level(self) -> bool:
        """Take the geometry of the scene's level. Return whether it differs."""
        place = geometry(self.face, self.canvas.level)
        bounds = self._reach(place)
        same = (place.width, place.height, place.inputs, place.outputs) == (
            self.place.width, self.place.height, self.place.inputs, self.place.outputs,
        )  # fmt: skip
        self.place = place
        if bounds != self._bounds:
            self.prepareGeometryChange()
            self._bounds = bounds
        return not same

    @property
    def body(self) -> QRectF:
        """The plate of the node in scene coordinates."""
        if self.face.kind == "scissors":
            return SCISSORS.translated(self.pos())
        return self.place.rect.translated(self.pos())

    @property
    def full_body(self) -> QRectF:
        """The plate of the node as it is at 100 %, whatever the level: what frames and fitting go by."""
        if self.face.kind == "scissors":
            return self.body
        return geometry(self.face, Level.FULL).rect.translated(self.pos())

    def port(self, path: OperandPath | None, out: int = 0) -> QPointF:
        """Return an input port (path) or an output port in scene coordinates."""
        return self.pos() + (self.place.output_point(out) if path is None else self.place.input_point(path))

    def part_at(self, at: QPointF) -> Part | None:
        """Return the part at a point of the item, ports first; None outside."""
        reach = SIZE["portHit"] / 2 / min(1.0, self.canvas.zoom)
        if self.face.kind == "scissors":
            return Part("body") if SCISSORS.adjusted(-2, -2, 2, 2).contains(at) else None
        ports = [(Part("output", out=o), self.place.output_point(o)) for o in self.place.outputs]
        ports += [(Part("input", path=p), self.place.input_point(p)) for p in self.place.inputs]
        gap, part = min(((_gap(point, at), part) for part, point in ports), key=lambda g: g[0], default=(reach + 1, None))
        if part is not None and gap <= reach:
            return part
        return self._inner_part(at) if self.place.rect.contains(at) else None

    def _inner_part(self, at: QPointF) -> Part:
        face, place = self.face, self.place
        if self.canvas.level < Level.FULL or face.collapsed:
            return Part("body")
        if at.y() < HEAD:
            if face.switch is not None and at.x() > place.width - 46:
                return Part("switch")
            return Part("title")
        if place.drawer is not None and at.y() > place.drawer:
            return Part("drawer")
        for row, y in zip(face.inputs, place.rows, strict=True):
            if abs(at.y() - y) <= ROW / 2:
                return Part("row", path=row.path)
        value = at.y() < HEAD + 38 and (face.kind in ("leaf", "input") or at.x() > place.width / 3)
        return Part("value") if value else Part("body")

    def _reach(self, place: Geometry | None = None) -> QRectF:
        face, rect = self.face, (place or self.place).rect
        if face.kind == "scissors":
            return QRectF(-110, -40, 220, 80)
        bounds = rect.adjusted(-SHADOW, -SHADOW, SHADOW, SHADOW + 3)
        words = max((face.above, face.below), key=len)
        if words:
            extra = max(0.0, (self.canvas.theme.metrics("caption").horizontalAdvance(words) + 30 - rect.width()) / 2)
            bounds.adjust(-extra, -12 if face.above else 0, extra, 24 if face.below else 0)
        return bounds

    # ------------------------------------------------------------ Qt
    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        canvas = self.canvas
        marks = Marks(self.node == canvas.hovered_node, self.node in canvas.selected_nodes, self.node == canvas.focused_node)
        level, zoom = canvas.level, canvas.zoom
        paint = Paint(painter, canvas.theme, canvas.ratio)
        if self.face.kind == "scissors":
            if level >= Level.MEDIUM:
                size = max(1.0, LEAST_SCALE / zoom)
                painter.scale(size, size)
                paint_scissors(paint, marks, level == Level.FULL, self._word_right)
            return

        def draw(target: QPainter) -> None:
            brush = Paint(target, canvas.theme, canvas.ratio if level == Level.FULL else canvas.device_ratio)
            if level == Level.FULL:
                paint_node(brush, self.face, self.place, marks)
            elif level == Level.MEDIUM:
                paint_medium(brush, self.face, self.place, zoom, marks)
            else:
                paint_tile(brush, self.face, self.place, zoom, marks, canvas.norms)

        if widget is None:
            draw(painter)
        else:
            key = (self.face, level, zoom, canvas.device_ratio, marks, canvas.norms)
            area = self.place.rect.adjusted(-SHADOW, -SHADOW, SHADOW, SHADOW + 3)
            canvas.pictures.draw(painter, key, area, zoom, canvas.device_ratio, draw)
        if level >= Level.MEDIUM:
            paint_badge(paint, self.face, self.place, max(1.0, LEAST_SCALE / zoom))
        if level == Level.FULL:
            paint_words(paint, self.face, self.place)


def _gap(a: QPointF, b: QPointF) -> float:
    return float(((a.x() - b.x()) ** 2 + (a.y() - b.y()) ** 2) ** 0.5)
