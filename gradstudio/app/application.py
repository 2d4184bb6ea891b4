"""Application: starts Qt, dresses it, and shows the window before anything of weight is loaded."""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import time
from functools import partial
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt, QTimer
from PySide6.QtWidgets import QApplication

from gradstudio.app import theme
from gradstudio.app.main_window import MainWindow
from gradstudio.app.settings import Settings

MARKS = "GRADSTUDIO_STARTUP_MARKS"
GC = (100_000, 20, 50)  # the numbers of some thousand nodes come and go with each frame
LOADED_MS = 3000  # by then everything is imported


def prepare() -> QApplication:
    """Return the application, made and dressed."""
    app = QApplication.instance() or QApplication([*sys.argv[:1], "-style", "fusion"])  # setStyle would make all of QStyle known to Python
    assert isinstance(app, QApplication)
    QCoreApplication.setOrganizationName("GradStudio")
    QCoreApplication.setApplicationName("GradStudio")
    app.setDesktopFileName("io.github.gradstudio")
    return app


def main(file: str | None = None) -> int:
    """Open the window, on a file or on the tutorial at the first start. Return the exit code."""
    _hasten()
    app = prepare()
    QTimer.singleShot(LOADED_MS, collect)
    settings = Settings()
    theme.apply(app, theme.named(theme.resolved(settings.text("theme", "system"))))
    window = MainWindow()
    window.restoreGeometry(settings.state("geometry"))
    marks = StartupMarks(window) if os.environ.get(MARKS) else None
    window.painted.connect(partial(_furnish, window, Path(file) if file else None), Qt.ConnectionType.SingleShotConnection)
    window.show()
    _end_on_signals(app)
    code = app.exec()
    sys.excepthook = sys.__excepthook__
    if window.furnished:
        window.studio.close()
    del marks
    return code


def _furnish(window: MainWindow, file: Path | None) -> None:
    """Load the program, put it into the window, and open what it was started with."""
    from gradstudio.app.faults import Faults
    from gradstudio.app.studio import Studio

    studio = Studio()
    studio.runs.runner.start()  # it loads the engine while the window is furnished
    window.furnish(studio)
    window.docks.restore()
    sys.excepthook = Faults(window).hook
    window.files.open_first(file)
    studio.runs.runner.hasten()  # then numbers are there with the first paint of the document, or right after


def _hasten() -> None:
    """Spare the start what it does not need: numpy's threads (the window multiplies no matrices), and looks for cycles while all is new."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.disable()


def collect() -> None:
    """Look for cycles from now on, but never again in what was loaded, and not within the frames of a drag."""
    gc.freeze()
    gc.set_threshold(*GC)
    gc.enable()


def _end_on_signals(app: QApplication) -> None:
    """Close cleanly on SIGINT and SIGTERM: Python's handlers run when the timer gives them a turn."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: app.quit())
    timer = QTimer(app)
    timer.setInterval(250)
    timer.timeout.connect(_turn)
    timer.start()


def _turn() -> None:
    """Give Python a turn."""


def since_start() -> float:
    """Return the seconds since this process was started."""
    with open("/proc/self/stat", encoding="ascii") as stat:
        began = int(stat.read().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - began


class StartupMarks:
    """Prints when the window was first painted and when numbers and plots were there, then ends the program."""

    def __init__(self, window: MainWindow) -> None:
        self.window = window
        self.first_paint: float | None = None
        window.painted.connect(self._painted)
        window.plots_ready.connect(self._ready)

    def _painted(self) -> None:
        self.first_paint = since_start() if self.first_paint is None else self.first_paint

    def _ready(self) -> None:
        if self.window.studio.shown.trace.run == 0:
            self.window.studio.changed.connect(self._ready)
            return
        marks = {"first_paint": self.first_paint, "plots_ready": since_start()}
        sys.stdout.write(json.dumps(marks) + "\n")
        sys.stdout.flush()
        QCoreApplication.quit()
