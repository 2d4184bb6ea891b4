"""The wire layer: every wire in one item. Where wires run: wire_courses.py; what they show: wire_looks.py; how: wire_drawing.py."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QRegion, QTransform
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from gradstudio.app.canvas.dirt import CanvasItem
from gradstudio.app.canvas.faces import WireFace
from gradstudio.app.canvas.geometry import NO_ROOM, Level
from gradstudio.app.canvas.pictures import snap
from gradstudio.app.canvas.wire_courses import WireCourses
from gradstudio.app.canvas.wire_drawing import Shown, WireDrawing
from gradstudio.app.canvas.wire_faces import WireId
from gradstudio.app.canvas.wire_looks import WireLooks
from gradstudio.app.canvas.wire_runs import Indices, Run
from gradstudio.app.canvas.wire_shape import WireShape, window_of
from gradstudio.app.canvas.wire_tiles import Look, Stroke, WireTiles, blit_tiles, pixels_of
from gradstudio.app.faults import told
from gradstudio.app.theme import Z
from gradstudio.document.graph import NodeId

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene

DENSE = 150  # wires in view; more are drawn plainly
MANY = 40  # wires that look different; of more the rectangles round them are drawn anew, not their courses
FEW_TILES = 16  # of so many wires among very many one that looks different leaves hardly a tile as it was


class WireLayer(CanvasItem):
    """Draws the wires that the scene names. Those that are being moved are drawn each time, over the tiles of all others."""

    def __init__(self, scene: CanvasScene) -> None:
        super().__init__(scene)
        self.setZValue(Z["wire"])
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.hidden: frozenset[WireId] = frozenset()
        self.courses = WireCourses(scene, {}, {})
        self.looks = WireLooks(scene)
        self._live: frozenset[int] = frozenset()  # wires of nodes that are being dragged
        self._drawing = WireDrawing(scene)
        self._counted: tuple[object, ...] = ()  # what was seen when that was counted
        self._marks: tuple[object, ...] = (None,)
        self._tiles = WireTiles(self)
        self._rolled = -1  # the stamp if most wires in view have just changed: tiles of them would not be used again
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
        self.looks.take(self.ids)
        self.update()

    def renumber(self, seen: QRectF) -> None:
        """Have wires that are seen drawn anew where they look different, and pills: numbers are others, and nothing else."""
        self.looks.doubt_numbers()
        if not seen.isEmpty():
            inside = self.courses.touching(seen)
            which = inside[self.looks.doubtful(inside) | self.canvas.pills.may_be_seen(inside, seen)]
            self._follow(which.tolist(), seen, len(inside))

    def invalidate(self, keys: Iterable[WireId] | None, seen: QRectF, in_time: bool = False) -> None:
        """Forget the faces of wires (all) whose numbers may differ; of those that are seen, repaint what looks different.

        `in_time`: repaint all of them, and find that out as there is time to draw them.
        """
        number = self.courses.index
        which = None if keys is None else {number[key] for key in keys if key in number}
        self.looks.doubt(which)
        inside = [] if seen.isEmpty() else self.courses.touching(seen).tolist()
        of_those = inside if which is None else which.intersection(inside)
        if not in_time:
            self._follow(of_those, seen, len(inside))
            return
        known = [i for i in of_those if self.looks.known(i) is not None]
        for i in known:
            self._repaint(self.courses.area(i))
        self._roll(len(known), len(inside))

    def _follow(self, which: Iterable[int], seen: QRectF, count: int) -> None:
        """Look at wires, and have drawn anew what looks different in a rectangle, in which there are so many."""
        looks, changed = self.looks, []
        for i in which:
            before = looks.known(i)
            if before is None:
                continue
            now = looks.face(i)
            if now.look != before.look:
                changed.append(i)
            self.canvas.pills.follow(self.ids[i], before, now)
        areas = [self.courses.area(i) for i in changed] if len(changed) > MANY else [box for i in changed for box in self._boxes(i, seen)]
        for area in {each.getRect(): each for each in areas}.values():  # of wires that run side by side they are the same
            self.update(area)
        self._roll(len(changed), count)

    def _boxes(self, i: int, seen: QRectF) -> list[QRectF]:
        """Return rectangles that hold what is drawn of a wire within one."""
        shape = self.courses.shape(i)
        return [box for box in (shape.within(window_of(seen)) if shape.is_long else shape).boxes if box.intersects(seen)]

    def _roll(self, changed: int, seen: int) -> None:
        if (FEW_TILES if self._drawing.dense else 2) * changed > seen:
            self._rolled = self.looks.stamp

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
        return self._named(sorted(self._live), self.looks.face)

    def is_dragged(self, key: WireId) -> bool:
        """Whether a wire is being moved."""
        return self.courses.index.get(key) in self._live

    def still_of(self, which: Indices, numbers: bool = True) -> Iterator[Shown]:
        """Yield those of some wires that are not, for one who asks for their `numbers`, or for how they look only."""
        return self._named((i for i in which.tolist() if i not in self._live), self.looks.face if numbers else self.looks.drawn)

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
            self.looks.renew()
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
        """Return the face of a wire. Raises KeyError if it is gone."""
        return self.looks.face(self.courses.index[key])

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
        return self._named(self.courses.touching(rect).tolist(), self.looks.face)

    def _named(self, which: Iterable[int], face: Callable[[int], WireFace]) -> Iterator[Shown]:
        for i in which:
            key = self.ids[i]
            if key not in self.hidden:
                yield key, face(i), self.courses.shape(i)

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
            self._drawing.paint_plainly(painter, self._drawing.in_order(self.visible(rect)))
            return
        self._follow_marks()
        pixel = 1 / canvas.zoom
        around = rect.adjusted(-pixel, -pixel, pixel, pixel)  # the painter knows the area to the pixel
        if self._rolled == self.looks.stamp and not (canvas.moving or canvas.is_hurried):
            self._rolled = -1  # what is painted again stays
            self._drawing.paint(painter, self._still(around), around, pictured=True)
            return
        ready, squares = self._tiles.look_up(rect, canvas.zoom, canvas.device_ratio)
        blit_tiles(painter, ready, canvas.zoom, canvas.device_ratio)
        if not ready and squares:
            self._drawing.paint(painter, self._still(around), around)
        else:
            for group in [squares] if canvas.device_ratio == 1 else [[square] for square in squares]:
                self._paint_squares(painter, group, around)

    def _paint_squares(self, painter: QPainter, squares: list[QRectF], around: QRectF) -> None:
        """Draw wires where some squares are, each wire once. A region has whole pixels only of a screen whose ratio is 1."""
        places = [pixels_of(square, self.canvas.zoom * self.canvas.device_ratio) for square in squares]
        inside = {i for place in places for i in self.courses.touching(place & around).tolist()}
        if not inside:
            return
        painter.save()
        if len(places) == 1:
            painter.setClipRect(places[0], Qt.ClipOperation.IntersectClip)
        else:
            way, region = painter.worldTransform(), QRegion()
            for place in places:
                region += way.mapRect(place).toRect()
            painter.setWorldTransform(QTransform())
            painter.setClipRegion(region, Qt.ClipOperation.IntersectClip)
            painter.setWorldTransform(way)
        self._drawing.paint(painter, self._drawing.in_order(self.still_of(np.array(sorted(inside)), numbers=False)), _round(places))
        painter.restore()

    def paint_live(self, painter: QPainter, rect: QRectF) -> None:
        """Draw the wires that are being moved, over the still."""
        painter.save()
        snap(painter, self.canvas.device_ratio)
        self._drawing.paint(painter, self._drawing.in_order(self.live()), rect)
        painter.restore()

    def _follow_marks(self) -> None:
        """Have tiles compared where something other than a wire decides how wires look."""
        canvas = self.canvas
        seen = canvas.seen(), self.looks.stamp, self.courses
        if seen != self._counted:
            self._counted = seen
            self._drawing.dense = len(self.courses.touching(seen[0])) > DENSE
        fade = canvas.fade.nodes, canvas.fade.wires
        marks = (canvas.theme, canvas.norms, canvas.selected_wires, canvas.hovered_wire, fade, self.hidden, self._live, self._drawing.dense)
        if marks != self._marks:
            if marks[0] is not self._marks[0]:
                self._tiles.clear()
            self._marks = marks
            self.looks.renew()

    def _still(self, rect: QRectF) -> list[Shown]:
        """Return the wires in a rectangle but those that are being moved."""
        return self._drawing.in_order(self.still_of(self.courses.touching(rect), numbers=False))

    @property
    def stamp(self) -> int:
        """Goes up whenever a wire may look different, or run elsewhere."""
        return self.looks.stamp

    def differ(self, square: QRectF, since: int) -> bool | None:
        """Say whether a square looks different since a stamp; None: it is to be looked at."""
        return self.looks.differ(self.courses.touching(square), since)

    @property
    def keeps(self) -> bool:
        """Whether wires stay as they are for a while: no hand is rolling their numbers."""
        return not self.canvas.held.in_hand

    def look(self, square: QRectF) -> Look:
        """Return what decides the pixels of a tile."""
        return self._drawing.look(self._still(square))

    def strokes(self, square: QRectF) -> Iterator[Stroke]:
        """Yield what draws a tile, wire by wire."""
        window = window_of(square)
        return (self._drawing.stroke(each, square, window) for each in self._still(square))

    def prepare(self, rect: QRectF, until: float) -> bool:
        """Draw tiles of a rectangle until a time (perf_counter); return whether all are there, so that painting only blits them."""
        self._follow_marks()
        return self._tiles.prepare(rect, self.canvas.zoom, self.canvas.device_ratio, until)


def _round(places: list[QRectF]) -> QRectF:
    return reduce(QRectF.united, places)
