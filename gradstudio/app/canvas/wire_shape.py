"""The shape of one wire: its path, points along it, and the marks that point the way, each made once."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath, QPolygonF

from gradstudio.app.canvas.wire_path import NO_BOXES, SAMPLES, Boxes, Curves, Points, cut_to, even, lengths, route, sampled

Mark = Literal["left", "right", "chevron"]
Window = tuple[float, float, float, float]  # left, top, width, height
LONG = 2000.0  # canvas units
AROUND = 40.0  # canvas units beside what is seen of a long wire: its width, marks and round ends
WINDOWS = 16  # of a long wire that are kept
STEP = 256.0  # in which what is drawn of a long wire grows, so that it is the same for areas that differ a little
BOXES = 4  # that hold what is drawn of a wire
STROKE = 9.0  # canvas units beside its course that a wire is drawn, arrowheads and all
SHAPES = {
    "chevron": np.array([(0.55, -1.0), (-0.55, 0.0), (0.55, 1.0)]),
    "left": np.array([(-1.0, 0.0), (0.7, -1.0), (0.7, 1.0)]),
    "right": np.array([(1.0, 0.0), (-0.7, -1.0), (-0.7, 1.0)]),
}


def window_of(rect: QRectF) -> Window:
    """Return what is drawn of long wires for a rectangle."""
    left, top = (math.floor((edge - AROUND) / STEP) * STEP for edge in (rect.left(), rect.top()))
    right, bottom = (math.ceil((edge + AROUND) / STEP) * STEP for edge in (rect.right(), rect.bottom()))
    return left, top, right - left, bottom - top


def path_of(curves: Curves) -> QPainterPath:
    """Return cubics, end to end, as a path."""
    (start, *_), *_ = rows = curves.tolist()
    path = QPainterPath(QPointF(*start))
    for _, a, b, c in rows:
        path.cubicTo(*a, *b, *c)
    return path


class WireShape:
    """A routed wire. Immutable but for what is worked out when first asked for, and the place of its scissors."""

    __slots__ = (
        "_boxes", "_coarse", "_course", "_marks", "_parts", "_path", "_run", "_window", "_windows",
        "curves", "cut", "end", "is_long", "points", "start",
    )  # fmt: skip

    def __init__(
        self, start: QPointF, end: QPointF, obstacles: Boxes, curves: Curves | None = None, window: QRectF | None = None
    ) -> None:
        self.start = start
        self.end = end
        self.curves = route(start, end, obstacles) if curves is None else curves
        self.points: Points = sampled(self.curves)
        self.cut = 0.5
        self._run = lengths(self.points)
        self.is_long = float(self._run[-1]) > LONG  # it pays to draw only what is seen of the wire
        self._path: QPainterPath | None = None
        self._course: bytes | None = None
        self._boxes: list[QRectF] | None = None
        self._coarse: Points | None = None
        self._marks: dict[tuple[Mark, float, float], QPainterPath] = {}
        self._parts: dict[tuple[float, float], QPainterPath] = {}
        self._window = window  # what path and marks need to fill
        self._windows: dict[Window, WireShape] = {}

    @property
    def path(self) -> QPainterPath:
        """The wire as a path."""
        if self._path is None:
            self._path = path_of(self._drawn())
        return self._path

    @property
    def course(self) -> bytes:
        """What two wires have in common whose paths are the same."""
        if self._course is None:
            self._course = self._drawn().tobytes()
        return self._course

    def _drawn(self) -> Curves:
        return self.curves if self._window is None else cut_to(self.curves, self._window)

    @property
    def coarse(self) -> Points:
        """The wire in 33 points, for hit tests of many wires at once."""
        if self._coarse is None:
            at = np.linspace(0.0, self._run[-1], SAMPLES)
            long = len(self.points) != SAMPLES
            self._coarse = np.stack([np.interp(at, self._run, self.points[:, i]) for i in (0, 1)], 1) if long else self.points
        return self._coarse

    @property
    def box(self) -> QRectF:
        """The rectangle that the path fills."""
        low, high = self.points.min(0).tolist(), self.points.max(0).tolist()
        return QRectF(low[0], low[1], high[0] - low[0], high[1] - low[1])

    @property
    def boxes(self) -> list[QRectF]:
        """Rectangles, end to end, that hold what is drawn of the wire."""
        if self._boxes is None:
            points = self.coarse if self._window is None else sampled(self._drawn())
            step = math.ceil((len(points) - 1) / BOXES)
            parts = [points[i : i + step + 1] for i in range(0, len(points) - 1, step)]
            corners = [(*(part.min(0) - STROKE).tolist(), *(part.max(0) + STROKE).tolist()) for part in parts]
            self._boxes = [QRectF(x, y, right - x, bottom - y) for x, y, right, bottom in corners]
        return self._boxes

    @property
    def length(self) -> float:
        """The length of the path."""
        return float(self._run[-1])

    def within(self, place: Window) -> WireShape:
        """Return the same wire, of which path and marks reach hardly further than a window; the last few are kept."""
        if place not in self._windows:
            if len(self._windows) >= WINDOWS:
                self._windows.clear()
            self._windows[place] = WireShape(self.start, self.end, NO_BOXES, self.curves, QRectF(*place))
        return self._windows[place]

    def point(self, share: float) -> QPointF:
        """Return the point at a share, from 0 to 1, of the length."""
        at = share * self._run[-1]
        return QPointF(float(np.interp(at, self._run, self.points[:, 0])), float(np.interp(at, self._run, self.points[:, 1])))

    def nearest(self, at: QPointF) -> float:
        """Return the share at which the wire is nearest to a point."""
        fine = even(self.points, 3.0)
        gaps = np.hypot(fine[:, 0] - at.x(), fine[:, 1] - at.y())
        return float(gaps.argmin() / (len(fine) - 1))

    def part(self, start: float, end: float) -> QPainterPath:
        """Return the stretch between two shares."""
        key = (round(start, 3), round(end, 3))
        if key not in self._parts:
            if len(self._parts) > 8:
                self._parts.clear()
            fine = even(self.points, 4.0)
            count = len(fine) - 1
            path = QPainterPath()
            path.addPolygon(QPolygonF([QPointF(x, y) for x, y in fine[round(start * count) : round(end * count) + 1].tolist()]))
            self._parts[key] = path
        return self._parts[key]

    def marks(self, mark: Mark, radius: float, pitch: float, margin: float) -> QPainterPath:
        """Return chevrons or arrowheads, `pitch` apart, none within `margin` of an end, as one path."""
        key = (mark, round(radius, 2), pitch)
        if key not in self._marks:
            if len(self._marks) > 8:
                self._marks.clear()
            self._marks[key] = self._draw_marks(mark, radius, pitch, margin)
        return self._marks[key]

    def _draw_marks(self, mark: Mark, radius: float, pitch: float, margin: float) -> QPainterPath:
        length, run = self.length, self._run
        count = max(1, int((length - 2 * margin) // pitch))
        at = margin + (length - 2 * margin) * (np.arange(count) + 0.5) / count
        x, y = (np.interp(at[:, None] + [-2.0, 0.0, 2.0], run, self.points[:, i]) for i in (0, 1))
        if self._window is not None:
            w = self._window
            near = (x[:, 1] >= w.left()) & (x[:, 1] <= w.right()) & (y[:, 1] >= w.top()) & (y[:, 1] <= w.bottom())
            x, y = x[near], y[near]
        angle = np.arctan2(y[:, 2] - y[:, 0], x[:, 2] - x[:, 0])
        c, s = np.cos(angle)[:, None], np.sin(angle)[:, None]
        shape = SHAPES[mark] * radius
        xs = x[:, 1:2] + c * shape[:, 0] - s * shape[:, 1]
        ys = y[:, 1:2] + s * shape[:, 0] + c * shape[:, 1]
        path = QPainterPath()
        for (first, *more) in np.stack([xs, ys], 2).tolist():
            path.moveTo(*first)
            for corner in more:
                path.lineTo(*corner)
            if mark != "chevron":
                path.closeSubpath()
        return path
