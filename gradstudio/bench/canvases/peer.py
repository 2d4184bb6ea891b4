"""NodeGraphQt under test, where it is installed: https://github.com/jchanvfx/NodeGraphQt."""

from __future__ import annotations

from pathlib import Path

from NodeGraphQt import BaseNode, NodeGraph  # type: ignore[import-not-found]
from PySide6.QtCore import QPointF, QRectF

from gradstudio.bench.canvases.side import SIZE, Places
from gradstudio.bench.graphs import Link


class OpNode(BaseNode):  # type: ignore[misc]
    """A node of two inputs and one output."""

    __identifier__ = "bench"
    NODE_NAME = "op"

    def __init__(self) -> None:
        super().__init__()
        self.add_input("a")
        self.add_input("b")
        self.add_output("out")


class Peer:
    """A NodeGraph. Its check for cycles is off: it walks every path, and a layered graph of 1,000 nodes takes minutes with it."""

    def __init__(self) -> None:
        self.graph = NodeGraph()
        self.graph.register_node(OpNode)
        self.graph.set_acyclic(False)
        self.view = self.graph.viewer()
        self._nodes: list[OpNode] = []

    def build(self, places: Places, links: list[Link]) -> None:
        """Create nodes and connect them."""
        make = self.graph.create_node
        self._nodes = [make("bench.OpNode", name=f"op{i}", pos=list(p), selected=False, push_undo=False) for i, p in enumerate(places)]
        for source, target, operand in links:
            self._nodes[target].input(operand).connect_to(self._nodes[source].output(0), push_undo=False)

    def save(self, path: Path) -> None:
        """Write a session."""
        self.graph.save_session(str(path))

    def load(self, path: Path) -> None:
        """Read a session."""
        self.graph.load_session(str(path))

    def look(self, zoom: float, at: QPointF | None) -> None:
        """Look at a place, or at all."""
        if at is None:
            self.graph.select_all()
            self.graph.fit_to_selection()
            self.graph.clear_selection()
            return
        self.view.reset_zoom()
        self.view._scene_range = QRectF(at.x() - SIZE[0] / 2, at.y() - SIZE[1] / 2, *SIZE)  # noqa: SLF001 (it has no other way to look there)
        self.view._update_scene()  # noqa: SLF001

    def wheel(self, factor: float) -> None:
        """Scale the view, as its wheel does."""
        self.view.scale(factor, factor)

    def drag(self, node: int, dx: float, dy: float) -> None:
        """Move an item."""
        item = self._nodes[node].view
        item.setPos(item.pos() + QPointF(dx, dy))

    def drop(self) -> None:
        """Nothing is held."""

    def hit(self, at: QPointF) -> object:
        """Return the items at a place."""
        return self.view.scene().items(at)

    def delete_all(self) -> None:
        """Delete all nodes."""
        self.graph.delete_nodes(self.graph.all_nodes())

    def undo(self) -> None:
        """Take the deletion back."""
        self.graph.undo_stack().undo()

    def count(self) -> int:
        """Return how many nodes there are."""
        return len(self.graph.all_nodes())
