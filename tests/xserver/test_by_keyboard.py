"""The same loss as by mouse, by keyboard alone: add, connect, name, frame, detach, step, save, open."""

from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from tests.xserver.desktop import Desktop, Window, wait_until
from tests.xserver.hand import back, dialog, name_file
from tests.xserver.pictures import differing
from tests.xserver.test_by_mouse import TIMELINE, check, ids, wired

pytestmark = pytest.mark.xserver


def add(window: Window, op: str) -> None:
    """Press A, type an op, take it."""
    window.key("a")
    window.type(op)
    window.key("Return")


def add_leaf(window: Window, name: str, value: str) -> None:
    """Press A, ask for a leaf, type its name and value."""
    add(window, "leaf")
    dialog(window, "New leaf")
    window.type(name)
    window.key("Tab")
    window.type(value)
    window.key("Return")
    back(window)


def connect_first_input(window: Window) -> None:
    """Take hold of the first input of the selected op, and of the first port that it fits: one that nothing reads yet."""
    window.key("p", "Tab", "Return", "Return")


def connect_output(window: Window) -> None:
    """Take hold of the output of the selected node, and of the first port that it fits: one with nothing in it."""
    window.key("p", "Return", "Return")


def find(window: Window, name: str) -> None:
    """Find a node, which is then selected."""
    window.key("ctrl+f")
    window.type(name)
    window.key("Return", "Escape")


def walk(window: Window, desktop: Desktop) -> None:
    """Go to the first step, two on, one back, to the last: the timeline follows, and ends as it was."""
    shots = [timeline(desktop)]
    for key in ("Home", "Right", "Right", "Left", "End"):
        window.key(key)
        window.wait(lambda: differing(timeline(desktop), shots[-1]) > 0.001, f"{key} goes to another step")
        shots.append(timeline(desktop))
    window.wait(lambda: differing(timeline(desktop), shots[0]) < 0.001, "the end is on show again")


def timeline(desktop: Desktop) -> QImage:
    """What the timeline shows."""
    return desktop.screenshot(desktop.folder / "step.bmp", TIMELINE)


def test_a_loss_is_built_and_stepped_through_by_keyboard_alone(desktop: Desktop, tmp_path: Path) -> None:
    file = tmp_path / "loss.grad"
    with desktop.gradstudio() as window:
        window.wait(lambda: window.title == "tutorial.grad — GradStudio", "the tutorial is open")
        window.key("ctrl+n")
        window.wait(lambda: window.title == "untitled.grad — GradStudio", "the canvas is empty")

        add_leaf(window, "x", "2")
        add(window, "mul")
        connect_first_input(window)
        add_leaf(window, "w", "0.5")
        connect_output(window)
        find(window, "mul")
        add(window, "add")
        connect_first_input(window)
        add_leaf(window, "b", "1")
        connect_output(window)
        find(window, "add")
        add(window, "sub")
        connect_first_input(window)
        add_leaf(window, "y", "3")
        connect_output(window)
        find(window, "sub")
        add(window, "pow")
        connect_first_input(window)
        window.key("F2")
        window.type("loss")
        window.key("Return")
        add(window, "exp")
        connect_first_input(window)
        window.key("n")
        find(window, "y")
        window.key("d", "shift+b", "shift+l", "shift+f", "Escape")
        window.key("ctrl+s")
        name_file(window, "Save", file)

        walk(window, desktop)
        window.key("ctrl+n")
        window.wait(lambda: window.title == "untitled.grad — GradStudio", "the canvas is empty again")
        window.key("ctrl+o")
        name_file(window, "Open", file)
        window.key("ctrl+q")
        wait_until(lambda: window.running.poll() is not None, "the program ends")
        assert window.log.read_text() == ""
    made = ids(file)
    flow = {(source, target) for source, target, _ in wired(file)}
    assert flow >= {(made["x"], made["mul"]), (made["w"], made["mul"]), (made["b"], made["add"]), (made["loss"], made["exp"])}
    check(file)
