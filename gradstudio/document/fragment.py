"""Fragments: what is copied. Nodes, their frames and the groups they need, without calls; and how a fragment is pasted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace

from gradstudio.document.document import Document
from gradstudio.document.graph import INPUT, Graph, GroupId, Node, NodeId, Ref, Rewire, rewired
from gradstudio.document.groups import Group
from gradstudio.document.map import Map
from gradstudio.document.order import frames_round
from gradstudio.document.rules import inner_first, uses
from gradstudio.engine.dtypes import name_of


class Fragment(Struct, frozen=True, eq=False):
    """Copied nodes in their blocks, in stored order. Operands from outside keep the ids that they had in the document copied from."""

    graph: Graph = field(default_factory=Graph)
    groups: Map[GroupId, Group] = field(default_factory=Map)
    positions: Map[NodeId, tuple[int, int]] = field(default_factory=Map)

    def ids(self) -> Iterator[str]:
        """Yield every id that pasting renews: nodes, frames, groups and what is in them."""
        yield from self.graph.nodes
        yield from self.graph.frames
        for group in self.groups.values():
            yield group.id
            yield from group.graph.nodes
            yield from group.graph.frames


def copy(document: Document, ids: Iterable[NodeId]) -> Fragment:
    """Return the fragment of some nodes of one graph: the document's, or a group's, whose input nodes stay with it."""
    asked = tuple(ids)
    groups = (group.graph for group in document.groups.values())
    graph = next((graph for graph in groups if asked and asked[0] in graph.nodes), document.graph)
    wanted = {n for n in asked if n in graph.nodes and graph.nodes[n].op != INPUT}
    blocks = Map((block, kept) for block, members in graph.blocks.items() if (kept := tuple(n for n in members if n in wanted)))
    nodes = Map((n, graph.nodes[n]) for kept in blocks.values() for n in kept)
    frames = {frame for node in nodes.values() for frame in frames_round(graph, node.frame)}
    part = Graph(nodes, blocks, Map((f, graph.frames[f]) for f in graph.frames if f in frames))
    needed = needed_groups(document.groups, part)
    inside = [n for group in needed.values() for n in group.graph.nodes]
    positions = document.layout.positions
    return Fragment(part, needed, Map((n, positions[n]) for n in (*nodes, *inside) if n in positions))


def needed_groups(groups: Map[GroupId, Group], graph: Graph) -> Map[GroupId, Group]:
    """Return the groups that a graph's instances use, and those that these use, and their backwards."""
    found: set[GroupId] = set()
    waiting = list(uses(graph))
    while waiting:
        group = waiting.pop()
        if group in groups and group not in found:
            found.add(group)
            backward = groups[group].backward
            waiting += [*uses(groups[group].graph), *([backward] if backward else [])]
    return Map((g, groups[g]) for g in groups if g in found)


def renamed_graph(graph: Graph, ids: Mapping[str, str], rewire: Rewire) -> Graph:
    """Return a graph under new ids; what has none keeps its own. `rewire`: what becomes of its references."""

    def renamed(node: Node) -> Node:
        frame, group = (ids.get(each, each) if each else None for each in (node.frame, node.group))
        return replace(node, id=ids.get(node.id, node.id), inputs=rewired(node.inputs, rewire), frame=frame, group=group)

    nodes = [renamed(node) for node in graph.nodes.values()]
    frames = [replace(f, id=ids.get(f.id, f.id), parent=ids.get(f.parent, f.parent) if f.parent else None) for f in graph.frames.values()]
    return Graph(
        Map((node.id, node) for node in nodes),
        Map((block, tuple(ids.get(n, n) for n in members)) for block, members in graph.blocks.items()),
        Map((frame.id, frame) for frame in frames),
    )


def renamed_group(group: Group, ids: Mapping[str, str]) -> Group:
    """Return a group under new ids."""

    def follow(ref: Ref) -> Ref:
        return replace(ref, source=ids.get(ref.source, ref.source))

    return Group(
        ids.get(group.id, group.id),
        group.name,
        renamed_graph(group.graph, ids, follow),
        tuple(ids.get(n, n) for n in group.inputs),
        tuple(follow(ref) for ref in group.outputs),
        ids.get(group.backward, group.backward) if group.backward else None,
    )


def signatures(groups: Map[GroupId, Group]) -> dict[GroupId, str]:
    """Return a text per group; equal texts mean groups that are equal up to ids."""
    from hashlib import sha256  # it loads OpenSSL, which a start need not wait for

    own: dict[GroupId, str] = {}
    for group in inner_first(groups):
        own[group] = sha256(repr(_content(groups[group], own)).encode()).hexdigest()
    return {g: own[g] + own.get(groups[g].backward or "", "") for g in groups}


def _content(group: Group, inner: Mapping[GroupId, str]) -> tuple[object, ...]:
    graph = group.graph
    number = {n: str(i) for i, n in enumerate(graph.order)}
    frames = {f: str(i) for i, f in enumerate(dict.fromkeys(node.frame for node in graph.nodes.values() if node.frame))}
    numbered = renamed_group(group, {**number, **frames})
    nodes = [_node_content(node, inner) for node in numbered.graph.nodes.values()]
    kinds = [(f.id, f.kind, f.parent) for f in numbered.graph.frames.values() if f.id in frames.values()]
    return group.name, sorted(nodes), kinds, numbered.inputs, numbered.outputs


def _node_content(node: Node, inner: Mapping[GroupId, str]) -> tuple[object, ...]:
    value = node.value
    start = (name_of(value.dtype), value.shape, value.tobytes()) if isinstance(value, np.ndarray) else repr(value)
    group = inner.get(node.group or "", "")
    rest = (node.names, node.frame, start, node.requires_grad, node.fresh, node.retain_grad, group)
    return int(node.id), node.op, repr(node.inputs), repr(dict(node.attrs)), *map(repr, rest)
