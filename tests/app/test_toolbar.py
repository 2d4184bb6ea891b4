"""Toolbar: follows file, history, grad mode and live mode; its buttons do what the commands do."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gradstudio.document.calls import Backward, SetGradEnabled


def click(widget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def test_the_mode_button_shows_manual_at_once_whoever_sets_it(window, qtbot):
    bar = window.toolbar
    before = bar.mode.grab().toImage()
    window.studio.runs.set_live(False)
    assert bar.mode.grab().toImage() != before
    window.studio.runs.set_live(True)
    assert bar.mode.grab().toImage() == before
    click(bar.mode)
    assert not window.studio.runs.live
    click(bar.mode)
    assert window.studio.runs.live


def test_another_mode_is_painted_without_a_move_of_the_pointer(window, qtbot):
    painted = []
    mode = window.toolbar.mode
    draw = mode.draw
    mode.draw = lambda paint, rect: (painted.append(window.studio.runs.live), draw(paint, rect))
    window.do("live")
    qtbot.waitUntil(lambda: painted[-1:] == [False])
    window.do("live")
    qtbot.waitUntil(lambda: painted[-1:] == [True])


def test_the_grad_switch_puts_a_call_first_in_the_script_and_takes_it_away(window, settle):
    click(window.toolbar.grad)
    assert isinstance(next(iter(window.studio.document.calls())), SetGradEnabled)
    assert not window.toolbar.grad.isChecked()
    settle()
    click(window.toolbar.grad)
    assert not any(isinstance(call, SetGradEnabled) for call in window.studio.document.calls())
    assert window.toolbar.grad.isChecked()
    settle()


def test_backward_by_the_button_and_its_other_ways_by_a_right_click(window, settle):
    click(window.toolbar.backward)
    assert sum(isinstance(call, Backward) for call in window.studio.document.calls()) == 2
    window.studio.select(["n4"])
    listed = [action.objectName() for action in window.context_menu("backward").actions()]
    assert listed == ["backward", "backward_from", "backward_again"]
    settle()


def test_undo_and_redo_are_lit_when_there_is_something(window, settle):
    bar = window.toolbar
    assert not bar.undo.isEnabled()
    window.studio.select(["n3"])
    window.do("duplicate")
    assert bar.undo.isEnabled()
    click(bar.undo)
    assert bar.redo.isEnabled()
    assert not bar.undo.isEnabled()
    settle()


def test_buttons_leave_the_keyboard_on_the_canvas(window, settle):
    window.canvas.setFocus()
    for button in (window.toolbar.undo, window.toolbar.mode, window.toolbar.mode, window.toolbar.backward):
        click(button)
        assert window.canvas.hasFocus()
    settle()


def test_the_window_opens_with_the_keyboard_on_the_canvas(window):
    window.activateWindow()
    assert window.focusWidget() is window.canvas
