"""Large graphs: what is kept, tiled or left for the end of a drag shows what a canvas made anew shows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter

from gradstudio.app import theme
from gradstudio.app.canvas.faces import Tint, WireFace
from gradstudio.app.canvas.scene import CanvasScene
from gradstudio.app.canvas.wire_layer import DENSE
from gradstudio.app.canvas.wire_paint import paint_wire
from gradstudio.app.canvas.wire_path import NO_BOXES, cubic, cut_to, even, lane, sampled
from gradstudio.app.canvas.wire_shape import WireShape, window_of
from gradstudio.app.paint import Paint
from gradstudio.bench.graphs import chain, layers
from gradstudio.document.commands.layout import MoveNodes
from gradstudio.document.commands.nodes import DeleteNodes
from gradstudio.document.graph import Ref
from tests.app.canvas.test_scene import picture

NEAR_ENOUGH = 2  # of 255: blending in two goes rounds twice


@pytest.fixture
def large(view, studio, settle):
    """A canvas on more nodes than are worked out at once."""
    studio.show_example(layers(260), "layers")
    settle()
    return view


def anew(view) -> CanvasScene:
    """Return a scene of the same document, made now, at the level of detail of a view."""
    fresh = CanvasScene(view.studio)
    fresh.set_zoom(view.zoom, view.canvas.level, 1.0)
    return fresh


def grabbed(view) -> np.ndarray:
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)[:, :, :3].astype(int)


def test_undo_of_deleting_all_shows_what_a_new_scene_shows(large, studio, settle):
    items = set(map(id, large.canvas.nodes.values()))
    studio.do(DeleteNodes(tuple(studio.document.graph.nodes)))
    settle()
    assert not large.canvas.nodes
    assert not large.canvas.wires.ids
    studio.undo()
    assert set(map(id, large.canvas.nodes.values())) == items
    settle()
    assert picture(large.canvas) == picture(anew(large))
    assert grabbed(large).std() > 5


def test_a_graph_that_moved_before_it_was_deleted_comes_back_where_it_stood(large, studio, settle):
    studio.do(MoveNodes({"n100": (40, 5000), "n101": (90, 5200)}))
    studio.do(DeleteNodes(tuple(studio.document.graph.nodes)))
    settle()
    studio.undo()
    assert large.canvas.nodes["n100"].pos() == QPointF(40, 5000)
    studio.do(DeleteNodes(tuple(studio.document.graph.nodes)))
    settle()
    studio.undo()
    studio.undo()
    settle()
    assert picture(large.canvas) == picture(anew(large))


def test_at_another_zoom_what_was_deleted_comes_back_at_the_level_of_now(large, studio, settle):
    large.set_zoom(1.0)
    studio.do(DeleteNodes(tuple(studio.document.graph.nodes)))
    settle()
    large.set_zoom(0.3)
    studio.undo()
    settle()
    assert picture(large.canvas) == picture(anew(large))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 60), st.integers(-300, 300), st.integers(-300, 300)), min_size=1, max_size=4), st.booleans())
def test_after_any_drag_wires_run_as_in_a_scene_made_anew(view, studio, settle, moves, let_go):
    if len(studio.document.graph.nodes) != 60:
        studio.show_example(layers(60), "layers")
        settle()
        view.canvas.settle()
    canvas = view.canvas
    starts = {f"n{n}": canvas.position(f"n{n}") for n, _, _ in moves}
    for n, dx, dy in moves:
        canvas.move_nodes({f"n{n}": starts[f"n{n}"] + QPointF(dx, dy)})
        view.grab()
    if let_go:
        studio.do(MoveNodes({n: (at.x(), at.y()) for n, at in canvas.moving.items()}))
    canvas.end_move()
    fresh = anew(view)
    fresh.settle()
    for key in fresh.wires.ids:
        assert np.array_equal(canvas.wires.shape_of(key).points, fresh.wires.shape_of(key).points), key
    assert canvas.plates.boxes.tolist() == fresh.plates.boxes.tolist()


@pytest.mark.parametrize("zoom", [1.0, 0.8, 0.5])
def test_tiles_look_as_what_is_painted_directly(view, studio, settle, zoom):
    view.set_zoom(zoom)
    first = grabbed(view)  # wires are drawn directly
    grabbed(view)  # and now into tiles
    tiled = grabbed(view)
    assert np.abs(tiled - first).max() <= NEAR_ENOUGH


def test_tiles_follow_hover_selection_and_numbers(view, studio, settle):
    key = view.canvas.wires.ids[3]
    plain = [grabbed(view) for _ in range(3)][-1]
    view.canvas.set_hover(None, key)
    assert (grabbed(view) != plain).any()
    view.canvas.set_hover(None, None)
    assert np.abs(grabbed(view) - plain).max() <= NEAR_ENOUGH
    studio.select([("wire", *key)])
    assert (grabbed(view) != plain).any()
    studio.select([])
    assert np.abs([grabbed(view) for _ in range(3)][-1] - plain).max() <= NEAR_ENOUGH
    view.canvas.wires.leave_out([key])
    assert (grabbed(view) != plain).any()


@pytest.mark.parametrize("curves", [cubic(QPointF(0, 0), QPointF(9000, 4000)), lane(QPointF(0, 0), QPointF(4000, 90), 300, 60, 90)])
def test_a_long_wire_cut_to_a_rectangle_runs_through_it_as_all_of_it_does(curves):
    points = sampled(curves)
    for at in points[2:-2:7].tolist():
        rect = QRectF(at[0] - 90, at[1] - 90, 180, 180)
        part = sampled(cut_to(curves, rect))
        assert len(part) <= len(points)
        assert np.hypot(*(even(part, 0.5) - at).T).min() < 0.5
        assert np.ptp(part[:, 0]) < np.ptp(points[:, 0]) / 2


def test_wires_that_run_through_side_by_side_have_one_course():
    ends = [(QPointF(x, 0), QPointF(9000 + 70 * x, 90)) for x in (0, 40)]
    lanes = [WireShape(a, b, NO_BOXES, lane(a, b, 300, 60, 90)) for a, b in ends]
    through, start = window_of(QRectF(4000, 200, 300, 200)), window_of(QRectF(-100, -100, 300, 500))
    assert len({shape.within(through).course for shape in lanes}) == 1
    assert len({shape.within(start).course for shape in lanes}) == 2


def test_of_wires_that_run_one_over_the_other_the_last_is_seen(view, studio, settle, monkeypatch):
    studio.show_example(chain(700), "chain")
    settle()
    view.set_zoom(1.0)
    view.put(view.canvas.nodes["n200"].body.center(), view.middle_px())
    inside = view.visible_rect(view.viewport().rect())
    assert len(view.canvas.wires.touching(inside)) > DENSE
    few = [grabbed(view) for _ in range(3)][-1]
    monkeypatch.setattr(WireShape, "course", property(lambda self: object()))
    view.canvas.wires._tiles.clear()
    view.canvas.update()
    all_of_them = [grabbed(view) for _ in range(3)][-1]
    assert (np.abs(all_of_them - few).max(2) > NEAR_ENOUGH).mean() < 1e-5


@given(st.tuples(*[st.floats(-900, 900)] * 4), st.sampled_from(["gradient", "zero", "pending"]), st.sampled_from([2.0, 5.5, 7.0]))
def test_boxes_of_a_wire_hold_all_that_is_drawn(qapp, ends, kind, width):
    shape = WireShape(QPointF(*ends[:2]), QPointF(*ends[2:]), NO_BOXES)
    image = QImage(2400, 2400, QImage.Format.Format_RGB32)
    image.fill(0xFFFFFF)
    painter = QPainter(image)
    painter.translate(1200, 1200)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint_wire(Paint(painter, theme.named("dark")), WireFace(Ref("a"), "b", (0,), kind, width, Tint(1.0, 0.5)), shape, 1.0)
    for box in shape.boxes:
        painter.fillRect(box, Qt.GlobalColor.white)
    painter.end()
    assert (np.frombuffer(image.constBits(), np.uint32) & 0xFFFFFF == 0xFFFFFF).all()


def test_marks_of_a_long_wire_stand_where_they_stand_on_all_of_it():
    shape = WireShape(QPointF(0, 0), QPointF(6000, 2000), NO_BOXES)
    rect = QRectF(shape.point(0.5) - QPointF(150, 150), shape.point(0.5) + QPointF(150, 150))
    all_marks = {p for p in map(_corner, shape.marks("left", 4, 70, 14).toSubpathPolygons()) if rect.contains(*p)}
    marks = {p for p in map(_corner, shape.within(window_of(rect)).marks("left", 4, 70, 14).toSubpathPolygons()) if rect.contains(*p)}
    assert marks == all_marks
    assert marks


def _corner(polygon) -> tuple[float, float]:
    return round(polygon.first().x(), 6), round(polygon.first().y(), 6)
