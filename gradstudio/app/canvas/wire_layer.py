"""The wire layer: every wire in one item, culled and hit-tested with numpy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from gradstudio.app.canvas.faces import WireFace
from gradstudio.app.canvas.pictures import snap
from gradstudio.app.canvas.wire_faces import WireId
from gradstudio.app.canvas.wire_paint import dense_pen, paint_wire
from gradstudio.app.canvas.wire_path import NO_BOXES, SAMPLES, Boxes, distances
from gradstudio.app.canvas.wire_shape import WireShape
from gradstudio.app.paint import Paint
from gradstudio.app.theme import Z
from gradstudio.document.graph import NodeId

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene

MARGIN = 24.0  # a wire's marks and halo, and its pill
ORDER = {"frozen": 0, "pending": 1, "forward": 2, "zero": 3, "gradient": 4, "tensor": 4, "error": 6}
REACH = 14.0  # what halo and marks stick out of the path, at 100 %
DENSE = 150  # wires in view; more are drawn plainly
ROUTED_UP_TO = 1500  # wires; beyond, all are plain

Ends = tuple[QPointF, QPointF]


class WireLayer(QGraphicsItem):
    """Draws wires whose faces and ends the scene gives. Faces are worked out when they are painted."""

    def __init__(self, scene: CanvasScene) -> None:
        super().__init__()
        self.canvas = scene
        self.setZValue(Z["wire"])
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.ids: list[WireId] = []
        self.hidden: frozenset[WireId] = frozenset()
        self._index: dict[WireId, int] = {}
        self._faces: dict[WireId, WireFace] = {}
        self._dirty: set[WireId] = set()
        self._shapes: list[WireShape] = []
        self._boxes: Boxes = NO_BOXES
        self._coarse = np.empty((0, SAMPLES, 2))
        self._ends = np.empty((0, 4))
        self._rect = QRectF()
        self._of_node: dict[NodeId, list[WireId]] = {}

    # ------------------------------------------------------------ content
    def set_wires(self, faces: dict[WireId, WireFace], ends: Callable[[WireFace], Ends], rect: QRectF) -> None:
        """Take over all wires: after an edit, an opening, a change of level."""
        self.prepareGeometryChange()
        self._rect = rect
        self.ids = list(faces)
        self._index = {key: i for i, key in enumerate(self.ids)}
        self._faces = dict(faces)
        self._dirty = set()
        self._of_node = {}
        for key, face in faces.items():
            for node in {face.source.source, face.target, *((face.cut,) if face.cut else ())}:
                self._of_node.setdefault(node, []).append(key)
        self._shapes = [self._shape(face, ends(face)) for face in faces.values()]
        self._boxes = np.array([_box(s) for s in self._shapes]).reshape(-1, 4)
        self._coarse = np.array([s.coarse for s in self._shapes]).reshape(-1, SAMPLES, 2)
        self._ends = np.concatenate([self._coarse[:, 0], self._coarse[:, -1]], 1)
        self.update()

    def invalidate(self, keys: Iterable[WireId], seen: QRectF) -> None:
        """Forget the faces of wires whose numbers may differ; of those that are seen, repaint what looks different."""
        inside = set(self._touching(seen).tolist())
        for key in keys:
            i = self._index.get(key)
            if i is None:
                continue
            self._dirty.add(key)
            if i in inside:
                before = self._faces[key]
                if self.face(key) != before:
                    self._repaint(i)

    def move(self, nodes: Iterable[NodeId], ends: Callable[[WireFace], Ends]) -> list[WireId]:
        """Route the wires of nodes that moved anew; return them."""
        keys = list(dict.fromkeys(key for node in nodes for key in self._of_node.get(node, ())))
        for key in keys:
            self._reroute(key, ends)
        return keys

    def reroute_near(self, rects: list[QRectF], ends: Callable[[WireFace], Ends]) -> list[WireId]:
        """Route those wires anew that pass by places from which, or to which, a node has moved; return them."""
        if len(self.ids) > ROUTED_UP_TO:
            return []
        near = {i for rect in rects for i in self._touching(rect).tolist()}
        for i in near:
            self._reroute(self.ids[i], ends)
        return [self.ids[i] for i in near]

    def _reroute(self, key: WireId, ends: Callable[[WireFace], Ends]) -> None:
        i = self._index[key]
        self.canvas.pills.forget(key)
        self._repaint(i)
        self._shapes[i] = self._shape(self._faces[key], ends(self._faces[key]))
        self._boxes[i] = _box(self._shapes[i])
        self._coarse[i] = self._shapes[i].coarse
        self._ends[i] = *self._coarse[i, 0], *self._coarse[i, -1]
        self._repaint(i)

    def _shape(self, face: WireFace, ends: Ends) -> WireShape:
        start, end = ends
        boxes = NO_BOXES if len(self._faces) > ROUTED_UP_TO else self.canvas.obstacles(face)
        shape = WireShape(start, end, boxes)
        if face.cut:
            shape.cut = shape.nearest(self.canvas.cut_point(face.cut))
        return shape

    def leave_out(self, keys: Iterable[WireId]) -> None:
        """Draw all wires but these: one that is picked up is drawn by the gesture."""
        hidden = frozenset(keys)
        changed, self.hidden = hidden ^ self.hidden, hidden
        for key in changed:
            if key in self._index:
                self._repaint(self._index[key])

    # ------------------------------------------------------------ reading
    def face(self, key: WireId) -> WireFace:
        """Return the face of a wire, worked out anew where its numbers differ."""
        if key in self._dirty:
            self._dirty.discard(key)
            found = self.canvas.describe_wire(key)
            if found is not None:
                self._faces[key] = found
        return self._faces[key]

    def shape_of(self, key: WireId) -> WireShape | None:
        """Return the shape of a wire; None if there is no such wire."""
        i = self._index.get(key)
        return self._shapes[i] if i is not None else None

    def wires_of(self, node: NodeId) -> list[WireId]:
        """Return the wires that start at, end at, or are cut by a node."""
        return self._of_node.get(node, [])

    def visible(self, rect: QRectF) -> Iterator[tuple[WireId, WireFace, WireShape]]:
        """Yield the wires that may be seen in a rectangle."""
        for i in self._touching(rect).tolist():
            key = self.ids[i]
            if key not in self.hidden:
                yield key, self.face(key), self._shapes[i]

    def at(self, pos: QPointF, reach: float) -> WireId | None:
        """Return the wire nearest to a point within reach; None where there is none."""
        near = self._touching(QRectF(pos.x() - reach, pos.y() - reach, 2 * reach, 2 * reach))
        if not len(near):
            return None
        gaps = distances(self._coarse[near], pos)
        best = int(gaps.argmin())
        key = self.ids[int(near[best])]
        return key if gaps[best] <= reach and key not in self.hidden else None

    def crossing(self, rect: QRectF) -> list[WireId]:
        """Return the wires that pass through a rectangle."""
        found = []
        for i in self._touching(rect).tolist():
            p = self._coarse[i]
            inside = (p[:, 0] >= rect.left()) & (p[:, 0] <= rect.right()) & (p[:, 1] >= rect.top()) & (p[:, 1] <= rect.bottom())
            if inside.any():
                found.append(self.ids[i])
        return found

    def ends_array(self, rect: QRectF | None = None) -> np.ndarray:
        """Return x1, y1, x2, y2 of each wire (that may be seen in rect), for the far view."""
        return self._ends if rect is None else self._ends[self._touching(rect)]

    def _touching(self, rect: QRectF) -> np.ndarray:
        b = self._boxes
        hit = (b[:, 0] <= rect.right()) & (b[:, 2] >= rect.left()) & (b[:, 1] <= rect.bottom()) & (b[:, 3] >= rect.top())
        return np.nonzero(hit)[0]

    def _repaint(self, i: int) -> None:
        left, top, right, bottom = self._boxes[i].tolist()
        area = QRectF(left, top, right - left, bottom - top)
        self.update(area)
        self.canvas.pills.update(area)

    # ------------------------------------------------------------ Qt
    def boundingRect(self) -> QRectF:
        return self._rect

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        canvas, chosen = self.canvas, self.canvas.selected_wires
        shown = list(self.visible(option.exposedRect))
        shown.sort(key=lambda w: (w[0] in chosen, w[0] == canvas.hovered_wire, ORDER[w[1].kind], w[1].rank))
        if len(shown) > DENSE and widget is not None:
            self._paint_dense(painter, shown)
            return
        snap(painter, canvas.device_ratio)
        for key, face, shape in shown:
            halo = "accent" if key in chosen else "line2" if key == canvas.hovered_wire else "canvas"
            draw = partial(self._paint_one, face=face, shape=shape, halo=halo)
            look = (face.look, shape, shape.cut, halo, canvas.norms)
            if widget is None or (shape.shown != look and not canvas.hurried):
                draw(painter)  # a shape that stays is kept as a picture, one that moves is not
                shape.shown = look
            else:
                area = shape.box.adjusted(-REACH, -REACH, REACH, REACH)
                canvas.pictures.draw(painter, look, area, canvas.zoom, canvas.device_ratio, draw, canvas.hurried)

    def _paint_one(self, painter: QPainter, face: WireFace, shape: WireShape, halo: str) -> None:
        canvas = self.canvas
        paint_wire(Paint(painter, canvas.theme, canvas.ratio), face, shape, canvas.zoom, halo, canvas.norms)

    def _paint_dense(self, painter: QPainter, shown: list[tuple[WireId, WireFace, WireShape]]) -> None:
        """Draw very many wires: thin, without halo and marks, and while the view moves without smoothing."""
        canvas = self.canvas
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, not canvas.hurried)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for key, face, shape in shown:
            pen = dense_pen(canvas.theme, face, canvas.zoom, canvas.norms)
            if key in canvas.selected_wires:
                pen = QPen(canvas.theme.color("accent"), 3 / canvas.zoom)
            painter.setPen(pen)
            painter.drawPath(shape.path)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)


def _box(shape: WireShape) -> tuple[float, float, float, float]:
    box = shape.box
    return box.left() - MARGIN, box.top() - MARGIN, box.right() + MARGIN, box.bottom() + MARGIN
