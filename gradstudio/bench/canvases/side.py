"""One canvas measured, in a process of its own: `python -m gradstudio.bench.canvases.side ours|peer|bare NODES FILE`."""

from __future__ import annotations

import gc
import json
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Protocol

from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QApplication, QGraphicsView

from gradstudio.bench.graphs import Link, layered

SIZE = (1600, 1000)
MOST, SECONDS = 21, 4.0  # repetitions of one figure, and how long they may take together
POINTS = 200  # of the hit test
WHEEL = 1.03
STRIDE = 20  # canvas units that a drag goes in one frame: a step of the grid
Places = list[tuple[int, int]]


class Side(Protocol):
    """A canvas under test. What it does is what its user would; the harness repaints and keeps the time."""

    @property
    def view(self) -> QGraphicsView:
        """The view that is painted."""

    def build(self, places: Places, links: list[Link]) -> None:
        """Make the graph and show it."""

    def save(self, path: Path) -> None:
        """Write the graph to a file."""

    def load(self, path: Path) -> None:
        """Open a file in the place of what is shown."""

    def look(self, zoom: float, at: QPointF | None) -> None:
        """Look at a place at 100 %; at all of the graph without one."""

    def wheel(self, factor: float) -> None:
        """Zoom as one tick of the wheel does."""

    def drag(self, node: int, dx: float, dy: float) -> None:
        """Move a node by canvas units, as a mouse that holds it does."""

    def drop(self) -> None:
        """Let go of the node."""

    def hit(self, at: QPointF) -> object:
        """Return what lies at a place."""

    def delete_all(self) -> None:
        """Delete all nodes."""

    def undo(self) -> None:
        """Take the last edit back."""

    def count(self) -> int:
        """Return how many nodes there are."""


def measure(side: Side, nodes: int, path: Path) -> dict[str, float]:
    """Return the figures of one canvas: CPU milliseconds, the hit test in microseconds, memory in megabytes."""
    places, links = layered(nodes)
    mover = busy_node(links, nodes)
    side.view.window().resize(*SIZE)
    side.view.window().show()
    QApplication.processEvents()
    gc.collect()
    before, figures = resident(), {}
    figures["build"] = once(lambda: side.build(places, links))
    QApplication.processEvents()
    gc.collect()
    figures["memory"] = resident() - before
    side.save(path)
    side.look(0, None)
    QApplication.processEvents()
    figures["full_view"] = series(lambda i: None, side.view)
    figures["wheel"] = series(lambda i: side.wheel(1 / WHEEL if i % 2 else WHEEL), side.view)
    at = QPointF(*places[mover])
    side.look(1, at)
    QApplication.processEvents()
    figures["zoomed"] = series(lambda i: None, side.view)
    figures["hit_test"] = _hits(side)
    figures["drag"] = series(lambda i: side.drag(mover, STRIDE if i % 2 else -STRIDE, 0), None)
    side.drop()
    QApplication.processEvents()
    figures["load"] = once(lambda: side.load(path))
    side.delete_all()
    QApplication.processEvents()
    if side.count():
        raise RuntimeError("not all nodes were deleted")
    figures["undo_delete_all"] = once(side.undo)
    if side.count() != nodes:
        raise RuntimeError("not all nodes came back")
    return {name: round(value, 3) for name, value in figures.items()}


def once(work: Callable[[], None]) -> float:
    """Return the CPU milliseconds of something that happens once."""
    gc.collect()
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1e3


def series(work: Callable[[int], None], view: QGraphicsView | None) -> float:
    """Return the median CPU milliseconds of something with the painting that follows: of all of a view, or of what it left to paint."""
    taken: list[float] = []
    began = time.perf_counter()
    while len(taken) < MOST and (len(taken) < 3 or time.perf_counter() - began < SECONDS):
        start = time.process_time()
        work(len(taken))
        if view is None:
            QApplication.processEvents()
        else:
            view.viewport().repaint()
        taken.append((time.process_time() - start) * 1e3)
    return median(taken[1:])


def _hits(side: Side) -> float:
    draw = random.Random(3)
    points = [side.view.mapToScene(draw.randrange(SIZE[0] - 100), draw.randrange(SIZE[1] - 100)) for _ in range(POINTS)]

    def ask() -> None:
        for point in points:
            side.hit(point)

    return median(once(ask) for _ in range(5)) / POINTS * 1e3


def busy_node(links: list[Link], nodes: int) -> int:
    """Return a node near the middle with three wires or more."""
    wires = [0] * nodes
    for source, target, _ in links:
        wires[source] += 1
        wires[target] += 1
    return min((i for i in range(nodes) if wires[i] >= 3), key=lambda i: abs(i - nodes // 2))


def resident() -> float:
    """Return the memory of this process in megabytes."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


def made(name: str) -> Side:
    """Return the canvas of a name, in a window that is not shown yet."""
    if name == "ours":
        from gradstudio.bench.canvases.ours import Ours

        return Ours()
    if name == "peer":
        from gradstudio.bench.canvases.peer import Peer

        return Peer()
    from gradstudio.bench.canvases.bare import Bare

    return Bare()


def main() -> None:
    """Measure the canvas that the command line names."""
    name, nodes, path = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    app = QApplication([])
    side = made(name)
    gc.freeze()  # as the application does once it has started
    figures = measure(side, nodes, path)
    app.processEvents()
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.stdout.flush()
    os._exit(0)  # the peer's objects do not survive being taken apart


if __name__ == "__main__":
    main()
