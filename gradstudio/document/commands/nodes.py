"""Commands on nodes: add, delete, bypass, rename, and what is set on a node."""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from gradstudio.document.calls.grad import Grad
from gradstudio.document.check import check_nesting, check_node, check_operands, grad_results, ref_fault
from gradstudio.document.codec import node_from, node_tree
from gradstudio.document.commands.boundary import without_given, without_inputs
from gradstudio.document.commands.command import (
    find_node,
    graph_of,
    home_of,
    kept_positions,
    refusing,
    trimmed_names,
    with_changed,
    with_graph,
    with_node,
)
from gradstudio.document.commands.references import forgotten, rewired_document, with_calls
from gradstudio.document.document import Document, Layout
from gradstudio.document.graph import (
    INPUT,
    LEAF,
    Array,
    BlockId,
    Graph,
    GroupId,
    Node,
    NodeId,
    OperandPath,
    Recipe,
    Ref,
    operand_at,
    with_operand,
)
from gradstudio.document.order import frames_round, inserted, settled
from gradstudio.document.rules import Refused, literal_fault, name_fault, operand_fault, output_count
from gradstudio.document.strict import Place
from gradstudio.document.values import frozen, value_fault
from gradstudio.engine import TABLE
from gradstudio.engine.dtypes import name_of


class AddNode(Struct, frozen=True):
    """Put a new node into a block. `operands_to`: the operands of other nodes that read its output from now on."""

    node: Node
    block: BlockId
    position: tuple[int, int]
    operands_to: tuple[tuple[NodeId, OperandPath], ...] = ()
    home: GroupId | None = None
    gesture: int = 0

    @property
    def label(self) -> str:
        return f"Add {self.node.name or self.node.op}"

    def apply(self, doc: Document) -> Document:
        graph = graph_of(doc, self.home)
        if self.block not in graph.blocks:
            raise Refused(f"there is no block {self.block}")
        node = checked(doc, frozen_value(self.node), self.home)
        check_frame(graph, node, self.block)
        at = min((graph.order[t] - graph.order[graph.blocks[self.block][0]] for t in self._readers(graph)), default=None)
        graph = inserted(replace(graph, nodes=graph.nodes.set(node.id, node)), self.block, node.id, at)
        for _, ref in node.refs():
            if ref.source in graph.nodes:
                graph = settled(graph, doc.groups, ref.source, node.id)
        for target, path in self.operands_to:
            graph = connected(doc, graph, Ref(node.id), target, path, self.home)
        doc = with_graph(doc, self.home, graph)
        if self.home is not None and node.group is not None:
            with refusing():
                check_nesting(doc.groups)
        return replace(doc, layout=replace(doc.layout, positions=kept_positions(doc.layout.positions, {node.id: self.position})))

    def _readers(self, graph: Graph) -> list[NodeId]:
        return [target for target, _ in self.operands_to if graph.block_of.get(target) == self.block]


def checked(doc: Document, node: Node, home: GroupId | None) -> Node:
    """Return a new node as a file would give it back (no attrs at their default). Raises Refused if a graph cannot hold it."""
    graphs = [doc.graph, *(group.graph for group in doc.groups.values())]
    if any(node.id in graph.nodes for graph in graphs):
        raise Refused("the node is already there")
    graph = graph_of(doc, home)
    with refusing():
        node = replace(node_from(node.id, Place(node_tree(replace(node, value=None)))), value=node.value)
        check_node(node, doc.groups, None if home is None else doc.groups[home])
        check_operands(graph, node, doc.groups, grad_results(doc) if home is None else {})
    return node


def check_frame(graph: Graph, node: Node, block: BlockId) -> None:
    """Raise Refused if a node of a block cannot lie in its frame."""
    chain = frames_round(graph, node.frame)
    if node.frame is not None and not chain:
        raise Refused("the frame is no longer there")
    lying = (n for n, each in graph.nodes.items() if each.frame and not set(chain).isdisjoint(frames_round(graph, each.frame)))
    if chain and any(graph.block_of[n] != block for n in lying):
        raise Refused("the frame lies in another block")


def connected(doc: Document, graph: Graph, source: Ref, target: NodeId, path: OperandPath, home: GroupId | None = None) -> Graph:
    """Return the graph with a wire from source to an operand of target. Raises Refused with the reason."""
    node = graph.nodes.get(target)
    if node is None:
        raise Refused("the node is no longer there")
    results = grad_results(doc) if home is None else {}
    fault = operand_fault(node, path, source, doc.groups) or ref_fault(graph, doc.groups, source, results)
    if fault:
        raise Refused(fault)
    if source.source in graph.nodes:
        graph = settled(graph, doc.groups, source.source, target)
    return graph.with_node(replace(node, inputs=with_operand(node.inputs, path, source)))


