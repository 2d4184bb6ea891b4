"""Looks for pixels that are left of what was shown before: what the screen shows, against the same window painted anew.

A program of its own (`python -m tests.xserver.stale`), for it needs the X server's own pixels. It writes a line a deed: how many differ.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace
from PySide6.QtCore import QEvent, QEventLoop, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from gradstudio.app import application, theme
from gradstudio.app.main_window import MainWindow
from gradstudio.app.studio import Studio
from gradstudio.document.calls import Backward
from gradstudio.document.commands.script import AppendCall
from gradstudio.io import reader
from gradstudio.resources import resource

STATUS, LEVELS = 26, 16  # rows of the status bar, which tells times; what rounding may change


@dataclass
class Seen:
    """A window on the screen, and what can be done to it."""

    app: QApplication
    studio: Studio
    window: MainWindow

    def wait(self, done: Callable[[], bool] = bool, seconds: float = 20.0) -> None:
        """Process events until a condition holds, or for so long."""
        end = time.monotonic() + seconds
        while not done() and time.monotonic() < end:
            self.app.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)

    def rest(self) -> None:
        """Wait for the run, and for what moves to come to rest."""
        studio = self.studio
        self.wait(lambda: not studio.runs.running and studio.shown.document is studio.document and studio.shown.state.k == studio.player.k)
        self.wait(seconds=0.8)

    def pixels(self) -> npt.NDArray[np.int16]:
        """What the screen shows."""
        image = QGuiApplication.primaryScreen().grabWindow(0).toImage().convertToFormat(QImage.Format.Format_RGB32)
        flat = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
        return flat[:-STATUS, :, :3].astype(np.int16)

    def left(self) -> int:
        """How many pixels are not what a fresh paint gives."""
        self.rest()
        before = self.pixels()
        for widget in self.window.findChildren(QWidget):
            if widget.isVisible():
                widget.update()
        self.wait(seconds=0.2)
        return int((np.abs(self.pixels() - before) > LEVELS).any(axis=2).sum())

    def go(self, *steps: int) -> None:
        """Step, and to the end."""
        for k in steps:
            self.studio.player.go_to(k)
            self.wait(seconds=0.05)

    def fail(self) -> None:
        """Append one backward too many."""
        last = [call for call in self.studio.document.calls() if isinstance(call, Backward)][-1]
        self.studio.do(AppendCall(replace(last, id=self.studio.new_id("c"))))

    def drag(self, label: str, dx: float, dy: float) -> None:
        """Drag a node by its header."""
        view = self.window.canvas
        found = self.studio.labels.by_label(label)
        assert found is not None
        start = view.viewportTransform().map(view.canvas.nodes[found[0][0]].pos() + QPointF(60, 10))
        QTest.mousePress(view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start.toPoint())
        for i in range(1, 9):
            at = start + QPointF(dx, dy) * i / 8
            whole = QPointF(view.viewport().mapToGlobal(at.toPoint()))
            move = QMouseEvent(
                QEvent.Type.MouseMove, at, whole, Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
            )
            self.app.sendEvent(view.viewport(), move)
            self.wait(seconds=0.03)
        end = (start + QPointF(dx, dy)).toPoint()
        QTest.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, end)


def main() -> int:
    """Do one thing after the other, and tell what is left of the one before."""
    app = application.prepare()
    studio = Studio()
    studio.theme_mode = "dark"
    theme.apply(app, theme.named("dark"))
    window = MainWindow(studio)
    window.showMaximized()
    seen, canvas = Seen(app, studio, window), window.canvas
    studio.show_example(reader.read(resource("examples", "accumulation.grad")), "accumulation")
    deeds: tuple[tuple[str, Callable[[], object]], ...] = (
        ("open", lambda: None),
        ("step", lambda: seen.go(60, 61, 62, 3, 57)),
        ("end", studio.player.last),
        ("fail", seen.fail),
        ("zoom", lambda: canvas.zoom_by(0.8)),
        ("undo", studio.undo),
        ("light", lambda: studio.set_theme("light")),
        ("step in light", lambda: seen.go(58, 59, 60)),
        ("dark", lambda: studio.set_theme("dark")),
        ("end again", studio.player.last),
        ("drag", lambda: seen.drag("z", 80, 120)),
        ("fit", canvas.fit_all),
        ("select", lambda: studio.select(["n5"])),
        ("docks", lambda: window.docks.set_hidden(True)),
        ("new", studio.new),
    )
    for name, deed in deeds:
        deed()
        sys.stdout.write(f"{seen.left()} {name}\n")
    studio.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
