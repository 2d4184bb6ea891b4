"""Many wires at once, as arrays: their plain courses, the boxes they fill, and which of them would run across a node."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF

from gradstudio.app.arrays import distinct
from gradstudio.app.canvas.wire_path import BEZIER, CLEAR, LANE_TURN, LONGEST, SHORTEST, Boxes
from gradstudio.document.graph import NodeId, OperandPath, Ref

EndArray = npt.NDArray[np.float64]  # (n, 4): x, y of the start, x, y of the end
Indices = npt.NDArray[np.intp]
ASIDE = LANE_TURN + CLEAR  # how far beside a wire a node may stand and still matter to its course


class Run(NamedTuple):
    """What a wire joins, without what it shows. `cut`: the detach node drawn as scissors on it."""

    source: Ref
    target: NodeId
    path: OperandPath
    cut: NodeId | None = None


def controls(ends: EndArray) -> npt.NDArray[np.float64]:
    """Return the length of the control arms of plain wires."""
    found: npt.NDArray[np.float64] = np.clip(np.abs(ends[:, 2] - ends[:, 0]) / 2, SHORTEST, LONGEST)
    return found


def plain_points(ends: EndArray) -> npt.NDArray[np.float64]:
    """Return 33 points of each plain wire: (n, 33, 2)."""
    corners = np.empty((len(ends), 4, 2))
    d = controls(ends)
    corners[:, 0], corners[:, 3] = ends[:, :2], ends[:, 2:]
    corners[:, 1, 0], corners[:, 1, 1] = ends[:, 0] + d, ends[:, 1]
    corners[:, 2, 0], corners[:, 2, 1] = ends[:, 2] - d, ends[:, 3]
    points: npt.NDArray[np.float64] = BEZIER @ corners
    return points


def hulls(ends: EndArray) -> Boxes:
    """Return boxes that hold the plain wires, arms included."""
    d = controls(ends)
    low = np.minimum(ends[:, 0], ends[:, 2] - d), np.minimum(ends[:, 1], ends[:, 3])
    high = np.maximum(ends[:, 0] + d, ends[:, 2]), np.maximum(ends[:, 1], ends[:, 3])
    ahead = ends[:, 2] - ends[:, 0] >= 2 * d  # then the arms lie between the ends
    left, right = np.where(ahead, ends[:, 0], low[0]), np.where(ahead, ends[:, 2], high[0])
    return np.stack([left, low[1], right, high[1]], 1)


def hull(x: float, y: float, right: float, bottom: float) -> tuple[float, float, float, float]:
    """Return the same of one wire: a dragged one asks in every frame, and arrays of one cost the most."""
    arm = min(max(abs(right - x) / 2, SHORTEST), LONGEST)
    left, far = (x, right) if right - x >= 2 * arm else (min(x, right - arm), max(x + arm, right))
    return left, min(y, bottom), far, max(y, bottom)


def blocked(ends: EndArray, own: Indices, boxes: Boxes) -> Indices:
    """Return which plain wires come closer than CLEAR to a box that is not their own: (n, 2) indices of boxes, -1 for none."""
    if not len(ends) or not len(boxes):
        return np.empty(0, np.intp)
    hull = hulls(ends) + np.array([-CLEAR, -CLEAR, CLEAR, CLEAR])
    near = (boxes[:, 2] > hull[:, :1]) & (boxes[:, 0] < hull[:, 2:3]) & (boxes[:, 3] > hull[:, 1:2]) & (boxes[:, 1] < hull[:, 3:])
    for side in (0, 1):
        owned = np.nonzero(own[:, side] >= 0)[0]
        near[owned, own[owned, side]] = False
    wires, others = np.nonzero(near)
    if not len(wires):
        return wires
    shown, where = np.unique(wires, return_inverse=True)
    points, box = plain_points(ends[shown])[where], boxes[others]
    x, y = points[..., 0], points[..., 1]
    inside = (x > box[:, :1] - CLEAR) & (x < box[:, 2:3] + CLEAR) & (y > box[:, 1:2] - CLEAR) & (y < box[:, 3:] + CLEAR)
    return distinct(wires[inside.any(1)])


def meeting(points: npt.NDArray[np.float64], rect: QRectF) -> npt.NDArray[np.bool_]:
    """Say of each polyline, (n, m, 2) points, whether the box of one of its stretches meets a rectangle."""
    low, high = np.minimum(points[:, :-1], points[:, 1:]), np.maximum(points[:, :-1], points[:, 1:])
    near: npt.NDArray[np.bool_] = (low <= np.array([rect.right(), rect.bottom()])) & (high >= np.array([rect.left(), rect.top()]))
    found: npt.NDArray[np.bool_] = np.any(np.all(near, axis=2), axis=1)
    return found
