"""Where the playhead can go: on any document forward then backward returns, and nothing leads past the ends."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gradstudio.document.script import Repeat, Section
from gradstudio.io import reader
from gradstudio.resources import resource
from gradstudio.session import navigation as nav
from gradstudio.session.navigation import Breakpoint
from gradstudio.session.run import run
from gradstudio.session.trace import ACCUMULATE
from tests.code.documents import random_document
from tests.explain.build import Program

SEEDS = st.integers(0, 100_000)


def all_stops(trace):
    nodes = {step.node for step in trace.steps if step.node}
    wires = {wire for step in trace.steps for wire in step.sent}
    yield from (nav.steps_of(trace, path) for path in nodes)
    yield from (nav.writes_of(trace, key) for key in {*((path, 0) for path in nodes), *trace.writes})
    yield from (nav.grad_writes_of(trace, key) for key in trace.series)
    yield from (nav.hits(trace, Breakpoint("wire", *wire)) for wire in wires)
    yield from (nav.turns_of(trace, k) for k in range(1, trace.end + 1, 5))
    yield from (nav.nonfinite_steps(trace), nav.op_steps(trace), nav.call_ends(trace))


@given(SEEDS)
@settings(max_examples=40, deadline=None)
def test_forward_then_backward_returns_and_nothing_leads_past_the_ends(seed):
    trace = run(random_document(seed)).trace
    for stops in all_stops(trace):
        assert list(stops) == sorted(set(stops))
        assert all(0 <= k <= trace.end for k in stops)
        for k, later in pairwise(stops):
            assert nav.onward(stops, k, 1) == later
            assert nav.onward(stops, later, -1) == k
            assert all(nav.onward(stops, between, 1) == later and nav.onward(stops, between, -1) == k for between in range(k + 1, later))
        if stops:
            assert nav.onward(stops, stops[-1], 1) is None
            assert nav.onward(stops, stops[0], -1) is None


@given(SEEDS)
@settings(max_examples=40, deadline=None)
def test_over_and_out_stay_within_the_run_and_come_back(seed):
    trace = run(random_document(seed)).trace
    scopes = [(), *(step.node[:-1] for step in trace.steps)]
    for k in range(trace.end + 1):
        for delta in (1, -1):
            there = nav.over(trace, k, delta)
            assert 0 <= there <= trace.end
            back = nav.over(trace, there, -delta)
            assert back == k or scopes[there] != scopes[k] or there in (0, trace.end)
            left = nav.out(trace, k, delta)
            assert (left is None) == (not scopes[k])
            entered = nav.into(trace, k, delta)
            assert entered is None or (scopes[entered] and (entered - k) * delta > 0)


def test_a_group_is_entered_stepped_over_and_left():
    trace = run(reader.read(resource("examples", "accumulation.grad"))).trace
    inside = [k for k, step in enumerate(trace.steps, 1) if len(step.node) > 1]
    first = inside[0]
    last = next(k for k in inside if k + 1 not in inside)
    assert nav.into(trace, 0, 1) == first
    assert nav.over(trace, first - 1, 1) == last + 1
    assert nav.over(trace, last + 1, -1) == first - 1
    assert nav.out(trace, first, 1) == last + 1
    assert nav.out(trace, last, -1) == first - 1
    assert nav.out(trace, first - 1, 1) is None


def square(times: int = 1):
    """Return y = x * x at x = 3, run forward and backward in a loop, with x and y."""
    program = Program()
    x = program.leaf("x", 3.0)
    y = program.op("mul", x, x, name="y")
    program.forward()
    program.backward(y)
    document = program.document()
    if times > 1:
        document = replace(document, script=(Section("", (Repeat("c90", times, document.script[0].body),)),))
    return document, x, y


def test_both_operands_of_a_square_are_terms_of_one_write():
    document, x, y = square()
    trace = run(document).trace
    write = trace.series[(x.source,), 0][0]
    assert [(term.wire, term.value) for term in write.terms] == [(((y.source,), (0,)), 3.0), (((y.source,), (1,)), 3.0)]
    assert write.added == 6.0
    assert all(trace.steps[term.step - 1].sent == tuple(t.wire for t in write.terms) for term in write.terms)


def test_a_breakpoint_on_a_wire_stops_where_it_is_read_and_where_it_carries_a_gradient():
    document, _, y = square()
    trace = run(document).trace
    stops = nav.hits(trace, Breakpoint("wire", (y.source,), (1,)))
    assert [(trace.steps[k - 1].kind, trace.steps[k - 1].name) for k in stops] == [("op", "mul"), ("visit", "MulBackward0")]


def test_the_same_step_is_found_in_every_turn():
    document, x, _ = square(3)
    trace = run(document).trace
    k = next(k for k, step in enumerate(trace.steps, 1) if step.turns == (1,) and step.name == ACCUMULATE)
    turns = nav.turns_of(trace, k)
    assert [trace.steps[i - 1].turns for i in turns] == [(0,), (1,), (2,)]
    assert {trace.steps[i - 1].node for i in turns} == {(x.source,)}
    assert nav.turns_of(trace, 0) == ()


def test_by_op_passes_over_what_goes_with_an_op():
    document, _, _ = square()
    trace = run(document).trace
    assert [trace.steps[k - 1].name for k in nav.op_steps(trace)] == ["mul", "MulBackward0"]


def test_an_update_in_place_is_a_write_of_the_leaf():
    program = Program()
    x = program.leaf("x", 3.0)
    program.op("mul", x, x, name="y")
    program.op("mul_", x, 0.5, frame="f1")
    program.forward()
    trace = run(program.document()).trace
    assert nav.writes_of(trace, ((x.source,), 0)) == (2,)
    assert trace.step(2).name == "mul_"
