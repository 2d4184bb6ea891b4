"""The small controls: what they tell, what they are called, how they are reached."""

from types import SimpleNamespace

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from gradstudio.app.theme import named
from gradstudio.app.widgets.choice_field import ChoiceField
from gradstudio.app.widgets.icon_button import IconButton
from gradstudio.app.widgets.inline_field import InlineField
from gradstudio.app.widgets.overlay_scroll import OverlayScroll
from gradstudio.app.widgets.plain import label, tip
from gradstudio.app.widgets.switch import Switch
from gradstudio.app.widgets.text_button import TextButton

DARK = SimpleNamespace(theme="dark")


@pytest.fixture
def host(qtbot):
    made = QWidget()
    qtbot.addWidget(made)
    made.resize(300, 200)
    made.show()
    return made


BUTTONS = {
    "switch": lambda parent: Switch(DARK, "on", parent),
    "icon": lambda parent: IconButton(DARK, "pin", "Pin", parent),
    "text": lambda parent: TextButton(DARK, "Open", parent),
}


@pytest.mark.parametrize("kind", BUTTONS)
def test_a_button_is_clicked_by_mouse_and_by_space_and_has_room_for_a_finger(host, qtbot, kind):
    button = BUTTONS[kind](host)
    button.resize(button.sizeHint())
    button.show()
    for press in (
        lambda: QTest.mouseClick(button, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(1, 1)),
        lambda: QTest.keyClick(button, Qt.Key.Key_Space),
    ):
        with qtbot.waitSignal(button.clicked):
            press()
    assert button.width() >= 24
    assert button.height() >= 24
    assert button.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_on_and_off_differ_by_the_place_of_the_knob(host):
    switch = Switch(DARK, "on", host)
    switch.resize(switch.sizeHint())
    switch.show()
    off = switch.grab().toImage()
    switch.setChecked(True)
    on = switch.grab().toImage()
    left, right = QPoint(4 + 7, 12), QPoint(4 + 19, 12)
    assert on.pixelColor(right) == named("dark").color("node")
    assert on.pixelColor(left) == named("dark").color("text")
    assert off.pixelColor(left) == named("dark").color("text3")
    assert off.pixelColor(right) == named("dark").color("node")


def test_a_typed_line_is_told_of_once_and_gives_the_focus_back(host, qtbot):
    told = []
    host.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    line = InlineField(host, "Name", QRect(0, 0, 80, 24), named("dark").font("body"), "old", "n")
    line.done.connect(lambda words, step: told.append((words, step)))
    QTest.keyClicks(line, "ew")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert told == [("new", 0)]
    assert not line.isVisible()


def test_escape_gives_up_and_tab_says_where_to_go_on(host):
    told = []
    for key, forward in ((Qt.Key.Key_Escape, None), (None, True), (None, False)):
        line = InlineField(host, "Name", QRect(0, 0, 80, 24), named("dark").font("body"), "old")
        line.done.connect(lambda words, step: told.append((words, step)))
        if key:
            QTest.keyClick(line, key)
        else:
            line.focusNextPrevChild(forward)
    assert told == [(None, 0), ("old", 1), ("old", -1)]


def test_the_bar_of_a_scroll_area_takes_no_width_from_it(host):
    body = QWidget()
    body.setMinimumHeight(600)
    area = OverlayScroll(body, host)
    area.setWidgetResizable(True)
    area.resize(200, 100)
    area.show()
    assert area.viewport().width() == 200
    assert area.bar.isVisible()
    assert area.bar.pageStep() == 100
    area.bar.setValue(120)
    assert area.verticalScrollBar().value() == 120
    area.verticalScrollBar().setValue(40)
    assert area.bar.value() == 40
    body.setMinimumHeight(50)
    area.resize(200, 101)
    assert not area.bar.isVisible()


def test_the_wheel_does_not_change_a_choice(host):
    field = ChoiceField(DARK, "dtype", host)
    field.addItems(["float32", "int64"])
    assert field.accessibleName() == "dtype"
    assert field.sizeHint().height() == 28


def test_text_of_a_document_is_never_rich():
    hostile = "<img src='/dev/zero'><s>x"
    assert label(hostile).textFormat() == Qt.TextFormat.PlainText
    assert tip(hostile) == "<qt>&lt;img src=&#x27;/dev/zero&#x27;&gt;&lt;s&gt;x</qt>"
    assert len(tip("a" * 10_000)) < 600
    assert tip("") == ""
