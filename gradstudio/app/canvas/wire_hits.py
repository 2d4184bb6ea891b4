"""Which wire lies at a point: the segments of wires, sorted into small cells of a square when the pointer first comes there."""

from __future__ import annotations

from collections.abc import Callable, Container

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF

from gradstudio.app.canvas.squares import Squares
from gradstudio.app.canvas.wire_runs import Indices

CELL = 32.0  # canvas units; a square is a whole number of cells wide
SHORT = 1e-9  # squared length under which a segment is a point
Segment = tuple[float, float, float, float, float, int]  # x, y of the start, dx, dy, squared length, number of the wire
Cells = dict[tuple[float, float], list[Segment]]


class WireHits:
    """The segments of wires near the places that were pointed at. `near` names the wires in a rectangle, `points` their courses."""

    def __init__(self, near: Callable[[QRectF], Indices], points: Callable[[Indices], npt.NDArray[np.float64]]) -> None:
        self._near, self._points = near, points
        self._reach = 0.0
        self._squares: Squares[Cells] = Squares(self._in_square)

    def clear(self) -> None:
        """All wires run elsewhere."""
        self._squares.clear()

    def forget(self, box: list[float]) -> None:
        """A wire ran, or runs now, in a box."""
        left, top, right, bottom = box
        self._squares.forget(left - self._reach, top - self._reach, right + self._reach, bottom + self._reach)

    def nearest(self, x: float, y: float, reach: float, skip: Container[int] = ()) -> int | None:
        """Return the number of the wire nearest to a point within reach, the first of equals; None where there is none."""
        if reach != self._reach:
            self._reach = reach
            self._squares.clear()
        best, found = reach * reach, None
        for left, top, dx, dy, squared, i in self._squares.at(x, y).get((x // CELL, y // CELL), ()):
            across, down = x - left, y - top
            along = (across * dx + down * dy) / squared
            along = 0.0 if along < 0.0 else 1.0 if along > 1.0 else along
            gap = (across - along * dx) ** 2 + (down - along * dy) ** 2
            if (gap < best or (found is None and gap == best)) and i not in skip:
                best, found = gap, i
        return found

    def _in_square(self, square: QRectF) -> Cells:
        reach = self._reach
        which = self._near(square.adjusted(-reach, -reach, reach, reach))
        points = self._points(which)
        starts, steps = points[:, :-1].reshape(-1, 2), np.diff(points, axis=1).reshape(-1, 2)
        low, high = np.minimum(starts, starts + steps) - reach, np.maximum(starts, starts + steps) + reach
        corner, end = np.array([square.left(), square.top()]), np.array([square.right(), square.bottom()])
        kept = np.nonzero(((low <= end) & (high >= corner)).all(1))[0]
        first = np.floor(np.maximum(low[kept], corner) / CELL)
        last = np.floor(np.minimum(high[kept], end - CELL / 2) / CELL)
        owner = which[kept // (points.shape[1] - 1)]
        squared = np.maximum((steps[kept] ** 2).sum(1), SHORT)
        rows = np.column_stack([starts[kept], steps[kept], squared]).tolist()
        cells: Cells = {}
        for (*row, length), i, (x, y), (right, bottom) in zip(rows, owner.tolist(), first.tolist(), last.tolist(), strict=True):
            segment = (*row, length, i)
            for across in range(int(x), int(right) + 1):
                for down in range(int(y), int(bottom) + 1):
                    cells.setdefault((float(across), float(down)), []).append(segment)
        return cells
