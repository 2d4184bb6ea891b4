"""Statements: the nodes of a block as lines. What has no name goes into the line that reads it, where Python evaluates in stored order."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from msgspec import Struct

from gradstudio.code.names import Key
from gradstudio.document.frames import FrameId
from gradstudio.document.graph import INPUT, LEAF, Graph, Node, NodeId, Ref

DEEPEST = 30  # expressions within expressions: Python's parser has an end

ReadsInOrder = Callable[[Node], "list[Ref]"]


class Statement(Struct, frozen=True):
    """A node as a line of its own, with the nodes written inside it, in the order of evaluation. `skip`: why it is a comment."""

    node: NodeId
    nodes: tuple[NodeId, ...] = ()
    frames: tuple[FrameId, ...] = ()
    depth: int = 0
    skip: str = ""


@dataclass
class Arranger:
    """Puts the nodes of one graph into statements. `uses`: how often each tensor is read; one that must have a name counts twice."""

    graph: Graph
    uses: Mapping[Key, int]
    outputs: Callable[[Node], int]
    reads: ReadsInOrder
    done: list[Statement] = field(default_factory=list)
    pending: list[Statement] = field(default_factory=list)

    def block(self, ids: Iterable[NodeId], skips: Mapping[NodeId, str]) -> None:
        """Arrange the nodes of a block; what is still pending at its end may go into the next call."""
        for node_id in ids:
            node = self.graph.nodes[node_id]
            if node_id in skips:
                self.done.append(Statement(node_id, (node_id,), self.frames(node), skip=skips[node_id]))
            elif node.op == LEAF:
                if node.fresh:
                    self.flush()
                    self.done.append(Statement(node_id, (node_id,), self.frames(node)))
            elif node.op != INPUT:
                self._statement(node)

    def _statement(self, node: Node) -> None:
        frames = self.frames(node)
        if self.pending and self.pending[-1].frames != frames:
            self.flush()
        inner = self.take([ref.source for ref in self.reads(node)])
        depth = 1 + max((item.depth for item in inner), default=0)
        made = Statement(node.id, (*(n for item in inner for n in item.nodes), node.id), frames, depth)
        if depth >= DEEPEST or not self._goes_inside(node):
            self.flush()
            self.done.append(made)
        else:
            self.pending.append(made)

    def take(self, order: Collection[NodeId]) -> list[Statement]:
        """Take out the pending statements that a reader evaluates last, in its order; as few others as can be get a line before it."""
        places = {item.node: i for i, item in enumerate(self.pending)}
        wanted = [places[source] for source in order if source in places]
        for cut in (0, *sorted(place + 1 for place in wanted)):
            left = [place for place in wanted if place >= cut]
            if left == [*range(len(self.pending) - len(left), len(self.pending))]:
                break
        self.done += self.pending[:cut]
        taken = self.pending[len(self.pending) - len(left) :] if left else []
        self.pending = self.pending[cut : len(self.pending) - len(left)]
        return taken

    def flush(self) -> None:
        """Give every pending statement a line of its own."""
        self.done += self.pending
        self.pending = []

    def frames(self, node: Node) -> tuple[FrameId, ...]:
        """Return the frames round a node, from outside in."""
        found: list[FrameId] = []
        frame = node.frame
        while frame is not None and frame not in found:
            found.insert(0, frame)
            frame = self.graph.frames[frame].parent
        return tuple(found)

    def _goes_inside(self, node: Node) -> bool:
        alone = self.outputs(node) == 1 and not any(node.names) and not node.retain_grad
        return alone and self.uses.get((node.id, 0), 0) == 1


def count_uses(graph: Graph, others: Iterable[Ref]) -> dict[Key, int]:
    """Return how often each tensor is read by the nodes of a graph and by others; a read of its `.grad` counts twice."""
    found: dict[Key, int] = {}
    inside = (ref for node in graph.nodes.values() for _, ref in node.refs())
    for refs in (inside, others):
        for ref in refs:
            key = (ref.source, ref.out)
            found[key] = found.get(key, 0) + 1 + ref.grad
    return found
