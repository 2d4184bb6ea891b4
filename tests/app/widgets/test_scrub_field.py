"""A number that is dragged, stepped or typed."""

from types import SimpleNamespace

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from gradstudio.app.widgets.scrub_field import ScrubField, number_for, scrubbed


@pytest.fixture
def field(qtbot):
    gestures = iter(range(1, 100))
    made = ScrubField(SimpleNamespace(theme="dark"), "x", lambda: next(gestures))
    qtbot.addWidget(made)
    made.resize(120, 28)
    made.show_value(2.0, "float32")
    made.show()
    made.told = []
    made.edited.connect(lambda value, gesture: made.told.append((value, gesture)))
    return made


def drag(field: ScrubField, *xs: int, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier, release: bool = True) -> None:
    QTest.mousePress(field, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(20, 10))
    for x in xs:
        here = QPointF(20 + x, 10)
        field.mouseMoveEvent(QMouseEvent(QMouseEvent.Type.MouseMove, here, here, Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton, keys))
    if release:
        QTest.mouseRelease(field, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(20 + xs[-1], 10))


def test_a_drag_gives_round_numbers_of_the_same_kind():
    assert scrubbed(2.0, 10) == 2.1
    assert scrubbed(2.0, 10, fine=True) == 2.01
    assert scrubbed(2.0, 10, coarse=True) == 3.0
    assert scrubbed(250.0, 10) == 260.0
    assert scrubbed(0.0, -50) == -0.5
    assert scrubbed(3, 16) == 5
    assert type(scrubbed(3, 16)) is int


def test_all_values_of_one_drag_have_one_gesture_and_the_next_drag_another(field):
    drag(field, 10, 20, 30)
    assert field.told == [(2.1, 1), (2.2, 1), (2.3, 1)]
    drag(field, 10)
    assert field.told[-1] == (2.4, 2)


def test_shift_makes_the_drag_finer(field):
    drag(field, 10, keys=Qt.KeyboardModifier.ShiftModifier)
    assert field.told == [(2.01, 1)]


def test_escape_takes_a_drag_back_in_the_same_gesture(field):
    drag(field, 10, release=False)
    field.show_value(2.1, "float32")
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert field.told[-1] == (2.0, 1)


def test_a_click_lets_one_type_and_enter_finishes(field, qtbot):
    QTest.mouseClick(field, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(20, 10))
    line = field.findChild(QLineEdit)
    assert line is not None
    assert line.text() == "2.0"
    line.setText("−0.5")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert field.told == [(-0.5, 0)]


def test_escape_while_typing_changes_nothing(field):
    field.type("7")
    QTest.keyClick(field.findChild(QLineEdit), Qt.Key.Key_Escape)
    assert field.told == []


def test_what_is_no_number_changes_nothing(field):
    field.type("abc")
    QTest.keyClick(field.findChild(QLineEdit), Qt.Key.Key_Return)
    assert field.told == []


def test_an_equal_number_is_no_edit(field):
    field.type("2")
    QTest.keyClick(field.findChild(QLineEdit), Qt.Key.Key_Return)
    assert field.told == []


def test_up_and_down_step(field):
    QTest.keyClick(field, Qt.Key.Key_Up)
    QTest.keyClick(field, Qt.Key.Key_Down)
    assert field.told == [(2.1, 0), (1.9, 0)]


def test_showing_a_number_tells_nobody(field):
    field.show_value(5.0, "float32")
    assert field.told == []
    assert field.accessibleDescription() == "5.0"


@pytest.mark.parametrize(
    ("words", "dtype", "number"),
    [("1,5", "float32", 1.5), ("1e-3", "float64", 0.001), ("3", "float32", 3.0), ("3.0", "int64", 3), ("2.5", "int64", None),
     ("300", "uint8", None), ("1", "bool", True), ("nan", "float32", None), ("", "float32", None)],
)  # fmt: skip
def test_typed_text_is_read_for_its_dtype(words, dtype, number):
    got = number_for(words, dtype)
    if words == "nan":
        assert got != got
    else:
        assert got == number
        assert type(got) is type(number)
