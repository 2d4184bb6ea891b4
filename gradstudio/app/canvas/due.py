"""Due: the nodes whose faces are out of date. They are worked out when they are looked at."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF

from gradstudio.app.canvas.geometry import Level
from gradstudio.app.canvas.node_faces import node_face
from gradstudio.app.canvas.node_numbers import with_numbers
from gradstudio.app.canvas.rolling import Rolling
from gradstudio.document.graph import NodeId

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene

MOST_AT_ONCE = 300  # nodes in view whose faces are worked out before wires are laid
NOWHERE = -1, QRectF()
WORDS = 60.0  # canvas units that words above and below stick out of nodes


class Due:
    """The nodes of one scene that are to be looked at."""

    def __init__(self, canvas: CanvasScene) -> None:
        self._canvas = canvas
        self.rolling = Rolling(canvas)
        self._nodes: set[NodeId] = set()
        self._whole: set[NodeId] = set()  # those of them of which more can be different than numbers
        self._done: tuple[int, QRectF] = NOWHERE  # where there is none of them, while all stand where they are: the stamp of that

    def take(self, nodes: Iterable[NodeId]) -> None:
        """These are out of date, and no others."""
        self._nodes = set(nodes)
        self._whole = set(self._nodes)
        self._done = NOWHERE
        self.rolling.follow(only_numbers=False)

    def add(self, nodes: AbstractSet[NodeId] | None, only_numbers: bool = False) -> None:
        """These (all) are out of date too; `only_numbers`: since the last time nothing differs but numbers, and what follows from those."""
        self._nodes.update(self._canvas.nodes if nodes is None else nodes & self._canvas.nodes.keys())
        self._done = NOWHERE
        self.rolling.follow(only_numbers)
        if not only_numbers:
            self._whole |= self._nodes

    def __len__(self) -> int:
        return len(self._nodes)

    def __contains__(self, node: NodeId) -> bool:
        return node in self._nodes

    def _show(self, node: NodeId) -> bool:
        """Have a node show what it shows now: it is out of date no more. Return whether its size or a port has moved."""
        context, item, is_whole = self._canvas.context, self._canvas.nodes[node], node in self._whole
        self._nodes.discard(node)
        self._whole.discard(node)
        found = None if is_whole else with_numbers(context, item.face)
        return item.set_face(node_face(context, node)) if found is None else item.set_numbers(found)

    def look_at(self, rect: QRectF) -> set[NodeId]:
        """Work out the faces in a rectangle before wires are laid; none, if very many are seen. Return the nodes."""
        seen = self._inside(rect)
        if self._canvas.level == Level.FAR or len(seen) > MOST_AT_ONCE:
            return set()
        for node in seen:
            self._show(node)
        return seen

    def settle(self, rect: QRectF | None = None, until: float = math.inf) -> dict[NodeId, QRectF]:
        """Work out the faces in a rectangle (all, without one); return the plates that had another size or port, as they were.

        `until`: the time.perf_counter() from which on nodes are left as they are.
        """
        if not self._nodes or (rect is not None and self._canvas.level == Level.FAR):  # the far view needs none
            return {}
        stamp = self._canvas.plates.stamp
        if rect is not None and self._done[0] == stamp and self._done[1].contains(rect):
            return {}
        moved: dict[NodeId, QRectF] = {}
        looked_at = list(self._nodes) if rect is None else [n for n in self._inside(rect) if self._may_be_seen(n, rect)]
        self._nodes -= self.rolling.show([n for n in looked_at if n not in self._whole])
        for node in looked_at:
            if node not in self._nodes:
                continue
            if time.perf_counter() >= until:
                return moved
            before = self._canvas.nodes[node].body
            if self._show(node):
                moved[node] = before
        if rect is not None:
            self._done = stamp, rect
        return moved

    def _may_be_seen(self, node: NodeId, rect: QRectF) -> bool:
        """Say whether what is due of a node may be seen in a rectangle: numbers alone don't make it reach further."""
        return node in self._whole or self._canvas.nodes[node].sceneBoundingRect().intersects(rect)

    def _inside(self, rect: QRectF) -> set[NodeId]:
        if not self._nodes or rect.isEmpty():
            return set()
        area = rect.adjusted(-WORDS, -WORDS, WORDS, WORDS)
        return {n for n in (*self._canvas.plates.nodes_in(area), *self._canvas.context.scissors) if n in self._nodes}
