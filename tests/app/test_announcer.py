"""What a screen reader is told while stepping: every step, in words, once."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QAccessible

from gradstudio.explain.announcement import announcement
from tests.app.conftest import example


@pytest.fixture
def heard(monkeypatch) -> list[str]:
    """The messages of the announcements that reach the platform, a screen reader listening."""
    said: list[str] = []

    def reach(event) -> None:
        if event.type() == QAccessible.Event.Announcement:
            said.append(event.message())

    monkeypatch.setattr(QAccessible, "updateAccessibility", reach)
    QAccessible.setActive(True)
    yield said
    QAccessible.setActive(False)


def go(window, settle, heard, command: str) -> list[str]:
    """What is said when a command is chosen."""
    heard.clear()
    window.do(command)
    settle()
    return list(heard)


@pytest.mark.parametrize(("name", "steps"), [("tutorial", 6), ("accumulation", 63)])
def test_every_step_is_said_once_in_its_own_words(window, settle, heard, name, steps):
    studio = window.studio
    studio.show_example(example(name), name)
    settle()
    assert heard == []
    assert go(window, settle, heard, "first") == [f"Before the first of {steps} steps"]
    for k in range(1, steps + 1):
        before = studio.shown.trace.step(k - 1)
        said = go(window, settle, heard, "step")
        assert said == [announcement(studio.shown.document, studio.shown.trace, studio.shown.state, before)], k
    assert said == ["x.grad is 12.0. End of the run"]
    assert go(window, settle, heard, "back") == ["pow passes 12.0 to x"]
    assert go(window, settle, heard, "op_back") == ["mul passes 3.0 to pow and 4.0 to y"]
    assert go(window, settle, heard, "last") == ["x.grad is 12.0. End of the run"]


def test_a_way_that_leads_nowhere_is_said_too(window, settle, heard):
    go(window, settle, heard, "first")
    assert go(window, settle, heard, "next_nonfinite") == ["Every number after this step is finite"]
    assert go(window, settle, heard, "back") == []


def test_an_edit_is_said_only_where_it_changes_the_step_on_show(window, settle, heard):
    from gradstudio.document.commands.nodes import SetRequiresGrad

    studio = window.studio
    studio.do(SetRequiresGrad(("n2",), False))
    settle()
    assert heard == []
    studio.undo()
    settle()
    studio.player.go_to(3)
    settle()
    heard.clear()
    studio.do(SetRequiresGrad(("n2",), False))
    settle()
    assert heard == ["mul passes 3.0 to pow"]
