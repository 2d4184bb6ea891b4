"""Placing: nodes that the palette, a search or a menu adds, and where they go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF

from gradstudio.app.canvas.adding import LEAF_DROP, OP_DROP
from gradstudio.app.canvas.gestures.loose import LooseWire
from gradstudio.app.widgets import catalog
from gradstudio.document.arrange import below, beside
from gradstudio.document.commands.groups import AddInstance
from gradstudio.document.graph import LEAF, GroupId

if TYPE_CHECKING:
    from gradstudio.app.main_window import MainWindow

VERBS_OF_TILES = {"retain": "retain_grad"}  # the others are called as their tile is


class Placing:
    """What is added to one window's canvas."""

    def __init__(self, window: MainWindow) -> None:
        self.window = window

    def add_item(self, key: str, at: QPointF | None = None, loose: LooseWire | None = None) -> None:
        """Add a palette item at a place, or beside what is selected, connected to a loose wire; verbs of the palette do what they say."""
        if key not in catalog.node_keys():
            self.window.do(VERBS_OF_TILES.get(key, key))
            return
        self.window.canvas.add_node(key, at if at is not None else self._free(key), loose)

    def _free(self, key: str) -> QPointF:
        """Return where a node goes that no pointer places: a leaf below the leaves, an op right of what is selected."""
        studio = self.window.studio
        document, near = studio.document, studio.primary
        if not document.layout.positions:
            return self.window.canvas.middle()
        if key not in catalog.LEAVES:
            return QPointF(*beside(document, near)) - OP_DROP
        leaves = [n.id for n in studio.graph.nodes.values() if n.op == LEAF]
        return QPointF(*below(document, near if near in leaves else leaves[-1] if leaves else None)) - LEAF_DROP

    def use_group(self, group: GroupId, at: QPointF | None) -> None:
        """Use a group once more, at a place of the canvas or beside what is selected."""
        studio = self.window.studio
        node = studio.new_id("n")
        place = at if at is not None else QPointF(*beside(studio.document, studio.primary))
        block = studio.graph.block_of.get(studio.primary or "", next(iter(studio.graph.blocks)))
        if studio.do(AddInstance(group, node, block, (round(place.x()), round(place.y())), studio.home)):
            studio.select((node,))
            self.window.canvas.reveal(node)

    def ask_leaf(self) -> None:
        """Ask for a leaf's name, shape, dtype and start value, and add it."""
        self.add_item(LEAF, self.window.actions_.place)
