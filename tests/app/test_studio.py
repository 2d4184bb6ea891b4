"""The studio and the live loop: what runs when, what is shown, and that nothing is lost when a worker is."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator

import numpy as np
import pytest
import shiboken6
from msgspec.structs import replace

from gradstudio.app.change import Change
from gradstudio.app.runner import Runner
from gradstudio.app.runs import FEW_NODES
from gradstudio.app.studio import Studio
from gradstudio.bench.graphs import chain
from gradstudio.document.commands.layout import MoveNodes
from gradstudio.document.commands.nodes import AddNode, Rename, SetLeafValue
from gradstudio.document.commands.wires import Disconnect
from gradstudio.document.graph import Literal, Node, Ref
from gradstudio.session.run import run
from tests.app.conftest import settled
from tests.app.test_runner import alive, own, products  # noqa: F401 (own is a fixture)
from tests.document.making import array, example
from tests.session.test_run import FORWARD, document_of, leaf


@pytest.fixture
def own_studio(qtbot, own: Runner) -> Iterator[Studio]:  # noqa: F811
    """A studio on the tutorial, with a worker of its own, which a test may kill."""
    made = Studio(runner=own)
    made.show_example(example("tutorial"), "tutorial")
    qtbot.waitUntil(lambda: settled(made), timeout=20000)
    yield made
    shiboken6.delete(made)


@pytest.fixture
def tutorial(studio: Studio, settle) -> Studio:
    """The tutorial, run: x = [2.] and y = [3.] are n1 and n2; a = x ** 2 is n3, z = a * y is n4."""
    studio.show_example(example("tutorial"), "tutorial")
    settle()
    return studio


def z(studio: Studio) -> float | None:
    return studio.shown.state.tensors[("n4",), 0].item


def told(qtbot, studio: Studio) -> None:
    """Ask the worker something and wait for the answer: a document in the queue would have gone before it."""
    answers: list[object] = []
    studio.questions.check("add", ((), ()), ("float32", "float32"), (None, None), {}, answers.append)
    qtbot.waitUntil(lambda: bool(answers), timeout=20000)


def test_an_edit_runs_by_itself_and_a_gesture_is_one_moment(tutorial, settle):
    gesture = tutorial.new_gesture()
    for value in (2.5, 2.75, 3.0):
        tutorial.do(SetLeafValue("n1", array([value]), gesture))
    settle()
    assert z(tutorial) == 27.0
    tutorial.undo()
    settle()
    assert (z(tutorial), tutorial.can_undo) == (12.0, False)


def test_an_edit_of_a_gesture_is_told_once_with_the_numbers_of_its_run(tutorial, settle, monkeypatch):
    monkeypatch.setattr("gradstudio.app.frame_clock.FRAME_MS", 1_000_000)
    changes: list[Change] = []
    tutorial.changed.connect(changes.append)
    gesture = tutorial.new_gesture()
    tutorial.do(SetLeafValue("n1", array([2.5]), gesture))
    tutorial.do(SetLeafValue("n2", array([4.0]), gesture))
    assert changes == []
    settle()
    edits = [change for change in changes if change.document is not None]
    assert len(edits) == 1
    assert edits[0].document.nodes == {"n1", "n2"}
    assert (("n4",), 0) in edits[0].values
    assert (z(tutorial), tutorial.shown.document) == (25.0, tutorial.document)


def test_an_edit_of_a_gesture_waits_no_longer_than_its_frame_for_numbers(qtbot, tutorial):
    tutorial.runs.runner.answered.disconnect()  # no numbers come
    changes: list[Change] = []
    tutorial.changed.connect(changes.append)
    tutorial.do(SetLeafValue("n1", array([3.0]), tutorial.new_gesture()))
    assert changes == []
    qtbot.waitUntil(lambda: bool(changes), timeout=5000)
    assert (changes[0].document.nodes, changes[0].values, z(tutorial)) == ({"n1"}, frozenset(), 12.0)


def test_an_edit_of_a_gesture_whose_run_takes_longer_is_told_at_once(tutorial, settle, monkeypatch):
    monkeypatch.setattr("gradstudio.app.runs.QUICK", 0.0)
    changes: list[Change] = []
    tutorial.changed.connect(changes.append)
    tutorial.do(SetLeafValue("n1", array([3.0]), tutorial.new_gesture()))
    assert [(change.document.nodes, change.values) for change in changes] == [({"n1"}, frozenset())]
    settle()
    assert z(tutorial) == 27.0


def test_what_else_is_told_takes_a_held_edit_with_it_and_another_document_forgets_it(tutorial):
    changes: list[Change] = []
    tutorial.changed.connect(changes.append)
    tutorial.do(SetLeafValue("n1", array([3.0]), tutorial.new_gesture()))
    tutorial.select(["n2"])
    assert [(c.selection, c.document is not None) for c in changes] == [(True, True)]
    tutorial.do(SetLeafValue("n1", array([3.5]), tutorial.new_gesture()))
    tutorial.new()
    assert [(c.everything, c.document) for c in changes[1:2]] == [(True, None)]


def test_a_wire_that_goes_is_selected_no_longer(tutorial):
    wire = ("wire", "n4", (1,))
    tutorial.select((wire, "n3"))
    tutorial.do(Disconnect("n4", (1,)))
    assert tutorial.selection == {"n3"}
    tutorial.undo()
    assert tutorial.selection == {wire, "n3"}


@pytest.mark.timed
def test_a_gesture_does_not_wait_for_a_slow_run(qtbot, own_studio):
    studio = own_studio
    slow = products(1)
    studio.show_example(slow, "products")
    qtbot.waitUntil(lambda: settled(studio), timeout=60000)
    began = time.monotonic()
    studio.do(SetLeafValue("n1", slow.graph.nodes["n1"].value, studio.new_gesture()))
    studio.do(SetLeafValue("n1", replace(slow.graph.nodes["n1"].value, fn="zeros"), studio.new_gesture()))
    assert (time.monotonic() - began < 0.2, studio.runs.running) == (True, True)


@pytest.mark.parametrize("command", [Rename("n3", 0, "square"), MoveNodes({"n1": (0, 640)})], ids=["rename", "move"])
def test_what_changes_looks_only_starts_no_run(qtbot, tutorial, command):
    before = tutorial.shown
    assert tutorial.do(command)
    assert not tutorial.runs.running
    assert tutorial.shown.document is tutorial.document
    assert tutorial.shown.state is before.state
    told(qtbot, tutorial)
    assert tutorial.shown.trace is before.trace


def test_views_are_told_of_a_rename_when_the_labels_on_show_have_it(tutorial):
    seen = []
    tutorial.changed.connect(lambda change: seen.append(tutorial.shown.labels.label(("n3",))))
    tutorial.do(Rename("n3", 0, "square"))
    assert seen == ["square"]


def test_manual_mode_marks_what_is_downstream_and_waits_for_run(qtbot, tutorial, settle):
    tutorial.runs.set_live(False)
    tutorial.do(SetLeafValue("n2", array([5.0])))
    assert tutorial.runs.stale == {"n2", "n4"}
    told(qtbot, tutorial)
    assert (tutorial.runs.running, z(tutorial)) == (False, 12.0)
    tutorial.runs.run()
    settle()
    assert (z(tutorial), tutorial.runs.stale) == (20.0, frozenset())


def test_manual_mode_goes_live_with_a_run_of_what_was_edited(tutorial, settle):
    tutorial.runs.set_live(False)
    tutorial.do(SetLeafValue("n2", array([5.0])))
    tutorial.runs.set_live(True)
    settle()
    assert z(tutorial) == 20.0


def test_undo_in_manual_mode_is_fresh_again(tutorial):
    tutorial.runs.set_live(False)
    tutorial.do(SetLeafValue("n2", array([5.0])))
    tutorial.undo()
    assert tutorial.runs.stale == frozenset()


def test_the_playhead_stays_at_its_node_when_a_step_comes_before_it(studio, settle):
    studio.show_example(example("accumulation"), "accumulation")
    settle()
    studio.player.go_to(60)
    settle()
    node = studio.shown.trace.step(60).node
    ahead = Node(studio.new_id("n"), "neg", (Ref("n1"),))
    studio.do(AddNode(ahead, studio.document.graph.block_of["n1"], (0, 0), operands_to=(("n4", (0,)),)))
    settle()
    where, step = studio.shown.state.k, studio.shown.trace.step(studio.shown.state.k)
    assert where > 60
    assert (step.node, step.kind, studio.player.k, studio.player.stepping) == (node, "visit", where, True)
    studio.undo()
    settle()
    assert studio.player.k == 60


def test_a_viewer_at_the_end_follows_the_end(tutorial, settle):
    end = tutorial.shown.trace.end
    tutorial.do(AddNode(Node(tutorial.new_id("n"), "exp", (Ref("n3"),)), "main", (0, 0)))
    settle()
    assert (tutorial.player.k, tutorial.player.at_end) == (end + 1, True)


def test_states_that_come_as_differences_are_those_of_a_run_in_process(studio, settle):
    document = example("accumulation")
    studio.show_example(document, "accumulation")
    settle()
    here = run(document, studio.shown.trace.run)
    for k in (62, 40, 0, 1, 63, 20, 60):
        studio.player.go_to(k)
        settle()
        assert studio.shown.state == here.state_at(k)


def test_whole_arrays_come_as_they_are_at_the_step_on_show(qtbot, studio, settle):
    studio.show_example(example("accumulation"), "accumulation")
    settle()
    answers: list[object] = []
    studio.questions.array((("n3",), 0), True, answers.append)
    qtbot.waitUntil(lambda: bool(answers))
    expected = run(studio.document).array((("n3",), 0), 63, True)
    np.testing.assert_array_equal(answers[0], expected)


def test_an_array_of_a_run_that_is_gone_is_none(qtbot, tutorial, settle):
    answers: list[object] = []
    tutorial.do(SetLeafValue("n1", array([3.0])))
    tutorial.questions.array((("n1",), 0), False, answers.append)  # of the run on show; the one just begun takes its place first
    qtbot.waitUntil(lambda: bool(answers))
    assert answers == [None]
    settle()


def test_a_check_answers_in_pytorchs_words(qtbot, tutorial):
    answers: list[object] = []
    tutorial.questions.check("matmul", ((2, 3), (4, 5)), ("float32", "float32"), (None, None), {}, answers.append)
    qtbot.waitUntil(lambda: bool(answers))
    assert answers[0].message == "mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)"


def test_a_refused_command_changes_nothing_and_says_why(tutorial):
    before = tutorial.document
    assert not tutorial.do(SetLeafValue("n4", array([1.0])))
    assert tutorial.document is before
    assert "computed" in tutorial.notice


def test_stop_ends_a_run_inside_a_call_of_numpy_and_everything_works_on(qtbot, own_studio):
    studio = own_studio
    light, shown = studio.document, studio.shown
    studio.show_example(products(20), "products")
    qtbot.waitUntil(lambda: studio.runs.busy_for > 0.5, timeout=20000)
    pid = studio.runs.runner.pid
    studio.runs.stop()
    qtbot.waitUntil(lambda: not alive(pid), timeout=200)
    assert (studio.runs.running, studio.runs.runner.busy) == (False, False)
    told(qtbot, studio)
    assert studio.shown.trace.run == 0  # nothing has run since
    assert studio.notice.startswith("Stopped")
    studio.show_example(light, "tutorial")
    qtbot.waitUntil(lambda: settled(studio), timeout=20000)
    assert studio.shown.state.tensors == shown.state.tensors
    studio.do(SetLeafValue("n1", array([3.0])))
    qtbot.waitUntil(lambda: settled(studio), timeout=20000)
    assert z(studio) == 27.0


def test_after_stop_run_starts_the_same_document_again(qtbot, own_studio):
    own_studio.do(SetLeafValue("n1", array([3.0])))
    own_studio.runs.stop()
    assert own_studio.runs.stale == {"n1", "n3", "n4"}
    told(qtbot, own_studio)
    assert z(own_studio) == 12.0
    own_studio.runs.run()
    qtbot.waitUntil(lambda: settled(own_studio), timeout=20000)
    assert (z(own_studio), own_studio.runs.stale) == (27.0, frozenset())


def test_a_worker_killed_at_rest_is_replaced_and_nothing_is_lost(qtbot, own_studio):
    studio = own_studio
    studio.do(SetLeafValue("n1", array([3.0])))
    qtbot.waitUntil(lambda: settled(studio), timeout=20000)
    studio.select(["n3"])
    before, pid, number = studio.document, studio.runs.runner.pid, studio.shown.trace.run
    os.kill(pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: studio.shown.trace.run > number and settled(studio), timeout=20000)
    assert studio.runs.runner.pid not in (0, pid)
    assert (studio.document is before, studio.selection, z(studio)) == (True, {"n3"}, 27.0)
    studio.player.go_to(1)
    qtbot.waitUntil(lambda: settled(studio), timeout=20000)
    studio.undo()
    qtbot.waitUntil(lambda: studio.shown.document is studio.document, timeout=20000)
    studio.player.last()
    qtbot.waitUntil(lambda: settled(studio), timeout=20000)
    assert z(studio) == 12.0


def test_a_worker_killed_in_the_middle_of_a_run_is_replaced_and_the_result_comes(qtbot, own_studio):
    studio = own_studio
    studio.show_example(products(1), "products")
    qtbot.waitUntil(lambda: studio.runs.busy_for > 0.2, timeout=20000)
    os.kill(studio.runs.runner.pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: "A new one has taken over" in studio.notice, timeout=5000)
    qtbot.waitUntil(lambda: settled(studio), timeout=60000)
    assert studio.shown.state.tensors[("n2",), 0].max == 3000.0


def test_a_worker_that_dies_at_every_start_is_given_up_and_taken_up_again_by_run(qtbot, own_studio, monkeypatch):
    studio, python = own_studio, sys.executable
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    studio.runs.stop()
    studio.runs.stop()  # the spare too, if there was one
    studio.do(SetLeafValue("n1", array([3.0])))
    qtbot.waitUntil(lambda: studio.runs.runner.gave_up, timeout=20000)
    assert (studio.runs.running, studio.runs.runner.pid) == (False, 0)
    assert studio.notice.startswith("The worker ends at every start")
    assert studio.runs.stale == {"n1", "n3", "n4"}
    monkeypatch.setattr(sys, "executable", python)
    studio.runs.run()
    qtbot.waitUntil(lambda: settled(studio), timeout=20000)
    assert z(studio) == 27.0


def test_a_step_asked_for_while_a_run_is_in_hand_is_taken(studio, settle):
    studio.show_example(example("accumulation"), "accumulation")
    settle()
    studio.do(SetLeafValue("n1", array([3.0])))
    studio.player.go_to(5)
    settle()
    assert (studio.player.k, studio.shown.state.k, studio.player.stepping) == (5, 5, True)


def test_the_document_on_show_is_never_a_later_one_than_its_numbers(tutorial, qtbot, settle):
    seen: list[tuple[float, float]] = []

    def note(_: object) -> None:
        x = tutorial.shown.document.graph.nodes["n1"].value
        seen.append((float(x[0]), tutorial.shown.state.tensors[("n1",), 0].item))

    tutorial.changed.connect(note)
    for value in (3.0, 4.0, 5.0):
        tutorial.do(SetLeafValue("n1", array([value])))
    settle()
    assert all(x == shown for x, shown in seen)
    assert seen[-1] == (5.0, 5.0)


def test_an_unchanged_trace_keeps_its_steps_across_runs(tutorial, settle):
    before = tutorial.shown.trace.steps
    tutorial.do(SetLeafValue("n1", array([3.0])))
    settle()
    assert tutorial.shown.trace.steps is before


def test_a_document_opened_again_has_its_steps_again(tutorial, settle):
    steps = tutorial.shown.trace.steps
    tutorial.show_example(tutorial.document, "tutorial")
    settle()
    assert tutorial.shown.trace.steps == steps
    tutorial.show_example(tutorial.document, "tutorial")
    tutorial.show_example(tutorial.document, "tutorial")  # the answer to the first comes, and is not wanted
    settle()
    assert tutorial.shown.trace.steps == steps


def test_a_half_built_graph_runs_calmly(tutorial, settle):
    tutorial.do(AddNode(Node(tutorial.new_id("n"), "mul", (Ref("n4"), None)), "main", (0, 0)))
    settle()
    tutorial.do(AddNode(Node(tutorial.new_id("n"), "mul", (Ref("n4"), Literal(2.0))), "main", (0, 0)))
    settle()
    assert not tutorial.notice
    assert tutorial.shown.state.tensors[("n6",), 0].item == 24.0


def test_more_cells_asked_for_while_a_run_is_in_hand_come_with_it(qtbot, studio):
    key = (("n1",), 0)
    studio.show_example(document_of(leaf("n1", "K", np.ones((64, 128)).tolist()), script=(FORWARD,)), "large")
    studio.runs.watch_large([key])
    qtbot.waitUntil(lambda: key in studio.shown.state.tensors and len(studio.shown.state.tensors[key].cells) == 4096)


def test_of_a_large_graph_the_local_derivatives_come_that_a_view_looks_at(qtbot, studio, settle):
    studio.show_example(chain(FEW_NODES + 20), "large")
    settle()
    assert not studio.shown.state.locals
    heard: list[Change] = []
    studio.changed.connect(heard.append)
    studio.runs.watch_locals(("n7",))
    qtbot.waitUntil(lambda: (("n7",), (0,)) in studio.shown.state.locals)
    assert [bool(change.engine) and not change.values and not change.flows for change in heard] == [True]
    studio.do(SetLeafValue("n1", array(0.25), studio.new_gesture()))
    settle()
    assert {path for path, _ in studio.shown.state.locals} == {("n7",)}
