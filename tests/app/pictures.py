"""The pictures that the window is held to, pixel by pixel: what each shows, and how two are compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QRect
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QWidget

from gradstudio.app.main_window import MainWindow
from gradstudio.document.calls import Backward
from gradstudio.document.commands.script import AppendCall
from gradstudio.document.document import Document
from tests.app.conftest import example, settled

FOLDER = Path(__file__).parent.parent / "data" / "pictures"
SIZE = (1600, 1000)
NAMES = ("main-dark", "main-light", "step-dark", "error-dark")
TELLS_TIME = QRect(90, 974, 500, 26)  # the part of the status bar that says how long a run took
LEVELS, PIXELS = 16, 12  # how far a pixel may be off, and how many may be further: rounding differs between processors

Wait = Callable[[Callable[[], bool]], object]
Pixels = npt.NDArray[np.int16]


def document(name: str) -> Document:
    """Return the graph of the mock-ups; for the picture of an error with one backward too many."""
    accumulation = example("accumulation")
    if not name.startswith("error"):
        return accumulation
    last = [call for call in accumulation.calls() if isinstance(call, Backward)][-1]
    return AppendCall(replace(last, id="c99")).apply(accumulation)


def picture(window: MainWindow, name: str, wait: Wait) -> QImage:
    """Bring a window of `SIZE` to what a picture shows, and return it as an image."""
    studio = window.studio
    window.canvas.canvas.motion = False
    studio.set_theme(name.rpartition("-")[2])
    studio.show_example(document(name), "accumulation")
    wait(lambda: settled(studio))
    wait(lambda: window.timeline.axis.plots.curves is not None)
    if name.startswith("step"):
        studio.player.go_to(60)
        wait(lambda: settled(studio))
    if name.startswith("main"):
        found = studio.labels.by_label("W" if name == "main-dark" else "z")
        assert found is not None
        studio.select([found[0][0]])
    window.canvas.setFocus()
    for widget in window.findChildren(QWidget):
        if widget.underMouse():  # off-screen the pointer is in the corner of whatever is shown
            QApplication.sendEvent(widget, QEvent(QEvent.Type.Leave))
    return window.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)


def pixels(image: QImage) -> Pixels:
    """Return height by width by 3; what tells times is black."""
    flat = np.frombuffer(image.convertToFormat(QImage.Format.Format_RGB32).constBits(), np.uint8)
    made = flat.reshape(image.height(), image.width(), 4)[:, :, :3].astype(np.int16)
    made[TELLS_TIME.top() : TELLS_TIME.bottom() + 1, TELLS_TIME.left() : TELLS_TIME.right() + 1] = 0
    return made


def difference(one: QImage, other: QImage) -> npt.NDArray[np.bool_]:
    """Return which pixels are further apart than rounding takes them."""
    off: npt.NDArray[np.bool_] = (np.abs(pixels(one) - pixels(other)) > LEVELS).any(axis=2)
    return off


def marked(image: QImage, off: npt.NDArray[np.bool_]) -> QImage:
    """Return an image, dimmed, with the pixels that are off in red."""
    made = np.zeros((image.height(), image.width(), 4), np.uint8)
    made[:, :, :3] = pixels(image) // 3
    made[off] = (0, 0, 255, 0)
    return QImage(made.data, image.width(), image.height(), QImage.Format.Format_RGB32).copy()
