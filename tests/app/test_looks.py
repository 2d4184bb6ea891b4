"""The whole window, pixel by pixel, against itself: what it looks like depends on what it shows, not on how it came to show it."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect

from gradstudio.app.main_window import MainWindow
from gradstudio.app.studio import Studio
from tests.app.conftest import at_rest, example


@pytest.fixture
def shown(qtbot, window: MainWindow, studio: Studio, settle) -> MainWindow:
    """The window on the example with everything in it, its plots loaded, nothing moving."""
    window.canvas.canvas.motion = False
    studio.show_example(example("accumulation"), "accumulation")
    settle()
    qtbot.waitUntil(lambda: window.timeline.axis.plots.curves is not None)
    return window


def looks(window: MainWindow) -> np.ndarray:
    """Canvas and timeline as an array of pixels. The status bar tells times, the code stays where it was scrolled to."""
    middle = window.docks.middle
    image = at_rest(window, QRect(middle.mapTo(window, QPoint()), middle.size()))
    return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)[:, :, :3].copy()


def test_a_theme_leaves_nothing_behind(shown, studio):
    dark = looks(shown)
    studio.set_theme("light")
    light = looks(shown)
    assert light.mean() > 200
    plots = shown.timeline.axis.plots.curves.widget
    corner = plots.mapTo(shown.docks.middle, plots.rect().topLeft())
    assert light[corner.y() + 3, corner.x() + 3].min() > 200
    studio.set_theme("dark")
    assert (looks(shown) == dark).all()


def test_stepping_leaves_nothing_behind(shown, studio, settle):
    before = looks(shown)
    for k in (60, 61, 3, 32):
        studio.player.go_to(k)
        settle()
        assert (looks(shown) != before).any()
    studio.player.last()
    settle()
    shown.canvas.fit_all()
    studio.select([])
    assert (looks(shown) == before).all()
