"""The pictures that the window is held to, pixel by pixel: what each shows, and how two are compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace
from PySide6.QtCore import QEvent, QPoint, QRect
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QWidget

from gradstudio.app.main_window import MainWindow
from gradstudio.document.calls import Backward
from gradstudio.document.commands.script import AppendCall
from gradstudio.document.document import Document
from gradstudio.document.graph import NodePath
from tests.app.conftest import example, settled

FOLDER = Path(__file__).parent.parent / "data" / "pictures"
SIZE = (1600, 1000)
TELLS_TIME = QRect(90, 974, 500, 26)  # the part of the status bar that says how long a run took
LEVELS, PIXELS = 16, 12  # how far a pixel may be off, and how many may be further: rounding differs between processors


@dataclass(frozen=True)
class Picture:
    """What a picture shows: an example, where the playhead is (the end, without a step), what is selected, which instance is entered."""

    example: str = "accumulation"
    step: int | None = None
    selected: str = ""
    entered: str = ""
    fails: bool = False  # with one backward too many
    whole: bool = False  # all of the window; else the canvas and the dock beside it, where a step is told


PICTURES = {
    "main-dark": Picture(selected="W", whole=True),
    "main-light": Picture(selected="z", whole=True),
    "step-dark": Picture(step=60, whole=True),
    "error-dark": Picture(fails=True, whole=True),
    "forward-dark": Picture("tutorial", 2),
    "seed-light": Picture(step=11),  # the first visit: loss, with the cotangent 1
    "two-inputs-dark": Picture("tutorial", 3),  # of mul
    "join-dark": Picture("mlp", 48),  # what two readers of `d` sent back meets
    "accumulate-light": Picture(step=20),  # into x.grad, which was None
    "group-dark": Picture(step=15, entered="reg"),  # pow in l2_penalty
    "freed-dark": Picture(step=62),  # the last but one visit: few saved tensors are held
    "second-light": Picture(step=40),  # the second pass: 12 + 12, not zeroed
    "zero-dark": Picture(step=51),  # x.grad.zero_()
    "last-light": Picture(step=63),
}

Wait = Callable[[Callable[[], bool]], object]
Pixels = npt.NDArray[np.int16]


def document(shown: Picture) -> Document:
    """Return the document of a picture."""
    found = example(shown.example)
    if not shown.fails:
        return found
    last = [call for call in found.calls() if isinstance(call, Backward)][-1]
    return AppendCall(replace(last, id="c99")).apply(found)


def picture(window: MainWindow, name: str, wait: Wait) -> QImage:
    """Bring a window of `SIZE` to what a picture shows, and return it as an image."""
    studio = window.studio
    window.canvas.canvas.motion = False
    studio.set_theme(name.rpartition("-")[2])
    shown = PICTURES[name]
    studio.show_example(document(shown), shown.example)
    wait(lambda: settled(studio) and window.code.in_sync)  # the code scrolls to a step only if it is there
    wait(lambda: window.timeline.axis.plots.curves is not None)
    if shown.entered:
        studio.enter(found_node(window, shown.entered))
    if shown.step is not None:
        studio.player.go_to(shown.step)
        wait(lambda: settled(studio))
    if shown.selected:
        studio.select(found_node(window, shown.selected))
    window.canvas.setFocus()
    for widget in window.findChildren(QWidget):
        if widget.underMouse():  # off-screen the pointer is in the corner of whatever is shown
            QApplication.sendEvent(widget, QEvent(QEvent.Type.Leave))
    image = window.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    if shown.whole:
        return image
    corner = window.canvas.mapTo(window, QPoint(0, 0))
    return image.copy(corner.x(), corner.y(), image.width() - corner.x(), window.canvas.height())


def found_node(window: MainWindow, label: str) -> NodePath:
    """Return the path of a node by the label of its output."""
    found = window.studio.labels.by_label(label)
    assert found is not None
    return found[0]


def pixels(image: QImage) -> Pixels:
    """Return height by width by 3; what tells times is black."""
    opaque = image.convertToFormat(QImage.Format.Format_RGB32)  # it holds the memory that numpy reads
    made = np.frombuffer(opaque.constBits(), np.uint8).reshape(image.height(), image.width(), 4)[:, :, :3].astype(np.int16)
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
