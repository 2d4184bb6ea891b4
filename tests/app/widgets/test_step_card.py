"""The step card with a real studio: what it shows while stepping, and where it stands."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QWidget

from gradstudio.app.studio import Studio
from gradstudio.app.widgets.card import MARGIN
from gradstudio.app.widgets.step_card import StepCard
from tests.app.conftest import example


@pytest.fixture
def card(qtbot, studio: Studio, settle) -> StepCard:
    """A step card on a canvas of 800 by 600, the example of the pictures run."""
    canvas = QWidget()
    qtbot.addWidget(canvas)
    canvas.resize(800, 600)
    made = StepCard(studio, canvas)
    studio.show_example(example("accumulation"), "accumulation")
    settle()
    canvas.show()
    made.canvas = canvas
    return made


def go(qtbot, studio: Studio, k: int) -> None:
    studio.player.go_to(k)
    qtbot.waitUntil(lambda: studio.shown.state.k == k)


def test_at_the_end_there_is_nothing_to_show(card):
    assert card.node is None


def test_while_stepping_it_stands_beside_the_node_of_the_step(qtbot, card, studio):
    with qtbot.waitSignal(card.wanted, check_params_cb=lambda node: node == ("n5",)):
        studio.player.go_to(60)
    assert card.node == ("n5",)
    assert "∂loss/∂z 1.0 × ∂z/∂a = y 3.0 = ∂loss/∂a 3.0, to pow" in card.accessibleDescription()


def test_leaving_step_mode_puts_it_away(qtbot, card, studio):
    go(qtbot, studio, 60)
    studio.player.last()
    qtbot.waitUntil(lambda: card.node is None)


def test_it_grows_with_its_rows_and_for_cells(qtbot, card, studio):
    go(qtbot, studio, 60)
    two_rows = card.body.height()
    go(qtbot, studio, 62)
    one_row = card.body.height()
    go(qtbot, studio, 58)
    assert two_rows == one_row + 60
    assert card.body.height() > one_row


def test_it_is_as_wide_as_in_the_design_or_as_the_name_of_a_target_needs(qtbot, card, studio):
    go(qtbot, studio, 60)
    assert card.body.width() == 484
    go(qtbot, studio, 11)  # to l2_penalty/mul
    assert 484 < card.body.width() <= 600


def test_every_step_can_be_painted_in_both_themes(qtbot, card, studio):
    card.show()
    for k in range(1, 64):
        go(qtbot, studio, k)
        assert not card.grab().isNull()
    studio.set_theme("light")
    assert not card.grab().isNull()


def test_it_is_placed_by_its_visible_corner_until_a_person_drags_it(qtbot, card, studio):
    go(qtbot, studio, 60)
    card.show()
    card.place(QPoint(100, 80))
    assert card.pos() + card.body.topLeft() == QPoint(100, 80)
    with qtbot.waitSignal(card.dragged):
        qtbot.mousePress(card, Qt.MouseButton.LeftButton, pos=QPoint(60, 40))
        qtbot.mouseMove(card, QPoint(90, 70))
    qtbot.mouseRelease(card, Qt.MouseButton.LeftButton, pos=QPoint(60, 40))
    assert card.by_hand
    moved = card.pos()
    card.place(QPoint(300, 300))
    assert card.pos() == moved


def test_alt_and_arrows_move_it_and_it_stays_on_the_canvas(qtbot, card, studio):
    go(qtbot, studio, 60)
    card.show()
    card.place(QPoint(30, 30))
    qtbot.keyClick(card, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert card.pos() + card.body.topLeft() == QPoint(50, 30)
    for _ in range(10):
        qtbot.keyClick(card, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert card.pos().y() == -MARGIN


def test_escape_closes_it(qtbot, card, studio):
    go(qtbot, studio, 60)
    with qtbot.waitSignal(card.closed):
        qtbot.keyClick(card, Qt.Key.Key_Escape)