def frozen_value(node: Node) -> Node:
    """Return the node with a read-only value of its own. Raises Refused if a leaf's value cannot be stored."""
    if (node.op == LEAF) != (node.value is not None):
        raise Refused("a leaf needs a start value, and only a leaf has one")
    fault = value_fault(node.value) if node.value is not None else None
    if fault:
        raise Refused(fault)
    return replace(node, value=frozen(node.value)) if isinstance(node.value, np.ndarray) and node.value.flags.writeable else node


class DeleteNodes(Struct, frozen=True):
    """Take nodes and wires away. A node goes out of operands, roots, targets and the inputs and outputs of its group in the same moment."""

    ids: tuple[NodeId, ...]
    wires: tuple[tuple[NodeId, OperandPath], ...] = ()
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Delete" if len(self.ids) + len(self.wires) != 1 else "Delete node" if self.ids else "Delete wire"

    def apply(self, doc: Document) -> Document:
        gone = frozenset(self.ids)
        for target, path in self.wires:
            if target not in gone:
                doc = unwired(doc, target, path)
        doc = without_inputs(without_given(doc, lambda ref: ref.source in gone), gone)
        return without_nodes(forgotten(doc, gone), gone)


def unwired(doc: Document, target: NodeId, path: OperandPath) -> Document:
    """Return the document with nothing at an operand of a node."""
    node = find_node(doc, target)
    if not path or operand_at(node.inputs, path) is None:
        return doc
    return with_node(doc, replace(node, inputs=with_operand(node.inputs, path, None)))


def without_nodes(doc: Document, gone: frozenset[NodeId]) -> Document:
    """Return the document without nodes that nothing refers to any more, and without the frames that this empties."""
    homes = {home_of(doc, node_id) for node_id in gone}
    for home in homes:
        graph = graph_of(doc, home)
        blocks = graph.blocks.update({b: tuple(n for n in ids if n not in gone) for b, ids in graph.blocks.items()})
        left = replace(graph, nodes=graph.nodes.without(gone), blocks=blocks)
        doc = with_graph(doc, home, without_empty_frames(left))
    return replace(doc, layout=layout_without(doc.layout, gone)) if gone else doc


def without_empty_frames(graph: Graph) -> Graph:
    """Return the graph without frames that hold no node, at any depth."""
    used = {node.frame for node in graph.nodes.values()}
    waiting = [frame for frame in used if frame is not None]
    while waiting:
        parent = graph.frames[waiting.pop()].parent
        if parent is not None and parent not in used:
            used.add(parent)
            waiting.append(parent)
    empty = [frame for frame in graph.frames if frame not in used]
    return replace(graph, frames=graph.frames.without(empty)) if empty else graph


def layout_without(layout: Layout, gone: frozenset[NodeId]) -> Layout:
    """Return the layout without some nodes."""
    return replace(
        layout,
        positions=layout.positions.without(gone),
        collapsed=tuple(n for n in layout.collapsed if n not in gone),
        reroutes=tuple(r for r in layout.reroutes if r[0] not in gone),
    )


class Bypass(Struct, frozen=True):
    """Take a node out of the flow: what read its output, calls too, reads its first tensor instead."""

    node_id: NodeId
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Bypass"

    def apply(self, doc: Document) -> Document:
        home = home_of(doc, self.node_id)
        graph = graph_of(doc, home)
        first = next((ref for _, ref in graph.nodes[self.node_id].refs()), None)
        if first is None:
            raise Refused("nothing is wired into the node, so nothing can pass through")
        through = {Ref(self.node_id, 0): first}
        if not first.grad:
            through[Ref(self.node_id, 0, grad=True)] = replace(first, grad=True)
        readers = [wire.target for wire in graph.consumers.get(self.node_id, ())]
        graph = graph.rewired(lambda ref: through.get(ref, ref), readers)
        for reader in readers:
            if first.source in graph.nodes:
                graph = settled(graph, doc.groups, first.source, reader)
        doc = rewired_document(with_graph(doc, home, graph), lambda ref: through.get(ref, ref))
        gone = frozenset((self.node_id,))
        return without_nodes(forgotten(doc, gone), gone)


