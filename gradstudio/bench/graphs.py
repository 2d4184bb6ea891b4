"""Documents to measure with: a chain that is stepped through, and layers of nodes as large graphs have them."""

from __future__ import annotations

import math
import random

import numpy as np

from gradstudio.document.calls.backward import Backward
from gradstudio.document.calls.forward import Forward
from gradstudio.document.document import MAIN, Document, Layout
from gradstudio.document.graph import LEAF, Array, Graph, Literal, Node, Ref
from gradstudio.document.map import Map
from gradstudio.document.script import Section, Statement

CHAIN_OPS = ("mul", "tanh", "add", "sin")  # of a chain in turn: two with a second operand, two without
COLUMN, ROW = 260, 200  # canvas units between nodes of a layer, and between layers
NEAR = 0.95  # share of wires that come from the layer before
SPREAD = 2  # rows that such a wire goes up or down
Link = tuple[int, int, int]  # source, target, operand


def chain(nodes: int, shape: tuple[int, ...] = ()) -> Document:
    """Return two leaves of a shape and a chain of ops, summed where it is no number: forward, then backward."""
    x = Node("n1", LEAF, value=frozen(np.full(shape, 0.7, np.float32)), requires_grad=True)
    w = Node("n2", LEAF, value=frozen(np.full(shape, 1.1, np.float32)), requires_grad=True)
    made = [x, w]
    while len(made) < nodes - bool(shape):
        last, op = Ref(made[-1].id if len(made) > 2 else "n1"), CHAIN_OPS[len(made) % 4]
        made.append(Node(f"n{len(made) + 1}", op, (last, Ref("n2")) if op in ("mul", "add") else (last,)))
    if shape:
        made.append(Node(f"n{nodes}", "sum", (Ref(made[-1].id),)))
    return document(made, [(i * COLUMN, 0) for i in range(len(made))])


def layers(nodes: int, seed: int = 7) -> Document:
    """Return a graph in layers with one and a half wires a node: the graph that canvases are compared on."""
    return laid_out(*layered(nodes, seed))


def laid_out(places: list[tuple[int, int]], links: list[Link]) -> Document:
    """Return the document of nodes at places that read each other as links say."""
    inputs: list[list[Ref | Literal]] = [[] for _ in places]
    for source, target, _ in links:
        inputs[target].append(Ref(f"n{source + 1}"))
    made = [_layer_node(i, refs) for i, refs in enumerate(inputs)]
    return document(made, places)


def _layer_node(i: int, inputs: list[Ref | Literal]) -> Node:
    if not inputs:
        value = frozen(np.array(0.5 + i % 7 / 10, np.float32))
        return Node(f"n{i + 1}", LEAF, value=value, requires_grad=True)
    return Node(f"n{i + 1}", "tanh" if len(inputs) == 1 else ("mul", "add")[i % 2], tuple(inputs))


def layered(nodes: int, seed: int = 7) -> tuple[list[tuple[int, int]], list[Link]]:
    """Return places and links: most go from one layer to the next, near by, every second node has two inputs."""
    draw = random.Random(seed)
    rows = max(4, int(math.sqrt(nodes * 0.9)))
    places = [(i // rows * COLUMN, i % rows * ROW) for i in range(nodes)]
    links: list[Link] = []
    for i in range(rows, nodes):
        for operand in range(1 + (draw.random() < 0.5 + 0.5 * rows / nodes)):
            links.append((_source(draw, i, rows), i, operand))
    return places, links


def _source(draw: random.Random, i: int, rows: int) -> int:
    layer, row = divmod(i, rows)
    if draw.random() < NEAR:
        return (layer - 1) * rows + min(rows - 1, max(0, row + draw.randint(-SPREAD, SPREAD)))
    return draw.randrange(layer * rows)


def document(nodes: list[Node], places: list[tuple[int, int]]) -> Document:
    """Return a document of nodes at places: forward, then backward from every node that nothing reads."""
    graph = Graph(Map((n.id, n) for n in nodes), Map({MAIN: tuple(n.id for n in nodes)}))
    roots = tuple(Ref(n.id) for n in nodes if n.op != LEAF and n.id not in graph.consumers)
    calls: tuple[Statement, ...] = (Forward(id="c1", block=MAIN), Backward(id="c2", roots=roots))
    layout = Layout(positions=Map(zip((n.id for n in nodes), places, strict=True)))
    return Document(graph=graph, script=(Section("", calls),), layout=layout)


def frozen(array: Array) -> Array:
    """Return an array that nobody may write."""
    array.setflags(write=False)
    return array
