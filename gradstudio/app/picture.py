"""Picture: the whole window as an image, without a display too."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

WAIT_SECONDS = 60.0


def screenshot(
    file: Path, out: Path, size: tuple[int, int] = (1600, 1000), theme_name: str = "dark", step: int | None = None, select: str = ""
) -> int:
    """Draw the window on a file with the playhead at a step, and save it. Return the exit code. Raises io.refusal.Refusal."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import Qt

    from gradstudio.app import application, theme
    from gradstudio.app.main_window import MainWindow
    from gradstudio.app.studio import Studio
    from gradstudio.io import reader

    document = reader.read(file)
    app = application.prepare()
    studio = Studio()
    studio.theme_mode, studio.full_precision, studio.runs.live = theme_name, False, True
    theme.apply(app, theme.named(theme_name))
    window = MainWindow(studio)
    window.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
    window.resize(*size)
    window.docks.reset()
    plots: list[bool] = []
    window.plots_ready.connect(lambda: plots.append(True))
    window.show()

    studio.show_example(document, file.stem)
    drawn = wait(lambda: studio.shown.trace.run > 0) and wait(lambda: bool(plots) and window.code.in_sync)
    if step is not None:
        studio.player.go_to(step)
        drawn = wait(lambda: studio.shown.state.k == studio.player.k) and drawn
    found = studio.labels.by_label(select) if select else None
    if found is not None:
        studio.select([found[0][0]])
    window.canvas.setFocus()
    app.processEvents()
    saved = window.grab().save(str(out))
    studio.close()
    window.deleteLater()
    return 0 if drawn and saved else 3


def wait(done: Callable[[], bool]) -> bool:
    """Let Qt work until a condition holds; return whether it does in time."""
    from PySide6.QtCore import QCoreApplication, QEventLoop

    end = time.monotonic() + WAIT_SECONDS
    while not done() and time.monotonic() < end:
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 20)
    return done()
