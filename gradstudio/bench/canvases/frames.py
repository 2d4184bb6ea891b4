"""Frames of our canvas with very many nodes, in a process of its own: `python -m gradstudio.bench.canvases.frames NODES`."""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Callable
from statistics import median

from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QApplication

from gradstudio.bench.canvases.ours import Ours
from gradstudio.bench.canvases.side import SIZE, STRIDE, busy_node
from gradstudio.bench.graphs import layered

COUNT = 40  # frames of one gesture
PAN = 30  # pixels a frame
ZOOM = 1.03  # a frame
BACK = 10  # frames after which a gesture turns back


def measure(nodes: int) -> dict[str, list[float]]:
    """Return median and worst CPU milliseconds a frame: of panning, zooming and dragging, at 100 % and with all in view."""
    side = Ours()
    gc.freeze()  # as the application does once it has started
    places, links = layered(nodes)
    mover = busy_node(links, nodes)
    side.view.window().resize(*SIZE)
    side.view.window().show()
    QApplication.processEvents()
    side.build(places, links)
    figures: dict[str, list[float]] = {}
    for name, at in (("100", QPointF(*places[mover])), ("fit", None)):
        for gesture in ("pan", "zoom", "drag"):
            side.look(1, at)
            QApplication.processEvents()
            figures[f"{gesture}_{name}"] = _frames(_gesture(side, gesture, mover))
            side.drop()
            QApplication.processEvents()
    return figures


def _gesture(side: Ours, name: str, mover: int) -> Callable[[int], None]:
    """Return what happens before a frame, by its number: forth for a while, and back."""

    def forth(i: int) -> int:
        return 1 if i // BACK % 2 == 0 else -1

    if name == "pan":
        return lambda i: side.pan(PAN * forth(i), PAN // 2 * forth(i))
    if name == "zoom":
        return lambda i: side.wheel(ZOOM if forth(i) > 0 else 1 / ZOOM)
    return lambda i: side.drag(mover, STRIDE * forth(i), STRIDE * forth(i) / 2)


def _frames(work: Callable[[int], None]) -> list[float]:
    taken: list[float] = []
    for i in range(COUNT):
        gc.collect()
        start = time.process_time()
        work(i)
        QApplication.processEvents()
        taken.append((time.process_time() - start) * 1e3)
    return [round(median(taken), 2), round(max(taken), 2)]


def main() -> None:
    """Measure with as many nodes as the command line says."""
    app = QApplication([])
    figures = measure(int(sys.argv[1]))
    app.processEvents()
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
