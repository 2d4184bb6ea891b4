"""Commands on groups: a selection becomes one, an instance is taken apart, made unique, renamed, used again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from gradstudio.document.calls.hook import Hook
from gradstudio.document.check import check_nesting
from gradstudio.document.commands.boundary import found_group, instances, with_group, without_given
from gradstudio.document.commands.command import (
    find_node,
    graph_of,
    home_of,
    kept_positions,
    refusing,
    trimmed_names,
    with_graph,
    with_node,
)
from gradstudio.document.commands.cut import Cut, name_at
from gradstudio.document.commands.nodes import AddNode, layout_without
from gradstudio.document.commands.references import rewired_document
from gradstudio.document.document import Document
from gradstudio.document.fragment import renamed_graph, renamed_group
from gradstudio.document.frames import FrameId
from gradstudio.document.graph import (
    INPUT,
    INSTANCE,
    LEAF,
    BlockId,
    Graph,
    GroupId,
    Node,
    NodeId,
    Operand,
    Ref,
    operand_at,
    rewired,
)
from gradstudio.document.groups import BODY, Group
from gradstudio.document.limits import MAX_NODES
from gradstudio.document.map import Map
from gradstudio.document.rules import Refused, expanded_counts, name_fault

COLUMN, ROW = 220, 140  # from the inputs of a new group to its nodes, and from one input to the next


class GroupNodes(Struct, frozen=True):
    """Make a selection a group, and one use of it. `input_ids`: as many as `inputs_needed` says. Leaves stay outside."""

    ids: tuple[NodeId, ...]
    name: str
    group_id: GroupId
    instance_id: NodeId
    input_ids: tuple[NodeId, ...] = ()
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Group"

    def apply(self, doc: Document) -> Document:
        fault = name_fault(self.name)
        if fault:
            raise Refused(fault)
        cut = Cut(doc, self.ids)
        if len(self.input_ids) < len(cut.inputs):
            raise Refused(f"the group has {len(cut.inputs)} inputs, and each needs an id")
        group = self._group(cut)
        given = {(ref.source, ref.out): out for out, ref in enumerate(cut.outputs)}

        def follow(ref: Ref) -> Ref:
            out = given.get((ref.source, ref.out))
            return ref if out is None else replace(ref, source=self.instance_id, out=out)

        doc = rewired_document(with_graph(doc, cut.home, self._outer(cut)), follow)
        doc = self._placed(with_group(doc, group), cut)
        with refusing():
            check_nesting(doc.groups)
        return doc

    def _group(self, cut: Cut) -> Group:
        ids = self.input_ids[: len(cut.inputs)]
        inner = {ref: Ref(i) for ref, i in zip(cut.inputs, ids, strict=True)}
        nodes = [Node(i, INPUT, names=trimmed_names((cut.name_of(ref),))) for ref, i in zip(cut.inputs, ids, strict=True)]
        moved = [self._moved(cut, node, inner) for node in cut.nodes]
        graph = Graph(
            Map((n.id, n) for n in (*nodes, *moved)),
            Map({BODY: (*ids, *cut.ids)}),
            Map((f.id, replace(f, parent=self._within(cut, f.parent))) for f in cut.frames),
        )
        return Group(self.group_id, self.name, graph, ids, cut.outputs)

    def _moved(self, cut: Cut, node: Node, inner: Mapping[Ref, Ref]) -> Node:
        return replace(node, inputs=rewired(node.inputs, lambda ref: inner.get(ref, ref)), frame=self._within(cut, node.frame))

    def _within(self, cut: Cut, frame: FrameId | None) -> FrameId | None:
        return None if frame in cut.common else frame

    def _outer(self, cut: Cut) -> Graph:
        names = trimmed_names(name_at(cut.graph.nodes[ref.source], ref.out) for ref in cut.outputs)
        frame = cut.common[-1] if cut.common else None
        instance = Node(self.instance_id, INSTANCE, cut.inputs, names=names, frame=frame, group=self.group_id)
        body = cut.graph.blocks[cut.block]
        at = body.index(cut.ids[0])
        left = (*body[:at], instance.id, *body[at + len(cut.ids) :])
        nodes = cut.graph.nodes.without(cut.ids).set(instance.id, instance)
        frames = cut.graph.frames.without(f.id for f in cut.frames)
        return Graph(nodes, cut.graph.blocks.set(cut.block, left), frames)

    def _placed(self, doc: Document, cut: Cut) -> Document:
        positions = doc.layout.positions
        middle = _middle(positions, cut.ids)
        if middle is None:
            return doc
        left = min(positions[n][0] for n in cut.ids if n in positions)
        top = min(positions[n][1] for n in cut.ids if n in positions)
        inputs = {i: (left - COLUMN, top + ROW * row) for row, i in enumerate(self.input_ids[: len(cut.inputs)])}
        return replace(doc, layout=replace(doc.layout, positions=kept_positions(positions, {self.instance_id: middle, **inputs})))


def _middle(positions: Mapping[NodeId, tuple[int, int]], ids: Iterable[NodeId]) -> tuple[int, int] | None:
    """Return the middle of where some nodes stand; None where none was placed."""
    placed = [positions[n] for n in ids if n in positions]
    if not placed:
        return None
    (x, y), (right, down) = (tuple(edge(p[i] for p in placed) for i in (0, 1)) for edge in (min, max))
    return (x + right) // 2, (y + down) // 2


def is_used_elsewhere(doc: Document, group_id: GroupId, instance_id: NodeId) -> bool:
    """Say whether anything but one instance needs a group: another instance, a hook, a group whose backward it is."""
    hooked = any(isinstance(call, Hook) and call.group == group_id for call in doc.calls())
    return hooked or len(instances(doc, group_id) - {instance_id}) > 0 or any(g.backward == group_id for g in doc.groups.values())


def ids_to_renew(doc: Document, instance_id: NodeId) -> tuple[str, ...]:
    """Return the ids for which `Ungroup` needs new ones: those in the group, where anything else still uses it."""
    group = _group_of(doc, instance_id)
    if not is_used_elsewhere(doc, group.id, instance_id):
        return ()
    return (*(n for n in group.graph.nodes if n not in group.inputs), *group.graph.frames)


def _group_of(doc: Document, instance_id: NodeId) -> Group:
    node = find_node(doc, instance_id)
    if node.op != INSTANCE or node.group is None:
        raise Refused("select a group")
    return found_group(doc, node.group)


class Ungroup(Struct, frozen=True):
    """Put what is in a group into the place of one use of it. `ids`: new ids, one for each of `ids_to_renew`."""

    instance_id: NodeId
    ids: Mapping[str, str] = field(default_factory=Map)
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Ungroup"

    def apply(self, doc: Document) -> Document:
        group = _group_of(doc, self.instance_id)
        if group.backward is not None:
            raise Refused(f"{group.name} has a backward of its own, which would be lost")
        renewed = ids_to_renew(doc, self.instance_id)
        if any(old not in self.ids for old in renewed):
            raise Refused("each part of the group needs a new id")
        ids = {old: self.ids[old] for old in renewed}
        shared = is_used_elsewhere(doc, group.id, self.instance_id)
        home = home_of(doc, self.instance_id)
        graph = graph_of(doc, home)
        node = graph.nodes[self.instance_id]
        lead = _leading(group, node, ids)

        def follow(ref: Ref) -> Ref | None:
            if ref.source != node.id:
                return ref
            out = group.outputs[ref.out] if ref.out < len(group.outputs) else None
            return lead(replace(out, grad=ref.grad)) if out is not None else None

        doc = with_graph(doc, home, _unfolded(graph, node, group, renamed_graph(group.graph, ids, lead), ids))
        doc = rewired_document(without_given(doc, lambda ref: follow(ref) is None), follow)
        return self._placed(doc if shared else replace(doc, groups=doc.groups.without((group.id,))), group, ids)

    def _placed(self, doc: Document, group: Group, ids: Mapping[str, str]) -> Document:
        positions = doc.layout.positions
        inside = [n for n in group.graph.nodes if n not in group.inputs]
        middle, at = _middle(positions, inside), positions.get(self.instance_id)
        dx, dy = (at[0] - middle[0], at[1] - middle[1]) if middle and at else (0, 0)
        places = {ids.get(n, n): (positions[n][0] + dx, positions[n][1] + dy) for n in inside if n in positions}
        gone = frozenset((self.instance_id, *(() if group.id in doc.groups else group.inputs)))
        layout = layout_without(replace(doc.layout, positions=kept_positions(positions, places)), gone)
        return replace(doc, layout=layout)


def _leading(group: Group, node: Node, ids: Mapping[str, str]) -> Callable[[Ref], Ref | None]:
    """Return what a reference within a group is, in the place of one use of it."""

    def lead(ref: Ref) -> Ref | None:
        if ref.source not in group.inputs:
            return replace(ref, source=ids.get(ref.source, ref.source))
        operand: Operand = operand_at(node.inputs, (group.inputs.index(ref.source),))
        if not isinstance(operand, Ref) or (operand.grad and ref.grad):
            return None
        return replace(operand, grad=operand.grad or ref.grad)

    return lead


def _unfolded(graph: Graph, node: Node, group: Group, part: Graph, ids: Mapping[str, str]) -> Graph:
    """Return the graph with a group's part in the place of an instance."""
    named = {ref.source: ref for ref in reversed(group.outputs)}
    inside: list[Node] = []
    for old in group.graph.blocks[BODY]:
        if old not in group.inputs:
            made = part.nodes[ids.get(old, old)]
            made = _with_outputs(made, node, group, old) if old in named else made
            inside.append(replace(made, frame=made.frame or node.frame, fresh=made.fresh or made.op == LEAF))
    frames = [replace(frame, parent=frame.parent or node.frame) for frame in part.frames.values()]
    block = graph.block_of[node.id]
    body = graph.blocks[block]
    at = body.index(node.id)
    nodes = graph.nodes.without((node.id,)).update([(n.id, n) for n in inside])
    blocks = graph.blocks.set(block, (*body[:at], *(n.id for n in inside), *body[at + 1 :]))
    return Graph(nodes, blocks, graph.frames.update([(f.id, f) for f in frames]))


