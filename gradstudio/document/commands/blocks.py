"""Commands on blocks: make, rename, remove, move nodes between them."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from gradstudio.document.calls.call import Call
from gradstudio.document.calls.forward import Forward
from gradstudio.document.commands.command import graph_of, home_of, with_graph
from gradstudio.document.commands.references import with_calls
from gradstudio.document.commands.script import AppendCall
from gradstudio.document.document import Document
from gradstudio.document.graph import INPUT, LEAF, BlockId, CallId, Graph, NodeId
from gradstudio.document.order import frames_round, settled
from gradstudio.document.rules import Refused, name_fault
from gradstudio.document.storage import ordered_pairs


class NewBlock(Struct, frozen=True):
    """Make an empty block, and a Forward that runs it at the end of the script."""

    name: BlockId
    call_id: CallId
    gesture: int = 0

    @property
    def label(self) -> str:
        return f"New block {self.name}"

    def apply(self, doc: Document) -> Document:
        check_block_name(doc, self.name)
        graph = replace(doc.graph, blocks=doc.graph.blocks.set(self.name, ()))
        return AppendCall(Forward(id=self.call_id, block=self.name)).apply(replace(doc, graph=graph))


def check_block_name(doc: Document, name: BlockId) -> None:
    """Raise Refused if a name cannot be given to a new block."""
    fault = name_fault(name)
    if fault or name in doc.graph.blocks:
        raise Refused(fault or f"there is a block {name} already")


class MoveToBlock(Struct, frozen=True):
    """Move nodes to the end of another block, in their order. Whole frames go along; part of a frame cannot."""

    ids: tuple[NodeId, ...]
    block: BlockId
    gesture: int = 0

    @property
    def label(self) -> str:
        return f"Move to {self.block}"

    def apply(self, doc: Document) -> Document:
        graph = doc.graph
        if self.block not in graph.blocks:
            raise Refused(f"there is no block {self.block}")
        wanted = set(self.ids)
        moved = [n for n in graph.order if n in wanted and graph.block_of[n] != self.block]
        gone = frozenset(moved)
        taken = {frame for n in moved for frame in frames_round(graph, graph.nodes[n].frame)}
        left = {frame for n in graph.order if n not in gone for frame in frames_round(graph, graph.nodes[n].frame)}
        if taken & left:
            raise Refused("a frame lies in one block: take the whole frame, or unwrap it first")
        blocks = graph.blocks.update({b: tuple(n for n in ids if n not in gone) for b, ids in graph.blocks.items()})
        graph = replace(graph, blocks=blocks.set(self.block, (*blocks[self.block], *moved)))
        for wire in graph.wires:
            if wire.source.source in graph.nodes and (wire.target in gone or wire.source.source in gone):
                graph = settled(graph, doc.groups, wire.source.source, wire.target)
        return replace(doc, graph=graph)


class MoveStatement(Struct, frozen=True):
    """Let a statement run one place earlier (by -1) or later (by 1) in its block. Leaves are none: those between go along."""

    node_id: NodeId
    by: int
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Run earlier" if self.by < 0 else "Run later"

    def apply(self, doc: Document) -> Document:
        home = home_of(doc, self.node_id)
        graph = graph_of(doc, home)
        if graph.nodes[self.node_id].op in (LEAF, INPUT):
            raise Refused("leaves and inputs are there before the first statement")
        block = graph.block_of[self.node_id]
        ids = graph.blocks[block]
        low, high = self._stretch(graph, ids)
        part = ids[low:high]
        own = [n for n in part if n == self.node_id]
        passed = [n for n in part if (n != self.node_id and graph.nodes[n].op != LEAF) or n in self._framed(graph, part)]
        leaves = [n for n in part if n not in own and n not in passed]
        self._check(doc, graph, part, passed)
        new = (*leaves, *own, *passed) if self.by < 0 else (*leaves, *passed, *own)
        return with_graph(doc, home, replace(graph, blocks=graph.blocks.set(block, (*ids[:low], *new, *ids[high:]))))

    def _framed(self, graph: Graph, part: tuple[NodeId, ...]) -> set[NodeId]:
        """Return the nodes of a stretch that lie in a frame which the statement does not lie in."""
        depth = len(frames_round(graph, graph.nodes[self.node_id].frame))
        return {n for n in part if len(frames_round(graph, graph.nodes[n].frame)) > depth}

    def _stretch(self, graph: Graph, ids: tuple[NodeId, ...]) -> tuple[int, int]:
        """Return the part of the block from the statement to the end of the one that it passes: a node, or a whole frame."""
        at, chain = ids.index(self.node_id), frames_round(graph, graph.nodes[self.node_id].frame)
        step, end, passed = self.by, at + self.by, None
        while 0 <= end < len(ids):
            node = graph.nodes[ids[end]]
            item = frames_round(graph, node.frame)
            if item[: len(chain)] != chain:
                break
            inner = item[len(chain)] if len(item) > len(chain) else None
            if passed is not None and (inner is None or inner != passed):
                break
            if node.op == INPUT:
                break
            if passed is None and (inner is not None or node.op != LEAF):
                passed = inner or node.id
            end += step
        if passed is None:
            raise Refused(f"it is the {'first' if step < 0 else 'last'} statement of its {'frame' if chain else 'block'}")
        return (end + 1, at + 1) if step < 0 else (at, end)

    def _check(self, doc: Document, graph: Graph, part: tuple[NodeId, ...], passed: list[NodeId]) -> None:
        first, second = ({*passed}, {self.node_id}) if self.by < 0 else ({self.node_id}, {*passed})
        for n in second:
            for _, ref in graph.nodes[n].refs():
                if ref.source in first:
                    raise Refused("a statement cannot run before what it reads")
        if any(a in first and b in second for a, b in ordered_pairs(graph, doc.groups, part)):
            raise Refused("one of the two writes in place to what the other reads")


class RenameBlock(Struct, frozen=True):
    """Rename a block, in the calls that run it too."""

    block: BlockId
    name: BlockId
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Rename block"

    def apply(self, doc: Document) -> Document:
        if self.block == self.name:
            return doc
        check_block_name(doc, self.name)
        if self.block not in doc.graph.blocks:
            raise Refused(f"there is no block {self.block}")
        renamed = type(doc.graph.blocks)((self.name if b == self.block else b, ids) for b, ids in doc.graph.blocks.items())
        doc = replace(doc, graph=replace(doc.graph, blocks=renamed))
        return with_calls(doc, self._renamed)

    def _renamed(self, call: Call) -> Call:
        return replace(call, block=self.name) if isinstance(call, Forward) and runs(call, self.block) else call


def runs(call: Call, block: BlockId) -> bool:
    """Say whether a call is the Forward of a block."""
    return isinstance(call, Forward) and call.block == block


class RemoveBlock(Struct, frozen=True):
    """Remove an empty block, and the calls that run it."""

    block: BlockId
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Remove block"

    def apply(self, doc: Document) -> Document:
        if doc.graph.blocks.get(self.block, ()):
            raise Refused(f"the block {self.block} is not empty")
        if self.block not in doc.graph.blocks or len(doc.graph.blocks) == 1:
            raise Refused("a document has at least one block")
        doc = replace(doc, graph=replace(doc.graph, blocks=doc.graph.blocks.without((self.block,))))
        return with_calls(doc, lambda call: None if runs(call, self.block) else call)
