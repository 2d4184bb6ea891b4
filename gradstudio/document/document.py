"""Document: all that is saved and undone. Frozen; compared with `is`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from gradstudio.document.calls.backward import Backward
from gradstudio.document.calls.call import Call
from gradstudio.document.calls.forward import Forward
from gradstudio.document.graph import INSTANCE, CallId, Graph, GroupId, Node, NodeId, NodePath, Ref
from gradstudio.document.groups import Group
from gradstudio.document.map import EMPTY, Map
from gradstudio.document.script import Section, calls_in

OptimizerId: TypeAlias = str
MAIN = "main"


class Optimizer(Struct, frozen=True):
    """A torch.optim optimizer: its kind (SGD, Adam, ...), the tensors it updates, its options."""

    id: OptimizerId
    kind: str
    params: tuple[Ref, ...]
    options: Map[str, object] = EMPTY


class Comment(Struct, frozen=True):
    """A titled rectangle on the canvas: x, y, width, height in canvas units."""

    rect: tuple[int, int, int, int]
    title: str = ""
    text: str = ""


class Layout(Struct, frozen=True):
    """Where things stand. Changes here start no run. Positions are integers in canvas units (100 % zoom pixels)."""

    positions: Map[NodeId, tuple[int, int]] = field(default_factory=Map)
    collapsed: tuple[NodeId, ...] = ()
    comments: tuple[Comment, ...] = ()
    reroutes: tuple[tuple[NodeId, tuple[int, ...], tuple[tuple[int, int], ...]], ...] = ()
    bookmarks: tuple[tuple[str, int, int, float], ...] = ()


class Document(Struct, frozen=True, eq=False, weakref=True):
    """What is computed and in which order: the graph, its groups, the script over its blocks, and the layout."""

    seed: int = 0
    graph: Graph = field(default_factory=Graph)
    groups: Map[GroupId, Group] = field(default_factory=Map)
    script: tuple[Section, ...] = ()
    optimizers: Map[OptimizerId, Optimizer] = field(default_factory=Map)
    layout: Layout = field(default_factory=Layout)

    def calls(self) -> Iterator[Call]:
        """Yield every call of the script in order, those in repeats once."""
        for section in self.script:
            yield from calls_in(section.body)

    def call(self, call_id: CallId) -> Call:
        """Return the call of an id. Raises KeyError."""
        for call in self.calls():
            if call.id == call_id:
                return call
        raise KeyError(call_id)

    def graph_at(self, path: NodePath) -> Graph:
        """Return the graph that the last id of path is a node of. Raises KeyError."""
        graph = self.graph
        for instance in path[:-1]:
            graph = self.groups[self.group_of(graph.nodes[instance])].graph
        return graph

    def node(self, path: NodePath) -> Node:
        """Return the node at path. Raises KeyError."""
        return self.graph_at(path).nodes[path[-1]]

    @staticmethod
    def group_of(node: Node) -> GroupId:
        """Return the group that an instance uses."""
        if node.op != INSTANCE or node.group is None:
            raise KeyError(node.id)
        return node.group

    def with_graph(self, graph: Graph) -> Document:
        """Return the document with another graph."""
        return self if graph is self.graph else replace(self, graph=graph)


def new_document() -> Document:
    """Return what `New` opens: the empty block `main`, and the script forward, backward (automatic)."""
    script = (Section("", (Forward(id="c1", block=MAIN), Backward(id="c2", automatic=True))),)
    return Document(graph=Graph(blocks=Map({MAIN: ()})), script=script)
