"""Verbs of the playhead."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gradstudio.app.player import SPEEDS

if TYPE_CHECKING:
    from gradstudio.app.main_window import MainWindow

Verb = Callable[["MainWindow"], None]
Test = Callable[["MainWindow"], bool]


def first(w: MainWindow) -> None:
    w.studio.player.first()


def last(w: MainWindow) -> None:
    w.studio.player.last()


def step(w: MainWindow) -> None:
    w.studio.player.step(1)


def step_back(w: MainWindow) -> None:
    w.studio.player.step(-1)


def call_on(w: MainWindow) -> None:
    w.studio.player.step(1, "call")


def call_back(w: MainWindow) -> None:
    w.studio.player.step(-1, "call")


def play(w: MainWindow) -> None:
    if w.studio.player.playing:
        w.studio.player.pause()
    else:
        w.studio.player.play()


def leave(w: MainWindow) -> None:
    """Leave the step; then let the selection go."""
    if w.studio.player.stepping:
        w.studio.player.last()
    elif w.studio.selection:
        w.studio.select(())


def toggle_unit(w: MainWindow) -> None:
    w.studio.player.set_unit("call" if w.studio.player.unit == "step" else "step")


def slower(w: MainWindow) -> None:
    w.studio.player.set_speed(max((s for s in SPEEDS if s < w.studio.player.speed), default=SPEEDS[0]))


def faster(w: MainWindow) -> None:
    w.studio.player.set_speed(min((s for s in SPEEDS if s > w.studio.player.speed), default=SPEEDS[-1]))
