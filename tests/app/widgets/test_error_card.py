"""The error card with a real studio: words, message, and ways out by click and by key."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractButton, QWidget

from gradstudio.app.studio import Studio
from gradstudio.app.widgets.error_card import ErrorCard
from gradstudio.document.calls import Backward
from gradstudio.document.commands.script import AppendCall
from gradstudio.document.graph import Ref
from tests.app.conftest import example


@pytest.fixture
def card(qtbot, studio: Studio, settle) -> ErrorCard:
    """The error card after a fourth backward through a graph that is used up."""
    canvas = QWidget()
    qtbot.addWidget(canvas)
    canvas.resize(800, 600)
    made = ErrorCard(studio, canvas)
    studio.show_example(example("accumulation"), "accumulation")
    settle()
    assert made.node is None
    studio.do(AppendCall(Backward(id=studio.new_id("c"), roots=(Ref("n9"),))))
    settle()
    canvas.show()
    made.show()
    made.canvas = canvas
    return made


def button(card: ErrorCard, name: str) -> QAbstractButton:
    return next(b for b in card.findChildren(QAbstractButton) if b.accessibleName() == name and not b.isHidden())


def fixes(card: ErrorCard) -> list[str]:
    return [b.fix.words for b in card._fixes]


def test_it_stands_on_the_node_that_failed_and_says_it_in_plain_words(card):
    assert card.node == ("n8",)
    assert card.accessibleDescription().startswith("This graph was already used up. mse_loss needs z and t")
    assert fixes(card) == ["Run forward again", "Keep the graph next time", "Go back before the call"]


@pytest.mark.parametrize("key", [Qt.Key.Key_1, Qt.Key.Key_2])
def test_the_keys_1_and_2_let_the_call_run_and_undo_brings_the_error_back(qtbot, card, studio, settle, key):
    with qtbot.waitActive(card.canvas):
        card.canvas.activateWindow()
    qtbot.keyClick(card.canvas, key)
    qtbot.waitUntil(lambda: card.node is None)
    assert all(outcome.kind == "ok" for outcome in studio.shown.trace.outcomes.values())
    studio.undo()
    settle()
    assert card.node == ("n8",)


def test_the_third_way_goes_back_and_changes_nothing(qtbot, card, studio):
    document = studio.document
    button(card, "Go back before the call").click()
    qtbot.waitUntil(lambda: studio.shown.state.k == 63)
    assert studio.document is document
    assert card.node is None


def test_show_all_and_copy_give_the_whole_message(qtbot, card, studio):
    short = card.body.height()
    button(card, "Show the whole message").click()
    assert card.body.height() > short
    button(card, "Copy the message").click()
    text = QGuiApplication.clipboard().text()
    assert text.startswith("RuntimeError: Trying to backward through the graph a second time")
    assert text.endswith("after calling backward.")


def test_put_away_it_stays_away_until_something_else_fails(qtbot, card, studio, settle):
    qtbot.keyClick(card, Qt.Key.Key_Escape)
    assert card.node is None
    studio.player.go_to(10)
    qtbot.waitUntil(lambda: studio.shown.state.k == 10)
    studio.player.last()
    qtbot.waitUntil(lambda: studio.shown.state.k == 65)
    assert card.node is None
    studio.undo()
    settle()
    studio.redo()
    settle()
    assert card.node is None


def test_inside_the_run_the_error_shows_only_at_its_step(qtbot, card, studio):
    studio.player.go_to(40)
    qtbot.waitUntil(lambda: studio.shown.state.k == 40)
    assert card.node is None


def test_it_can_be_painted_in_both_themes(card, studio):
    assert not card.grab().isNull()
    studio.set_theme("light")
    assert not card.grab().isNull()


def test_every_button_has_a_name_and_takes_the_focus(card):
    for each in card.findChildren(QAbstractButton):
        assert each.accessibleName()
        assert each.focusPolicy() & Qt.FocusPolicy.TabFocus
