"""Groups: definitions that instances use, as a def with parameters is called."""

from __future__ import annotations

from dataclasses import dataclass

from gradstudio.document.graph import Graph, GroupId, NodeId, Ref

BODY = "body"  # the one block of a group


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """A named graph with input nodes (op `input`, first in its block) and outputs. `backward`: the group that is its vjp."""

    id: GroupId
    name: str
    graph: Graph
    inputs: tuple[NodeId, ...]
    outputs: tuple[Ref, ...]
    backward: GroupId | None = None
