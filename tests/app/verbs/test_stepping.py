"""Stepping by command: where each goes from where the playhead stands, and what it says where there is no way."""

from __future__ import annotations

import pytest

from gradstudio.app import menus
from gradstudio.session.navigation import Breakpoint, onward, steps_of
from gradstudio.session.trace import ACCUMULATE
from tests.app.conftest import at_rest, example


@pytest.fixture
def accumulation(window, settle):
    window.studio.show_example(example("accumulation"), "accumulation")
    settle()
    return window


def at(window, qtbot, k: int) -> None:
    window.studio.player.go_to(k)
    qtbot.waitUntil(lambda: window.studio.shown.state.k == k)


def choose(window, label: str) -> tuple[str, ...]:
    path, _ = window.studio.labels.by_label(label)
    window.studio.select((path[0],))
    return path


def test_run_to_here_goes_on_to_the_node_and_round_again(accumulation, qtbot):
    studio = accumulation.studio
    path = choose(accumulation, "loss")
    stops = steps_of(studio.shown.trace, path)
    at(accumulation, qtbot, 0)
    for expected in (*stops, stops[0]):
        accumulation.do("run_to")
        assert studio.player.k == expected
    accumulation.do("back_to")
    assert studio.player.k == stops[0]
    assert "no step before" in studio.notice


def test_who_set_this_grad_goes_back_write_by_write_and_forth_again(accumulation, qtbot):
    studio = accumulation.studio
    path = choose(accumulation, "W")
    writes = [write.step for write in studio.shown.trace.series[path, 0]]
    assert len(writes) > 2
    for expected in (w for w in reversed(writes) if w < studio.shown.trace.end):
        accumulation.do("who_set_grad")
        while studio.player.k > expected and studio.player.k in writes and studio.player.at_end:
            accumulation.do("who_set_grad")
        assert studio.player.k == expected
    accumulation.do("who_set_grad")
    assert "Nothing wrote W.grad before" in studio.notice
    accumulation.do("next_grad_write")
    assert studio.player.k == writes[1]


def test_breakpoints_stop_the_way_there_and_back(accumulation, qtbot):
    studio = accumulation.studio
    choose(accumulation, "loss")
    accumulation.do("breakpoint")
    stops = studio.markers.hits()
    at(accumulation, qtbot, 0)
    for expected in stops:
        accumulation.do("next_breakpoint")
        assert studio.player.k == expected
    accumulation.do("next_breakpoint")
    assert studio.player.at_end
    for expected in (k for k in reversed(stops) if k < studio.shown.trace.end):
        accumulation.do("last_breakpoint")
        assert studio.player.k == expected
    accumulation.do("last_breakpoint")
    assert studio.player.k == 0
    accumulation.do("clear_breakpoints")
    assert not studio.markers.breakpoints


def test_playing_stops_at_a_breakpoint(accumulation, qtbot):
    studio = accumulation.studio
    path = choose(accumulation, "W")
    accumulation.do("breakpoint_grad")
    first = studio.shown.trace.series[path, 0][0].step
    at(accumulation, qtbot, first - 2)
    studio.player.set_speed(4.0)
    accumulation.do("play")
    qtbot.waitUntil(lambda: not studio.player.playing, timeout=5000)
    assert studio.player.k == first


def test_a_breakpoint_on_a_wire_is_drawn_on_it_and_saved_nowhere(accumulation, qtbot):
    studio = accumulation.studio
    wire = next(iter(studio.document.graph.wires))
    studio.select((("wire", wire.target, wire.path),))
    before = studio.document
    accumulation.do("breakpoint")
    assert studio.markers.breakpoints == (Breakpoint("wire", (wire.target,), wire.path),)
    place = next(iter(accumulation.canvas.canvas.marks.places()))
    shape = accumulation.canvas.canvas.wires.shape_of((wire.target, wire.path))
    assert shape.box.adjusted(-2, -2, 2, 2).contains(place)
    assert studio.document is before
    marked = at_rest(accumulation.canvas)
    accumulation.do("breakpoint")
    assert at_rest(accumulation.canvas) != marked
    accumulation.do("breakpoint")
    assert at_rest(accumulation.canvas) == marked
    accumulation.do("new")
    assert not studio.markers.breakpoints


def test_a_group_is_entered_and_left_by_command(accumulation, qtbot):
    studio = accumulation.studio
    at(accumulation, qtbot, 0)
    accumulation.do("into")
    entered = studio.player.k
    assert len(studio.shown.trace.step(entered).node) == 2
    accumulation.do("out")
    assert len(studio.shown.trace.step(studio.player.k).node) == 1
    accumulation.do("over_back")
    assert studio.player.k == entered - 1
    accumulation.do("over")
    assert studio.player.k > entered


def test_inside_a_group_marks_and_ways_are_of_what_is_inside(accumulation, qtbot):
    studio = accumulation.studio
    instance = choose(accumulation, "reg")
    studio.enter(instance)
    inner = next(node.id for node in studio.document.graph_at((*instance, "")).nodes.values() if node.op == "pow")
    studio.select((inner,))
    accumulation.do("breakpoint")
    assert studio.markers.breakpoints == (Breakpoint("node", (*instance, inner)),)
    assert studio.markers.hits() == steps_of(studio.shown.trace, (*instance, inner))
    on_node = next(iter(accumulation.canvas.canvas.marks.places()))
    studio.enter(())
    on_instance = next(iter(accumulation.canvas.canvas.marks.places()))
    assert accumulation.canvas.canvas.nodes[instance[0]].body.adjusted(-9, -9, 9, 9).contains(on_instance)
    assert on_node != on_instance


def test_by_op_passes_over_accumulations(accumulation, qtbot):
    studio = accumulation.studio
    at(accumulation, qtbot, 0)
    seen = []
    while not studio.player.at_end:
        accumulation.do("op_on")
        seen.append(studio.player.k)
    assert all(studio.shown.trace.step(k).name != ACCUMULATE for k in seen[:-1])
    accumulation.do("op_back")
    assert studio.player.k == seen[-2]


def test_finite_runs_say_that_nothing_is_wrong(accumulation, qtbot):
    at(accumulation, qtbot, 3)
    accumulation.do("next_nonfinite")
    assert accumulation.studio.player.k == 3
    assert "finite" in accumulation.studio.notice


def test_all_stepping_has_keys():
    keyless = {entry.id for entry in menus.TABLE if entry.menu == "Time" and not entry.keys}
    assert keyless <= {"play", "by_op", "slower", "faster"}
    assert onward((), 0, 1) is None
