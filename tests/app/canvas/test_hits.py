"""What lies at a point, found through squares, is what a look through everything finds; also after nodes have moved."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRectF

from gradstudio.app.canvas.hit import PORT_REACH, WIRE_REACH, Hit
from gradstudio.app.canvas.scene import CanvasScene
from gradstudio.app.canvas.squares import SIDE, Squares
from gradstudio.app.canvas.wire_hits import WireHits
from gradstudio.app.canvas.wire_runs import plain_points
from gradstudio.bench.graphs import layers

NUMBER = st.integers(-600, 900).map(float)
ENDS = st.lists(st.tuples(NUMBER, NUMBER, NUMBER, NUMBER), min_size=1, max_size=12).map(lambda rows: np.array(rows, float))


def gaps(points: np.ndarray, x: float, y: float) -> np.ndarray:
    """Return how far a point is from each of several polylines, looking at every segment."""
    found = []
    for line in points:
        steps = np.diff(line, axis=0)
        off = np.array([x, y]) - line[:-1]
        along = np.clip((off * steps).sum(1) / np.maximum((steps**2).sum(1), 1e-9), 0, 1)
        found.append(np.hypot(*(off - along[:, None] * steps).T).min())
    return np.array(found)


def hits_of(points: np.ndarray) -> WireHits:
    def near(rect: QRectF) -> np.ndarray:
        low, high = points.min(1), points.max(1)
        across = (low[:, 0] <= rect.right()) & (high[:, 0] >= rect.left())
        return np.nonzero(across & (low[:, 1] <= rect.bottom()) & (high[:, 1] >= rect.top()))[0]

    return WireHits(near, lambda which: points[which])


@settings(max_examples=60, deadline=None)
@given(ENDS, st.lists(st.tuples(NUMBER, NUMBER), min_size=1, max_size=12), st.sampled_from([6.0, 13.0, 40.0]))
def test_the_nearest_wire_is_found_among_all(ends, places, reach):
    points = plain_points(ends)
    hits = hits_of(points)
    on_wires = [tuple(points[i % len(points), (7 * i) % 33] + 2.0) for i in range(8)]
    for x, y in (*places, *on_wires):
        found, all_gaps = hits.nearest(x, y, reach), gaps(points, x, y)
        if found is None:
            assert all_gaps.min() > reach - 1e-9
        else:
            assert all_gaps[found] <= all_gaps.min() + 1e-9
            assert all_gaps[found] <= reach + 1e-9


def test_a_wire_that_is_skipped_hides_none_behind_it():
    points = plain_points(np.array([(0.0, 0.0, 200.0, 0.0), (0.0, 4.0, 200.0, 4.0)]))
    hits = hits_of(points)
    assert hits.nearest(100, 1, 6) == 0
    assert hits.nearest(100, 1, 6, {0}) == 1
    assert hits.nearest(100, 1, 6, {0, 1}) is None


def test_a_square_is_looked_at_once_until_something_in_it_moves():
    looked: list[QRectF] = []
    squares = Squares(lambda rect: looked.append(rect) or len(looked))
    assert [squares.at(10, 10), squares.at(SIDE - 1, 0), squares.at(-1, 0)] == [1, 1, 2]
    squares.forget(SIDE, 0, 2 * SIDE, 5)
    assert squares.at(10, 10) == 1
    squares.forget(-5, 5, 5, 5)
    assert [squares.at(10, 10), squares.at(-1, 0)] == [3, 4]


def slow_hit(canvas: CanvasScene, pos: QPointF) -> Hit:
    """Return node, part and wire at a point, looking at all of them."""
    reach, body = PORT_REACH / min(1.0, canvas.zoom), Hit(pos)
    for node, item in reversed(canvas.nodes.items()):
        if item.body.adjusted(-reach, -reach, reach, reach).contains(pos):
            part = item.part_at(pos - item.pos())
            if part is not None and part.kind in ("input", "output"):
                return Hit(pos, node, part)
            body = Hit(pos, node, part) if body.node is None and part is not None else body
    if body.node is not None:
        return body
    points = np.array([canvas.wires.shape_of(key).coarse for key in canvas.wires.ids])
    apart = gaps(points, pos.x(), pos.y())
    near = apart.min() <= WIRE_REACH / min(1.0, canvas.zoom)
    return Hit(pos, wire=canvas.wires.ids[int(apart.argmin())] if near else None)


@pytest.mark.parametrize("zoom", [1.0, 0.5, 0.3])
def test_hits_are_those_of_a_look_through_everything_also_after_moves(view, studio, settle, zoom):
    studio.show_example(layers(60), "layers")
    settle()
    canvas, draw = view.canvas, np.random.default_rng(5)
    canvas.settle()
    view.set_zoom(zoom)
    area = canvas.content_rect().adjusted(-50, -50, 50, 50)
    for move in range(4):
        shares = draw.random((60, 2))
        for x, y in shares.tolist():
            pos = QPointF(area.left() + x * area.width(), area.top() + y * area.height())
            assert canvas.hit(pos)[:4] == slow_hit(canvas, pos)[:4]
        moved = {f"n{n}": QPointF(*draw.integers(0, 900, 2).tolist()) for n in draw.integers(1, 60, 3).tolist()}
        canvas.move_nodes(moved)
        if move == 2:
            canvas.end_move()
