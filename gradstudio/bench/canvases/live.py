"""Edits in the whole window, in a process of its own: `python -m gradstudio.bench.canvases.live TICKS`."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import numpy as np
from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QTimer

from gradstudio.app import application, theme
from gradstudio.app.canvas.view import CanvasView
from gradstudio.app.main_window import MainWindow
from gradstudio.app.studio import Studio
from gradstudio.document.commands.nodes import SetLeafValue
from gradstudio.io import reader
from gradstudio.resources import resource

EXAMPLES = "tutorial", "accumulation"
WARM_UP = 30
LONGEST = 30.0  # seconds to wait for the worker


class NotShown(Exception):
    """The worker gave no answer."""


def measure(ticks: int) -> dict[str, dict[str, float]]:
    """Return of each example milliseconds of an edit. Raises NotShown.

    `canvas`: until the canvas was painted, the median by the clock; `median` and `p90`: until all was; `cpu`: of this process.

    The window is 1600 by 1000 with a leaf selected, as it is while its value is dragged.
    """
    app = application.prepare()
    studio = Studio()
    studio.theme_mode, studio.runs.live = "dark", True
    theme.apply(app, theme.named("dark"))
    window = MainWindow(studio)
    window.show()
    application.collect()
    try:
        painted = _watched(window.canvas)
        return {name: _ticks(window, painted, resource("examples", f"{name}.grad"), ticks) for name in EXAMPLES}
    finally:
        studio.close()
        window.deleteLater()


def _ticks(window: MainWindow, painted: list[float], file: Path, ticks: int) -> dict[str, float]:
    studio = window.studio
    studio.show_example(reader.read(file), file.stem)
    _wait(lambda: studio.shown.trace.run > 0 and not studio.runs.running and window.timeline.axis.plots.curves is not None)
    leaf = next(iter(studio.document.graph.nodes))
    studio.select([leaf])
    gesture = studio.new_gesture()
    shape = np.shape(studio.document.graph.nodes[leaf].value)  # type: ignore[arg-type]
    canvases, walls, cpus = [], [], []
    for i in range(WARM_UP + ticks):
        began, cpu = time.perf_counter(), time.process_time()
        studio.do(SetLeafValue(leaf, np.full(shape, 2 + i / ticks, np.float32), gesture))
        _wait(lambda: not studio.runs.running)
        _paint()
        canvases.append((painted[-1] - began) * 1e3)
        walls.append((time.perf_counter() - began) * 1e3)
        cpus.append((time.process_time() - cpu) * 1e3)
    canvas, wall, cpu = (median(times[WARM_UP:]) for times in (canvases, walls, cpus))
    p90 = quantiles(walls[WARM_UP:], n=10)[-1]
    return {"canvas": round(canvas, 1), "median": round(wall, 1), "p90": round(p90, 1), "cpu": round(cpu, 1)}


def _watched(canvas: CanvasView) -> list[float]:
    """Return a list that gets the time, by perf_counter, of the end of each of a canvas' paints."""
    painted: list[float] = []
    own = canvas.viewportEvent

    def watched(event: QEvent) -> bool:
        handled = own(event)
        if event.type() == QEvent.Type.Paint:
            painted.append(time.perf_counter())
        return handled

    canvas.viewportEvent = watched  # type: ignore[method-assign]
    return painted


def _wait(done: Callable[[], Any]) -> None:
    waker = QTimer()
    waker.start(50)
    end = time.monotonic() + LONGEST
    while not done():
        if time.monotonic() > end:
            raise NotShown(f"the worker gave no answer within {LONGEST:.0f} s")
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)


def _paint() -> None:
    """Paint all that is out of date."""
    for _ in range(2):  # the second time what painting itself asked for
        QCoreApplication.processEvents()


def main() -> None:
    """Measure as many edits as the command line says."""
    figures = measure(int(sys.argv[1]))
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
