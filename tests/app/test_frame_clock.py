"""What is told when: the canvas at once, what stands round it after the canvas' paint while a hand is in motion."""

from __future__ import annotations

import time

import pytest

from gradstudio.app.change import Change
from gradstudio.app.frame_clock import MOTION
from gradstudio.document.commands.nodes import SetLeafValue
from tests.app.conftest import example, settled
from tests.document.making import array


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """However busy the machine is, an edit of a gesture waits for its numbers."""
    monkeypatch.setattr("gradstudio.app.runs.QUICK", 60.0)


@pytest.fixture
def tutorial(qtbot, studio):
    studio.show_example(example("tutorial"), "tutorial")
    qtbot.waitUntil(lambda: settled(studio))
    return studio


def told(studio) -> list[tuple[str, Change]]:
    """Return a list that gets what is told, and to whom."""
    heard: list[tuple[str, Change]] = []
    studio.changed.connect(lambda change: heard.append(("canvas", change)))
    studio.followed.connect(lambda change: heard.append(("panels", change)))
    return heard


def test_at_rest_all_are_told_at_once(tutorial):
    heard = told(tutorial)
    tutorial.select(["n1"])
    assert [who for who, _ in heard] == ["canvas", "panels"]
    assert heard[0][1] == heard[1][1]


def test_in_motion_the_panels_are_told_afterwards_of_all_that_came(tutorial, qtbot):
    heard, gesture = told(tutorial), tutorial.new_gesture()
    for node, value in (("n1", 2.5), ("n2", 4.0)):
        tutorial.do(SetLeafValue(node, array([value]), gesture))
        tutorial.clock.tell_numbers(Change())
    assert [who for who, _ in heard] == ["canvas", "canvas"]
    assert tutorial.clock.is_behind
    qtbot.waitUntil(lambda: "panels" in dict(heard))
    first = next(change for who, change in heard if who == "panels")
    assert {*first.document.nodes} == {"n1", "n2"}


def test_what_is_no_number_is_told_to_all_at_once_with_what_they_are_behind(tutorial, qtbot):
    heard = told(tutorial)
    tutorial.do(SetLeafValue("n1", array([2.5]), tutorial.new_gesture()))
    tutorial.clock.tell_numbers(Change())
    tutorial.undo()
    assert [who for who, _ in heard] == ["canvas", "canvas", "panels"]
    assert not tutorial.clock.is_behind


def test_the_canvas_is_painted_before_the_panels_are_told(window, qtbot, settle):
    studio, order = window.studio, []
    canvas, own = window.canvas, window.canvas.viewportEvent

    def watched(event):
        handled = own(event)
        if event.type() == event.Type.Paint:
            order.append("painted")
        return handled

    canvas.viewportEvent = watched
    studio.changed.connect(lambda change: order.append("canvas") if change.document is not None else None)
    studio.followed.connect(lambda change: order.append("panels") if change.document is not None else None)
    for number in range(20):  # a machine that is busy may take longer than a hand is taken to be in motion, or than a run is waited for
        order.clear()
        began, waited_for = time.monotonic(), studio.runs.quick
        studio.do(SetLeafValue("n1", array([2.5 + number]), studio.new_gesture()))
        qtbot.waitUntil(lambda: "panels" in order)
        if waited_for and time.monotonic() - began < MOTION:
            break
        settle()
    assert "painted" in order[order.index("canvas") : order.index("panels")]


def test_what_is_behind_when_another_document_is_opened_is_not_told(tutorial, qtbot):
    tutorial.do(SetLeafValue("n1", array([2.5]), tutorial.new_gesture()))
    tutorial.clock.tell_numbers(Change())
    heard = told(tutorial)
    tutorial.show_example(example("accumulation"), "accumulation")
    qtbot.waitUntil(lambda: settled(tutorial))
    panels = [change for who, change in heard if who == "panels"]
    assert panels[0].everything
    assert not panels[0].values
