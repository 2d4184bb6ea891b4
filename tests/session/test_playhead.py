"""The playhead finds its place again after a re-run."""

from __future__ import annotations

from gradstudio.session.playhead import END, START, find, playhead_at
from gradstudio.session.run import run
from tests.session.test_run import example, product


def test_every_step_is_found_again_in_an_equal_run():
    trace = run(example("accumulation")).trace
    again = run(example("accumulation")).trace
    assert [find(again, playhead_at(trace, k)) for k in range(trace.end + 1)] == list(range(trace.end + 1))


def test_the_end_stays_the_end_when_the_script_grows():
    short, long = run(product(1)).trace, run(product(2, retain_graph=True)).trace
    assert find(long, playhead_at(short, short.end)) == long.end
    assert find(long, START) == 0
    assert find(long, END) == long.end


def test_a_step_that_is_gone_leaves_the_playhead_at_the_end_of_its_call():
    long, short = run(product(2, retain_graph=True)).trace, run(product(1)).trace
    anchor = playhead_at(long, long.end - 1)
    assert find(short, anchor) == short.end
