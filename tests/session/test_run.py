"""A run of a document: its steps, passes, outcomes and states."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from gradstudio.document import codec, labels
from gradstudio.document.calls import Backward, Forward, Print, SetGradNone, SetValue, ZeroGrad
from gradstudio.document.document import Document
from gradstudio.document.graph import Graph, Literal, Node, Recipe, Ref
from gradstudio.document.map import Map
from gradstudio.document.script import Repeat, Section
from gradstudio.resources import resource
from gradstudio.session.run import Run, run
from gradstudio.session.trace import ACCUMULATE


def example(name: str) -> Document:
    return codec.document_from(json.loads(Path(resource("examples", f"{name}.grad")).read_bytes()))


def document_of(
    *nodes: Node, script: tuple[object, ...], frames: Map[str, object] | None = None, blocks: Map[str, tuple[str, ...]] | None = None
) -> Document:
    graph = Graph(Map([(n.id, n) for n in nodes]), blocks or Map({"main": tuple(n.id for n in nodes)}), frames or Map())
    return Document(graph=graph, script=(Section("", script),))


def leaf(node_id: str, name: str, value: object, requires_grad: bool = True, dtype: str = "float32") -> Node:
    array = np.array(value, dtype)
    array.setflags(write=False)
    return Node(node_id, "leaf", names=(name,), value=array, requires_grad=requires_grad)


FORWARD = Forward(id="c1", block="main")


def product(times: int = 1, **backward: object) -> Document:
    """x ** 2 * y with x = [2.], y = [3.], and some backwards from it."""
    nodes = (
        leaf("n1", "x", [2.0]),
        leaf("n2", "y", [3.0]),
        Node("n3", "pow", (Ref("n1"), Literal(2)), names=("a",)),
        Node("n4", "mul", (Ref("n3"), Ref("n2")), names=("z",)),
    )
    calls = tuple(Backward(id=f"c{i + 2}", roots=(Ref("n4"),), **(backward if i == 0 else {})) for i in range(times))
    return document_of(*nodes, script=(FORWARD, *calls))


def grad(result: Run, label: str, k: int | None = None) -> float | None:
    path, out = result.labels.by_label(label)
    view = result.state_at(result.trace.end if k is None else k).grads.get((path, out))
    return None if view is None else view.item


def value(result: Run, label: str, k: int | None = None) -> float | None:
    path, out = result.labels.by_label(label)
    view = result.state_at(result.trace.end if k is None else k).tensors.get((path, out))
    return None if view is None else view.item


@pytest.fixture(scope="module")
def accumulation() -> Run:
    return run(example("accumulation"))


def test_the_graph_of_the_pictures_takes_63_steps_in_the_engines_order(accumulation):
    steps = accumulation.trace.steps
    assert len(steps) == 63
    label = accumulation.labels.label
    assert [label(s.node) for s in steps[53:]] == [
        "loss",
        "mse_loss",
        "l2_penalty/mul",
        "l2_penalty/sum",
        "l2_penalty/pow",
        "W",
        "z",
        "y",
        "a",
        "x",
    ]
    assert [s.name for s in steps[53:]][5:] == [ACCUMULATE, "MulBackward0", ACCUMULATE, "PowBackward0", ACCUMULATE]
    assert [s.sequence_nr for s in steps[53:]] == [6, 5, 4, 3, 2, None, 1, None, 0, None]


def test_the_graph_of_the_pictures_has_their_numbers(accumulation):
    numbers = {"a": 4.0, "z": 12.0, "t": 11.5, "reg": 0.98125, "mse_loss": 0.25, "loss": 1.23125, "err": 0.5}
    assert {label: round(value(accumulation, label), 5) for label in numbers} == numbers
    assert (grad(accumulation, "x"), grad(accumulation, "y")) == (12.0, 4.0)
    state = accumulation.state_at(63)
    np.testing.assert_allclose(state.grads[("n3",), 0].norm, 0.6265, atol=5e-5)


def test_gradients_add_up_and_are_zeroed_on_the_way(accumulation):
    x = accumulation.trace.series[("n1",), 0]
    assert [(w.before, w.after, w.writer) for w in x] == [
        (None, 12.0, "accumulate"),
        (12.0, 24.0, "accumulate"),
        (24.0, 0.0, "zero"),
        (0.0, 12.0, "accumulate"),
    ]
    assert [w.step for w in x] == [20, 40, 51, 63]


def test_step_60_is_the_mul_with_its_contributions_and_saved_tensors(accumulation):
    state = accumulation.state_at(60)
    assert accumulation.labels.label(accumulation.trace.step(60).node) == "z"
    flows = {path: state.flows[("n5",), path].value for path in ((0,), (1,))}
    assert flows == {(0,): 3.0, (1,): 4.0}
    assert state.flows[("n4",), (0,)].kind == "pending"
    saved = {(s.name, s.field): s.state for s in state.saved.values()}
    assert len(state.saved) == 7
    assert sorted(saved.values()).count("freed") == 4
    assert (
        saved["MulBackward0", "self"] == saved["MulBackward0", "other"] == "in use"
        or [s.state for s in state.saved.values()].count("in use") == 2
    )
    assert grad(accumulation, "x", 60) == 0.0


def test_local_derivatives_are_told_as_text_and_number(accumulation):
    found = accumulation.state_at(63).locals
    assert (found[("n4",), (0,)].formula, found[("n4",), (0,)].value) == ("2x", 4.0)
    assert (found[("n5",), (0,)].formula, found[("n5",), (0,)].value) == ("y", 3.0)
    np.testing.assert_allclose(found[("n7",), (0,)].norm, 0.6265, atol=5e-5)
    assert (("n6",), (0,)) not in found or found[("n6",), (0,)].value == 1.0


def test_an_op_without_a_derivative_has_no_local_one_and_fails_when_backward_gets_there():
    document = document_of(
        leaf("n1", "x", 5.0),
        Node("n2", "floor_divide", (Ref("n1"), Literal(2)), names=("y",)),
        script=(FORWARD, Backward(id="c2", roots=(Ref("n2"),))),
    )
    result = run(document)
    assert result.state_at(result.trace.end).locals == {}
    assert result.trace.outcomes["c2"].kind == "raised"


def test_a_saved_output_is_known_whichever_it_is():
    svd = Node("n2", "linalg_svd", (Ref("n1"),), names=("U", "S", "Vh"))
    result = run(document_of(leaf("n1", "A", [[2.0, 0.3], [0.3, 1.0]]), svd, script=(FORWARD,)))
    saved = result.state_at(result.trace.end).saved.values()
    assert {s.field: s.source for s in saved} == {name: (("n2",), out) for out, name in enumerate(("U", "S", "Vh"))}


def test_a_wire_into_a_group_carries_what_its_inner_wires_carry(accumulation):
    flows = accumulation.state_at(63).flows
    assert flows[("n7",), (0,)].norm == flows[("n7", "n13"), (0,)].norm
    assert flows[("n9",), (1,)].value == 1.0


def test_the_input_of_a_group_has_no_grad_of_its_own(accumulation):
    assert set(accumulation.state_at(63).grads) == {(("n1",), 0), (("n2",), 0), (("n3",), 0)}


def test_states_are_the_same_whether_reached_forwards_or_backwards(accumulation):
    ahead = [accumulation.state_at(k) for k in range(64)]
    again = run(example("accumulation"))
    back = [again.state_at(k) for k in reversed(range(64))][::-1]
    assert ahead == back


def test_a_second_backward_raises_pytorchs_words_on_the_node_that_was_freed():
    result = run(product(2))
    outcome = result.trace.outcomes["c3"]
    assert outcome.kind == "raised"
    assert outcome.error.type == "RuntimeError"
    assert outcome.error.message.startswith("Trying to backward through the graph a second time")
    assert result.labels.label(outcome.error.node) == "z"
    assert (grad(result, "x"), grad(result, "y")) == (12.0, 4.0)
    last = result.trace.passes[-1]
    assert (last.raised, last.ran, len(last.planned)) == (True, 1, 4)


def test_keeping_the_graph_lets_gradients_add_up():
    result = run(product(2, retain_graph=True))
    assert result.trace.outcomes["c3"].kind == "ok"
    assert (grad(result, "x"), grad(result, "y")) == (24.0, 8.0)


def test_zero_writes_zeros_and_none_forgets():
    document = product()
    section = document.script[0]
    zeroed = replace(
        document,
        script=(Section("", (*section.body, ZeroGrad(id="c9", targets=(Ref("n1"),)), SetGradNone(id="c10", targets=(Ref("n2"),)))),),
    )
    result = run(zeroed)
    assert grad(result, "x") == 0.0
    assert grad(result, "y") is None
    assert [s.kind for s in result.trace.steps[-2:]] == ["zero", "call"]


def test_zero_on_none_raises_pythons_words():
    document = replace(product(), script=(Section("", (FORWARD, ZeroGrad(id="c2", targets=(Ref("n1"),)))),))
    error = run(document).trace.outcomes["c2"].error
    assert (error.type, error.message) == ("AttributeError", "'NoneType' object has no attribute 'zero_'")


def test_an_unwired_node_is_skipped_in_calm():
    half = document_of(
        leaf("n1", "x", 2.0),
        Node("n2", "mul", (Ref("n1"), None)),
        Node("n3", "exp", (Ref("n2"),)),
        script=(FORWARD, Backward(id="c2", automatic=True)),
    )
    result = run(half)
    assert set(result.trace.skipped) == {("n2",), ("n3",)}
    assert result.trace.outcomes["c1"].kind == "ok"
    assert result.trace.outcomes["c2"].kind == "waiting"
    assert result.trace.end == 0


def test_an_automatic_backward_waits_for_a_scalar_and_says_so():
    document = document_of(
        leaf("n1", "x", [1.0, 2.0, 3.0]), Node("n2", "exp", (Ref("n1"),), names=("y",)), script=(FORWARD, Backward(id="c2", automatic=True))
    )
    assert run(document).trace.outcomes["c2"].reason == "y has 3 elements: sum it, or give a seed"


def test_an_automatic_backward_takes_the_last_root_and_names_the_others():
    document = document_of(
        leaf("n1", "x", 2.0),
        Node("n2", "exp", (Ref("n1"),), names=("loss_a",)),
        Node("n3", "tanh", (Ref("n1"),), names=("loss_b",)),
        script=(FORWARD, Backward(id="c2", automatic=True)),
    )
    result = run(document)
    assert result.trace.outcomes["c2"].reason == "loss_b; loss_a is not included"
    assert result.trace.passes[0].roots == ((("n3",), 0),)


def test_what_does_not_depend_on_a_failure_is_still_shown():
    document = document_of(
        leaf("n1", "x", [1.0, 2.0]),
        leaf("n2", "y", [1.0, 2.0, 3.0]),
        Node("n3", "add", (Ref("n1"), Ref("n2")), names=("bad",)),
        Node("n4", "exp", (Ref("n3"),)),
        Node("n5", "exp", (Ref("n1"),), names=("good",)),
        script=(FORWARD, Backward(id="c2", roots=(Ref("n5"),))),
    )
    result = run(document)
    assert result.trace.end == 1
    assert result.trace.outcomes["c1"].error.node == ("n3",)
    assert "size of tensor a (2) must match the size of tensor b (3)" in result.trace.outcomes["c1"].error.message
    assert result.trace.outcomes["c2"].kind == "not_reached"
    state = result.state_at(1)
    assert state.tensors[("n5",), 0].past_failure
    assert (("n4",), 0) not in state.tensors


def test_a_frame_switches_grad_mode_off():
    from gradstudio.document.frames import Frame

    document = document_of(
        leaf("n1", "x", 2.0),
        Node("n2", "mul", (Ref("n1"), Literal(2)), frame="f1", names=("y",)),
        Node("n3", "mul", (Ref("n1"), Literal(2)), names=("z",)),
        script=(FORWARD,),
        frames=Map({"f1": Frame("f1", "no_grad")}),
    )
    state = run(document).state_at(2)
    assert not state.tensors[("n2",), 0].requires_grad
    assert state.tensors[("n3",), 0].requires_grad


def training_loop(turns: int) -> Document:
    """w -= 0.01 * w.grad on loss = (2 w - 3) ** 2, zeroing after each turn."""
    from gradstudio.document.frames import Frame

    nodes = (
        leaf("n1", "w", 1.0),
        Node("n2", "mul", (Literal(2), Ref("n1"))),
        Node("n3", "sub", (Ref("n2"), Literal(3))),
        Node("n4", "pow", (Ref("n3"), Literal(2)), names=("loss",)),
        Node("n5", "mul", (Literal(0.01), Ref("n1", grad=True)), frame="f1"),
        Node("n6", "sub_", (Ref("n1"), Ref("n5")), frame="f1"),
    )
    blocks = Map({"main": ("n1", "n2", "n3", "n4"), "update": ("n5", "n6")})
    body = (
        Forward(id="c1", block="main"),
        Backward(id="c2", roots=(Ref("n4"),)),
        Forward(id="c3", block="update"),
        ZeroGrad(id="c4", targets=(Ref("n1"),)),
    )
    return document_of(*nodes, script=(Repeat("c5", turns, body),), frames=Map({"f1": Frame("f1", "no_grad")}), blocks=blocks)


def test_a_training_loop_updates_its_leaf_as_pytorch_does():
    result = run(training_loop(4))
    expected = [1.04, 1.0768, 1.110656, 1.14180352]
    ends = [span.end for span in result.trace.spans if span.call == "c3"]
    got = [result.state_at(k).tensors[("n1",), 0].item for k in ends]
    np.testing.assert_allclose(got, expected, rtol=1e-6)
    assert result.state_at(0).tensors[("n1",), 0].item == 1.0
    assert result.state_at(ends[0]).tensors[("n1",), 0].version == 1


def test_stepping_back_never_shows_the_future_of_a_tensor_written_in_place():
    result = run(training_loop(3))
    values = [result.state_at(k).tensors[("n1",), 0].item for k in range(result.trace.end + 1)]
    assert sorted(set(values), key=values.index) == sorted(set(values))
    assert len(set(values)) == 4


def test_set_value_stays_and_prints_are_kept():
    document = product()
    body = (FORWARD, SetValue(id="c5", target=Ref("n1"), value=Literal(5.0)), Print(id="c6", operands=(Ref("n1"),), text="x is"))
    result = run(replace(document, script=(Section("", body),)))
    assert [p.text for p in result.trace.prints] == ["x is tensor([5.], requires_grad=True)"]


def test_an_error_ends_its_section_and_the_next_one_runs():
    document = product(2)
    second = Section("next", (Forward(id="c8", block="main"), Backward(id="c9", roots=(Ref("n4"),))))
    outcomes = run(replace(document, script=(*document.script, second))).trace.outcomes
    assert [outcomes[c].kind for c in ("c1", "c2", "c3", "c8", "c9")] == ["ok", "ok", "raised", "ok", "ok"]


def test_a_recipe_draws_pytorchs_numbers_from_the_documents_seed():
    node = Node("n1", "leaf", names=("w",), value=Recipe("randn", (3,), "float32"))
    document = replace(document_of(node, script=(FORWARD,)), seed=0)
    np.testing.assert_allclose(run(document).state_at(0).tensors[("n1",), 0].cells, [1.5410, -0.2934, -2.1788], atol=5e-5)


def test_labels_of_a_run_are_those_of_its_document(accumulation):
    assert accumulation.labels is labels.of(accumulation.document)


def test_a_run_without_end_is_ended_by_a_limit_and_says_so(monkeypatch):
    monkeypatch.setattr("gradstudio.session.recorder.MAX_STEPS", 100)
    result = run(training_loop(1000))
    assert result.trace.limited
    assert result.trace.end == 100
    raised = [o for o in result.trace.outcomes.values() if o.kind == "raised"]
    assert len(raised) == 1
    assert "100 steps" in raised[0].error.message or "200,000 steps" in raised[0].error.message
    assert result.state_at(100).tensors


def test_an_array_that_no_memory_holds_fails_its_node_and_nothing_else():
    document = document_of(
        leaf("n1", "x", [1.0]),
        Node("n2", "expand", (Ref("n1"),), Map({"shape": (1 << 20, 1 << 20)})),
        Node("n3", "exp", (Ref("n2"),)),
        Node("n4", "exp", (Ref("n1"),), names=("y",)),
        script=(FORWARD,),
    )
    result = run(document)
    assert result.trace.outcomes["c1"].kind == "raised"
    assert result.trace.outcomes["c1"].error.node == ("n2",)
    assert result.state_at(result.trace.end).tensors[("n4",), 0].past_failure
    assert (("n3",), 0) not in result.state_at(result.trace.end).tensors


def second_order() -> Document:
    """penalty = g * g with g = dy/dx of y = x ** 3."""
    from gradstudio.document.calls import Grad

    nodes = (
        leaf("n1", "x", 2.0),
        Node("n2", "pow", (Ref("n1"), Literal(3)), names=("y",)),
        Node("n3", "mul", (Ref("c2"), Ref("c2")), names=("penalty",)),
    )
    calls = (
        FORWARD,
        Grad(id="c2", outputs=(Ref("n2"),), inputs=(Ref("n1"),), create_graph=True, names=("g",)),
        Forward(id="c3", block="after"),
        Backward(id="c4", roots=(Ref("n3"),)),
    )
    return document_of(*nodes, script=calls, blocks=Map({"main": ("n1", "n2"), "after": ("n3",)}))


def test_a_gradient_of_a_gradient_flows_along_the_wires_of_the_op_whose_vjp_it_was():
    result = run(second_order())
    assert grad(result, "x") == 288.0
    state = result.state_at(result.trace.end)
    assert state.flows[("n2",), (0,)].value == 288.0
    made = [s for s in result.trace.steps if s.origin]
    assert {s.node for s in made} == {("n2",)}
    assert {s.origin for s in made} == {2}
    assert len({s.part for s in made}) == len(made)


def test_the_next_forward_takes_the_cotangents_of_a_pass_away_those_of_groups_and_leaves_too():
    done = run(example("accumulation"))
    assert len(done.state_at(20).cotangents) == 12
    assert (("n1",), 0) not in done.state_at(21).cotangents, "pow, the one reader of x, has run again"
    assert (("n7", "n12"), 0) not in done.state_at(24).cotangents
    assert done.state_at(30).cotangents == done.state_at(53).cotangents == {}