class Rename(Struct, frozen=True):
    """Name an output of a node, or a result of an autograd.grad call; None takes the name away."""

    node_id: str
    out: int
    name: str | None
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Rename" if self.name else "Remove name"

    def apply(self, doc: Document) -> Document:
        fault = name_fault(self.name) if self.name is not None else None
        if fault:
            raise Refused(fault)
        call = next((c for c in doc.calls() if c.id == self.node_id and isinstance(c, Grad)), None)
        if isinstance(call, Grad):
            new = replace(call, names=self._names(call.names, len(call.inputs)))
            return with_calls(doc, lambda each: new if each.id == new.id else each)
        node = find_node(doc, self.node_id)
        return with_node(doc, replace(node, names=self._names(node.names, output_count(node, doc.groups))))

    def _names(self, names: tuple[str | None, ...], count: int | None) -> tuple[str | None, ...]:
        if self.out < 0 or (count is not None and self.out >= count):
            raise Refused("there is no such output")
        length = max(len(names), self.out + 1) if count is None else count
        new = [*names, *[None] * (length - len(names))]
        new[self.out] = self.name
        return trimmed_names(new)


class SetLeafValue(Struct, frozen=True):
    """Set a leaf's start value: an array, or a recipe that draws it."""

    node_id: NodeId
    value: Array | Recipe
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Set value"

    def apply(self, doc: Document) -> Document:
        node = find_node(doc, self.node_id)
        if node.op != LEAF:
            raise Refused("only a leaf has a value of its own; this one is computed")
        return with_node(doc, frozen_value(replace(node, value=self.value)))


class SetAttr(Struct, frozen=True):
    """Set one attr of a node; its default is not stored."""

    node_id: NodeId
    name: str
    value: object
    gesture: int = 0

    @property
    def label(self) -> str:
        return f"Set {self.name}"

    def apply(self, doc: Document) -> Document:
        fault = literal_fault(self.value)
        if fault:
            raise Refused(fault)
        node = find_node(doc, self.node_id)
        row = TABLE.get(node.op)
        known = {attr.name: attr.default for attr in row.attrs} if row else {}
        if row and self.name not in known:
            raise Refused(f"{node.op} has no setting {self.name}")
        attrs = node.attrs.set(self.name, self.value)
        if row:
            ordered = {name: attrs[name] for name in known if name in attrs and repr(attrs[name]) != repr(known[name])}
            attrs = type(attrs)(ordered)
        return with_node(doc, replace(node, attrs=attrs))


class SetRequiresGrad(Struct, frozen=True):
    """Throw the requires_grad switch of leaves."""

    node_ids: tuple[NodeId, ...]
    on: bool
    gesture: int = 0

    @property
    def label(self) -> str:
        return f"requires_grad {'on' if self.on else 'off'}"

    def apply(self, doc: Document) -> Document:
        return with_changed(doc, self.node_ids, self._switched)

    def _switched(self, node: Node) -> Node:
        if node.op != LEAF:
            raise Refused("requires_grad is a switch on leaves; an op's output requires grad if one of its inputs does")
        if self.on and not value_dtype(node).startswith(("float", "complex")):
            raise Refused("only floating point tensors can require gradients")
        return node if node.requires_grad == self.on else replace(node, requires_grad=self.on)


def value_dtype(node: Node) -> str:
    """Return the dtype of a leaf's start value."""
    if isinstance(node.value, Recipe):
        return node.value.dtype
    return "" if node.value is None else name_of(node.value.dtype)


class SetRetainGrad(Struct, frozen=True):
    """Pin an output: its `.grad` is kept, as retain_grad() does."""

    node_id: NodeId
    out: int
    on: bool
    gesture: int = 0

    @property
    def label(self) -> str:
        return f"retain_grad {'on' if self.on else 'off'}"

    def apply(self, doc: Document) -> Document:
        node = find_node(doc, self.node_id)
        count = output_count(node, doc.groups)
        if node.op in (LEAF, INPUT) or self.out < 0 or (count is not None and self.out >= count):
            raise Refused("only the output of an op can be pinned")
        pinned = {*node.retain_grad, self.out} if self.on else {*node.retain_grad} - {self.out}
        return with_node(doc, replace(node, retain_grad=tuple(sorted(pinned))))


class SetFresh(Struct, frozen=True):
    """Make a leaf anew in each run of its block, or once."""

    node_id: NodeId
    on: bool
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Make anew each run" if self.on else "Make once"

    def apply(self, doc: Document) -> Document:
        node = find_node(doc, self.node_id)
        if node.op != LEAF:
            raise Refused("only a leaf can be made anew each run")
        return with_node(doc, replace(node, fresh=self.on))
