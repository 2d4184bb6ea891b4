"""The lessons panel: goals follow each run, wherever the playhead is, and after undo and open alike."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt

from gradstudio.app.change import Change
from gradstudio.app.panels.lessons.panel import LessonsPanel
from gradstudio.document.commands.nodes import SetLeafValue
from gradstudio.lessons.lesson import all_lessons
from gradstudio.lessons.progress import Progress
from tests.app.conftest import example
from tests.lessons.solving import SOLUTIONS, lesson, seed

ALL = all_lessons()


@pytest.fixture
def panel(qtbot, studio) -> LessonsPanel:
    made = LessonsPanel(studio, ALL)
    qtbot.addWidget(made)
    made.resize(292, 800)
    made.show()
    return made


@pytest.fixture
def begin(panel, studio, settle):
    """Open a lesson, as the window does."""

    def go(name: str) -> None:
        opened = lesson(name)
        panel.open_lesson(opened)
        studio.show_example(opened.start, name)
        settle()

    return go


def met(panel: LessonsPanel) -> list[bool]:
    return [verdict.met for verdict in panel.mark.verdicts]


def solve(studio, name: str) -> None:
    for command in SOLUTIONS[name][0]:
        studio.do(command)


def test_goals_are_ticked_as_the_numbers_come_and_unticked_by_undo(qtbot, panel, studio, settle, begin):
    begin("detach")
    qtbot.waitUntil(lambda: panel.mark is not None)
    assert met(panel) == [False, True, False, True, True]
    with qtbot.waitSignal(panel.completed) as told:
        solve(studio, "detach")
    assert told.args == ["detach"]
    assert panel.mark.done
    assert panel.next.isVisible()
    assert panel.page.words[-1][0] == "done"
    studio.undo()
    qtbot.waitUntil(lambda: not panel.mark.done)
    assert not panel.next.isVisible()
    studio.redo()
    qtbot.waitUntil(lambda: panel.mark.done)


def test_goals_look_at_the_end_wherever_the_playhead_is(qtbot, panel, studio, settle, begin):
    begin("detach")
    studio.player.go_to(1)
    qtbot.waitUntil(lambda: studio.shown.state.k == 1)
    with qtbot.waitSignal(panel.completed):
        solve(studio, "detach")
    assert studio.shown.state.k < studio.shown.trace.end
    before = panel.mark
    studio.player.go_to(0)
    qtbot.waitUntil(lambda: studio.shown.state.k == 0)
    assert panel.mark is before


def test_a_wrong_answer_shows_its_hint_in_sight(qtbot, panel, studio, settle, begin):
    panel.resize(292, 420)
    begin("vector-roots")
    qtbot.waitUntil(lambda: panel.mark is not None)
    assert panel.page.words[-1][0] == "now" or panel.page.words[-1][0] == "goal"
    studio.do(seed(1, 2)[0])
    qtbot.waitUntil(lambda: panel.mark.hint != "")
    assert panel.page.words[-1] == ("hint", panel.mark.hint, False)
    bar = panel.area.verticalScrollBar()
    qtbot.waitUntil(lambda: 0 < bar.maximum() == bar.value())
    assert "hint: The other way round" in panel.page.accessibleDescription()


def test_another_document_closes_the_lesson_and_an_edit_does_not(qtbot, panel, studio, settle, begin):
    begin("detach")
    solve(studio, "detach")
    settle()
    assert panel.lesson is not None
    studio.show_example(example("tutorial"), "tutorial")
    settle()
    assert panel.lesson is None
    assert panel.mark is None
    assert not panel.again.isVisible()
    assert "Choose a lesson" in panel.page.words[0][1]


def test_out_of_sight_it_asks_nothing_and_catches_up(qtbot, panel, studio, settle, begin):
    begin("detach")
    qtbot.waitUntil(lambda: panel.mark is not None)
    panel.hide()
    solve(studio, "detach")
    settle()
    assert not panel.mark.done
    with qtbot.waitSignal(panel.completed):
        panel.show()


def test_a_lesson_is_completed_once_however_often_it_runs(qtbot, panel, studio, settle, begin):
    told = []
    panel.completed.connect(told.append)
    begin("detach")
    solve(studio, "detach")
    qtbot.waitUntil(lambda: told == ["detach"])
    for value in (3.0, 3.0):
        studio.do(SetLeafValue("n1", np.array(value, "float32")))
        settle()
    assert told == ["detach"]
    assert panel.mark.done


def test_the_text_is_read_out_and_scrolled_with_the_keys(qtbot, panel, begin):
    panel.resize(292, 420)
    begin("zero-grad")
    qtbot.waitUntil(lambda: panel.mark is not None)
    panel.page.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(panel.page, Qt.Key.Key_PageDown)
    assert panel.area.verticalScrollBar().value() > 0
    assert panel.page.accessibleName() == "zero_() in the loop"
    assert "not met: w is 3.0, give or take 0.04" in panel.page.accessibleDescription()


def test_the_list_says_what_is_done_and_opens_by_key_and_button(qtbot, panel, studio, begin):
    panel.show_progress(Progress((ALL[0].id,)))
    assert panel.list.rows.lines[0].spoken == f"Lesson 1, {ALL[0].title}, done"
    assert panel.list.rows.lines[1].spoken == f"Lesson 2, {ALL[1].title}"
    panel.list.setCurrentIndex(panel.list.rows.index(1))
    with qtbot.waitSignal(panel.chosen) as chosen:
        qtbot.keyClick(panel.list, Qt.Key.Key_Return)
    assert chosen.args == [ALL[1].id]
    begin(ALL[1].id)
    assert panel.list.rows.lines[1].spoken == f"Lesson 2, {ALL[1].title}, open"
    with qtbot.waitSignal(panel.chosen) as chosen:
        panel.again.click()
    assert chosen.args == [ALL[1].id]
    with qtbot.waitSignal(panel.chosen) as chosen:
        panel.next.click()
    assert chosen.args == [ALL[2].id]


def test_every_lesson_fits_its_column_in_both_themes(qtbot, panel, studio, begin):
    for each in ALL:
        panel.open_lesson(each)
        for theme in ("dark", "light"):
            studio.theme_mode = theme
            studio.changed.emit(Change(theme=True))
            width = panel.page.width()
            for part in panel.page.parts:
                assert all(panel.page.colors.metrics("bodyLarge").horizontalAdvance(line) < width for line in part.lines)
            assert panel.page.height() >= panel.page.parts[-1].bottom
        assert not panel.grab().isNull()
