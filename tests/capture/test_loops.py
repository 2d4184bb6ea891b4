"""Turns that are equal become a Repeat; the run ends with the same numbers. Those that only look equal stay as they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gradstudio.capture.loops import Rolled, rolled
from gradstudio.document.calls import Backward, Call, Forward, Grad, SetValue, ZeroGrad
from gradstudio.document.check import check_document
from gradstudio.document.document import Document, Optimizer
from gradstudio.document.frames import Frame
from gradstudio.document.graph import Graph, Node, Ref
from gradstudio.document.map import Map
from gradstudio.document.script import Repeat, Section
from gradstudio.session.run import Run, run
from tests.document.making import array, document, leaf, op

Turn = tuple[list[Node], list[tuple[type[Call], dict[str, Any]]]]


def unrolled(turns: int, lr: Any = 0.1, read: int = 0, carried: bool = False) -> Document:
    """Return a loop of `l = (w * x) ** 2; l.backward(); w -= lr * w.grad; w.grad.zero_()` turn by turn, and what reads one of its losses.

    `read`: the turn whose loss is read at the end; `carried`: each turn adds to the loss of the turn before.
    """
    nodes, blocks, calls = [leaf("n1", 2.0, requires_grad=True), leaf("n2", 0.5)], {}, []
    at = 3
    for turn in range(turns):
        product, loss, step, update = (f"n{at + i}" for i in range(4))
        before = nodes[-3].id if carried and turn else "n2"
        nodes += [op(product, "mul", "n1", before), op(loss, "pow", product, 2, names=("l",))]
        nodes += [op(step, "mul", Ref("n1", grad=True), lr(turn) if callable(lr) else lr)]
        nodes[-1] = replace(nodes[-1], frame=f"f{turn + 1}")
        nodes.append(op(update, "sub_", "n1", step, frame=f"f{turn + 1}"))
        blocks |= {f"f{turn}": (*(("n1", "n2") if turn == 0 else ()), product, loss), f"u{turn}": (step, update)}
        calls += [(Forward, {"block": f"f{turn}"}), (Backward, {"roots": (Ref(loss),), "retain_graph": carried or None})]
        calls += [(Forward, {"block": f"u{turn}"}), (ZeroGrad, {"targets": (Ref("n1"),)})]
        at += 4
    if read:
        nodes.append(op(f"n{at}", "exp", f"n{4 + 4 * (read - 1)}"))
        blocks["end"] = (f"n{at}",)
        calls.append((Forward, {"block": "end"}))
    made = document(*nodes, blocks=blocks, frames=[Frame(f"f{turn + 1}", "no_grad") for turn in range(turns)])
    body = tuple(kind(id=f"c{i}", **fields) for i, (kind, fields) in enumerate(calls, 1))
    return replace(made, script=(Section("", body),))


def repeats(document: Document) -> list[int]:
    return [statement.times for section in document.script for statement in section.body if isinstance(statement, Repeat)]


def kinds(made: Run) -> set[str]:
    return {outcome.kind for outcome in made.trace.outcomes.values()}


def assert_same_end(before: Document, after: Rolled) -> None:
    """Assert that what is left at the end of both runs is equal: values and `.grad` of what is still there."""
    check_document(after.document)
    first, second = run(before), run(after.document)
    compared = 0
    for node in before.graph.nodes:
        ref = after.ref(Ref(node))
        if ref is None:
            continue
        for grad in (False, True):
            a, b = first.array(((node,), 0), first.trace.end, grad), second.array(((ref.source,), 0), second.trace.end, grad)
            assert (a is None) == (b is None)
            assert a is None or np.array_equal(a, b)
            compared += a is not None
    assert compared
    assert first.trace.end == second.trace.end
    assert kinds(first) == kinds(second)


def test_equal_turns_become_a_repeat_of_the_first() -> None:
    before = unrolled(5)
    after = rolled(before)
    assert repeats(after.document) == [5]
    assert kinds(run(after.document)) == {"ok"}
    assert [*after.document.graph.blocks] == ["f0", "u0"]
    assert [*after.document.graph.frames] == ["f1"]
    assert after.document.graph.nodes["n4"].names == ("l",)
    assert after.ref(Ref("n20")) == Ref("n4")
    assert after.ref(Ref("n4")) is None
    assert_same_end(before, after)


@pytest.mark.parametrize("turns", [1, 2])
def test_two_turns_stay_as_they_are(turns: int) -> None:
    before = unrolled(turns)
    assert rolled(before).document is before


def test_what_reads_the_last_turn_reads_the_loop() -> None:
    before = unrolled(4, read=4)
    after = rolled(before)
    assert repeats(after.document) == [4]
    assert after.document.graph.nodes["n19"].inputs == (Ref("n4"),)
    assert_same_end(before, after)


def test_what_reads_a_middle_turn_ends_the_loop_there() -> None:
    before = unrolled(7, read=4)
    after = rolled(before)
    assert repeats(after.document) == [4, 3]
    assert_same_end(before, after)


def test_turns_that_read_the_turn_before_are_no_loop() -> None:
    assert repeats(rolled(unrolled(5, carried=True)).document) == []


def test_turns_with_other_numbers_are_no_loop() -> None:
    assert repeats(rolled(unrolled(5, lr=lambda turn: 0.1 / (turn + 1))).document) == []
    before = unrolled(7, lr=lambda turn: 0.1 if turn < 3 else 0.2)
    after = rolled(before)
    assert repeats(after.document) == [3, 4]
    assert_same_end(before, after)


def test_calls_are_compared_by_what_they_say() -> None:
    made = document(leaf("n1", 1.0))
    values = [1.0, 2.0, 2.0, 2.0, 2.0]
    body = tuple(SetValue(id=f"c{i + 2}", target=Ref("n1"), value=array(value)) for i, value in enumerate(values))
    after = rolled(replace(made, script=(Section("", (*made.script[0].body, *body)),)))
    assert repeats(after.document) == [4]
    assert len(after.document.script[0].body) == 3


def test_what_was_computed_before_a_loop_is_cut_from_its_first_turn() -> None:
    before = unrolled(4)
    graph = before.graph
    nodes = graph.nodes.update({"n90": op("n90", "exp", "n2"), "n91": op("n91", "neg", "n90")})
    first = (*graph.blocks["f0"][:2], "n90", "n91", *graph.blocks["f0"][2:])
    before = replace(before, graph=Graph(nodes, graph.blocks.set("f0", first), graph.frames))
    after = rolled(before)
    assert repeats(after.document) == [4]
    assert dict(after.document.graph.blocks) == {"f0": ("n1", "n2", "n90", "n91"), "turn": ("n3", "n4"), "u0": ("n5", "n6")}
    assert_same_end(before, after)


def test_results_of_grad_calls_follow() -> None:
    nodes = [leaf("n1", 2.0, requires_grad=True)]
    blocks, calls = {}, []
    for i in range(3):
        y, z = f"n{2 * i + 2}", f"n{2 * i + 3}"
        nodes += [op(y, "exp", "n1"), op(z, "mul", Ref(f"c{3 * i + 2}"), 2)]
        blocks |= {f"a{i}": (*(["n1"] if i == 0 else []), y), f"b{i}": (z,)}
        calls += [Forward(id=f"c{3 * i + 1}", block=f"a{i}"), Grad(id=f"c{3 * i + 2}", outputs=(Ref(y),), inputs=(Ref("n1"),))]
        calls += [Forward(id=f"c{3 * i + 3}", block=f"b{i}")]
    before = replace(document(*nodes, blocks=blocks), script=(Section("", tuple(calls)),))
    after = rolled(before)
    assert repeats(after.document) == [3]
    assert_same_end(before, after)


def test_loops_follow_each_other_in_sections_too() -> None:
    one = unrolled(3, read=3)
    body = one.script[0].body
    before = replace(
        one, script=(Section("", body[:-1]), Section("", body[-1:])), optimizers=Map({"o1": Optimizer("o1", "SGD", (Ref("n1"),))})
    )
    after = rolled(before)
    assert repeats(after.document) == [3]
    assert_same_end(before, after)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 9), st.integers(0, 9), st.lists(st.sampled_from([0.1, 0.2]), min_size=9, max_size=9), st.booleans())
def test_a_rolled_document_ends_with_the_same_numbers(turns: int, read: int, rates: list[float], carried: bool) -> None:
    before = unrolled(turns, lr=rates.__getitem__, read=min(read, turns), carried=carried)
    assert_same_end(before, rolled(before))
