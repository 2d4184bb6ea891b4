"""Gathering: a selection is moved together in its block, where no reader passes a writer and nothing would read itself."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from gradstudio.document.frames import FrameId
from gradstudio.document.graph import INPUT, LEAF, Graph, NodeId
from gradstudio.document.order import frames_round, reached
from gradstudio.document.rules import Groups, Refused
from gradstudio.document.storage import ordered_pairs

CHOSEN = ""  # the selection as one item of the order


def frames_common(graph: Graph, chosen: frozenset[NodeId]) -> tuple[FrameId, ...]:
    """Return the frames round all of a selection, from outside in. Raises Refused if a frame lies in it only in part."""
    chains = [frames_round(graph, graph.nodes[n].frame) for n in chosen]
    shared = min(chains, key=len)
    depth = next((i for i, frame in enumerate(shared) if any(chain[i] != frame for chain in chains)), len(shared))
    inner = {frame for chain in chains for frame in chain[depth:]}
    for node in graph.nodes.values():
        rest = node.id not in chosen and node.op not in (LEAF, INPUT)
        if rest and not inner.isdisjoint(frames_round(graph, node.frame)):
            raise Refused("a frame would have to be split: take all of it, or unwrap it first")
    return shared[:depth]


def without_leaves_in(graph: Graph, chosen: frozenset[NodeId], common: tuple[FrameId, ...]) -> Graph:
    """Return the graph with the leaves in frames of a selection, and frames of leaves, taken out of these: grad mode is nothing to them."""
    inner = {f for n in chosen for f in frames_round(graph, graph.nodes[n].frame)} - set(common)
    outer = common[-1] if common else None
    lying = [node for node in graph.nodes.values() if node.id not in chosen and node.frame in inner]
    left = [replace(frame, parent=outer) for frame in graph.frames.values() if frame.id not in inner and frame.parent in inner]
    moved = graph.with_nodes(replace(node, frame=outer) for node in lying)
    return replace(moved, frames=moved.frames.update([(frame.id, frame) for frame in left])) if left else moved


def gathered(graph: Graph, groups: Groups, chosen: frozenset[NodeId], common: tuple[FrameId, ...]) -> Graph:
    """Return the graph with a selection of one block moved together; what lies between goes before it, unless it has to come after.

    Raises Refused with the reason where the selection cannot be brought together.
    """
    block = graph.block_of[next(iter(chosen))]
    ids = graph.blocks[block]
    places = [i for i, n in enumerate(ids) if n in chosen]
    low, high = places[0], places[-1] + 1
    if high - low == len(chosen):
        return graph
    region = ids[low:high]
    item = {n: CHOSEN if n in chosen else _item(graph, n, len(common)) for n in region}
    wires = [*_wires(graph, region)]
    pairs = [*wires, *ordered_pairs(graph, groups, region)]
    after = reached(_arrows(item, pairs), CHOSEN)
    before = reached(_arrows(item, [(b, a) for a, b in pairs]), CHOSEN)
    if (after & before) - {CHOSEN}:
        raise Refused(_reason(graph, item, wires))
    first = [n for n in region if n not in chosen and item[n] not in after]
    last = [n for n in region if n not in chosen and item[n] in after]
    together = (*ids[:low], *first, *(n for n in region if n in chosen), *last, *ids[high:])
    return replace(graph, blocks=graph.blocks.set(block, together))


def _item(graph: Graph, node: NodeId, depth: int) -> str:
    return next(iter(frames_round(graph, graph.nodes[node].frame)[depth:]), node)


def _wires(graph: Graph, region: tuple[NodeId, ...]) -> Iterator[tuple[NodeId, NodeId]]:
    inside = set(region)
    return ((ref.source, n) for n in region for _, ref in graph.nodes[n].refs() if ref.source in inside)


def _arrows(item: dict[NodeId, str], pairs: list[tuple[NodeId, NodeId]]) -> dict[str, set[str]]:
    arrows: dict[str, set[str]] = {}
    for a, b in pairs:
        if item[a] != item[b]:
            arrows.setdefault(item[a], set()).add(item[b])
    return arrows


def _reason(graph: Graph, item: dict[NodeId, str], wires: list[tuple[NodeId, NodeId]]) -> str:
    after = reached(_arrows(item, wires), CHOSEN)
    before = reached(_arrows(item, [(b, a) for a, b in wires]), CHOSEN)
    between = next((n for n in item if item[n] != CHOSEN and item[n] in after & before), None)
    if between is not None:
        return f"{graph.nodes[between].name or graph.nodes[between].op} reads the selection and is read by it: select it too"
    return "a node would have to move past one that writes in place to what it reads"
