"""Any document runs to an end, and its states do not depend on the way to them."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradstudio.document.graph import Array
from gradstudio.session.delta import applied, delta
from gradstudio.session.log import Log
from gradstudio.session.playhead import find, playhead_at
from gradstudio.session.records import Shared
from gradstudio.session.run import run
from gradstudio.session.state import State
from gradstudio.session.trace import Trace
from tests.code.documents import random_document
from tests.long import share

SEEDS = st.integers(0, 100_000)
DOCUMENTS = [range(start, start + 100) for start in range(0, share(200, 1000), 100)]  # seeds, a hundred at a time
MOST_STEPS = 6  # asked for of each
CREATE_GRAPH = "ignore:Using backward.. with create_graph=True:UserWarning"  # PyTorch warns of it, and so does the engine
pytestmark = pytest.mark.filterwarnings(CREATE_GRAPH)


def whole(state: State) -> bytes:
    """Return a state to the bit: nan equals nan, 0.0 does not equal -0.0, and the order of the maps counts."""
    return msgspec.msgpack.encode(state)


@given(SEEDS, st.booleans())
@settings(max_examples=60, deadline=None)
def test_states_are_equal_forwards_and_backwards_and_by_differences(seed, rich):
    document = random_document(seed, rich)
    ahead, back = run(document), run(document)
    ks = range(ahead.trace.end + 1)
    states = [ahead.state_at(k) for k in ks]
    assert [whole(s) for s in states] == [whole(back.state_at(k)) for k in reversed(ks)][::-1]
    by_difference = states[0]
    for state in [*states[1:], *states[::-2]]:
        by_difference = applied(by_difference, delta(by_difference, state))
        assert whole(by_difference) == whole(state)


@pytest.mark.parametrize("seeds", DOCUMENTS, ids=str)
def test_runs_show_the_same_after_any_jumps_and_never_what_comes_later(seeds, monkeypatch):
    """A state is that of a walk from the start, and no array of the log changes once it is there, whatever the engine writes."""
    recorded: list[tuple[Shared, bytes]] = []
    share = Log.share

    def noted(log: Log, record: Shared, array: Array) -> None:
        share(log, record, array)
        recorded.append((record, record.array.tobytes()))

    for seed in seeds:
        document, draw = random_document(seed, rich=True), Random(seed)
        jumping = run(document)
        with monkeypatch.context() as patch:
            patch.setattr(Log, "share", noted)
            ahead = run(document)
        states = {k: whole(ahead.state_at(k)) for k in some_steps(draw, ahead.trace.end)}
        for k in draw.choices([*states], k=2 * len(states)):
            assert whole(jumping.state_at(k)) == states[k], (seed, k)
        assert recorded, seed
        assert all(record.array.tobytes() == then for record, then in recorded), seed
        recorded.clear()


def some_steps(draw: Random, end: int) -> list[int]:
    """Return a few steps in order, the first and the last among them."""
    return sorted({0, end, *draw.sample(range(end + 1), min(end + 1, MOST_STEPS))})


@given(SEEDS, st.booleans())
@settings(max_examples=60, deadline=None)
def test_the_skeleton_holds_together(seed, rich):
    trace: Trace = run(random_document(seed, rich)).trace
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


@given(SEEDS, st.booleans())
@settings(max_examples=40, deadline=None)
def test_every_step_is_found_again_and_every_trace_travels(seed, rich):
    trace = run(random_document(seed, rich)).trace
    assert [find(trace, playhead_at(trace, k)) for k in range(trace.end + 1)] == list(range(trace.end + 1))
    sent = msgspec.msgpack.encode(trace)
    assert msgspec.msgpack.encode(msgspec.msgpack.decode(sent, type=Trace)) == sent
