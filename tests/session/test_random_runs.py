"""Any document runs to an end, and its states do not depend on the way to them."""

from __future__ import annotations

from itertools import pairwise

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from gradstudio.session.delta import MAPS, applied, delta
from gradstudio.session.playhead import find, playhead_at
from gradstudio.session.run import run
from gradstudio.session.state import State
from gradstudio.session.trace import Trace
from tests.code.documents import random_document

SEEDS = st.integers(0, 100_000)


def bits(state: State) -> tuple[object, ...]:
    """Return a state so that equal is equal bit for bit: nan equals nan, 0.0 does not equal -0.0."""
    maps = tuple({key: msgspec.msgpack.encode(value) for key, value in getattr(state, name).items()} for name in MAPS)
    return state.run, state.k, state.queue, state.grad_enabled, maps


@given(SEEDS)
@settings(max_examples=60, deadline=None)
def test_states_are_equal_forwards_and_backwards_and_by_differences(seed):
    document = random_document(seed)
    ahead, back = run(document), run(document)
    ks = range(ahead.trace.end + 1)
    states = [ahead.state_at(k) for k in ks]
    assert [bits(s) for s in states] == [bits(back.state_at(k)) for k in reversed(ks)][::-1]
    by_difference = states[0]
    for state in states[1:]:
        by_difference = applied(by_difference, delta(by_difference, state))
        assert bits(by_difference) == bits(state)


@given(SEEDS)
@settings(max_examples=60, deadline=None)
def test_the_skeleton_holds_together(seed):
    trace: Trace = run(random_document(seed)).trace
    assert [s.end for s in trace.spans] == sorted(s.end for s in trace.spans)
    assert sum(s.end - s.start for s in trace.spans) == trace.end
    for each in trace.passes:
        visits = trace.steps[each.first - 1 : each.first - 1 + each.ran]
        assert all(s.kind == "visit" and s.call == each.call for s in visits)
        assert each.raised or [(s.node, s.name, s.part) for s in visits] == [(p.node, p.name, p.part) for p in each.planned]
    for rows in trace.series.values():
        assert [w.step for w in rows] == sorted(w.step for w in rows)
        assert all(repr(a.after) == repr(b.before) for a, b in pairwise(rows) if b.before is not None)
    assert {o.kind for o in trace.outcomes.values()} <= {"ok", "raised", "waiting", "not_reached", "disabled"}


@given(SEEDS)
@settings(max_examples=40, deadline=None)
def test_every_step_is_found_again_and_every_trace_travels(seed):
    trace = run(random_document(seed)).trace
    assert [find(trace, playhead_at(trace, k)) for k in range(trace.end + 1)] == list(range(trace.end + 1))
    sent = msgspec.msgpack.encode(trace)
    assert msgspec.msgpack.encode(msgspec.msgpack.decode(sent, type=Trace)) == sent
