"""Commands on the boundary of a group: its inputs and outputs, and its instances, which follow."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct
from msgspec.structs import replace

from gradstudio.document.check import ref_fault
from gradstudio.document.commands.command import kept_positions, trimmed_names
from gradstudio.document.commands.references import rewired_document
from gradstudio.document.document import Document
from gradstudio.document.graph import INPUT, INSTANCE, Graph, GroupId, Node, NodeId, Ref
from gradstudio.document.groups import BODY, Group
from gradstudio.document.rules import Refused, name_fault


def found_group(doc: Document, group_id: GroupId) -> Group:
    """Return a group. Raises Refused if it is gone."""
    if group_id not in doc.groups:
        raise Refused("the group is no longer there")
    return doc.groups[group_id]


def with_group(doc: Document, group: Group) -> Document:
    """Return the document with a group set."""
    return replace(doc, groups=doc.groups.set(group.id, group))


def instances(doc: Document, group_id: GroupId) -> frozenset[NodeId]:
    """Return the uses of a group, in the document's graph and in other groups."""
    graphs = (doc.graph, *(group.graph for group in doc.groups.values()))
    return frozenset(node.id for graph in graphs for node in graph.nodes.values() if node.op == INSTANCE and node.group == group_id)


def _with_instances(doc: Document, group_id: GroupId, change: Callable[[Node], Node]) -> Document:
    def changed(graph: Graph) -> Graph:
        return graph.with_nodes(change(n) for n in graph.nodes.values() if n.op == INSTANCE and n.group == group_id)

    groups = {g.id: replace(g, graph=graph) for g in doc.groups.values() if (graph := changed(g.graph)) is not g.graph}
    return replace(doc, graph=changed(doc.graph), groups=doc.groups.update(groups) if groups else doc.groups)


def without_output(doc: Document, group_id: GroupId, index: int) -> Document:
    """Return the document with a group that gives out one tensor less: later outputs move up, what read it is unwired."""
    uses = instances(doc, group_id)

    def follow(ref: Ref) -> Ref | None:
        if ref.source not in uses or ref.out < index:
            return ref
        return None if ref.out == index else replace(ref, out=ref.out - 1)

    def changed(node: Node) -> Node:
        names = trimmed_names((*node.names[:index], *node.names[index + 1 :]))
        pins = tuple(out - (out > index) for out in node.retain_grad if out != index)
        return replace(node, names=names, retain_grad=pins)

    outputs = doc.groups[group_id].outputs
    # The group first: where it gives out what an instance of another group gave, that group's own outputs follow in turn.
    doc = with_group(doc, replace(doc.groups[group_id], outputs=(*outputs[:index], *outputs[index + 1 :])))
    doc = without_given(doc, lambda ref: follow(ref) is None)
    return _with_instances(rewired_document(doc, follow), group_id, changed)


def without_given(doc: Document, gone: Callable[[Ref], bool]) -> Document:
    """Return the document with no group giving out a tensor that goes."""
    for group_id in doc.groups:
        for index in reversed(range(len(doc.groups[group_id].outputs))):
            if gone(doc.groups[group_id].outputs[index]):
                doc = without_output(doc, group_id, index)
    return doc


def without_inputs(doc: Document, gone: Iterable[NodeId]) -> Document:
    """Return the document with groups that take fewer inputs, and instances that give them fewer. The nodes themselves stay."""
    lost = frozenset(gone)
    for group in doc.groups.values():
        taken = frozenset(i for i, node in enumerate(group.inputs) if node in lost)
        if taken:
            left = tuple(n for n in group.inputs if n not in lost)
            doc = with_group(doc, replace(doc.groups[group.id], inputs=left))
            doc = _with_instances(doc, group.id, lambda node, taken=taken: _taking_less(node, taken))  # type: ignore[misc]
    return doc


def _taking_less(node: Node, taken: frozenset[int]) -> Node:
    return replace(node, inputs=tuple(operand for i, operand in enumerate(node.inputs) if i not in taken))


class AddGroupInput(Struct, frozen=True):
    """Let a group take one tensor more: an input node behind the others; its instances have an open port for it."""

    group_id: GroupId
    node_id: NodeId
    name: str | None = None
    position: tuple[int, int] = (0, 0)
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Add input"

    def apply(self, doc: Document) -> Document:
        group = found_group(doc, self.group_id)
        fault = name_fault(self.name) if self.name is not None else None
        if fault:
            raise Refused(fault)
        node = Node(self.node_id, INPUT, names=trimmed_names((self.name,)))
        body = group.graph.blocks[BODY]
        at = len(group.inputs)
        blocks = group.graph.blocks.set(BODY, (*body[:at], node.id, *body[at:]))
        graph = replace(group.graph, nodes=group.graph.nodes.set(node.id, node), blocks=blocks)
        doc = with_group(doc, replace(group, graph=graph, inputs=(*group.inputs, node.id)))
        return replace(doc, layout=replace(doc.layout, positions=kept_positions(doc.layout.positions, {node.id: self.position})))


class AddGroupOutput(Struct, frozen=True):
    """Let a group give out one tensor more, behind the others."""

    group_id: GroupId
    ref: Ref
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Add output"

    def apply(self, doc: Document) -> Document:
        group = found_group(doc, self.group_id)
        fault = ref_fault(group.graph, doc.groups, self.ref, {})
        if fault or self.ref.grad:
            raise Refused(fault or "a group gives out tensors; their .grad comes with them")
        return doc if self.ref in group.outputs else with_group(doc, replace(group, outputs=(*group.outputs, self.ref)))


class RemoveGroupOutput(Struct, frozen=True):
    """Let a group give out one tensor less; what read it is unwired."""

    group_id: GroupId
    index: int
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Remove output"

    def apply(self, doc: Document) -> Document:
        if not 0 <= self.index < len(found_group(doc, self.group_id).outputs):
            raise Refused("there is no such output")
        return without_output(doc, self.group_id, self.index)
