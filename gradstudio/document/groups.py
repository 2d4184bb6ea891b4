"""Groups: definitions that instances use, as a def with parameters is called."""

from __future__ import annotations

from msgspec import Struct

from gradstudio.document.graph import Graph, GroupId, NodeId, Ref

BODY = "body"  # the one block of a group


class Group(Struct, frozen=True, eq=False):
    """A named graph with input nodes (op `input`, first in its block) and outputs. `backward`: the group that is its vjp."""

    id: GroupId
    name: str
    graph: Graph
    inputs: tuple[NodeId, ...]
    outputs: tuple[Ref, ...]
    backward: GroupId | None = None
