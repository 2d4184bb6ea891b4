"""Grouping changes no number: values, gradients and outcomes of a run are the same with a selection grouped, and ungrouped again."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gradstudio.document.calls import Backward, Forward, ZeroGrad
from gradstudio.document.commands.cut import inputs_needed
from gradstudio.document.commands.groups import GroupNodes, Ungroup
from gradstudio.document.document import Document
from gradstudio.document.frames import Frame
from gradstudio.document.graph import LEAF, Graph, Literal, Node, NodeId, Ref
from gradstudio.document.map import Map
from gradstudio.document.rules import Refused
from gradstudio.document.script import Section
from gradstudio.session.run import Run, run
from gradstudio.session.state import TensorView

UNARY, BINARY = ("sin", "tanh", "neg", "exp", "detach", "clone", "relu"), ("add", "mul", "sub", "maximum")
WRITING = ("add_", "mul_")


@st.composite
def computations(draw: st.DrawFn) -> Document:
    """Draw a document that runs: leaves, ops on them, in-place ops on what was computed, a frame, two backwards."""
    nodes = [leaf(f"n{i}", draw(st.floats(-2, 2, width=32)), draw(st.booleans())) for i in (1, 2, 3)]
    for i in range(10, 10 + draw(st.integers(2, 9))):
        known = st.sampled_from([node.id for node in nodes])
        kind = draw(st.sampled_from(("unary", "binary", "binary", "writing", "leaf")))
        computed = [node.id for node in nodes if node.op in (*BINARY, "sin", "clone")]
        if kind == "leaf":
            nodes.append(leaf(f"n{i}", 0.5, True))
        elif kind == "writing" and computed:
            nodes.append(op(f"n{i}", draw(st.sampled_from(WRITING)), Ref(draw(st.sampled_from(computed))), Literal(1.5)))
        elif kind == "unary":
            nodes.append(op(f"n{i}", draw(st.sampled_from(UNARY)), Ref(draw(known))))
        else:
            nodes.append(op(f"n{i}", draw(st.sampled_from(BINARY)), Ref(draw(known)), Ref(draw(known))))
    low, high = sorted(draw(st.tuples(*[st.integers(3, len(nodes))] * 2)))
    framed = draw(st.booleans()) and low < high
    nodes = [replace(node, frame="f1") if framed and low <= i < high else node for i, node in enumerate(nodes)]
    names = draw(st.lists(st.sampled_from(("a", "b", None)), min_size=len(nodes), max_size=len(nodes)))
    nodes = [replace(node, names=(name,)) if name else node for node, name in zip(nodes, names, strict=True)]
    roots = draw(st.sampled_from(((), (Ref(nodes[-1].id),), (Ref(draw(st.sampled_from([n.id for n in nodes]))),))))
    backward = Backward(id="c2", roots=roots, automatic=not roots, retain_graph=draw(st.booleans()))
    again = replace(backward, id="c4")
    script = (Forward(id="c1", block="main"), backward, ZeroGrad(id="c3", targets=(Ref("n1"),)), again)
    frames = Map({"f1": Frame("f1", "no_grad")}) if framed else Map()
    graph = Graph(Map((n.id, n) for n in nodes), Map({"main": tuple(n.id for n in nodes)}), frames)
    return Document(graph=graph, script=(Section("", script),))


def leaf(node_id: NodeId, value: float, requires_grad: bool) -> Node:
    array = np.full((), value, np.float32)
    array.setflags(write=False)
    return Node(node_id, LEAF, value=array, requires_grad=requires_grad)


def op(node_id: NodeId, name: str, *operands: Ref | Literal) -> Node:
    return Node(node_id, name, operands)


def tensors(result: Run, grads: bool) -> dict[tuple[NodeId, int], TensorView]:
    """Return what the nodes hold at the end, by the node alone: in a group or not."""
    state = result.state_at(result.trace.end)
    table = state.grads if grads else state.tensors
    return {(path[-1], out): view for (path, out), view in table.items() if int(path[-1][1:]) < 500}


def outcomes(result: Run) -> dict[str, tuple[str, str]]:
    return {call: (found.kind, found.error.type if found.error else "") for call, found in result.trace.outcomes.items()}


def facts(view: TensorView) -> tuple[object, ...]:
    return view.shape, view.dtype, view.requires_grad, view.is_leaf, view.version, view.past_failure


def assert_same_numbers(a: Run, b: Run, exact: bool) -> None:
    """Assert that two runs hold the same values and gradients."""
    for grads in (False, True):
        first, second = tensors(a, grads), tensors(b, grads)
        assert first.keys() == second.keys()
        for key, view in first.items():
            other = second[key]
            assert (view.shape, view.dtype, view.requires_grad, view.version) == (
                other.shape,
                other.dtype,
                other.requires_grad,
                other.version,
            )
            if exact:
                np.testing.assert_array_equal(view.cells, other.cells)
            else:
                np.testing.assert_allclose(view.cells, other.cells, rtol=1e-4, atol=1e-5)


@given(computations(), st.data())
@settings(max_examples=150, deadline=None)
def test_grouping_and_ungrouping_change_no_number(document: Document, data: st.DataObject) -> None:
    ids = document.graph.blocks["main"]
    chosen = data.draw(st.lists(st.sampled_from(ids[3:]), unique=True, min_size=1))
    if data.draw(st.booleans()):
        low, high = sorted((ids.index(chosen[0]), ids.index(chosen[-1])))
        chosen = [*ids[low : high + 1]]
    ops = [n for n in chosen if document.graph.nodes[n].op != LEAF]
    assume(ops)
    try:
        inputs = tuple(f"n{700 + i}" for i in range(inputs_needed(document, chosen)))
        grouped = GroupNodes(tuple(chosen), "drawn", "g1", "n600", inputs).apply(document)
    except Refused:
        assume(False)
    places = sorted(map(ids.index, ops))
    together = places[-1] - places[0] + 1 == len(places)
    assume(
        together or not any(isinstance(c, Backward) and c.automatic for c in document.calls())
    )  # its root is the last of the stored order
    before, within = run(document), run(grouped)
    assert outcomes(before) == outcomes(within)
    assert_same_numbers(before, within, together)
    again = run(Ungroup("n600").apply(grouped))
    assert outcomes(before) == outcomes(again)
    assert_same_numbers(before, again, together)
    if together:
        steps = [[(s.kind, s.node[-1:], s.part, s.name) for s in each.trace.steps] for each in (before, within, again)]
        assert steps[0] == steps[1] == steps[2]


def test_a_write_that_no_grad_does_not_record_stays_the_last_of_its_tensor() -> None:
    """`a.add_(1.5)` under no_grad is still `a`, which requires grad, and the root that an automatic backward takes."""
    nodes = [leaf("n1", 0.5, True), op("n2", "sin", Ref("n1")), op("n3", "sin", Ref("n1"))]
    framed = [replace(node, frame="f1") for node in (op("n4", "add_", Ref("n2"), Literal(1.5)), op("n5", "exp", Ref("n4")))]
    made = {node.id: node for node in (*nodes, *framed)}
    graph = Graph(Map(made), Map({"main": tuple(made)}), Map({"f1": Frame("f1", "no_grad")}))
    before = Document(graph=graph, script=(Section("", (Forward(id="c1", block="main"), Backward(id="c2", automatic=True))),))
    grouped = GroupNodes(("n2", "n3", "n4", "n5"), "drawn", "g1", "n600", ("n700",)).apply(before)
    assert [ref.source for ref in grouped.groups["g1"].outputs] == ["n3", "n4", "n5"]
    assert_same_numbers(run(before), run(grouped), exact=True)
    assert_same_numbers(run(before), run(Ungroup("n600").apply(grouped)), exact=True)
