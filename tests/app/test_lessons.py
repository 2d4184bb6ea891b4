"""Lessons in the window: hidden until asked for, opened in the place of the document, remembered."""

from __future__ import annotations

import pytest

from gradstudio.app import menus
from gradstudio.app.dialogs import DISCARD
from gradstudio.document.commands.script import ClearScript
from gradstudio.lessons.progress import read_progress
from tests.lessons.solving import SOLUTIONS


@pytest.fixture
def lessons(window):
    window.lessons.path.unlink(missing_ok=True)
    yield window.lessons
    window.lessons.path.unlink(missing_ok=True)


def test_the_lessons_are_not_there_until_asked_for_and_leave_no_trace(window, lessons, qtbot):
    before = window.docks.columns.sizes()
    assert lessons.panel is None
    window.do("lessons")
    assert lessons.shown
    assert menus.BY_ID["lessons"].checked(window)
    qtbot.waitUntil(lambda: lessons.panel.width() + window.docks.columns.width() == window.width())
    assert window.docks.columns.sizes()[0] == before[0]  # the canvas gives the room
    assert window.docks.columns.sizes()[2] == before[2]
    lessons.panel.close_button.click()
    assert not lessons.shown
    assert window.canvas.hasFocus()
    qtbot.waitUntil(lambda: window.docks.columns.sizes() == before)


def test_a_lesson_done_is_ticked_and_remembered(window, lessons, studio, settle, qtbot):
    window.do("lessons")
    panel = lessons.panel
    panel.chosen.emit("detach")
    settle()
    assert studio.title == "detach"
    assert studio.document is panel.lesson.start
    with qtbot.waitSignal(panel.completed):
        for command in SOLUTIONS["detach"][0]:
            studio.do(command)
    assert panel.progress.done == ("detach",)
    assert read_progress(lessons.path).done == ("detach",)
    studio.undo()
    settle()
    assert panel.progress.done == ("detach",)  # what was done once stays done
    lessons.panel = None
    window.do("lessons")
    assert lessons.panel.progress.done == ("detach",)


def test_unsaved_changes_are_asked_about_before_a_lesson_takes_the_place(window, lessons, studio, settle, monkeypatch):
    answers = ["", DISCARD]
    monkeypatch.setattr(window.dialogs, "ask_unsaved", lambda title: answers.pop(0))
    window.do("lessons")
    studio.do(ClearScript())
    edited = studio.document
    lessons.panel.chosen.emit("detach")
    assert studio.document is edited
    assert lessons.panel.lesson is None
    lessons.panel.chosen.emit("detach")
    settle()
    assert studio.document is lessons.panel.lesson.start


def test_start_over_opens_the_start_again(window, lessons, studio, settle, monkeypatch):
    monkeypatch.setattr(window.dialogs, "ask_unsaved", lambda title: DISCARD)
    window.do("lessons")
    lessons.panel.chosen.emit("detach")
    settle()
    for command in SOLUTIONS["detach"][0]:
        studio.do(command)
    settle()
    lessons.panel.again.click()
    settle()
    assert studio.document is lessons.panel.lesson.start
    assert not studio.dirty


def test_a_damaged_record_is_told_of_and_left_as_it_is(window, lessons, studio, settle, qtbot):
    lessons.path.parent.mkdir(parents=True, exist_ok=True)
    lessons.path.write_text("{", encoding="utf-8")
    window.do("lessons")
    assert "GS-F1" in studio.notice
    lessons.panel.chosen.emit("detach")
    settle()
    with qtbot.waitSignal(lessons.panel.completed):
        for command in SOLUTIONS["detach"][0]:
            studio.do(command)
    assert lessons.panel.progress.done == ("detach",)
    assert lessons.path.read_text(encoding="utf-8") == "{"


def test_f6_reaches_the_lessons(window, lessons, qtbot):
    window.do("lessons")
    assert lessons.panel.list.hasFocus() or window.focusWidget() is lessons.panel.list
    seen = set()
    for _ in range(7):
        window.do("next_dock")
        seen.add(window.focusWidget())
    assert lessons.panel.list in seen
