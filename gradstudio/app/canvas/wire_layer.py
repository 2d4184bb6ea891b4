"""The wire layer: every wire in one item. Where wires run is in wire_courses.py; here is what they show, and how they are painted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from gradstudio.app.canvas.dirt import CanvasItem
from gradstudio.app.canvas.faces import WireFace
from gradstudio.app.canvas.geometry import NO_ROOM, Level
from gradstudio.app.canvas.pictures import snap
from gradstudio.app.canvas.wire_courses import WireCourses
from gradstudio.app.canvas.wire_faces import WireId, face_of
from gradstudio.app.canvas.wire_paint import dense_pen, is_dashed, paint_wire
from gradstudio.app.canvas.wire_runs import Indices, Run
from gradstudio.app.canvas.wire_shape import Window, WireShape, window_of
from gradstudio.app.canvas.wire_tiles import Look, Stroke, WireTiles, blit_tiles, pixels_of
from gradstudio.app.faults import told
from gradstudio.app.paint import NO_BRUSH, Paint
from gradstudio.app.theme import Shade, Z
from gradstudio.document.graph import NodeId

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene

ORDER = {"frozen": 0, "pending": 1, "forward": 2, "zero": 3, "gradient": 4, "tensor": 4, "error": 6}
REACH = 14.0  # what halo and marks stick out of the path, at 100 %
DENSE = 150  # wires in view; more are drawn plainly
FEW_TILES = 16  # of so many wires among very many one that looks different leaves hardly a tile as it was
Shown = tuple[WireId, WireFace, WireShape]


class WireLayer(CanvasItem):
    """Draws the wires that the scene names. Those that are being moved are drawn each time, over the tiles of all others."""

    def __init__(self, scene: CanvasScene) -> None:
        super().__init__(scene)
        self.setZValue(Z["wire"])
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.hidden: frozenset[WireId] = frozenset()
        self.courses = WireCourses(scene, {}, {})
        self.stamp = object()  # another one whenever a wire may look different, or run elsewhere
        self._live: frozenset[int] = frozenset()  # wires of nodes that are being dragged
        self._dense = False
        self._counted: tuple[object, ...] = ()  # what was seen when that was counted
        self._marks: tuple[object, ...] = (None,)
        self._faces: dict[WireId, WireFace] = {}  # of those that were looked at
        self._dirty: set[WireId] = set()
        self._tiles = WireTiles(self)
        self._rolled: object = None  # the stamp if most wires in view have just changed: tiles of them would not be used again
        self._rect = NO_ROOM

    # ------------------------------------------------------------ content
    def set_wires(self, runs: dict[WireId, Run], rect: QRectF) -> None:
        """Take over all wires: after an edit, an opening, a change of level."""
        self.set_courses(WireCourses(self.canvas, runs, self.courses.known_shapes()), rect)

    def set_courses(self, courses: WireCourses, rect: QRectF) -> None:
        """Show wires that run so."""
        self.prepareGeometryChange()
        self._rect, self.courses = rect, courses
        self._live = frozenset()
        self.canvas.far.forget_lines()
        self.forget_faces()

    def forget_faces(self) -> None:
        """Work out anew what wires show: another run."""
        self._faces = {}
        self._dirty.clear()
        self.stamp = object()
        self.update()

    def invalidate(self, keys: Iterable[WireId] | None, seen: QRectF, in_time: bool = False) -> None:
        """Forget the faces of wires (all) whose numbers may differ; of those that are seen, repaint what looks different.

        `in_time`: repaint all of them, and find that out as there is time to draw them.
        """
        inside = set() if seen.isEmpty() else set(self.courses.touching(seen).tolist())
        self.stamp, changed = object(), 0
        for key in list(self._faces) if keys is None else keys:
            i = self.courses.index.get(key)
            before = self._faces.get(key)
            if i is None or before is None:
                continue
            self._dirty.add(key)
            if i in inside and (in_time or self.face(key) != before):
                self._repaint(self.courses.area(i))
                changed += 1
        if (FEW_TILES if self._dense else 2) * changed > len(inside):
            self._rolled = self.stamp

    def move(self, nodes: Iterable[NodeId]) -> list[WireId]:
        """Route the wires of nodes that moved anew; return them. Those of nodes that are being dragged are drawn over the still."""
        moving, wires_of, number = self.canvas.moving, self.courses.wires_of, self.courses.index
        keys = list(dict.fromkeys(key for node in nodes for key in wires_of(node)))
        held = (number[key] for node in nodes if node in moving for key in wires_of(node))
        self._lift(self._live.union(held) if moving and self.canvas.level != Level.FAR else frozenset())
        self._reroute([number[key] for key in keys])
        return keys

    def _lift(self, live: frozenset[int]) -> None:
        """Draw these wires over the still, and no others."""
        changed, self._live = live ^ self._live, live
        for i in changed:
            self.update(self.courses.area(i))
            self.canvas.pills.update(self.courses.area(i))

    def live(self) -> Iterator[Shown]:
        """Yield the wires that are being moved."""
        return self._named(sorted(self._live))

    def is_dragged(self, key: WireId) -> bool:
        """Whether a wire is being moved."""
        return self.courses.index.get(key) in self._live

    def still(self, rect: QRectF) -> Iterator[Shown]:
        """Yield those that are not and may be seen in a rectangle."""
        return self._named(i for i in self.courses.touching(rect).tolist() if i not in self._live)

    def reroute_near(self, rects: list[QRectF]) -> list[WireId]:
        """Route those wires anew that pass by places from which, or to which, a node has moved; return them. Pills are placed anew."""
        if not self.courses.are_routed:
            return []
        near = self.courses.near(rects)
        for i in near:
            self.canvas.pills.forget(self.ids[i])
            self.canvas.pills.update(self.courses.area(i))
        self._reroute(near)
        return [self.ids[i] for i in near]

    def _reroute(self, which: list[int]) -> None:
        changed = self.courses.reroute(which)
        self.canvas.far.move_lines(which)
        if any(i not in self._live for i, _ in changed):
            self.stamp = object()
        for i, area in changed:
            self.canvas.pills.forget(self.ids[i])
            for each in (area, self.courses.area(i)):
                if i in self._live:
                    self.canvas.dirt.add_over(each)
                else:
                    self._repaint(each)

    def leave_out(self, keys: Iterable[WireId]) -> None:
        """Draw all wires but these: one that is picked up is drawn by the gesture."""
        hidden = frozenset(keys)
        changed, self.hidden = hidden ^ self.hidden, hidden
        for key in changed:
            if key in self.courses.index:
                self._repaint(self.courses.area(self.courses.index[key]))

    # ------------------------------------------------------------ reading
    @property
    def ids(self) -> list[WireId]:
        """The wires, by number."""
        return self.courses.ids

    def face(self, key: WireId) -> WireFace:
        """Return the face of a wire, worked out anew where its numbers differ."""
        if key in self._dirty or key not in self._faces:
            self._dirty.discard(key)
            found = face_of(self.canvas.context, key)
            if found is not None:
                self._faces[key] = found
        return self._faces[key]

    def cuts(self, keys: Iterable[WireId] | None = None) -> Iterator[tuple[NodeId, WireShape]]:
        """Yield the scissors on wires (on these), with the shape of their wire."""
        return self.courses.cuts(None if keys is None else [self.courses.index[key] for key in keys])

    def shape_of(self, key: WireId) -> WireShape | None:
        """Return the shape of a wire; None if there is no such wire."""
        i = self.courses.index.get(key)
        return self.courses.shape(i) if i is not None else None

    def number(self, key: WireId) -> int:
        """Return the number of a wire: its row in arrays that have one a wire."""
        return self.courses.index[key]

    def visible(self, rect: QRectF) -> Iterator[Shown]:
        """Yield the wires that may be seen in a rectangle."""
        return self._named(self.courses.touching(rect).tolist())

    def _named(self, which: Iterable[int]) -> Iterator[Shown]:
        for i in which:
            key = self.ids[i]
            if key not in self.hidden:
                yield key, self.face(key), self.courses.shape(i)

    def at(self, pos: QPointF, reach: float) -> WireId | None:
        """Return the wire nearest to a point within reach; None where there is none."""
        return self.courses.nearest(pos, reach, self.hidden)

    def ends_array(self) -> np.ndarray:
        """Return x1, y1, x2, y2 of each wire, for the far view."""
        return self.courses.ends

    def touching(self, rect: QRectF) -> Indices:
        """Return the numbers of the wires that may be seen in a rectangle."""
        return self.courses.touching(rect)

    def _repaint(self, area: QRectF) -> None:
        self.update(area)
        self.canvas.pills.update(area)

    # ------------------------------------------------------------ Qt
    def boundingRect(self) -> QRectF:
        return self._rect

    @told
    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        canvas, rect = self.canvas, option.exposedRect
        snap(painter, canvas.device_ratio)
        if widget is None:
            self._paint_plainly(painter, rect)
            return
        self._follow_marks()
        pixel = 1 / canvas.zoom
        around = rect.adjusted(-pixel, -pixel, pixel, pixel)  # the painter knows the area to the pixel
        if self._rolled is self.stamp and not (canvas.moving or canvas.is_hurried):
            self._rolled = None  # what is painted again stays
            self._paint_wires(painter, self._still(around), around, pictured=True)
            return
        ready, squares = self._tiles.look_up(rect, canvas.zoom, canvas.device_ratio)
        blit_tiles(painter, ready, canvas.zoom, canvas.device_ratio)
        own = [pixels_of(square, canvas.zoom * canvas.device_ratio) for square in squares]
        for square in own if ready else [around] if squares else []:
            painter.save()
            painter.setClipRect(square, Qt.ClipOperation.IntersectClip)
            self._paint_wires(painter, self._still(square & around), square)
            painter.restore()

    def paint_live(self, painter: QPainter, rect: QRectF) -> None:
        """Draw the wires that are being moved, over the still."""
        painter.save()
        snap(painter, self.canvas.device_ratio)
        self._paint_wires(painter, self._sorted(self.live()), rect)
        painter.restore()

    def _follow_marks(self) -> None:
        """Have tiles compared where something other than a wire decides how wires look."""
        canvas = self.canvas
        seen = canvas.seen(), self.stamp, self.courses
        if seen != self._counted:
            self._counted = seen
            self._dense = len(self.courses.touching(seen[0])) > DENSE
        fade = canvas.fade.nodes, canvas.fade.wires
        marks = (canvas.theme, canvas.norms, canvas.selected_wires, canvas.hovered_wire, fade, self.hidden, self._live, self._dense)
        if marks != self._marks:
            if marks[0] is not self._marks[0]:
                self._tiles.clear()
            self._marks, self.stamp = marks, object()

    def _sorted(self, wires: Iterable[Shown]) -> list[Shown]:
        """Return wires in the order of painting."""
        canvas, chosen, opacity = self.canvas, self.canvas.selected_wires, self.canvas.fade.wire_opacity
        shown = list(wires)
        if not chosen and canvas.hovered_wire is None and canvas.fade.nodes is None:
            shown.sort(key=lambda w: (ORDER[w[1].kind], w[1].rank))
            return shown
        shown.sort(key=lambda w: (opacity(w[0]), w[0] in chosen, w[0] == canvas.hovered_wire, ORDER[w[1].kind], w[1].rank))
        return shown

    def _still(self, rect: QRectF) -> list[Shown]:
        """Return the wires in a rectangle but those that are being moved."""
        return self._sorted(self.still(rect))

    def look(self, square: QRectF) -> Look:
        """Return what decides the pixels of a tile."""
        still = self._still(square)
        if not still:
            return ()
        look: Look = (self._dense, *((*self._look(key, face, shape), face.kind) for key, face, shape in still))
        return look

    def strokes(self, square: QRectF) -> Iterator[Stroke]:
        """Yield what draws a tile, wire by wire."""
        window = window_of(square)
        for each in self._still(square):
            key, face, shape = each
            if self._dense:
                yield partial(self._paint_dense, shown=[each], rect=square)
                continue
            draw = partial(self._paint_one, face=face, shape=_seen_of(face, shape, window), halo=self._halo(key))
            yield partial(self._paint_in_tile, key=key, face=face, shape=shape, draw=draw)

    def _paint_in_tile(self, painter: QPainter, key: WireId, face: WireFace, shape: WireShape, draw: Stroke) -> None:
        painter.setOpacity(self.canvas.fade.wire_opacity(key))
        if is_dashed(face):  # Qt would round the dashes by where the tile cuts them
            self.canvas.pictures.draw(painter, self._look(key, face, shape), _area(shape), self.canvas.ratio, 1.0, draw)
        else:
            draw(painter)

    def prepare(self, rect: QRectF, until: float) -> bool:
        """Draw tiles of a rectangle until a time (perf_counter); return whether all are there, so that painting only blits them."""
        self._follow_marks()
        return self._tiles.prepare(rect, self.canvas.zoom, self.canvas.device_ratio, until)

    def _paint_plainly(self, painter: QPainter, rect: QRectF) -> None:
        for key, face, shape in self._sorted(self.visible(rect)):
            painter.setOpacity(self.canvas.fade.wire_opacity(key))
            self._paint_one(painter, face, shape, self._halo(key))

    def _look(self, key: WireId, face: WireFace, shape: WireShape) -> Look:
        return face.look, shape, shape.cut, self._halo(key), self.canvas.norms, self.canvas.fade.wire_opacity(key)

    def _halo(self, key: WireId) -> Shade:
        canvas = self.canvas
        return "accent" if key in canvas.selected_wires else "line2" if key == canvas.hovered_wire else "canvas"

    def _paint_wires(self, painter: QPainter, shown: list[Shown], rect: QRectF, pictured: bool = False) -> None:
        """Draw wires without a tile; `pictured`: dashed ones, which take long and seldom differ, from pictures."""
        canvas = self.canvas
        if self._dense:
            self._paint_dense(painter, shown, rect)
            return
        window = window_of(rect)
        for key, face, shape in shown:
            painter.setOpacity(canvas.fade.wire_opacity(key))
            draw = partial(self._paint_one, face=face, shape=_seen_of(face, shape, window), halo=self._halo(key))
            if pictured and is_dashed(face):
                canvas.pictures.draw(painter, self._look(key, face, shape), _area(shape), canvas.zoom, canvas.device_ratio, draw)
            else:
                draw(painter)

    def _paint_one(self, painter: QPainter, face: WireFace, shape: WireShape, halo: Shade) -> None:
        canvas = self.canvas
        paint_wire(Paint(painter, canvas.theme, canvas.ratio), face, shape, canvas.zoom, halo, canvas.norms)

    def _paint_dense(self, painter: QPainter, shown: list[Shown], rect: QRectF) -> None:
        """Draw very many wires: without halo and marks."""
        canvas, zoom, norms, window = self.canvas, self.canvas.zoom, self.canvas.norms, window_of(rect)
        chosen, fade = canvas.selected_wires, canvas.fade
        painter.setBrush(NO_BRUSH)
        painter.setOpacity(1.0)
        for key, face, shape in shown:
            pen = dense_pen(canvas.theme, face, zoom, norms)
            painter.setPen(QPen(canvas.theme.color("accent"), 3 / zoom) if key in chosen else pen)
            if fade.nodes is not None:
                painter.setOpacity(fade.wire_opacity(key))
            painter.drawPath(_seen_of(face, shape, window).path)


def _seen_of(face: WireFace, shape: WireShape, window: Window) -> WireShape:
    """Return of a very long wire what is seen in a window; of another, or of one whose dashes go by its start, all."""
    return shape.within(window) if shape.is_long and not is_dashed(face) else shape


def _area(shape: WireShape) -> QRectF:
    return shape.box.adjusted(-REACH, -REACH, REACH, REACH)
