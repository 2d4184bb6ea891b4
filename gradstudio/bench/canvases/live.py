"""Edits in the whole window, in a process of its own: `python -m gradstudio.bench.canvases.live TICKS`."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import numpy as np
from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QPointF, QTimer

from gradstudio.app import application, theme
from gradstudio.app.canvas.view import CanvasView
from gradstudio.app.main_window import MainWindow
from gradstudio.app.process import Frames
from gradstudio.app.studio import Studio
from gradstudio.bench import graphs
from gradstudio.document.commands.nodes import SetLeafValue
from gradstudio.document.document import Document
from gradstudio.document.graph import Array
from gradstudio.io import reader
from gradstudio.resources import resource

EXAMPLES = "tutorial", "accumulation"
MANY = 1000  # nodes, every one of which gets another value
LARGE: dict[str, tuple[Callable[[int], Document], str, str]] = {  # how it is made, a leaf, a node in the middle
    "layers": (graphs.layers, "n7", "n400"),
    "chain": (graphs.chain, "n2", "n400"),
}
WARM_UP, FIRST = 30, 4  # edits that do not count, of small and large graphs
LONGEST = 30.0  # seconds to wait for the worker


class NotShown(Exception):
    """The worker gave no answer."""


def measure(ticks: int) -> dict[str, dict[str, float]]:
    """Return of each example milliseconds of an edit. Raises NotShown.

    `canvas`: until the canvas was painted, the median by the clock; `median` and `p90`: until all was; `cpu`: of this process.
    Of large graphs, all in view and at 100 %: `beyond`, by the clock, from the edit until the canvas was painted, less the time of the
    run itself; and CPU of this process from when the run was answered until the canvas (`canvas`; `p90`) and until all (`cpu`) was painted.

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
        small = {name: _ticks(window, painted, resource("examples", f"{name}.grad"), ticks) for name in EXAMPLES}
        looks = [(kind, zoom) for kind in LARGE for zoom in ("fit", "100 %")]
        return small | {f"{kind} {zoom}": _many(window, painted, kind, zoom, max(8, ticks // 8)) for kind, zoom in looks}
    finally:
        studio.close()
        window.deleteLater()


def _ticks(window: MainWindow, painted: list[tuple[float, float]], file: Path, ticks: int) -> dict[str, float]:
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
        canvases.append((painted[-1][0] - began) * 1e3)
        walls.append((time.perf_counter() - began) * 1e3)
        cpus.append((time.process_time() - cpu) * 1e3)
    canvas, wall, cpu = (median(times[WARM_UP:]) for times in (canvases, walls, cpus))
    p90 = quantiles(walls[WARM_UP:], n=10)[-1]
    return {"canvas": round(canvas, 1), "median": round(wall, 1), "p90": round(p90, 1), "cpu": round(cpu, 1)}


def _many(window: MainWindow, painted: list[tuple[float, float]], kind: str, zoom: str, ticks: int) -> dict[str, float]:
    """Measure edits that change every value of a large graph."""
    studio, canvas, (make, leaf, middle) = window.studio, window.canvas, LARGE[kind]
    studio.show_example(make(MANY), kind)
    _wait(lambda: studio.shown.trace.run > 0 and not studio.runs.running)
    studio.select([leaf])
    if zoom != "fit":
        canvas.reset_zoom()
        canvas.centerOn(QPointF(*studio.document.layout.positions[middle]))
    gesture, shape = studio.new_gesture(), np.shape(studio.document.graph.nodes[leaf].value)  # type: ignore[arg-type]
    canvases, cpus, beyond = [], [], []
    with _arrivals() as came:
        for i in range(FIRST + ticks):
            began = time.perf_counter()
            studio.do(SetLeafValue(leaf, np.full(shape, 1 + i / 4 / ticks, np.float32), gesture))
            came.clear()
            _wait(lambda: not studio.runs.running)
            _paint()
            canvases.append((painted[-1][1] - came[0]) * 1e3)
            cpus.append((time.process_time() - came[0]) * 1e3)
            beyond.append((painted[-1][0] - began - studio.shown.trace.elapsed) * 1e3)
    p90 = quantiles(canvases[FIRST:], n=10)[-1]
    times = {"beyond": median(beyond[FIRST:]), "canvas": median(canvases[FIRST:]), "p90": p90, "cpu": median(cpus[FIRST:])}
    return {name: round(each, 1) for name, each in times.items()}


@contextmanager
def _arrivals() -> Iterator[list[float]]:
    """Yield a list that gets the CPU time at which what a worker sends begins to be read."""
    came: list[float] = []
    own = Frames.feed

    def feed(self: Frames, data: bytes) -> Iterator[tuple[bytes, Array]]:
        came.append(time.process_time())
        yield from own(self, data)

    Frames.feed = feed  # type: ignore[method-assign]
    try:
        yield came
    finally:
        Frames.feed = own  # type: ignore[method-assign]


def _watched(canvas: CanvasView) -> list[tuple[float, float]]:
    """Return a list that gets the time of the end of each of a canvas' paints: by perf_counter, and of the CPU."""
    painted: list[tuple[float, float]] = []
    own = canvas.viewportEvent

    def watched(event: QEvent) -> bool:
        handled = own(event)
        if event.type() == QEvent.Type.Paint:
            painted.append((time.perf_counter(), time.process_time()))
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
