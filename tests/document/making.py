"""Documents for tests: small ones by hand, random ones by hypothesis, and what must hold in each."""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np
from hypothesis import strategies as st
from msgspec.structs import replace

from gradstudio.document.calls import Backward, Call, Forward, Grad, OptimizerStep, Print, SetValue, ZeroGrad
from gradstudio.document.check import check_document
from gradstudio.document.codec import document_from, dumps, tree
from gradstudio.document.diff import diff
from gradstudio.document.document import MAIN, Comment, Document, Layout, Optimizer
from gradstudio.document.frames import KINDS, Frame
from gradstudio.document.graph import INPUT, INSTANCE, LEAF, Array, Graph, Literal, Node, NodeId, Operand, Recipe, Ref
from gradstudio.document.groups import BODY, Group
from gradstudio.document.map import EMPTY, Map
from gradstudio.document.script import Repeat, Section, Statement
from gradstudio.document.values import DTYPES
from gradstudio.resources import resource

EXAMPLES = ("tutorial", "accumulation")
UNARY, BINARY = ("exp", "neg", "relu", "clone", "detach", "t"), ("add", "mul", "pow", "sub_", "maximum")


def example(name: str) -> Document:
    """Return one of the shipped examples."""
    return document_from(json.loads(resource("examples", f"{name}.grad").read_bytes()))


def array(data: object, dtype: str = "float32") -> Array:
    """Return a read-only array."""
    made: Array = np.array(data, dtype)
    made.setflags(write=False)
    return made


def leaf(node_id: NodeId, value: object = 2.0, **fields: object) -> Node:
    """Return a leaf with a float32 value."""
    return Node(node_id, LEAF, value=array(value), **fields)  # type: ignore[arg-type]


def op(node_id: NodeId, name: str, *operands: object, **fields: object) -> Node:
    """Return a node of an op; texts are ids of nodes, numbers are literals."""
    return Node(node_id, name, tuple(map(operand, operands)), **fields)  # type: ignore[arg-type]


def operand(value: object) -> Operand:
    """Return an operand: a text is the id of a node, None an unwired port, a tuple several, a number a literal."""
    if isinstance(value, tuple):
        return tuple(operand(item) for item in value)
    return Ref(value) if isinstance(value, str) else value if isinstance(value, Ref) or value is None else Literal(value)


def graph(*nodes: Node, blocks: dict[str, tuple[NodeId, ...]] | None = None, frames: Iterable[Frame] = ()) -> Graph:
    """Return a graph of nodes; all in `main`, in the order given, unless blocks are given."""
    placed = blocks if blocks is not None else {MAIN: tuple(node.id for node in nodes)}
    return Graph(Map((node.id, node) for node in nodes), Map(placed), Map((frame.id, frame) for frame in frames))


def document(*nodes: Node, calls: tuple[Statement, ...] = (), groups: Iterable[Group] = (), **parts: object) -> Document:
    """Return a document of nodes, with `Forward(main)` and further calls as its script."""
    made = graph(*nodes, **parts)  # type: ignore[arg-type]
    return Document(graph=made, groups=Map((g.id, g) for g in groups), script=(Section("", (Forward(id="c1", block=MAIN), *calls)),))


def line() -> Document:
    """Return (w * x - 2) ** 2 and its backward, in a row: what `tests/data/record_update_loop.py` goes down."""
    made = document(
        leaf("n1", 0.5, names=("w",), requires_grad=True),
        leaf("n2", 3.0, names=("x",)),
        op("n3", "mul", "n1", "n2"),
        op("n4", "sub", "n3", 2.0),
        op("n5", "pow", "n4", 2, names=("loss",)),
        calls=(Backward(id="c2", roots=(Ref("n5"),)),),
    )
    return replace(made, layout=Layout(Map({"n1": (0, 0), "n2": (0, 180), "n3": (240, 0), "n4": (480, 0), "n5": (720, 0)})))


def order(doc: Document, block: str = MAIN) -> tuple[NodeId, ...]:
    """Return the stored order of a block."""
    return doc.graph.blocks[block]


def assert_holds(doc: Document) -> None:
    """Assert what must hold in every document: it hangs together, and it is written and read without loss."""
    check_document(doc)
    data = dumps(doc)
    again = document_from(json.loads(data))
    assert not diff(doc, again)
    assert dumps(again) == data
    assert tree(again) == tree(doc)


