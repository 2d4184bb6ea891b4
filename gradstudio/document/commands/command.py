"""Command: what every verb offers, and the few changes of a document that several verbs share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from msgspec.structs import replace

from gradstudio.document.document import Document
from gradstudio.document.graph import Graph, GroupId, Node, NodeId
from gradstudio.document.map import Map
from gradstudio.document.rules import Refused
from gradstudio.document.strict import CodecError

__all__ = ["Command", "Refused"]


class Command(Protocol):
    """An undoable verb. `gesture`: commands of one drag share a number and become one moment of history; 0: a moment of its own."""

    @property
    def label(self) -> str:
        """The verb as the history shows it."""

    @property
    def gesture(self) -> int:
        """Number of the gesture."""

    def apply(self, doc: Document) -> Document:
        """Return the changed document. Raises Refused with the reason in words."""


@contextmanager
def refusing() -> Iterator[None]:
    """Turn what a check of the codec finds into a refusal of the command."""
    try:
        yield
    except CodecError as error:
        raise Refused(error.words) from None


def home_of(doc: Document, node_id: NodeId) -> GroupId | None:
    """Return the group whose definition a node is in; None for the document's own graph. Raises Refused if it is nowhere."""
    if node_id in doc.graph.nodes:
        return None
    for group in doc.groups.values():
        if node_id in group.graph.nodes:
            return group.id
    raise Refused("the node is no longer there")


def graph_of(doc: Document, home: GroupId | None) -> Graph:
    """Return the graph of a group, or the document's own."""
    return doc.graph if home is None else doc.groups[home].graph


def with_graph(doc: Document, home: GroupId | None, graph: Graph) -> Document:
    """Return the document with another graph in that place."""
    if graph is graph_of(doc, home):
        return doc
    if home is None:
        return replace(doc, graph=graph)
    return replace(doc, groups=doc.groups.set(home, replace(doc.groups[home], graph=graph)))


def find_node(doc: Document, node_id: NodeId) -> Node:
    """Return a node of the document or of a group. Raises Refused if it is not there."""
    return graph_of(doc, home_of(doc, node_id)).nodes[node_id]


def with_node(doc: Document, node: Node) -> Document:
    """Return the document with a node replaced by one of the same id."""
    home = home_of(doc, node.id)
    return with_graph(doc, home, graph_of(doc, home).with_node(node))


def with_changed(doc: Document, node_ids: Iterable[NodeId], change: Callable[[Node], Node]) -> Document:
    """Return the document with several nodes replaced."""
    homes: dict[GroupId | None, list[NodeId]] = {}
    for node_id in node_ids:
        homes.setdefault(home_of(doc, node_id), []).append(node_id)
    for home, ids in homes.items():
        graph = graph_of(doc, home)
        doc = with_graph(doc, home, graph.with_nodes(change(graph.nodes[n]) for n in ids))
    return doc


def trimmed_names(names: Iterable[str | None]) -> tuple[str | None, ...]:
    """Return names, or () where all are None: the one way to write them."""
    kept = tuple(names)
    return kept if any(kept) else ()


def kept_positions(positions: Map[NodeId, tuple[int, int]], new: Mapping[NodeId, tuple[int, int]]) -> Map[NodeId, tuple[int, int]]:
    """Return positions with new ones, as integers."""
    return positions.update({node: (round(x), round(y)) for node, (x, y) in new.items()})
