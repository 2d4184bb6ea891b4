"""Where a wire runs: a cubic with level ends, or a lane under the row where the cubic would cross a node."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainterPath

Points = npt.NDArray[np.float64]  # (n, 2)
Boxes = npt.NDArray[np.float64]  # (n, 4): left, top, right, bottom
SHORTEST, LONGEST = 28.0, 120.0  # control length
LANE_DROP = 14.0  # how far under its port a lane prefers to run
LANE_TURN, LANE_RISE = 60.0, 90.0  # the room for the turns into and out of a lane
CLEAR = 8.0  # a wire closer than this to a node crosses it
LANE_CLEAR = 24.0  # a lane keeps this distance from nodes
_T = np.linspace(0.0, 1.0, 25)
_BEZIER = np.stack([(1 - _T) ** 3, 3 * _T * (1 - _T) ** 2, 3 * _T**2 * (1 - _T), _T**3], 1)
NO_BOXES: Boxes = np.empty((0, 4))


def bend(start: QPointF, end: QPointF) -> float:
    """Return the control length of the cubic between two ports."""
    return max(SHORTEST, min(LONGEST, abs(end.x() - start.x()) / 2))


def cubic(start: QPointF, end: QPointF) -> QPainterPath:
    """Return the plain wire between two ports."""
    d = bend(start, end)
    path = QPainterPath(start)
    path.cubicTo(start.x() + d, start.y(), end.x() - d, end.y(), end.x(), end.y())
    return path


def sampled(start: QPointF, end: QPointF) -> Points:
    """Return 25 points along the plain wire."""
    d = bend(start, end)
    control = np.array([[start.x(), start.y()], [start.x() + d, start.y()], [end.x() - d, end.y()], [end.x(), end.y()]])
    points: Points = _BEZIER @ control
    return points


def crossed(points: Points, boxes: Boxes, clear: float = CLEAR) -> Boxes:
    """Return those boxes that points come closer to than `clear`."""
    if not len(boxes):
        return NO_BOXES
    x, y = points[:, 0][:, None], points[:, 1][:, None]
    inside = (x > boxes[:, 0] - clear) & (x < boxes[:, 2] + clear) & (y > boxes[:, 1] - clear) & (y < boxes[:, 3] + clear)
    found: Boxes = boxes[inside.any(0)]
    return found


def route(start: QPointF, end: QPointF, obstacles: Boxes) -> QPainterPath:
    """Return the path of a wire round obstacles (the boxes of other nodes): plain where that is free, else in a lane."""
    if not len(crossed(sampled(start, end), obstacles)):
        return cubic(start, end)
    turn = min(LANE_TURN, max(SHORTEST, abs(end.x() - start.x()) / 8))
    rise = min(LANE_RISE, max(SHORTEST, abs(end.x() - start.x()) / 6))
    left, right = start.x() + 2 * turn, end.x() - rise
    if right - left < SHORTEST:
        return cubic(start, end)
    y = lane(start.y(), end.y(), left, right, obstacles)
    if y is None:
        return cubic(start, end)
    tries = [lane_path(start, end, y, t, r) for t in (turn, SHORTEST) for r in (rise, 60.0, 40.0, SHORTEST) if t <= turn and r <= rise]
    return min(tries, key=lambda path: len(crossed(polyline(path), obstacles, CLEAR)))


def lane(start_y: float, end_y: float, left: float, right: float, obstacles: Boxes) -> float | None:
    """Return the height at which nothing lies between two x, nearest to just under the start; None where there is no end to boxes."""
    between = obstacles[(obstacles[:, 2] > left - LANE_TURN) & (obstacles[:, 0] < right)]
    wanted = start_y + LANE_DROP
    candidates = [wanted, start_y, end_y]
    for box in between:
        candidates += [box[1] - LANE_CLEAR, box[3] + LANE_CLEAR]
    free = [y for y in candidates if not ((between[:, 1] - LANE_CLEAR < y) & (between[:, 3] + LANE_CLEAR > y)).any()]
    return float(min(free, key=lambda y: abs(y - wanted))) if free else None


def lane_path(start: QPointF, end: QPointF, y: float, turn: float = LANE_TURN, rise: float = LANE_RISE) -> QPainterPath:
    """Return a path that leaves its port, runs level at y, and rises to the other port just before it."""
    path = QPainterPath(start)
    path.cubicTo(start.x() + turn, start.y(), start.x() + turn, y, start.x() + 2 * turn, y)
    path.lineTo(end.x() - rise, y)
    path.cubicTo(end.x() - rise / 9, y, end.x() - rise * 0.69, end.y(), end.x(), end.y())
    return path


def polyline(path: QPainterPath) -> Points:
    """Return a path as points at equal distances, about 6 units or less, for hit tests and for placing marks."""
    dense = flattened(path)
    run = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(dense, axis=0).T))])
    at = np.linspace(0.0, run[-1], max(8, min(160, int(run[-1] / 6))) + 1)
    return np.stack([np.interp(at, run, dense[:, 0]), np.interp(at, run, dense[:, 1])], 1)


def flattened(path: QPainterPath) -> Points:
    """Return points along each piece of a path (Qt's own pointAtPercent costs seventy times as much a point)."""
    elements = [path.elementAt(i) for i in range(path.elementCount())]
    at = np.array([(e.x, e.y) for e in elements], np.float64)
    parts = [at[:1]]
    i = 1
    while i < len(elements):
        if elements[i].isCurveTo():
            parts.append((_BEZIER @ at[i - 1 : i + 3])[1:])
            i += 3
        else:
            parts.append(at[i : i + 1])
            i += 1
    return np.concatenate(parts)


def distance(points: Points, at: QPointF) -> float:
    """Return how far a point is from a polyline."""
    a, b = points[:-1], points[1:]
    d = b - a
    along = np.clip(((np.array([at.x(), at.y()]) - a) * d).sum(1) / np.maximum((d * d).sum(1), 1e-9), 0, 1)
    nearest = a + d * along[:, None]
    return float(np.hypot(nearest[:, 0] - at.x(), nearest[:, 1] - at.y()).min())


def nearest_share(points: Points, at: QPointF) -> float:
    """Return where along a polyline, from 0 to 1, it is nearest to a point."""
    gaps = np.hypot(points[:, 0] - at.x(), points[:, 1] - at.y())
    steps = np.hypot(*np.diff(points, axis=0).T)
    run = np.concatenate([[0.0], np.cumsum(steps)])
    return float(run[int(gaps.argmin())] / max(run[-1], 1e-9))


def point_at(points: Points, share: float) -> QPointF:
    """Return the point at a share of a polyline's length."""
    steps = np.hypot(*np.diff(points, axis=0).T)
    run = np.concatenate([[0.0], np.cumsum(steps)])
    at = share * run[-1]
    return QPointF(float(np.interp(at, run, points[:, 0])), float(np.interp(at, run, points[:, 1])))


def boxes_of(rects: Sequence[tuple[float, float, float, float]]) -> Boxes:
    """Return left, top, right, bottom of rectangles as an array."""
    return np.array(rects, dtype=np.float64).reshape(-1, 4)
