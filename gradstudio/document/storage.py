"""Which tensors share storage, and which nodes write to it: what order must respect beyond wires."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from gradstudio.document.graph import INSTANCE, Graph, GroupId, Node, NodeId, Ref
from gradstudio.document.rules import Groups, inner_first, uses
from gradstudio.engine import TABLE

MAY_SHARE = ("shape", "indexing", "gradient control")  # categories whose composites may return a view (reshape, index, to)
StorageKey: TypeAlias = tuple[str, int, bool]


def written_index(op: str) -> int | None:
    """Return the index of the operand that an op writes in place; None if it writes none."""
    row = TABLE.get(op)
    if row is None or not row.mutates:
        return None
    names = [each.name for each in row.inputs]
    return names.index(row.mutates) if row.mutates in names else 0


def is_alias(op: str) -> bool:
    """Say whether an op's outputs may share the storage of its first operand: a view, in place, or the operand itself."""
    row = TABLE.get(op)
    return row is not None and bool(row.views or row.mutates or (row.composite and row.category in MAY_SHARE))


def writing_groups(groups: Groups) -> frozenset[GroupId]:
    """Return the groups in which something is written in place, at any depth."""
    found: set[GroupId] = set()
    for group in inner_first(groups):
        graph = groups[group].graph
        if any(written_index(node.op) is not None for node in graph.nodes.values()) or not found.isdisjoint(uses(graph)):
            found.add(group)
    return frozenset(found)


class Storages:
    """Storage classes of a graph's tensors. An instance of a group that writes counts as a writer of all that it reads."""

    def __init__(self, graph: Graph, groups: Groups) -> None:
        self._graph = graph
        self._writing = writing_groups(groups) if any(node.op == INSTANCE for node in graph.nodes.values()) else frozenset()
        self._parent: dict[StorageKey, StorageKey] = {}
        self.any_writer = any(self._writes(node) for node in graph.nodes.values())
        if self.any_writer:
            self._join()

    def reads(self, node: Node) -> Iterator[StorageKey]:
        """Yield the storage of each tensor that a node reads."""
        return (self._find(self._key(ref)) for _, ref in node.refs())

    def writes(self, node: Node) -> Iterator[StorageKey]:
        """Yield the storage of each tensor that a node writes in place."""
        index = written_index(node.op)
        for path, ref in node.refs():
            if path[0] == index or (node.op == INSTANCE and node.group in self._writing):
                yield self._find(self._key(ref))

    def sharing(self) -> dict[StorageKey, list[NodeId]]:
        """Return, per storage, the nodes that read or make a tensor in it; empty where nothing is written in place."""
        found: dict[StorageKey, list[NodeId]] = {}
        for node in self._graph.nodes.values() if self.any_writer else ():
            keys = {*self.reads(node), self._find((node.id, 0, False))}
            for key in keys:
                found.setdefault(key, []).append(node.id)
        return found

    def _writes(self, node: Node) -> bool:
        return written_index(node.op) is not None or (node.op == INSTANCE and node.group in self._writing)

    def _join(self) -> None:
        for node in self._graph.nodes.values():
            if is_alias(node.op) or node.op == INSTANCE:
                for path, ref in node.refs():
                    if path[0] == 0 or node.op == INSTANCE:
                        self._parent[self._find((node.id, 0, False))] = self._find(self._key(ref))

    def _key(self, ref: Ref) -> StorageKey:
        node = self._graph.nodes.get(ref.source)
        shared = node is not None and (is_alias(node.op) or node.op == INSTANCE)
        return ref.source, 0 if shared else ref.out, ref.grad

    def _find(self, key: StorageKey) -> StorageKey:
        root = key
        while (above := self._parent.get(root, root)) != root:
            root = above
        while (above := self._parent.get(key, key)) != root:
            self._parent[key], key = root, above
        return root


def ordered_pairs(graph: Graph, groups: Groups, ids: Iterable[NodeId]) -> Iterator[tuple[NodeId, NodeId]]:
    """Yield pairs of nodes, in stored order, that may not change places: a writer and those that read or write its storage."""
    storages = Storages(graph, groups)
    if not storages.any_writer:
        return
    writer: dict[StorageKey, NodeId] = {}
    readers: dict[StorageKey, list[NodeId]] = {}
    for node_id in ids:
        node = graph.nodes[node_id]
        written = set(storages.writes(node))
        for key in set(storages.reads(node)):
            if key in writer:
                yield writer[key], node_id
            if key in written:
                yield from ((reader, node_id) for reader in readers.pop(key, ()))
                writer[key] = node_id
            else:
                readers.setdefault(key, []).append(node_id)
