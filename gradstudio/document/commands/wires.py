"""Commands on wires: connect, disconnect, literals, swap, detach."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from gradstudio.document.commands.command import find_node, graph_of, home_of, kept_positions, with_graph, with_node
from gradstudio.document.commands.nodes import connected, unwired, without_nodes
from gradstudio.document.document import Document
from gradstudio.document.graph import INSTANCE, Literal, Node, NodeId, OperandPath, Ref, operand_at, with_operand
from gradstudio.document.order import inserted
from gradstudio.document.rules import Refused, input_count, input_kind, kind_fault, literal_fault, operand_fault

DETACH = "detach"


class Connect(Struct, frozen=True):
    """Lead a wire from a tensor to an operand of a node; what was there goes."""

    source: Ref
    target: NodeId
    path: OperandPath
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Connect"

    def apply(self, doc: Document) -> Document:
        home = home_of(doc, self.target)
        return with_graph(doc, home, connected(doc, graph_of(doc, home), self.source, self.target, self.path, home))


class Disconnect(Struct, frozen=True):
    """Take the wire (or literal) away from an operand of a node."""

    target: NodeId
    path: OperandPath
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Disconnect"

    def apply(self, doc: Document) -> Document:
        return unwired(doc, self.target, self.path)


class SetLiteral(Struct, frozen=True):
    """Write a Python value in the place of an operand, where the op takes one."""

    target: NodeId
    path: OperandPath
    value: Literal
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Set number"

    def apply(self, doc: Document) -> Document:
        node = find_node(doc, self.target)
        fault = literal_fault(self.value.value) or operand_fault(node, self.path, self.value, doc.groups)
        if fault:
            raise Refused(fault)
        return with_node(doc, replace(node, inputs=with_operand(node.inputs, self.path, self.value)))


class SwapInputs(Struct, frozen=True):
    """Exchange the first two operands of a node."""

    node_id: NodeId
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Swap inputs"

    def apply(self, doc: Document) -> Document:
        node = find_node(doc, self.node_id)
        pair = tuple(operand_at(node.inputs, (i,)) for i in (0, 1))
        kinds = [input_kind(node.op, i) for i in (0, 1)]
        lacking = None in kinds or (node.op == INSTANCE and input_count(node, doc.groups) < 2)
        if lacking or isinstance(pair[0], tuple) or isinstance(pair[1], tuple):
            raise Refused(f"{node.op} has no two inputs to swap")
        for kind, operand in zip(kinds, reversed(pair), strict=True):
            fault = kind_fault(kind or "any", operand, 1) if operand is not None and kind != "any" else None
            if fault:
                raise Refused(fault)
        return with_node(doc, replace(node, inputs=(pair[1], pair[0], *node.inputs[2:])))


class DetachWire(Struct, frozen=True):
    """Cut a wire for gradients: a detach node on it. On a wire that comes from such a node: take it away again."""

    target: NodeId
    path: OperandPath
    node_id: NodeId
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Detach"

    def apply(self, doc: Document) -> Document:
        home = home_of(doc, self.target)
        graph = graph_of(doc, home)
        target = graph.nodes[self.target]
        ref = operand_at(target.inputs, self.path)
        if not isinstance(ref, Ref):
            raise Refused("there is no wire to detach")
        source = graph.nodes.get(ref.source)
        if source is not None and is_scissors(doc, source):
            before = source.inputs[0] if source.inputs else None
            graph = graph.with_node(replace(target, inputs=with_operand(target.inputs, self.path, before)))
            return without_nodes(with_graph(doc, home, graph), frozenset((source.id,)))
        node = Node(self.node_id, DETACH, (ref,), frame=target.frame)
        graph = replace(graph, nodes=graph.nodes.set(node.id, node))
        block = graph.block_of[self.target]
        graph = inserted(graph, block, node.id, graph.blocks[block].index(self.target))
        graph = graph.with_node(replace(target, inputs=with_operand(target.inputs, self.path, Ref(node.id))))
        return self._placed(with_graph(doc, home, graph), ref)

    def _placed(self, doc: Document, ref: Ref) -> Document:
        """Return the document with the new node half way along its wire."""
        positions = doc.layout.positions
        (x1, y1), (x2, y2) = positions.get(ref.source, (0, 0)), positions.get(self.target, (0, 0))
        middle = {self.node_id: ((x1 + x2) // 2, (y1 + y2) // 2)}
        return replace(doc, layout=replace(doc.layout, positions=kept_positions(positions, middle)))


def is_scissors(doc: Document, node: Node) -> bool:
    """Say whether a node is drawn as scissors on its wire: a detach without a name, with one consumer and no other use."""
    if node.op != DETACH or node.name or node.retain_grad:
        return False
    home = home_of(doc, node.id)
    readers = graph_of(doc, home).consumers.get(node.id, ())
    given = () if home is None else doc.groups[home].outputs
    return len(readers) == 1 and not readers[0].source.grad and node.id not in {r.source for r in (*_used_by_calls(doc), *given)}


def _used_by_calls(doc: Document) -> list[Ref]:
    return [ref for call in doc.calls() for ref in call.refs()] + [ref for o in doc.optimizers.values() for ref in o.params]
