"""The microscope in the step card: a cell of a contribution is pointed at, and its products and sum are shown."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF
from PySide6.QtTest import QTest

from gradstudio.app.widgets.card import MARGIN
from gradstudio.app.widgets.step_card import UNTOLD, Mosaic, StepCard
from gradstudio.session.trace import ACCUMULATE
from tests.explain.build import Program


@pytest.fixture
def card(qtbot, studio, settle) -> StepCard:
    """The card of the visit of `x @ w`, whose result is squared and summed."""
    p = Program()
    x, w = p.leaf("x", [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), p.leaf("w", [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    y = p.op("matmul", x, w, name="y")
    p.op("sum", p.op("mul", y, y), name="loss")
    p.forward()
    p.backward(automatic=True)
    made = StepCard(studio)
    qtbot.addWidget(made)
    made.show()
    studio.show_example(p.document(), "a product")
    settle()
    k = next(k for k, step in enumerate(studio.shown.trace.steps, 1) if step.kind == "visit" and step.node == (y.source,))
    studio.player.go_to(k)
    qtbot.waitUntil(lambda: made.equation is not None and studio.shown.state.k == k)
    return made


def cells(card: StepCard):
    """Yield every point of the body on a grid of 2 px, with what lies there."""
    width, height = card.body_size()
    for x in range(0, int(width), 2):
        for y in range(0, int(height), 2):
            found = card.cell_at(QPointF(x, y))
            if found is not None:
                yield (x, y), found


def test_every_cell_of_both_contributions_can_be_pointed_at_and_nothing_else(card):
    found = {cell for _, cell in cells(card)}
    assert found == {(0, i) for i in range(6)} | {(1, i) for i in range(6)}


def test_pointing_at_a_cell_tells_its_products_and_the_axis_summed(card, qtbot):
    before = card.height()
    (x, y), _ = next(item for item in cells(card) if item[1] == (0, 2))
    QTest.mouseMove(card, QPoint(round(x + MARGIN), round(y + MARGIN)))
    card.look_at((0, 2))
    qtbot.waitUntil(lambda: bool(card.told[0]))
    upstream = 2 * np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]) @ np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    total = upstream[0].sum()
    assert card.told == (f"[0, 2]  {total:.1f} = {upstream[0, 0]:.1f} × 1.0 + {upstream[0, 1]:.1f} × 1.0",
                         "axis 1 (2): of the upstream, summed by the product")  # fmt: skip
    assert card.height() == before  # it does not jump under the pointer
    assert not card.grab().isNull()


def test_leaving_or_stepping_puts_the_microscope_away(card, qtbot, studio):
    card.look_at((1, 0))
    qtbot.waitUntil(lambda: bool(card.told[0]))
    card._show_told(None, ("", ""))
    assert card.told == ("", "")
    card.look_at((1, 0))
    qtbot.waitUntil(lambda: bool(card.told[0]))
    studio.player.step(1)
    qtbot.waitUntil(lambda: studio.shown.trace.step(studio.shown.state.k).name == ACCUMULATE)
    assert card.told == ("", "")
    assert card.pointed is None


def test_an_answer_that_comes_late_is_not_shown(card, studio):
    equation = card.equation
    card.pointed = (0, 1)
    card._looked(equation, (0, 0), None)
    assert card.told == ("", "")
    card._looked(equation, (0, 1), None)
    assert card.told[0] == UNTOLD


def test_cells_and_their_places_agree():
    mosaic = Mosaic(10, 20, 4, 3, 2)
    assert mosaic.cell_at(QPointF(10, 20)) == 0
    assert mosaic.cell_at(QPointF(10 + 2 * 5 + 1, 20 + 5 + 1)) == 5
    assert mosaic.cell_at(QPointF(9, 20)) is None
    assert mosaic.cell_at(QPointF(10, 31)) is None
