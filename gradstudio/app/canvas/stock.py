"""Stock: the items of nodes. They are made as sketches where there are many, and kept while undo may want them back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from gradstudio.app.canvas.geometry import Level
from gradstudio.app.canvas.node_faces import node_face
from gradstudio.app.canvas.node_item import NodeItem
from gradstudio.app.canvas.plates import Plates
from gradstudio.app.canvas.sketches import Sketches
from gradstudio.app.canvas.wire_courses import WireCourses
from gradstudio.document.document import Layout
from gradstudio.document.graph import Graph, NodeId

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene

EXACT_UP_TO = 200  # nodes of a graph whose faces are all worked out at once; of more, those that are looked at


class Kept(Struct, frozen=True):
    """All that fitted a graph and a layout at a level of detail, until every node of it went."""

    graph: Graph
    layout: Layout
    level: Level
    nodes: dict[NodeId, NodeItem]
    plates: Plates
    courses: WireCourses


class Stock:
    """Puts items into a scene and takes them out, and knows for which graph and layout it did."""

    def __init__(self, canvas: CanvasScene) -> None:
        self._canvas = canvas
        self._graph, self._layout = Graph(), Layout()
        self._gone: dict[NodeId, NodeItem] = {}
        self._kept: Kept | None = None
        self._sketches = Sketches()

    def follow(self) -> None:
        """Items and places fit the document of now."""
        self._graph, self._layout = self._canvas.context.graph, self._canvas.context.document.layout

    @property
    def fits(self) -> bool:
        """Whether items and places fit the document, so that only numbers can differ; small graphs are made anew."""
        canvas = self._canvas
        known = self._graph is canvas.context.graph and self._layout is canvas.context.document.layout and not canvas.moving
        return known and len(canvas.nodes) > EXACT_UP_TO

    def fill(self) -> None:
        """Make items fit the graph; those of nodes that stay are kept. What is then to be looked at is told to the scene."""
        canvas, graph = self._canvas, self._canvas.context.graph
        gone = [n for n in canvas.nodes if n not in graph.nodes]
        if gone:
            self._kept = self._all() if len(gone) == len(canvas.nodes) > EXACT_UP_TO and not canvas.moving else None
            self._gone = {n: canvas.nodes.pop(n) for n in gone}  # undo brings them back
            for item in self._gone.values():
                item.lift(False)
                canvas.removeItem(item)
        exact = len(graph.nodes) <= EXACT_UP_TO
        for node in graph.nodes:
            self._put_in(node, exact)
        canvas.due.take(() if exact else graph.nodes)
        self.follow()

    def _put_in(self, node: NodeId, exact: bool) -> None:
        """Give a node an item. Its face is worked out now, or when it is looked at: then it stands there as a sketch."""
        canvas, context = self._canvas, self._canvas.context
        item = canvas.nodes.get(node) or self._gone.pop(node, None)
        known = item is not None and context.graph.nodes[node] is self._graph.nodes.get(node)
        sketch = None if exact or known else self._sketches.of(context, node)
        if item is None:
            face = node_face(context, node) if sketch is None else sketch.face
            item = NodeItem(canvas, node, face, sketch.places if sketch else None)
        elif sketch is not None:
            item.set_sketch(sketch.face, sketch.places)
        elif exact or not known:
            item.set_face(node_face(context, node))
        if item.level != canvas.level:
            item.set_level()
        if node not in canvas.nodes:
            canvas.nodes[node] = item
            canvas.addItem(item)

    def _all(self) -> Kept:
        canvas = self._canvas
        return Kept(self._graph, self._layout, canvas.level, dict(canvas.nodes), canvas.plates, canvas.wires.courses)

    def brought_back(self) -> WireCourses | None:
        """Put all back that was there before every node of a large graph went, if that is what the document wants; return its wires."""
        canvas, kept, context = self._canvas, self._kept, self._canvas.context
        if kept is None or not context.graph.nodes:
            return None
        self._kept = None
        if canvas.nodes or kept.graph is not context.graph or kept.layout is not context.document.layout or kept.level != canvas.level:
            return None
        canvas.nodes, canvas.plates, self._gone = kept.nodes, kept.plates, {}
        for item in kept.nodes.values():
            canvas.addItem(item)
        canvas.due.take(kept.nodes)
        self.follow()
        return kept.courses
