"""Verbs of the playhead."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gradstudio.app.studio import SPEEDS

if TYPE_CHECKING:
    from gradstudio.app.main_window import MainWindow

Verb = Callable[["MainWindow"], None]
Test = Callable[["MainWindow"], bool]


def first(w: MainWindow) -> None:
    w.studio.first()


def last(w: MainWindow) -> None:
    w.studio.last()


def step(w: MainWindow) -> None:
    w.studio.step(1)


def step_back(w: MainWindow) -> None:
    w.studio.step(-1)


def call_on(w: MainWindow) -> None:
    w.studio.step(1, "call")


def call_back(w: MainWindow) -> None:
    w.studio.step(-1, "call")


def play(w: MainWindow) -> None:
    if w.studio.playing:
        w.studio.pause()
    else:
        w.studio.play()


def leave(w: MainWindow) -> None:
    """Leave the step; then let the selection go."""
    if w.studio.stepping:
        w.studio.leave_step_mode()
    elif w.studio.selection:
        w.studio.select(())


def toggle_unit(w: MainWindow) -> None:
    w.studio.set_step_unit("call" if w.studio.step_unit == "step" else "step")


def slower(w: MainWindow) -> None:
    w.studio.set_speed(max((s for s in SPEEDS if s < w.studio.speed), default=SPEEDS[0]))


def faster(w: MainWindow) -> None:
    w.studio.set_speed(min((s for s in SPEEDS if s > w.studio.speed), default=SPEEDS[-1]))
