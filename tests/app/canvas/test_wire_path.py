"""Where wires run."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF

from gradstudio.app.canvas.wire_path import NO_BOXES, crossings, cubic, lengths, route, sampled
from gradstudio.app.canvas.wire_shape import WireShape


@pytest.mark.parametrize(("across", "control"), [(10, 28), (100, 50), (1000, 120)])
def test_control_points_are_level_and_half_the_way_within_bounds(across, control):
    ((_, out, back, _),) = cubic(QPointF(0, 0), QPointF(across, 90)).tolist()
    assert out == [control, 0]
    assert back == [across - control, 90]


def test_a_wire_with_nothing_in_its_way_is_plain():
    start, end = QPointF(0, 0), QPointF(600, 100)
    far = np.array([[200.0, 300.0, 350.0, 420.0]])
    assert np.array_equal(route(start, end, far), cubic(start, end))


def test_a_wire_never_runs_across_a_node():
    start, end = QPointF(0, 0), QPointF(700, -40)
    for boxes in ([[200, -60, 350, 60]], [[200, -60, 350, 60], [420, -150, 560, 10]], [[150, -40, 300, 200], [380, -200, 520, 20]]):
        obstacles = np.array(boxes, float)
        assert crossings(sampled(cubic(start, end)), obstacles) > 0
        assert crossings(sampled(route(start, end, obstacles)), obstacles, 0) == 0


def test_a_lane_runs_just_under_its_port_where_that_is_free():
    start, end = QPointF(0, 0), QPointF(700, -300)
    obstacles = np.array([[300.0, -250.0, 450.0, -100.0]])
    points = sampled(route(start, end, obstacles))
    level = points[(points[:, 0] > 200) & (points[:, 0] < 500)]
    assert np.allclose(level[:, 1], 14, atol=1)


def test_half_way_is_half_the_length():
    shape = WireShape(QPointF(0, 0), QPointF(300, 0), NO_BOXES)
    assert shape.point(0.5).x() == pytest.approx(150, abs=0.5)
    assert shape.length == pytest.approx(lengths(shape.points)[-1])
    assert shape.nearest(QPointF(75, 20)) == pytest.approx(0.25, abs=0.02)


def test_marks_keep_their_distance_and_point_the_way():
    shape = WireShape(QPointF(0, 0), QPointF(300, 0), NO_BOXES)
    marks = shape.marks("left", 5, 46, 9)
    polygons = marks.toSubpathPolygons()
    assert len(polygons) == 6
    tips = [min(p.x() for p in polygon) for polygon in polygons]
    assert min(tips) > 9
    assert all(polygon[0].x() < polygon[1].x() for polygon in polygons)
    assert shape.marks("left", 5, 46, 9) is marks
