"""The wire layer: every wire in one item, culled and hit-tested with numpy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from gradstudio.app.canvas.faces import WireFace
from gradstudio.app.canvas.geometry import Level
from gradstudio.app.canvas.pictures import snap
from gradstudio.app.canvas.wire_faces import WireId
from gradstudio.app.canvas.wire_hits import WireHits
from gradstudio.app.canvas.wire_paint import dense_pen, paint_wire
from gradstudio.app.canvas.wire_path import NO_BOXES, Boxes
from gradstudio.app.canvas.wire_runs import EndArray, Indices, Run, blocked, hulls, plain_points
from gradstudio.app.canvas.wire_shape import WireShape
from gradstudio.app.paint import Paint
from gradstudio.app.theme import Z
from gradstudio.document.graph import NodeId

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene

MARGIN = 24.0  # a wire's marks and halo, and its pill
GROWN = np.array([-MARGIN, -MARGIN, MARGIN, MARGIN])
ORDER = {"frozen": 0, "pending": 1, "forward": 2, "zero": 3, "gradient": 4, "tensor": 4, "error": 6}
REACH = 14.0  # what halo and marks stick out of the path, at 100 %
DENSE = 150  # wires in view; more are drawn plainly
ROUTED_UP_TO = 1500  # wires; beyond, all are plain

class WireLayer(QGraphicsItem):
    """Draws the wires that the scene names. Ends and boxes are arrays; shapes and faces are made when they are looked at."""

    def __init__(self, scene: CanvasScene) -> None:
        super().__init__()
        self.canvas = scene
        self.setZValue(Z["wire"])
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.ids: list[WireId] = []
        self.hidden: frozenset[WireId] = frozenset()
        self._index: dict[WireId, int] = {}
        self._runs: list[Run] = []
        self._faces: dict[WireId, WireFace] = {}  # of those that were looked at
        self._dirty: set[WireId] = set()
        self._before: dict[WireId, WireShape] | None = None  # shapes to keep, where wires were not looked at since they were set
        self._shapes: dict[int, WireShape] = {}  # of those that were looked at, and of those that go round a node
        self._ends: EndArray = np.empty((0, 4))
        self._boxes: Boxes = NO_BOXES
        self._own: Indices = np.empty((0, 2), np.intp)
        self._hits = WireHits(self.touching, self._points)
        self._rect = QRectF()
        self._of_node: dict[NodeId, list[WireId]] | None = None

    # ------------------------------------------------------------ content
    def set_wires(self, runs: dict[WireId, Run], rect: QRectF) -> None:
        """Take over all wires: after an edit, an opening, a change of level."""
        self.prepareGeometryChange()
        before = {**(self._before or {}), **{key: self._shapes[i] for key, i in self._index.items() if i in self._shapes}}
        self._rect = rect
        self.ids, self._runs = list(runs), list(runs.values())
        self._index = {key: i for i, key in enumerate(self.ids)}
        self._faces, self._shapes, self._of_node = {}, {}, None
        self._dirty.clear()
        self._ends = self.canvas.ends_of(self._runs)
        self._boxes = hulls(self._ends) + GROWN
        self._before = before
        self._hits.clear()
        self.canvas.far.forget_lines()
        self.update()

    def forget_faces(self) -> None:
        """Work out anew what wires show: another run."""
        self._faces = {}
        self._dirty.clear()
        self.update()

    def _keep_shapes(self) -> None:
        """Once wires are looked at: route what must go round a node; keep shapes, and so pictures, of wires that run where they did."""
        if self._before is None or self.canvas.level == Level.FAR:  # there are lines only
            return
        before, self._before = self._before, None
        self._own = self.canvas.plates.ends_of(self._runs)
        around = set(self._blocked(np.arange(len(self.ids))))
        for key, shape in before.items():
            i = self._index.get(key)
            if i is not None and i not in around and len(shape.curves) == 1 and _ends(shape) == tuple(self._ends[i].tolist()):
                self._shapes[i] = shape
                self._cut(i, shape)
        for i in around:
            made = self._shaped(i, around=True)
            old = before.get(self.ids[i])
            self._take(i, old if old is not None and _same(old, made) else made)

    def _blocked(self, which: Indices) -> list[int]:
        """Return those of some wires that would run across a node; very many wires are all plain."""
        if len(self.ids) > ROUTED_UP_TO:
            return []
        found: list[int] = which[blocked(self._ends[which], self._own[which], self.canvas.plates.boxes)].tolist()
        return found

    def invalidate(self, keys: Iterable[WireId], seen: QRectF) -> None:
        """Forget the faces of wires whose numbers may differ; of those that are seen, repaint what looks different."""
        inside = set() if seen.isEmpty() else set(self.touching(seen).tolist())
        for key in keys:
            i = self._index.get(key)
            before = self._faces.get(key)
            if i is None or before is None:
                continue
            self._dirty.add(key)
            if i in inside and self.face(key) != before:
                self._repaint(i)

    def move(self, nodes: Iterable[NodeId]) -> list[WireId]:
        """Route the wires of nodes that moved anew; return them."""
        keys = list(dict.fromkeys(key for node in nodes for key in self.wires_of(node)))
        self._reroute([self._index[key] for key in keys])
        return keys

    def reroute_near(self, rects: list[QRectF], moving: bool) -> list[WireId]:
        """Route those wires anew that pass by places from which, or to which, a node has moved; return them.

        Pills find their places again; while nodes are moving only those that are met.
        """
        if len(self.ids) > ROUTED_UP_TO:
            return []
        near = sorted({i for rect in rects for i in self.touching(rect).tolist()})
        for i in near:
            if not moving or self.canvas.pills.meets(self.ids[i], rects):
                self._replace_pill(i)
        self._reroute(near)
        return [self.ids[i] for i in near]

    def _reroute(self, which: list[int]) -> None:
        """Let wires run by where nodes stand now. A wire whose course stays keeps its shape."""
        if not which:
            return
        self._keep_shapes()
        at = np.array(which, np.intp)
        before = self._ends[at].tolist()
        self._ends[at] = self.canvas.ends_of([self._runs[i] for i in which])
        self.canvas.far.move_lines(which)
        around = set() if self.canvas.level == Level.FAR else set(self._blocked(at))
        for i, was, now in zip(which, before, self._ends[at].tolist(), strict=True):
            old = self._shapes.get(i)
            made = self._shaped(i, around=True) if i in around else None
            if was == now and (old is None or len(old.curves) == 1 if made is None else old is not None and _same(old, made)):
                continue
            self._repaint(i)
            self.canvas.pills.forget(self.ids[i])
            self._shapes.pop(i, None)
            self._hits.forget(self._boxes[i].tolist())
            self._boxes[i : i + 1] = hulls(self._ends[i : i + 1]) + GROWN
            if made is not None:
                self._take(i, made)
            self._hits.forget(self._boxes[i].tolist())
            self._repaint(i)

    def _shaped(self, i: int, around: bool = False) -> WireShape:
        x, y, right, bottom = self._ends[i].tolist()
        start, end = QPointF(x, y), QPointF(right, bottom)
        return WireShape(start, end, self.canvas.plates.beside(self._own[i], self._boxes[i]) if around else NO_BOXES)

    def _take(self, i: int, shape: WireShape) -> WireShape:
        self._shapes[i] = shape
        self._cut(i, shape)
        if len(shape.curves) > 1:
            box = shape.box
            self._boxes[i] = box.left() - MARGIN, box.top() - MARGIN, box.right() + MARGIN, box.bottom() + MARGIN
        return shape

    def _cut(self, i: int, shape: WireShape) -> None:
        cut = self._runs[i].cut
        if cut:
            shape.cut = shape.nearest(self.canvas.cut_point(cut))

    def _shape(self, i: int) -> WireShape:
        """Return the shape of a wire, made when it is first looked at."""
        self._keep_shapes()
        shape = self._shapes.get(i)
        return shape if shape is not None else self._take(i, self._shaped(i))

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
        if key in self._dirty or key not in self._faces:
            self._dirty.discard(key)
            found = self.canvas.describe_wire(key)
            if found is not None:
                self._faces[key] = found
        return self._faces[key]

    def cuts(self, keys: Iterable[WireId] | None = None) -> Iterator[tuple[NodeId, WireShape]]:
        """Yield the scissors on wires (on these), with the shape of their wire."""
        for i in range(len(self.ids)) if keys is None else [self._index[key] for key in keys]:
            cut = self._runs[i].cut
            if cut is not None:
                yield cut, self._shape(i)

    def shape_of(self, key: WireId) -> WireShape | None:
        """Return the shape of a wire; None if there is no such wire."""
        i = self._index.get(key)
        return self._shape(i) if i is not None else None

    def number(self, key: WireId) -> int:
        """Return the number of a wire: its row in arrays that have one a wire."""
        return self._index[key]

    def wires_of(self, node: NodeId) -> list[WireId]:
        """Return the wires that start at, end at, or are cut by a node."""
        if self._of_node is None:
            self._of_node = {}
            for key, run in zip(self.ids, self._runs, strict=True):
                for each in {run.source.source, run.target, *((run.cut,) if run.cut else ())}:
                    self._of_node.setdefault(each, []).append(key)
        return self._of_node.get(node, [])

    def visible(self, rect: QRectF) -> Iterator[tuple[WireId, WireFace, WireShape]]:
        """Yield the wires that may be seen in a rectangle."""
        for i in self.touching(rect).tolist():
            key = self.ids[i]
            if key not in self.hidden:
                yield key, self.face(key), self._shape(i)

    def at(self, pos: QPointF, reach: float) -> WireId | None:
        """Return the wire nearest to a point within reach; None where there is none."""
        hidden = {self._index[key] for key in self.hidden if key in self._index} if self.hidden else ()
        found = self._hits.nearest(pos.x(), pos.y(), reach, hidden)
        return self.ids[found] if found is not None else None

    def _points(self, which: Indices) -> np.ndarray:
        """Return the courses of wires in 33 points each."""
        points = plain_points(self._ends[which])
        for n, i in enumerate(which.tolist()):
            shape = self._shapes.get(i)
            if shape is not None and len(shape.curves) > 1:
                points[n] = shape.coarse
        return points

    def ends_array(self, rect: QRectF | None = None) -> np.ndarray:
        """Return x1, y1, x2, y2 of each wire (that may be seen in rect), for the far view."""
        return self._ends if rect is None else self._ends[self.touching(rect)]

    def touching(self, rect: QRectF) -> Indices:
        """Return the numbers of the wires that may be seen in a rectangle."""
        self._keep_shapes()
        b = self._boxes
        hit = (b[:, 0] <= rect.right()) & (b[:, 2] >= rect.left()) & (b[:, 1] <= rect.bottom()) & (b[:, 3] >= rect.top())
        return np.nonzero(hit)[0]

    def _repaint(self, i: int) -> None:
        self.update(self._area(i))
        self._repaint_pill(i)

    def _replace_pill(self, i: int) -> None:
        self.canvas.pills.forget(self.ids[i])
        self._repaint_pill(i)

    def _repaint_pill(self, i: int) -> None:
        self.canvas.pills.update(self._area(i))

    def _area(self, i: int) -> QRectF:
        left, top, right, bottom = self._boxes[i].tolist()
        return QRectF(left, top, right - left, bottom - top)

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


def _ends(shape: WireShape) -> tuple[float, float, float, float]:
    return shape.start.x(), shape.start.y(), shape.end.x(), shape.end.y()


def _same(a: WireShape, b: WireShape) -> bool:
    return np.array_equal(a.curves, b.curves)
