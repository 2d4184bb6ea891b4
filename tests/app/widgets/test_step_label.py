"""Long local derivatives are whole on the step card: on several lines, and where those do not do, in a tool tip and read out."""

from __future__ import annotations

from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint, QPointF
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QToolTip

from gradstudio.app.theme import metrics
from gradstudio.app.widgets.card import MARGIN
from gradstudio.app.widgets.step_card import CAPTIONS, HEAD, ROW, Mosaic, StepCard, columns, labels, lead, row_height
from gradstudio.app.widgets.step_label import LINE, MOST, ROLE, SLACK, cut, lines
from gradstudio.explain.equation import Equation, Row, Term

LONG = "∂mish/∂x = tanh s + x·σ(x)(1 − tanh² s), s = ln(1 + e^x)"
LONGER = "∂linalg_pinv/∂x = −Pᵗ·Pᵗ + (1 − xP)·ᵗP Pᵗ + PᵗP·ᵗ(1 − Px), P = x⁺ of the matrix of the design"


def row(local: str) -> Row:
    return Row((Term("∂y/∂y", 1.0), Term(local, 2.0), Term("∂y/∂x", 2.0)), ("×", "="), "x.grad")


def test_what_fits_stays_on_one_line(qapp):
    assert lines("∂z/∂a = y", 124.0) == ("∂z/∂a = y",)
    assert row_height(row("∂z/∂a = y")) == ROW
    assert not cut("∂z/∂a = y", 124.0)


@pytest.mark.parametrize("label", [LONG, "∂loss/∂linalg_solve = 1", "∂loss/∂scaled_dot_product_attention = 1", LONGER])
def test_no_line_loses_a_letter_and_each_but_the_last_fits(qapp, label):
    found = lines(label, 124.0)
    assert 1 < len(found) <= MOST
    assert "".join(found).replace(" ", "") == label.replace(" ", "")
    assert all(metrics(ROLE).horizontalAdvance(line) <= 124.0 for line in found[:-1])
    assert cut(label, 124.0) == (label == LONGER)


def test_a_row_grows_by_the_lines_of_its_longest_label(qapp):
    found = row(LONG)
    assert lead(found) == LINE * (max(len(lines(label, room)) for label, _, room in labels(found)) - 1) > 0
    assert row_height(found) == ROW + lead(found)


def test_the_cells_that_are_pointed_at_lie_below_all_lines(qapp):
    term = Term("∂y/∂x", norm=2.0, shape=(2, 2), cells=(1.0,) * 4, gradient=True)
    short, long = [Row((*row(local).terms[:2], term), ("×", "="), "x.grad") for local in ("∂z/∂a = y", LONG)]
    assert Mosaic.of(long, 100.0).top == Mosaic.of(short, 100.0).top + lead(long) > Mosaic.of(short, 100.0).top


def test_labels_reach_over_no_edge_and_no_other(qapp):
    reach = [(x - room / 2, x + room / 2) for _, x, room in labels(row(LONG))]
    assert reach[0][0] >= 12
    assert all(right <= left for (_, right), (left, _) in pairwise(reach))


def test_a_label_that_is_cut_is_told_whole(qtbot, studio):
    card = StepCard(studio)
    qtbot.addWidget(card)
    card.equation = Equation(("n1",), "", "y", "YBackward0", "Step", rows=(row("∂z/∂a = y"), row(LONGER)))
    card.fit()
    y = HEAD + CAPTIONS + row_height(row("∂z/∂a = y")) + 20
    centre = columns(row(LONGER))[1]
    assert card.label_at(QPointF(centre, y)) == LONGER
    assert card.label_at(QPointF(columns(row(LONGER))[2], y)) == card.label_at(QPointF(centre, HEAD + CAPTIONS + 10)) == ""
    card.show()
    at = QPoint(round(centre + MARGIN), round(y + MARGIN))
    card.event(QHelpEvent(QHelpEvent.Type.ToolTip, at, card.mapToGlobal(at)))
    qtbot.waitUntil(lambda: "of the matrix of the design" in QToolTip.text())
    QToolTip.hideText()


def test_what_lacks_a_hair_is_elided_and_told(qapp):
    label = "∂loss/∂mse_loss = 1"
    room = metrics(ROLE).horizontalAdvance(label) - SLACK / 2
    assert lines(label, room) == (label,)
    assert cut(label, room)
    assert len(lines(label, room - SLACK)) == 2
