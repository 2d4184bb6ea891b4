"""Cells that one can walk over, read and edit."""

from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from gradstudio.app.theme import named
from gradstudio.app.widgets.grid import grid_of_array
from gradstudio.app.widgets.heatmap import Heatmap, plan_of

VALUES = np.array([[0.5, -1.0, 0.25, 1.5], [-0.75, 0.5, 1.25, -0.25], [1.0, 0.0, -1.5, 0.75]], np.float32)


@pytest.fixture
def heat(qtbot):
    made = Heatmap(SimpleNamespace(theme="dark"), "value of W")
    qtbot.addWidget(made)
    made.resize(284, 84)
    made.show_grid(grid_of_array(VALUES), False, lambda index: VALUES[index].item())
    made.show()
    made.told = []
    made.edited.connect(lambda index, value: made.told.append((index, value)))
    return made


def test_the_picture_of_the_design_is_kept():
    plan = plan_of(grid_of_array(VALUES), 284, named("dark"))
    assert plan.numbers
    assert plan.rect(1, 1).getRect() == (22 + 63.25 + 3, 29.0, 63.25, 26.0)


def test_arrows_walk_and_the_number_is_spoken_with_its_index(heat):
    assert heat.accessibleDescription() == "[0, 0]: 0.5"
    QTest.keyClick(heat, Qt.Key.Key_Right)
    QTest.keyClick(heat, Qt.Key.Key_Down)
    assert heat.accessibleDescription() == "[1, 1]: 0.5"
    QTest.keyClick(heat, Qt.Key.Key_Up)
    assert heat.accessibleDescription() == "[0, 1]: −1.0"


def test_enter_types_over_a_cell(heat):
    QTest.keyClick(heat, Qt.Key.Key_Right)
    QTest.keyClick(heat, Qt.Key.Key_Return)
    line = heat.findChild(QLineEdit)
    assert line.text() == "-1.0"
    line.setText("2")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert heat.told == [((0, 1), 2.0)]


def test_tab_goes_on_to_the_next_cell(heat):
    heat.type("9")
    heat.findChild(QLineEdit).focusNextPrevChild(True)
    lines = [line for line in heat.findChildren(QLineEdit) if line.isVisible()]
    assert heat.told == [((0, 0), 9.0)]
    assert [line.accessibleName() for line in lines] == ["value of W [0, 1]"]


def test_a_double_click_on_a_number_that_cannot_be_typed_asks_for_the_table(heat, qtbot):
    heat.show_grid(grid_of_array(VALUES), True)
    with qtbot.waitSignal(heat.opened):
        QTest.mouseDClick(heat, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(60, 10))
    assert heat.findChild(QLineEdit) is None


def test_a_large_tensor_has_bare_cells_within_a_fixed_height(heat):
    heat.show_grid(grid_of_array(np.zeros((64, 512), np.float32)), False)
    assert heat.height() <= 245
    assert not heat.plan.numbers


def test_a_cell_is_copied_with_all_its_digits_and_a_plain_minus(heat):
    third = np.array([[-1 / 3]], np.float32)
    heat.show_grid(grid_of_array(third), False)
    QTest.keyClick(heat, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "-0.33333334"


def test_fewer_cells_than_before_move_the_walk_inside(heat):
    for _ in range(3):
        QTest.keyClick(heat, Qt.Key.Key_Right)
    heat.show_grid(grid_of_array(np.ones((1, 2), np.float32)), False)
    assert heat.accessibleDescription() == "[0, 1]: 1.0"
