"""Held: what stays while numbers roll under a hand: widths of nodes, places of pills, shades of wires; at rest all is as without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace
from PySide6.QtCore import QObject, QRectF

from gradstudio.app.canvas.geometry import Geometry, Level
from gradstudio.app.canvas.tints import Codes
from gradstudio.document.graph import NodeId

if TYPE_CHECKING:
    from gradstudio.app.canvas.node_item import NodeItem
    from gradstudio.app.canvas.scene import CanvasScene

HARDLY = 4  # steps of the scale, of 64: shades that are nearer are told apart by nobody while they change


class Held(QObject):
    """What of one scene is held. Else a digit more or less would move wires, and a shade that nobody sees would have them drawn anew."""

    def __init__(self, canvas: CanvasScene) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._nodes: set[NodeId] = set()
        self._pills = self._shades = False
        canvas.studio.clock.rested.connect(self.let_go)

    @property
    def in_hand(self) -> bool:
        """Whether a hand is editing numbers."""
        return self._canvas.studio.clock.in_hand

    def geometry_of(self, item: NodeItem, full: Geometry) -> Geometry:
        """Return the geometry at 100 % that a node takes for the one that its face needs."""
        wide = replace(full, width=item.full.width)
        if full.width < wide.width and wide == item.full and self.holds_width(item):
            return wide
        self._nodes.discard(item.node)
        return full

    def holds_width(self, item: NodeItem) -> bool:
        """Say whether a node stays as wide as it is, though it may need less room. If so, it takes its own at rest."""
        if self.in_hand and self._canvas.level == Level.FULL:
            self._nodes.add(item.node)
            return True
        return False

    def holds_pill(self) -> bool:
        """Say whether a pill stays where on its wire it is, though it has more or fewer letters. If so, all are placed anew at rest."""
        self._pills |= self.in_hand
        return self.in_hand

    def other_shades(self, shown: Codes, now: Codes) -> npt.NDArray[np.bool_]:
        """Say of wires that are shown with some shades whether they take those of now."""
        others: npt.NDArray[np.bool_] = shown != now
        if self.in_hand:
            hardly = others & (np.sign(shown) == np.sign(now)) & (np.abs(now - shown) < HARDLY)
            self._shades |= bool(hardly.any())
            others &= ~hardly
        return others

    def let_go(self) -> None:
        """A hand has come to rest."""
        held, self._nodes = self._nodes, set()
        canvas, pills, self._pills = self._canvas, self._pills, False
        if self._shades:
            self._shades = False
            canvas.wires.invalidate(None, QRectF() if canvas.level == Level.FAR else canvas.seen())
        before = {node: canvas.nodes[node].body for node in held if node in canvas.nodes}
        if moved := {node: body for node, body in before.items() if canvas.nodes[node].fit()}:
            canvas.reshape(moved)
        if pills:
            canvas.pills.reset(canvas.sceneRect())
