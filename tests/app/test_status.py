"""Status bar: what the run does; after a second a bar and Stop; stale, errors, counts and notices."""

from __future__ import annotations

import time

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from gradstudio.app import text
from gradstudio.app.runs import Runs
from gradstudio.app.status import LONG, READABLE, StatusBar
from gradstudio.document.commands.nodes import SetLeafValue


@pytest.fixture
def bar(window) -> StatusBar:
    return window.status


def words(bar: StatusBar) -> list[str]:
    return [said for _, said, _ in bar.left_parts()]


def value(number: float) -> np.ndarray:
    made = np.array([number], np.float32)
    made.setflags(write=False)
    return made


def test_at_rest_it_says_so_and_counts(bar):
    said = words(bar)
    assert said[0] == "Up to date"
    assert said[1].startswith("Recomputed in")
    assert said[2:] == ["4 nodes, 3 wires", "0 saved tensors held"]
    assert bar.right_parts() == ["torch 2.13 semantics", "float32"]


def test_it_counts_nodes_that_nothing_is_wired_to(bar, window):
    window.studio.new()
    for expected in ("1 node, 0 wires", "2 nodes, 0 wires"):
        window.canvas.add_node("exp", QPointF(0, 0))
        assert expected in words(bar)
    window.studio.undo()
    assert "1 node, 0 wires" in words(bar)


def test_what_was_said_of_a_step_goes_when_another_is_gone_to(bar, window, settle):
    window.do("first")
    settle()
    window.do("next_nonfinite")
    assert words(bar)[0] == "Every number after this step is finite"
    window.do("step")
    settle()
    assert words(bar)[0] == "Stepping forward"


def test_in_manual_mode_an_edit_is_stale_until_it_is_run(bar, window, qtbot, settle):
    window.studio.runs.set_live(False)
    window.studio.do(SetLeafValue("n1", value(3)))
    qtbot.waitUntil(lambda: words(bar)[0] == "Stale: Ctrl+Enter runs it")
    window.do("run")
    settle()
    assert words(bar)[0] == "Up to date"


def test_a_call_that_raised_is_named_with_its_node(bar, window, settle):
    window.do("backward_again")
    settle()
    assert words(bar)[0] == "Backward #2 stopped at z"
    assert "1 error" in bar.right_parts()


def test_how_long_a_run_took_stands_until_it_can_be_read_and_is_the_last_one_in_the_end(bar, window, qtbot, settle):
    qtbot.waitUntil(lambda: words(bar)[1] == f"Recomputed in {text.duration(window.studio.shown.trace.elapsed)}")
    time.sleep(READABLE)
    written = set()
    began = time.monotonic()
    while time.monotonic() < began + READABLE / 2:
        window.studio.do(SetLeafValue("n1", value(time.monotonic())))
        settle()
        written.add(words(bar)[1])
    assert len(written) <= 2  # one at the start, which was due
    qtbot.waitUntil(lambda: drawn(bar) == f"Recomputed in {text.duration(window.studio.shown.trace.elapsed)}")


def drawn(bar: StatusBar) -> str:
    return bar.accessibleDescription().split(". ")[1]


def test_while_stepping_it_says_which_keys_step(bar, window, settle):
    window.do("first")
    settle()
    assert words(bar)[-1] == "Left and Right step, Esc leaves"
    assert "Paused" in bar.right_parts()
    window.do("play")
    assert "Playing" in bar.right_parts()
    window.do("play")
    assert "Paused" in bar.right_parts()


def test_a_notice_stands_first_until_the_next_edit(bar, window, settle):
    window.studio.notify("Saved net.grad")
    assert words(bar)[0] == "Saved net.grad"
    window.studio.do(SetLeafValue("n1", value(3)))
    assert words(bar)[0] != "Saved net.grad"
    settle()


def test_running_again_takes_away_what_was_said_of_the_run_before(bar, window, settle):
    window.studio.runs.stop()
    assert words(bar)[0].startswith("Stopped.")
    window.do("run")
    assert not words(bar)[0].startswith("Stopped.")
    settle()
    assert words(bar)[0] == "Up to date"


def test_a_long_run_shows_a_bar_and_stop_that_cover_no_words(qtbot, qapp, monkeypatch, studio):
    made = StatusBar(studio)
    qtbot.addWidget(made)
    made.resize(1600, 26)
    made.show()
    assert not made.stop.isVisible()
    monkeypatch.setattr(Runs, "busy_for", property(lambda self: LONG + 1.4))
    monkeypatch.setattr(Runs, "running", property(lambda self: True))
    stopped = []
    made.stop.clicked.connect(lambda: stopped.append(time.monotonic()))
    made._look()
    assert made.stop.isVisible()
    made.grab()
    metrics = made.colors.metrics("caption")
    first = 14 + 18 + metrics.horizontalAdvance(words(made)[0])
    assert words(made)[0] == "Running for 2 s"
    assert made.stop.x() >= first + 72
    monkeypatch.setattr(Runs, "stop", lambda self: None)
    QTest.mouseClick(made.stop, Qt.MouseButton.LeftButton)
    assert stopped
    made._tick.stop()
