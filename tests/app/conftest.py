"""The window, and ways to wait for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from gradstudio.app import theme
from gradstudio.app.main_window import MainWindow
from gradstudio.app.studio import Studio
from gradstudio.document.document import Document
from gradstudio.io import reader
from gradstudio.resources import resource


@pytest.fixture
def window(qtbot, qapp, studio: Studio, settle) -> Iterator[MainWindow]:
    """The whole window on the tutorial, at the size of the pictures."""
    studio.theme_mode = "dark"
    theme.apply(qapp, theme.named("dark"))
    made = MainWindow(studio)
    made.resize(1600, 1000)
    made.docks.reset()
    made.show()
    studio.show_example(example("tutorial"), "tutorial")
    settle()
    yield made
    made.hide()
    made.deleteLater()


@pytest.fixture
def settle(qtbot, studio: Studio) -> Callable[[], None]:
    """Wait until the run of the document as it is now is on show."""
    return lambda: qtbot.waitUntil(lambda: settled(studio), timeout=10000)


def at_rest(widget: QWidget, rect: QRect | None = None) -> QImage:
    """A picture of a widget that the next one equals: a node is first painted straight, then from its picture, which rounds otherwise."""
    grabs = (widget.grab(rect or widget.rect()).toImage().convertToFormat(QImage.Format.Format_RGB32) for _ in range(5))
    return next(again for once, again in pairwise(grabs) if once == again)


def settled(studio: Studio) -> bool:
    """Say whether nothing is being run or held by a hand, the document is the one on show, and all views have been told."""
    ran = not studio.runs.running and not studio.clock.is_behind and not studio.clock.in_hand
    return ran and studio.shown.document is studio.document and studio.shown.state.k == studio.player.k


def example(name: str) -> Document:
    """Return an example of the program."""
    return reader.read(resource("examples", f"{name}.grad"))
