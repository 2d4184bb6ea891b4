"""The plates of all nodes as one array: which of them lie in a rectangle, near a point, beside a wire."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF

from gradstudio.app.canvas.squares import Squares
from gradstudio.app.canvas.wire_path import NO_BOXES, Boxes, meet
from gradstudio.app.canvas.wire_runs import ASIDE, Indices, Run
from gradstudio.document.graph import NodeId

if TYPE_CHECKING:
    from gradstudio.app.canvas.node_item import NodeItem

ROOM = 8000.0  # canvas units round the nodes; the scene's rectangle grows in such steps
Plate = tuple[float, float, float, float, NodeId]


class Plates:
    """The boxes of all nodes but scissors, in the order in which they are drawn: the later over the earlier."""

    def __init__(self) -> None:
        self.nodes: list[NodeId] = []
        self.boxes: Boxes = NO_BOXES
        self.full: Boxes = NO_BOXES  # as they are at 100 %, whatever the level
        self.stamp = 0  # goes up when boxes are others
        self._row: dict[NodeId, int] = {}
        self._reach = 0.0
        self._squares: Squares[tuple[Plate, ...]] = Squares(self._in_square)

    def take(self, items: Mapping[NodeId, NodeItem]) -> None:
        """Measure all nodes."""
        self.stamp += 1
        self.nodes = [n for n, item in items.items() if item.face.kind != "scissors"]
        self._row = {n: i for i, n in enumerate(self.nodes)}
        self.boxes = np.array([items[n].box for n in self.nodes], np.float64).reshape(-1, 4)
        self.full = np.array([items[n].full_box for n in self.nodes], np.float64).reshape(-1, 4)
        self._squares.clear()

    def follow(self, nodes: Iterable[NodeId], items: Mapping[NodeId, NodeItem]) -> list[int]:
        """Measure nodes that stand elsewhere, or have another size; return their rows."""
        self.stamp += 1
        rows = [(self.nodes[i], i) for i in self.rows(nodes)]
        for node, i in rows:
            self._forget(i)
            self.boxes[i], self.full[i] = items[node].box, items[node].full_box
            self._forget(i)
        return [i for _, i in rows]

    def follow_full(self, node: NodeId, box: tuple[float, float, float, float]) -> None:
        """Take the size of a node at 100 %."""
        i = self._row.get(node)
        if i is not None:
            self.full[i] = box

    def _forget(self, i: int) -> None:
        left, top, right, bottom = self.boxes[i].tolist()
        self._squares.forget(left - self._reach, top - self._reach, right + self._reach, bottom + self._reach)

    def room(self) -> QRectF:
        """Return the rectangle round all plates that a scene needs, in large steps."""
        left, top = self.boxes[:, :2].min(0, initial=0.0).tolist()
        right, bottom = self.boxes[:, 2:].max(0, initial=0.0).tolist()
        low = [math.floor(v / ROOM) * ROOM - ROOM for v in (left, top)]
        high = [math.ceil(v / ROOM) * ROOM + ROOM for v in (right, bottom)]
        return QRectF(low[0], low[1], high[0] - low[0], high[1] - low[1])

    # ------------------------------------------------------------ looking up
    def inside(self, rect: QRectF) -> npt.NDArray[np.bool_]:
        """Say of each plate whether it meets a rectangle."""
        return meet(self.boxes, rect)

    def nodes_in(self, rect: QRectF) -> list[NodeId]:
        """Return the nodes in a rectangle."""
        return [self.nodes[i] for i in np.nonzero(self.inside(rect))[0].tolist()]

    def boxes_in(self, rect: QRectF) -> Boxes:
        """Return the plates in a rectangle."""
        found: Boxes = self.boxes[self.inside(rect)]
        return found

    def boxes_at(self, nodes: Iterable[NodeId]) -> Boxes:
        """Return the plates of nodes, of those that have one."""
        found: Boxes = self.boxes[self.rows(nodes)].reshape(-1, 4)
        return found

    def rows(self, nodes: Iterable[NodeId | None]) -> list[int]:
        """Return the rows of nodes, of those that have one."""
        return [self._row[n] for n in nodes if n in self._row]

    def near(self, x: float, y: float, reach: float) -> list[NodeId]:
        """Return the nodes whose plate comes within reach of a point, the topmost first."""
        if reach != self._reach:
            self._reach = reach
            self._squares.clear()
        return [
            node
            for left, top, right, bottom, node in self._squares.at(x, y)
            if left - reach <= x <= right + reach and top - reach <= y <= bottom + reach
        ]

    def _in_square(self, square: QRectF) -> tuple[Plate, ...]:
        which = np.nonzero(self.inside(square.adjusted(-self._reach, -self._reach, self._reach, self._reach)))[0][::-1]
        return tuple((*box, self.nodes[i]) for box, i in zip(self.boxes[which].tolist(), which.tolist(), strict=True))

    # ------------------------------------------------------------ wires
    def ends_of(self, runs: list[Run]) -> Indices:
        """Return the plates of the two nodes of each wire: (n, 2) rows, -1 where a node has none."""
        row = self._row.get
        return np.array([(row(r.source.source, -1), row(r.target, -1)) for r in runs], np.intp).reshape(-1, 2)

    def beside(self, own: Indices, box: npt.NDArray[np.float64]) -> Boxes:
        """Return the plates beside a wire that it must not cross: all but its own two."""
        wanted = (self.boxes[:, 2] > box[0] - ASIDE) & (self.boxes[:, 0] < box[2] + ASIDE)
        wanted[own[own >= 0]] = False
        found: Boxes = self.boxes[wanted]
        return found
