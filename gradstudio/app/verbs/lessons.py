"""Verbs of the lessons."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradstudio.app.main_window import MainWindow


def toggle(w: MainWindow) -> None:
    w.lessons.toggle()


def are_shown(w: MainWindow) -> bool:
    return w.lessons.shown
