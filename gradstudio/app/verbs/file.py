"""Verbs of files."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradstudio.app.main_window import MainWindow

Verb = Callable[["MainWindow"], None]
Test = Callable[["MainWindow"], bool]


def new(w: MainWindow) -> None:
    if w.files.may_leave():
        w.studio.new()


def open_file(w: MainWindow) -> None:
    if w.files.may_leave() and (path := w.dialogs.ask_open()):
        w.files.open(path)


def save(w: MainWindow) -> None:
    w.files.save()


def save_as(w: MainWindow) -> None:
    w.files.save_as()


def export(w: MainWindow) -> None:
    w.files.export()


def copy_code(w: MainWindow) -> None:
    w.code.copy_text()


def quit_window(w: MainWindow) -> None:
    w.close()


def example(name: str) -> Verb:
    """Return the verb that opens an example."""

    def show(w: MainWindow) -> None:
        if w.files.may_leave():
            w.files.open_example(name)

    return show
