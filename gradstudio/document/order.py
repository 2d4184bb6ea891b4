"""Stored order: where a node is put, and the least move that lets a source stand before its reader (after Pearce and Kelly)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from gradstudio.document.frames import FrameId
from gradstudio.document.graph import INPUT, LEAF, BlockId, Graph, NodeId
from gradstudio.document.rules import Groups, Refused
from gradstudio.document.storage import ordered_pairs

Arrows = dict[str, set[str]]  # item -> the items that must come after it


def frames_round(graph: Graph, frame: FrameId | None) -> tuple[FrameId, ...]:
    """Return a frame and those round it, from outside in."""
    if frame is None:
        return ()
    found: list[FrameId] = []
    while frame is not None and frame in graph.frames:
        found.append(frame)
        frame = graph.frames[frame].parent
    return tuple(reversed(found))


def inserted(graph: Graph, block: BlockId, node_id: NodeId, index: int | None = None) -> Graph:
    """Return the graph with a node (already among its nodes) put into a block near an index; None: at the end.

    A frame stays together: a node of the frame is put within it, another is put before the frame that index lies in.
    """
    ids = graph.blocks[block]
    chain = frames_round(graph, graph.nodes[node_id].frame)
    low, high = 0, len(ids)
    for depth, frame in enumerate(chain):
        members = [i for i in range(low, high) if frames_round(graph, graph.nodes[ids[i]].frame)[depth : depth + 1] == (frame,)]
        if not members:
            break
        low, high = members[0], members[-1] + 1
    else:
        depth = len(chain)
    at = high if index is None else min(max(index, low), high)
    depth = depth if chain else 0
    while low < at < high and _same_item(graph, ids[at - 1], ids[at], depth):
        at -= 1
    return replace(graph, blocks=graph.blocks.set(block, (*ids[:at], node_id, *ids[at:])))


def _same_item(graph: Graph, a: NodeId, b: NodeId, depth: int) -> bool:
    first, second = (frames_round(graph, graph.nodes[n].frame)[depth : depth + 1] for n in (a, b))
    return bool(first) and first == second


def settled(graph: Graph, groups: Groups, source: NodeId, target: NodeId) -> Graph:
    """Return the graph with source stored before target, if they are in one block. Raises Refused where that cannot be."""
    if source == target:
        raise Refused("a node cannot read itself")
    block = graph.block_of.get(target)
    if block is None or graph.block_of.get(source) != block or graph.order[source] < graph.order[target]:
        return graph
    region = Region(graph, groups, block, source, target)
    ids = graph.blocks[block]
    return replace(graph, blocks=graph.blocks.set(block, (*ids[: region.low], *region.reordered(), *ids[region.high :])))


class Region:
    """The stretch of a block from a target to a later source: all that a move can touch. Its items are nodes, or whole frames."""

    def __init__(self, graph: Graph, groups: Groups, block: BlockId, source: NodeId, target: NodeId) -> None:
        self._graph, self._groups = graph, groups
        self._ends = source, target
        ids = graph.blocks[block]
        chains = [frames_round(graph, graph.nodes[end].frame) for end in (source, target)]
        self._depth = next((i for i, pair in enumerate(zip(*chains, strict=False)) if pair[0] != pair[1]), min(map(len, chains)))
        start = graph.order[ids[0]]
        self.low, self.high = graph.order[target] - start, graph.order[source] - start + 1
        while self.low > 0 and self._item(ids[self.low - 1]) == self._item(target):
            self.low -= 1
        while self.high < len(ids) and self._item(ids[self.high]) == self._item(source):
            self.high += 1
        self._ids = ids[self.low : self.high]
        self._items = {n: self._item(n) for n in self._ids}
        self._place = {n: i for i, n in enumerate(self._ids)}

    def reordered(self) -> tuple[NodeId, ...]:
        """Return the ids with what the source needs moved up, or what needs the target moved down: whichever moves fewer ops."""
        source, target = (self._items[end] for end in self._ends)
        wires = [*self._wires()]
        pairs = [*wires, *ordered_pairs(self._graph, self._groups, self._ids)]
        after, before = self._arrows(pairs), self._arrows((b, a) for a, b in pairs)
        needing = reached(after, target)
        if source in needing:
            raise Refused(self._reason(wires, source, target))
        needed = reached(before, source)
        up = [n for n in self._ids if self._items[n] in needed]
        down = [n for n in self._ids if self._items[n] in needing]
        if self._cost(up) <= self._cost(down):
            moved = set(up)
            return (*up, *(n for n in self._ids if n not in moved))
        moved = set(down)
        return (*(n for n in self._ids if n not in moved), *down)

    def _item(self, node: NodeId) -> str:
        frame = self._graph.nodes[node].frame
        return node if frame is None else next(iter(frames_round(self._graph, frame)[self._depth :]), node)

    def _wires(self) -> Iterator[tuple[NodeId, NodeId]]:
        """Yield the wires within the region that the order already obeys, as (source, target)."""
        for node_id, place in self._place.items():
            for _, ref in self._graph.nodes[node_id].refs():
                if self._place.get(ref.source, place) < place:
                    yield ref.source, node_id

    def _arrows(self, pairs: Iterable[tuple[NodeId, NodeId]]) -> Arrows:
        arrows: Arrows = {}
        for a, b in pairs:
            first, second = self._items[a], self._items[b]
            if first != second:
                arrows.setdefault(first, set()).add(second)
        return arrows

    def _cost(self, moved: list[NodeId]) -> int:
        return sum(self._graph.nodes[n].op not in (LEAF, INPUT) for n in moved)

    def _reason(self, wires: list[tuple[NodeId, NodeId]], source: str, target: str) -> str:
        arrows: Arrows = {}
        for a, b in wires:
            arrows.setdefault(a, set()).add(b)
        if self._ends[0] in reached(arrows, self._ends[1]):
            return "this would close a circle: the node already feeds what it would read"
        if source in reached(self._arrows(wires), target):
            return "a frame would have to be split: some of it comes before, some after"
        return "a node would have to move past one that writes in place to what it reads"


def reached(arrows: Arrows, start: str) -> set[str]:
    """Return start and all that arrows lead to from it."""
    found, waiting = {start}, [start]
    while waiting:
        for item in arrows.get(waiting.pop(), ()):
            if item not in found:
                found.add(item)
                waiting.append(item)
    return found


def first_fault(graph: Graph, block: BlockId) -> tuple[NodeId, NodeId] | None:
    """Return the first (reader, source) of a block where the source is not stored before its reader; None: the order is valid."""
    place = {n: i for i, n in enumerate(graph.blocks[block])}
    for node_id, i in place.items():
        for _, ref in graph.nodes[node_id].refs():
            if place.get(ref.source, -1) >= i:
                return node_id, ref.source
    return None


def split_frame(graph: Graph, block: BlockId) -> FrameId | None:
    """Return a frame whose nodes do not lie together in the block, if there is one."""
    if not graph.frames:
        return None
    closed: set[FrameId] = set()
    last: tuple[FrameId, ...] = ()
    for node_id in graph.blocks[block]:
        chain = frames_round(graph, graph.nodes[node_id].frame)
        for frame in last:
            if frame not in chain:
                closed.add(frame)
        torn = next((frame for frame in chain if frame in closed), None)
        if torn is not None:
            return torn
        last = chain
    return None