names = st.sampled_from(("x", "y", "loss", "w1", "größe", None, None))
numbers = st.one_of(st.integers(-5, 5), st.floats(width=32, allow_nan=False), st.booleans(), st.none())
literals = st.one_of(
    numbers, st.floats(), st.builds(slice, *[st.none() | st.integers(-9, 9)] * 3), st.just(Ellipsis), st.text('aé"\n', max_size=3)
)


@st.composite
def arrays(draw: st.DrawFn) -> Array:
    """Draw an array of any dtype, any bits, small or above what is written as numbers."""
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    shape = draw(st.sampled_from(((), (1,), (0,), (2, 3), (65,), (3, 0, 2))))
    size = int(np.prod(shape, dtype=int))
    data = draw(st.binary(min_size=size * dtype.itemsize, max_size=size * dtype.itemsize))
    bits = np.frombuffer(bytes(b & 1 for b in data) if dtype.kind == "b" else data, dtype)
    flat = bits.copy()
    if dtype.kind == "f" and size <= 64:
        flat[np.isnan(flat)] = np.nan  # written as "nan", which has one payload
    return array(flat.reshape(shape), dtype.name)


recipes = st.builds(Recipe, st.sampled_from(("rand", "randn", "zeros")), st.sampled_from(((), (2, 3))), st.just("float32"))


@st.composite
def nodes(draw: st.DrawFn, node_id: NodeId, sources: list[Ref], groups: list[Group]) -> Node:
    """Draw a node that reads some of the sources."""
    kind = draw(st.sampled_from(("leaf", "unary", "binary", "binary", "cat", "max", "strange", "instance")))
    fields = {"names": (name,) if (name := draw(names)) else ()}
    source = st.sampled_from(sources) if sources else st.none()
    read = st.one_of(source, source, st.none())
    if kind == "leaf" or (kind == "instance" and not groups):
        value = draw(st.one_of(arrays(), recipes))
        floats = (value.dtype if isinstance(value, Recipe) else value.dtype.name).startswith("float")
        return Node(node_id, LEAF, value=value, requires_grad=floats and draw(st.booleans()), fresh=draw(st.booleans()), **fields)
    if kind == "instance":
        group = draw(st.sampled_from(groups))
        fields["names"] = fields["names"] if group.outputs else ()
        return Node(node_id, INSTANCE, tuple(draw(read) for _ in group.inputs), group=group.id, **fields)
    if kind == "binary":
        return Node(node_id, draw(st.sampled_from(BINARY)), (draw(read), draw(st.one_of(read, st.builds(Literal, numbers)))), **fields)
    if kind == "cat":
        return Node(node_id, "cat", (tuple(draw(st.lists(read, max_size=3))),), Map({"dim": 1}) if draw(st.booleans()) else EMPTY, **fields)
    if kind == "max":
        return Node(node_id, "split", (draw(read),), Map({"size": 2}), names=(None, "second"), retain_grad=(0, 1))
    if kind == "strange":
        attrs = Map(draw(st.dictionaries(st.sampled_from(("b", "a")), literals, max_size=2)))
        return Node(node_id, "strange", (draw(st.one_of(read, st.builds(Literal, literals))),), attrs, **fields)
    return Node(node_id, draw(st.sampled_from(UNARY)), (draw(read),), retain_grad=draw(st.sampled_from(((), (0,)))), **fields)


def refs_of(node: Node, groups: Iterable[Group] = ()) -> list[Ref]:
    """Return references to the outputs of a node."""
    if node.group:
        return [Ref(node.id, i) for g in groups if g.id == node.group for i in range(len(g.outputs))]
    return [Ref(node.id), Ref(node.id, 1)] if node.op in ("split", "strange") else [Ref(node.id)]


@st.composite
def bodies(draw: st.DrawFn, first: int, groups: list[Group], start: list[Node]) -> list[Node]:
    """Draw the nodes of a block: each reads earlier ones."""
    made = [*start]
    for i in range(draw(st.integers(0, 7))):
        sources = [ref for node in made for ref in refs_of(node, groups)]
        made.append(draw(nodes(f"n{first + i}", sources, groups)))
    return made


def framed(made: list[Node], cut: tuple[int, int], frame: Frame) -> list[Node]:
    """Return the nodes with a stretch of them under a frame."""
    low, high = sorted(cut)
    return [replace(node, frame=frame.id) if low <= i < high else node for i, node in enumerate(made)]


