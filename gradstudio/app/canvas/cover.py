"""Cover: which plates and pills have nothing over what is written on them, so that new numbers can be drawn over the old ones."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import QRectF

from gradstudio.app.canvas.wire_faces import WireId
from gradstudio.app.theme import Z
from gradstudio.document.graph import NodeId

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene

WORDS = 300.0  # canvas units that the words of a node stick out of it at most
MOST = 32  # pills that are elsewhere, of which it is found out what they lay over


class Place(NamedTuple):
    """Where something is written, on the canvas, and the pills that lie over that; None where anything else does."""

    rects: list[QRectF]
    over: tuple[WireId, ...] | None


class Cover:
    """What lies over what, in one scene; remembered while everything stays where it is."""

    def __init__(self, canvas: CanvasScene) -> None:
        self._canvas = canvas
        self._stamp: tuple[object, ...] = ()  # where things are
        self._nodes: dict[tuple[NodeId, Hashable], Place] = {}  # of those that were asked for
        self._pills: dict[WireId, Place] = {}

    def of_node(self, node: NodeId, part: Hashable) -> Place:
        """Return where a part of a node is, and what lies over it."""
        key = node, part
        found = self._nodes.get(key)
        if found is None:
            rects = self._canvas.nodes[node].parts(part)
            is_open = not any(self._by_node(node, rect) or self._by_layer(rect, Z["node"]) for rect in rects)
            pills = {pill: None for rect in rects for pill in self._canvas.pills.reaching(rect)}
            found = self._nodes[key] = Place(rects, tuple(pills) if is_open else None)
        return found

    def of_pill(self, pill: WireId) -> Place:
        """Return where the number of a pill is, and which other pills lie over it."""
        found = self._pills.get(pill)
        if found is None:
            rect = self._canvas.pills.inside(pill)
            reaching = self._canvas.pills.reaching(rect)
            over = None if self._by_layer(rect, Z["pill"]) else reaching[reaching.index(pill) + 1 :]
            found = self._pills[pill] = Place([rect], over)
        return found

    def forget(self) -> None:
        """Something reaches further, or less far, than it did."""
        self._stamp = ()

    def forget_node(self, node: NodeId, parts: Iterable[Hashable]) -> None:
        """A node has its parts elsewhere."""
        for part in parts:
            self._nodes.pop((node, part), None)

    def follow(self) -> bool:
        """See whether anything lies elsewhere than when this was asked last, before others are asked; return whether it does."""
        canvas = self._canvas
        layers = [(layer, layer.boundingRect()) for layer in canvas.layers if layer.isVisible()]
        stamp = canvas.plates.stamp, canvas.plates.nodes, canvas.context.scissors, layers
        shifted = canvas.pills.take_shifted()
        if stamp == self._stamp and len(shifted) <= MOST:
            return bool(shifted) and any([self._forget_where(shifted, each) for each in (self._nodes, self._pills)])
        self._stamp = stamp
        self._nodes.clear()
        self._pills.clear()
        return True

    @staticmethod
    def _forget_where(shifted: list[QRectF], places: dict[Any, Place]) -> bool:
        """Forget what lies over the places that some rectangles meet; return whether there are any."""
        met = [key for key, (at, _) in places.items() if any([rect.intersects(each) for rect in shifted for each in at])]
        for key in met:
            del places[key]
        return bool(met)

    def _by_node(self, node: NodeId, rect: QRectF) -> bool:
        """Say whether another node reaches into a rectangle: with its plate, its shadow, or the words that stick out of it."""
        near = self._canvas.plates.nodes_in(rect.adjusted(-WORDS, -WORDS, WORDS, WORDS))
        return any(each != node and self._canvas.nodes[each].sceneBoundingRect().intersects(rect) for each in near)

    def _by_layer(self, rect: QRectF, height: float) -> bool:
        """Say whether a layer over a height, other than that of the pills, reaches into a rectangle; or scissors do."""
        canvas = self._canvas
        over = [layer for layer in canvas.layers if layer.zValue() > height and layer is not canvas.pills and layer.isVisible()]
        cuts = (canvas.nodes[node] for node in canvas.context.scissors if node in canvas.nodes)
        return any(item.sceneBoundingRect().intersects(rect) for item in (*over, *cuts))