def _with_outputs(made: Node, instance: Node, group: Group, old: NodeId) -> Node:
    """Return a node that a group gave out with the names and pins that the instance had for it."""
    given = [(out, ref.out) for out, ref in enumerate(group.outputs) if ref.source == old]
    names = [*made.names, *[None] * (max(inner for _, inner in given) + 1 - len(made.names))]
    for out, inner in reversed(given):
        names[inner] = name_at(instance, out) or names[inner]
    pins = () if made.op in (LEAF, INPUT) else {inner for out, inner in given if out in instance.retain_grad}
    renamed = trimmed_names(names)
    same = trimmed_names(made.names) == trimmed_names(names[: len(made.names)]) and not any(names[len(made.names) :])
    return replace(made, names=made.names if same else renamed, retain_grad=tuple(sorted({*made.retain_grad, *pins})))


class MakeUnique(Struct, frozen=True):
    """Give one use a definition of its own. `ids`: new ids for the group and for all that is in it (`ids_of`)."""

    instance_id: NodeId
    ids: Mapping[str, str]
    name: str
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Make unique"

    def apply(self, doc: Document) -> Document:
        group = _group_of(doc, self.instance_id)
        fault = name_fault(self.name)
        if fault or not is_used_elsewhere(doc, group.id, self.instance_id):
            raise Refused(fault or f"{group.name} is used only here")
        if any(old not in self.ids for old in ids_of(group)):
            raise Refused("each part of the group needs a new id")
        ids = {old: self.ids[old] for old in ids_of(group)}
        own = replace(renamed_group(group, ids), name=self.name)
        doc = with_node(with_group(doc, own), replace(find_node(doc, self.instance_id), group=own.id))
        places = {ids[n]: at for n in group.graph.nodes if (at := doc.layout.positions.get(n)) is not None}
        return replace(doc, layout=replace(doc.layout, positions=kept_positions(doc.layout.positions, places)))


def ids_of(group: Group) -> tuple[str, ...]:
    """Return the ids that a copy of a group needs anew: its own, those of its nodes and frames."""
    return (group.id, *group.graph.nodes, *group.graph.frames)


class RenameGroup(Struct, frozen=True):
    """Rename a definition; all its uses follow."""

    group_id: GroupId
    name: str
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Rename group"

    def apply(self, doc: Document) -> Document:
        group, fault = found_group(doc, self.group_id), name_fault(self.name)
        if fault:
            raise Refused(fault)
        return doc if group.name == self.name else with_group(doc, replace(group, name=self.name))


class AddInstance(Struct, frozen=True):
    """Use a group once more, with open ports; `home`: the group in whose definition."""

    group_id: GroupId
    node_id: NodeId
    block: BlockId
    position: tuple[int, int]
    home: GroupId | None = None
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Use the group again"

    def apply(self, doc: Document) -> Document:
        found_group(doc, self.group_id)
        node = Node(self.node_id, INSTANCE, group=self.group_id)
        doc = AddNode(node, self.block, self.position, home=self.home).apply(doc)
        if expanded_counts(doc)[0] > MAX_NODES:
            raise Refused(f"its groups would hold more than {MAX_NODES:,} nodes where they are used")
        return doc
