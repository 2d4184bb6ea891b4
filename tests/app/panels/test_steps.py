"""The step list: what it lists, where a click leads, what was printed so far."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from gradstudio.app.panels.steps.model import kind_of
from gradstudio.app.panels.steps.panel import StepsPanel
from gradstudio.document.calls import Print
from gradstudio.document.commands.script import AppendCall
from gradstudio.document.graph import Ref
from tests.app.conftest import example


@pytest.fixture
def panel(qtbot, studio, settle) -> StepsPanel:
    made = StepsPanel(studio)
    qtbot.addWidget(made)
    made.resize(316, 500)
    made.show()
    studio.show_example(example("accumulation"), "accumulation")
    settle()
    return made


def listed(panel: StepsPanel) -> list[str]:
    return [panel.model.words(k) for k in panel.model.ks]


def test_every_step_is_listed_and_follows_undo(panel, studio, settle):
    assert panel.model.ks == list(range(1, studio.shown.trace.end + 1))
    studio.do(AppendCall(Print(id=studio.new_id("c"), operands=(Ref("n1"),))))
    settle()
    assert panel.model.ks == list(range(1, studio.shown.trace.end + 1))
    studio.undo()
    settle()
    assert len(panel.model.ks) == studio.shown.trace.end


def test_filters_by_words_kind_and_selection_are_joined(panel, studio):
    panel.field.setText("l2_penalty")
    assert listed(panel)
    assert all("l2_penalty" in words for words in listed(panel))
    panel.kind.setCurrentText("visit")
    assert all(words.endswith("Backward0") for words in listed(panel))
    panel.field.setText("")
    panel.kind.setCurrentText("accumulate")
    assert {kind_of(studio.shown.trace.steps[k - 1]) for k in panel.model.ks} == {"accumulate"}
    path, _ = studio.labels.by_label("W")
    studio.select(path)
    panel.of_selection.setChecked(True)
    assert set(listed(panel)) == {"W  AccumulateGrad"}
    studio.select(())
    assert not panel.model.ks


def test_only_steps_that_made_a_nan_are_left(panel, studio):
    panel.nonfinite.setChecked(True)
    assert panel.model.ks == sorted(studio.shown.trace.nonfinite)


def test_a_click_and_the_arrows_go_there(panel, studio, qtbot):
    panel.kind.setCurrentText("zero")
    first, second = panel.model.ks[:2]
    place = panel.view.visualRect(panel.model.index(0)).center()
    qtbot.mouseClick(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: studio.shown.state.k == first)
    assert panel.view.current == 0
    qtbot.keyClick(panel.view, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: studio.shown.state.k == second)


def test_prints_are_shown_up_to_the_playhead(panel, studio, settle, qtbot):
    assert not panel.printed.isVisible()
    studio.do(AppendCall(Print(id=studio.new_id("c"), text="the end")))
    settle()
    assert "the end" in panel.printed.toPlainText()
    assert listed(panel)[-1] == "print  the end"
    studio.player.go_to(3)
    qtbot.waitUntil(lambda: studio.shown.state.k == 3)
    assert panel.printed.toPlainText() == ""


def test_the_list_takes_the_place_of_the_program_and_gives_it_back(window):
    window.do("steps")
    steps = window.under.panels["steps"]
    assert steps.isVisible()
    assert not window.code.isVisible()
    steps.close_button.click()
    assert window.code.isVisible()
