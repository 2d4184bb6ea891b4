"""Flow: who reads whom, with every instance replaced by what is inside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from msgspec import Struct

from gradstudio.document.document import Document
from gradstudio.document.graph import INPUT, INSTANCE, Graph, Node, NodePath, Ref, Same
from gradstudio.session.state import InputKey
from gradstudio.session.trace import TensorKey


class Wiring(NamedTuple):
    """What follows from operands and groups alone: edits of values leave it as it is."""

    paths: frozenset[NodePath]
    sources: dict[InputKey, TensorKey]
    readers: dict[TensorKey, tuple[InputKey, ...]]
    outputs: dict[NodePath, int]  # how many outputs of a node are read, where more than the first


class Flow(Struct, frozen=True, eq=False):
    """Every node that computes or is a leaf, the tensor that each of its operands reads, and who reads each tensor."""

    document: Document
    wiring: Wiring

    @property
    def paths(self) -> frozenset[NodePath]:
        """Every node that computes or is a leaf."""
        return self.wiring.paths

    @property
    def sources(self) -> dict[InputKey, TensorKey]:
        """The tensor that each operand reads."""
        return self.wiring.sources

    @property
    def readers(self) -> dict[TensorKey, tuple[InputKey, ...]]:
        """The operands that read each tensor."""
        return self.wiring.readers

    def outputs_of(self, path: NodePath) -> Iterator[TensorKey]:
        """Yield the outputs of a node that anyone may read."""
        return ((path, out) for out in range(self.wiring.outputs.get(path, 1)))

    def operands(self, path: NodePath) -> Iterator[tuple[InputKey, TensorKey]]:
        """Yield what a node reads, with the tensor that it is."""
        for operand, _ in self.document.node(path).refs():
            key = (path, operand)
            if key in self.sources:
                yield key, self.sources[key]


def flow_of(document: Document) -> Flow:
    """Return the flow of a document."""
    wiring = document.graph.remembered(("wiring", Same(document.groups)), lambda: _wiring(document))
    return Flow(document, wiring)


def _wiring(document: Document) -> Wiring:
    nodes, sources = dict(_expanded(document)), {}
    readers: dict[TensorKey, list[InputKey]] = {}
    for path, node in nodes.items():
        for operand, ref in node.refs():
            source = producer(document, path[:-1], ref)
            if source is not None and not ref.grad:
                sources[path, operand] = source
                readers.setdefault(source, []).append((path, operand))
    outputs: dict[NodePath, int] = {}
    for path, out in readers:
        outputs[path] = max(outputs.get(path, 1), out + 1)
    return Wiring(frozenset(nodes), sources, {key: tuple(keys) for key, keys in readers.items()}, outputs)


def _expanded(document: Document) -> Iterator[tuple[NodePath, Node]]:
    stack: list[tuple[NodePath, Graph]] = [((), document.graph)]
    while stack:
        scope, graph = stack.pop()
        for node_id in graph.order:
            node = graph.nodes[node_id]
            group = document.groups.get(node.group or "")
            if node.op == INSTANCE and group is not None:
                stack.append(((*scope, node_id), group.graph))
            elif node.op != INPUT:
                yield (*scope, node_id), node


def producer(document: Document, scope: NodePath, ref: Ref) -> TensorKey | None:
    """Return the tensor that a ref inside scope means: through inputs of groups outwards, through instances inwards.

    None: it is unwired, or the result of a call.
    """
    operand: object = ref
    while isinstance(operand, Ref):
        graph = document.graph_at((*scope, operand.source))
        node = graph.nodes.get(operand.source)
        if node is None:
            return None
        if node.op == INPUT and scope:
            instance, group = document.node(scope), document.groups[document.group_of(document.node(scope))]
            index = group.inputs.index(node.id)
            operand, scope = instance.inputs[index] if index < len(instance.inputs) else None, scope[:-1]
        elif node.op == INSTANCE:
            outputs = document.groups[document.group_of(node)].outputs
            operand, scope = outputs[operand.out] if operand.out < len(outputs) else None, (*scope, node.id)
        else:
            return (*scope, node.id), operand.out
    return None


def resolve(document: Document, key: TensorKey) -> TensorKey | None:
    """Return the tensor behind an output of an instance or an input of a group; any other key as it is."""
    path, out = key
    return producer(document, path[:-1], Ref(path[-1], out))


def ways(document: Document, start: TensorKey, goals: frozenset[NodePath]) -> tuple[NodePath, ...]:
    """Return the shortest way along wires from a tensor to one of the goals, without the tensor's own node; () if there is none."""
    flow = flow_of(document)
    came: dict[NodePath, NodePath | None] = {start[0]: None}
    queue = [start]
    for key in queue:
        for target, _ in flow.readers.get(key, ()):
            if target in came:
                continue
            came[target] = key[0]
            if target in goals:
                return _back(came, target)
            queue += flow.outputs_of(target)
    return ()


def _back(came: dict[NodePath, NodePath | None], end: NodePath) -> tuple[NodePath, ...]:
    way: list[NodePath] = []
    at: NodePath | None = end
    while at is not None and came[at] is not None:
        way.append(at)
        at = came[at]
    return tuple(reversed(way))