@st.composite
def groups(draw: st.DrawFn) -> list[Group]:
    """Draw groups; each may use earlier ones."""
    made: list[Group] = []
    for i in range(draw(st.integers(0, 2))):
        first = 100 * (i + 1)
        inputs = [Node(f"n{first + j}", INPUT) for j in range(draw(st.integers(0, 2)))]
        body = draw(bodies(first + 10, made, inputs))
        sources = [ref for node in body for ref in refs_of(node, made)]
        outputs = draw(st.lists(st.sampled_from(sources), max_size=2)) if sources else []
        made.append(
            Group(
                f"g{i + 1}",
                draw(st.sampled_from(("penalty", "layer"))),
                graph(*body, blocks={BODY: tuple(n.id for n in body)}),
                tuple(n.id for n in inputs),
                tuple(outputs),
            )
        )
    return made


def drawn_call(draw: st.DrawFn, kind: str, call_id: str, some: tuple[Ref, ...], blocks: list[str]) -> Call:
    """Draw a call of a kind that names some tensors."""
    enabled = draw(st.booleans())
    if kind == "forward":
        return Forward(id=call_id, enabled=enabled, block=draw(st.sampled_from(blocks)))
    if kind == "backward":
        return Backward(id=call_id, enabled=enabled, roots=some, seeds=(Literal(1.0),) * len(some), automatic=not some)
    if kind == "grad":
        return Grad(id=call_id, enabled=enabled, outputs=some, inputs=some, names=("g",) * len(some))
    if kind == "zero":
        return ZeroGrad(id=call_id, enabled=enabled, targets=some)
    if kind == "print":
        return Print(id=call_id, enabled=enabled, operands=some, text='é "')
    if kind == "set":
        return SetValue(id=call_id, enabled=enabled, target=some[0] if some else None, value=draw(arrays()))
    return OptimizerStep(id=call_id, enabled=enabled, optimizer="o1")


@st.composite
def scripts(draw: st.DrawFn, refs: list[Ref], blocks: list[str]) -> tuple[Section, ...]:
    """Draw a script over some tensors."""
    few = st.lists(st.sampled_from(refs), max_size=2).map(tuple) if refs else st.just(())
    kinds = draw(st.lists(st.sampled_from(("forward", "backward", "grad", "zero", "print", "set", "step")), max_size=5))
    calls = [drawn_call(draw, kind, f"c{i}", draw(few), blocks) for i, kind in enumerate(kinds, 1)]
    cut = draw(st.integers(0, len(calls)))
    inner: tuple[Statement, ...] = (Repeat("c50", 3, tuple(calls[cut:])),) if calls[cut:] else ()
    return (Section("one", tuple(calls[:cut])), Section("", inner))


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Draw a document: blocks, frames, groups, wires in every direction that is allowed, a script, a layout."""
    made = draw(groups())
    main, update = draw(bodies(1, made, [])), draw(bodies(20, made, []))
    frames = [Frame("f1", draw(st.sampled_from(KINDS))), Frame("f2", draw(st.sampled_from(KINDS)), "f1")]
    cuts = sorted(draw(st.lists(st.integers(0, len(main)), min_size=4, max_size=4)))
    main = framed(framed(main, (cuts[0], cuts[3]), frames[0]), (cuts[1], cuts[2]), frames[1])
    refs = [ref for node in main for ref in refs_of(node, made)]
    if refs and update and update[-1].op == "neg":
        update[-1] = replace(update[-1], inputs=(draw(st.sampled_from(refs)),))
    both = [*main, *update]
    used = frames if any(n.frame == "f2" for n in both) else frames[:1] if any(n.frame for n in both) else []
    blocks = {MAIN: tuple(n.id for n in main), "update": tuple(n.id for n in update)}
    points = st.tuples(st.integers(-99, 99), st.integers(-99, 99))
    layout = Layout(
        Map((n.id, draw(points)) for n in both), tuple(n.id for n in both[:1]), (Comment((0, 0, 9, 9), "t"),) * draw(st.integers(0, 1))
    )
    optimizer = Optimizer("o1", "SGD", tuple(refs[:2]), Map({"lr": draw(st.floats(allow_nan=False)), "nesterov": True}))
    return Document(
        draw(st.integers(-(2**62), 2**62)), graph(*both, blocks=blocks, frames=used), Map((g.id, g) for g in made),
        draw(scripts(refs, [*blocks])), Map({"o1": optimizer}), layout,
    )  # fmt: skip
