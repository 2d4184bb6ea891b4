"""Where all wires of one graph run: ends and boxes as arrays, shapes when they are looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF

from gradstudio.app.canvas.geometry import Level
from gradstudio.app.canvas.wire_faces import WireId
from gradstudio.app.canvas.wire_hits import WireHits
from gradstudio.app.canvas.wire_path import NO_BOXES, Boxes
from gradstudio.app.canvas.wire_runs import ASIDE, EndArray, Indices, Run, blocked, hull, hulls, meeting, plain_points
from gradstudio.app.canvas.wire_shape import WireShape
from gradstudio.document.graph import NodeId

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene

MARGIN = 24.0  # a wire's marks and halo, and its pill
GROWN = np.array([-MARGIN, -MARGIN, MARGIN, MARGIN])
LONG = 1024.0  # canvas units of a box, from which a wire that crosses the graph is looked for by its points
MOST_FOUND = 256  # rectangles whose wires are remembered: a moving view asks for other ones each time
ROUTED_UP_TO = 1500  # wires; beyond, all are plain


class WireCourses:
    """The courses of the wires of a graph. `before`: shapes to keep where a wire runs as it did, so that its pictures stay."""

    def __init__(self, canvas: CanvasScene, runs: Mapping[WireId, Run], before: Mapping[WireId, WireShape]) -> None:
        self._canvas = canvas
        self.ids, self.runs = list(runs), list(runs.values())
        self.index = {key: i for i, key in enumerate(self.ids)}
        self.ends: EndArray = self._ends_of(self.runs)
        self._boxes: Boxes = hulls(self.ends) + GROWN
        self._long = self._are_long(self._boxes)
        self._long_points: tuple[Indices, npt.NDArray[np.float64]] | None = None  # numbers and courses of the long ones
        self._before: Mapping[WireId, WireShape] | None = before  # until wires are looked at
        self._own: Indices = np.empty((0, 2), np.intp)
        self._touching: dict[tuple[float, float, float, float], Indices] = {}  # what was found in a rectangle, until a course changes
        self._shapes: dict[int, WireShape] = {}  # of those that were looked at, and of those that go round a node
        self._around: set[int] = set()  # those that would run across a node
        self._of_node: dict[NodeId, list[WireId]] | None = None
        self._hits = WireHits(self.touching, self.points)

    def _ends_of(self, runs: list[Run]) -> EndArray:
        """Return the two ports of each wire."""
        nodes = self._canvas.nodes
        rows = [(*nodes[r.source.source].output_at(r.source.out, r.source.grad), *nodes[r.target].input_at(r.path)) for r in runs]
        return np.array(rows, np.float64).reshape(-1, 4)

    def known_shapes(self) -> dict[WireId, WireShape]:
        """Return the shapes that there are, for the courses that come after."""
        return {**(self._before or {}), **{self.ids[i]: shape for i, shape in self._shapes.items()}}

    def _keep_shapes(self) -> None:
        """Once wires are looked at: route what must go round a node; keep shapes, and so pictures, of wires that run where they did."""
        if self._before is None or self._canvas.level == Level.FAR:  # there are lines only
            return
        before, self._before = self._before, None
        self._own = self._canvas.plates.ends_of(self.runs)
        self._around = around = set(self._blocked(np.arange(len(self.ids))))
        for key, shape in before.items():
            i = self.index.get(key)
            if i is not None and i not in around and len(shape.curves) == 1 and _ends(shape) == tuple(self.ends[i].tolist()):
                self._shapes[i] = shape
                self._cut(i, shape)
        for i in around:
            made = self._shaped(i, around=True)
            old = before.get(self.ids[i])
            self._take(i, old if old is not None and _same(old, made) else made)

    def _blocked(self, which: Indices) -> list[int]:
        """Return those of some wires that would run across a node; very many wires are all plain."""
        if not self.are_routed:
            return []
        found: list[int] = which[blocked(self.ends[which], self._own[which], self._canvas.plates.boxes)].tolist()
        return found

    @property
    def are_routed(self) -> bool:
        """Whether wires go round nodes: not where there are very many."""
        return len(self.ids) <= ROUTED_UP_TO

    def reroute(self, which: list[int]) -> list[tuple[int, QRectF]]:
        """Let wires run by where nodes stand now. Return those whose course has changed, each with the area it took before."""
        if not which:
            return []
        self._keep_shapes()
        at = np.array(which, np.intp)
        before = self.ends[at].tolist()
        self.ends[at] = self._ends_of([self.runs[i] for i in which])
        around = set() if self._canvas.level == Level.FAR else set(self._blocked(at))
        self._around = self._around.difference(which) | around
        changed: list[tuple[int, QRectF]] = []
        for i, was, now in zip(which, before, self.ends[at].tolist(), strict=True):
            old = self._shapes.get(i)
            made = self._shaped(i, around=True) if i in around else None
            if was == now and (old is None or len(old.curves) == 1 if made is None else old is not None and _same(old, made)):
                continue  # a wire whose course stays keeps its shape
            changed.append((i, self.area(i)))
            self._replace(i, made)
        return changed

    def _replace(self, i: int, made: WireShape | None) -> None:
        self._touching.clear()
        self._shapes.pop(i, None)
        self._hits.forget(self._boxes[i].tolist())
        self._boxes[i] = self._plain_box(i)
        if made is not None:
            self._take(i, made)
        was_long = bool(self._long[i])
        self._long[i : i + 1] = self._are_long(self._boxes[i : i + 1])
        self._trace(i, was_long)
        self._hits.forget(self._boxes[i].tolist())

    def _shaped(self, i: int, around: bool = False) -> WireShape:
        x, y, right, bottom = self.ends[i].tolist()
        obstacles = self._canvas.plates.beside(self._own[i], self._plain_box(i)) if around else NO_BOXES
        return WireShape(QPointF(x, y), QPointF(right, bottom), obstacles)

    def _plain_box(self, i: int) -> npt.NDArray[np.float64]:
        """Return the box that a wire may take if it runs plainly."""
        left, top, right, bottom = hull(*self.ends[i].tolist())
        return np.array([left - MARGIN, top - MARGIN, right + MARGIN, bottom + MARGIN])

    def _take(self, i: int, shape: WireShape) -> WireShape:
        self._shapes[i] = shape
        self._cut(i, shape)
        if len(shape.curves) > 1:
            box = shape.box
            self._touching.clear()
            self._boxes[i] = box.left() - MARGIN, box.top() - MARGIN, box.right() + MARGIN, box.bottom() + MARGIN
        return shape

    def _cut(self, i: int, shape: WireShape) -> None:
        cut = self.runs[i].cut
        if cut:
            shape.cut = shape.nearest(self._canvas.cut_point(cut))

    # ------------------------------------------------------------ reading
    def shape(self, i: int) -> WireShape:
        """Return the shape of a wire, made when it is first looked at."""
        self._keep_shapes()
        shape = self._shapes.get(i)
        return shape if shape is not None else self._take(i, self._shaped(i))

    def area(self, i: int) -> QRectF:
        """Return the rectangle that a wire takes, with its marks and its pill."""
        left, top, right, bottom = self._boxes[i].tolist()
        return QRectF(left, top, right - left, bottom - top)

    def cuts(self, which: list[int] | None = None) -> Iterator[tuple[NodeId, WireShape]]:
        """Yield the scissors on wires (on these), with the shape of their wire."""
        for i in range(len(self.ids)) if which is None else which:
            cut = self.runs[i].cut
            if cut is not None:
                yield cut, self.shape(i)

    def near(self, rects: list[QRectF]) -> list[int]:
        """Return the wires whose course may depend on nodes in rectangles: those there, and those that look for a lane over or under."""
        found = {i for rect in rects for i in self.touching(rect).tolist()}
        around = np.array(sorted(self._around), np.intp)
        hull = hulls(self.ends[around]) + GROWN + np.array([-ASIDE, 0, ASIDE, 0])
        for rect in rects:
            found.update(around[(hull[:, 0] < rect.right()) & (hull[:, 2] > rect.left())].tolist())
        return sorted(found)

    def wires_of(self, node: NodeId) -> list[WireId]:
        """Return the wires that start at, end at, or are cut by a node."""
        context = self._canvas.context
        if not context.scissors and node in context.graph.nodes:  # no wire runs through a node: it has those of the graph
            into = [(node, path) for path, _ in context.graph.nodes[node].refs()]
            out = [(wire.target, wire.path) for wire in context.graph.consumers.get(node, ())]
            return [key for key in (*into, *out) if key in self.index]
        if self._of_node is None:
            self._of_node = {}
            for key, run in zip(self.ids, self.runs, strict=True):
                for each in {run.source.source, run.target, *((run.cut,) if run.cut else ())}:
                    self._of_node.setdefault(each, []).append(key)
        return self._of_node.get(node, [])

    def touching(self, rect: QRectF) -> Indices:
        """Return the numbers of the wires that may be seen in a rectangle."""
        self._keep_shapes()
        key = rect.left(), rect.top(), rect.width(), rect.height()
        if key not in self._touching:
            if len(self._touching) >= MOST_FOUND:
                self._touching.clear()
            self._touching[key] = self._find(rect)
        return self._touching[key]

    def _find(self, rect: QRectF) -> Indices:
        b = self._boxes
        found = np.nonzero((b[:, 0] <= rect.right()) & (b[:, 2] >= rect.left()) & (b[:, 1] <= rect.bottom()) & (b[:, 3] >= rect.top()))[0]
        long = self._long[found]
        if not long.any():
            return found
        if self._long_points is None:
            which = np.nonzero(self._long)[0]
            self._long_points = which, self.points(which)
        which, points = self._long_points
        kept = ~long
        rows = np.searchsorted(which, found[long])
        kept[long] = meeting(points[rows], rect.adjusted(-MARGIN, -MARGIN, MARGIN, MARGIN))
        return found[kept]

    def _trace(self, i: int, was_long: bool) -> None:
        """Keep the course of a long wire that runs elsewhere."""
        if self._long_points is None:
            return
        which, points = self._long_points
        if was_long != self._long[i]:
            self._long_points = None
        elif was_long:
            points[np.searchsorted(which, i)] = self.points(np.array([i]))[0]

    def points(self, which: Indices) -> npt.NDArray[np.float64]:
        """Return the courses of wires in 33 points each: (n, 33, 2)."""
        points = plain_points(self.ends[which])
        for n, i in enumerate(which.tolist()):
            shape = self._shapes.get(i)
            if shape is not None and len(shape.curves) > 1:
                points[n] = shape.coarse
        return points

    def nearest(self, at: QPointF, reach: float, hidden: frozenset[WireId]) -> WireId | None:
        """Return the wire nearest to a point within reach, but none of some; None where there is none."""
        skip = {self.index[key] for key in hidden if key in self.index} if hidden else ()
        found = self._hits.nearest(at.x(), at.y(), reach, skip)
        return self.ids[found] if found is not None else None

    @staticmethod
    def _are_long(boxes: Boxes) -> npt.NDArray[np.bool_]:
        long: npt.NDArray[np.bool_] = np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]) > LONG
        return long


def _ends(shape: WireShape) -> tuple[float, float, float, float]:
    return shape.start.x(), shape.start.y(), shape.end.x(), shape.end.y()


def _same(a: WireShape, b: WireShape) -> bool:
    return np.array_equal(a.curves, b.curves)
