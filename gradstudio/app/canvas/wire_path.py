"""Where a wire runs: a cubic with level ends, or a lane under the row where the cubic would cross a node."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF

Points = npt.NDArray[np.float64]  # (n, 2)
Boxes = npt.NDArray[np.float64]  # (n, 4): left, top, right, bottom
Curves = npt.NDArray[np.float64]  # (n, 4, 2): cubics, end to end
SHORTEST, LONGEST = 28.0, 120.0  # control length
LANE_DROP = 14.0  # how far under its port a lane prefers to run
LANE_TURN, LANE_RISE = 60.0, 90.0  # the room for the turns into and out of a lane
CLEAR = 8.0  # a wire closer than this to a node crosses it
LANE_CLEAR = 24.0  # a lane keeps this distance from nodes
SAMPLES = 33  # points a cubic
NO_BOXES: Boxes = np.empty((0, 4))
_T = np.linspace(0.0, 1.0, SAMPLES)
BEZIER = np.stack([(1 - _T) ** 3, 3 * _T * (1 - _T) ** 2, 3 * _T**2 * (1 - _T), _T**3], 1)  # weights of the corners at each point


def route(start: QPointF, end: QPointF, obstacles: Boxes) -> Curves:
    """Return the course of a wire round obstacles (the boxes of other nodes): plain where that is free, else in a lane."""
    plain = cubic(start, end)
    if not len(obstacles) or not crossings(sampled(plain), obstacles):
        return plain
    across = abs(end.x() - start.x())
    turn, rise = min(LANE_TURN, max(SHORTEST, across / 8)), min(LANE_RISE, max(SHORTEST, across / 6))
    left, right = start.x() + 2 * turn, end.x() - rise
    if right - left < SHORTEST:
        return plain
    y = lane_height(start.y(), end.y(), left, right, obstacles)
    if y is None:
        return plain
    turns, rises = [t for t in (turn, SHORTEST) if t <= turn], [r for r in (rise, 60.0, 40.0, SHORTEST) if r <= rise]
    best: tuple[int, Curves] | None = None
    for turn_by in turns:
        for rise_by in rises:
            curves = lane(start, end, y, turn_by, rise_by)
            met = crossings(sampled(curves), obstacles)
            if met == 0:
                return curves
            if best is None or met < best[0]:
                best = met, curves
    return best[1] if best else plain


def cubic(start: QPointF, end: QPointF) -> Curves:
    """Return the plain wire between two ports: level at both ends."""
    d = max(SHORTEST, min(LONGEST, abs(end.x() - start.x()) / 2))
    return np.array([[(start.x(), start.y()), (start.x() + d, start.y()), (end.x() - d, end.y()), (end.x(), end.y())]])


def lane(start: QPointF, end: QPointF, y: float, turn: float, rise: float) -> Curves:
    """Return a wire that leaves its port, runs level at y, and rises to the other port just before it."""
    x0, x1, x2, x3 = start.x(), start.x() + 2 * turn, end.x() - rise, end.x()
    out = [(x0, start.y()), (x0 + turn, start.y()), (x0 + turn, y), (x1, y)]
    level = [(x1, y), (x1 + (x2 - x1) / 3, y), (x2 - (x2 - x1) / 3, y), (x2, y)]
    back = [(x2, y), (x3 - rise / 9, y), (x3 - rise * 0.69, end.y()), (x3, end.y())]
    return np.array([out, level, back])


def lane_height(start_y: float, end_y: float, left: float, right: float, obstacles: Boxes) -> float | None:
    """Return the height at which nothing lies between two x, nearest to just under the start; None where there is none."""
    between = obstacles[(obstacles[:, 2] > left - LANE_TURN) & (obstacles[:, 0] < right)]
    wanted = start_y + LANE_DROP
    heights = np.concatenate([[wanted, start_y, end_y], between[:, 1] - LANE_CLEAR, between[:, 3] + LANE_CLEAR])
    order = between[:, 1].argsort()
    tops, lowest = between[order, 1] - LANE_CLEAR, np.maximum.accumulate(between[order, 3] + LANE_CLEAR)
    above = tops.searchsorted(heights)  # how many boxes begin over each height; it is blocked where the lowest of them ends under it
    blocked = np.append(-np.inf, lowest)[above] > heights
    free = heights[~blocked]
    return float(free[np.abs(free - wanted).argmin()]) if len(free) else None


def meet(boxes: Boxes, rect: QRectF) -> npt.NDArray[np.bool_]:
    """Say of boxes whether they meet a rectangle."""
    b = boxes
    found: npt.NDArray[np.bool_] = (b[:, 0] <= rect.right()) & (b[:, 2] >= rect.left()) & (b[:, 1] <= rect.bottom())
    return found & (b[:, 3] >= rect.top())


def sampled(curves: Curves) -> Points:
    """Return points along a wire, 33 a cubic."""
    points = BEZIER @ curves
    return np.concatenate([points[0], *points[1:, 1:]])


def even(points: Points, gap: float) -> Points:
    """Return points at equal distances along a polyline, `gap` apart or a little less."""
    run = lengths(points)
    at = np.linspace(0.0, run[-1], max(2, int(np.ceil(run[-1] / gap)) + 1))
    return np.stack([np.interp(at, run, points[:, 0]), np.interp(at, run, points[:, 1])], 1)


def lengths(points: Points) -> npt.NDArray[np.float64]:
    """Return how far each point is along its polyline."""
    steps = np.hypot(*np.diff(points, axis=0).T)
    return np.concatenate([[0.0], np.cumsum(steps)])


def crossings(points: Points, boxes: Boxes, clear: float = CLEAR) -> int:
    """Return how many points come closer than `clear` to one of the boxes."""
    left, top, right, bottom = points[:, 0].min(), points[:, 1].min(), points[:, 0].max(), points[:, 1].max()
    across = (boxes[:, 2] > left - clear) & (boxes[:, 0] < right + clear)
    near = boxes[across & (boxes[:, 3] > top - clear) & (boxes[:, 1] < bottom + clear)]
    x, y = points[:, 0][:, None], points[:, 1][:, None]
    inside = (x > near[:, 0] - clear) & (x < near[:, 2] + clear) & (y > near[:, 1] - clear) & (y < near[:, 3] + clear)
    return int(inside.any(1).sum())


def cut_to(curves: Curves, rect: QRectF) -> Curves:
    """Return the stretch of a wire from where it first comes into a rectangle to where it last leaves it; all where it never does.

    What runs level at the ends of the stretch begins and ends at the edges: wires that run through side by side have the same stretch.
    """
    points = BEZIER @ curves
    corner, end = np.array([rect.left(), rect.top()]), np.array([rect.right(), rect.bottom()])
    low, high = np.minimum(points[:, :-1], points[:, 1:]), np.maximum(points[:, :-1], points[:, 1:])
    met = np.nonzero(((low <= end) & (high >= corner)).all(2).ravel())[0]
    if not len(met):
        return curves
    (first, begin), (last, stop) = divmod(int(met[0]), SAMPLES - 1), divmod(int(met[-1]), SAMPLES - 1)
    found = curves[first : last + 1].copy()
    found[-1] = _stretch(found[-1], 0.0, _T[stop + 1])
    found[0] = _stretch(curves[first], _T[begin], _T[stop + 1] if first == last else 1.0)
    for i, side in ((0, 0), (-1, 3)):
        x = min(max(found[i, side, 0], corner[0]), end[0])
        if x != found[i, side, 0] and (found[i, :, 1] == found[i, 0, 1]).all():
            found[i, side, 0] = x
            found[i, :, 0] = np.linspace(found[i, 0, 0], found[i, 3, 0], 4)
    return found


def _stretch(curve: Points, begin: float, end: float) -> Points:
    """Return a cubic from one parameter to another, by its blossom."""

    def blossom(r: float, s: float, t: float) -> Points:
        corners = curve
        for u in (r, s, t):
            corners = (1 - u) * corners[:-1] + u * corners[1:]
        found: Points = corners[0]
        return found

    return np.array([blossom(begin, begin, begin), blossom(begin, begin, end), blossom(begin, end, end), blossom(end, end, end)])
