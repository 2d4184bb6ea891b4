"""The shape of one wire: its path, points along it, and the marks that point the way, each made once."""

from __future__ import annotations

from typing import Literal

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath, QPolygonF

from gradstudio.app.canvas.wire_path import Boxes, Points, distance, nearest_share, point_at, polyline, route

Mark = Literal["left", "right", "chevron"]


class WireShape:
    """A routed wire. Immutable but for what is worked out when first asked for, and the place of its scissors."""

    __slots__ = ("_marks", "_parts", "_points", "cut", "end", "path", "start")

    def __init__(self, start: QPointF, end: QPointF, obstacles: Boxes) -> None:
        self.start = start
        self.end = end
        self.path = route(start, end, obstacles)
        self.cut = 0.5
        self._points: Points | None = None
        self._marks: dict[tuple[Mark, float], QPainterPath] = {}
        self._parts: dict[tuple[float, float], QPainterPath] = {}

    @property
    def points(self) -> Points:
        """Points along the path, evenly spaced, a few units apart."""
        if self._points is None:
            self._points = polyline(self.path)
        return self._points

    @property
    def box(self) -> QRectF:
        """The rectangle that the path fills."""
        return self.path.controlPointRect()

    @property
    def length(self) -> float:
        """The length of the path."""
        return float(np.hypot(*np.diff(self.points, axis=0).T).sum())

    def point(self, share: float) -> QPointF:
        """Return the point at a share, from 0 to 1, of the length."""
        return point_at(self.points, share)

    def nearest(self, at: QPointF) -> float:
        """Return the share at which the wire is nearest to a point."""
        return nearest_share(self.points, at)

    def distance(self, at: QPointF) -> float:
        """Return how far a point is from the wire."""
        return distance(self.points, at)

    def part(self, start: float, end: float) -> QPainterPath:
        """Return the stretch between two shares."""
        key = (round(start, 3), round(end, 3))
        if key not in self._parts:
            count = len(self.points) - 1
            piece = self.points[round(start * count) : round(end * count) + 1]
            path = QPainterPath()
            path.addPolygon(QPolygonF([QPointF(x, y) for x, y in piece.tolist()]))
            self._parts[key] = path
        return self._parts[key]

    def marks(self, mark: Mark, radius: float, pitch: float, margin: float) -> QPainterPath:
        """Return chevrons or arrowheads, `pitch` apart, none within `margin` of an end, as one path."""
        key = (mark, round(radius, 2))
        if key not in self._marks:
            self._marks[key] = self._draw_marks(mark, radius, pitch, margin)
        return self._marks[key]

    def _draw_marks(self, mark: Mark, radius: float, pitch: float, margin: float) -> QPainterPath:
        length = self.length
        count = max(1, int((length - 2 * margin) // pitch))
        if mark == "chevron":
            shape = np.array([(0.55, -1.0), (-0.55, 0.0), (0.55, 1.0)]) * radius
        else:
            k = -1.0 if mark == "left" else 1.0
            shape = np.array([(k, 0.0), (-0.7 * k, -1.0), (-0.7 * k, 1.0)]) * radius
        path = QPainterPath()
        for i in range(count):
            share = (margin + (length - 2 * margin) * (i + 0.5) / count) / max(length, 1e-9)
            at, before, after = (self.point(min(1.0, max(0.0, share + d / max(length, 1e-9)))) for d in (0, -2, 2))
            angle = np.arctan2(after.y() - before.y(), after.x() - before.x())
            c, s = np.cos(angle), np.sin(angle)
            turned = shape @ np.array([(c, s), (-s, c)])
            path.addPolygon(QPolygonF([QPointF(at.x() + x, at.y() + y) for x, y in turned.tolist()]))
            if mark != "chevron":
                path.closeSubpath()
        return path
