"""Held: nodes that grow no narrower, and pills that stay where they are, while numbers roll under a hand; at rest all take their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace
from PySide6.QtCore import QObject

from gradstudio.app.canvas.geometry import Geometry, Level
from gradstudio.document.graph import NodeId

if TYPE_CHECKING:
    from gradstudio.app.canvas.node_item import NodeItem
    from gradstudio.app.canvas.scene import CanvasScene


class Held(QObject):
    """What of one scene is held. Else a number that gets a digit more or less would move wires, ten times a second."""

    def __init__(self, canvas: CanvasScene) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._nodes: set[NodeId] = set()
        self._pills = False
        canvas.studio.clock.rested.connect(self.let_go)

    @property
    def in_hand(self) -> bool:
        """Whether a hand is editing numbers."""
        return self._canvas.studio.clock.in_hand

    def geometry_of(self, item: NodeItem, full: Geometry) -> Geometry:
        """Return the geometry at 100 % that a node takes for the one that its face needs."""
        wide = replace(full, width=item.full.width)
        if full.width < wide.width and wide == item.full and self._canvas.level == Level.FULL and self.in_hand:
            self._nodes.add(item.node)
            return wide
        self._nodes.discard(item.node)
        return full

    def keeps_width(self, item: NodeItem, width: float) -> bool:
        """Say whether a node that needs a width stays as wide as it is."""
        if width < item.full.width and self.in_hand and self._canvas.level == Level.FULL:
            self._nodes.add(item.node)
            return True
        return width == item.full.width

    def holds_pill(self) -> bool:
        """Say whether a pill stays where on its wire it is, though it has more or fewer letters. If so, all are placed anew at rest."""
        self._pills |= self.in_hand
        return self.in_hand

    def let_go(self) -> None:
        """A hand has come to rest."""
        held, self._nodes = self._nodes, set()
        canvas, pills, self._pills = self._canvas, self._pills, False
        before = {node: canvas.nodes[node].body for node in held if node in canvas.nodes}
        if moved := {node: body for node, body in before.items() if canvas.nodes[node].fit()}:
            canvas.reshape(moved)
        if pills:
            canvas.pills.reset(canvas.sceneRect())
