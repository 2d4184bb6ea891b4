"""Arrangement: nodes in layers from left to right, wires short, and a free place beside what is there."""

from __future__ import annotations

import math
from collections.abc import Collection

from gradstudio.document.document import Document
from gradstudio.document.graph import Graph, NodeId
from gradstudio.document.limits import MAX_POSITION

COLUMN, ROW = 240, 180  # canvas units from one layer, or node, to the next
SWEEPS = 4

Position = tuple[int, int]


def arranged(document: Document, ids: tuple[NodeId, ...] = ()) -> dict[NodeId, Position]:
    """Return positions for some nodes, or for all: layers by the longest way from a leaf, ordered by the middle of their neighbours."""
    graph = _graph_of(document, ids)
    wanted = set(ids)
    chosen = [n for n in graph.order if not ids or n in wanted]
    if not chosen:
        return {}
    layers = _layers(graph, chosen)
    before, after = _neighbours(graph, chosen)
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        _sweep(layers if forward else layers[::-1], before if forward else after)
    rows = {n: i - (len(layer) - 1) / 2 for layer in layers for i, n in enumerate(layer)}
    old = document.layout.positions
    left = min((old[n][0] for n in chosen if n in old), default=0)
    top = min((old[n][1] for n in chosen if n in old), default=0)
    high = min(rows.values())
    across = min(COLUMN, MAX_POSITION // len(layers))  # very deep, or very wide, graphs are drawn closer
    down = min(ROW, MAX_POSITION / (max(rows.values()) - high + 1))
    return {n: (left + column * across, top + round((rows[n] - high) * down)) for column, layer in enumerate(layers) for n in layer}


def arranged_in_lines(document: Document) -> dict[NodeId, Position]:
    """Return positions for all nodes with each block by itself: blocks follow each other in lines, as the words of a text do."""
    pieces = [arranged(document, ids) for ids in document.graph.blocks.values() if ids]
    sizes = [(max(x for x, _ in piece.values()) + COLUMN, max(y for _, y in piece.values()) + ROW) for piece in pieces]
    widest = max((width for width, _ in sizes), default=0)
    full = max(widest, math.isqrt(sum(width * height for width, height in sizes) * 8 // 5))  # about as wide as a window
    found: dict[NodeId, Position] = {}
    left = top = bottom = 0
    for piece, (width, height) in zip(pieces, sizes, strict=True):
        if left and left + width > full:
            left, top = 0, bottom + ROW
        found |= {n: (left + x, top + y) for n, (x, y) in piece.items()}
        left, bottom = left + width + COLUMN // 2, max(bottom, top + height)
    return found if max(full + COLUMN, bottom) <= MAX_POSITION else arranged(document)


def _graph_of(document: Document, ids: tuple[NodeId, ...]) -> Graph:
    """Return the graph that the nodes are in: the document's own, or that of a group."""
    graphs = (group.graph for group in document.groups.values())
    return next((graph for graph in graphs if ids and ids[0] in graph.nodes), document.graph)


def _layers(graph: Graph, chosen: list[NodeId]) -> list[list[NodeId]]:
    """Return the nodes in layers: each right of all it reads from its own block or an earlier one; a leaf just left of its first reader."""
    level: dict[NodeId, int] = {}
    for node in chosen:
        level[node] = max((level[ref.source] + 1 for _, ref in graph.nodes[node].refs() if ref.source in level), default=0)
    for node in reversed(chosen):
        if not graph.nodes[node].inputs:
            readers = [level[w.target] for w in graph.consumers.get(node, ()) if level.get(w.target, 0) > 0]
            level[node] = max(min(readers, default=1) - 1, 0)
    layers: list[list[NodeId]] = [[] for _ in range(max(level.values()) + 1)]
    for node in chosen:
        layers[level[node]].append(node)
    return [layer for layer in layers if layer]


def _neighbours(graph: Graph, chosen: list[NodeId]) -> tuple[dict[NodeId, list[NodeId]], dict[NodeId, list[NodeId]]]:
    before: dict[NodeId, list[NodeId]] = {n: [] for n in chosen}
    after: dict[NodeId, list[NodeId]] = {n: [] for n in chosen}
    for node in chosen:
        for _, ref in graph.nodes[node].refs():
            if ref.source in after:
                before[node].append(ref.source)
                after[ref.source].append(node)
    return before, after


def _sweep(layers: list[list[NodeId]], near: dict[NodeId, list[NodeId]]) -> None:
    """Sort each layer by the mean row of the neighbours on one side; a node without any keeps its row."""
    rows = {n: float(i) for layer in layers for i, n in enumerate(layer)}
    for layer in layers:
        means = {n: sum(rows[m] for m in near[n]) / len(near[n]) if near[n] else rows[n] for n in layer}
        layer.sort(key=means.__getitem__)
        rows.update((n, float(i)) for i, n in enumerate(layer))


def beside(document: Document, near: NodeId | None = None) -> Position:
    """Return a free place for a new node: right of a node (or of everything), below what already stands there."""
    positions = document.layout.positions
    if near is not None and near in positions:
        x, y = positions[near][0] + COLUMN, positions[near][1]
    else:
        x = max((p[0] for p in positions.values()), default=-COLUMN) + COLUMN
        y = min((p[1] for p in positions.values()), default=0)
    return _below(document, x, y)


def below(document: Document, near: NodeId | None = None) -> Position:
    """Return a free place for a new node below another one, or below the first column."""
    positions = document.layout.positions
    x, y = positions.get(near or "", min(positions.values(), default=(0, 0)))
    return _below(document, x, y)


def clear_of(taken: Collection[Position], piece: Collection[Position]) -> int:
    """Return how far down, in whole rows, a piece goes from where it is to cover none of the places that are taken."""
    wide, high = COLUMN * 3 // 4, ROW * 3 // 4
    covered = sorted((y - py - high, y - py + high) for x, y in taken for px, py in piece if abs(x - px) < wide)
    down = 0
    for start, end in covered:
        while start < down < end:
            down += ROW
    return down


def _below(document: Document, x: int, y: int) -> Position:
    """Return the first free place at or below a position."""
    positions = document.layout.positions
    taken = [p for p in positions.values() if abs(p[0] - x) < COLUMN * 3 // 4]
    while any(abs(p[1] - y) < ROW * 3 // 4 for p in taken):
        y += ROW
    return x, y
