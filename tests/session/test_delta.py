"""A delta leads from one state to another."""

from __future__ import annotations

from itertools import product as pairs

from gradstudio.session import messages
from gradstudio.session.delta import applied, delta
from gradstudio.session.run import run
from tests.session.test_run import example


def test_a_delta_between_any_two_steps_gives_the_state():
    result = run(example("accumulation"))
    states = [result.state_at(k) for k in range(0, 64, 7)]
    for old, new in pairs(states, states):
        assert applied(old, delta(old, new)) == new


def test_a_map_that_stays_is_the_same_object():
    result = run(example("accumulation"))
    old, new = result.state_at(59), result.state_at(60)
    made = applied(old, delta(old, new))
    assert made.tensors is old.tensors
    assert made.flows is not old.flows


def test_a_step_sends_little_of_the_state():
    result = run(example("accumulation"))
    change = delta(result.state_at(59), result.state_at(60)).changed
    assert len(change.tensors) == 0
    assert 0 < len(change.flows) <= 4


def test_traces_and_states_travel_unchanged():
    result = run(example("accumulation"))
    sent = messages.Ran(result.trace, result.state_at(60), False)
    assert messages.decode_answer(messages.encode(sent)) == sent


def test_a_delta_travels_unchanged():
    result = run(example("accumulation"))
    old, new = result.state_at(63), result.state_at(30)
    sent = messages.Shown(None, delta(old, new))
    came = messages.decode_answer(messages.encode(sent))
    assert came.delta.gone.flows
    assert applied(old, came.delta) == new
