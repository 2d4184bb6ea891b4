"""Random documents: small, valid, and odd in every way that export has to mind (names, frames, groups, blocks, loops, sections)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
from msgspec.structs import replace

from gradstudio.document import codec
from gradstudio.document.calls import (
    Backward,
    Forward,
    Grad,
    Hook,
    OptimizerStep,
    OptimizerZero,
    Print,
    SeedGenerator,
    SetGradEnabled,
    SetGradNone,
    SetRequiresGrad,
    SetValue,
    ZeroGrad,
)
from gradstudio.document.document import Document, Optimizer
from gradstudio.document.frames import Frame
from gradstudio.document.graph import Graph, Literal, Node, Recipe, Ref
from gradstudio.document.groups import Group
from gradstudio.document.map import Map
from gradstudio.document.script import Repeat, Section

NAMES = ("x", "y", "z", "w", "h", "sum", "torch", "F", "main", "update", "f1", "print", "error", "optimizer", "x_1", "_1", "_")
SHAPES: tuple[tuple[int, ...], ...] = ((), (), (3,), (2, 3), (1,))
BINARY = ("add", "sub", "mul", "div", "maximum", "gt", "eq")
UNARY = ("neg", "exp", "sin", "tanh", "relu", "sigmoid", "abs", "square", "detach", "clone", "sum", "mean", "flatten")
IN_PLACE = ("add_", "sub_", "mul_")
WRITING = ("zero_", "neg_", "exp_", "relu_", "sigmoid_")
VIEWS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("t", {}), ("unsqueeze", {"dim": 0}), ("expand", {"shape": (2, 3)}), ("detach", {}), ("clone", {}),
)  # fmt: skip


class Maker:
    """Makes one random document. What is random comes from `draw` alone.

    `rich`: with all that a run can record and that export leaves to others: create_graph, hooks, several roots, results of
    autograd.grad as operands, writes into views and into what came into a group.
    """

    def __init__(self, draw: Random, rich: bool = False) -> None:
        self.draw, self.rich = draw, rich
        self.count = dict.fromkeys("ncfgo", 0)
        self.many: dict[str, int] = {}  # outputs of nodes with more than one
        self.given = False  # whether there is a call whose results the later blocks read
        self.losses: list[Ref] = []
        self.computed: set[str] = set()  # ops and inputs of groups, which may be written even where they require grad

    def id(self, letter: str) -> str:
        self.count[letter] += 1
        return f"{letter}{self.count[letter]}"

    def often(self, chance: float) -> bool:
        return self.draw.random() < chance

    # ---- nodes

    def leaf(self, fresh: bool = False) -> Node:
        dtype = self.draw.choice(("float32", "float32", "float32", "float64", "int64"))
        shape = self.draw.choice(SHAPES)
        if self.rich and self.often(0.9):
            dtype, shape = "float32" if dtype == "int64" else dtype, self.draw.choice(((), (3,)))
        value: Any = (
            np.array([self.draw.choice((0.1, 1.1, -0.7, 2.0, 3.0, 0.5)) for _ in range(int(np.prod(shape)))]).reshape(shape).astype(dtype)
        )
        if dtype == "float32" and self.often(0.2):
            value = Recipe(self.draw.choice(("randn", "rand", "ones")), shape, dtype)
        return Node(self.id("n"), "leaf", names=self.names(), value=value, requires_grad=dtype != "int64" and self.often(0.7), fresh=fresh)

    def names(self, chance: float = 0.6) -> tuple[str | None, ...]:
        return (self.draw.choice(NAMES),) if self.often(chance) else ()

    def source(self, known: list[Ref]) -> Ref:
        recent = known[-4:] if self.often(0.7) else known
        return self.draw.choice(recent)

    def operand(self, known: list[Ref]) -> Ref | Literal | None:
        if self.often(0.02):
            return None
        return Literal(self.draw.choice((2, 0.5, -1.5, 3))) if self.often(0.2) else self.source(known)

    def op(self, known: list[Ref]) -> Node:
        kind = self.draw.random()
        x: Any = self.source(known) if not self.often(0.02) else None
        node = Node(self.id("n"), "neg", (x,), names=self.names(0.45))
        if self.rich:
            self.computed.add(node.id)
            if self.often(0.3):
                return self.rich_op(node, known)
        if kind < 0.45:
            op = self.draw.choice(BINARY)
            y = self.source(known) if op == "maximum" else self.operand(known)
            self.many[node.id] = op not in ("gt", "eq")  # nothing reads a bool: what PyTorch says of one is the engine's matter
            pair = (y, x) if isinstance(y, Literal) and self.often(0.3) and op not in ("gt", "eq") else (x, y)
            return replace(node, op=op, inputs=pair)
        if kind < 0.55:
            return replace(node, op="pow", inputs=(x, Literal(self.draw.choice((2, 3, -1, 0.5)))))
        if kind < 0.60:
            return replace(node, op="stack", inputs=((x, x if self.often(0.5) else self.source([x or known[0]])),))
        if kind < 0.64:
            self.many[node.id] = 2
            return replace(node, op="max", attrs=Map({"dim": 0}), names=(self.draw.choice(NAMES), None) if self.often(0.5) else ())
        if kind < 0.70:
            return replace(node, op=self.draw.choice(IN_PLACE), inputs=(x, self.operand(known)))
        if kind < 0.73:
            return replace(node, op="index", inputs=(x, Literal(self.draw.choice((..., None, (..., None))))))
        return replace(node, op=self.draw.choice(UNARY), retain_grad=(0,) if self.often(0.1) else ())

    def rich_op(self, node: Node, known: list[Ref]) -> Node:
        kind = self.draw.random()
        made = [ref for ref in known if ref.source in self.computed and not ref.grad]
        if kind < 0.4 and made:
            x = self.source(made)
            return replace(node, op=self.draw.choice(WRITING), inputs=(x,))
        if kind < 0.5 and made:
            return replace(node, op="copy_", inputs=(self.source(made), self.source(known)))
        if kind < 0.52:
            self.many[node.id] = 2
            return replace(node, op="chunk", names=())
        op, attrs = self.draw.choice(VIEWS)
        return replace(node, op=op, attrs=Map(attrs))

    def loss(self, known: list[Ref]) -> list[Node]:
        """Return nodes that make a number of what a block made, from which a pass can start, and one of second order."""
        mean = Node(self.id("n"), "mean", (self.source(known),))
        square = Node(self.id("n"), "square", (Ref(mean.id),), names=("loss",))
        self.losses.append(Ref(square.id))
        return [mean, square]

    def refs(self, node: Node) -> list[Ref]:
        return [Ref(node.id, out) for out in range(self.many.get(node.id, 1))]

    # ---- graphs

    def group(self, inner: list[Group]) -> Group:
        inputs = [Node(self.id("n"), "input", names=self.names(0.8)) for _ in range(self.draw.randint(1, 2))]
        known = [Ref(node.id) for node in inputs]
        self.computed.update(node.id for node in inputs)
        nodes = list(inputs)
        for _ in range(self.draw.randint(1, 5)):
            node = self.leaf(fresh=True) if self.often(0.1) else self.use(inner, known) if inner and self.often(0.2) else self.op(known)
            nodes.append(node)
            known += self.refs(node)
        frames, nodes = self.framed(nodes)
        outputs = tuple(self.source(known) for _ in range(self.draw.choice((1, 1, 2))))
        graph = Graph(Map((n.id, n) for n in nodes), Map({"body": tuple(n.id for n in nodes)}), frames)
        name = self.draw.choice(("f1", "penalty", "x", "main"))
        return Group(self.id("g"), name, graph, tuple(n.id for n in inputs), outputs)

    def use(self, groups: list[Group], known: list[Ref]) -> Node:
        group = self.draw.choice(groups)
        node = Node(self.id("n"), "instance", tuple(self.source(known) for _ in group.inputs), names=self.names(0.5), group=group.id)
        self.many[node.id] = len(group.outputs)
        return node

    def framed(self, nodes: list[Node]) -> tuple[Map[str, Frame], list[Node]]:
        if len(nodes) < 4 or self.often(0.6):
            return Map(), nodes
        start = self.draw.randint(0, len(nodes) - 2)
        end = self.draw.randint(start + 1, len(nodes))
        outer = Frame(self.id("f"), self.draw.choice(("no_grad", "no_grad", "enable_grad")))
        frames = {outer.id: outer}
        inner = Frame(self.id("f"), "enable_grad", outer.id) if self.often(0.3) else outer
        frames[inner.id] = inner
        middle = self.draw.randint(start, end)
        ids = [outer.id if start <= i < middle else inner.id if middle <= i < end else None for i in range(len(nodes))]
        changed = [replace(n, frame=f) if n.op not in ("leaf", "input") else n for n, f in zip(nodes, ids, strict=True)]
        return Map(frames), _contiguous(changed)

    def document(self) -> Document:
        groups: list[Group] = []
        for _ in range(self.draw.choice((0, 0, 1, 2))):
            groups.append(self.group(groups))
        known: list[Ref] = []
        blocks: dict[str, list[Node]] = {}
        frames: dict[str, Frame] = {}
        grads: list[Ref] = []
        self.result = self.id("c") if self.rich else ""
        for name in self.draw.choice((("main",), ("main",), ("main", "update"), ("main", "sum"))):
            nodes = [self.leaf() for _ in range(self.draw.randint(1 if known else 2, 3))]
            known += [Ref(n.id) for n in nodes]
            if self.rich and blocks:
                known += [Ref(self.result, 0), Ref(self.result, 1)]
            grads += [Ref(n.id, 0, True) for n in nodes if n.requires_grad]
            for _ in range(self.draw.randint(1, 8)):
                pool = [*known, self.draw.choice(grads)] if grads and name != "main" else known
                node = self.use(groups, known) if groups and self.often(0.25) else self.op(pool)
                nodes.append(node)
                known += self.refs(node)
                if self.often(0.05):
                    nodes.append(self.leaf(fresh=True))
                    known.append(Ref(nodes[-1].id))
            more, nodes = self.framed(nodes)
            if self.rich:
                nodes += self.loss(known)
            frames |= more
            blocks[name] = nodes
        graph = Graph(
            Map((n.id, n) for nodes in blocks.values() for n in nodes),
            Map((b, tuple(n.id for n in nodes)) for b, nodes in blocks.items()),
            Map(frames),
        )
        self.known, self.blocks = [ref for ref in known if ref.source != self.result], list(blocks)
        self.groups = groups
        self.leaves = [Ref(n.id) for n in graph.nodes.values() if n.op == "leaf" and not n.fresh]
        floats = [r for r in self.leaves if graph.nodes[r.source].requires_grad] or self.leaves
        self.trained = floats
        optimizer = Optimizer(self.id("o"), "SGD", tuple(floats[:2]), Map({"lr": 0.1, "momentum": 0.9}))
        if self.rich and self.often(0.5):
            optimizer = replace(optimizer, kind=self.draw.choice(("Adam", "Rprop")), options=Map({"lr": 0.1}))
        self.optimizer = optimizer.id
        sections = self.draw.choice((1, 1, 1, 2, 3)) + self.rich
        script = tuple(
            Section(self.draw.choice(("", "one", "two\nlines")), self.body(first=i == 0 or self.rich)) for i in range(sections)
        )
        document = Document(3, graph, Map((g.id, g) for g in groups), script, Map({optimizer.id: optimizer}))
        return codec.document_from(codec.tree(document))

    # ---- the script

    def body(self, first: bool = False, depth: int = 0) -> tuple[Any, ...]:
        found: list[Any] = [Forward(id=self.id("c"), block="main")] if first and self.often(0.9) else []
        if self.rich and not depth and not self.given:
            self.given = True
            found += [*self.hooks(), self.grad_with_a_graph()]
        for _ in range(self.draw.randint(1, 5)):
            if depth < 2 and self.often(0.15):
                found.append(Repeat(self.id("c"), self.draw.choice((0, 1, 2, 3)), self.body(self.often(0.5), depth + 1)))
            else:
                found.append(self.call())
        return tuple(found)

    def call(self) -> Any:
        made, ref = {"id": self.id("c"), "enabled": not self.often(0.03)}, self.draw.choice(self.known)
        leaf = self.draw.choice(self.leaves)
        if self.losses and self.often(0.7):
            ref = self.draw.choice(self.losses)
        kinds = [
            lambda: Forward(block=self.draw.choice(self.blocks), **made),
            lambda: Forward(block=self.blocks[-1], **made),
            lambda: Backward(roots=(ref,), retain_graph=self.draw.choice((None, True)), **made),
            lambda: Backward(roots=(ref,), seeds=(Literal(1.0) if self.often(0.5) else None,), retain_graph=True, **made),
            lambda: Backward(automatic=True, retain_graph=self.draw.choice((None, True)), **made),
            lambda: Backward(automatic=True, **made),
            lambda: ZeroGrad(targets=(leaf,), **made),
            lambda: SetGradNone(targets=tuple(self.leaves[:2]), **made),
            lambda: SetValue(target=leaf, value=np.float32(1.25).reshape(()) if self.often(0.5) else Literal(0.75), **made),
            lambda: Grad(outputs=(ref,), inputs=(leaf,), retain_graph=True, allow_unused=None, names=self.names(), **made),
            lambda: SetGradEnabled(on=self.often(0.7), **made),
            lambda: SetRequiresGrad(targets=(leaf,), on=self.often(0.7), **made),
            lambda: SeedGenerator(number=7, **made),
            lambda: Print(operands=(ref,), text=self.draw.choice(("", 'it\'s\n"x"')), **made),
            lambda: OptimizerStep(optimizer=self.optimizer, **made),
            lambda: OptimizerZero(optimizer=self.optimizer, **made),
        ]
        return self.draw.choice([*kinds, *self.rich_calls(made, ref, leaf)] if self.rich else kinds)()

    def grad_with_a_graph(self) -> Grad:
        """Make the call whose two results the later blocks may read."""
        inputs = tuple(self.draw.choice(self.trained) for _ in range(2))
        return Grad(
            id=self.result, outputs=(self.losses[0],), inputs=inputs, create_graph=self.often(0.8), allow_unused=True
        )

    def hooks(self) -> list[Hook]:
        """Make hooks whose bodies are groups of one input."""
        bodies = [group.id for group in self.groups if len(group.inputs) == 1]
        on = self.draw.choice(("tensor", "grad_fn", "post_accumulate"))
        targets = [self.draw.choice(self.trained), *self.losses]
        return [Hook(id=self.id("c"), target=self.draw.choice(targets), group=body, on=on) for body in bodies]

    def rich_calls(self, made: dict[str, Any], ref: Ref, leaf: Ref) -> list[Callable[[], Any]]:
        also = self.draw.choice(self.known)
        return [
            lambda: Backward(roots=(ref,), create_graph=True, **made),
            lambda: Backward(automatic=True, create_graph=True, **made),
            lambda: Backward(roots=(ref, also), seeds=(None, Literal(2.0)), retain_graph=True, **made),
            lambda: Backward(roots=(ref,), inputs=(leaf,), retain_graph=True, **made),
            lambda: Backward(roots=(Ref(self.result, 0),), **made),
            lambda: Grad(outputs=(ref, also), inputs=(leaf, ref), create_graph=True, allow_unused=True, **made),
            lambda: OptimizerZero(optimizer=self.optimizer, set_to_none=False, **made),
        ]


def _contiguous(nodes: list[Node]) -> list[Node]:
    """Put non-fresh leaves first: they would tear a frame apart."""
    front = [n for n in nodes if n.op == "input" or (n.op == "leaf" and not n.fresh)]
    rest = [n for n in nodes if n not in front]
    framed = [i for i, n in enumerate(rest) if n.frame]
    if not framed:
        return [*front, *rest]
    return [
        *front,
        *(replace(n, frame=rest[framed[0]].frame) if framed[0] < i < framed[-1] and n.frame is None else n for i, n in enumerate(rest)),
    ]


def random_document(seed: int, rich: bool = False) -> Document:
    """Return the random document of a seed: the first that the codec takes."""
    for attempt in range(20):
        with contextlib.suppress(codec.CodecError):
            return Maker(Random(seed * 20 + attempt), rich).document()
    raise AssertionError(seed)
