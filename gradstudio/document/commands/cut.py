"""Cut: what a selection becomes as a group, seen before anything is changed."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from msgspec.structs import replace

from gradstudio.document.calls.grad import Grad
from gradstudio.document.commands.command import graph_of, home_of
from gradstudio.document.document import Document
from gradstudio.document.frames import Frame
from gradstudio.document.gather import frames_common, gathered, without_leaves_in
from gradstudio.document.gradients import DETACH, goes_on, hands_on, input_passes
from gradstudio.document.graph import INPUT, LEAF, Node, NodeId, Ref
from gradstudio.document.order import frames_round
from gradstudio.document.rules import Refused, name_fault, output_count


class Cut:
    """What a selection becomes as a group: its nodes, what it takes and what it gives out. Raises Refused with the reason."""

    def __init__(self, doc: Document, ids: Iterable[NodeId]) -> None:
        wanted = [*dict.fromkeys(ids)]
        if not wanted:
            raise Refused("select the nodes to group")
        self.doc, self.home = doc, home_of(doc, wanted[0])
        self.whole = graph_of(doc, self.home)
        if any(n not in self.whole.nodes for n in wanted):
            raise Refused("a group is made of nodes of one graph")
        ops = frozenset(n for n in wanted if self.whole.nodes[n].op not in (LEAF, INPUT))
        if not ops:
            raise Refused("select at least one op: leaves stay outside a group, as its inputs")
        if len({self.whole.block_of[n] for n in ops}) > 1:
            raise Refused("the selection lies in several blocks, and a group lies in one")
        self.chosen = ops | frozenset(n for n in self.whole.nodes if self._is_between(n, ops))
        self.common = frames_common(self.whole, self.chosen)
        self.graph = gathered(without_leaves_in(self.whole, self.chosen, self.common), doc.groups, self.chosen, self.common)
        self.block = self.graph.block_of[next(iter(ops))]
        self.ids = tuple(n for n in self.graph.blocks[self.block] if n in self.chosen)

    def _is_between(self, node_id: NodeId, ops: frozenset[NodeId]) -> bool:
        """Say whether a node is an unnamed detach on a wire within the selection: it is drawn as scissors, and hard to select."""
        node, readers = self.whole.nodes[node_id], self.whole.consumers.get(node_id, ())
        if node.op != DETACH or node.name or not readers:
            return False
        return all(ref.source in ops for _, ref in node.refs()) and all(wire.target in ops for wire in readers)

    @cached_property
    def inputs(self) -> tuple[Ref, ...]:
        """The tensors that come from outside, in the order in which they are first read."""
        refs = (ref for n in self.ids for _, ref in self.graph.nodes[n].refs())
        return tuple(dict.fromkeys(ref for ref in refs if ref.source not in self.chosen))

    @cached_property
    def outputs(self) -> tuple[Ref, ...]:
        """The tensors that are read outside, and those that nothing inside goes on with, in stored order."""
        read = {replace(ref, grad=False) for ref in self._read_outside()}
        given = [ref for n in self.ids for ref in self._given(self.graph.nodes[n], read)]
        return tuple(dict.fromkeys(given))

    def _read_outside(self) -> list[Ref]:
        found = [w.source for w in self.graph.wires if w.source.source in self.chosen and w.target not in self.chosen]
        used = [ref for call in self.doc.calls() for ref in call.refs()] + [ref for o in self.doc.optimizers.values() for ref in o.params]
        kept = used if self.home is None else [*self.doc.groups[self.home].outputs]
        return found + [ref for ref in kept if ref.source in self.chosen]

    def _given(self, node: Node, read: set[Ref]) -> list[Ref]:
        given = sorted((ref for ref in read if ref.source == node.id), key=lambda ref: ref.out)
        readers = self.graph.consumers.get(node.id, ())
        is_end = not readers or (
            hands_on(self.graph, node) and input_passes(node, 0) and not any(goes_on(self.graph, w) for w in readers)
        )
        return given if given or not is_end or output_count(node, self.doc.groups) == 0 else [Ref(node.id)]

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes of the group, in stored order."""
        return tuple(self.graph.nodes[n] for n in self.ids)

    @cached_property
    def frames(self) -> tuple[Frame, ...]:
        """The frames that lie in the selection."""
        inside = {f for node in self.nodes for f in frames_round(self.graph, node.frame)} - set(self.common)
        return tuple(frame for frame in self.graph.frames.values() if frame.id in inside)

    def name_of(self, ref: Ref) -> str | None:
        """Return the name that an input gets from what it reads."""
        if ref.source in self.graph.nodes:
            name = name_at(self.graph.nodes[ref.source], ref.out)
        else:
            names = next((c.names for c in self.doc.calls() if c.id == ref.source and isinstance(c, Grad)), ())
            name = names[ref.out] if ref.out < len(names) else None
        named = f"{name}_grad" if name and ref.grad else name
        return named if named and name_fault(named) is None else None


def inputs_needed(doc: Document, ids: Iterable[NodeId]) -> int:
    """Return how many inputs a selection gets as a group. Raises Refused where it cannot be one."""
    return len(Cut(doc, ids).inputs)


def name_at(node: Node, out: int) -> str | None:
    """Return the name of an output."""
    return node.names[out] if out < len(node.names) else None
