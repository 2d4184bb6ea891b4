"""The minimap: when it is there, what it shows, where it leads, and what it costs."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shiboken6
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gradstudio.app import menus
from gradstudio.app.canvas.minimap import REST_MS
from gradstudio.app.canvas.view import CanvasView
from gradstudio.app.change import Change
from gradstudio.app.markers import Lit
from gradstudio.bench import graphs
from gradstudio.document.commands.layout import MoveNodes
from gradstudio.document.commands.nodes import SetLeafValue
from tests.app.canvas.conftest import example

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def minimap(view):
    return view.overlays.minimap


@pytest.fixture
def large(view, studio, settle):
    """The minimap of a thousand nodes, all of which were looked at."""
    studio.show_example(graphs.layers(1000), "layers")
    settle()
    view.set_zoom(1.0)
    view.canvas.settle()
    view.overlays.follow()
    return view.overlays.minimap


def rested(minimap, qtbot):
    qtbot.waitUntil(lambda: not minimap._rest.isActive())
    return minimap.grab().toImage()


def on_map(minimap, item) -> QPointF:
    return minimap._map.map(item.full_body.center())


def colour_at(minimap, qtbot, item) -> str:
    image = rested(minimap, qtbot)
    return image.pixelColor(on_map(minimap, item).toPoint()).name()


@pytest.mark.parametrize("name", ["tutorial", "accumulation"])
def test_a_graph_that_is_seen_whole_needs_no_map(view, studio, settle, minimap, name):
    studio.show_example(example(name), name)
    settle()
    assert not minimap.isVisible()


def test_it_comes_when_a_node_is_out_of_sight_and_goes_when_all_are_in_view(view, hand, minimap):
    box = view.overlays.zoom_box.geometry()
    view.put(hand.on("x", 0, 0), QPointF(-400, 30))
    assert minimap.isVisible()
    assert minimap.geometry().right() == box.right()
    assert not view.overlays.zoom_box.geometry().intersects(minimap.geometry())
    view.fit_all()
    assert not minimap.isVisible()
    assert view.overlays.zoom_box.geometry() == box


def test_one_that_has_no_picture_yet_comes_when_the_view_is_at_rest(view, hand, minimap, qtbot):
    view.hurry()
    view.put(hand.on("x", 0, 0), QPointF(-400, 30))
    assert not minimap.isVisible()
    qtbot.waitUntil(lambda: not view.hurried)
    assert minimap.isVisible()


def test_it_comes_when_nodes_are_too_small_to_be_read_but_not_over_one(view, hand, minimap):
    view.set_zoom(0.4)
    assert minimap.isVisible()
    view.put(view.canvas.nodes[hand.node("err")].body.center(), QPointF(minimap.geometry().center()))
    assert all(view.rect().contains(hand.at(item.body.center())) for item in view.canvas.nodes.values())
    assert not minimap.isVisible()


def test_a_small_window_has_it_above_the_row(view, hand, minimap):
    view.resize(560, 600)
    view.set_zoom(1.0)
    row = (view.overlays.legend.geometry(), view.overlays.zoom_box.geometry())
    assert minimap.isVisible()
    assert not any(minimap.geometry().intersects(rect) for rect in row)


def test_the_zoom_box_does_not_step_aside_from_under_the_pointer(view, qtbot, minimap):
    box = view.overlays.zoom_box
    place, at = box.geometry(), QPoint(82, 15)
    QApplication.sendEvent(box, QEnterEvent(QPointF(at), QPointF(at), QPointF(box.mapToGlobal(at))))
    box.setAttribute(Qt.WidgetAttribute.WA_UnderMouse)
    for _ in range(3):
        QTest.mouseClick(box, LEFT, pos=at)
        assert box.geometry() == place
    box.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, False)
    QApplication.sendEvent(box, QEvent(QEvent.Type.Leave))
    assert minimap.isVisible()
    assert box.geometry() != place


def test_a_card_over_it_hides_it(view, minimap):
    view.overlays.show_map(True)
    view.overlays.cover(QRect(minimap.geometry().topLeft(), QPoint(900, 650)))
    assert not minimap.isVisible()
    view.overlays.cover(QRect())
    assert minimap.isVisible()


def test_the_verb_shows_and_hides_it_and_that_is_remembered(window, studio):
    def shown(view: CanvasView) -> bool:
        return view.overlays.minimap.isVisible()

    entry = menus.BY_ID["minimap"]
    for expected in (True, False):
        window.do("minimap")
        assert (shown(window.canvas), entry.checked(window)) == (expected, expected)
        another = CanvasView(studio)
        another.show()
        another.pan(0 if expected else 500, 0)
        assert shown(another) == expected
        shiboken6.delete(another)
    window.canvas.pan(500, 0)
    assert not shown(window.canvas)
    window.do("reset_layout")
    assert shown(window.canvas)


def test_it_shows_heat_selection_what_is_lit_and_the_step_in_the_colours_of_the_theme(view, hand, studio, settle, qtbot, minimap):
    view.overlays.show_map(True)
    theme, nodes = view.canvas.theme, view.canvas.nodes
    x, w, err = (nodes[hand.node(name)] for name in ("x", "W", "err"))
    assert colour_at(minimap, qtbot, x) == theme.mix("node", theme.gradient(1, 1.0), 0.84).name()  # as tiles are
    assert colour_at(minimap, qtbot, err) == theme.color("line2").name()
    studio.select([w.node])
    assert colour_at(minimap, qtbot, w) == theme.color("accent").name()
    studio.markers.light(Lit(frozenset({(hand.node("y"),)})))
    assert colour_at(minimap, qtbot, nodes[hand.node("y")]) == theme.color("accent").name()
    studio.player.go_to(60)
    settle()
    current = nodes[view.canvas.context.current]
    image = rested(minimap, qtbot)
    left = minimap._map.map(current.full_body.topLeft())
    ring = image.pixelColor(math.ceil(left.x() - 2), round(on_map(minimap, current).y()))
    assert abs(ring.lightness() - theme.color("text").lightness()) < 25


def test_what_failed_is_crimson(view, hand, studio, settle, qtbot, minimap):
    view.overlays.show_map(True)
    studio.do(SetLeafValue(hand.node("x"), np.ones(2, np.float32)))
    studio.do(SetLeafValue(hand.node("y"), np.ones(3, np.float32)))
    settle()
    failed = next(iter(view.canvas.context.failures))
    assert colour_at(minimap, qtbot, view.canvas.nodes[failed]) == view.canvas.theme.color("error").name()


def test_a_click_looks_there(view, hand, qtbot, large):
    rested(large, qtbot)
    for label in ("n1", "n500", "n1000"):
        at = on_map(large, view.canvas.nodes[label])
        QTest.mouseClick(large, LEFT, pos=at.toPoint())
        seen = view.canvas.nodes[label].full_body.center() - view.middle()
        assert seen.manhattanLength() * large._map.m11() <= 2  # a pixel of the map


def test_the_frame_is_dragged_by_where_it_is_gripped(view, hand, qtbot, large):
    rested(large, qtbot)
    view.put(view.canvas.nodes["n500"].full_body.center(), view.middle_px())
    before, grip = view.middle(), large.frame().center().toPoint() + QPoint(3, 2)
    QTest.mousePress(large, LEFT, pos=grip)
    assert (view.middle() - before).manhattanLength() * large._map.m11() <= 0.1
    event_at = grip + QPoint(20, -10)
    QTest.mouseMove(large, event_at)
    QTest.mouseRelease(large, LEFT, pos=event_at)
    moved = (view.middle() - before) * large._map.m11()
    assert moved.x() == pytest.approx(20, abs=0.2)
    assert moved.y() == pytest.approx(-10, abs=0.2)


def test_the_frame_stays_on_the_map_where_the_view_has_left_it(view, minimap):
    view.overlays.show_map(True)
    minimap.grab()
    view.put(QPointF(7000, -7000), view.middle_px())
    assert minimap.rect().toRectF().contains(minimap.frame())
    assert minimap.frame().right() > minimap.width() - 6
    assert minimap.frame().top() < 6


def test_a_move_of_the_camera_makes_no_picture(view, qtbot, large):
    rested(large, qtbot)
    made, frames = large.made, set()
    for i in range(60):
        view.pan(40, 15)
        if i % 20 == 0:
            view.zoom_by(1.02)
        large.grab()
        frames.add(large.frame().getRect())
    assert large.made == made
    assert len(frames) == 60


def test_a_graph_that_differs_all_the_time_is_drawn_now_and_then_and_at_last(view, hand, qtbot, large):
    rested(large, qtbot)
    made, everything = large.made, Change(values=frozenset({(("n1",), 0)}))
    for _ in range(200):
        large.refresh(everything)
        large.repaint()
    assert large.made - made <= 3
    assert large._rest.interval() >= REST_MS
    qtbot.waitUntil(lambda: not large._behind, timeout=5000)


def test_nodes_that_move_are_followed(view, hand, studio, settle, qtbot, minimap):
    view.overlays.show_map(True)
    x, y = (view.canvas.nodes[hand.node(name)] for name in ("x", "y"))
    rested(minimap, qtbot)
    studio.do(MoveNodes({x.node: (800, -400)}))
    settle()
    orange = view.canvas.theme.mix("node", view.canvas.theme.gradient(1, 1.0), 0.84).name()
    assert colour_at(minimap, qtbot, x) == orange
    assert on_map(minimap, x).y() < on_map(minimap, y).y() - 40
    start = hand.on("y", 20, 14)
    hand.press(start)
    hand.move(start + QPointF(40, 200))
    hand.move(start + QPointF(60, 400))
    rested(minimap, qtbot)
    assert on_map(minimap, y) == minimap._map.map(view.canvas.nodes[hand.node("y")].full_body.center())
    hand.release(start)


def test_inside_a_group_it_shows_that_graph(view, hand, studio, qtbot, minimap):
    view.overlays.show_map(True)
    rested(minimap, qtbot)
    studio.enter((hand.node("reg"),))
    image = rested(minimap, qtbot)
    for item in view.canvas.nodes.values():
        colour = image.pixelColor(on_map(minimap, item).toPoint()).name()
        assert colour not in (view.canvas.theme.color("panel").name(), view.canvas.theme.color("canvas").name())


def test_a_node_that_is_shown_is_not_left_under_it(view, studio, large):
    for node in list(view.canvas.nodes)[::37]:
        view.reveal(node, 0.03)
        body = view.viewportTransform().mapRect(view.canvas.nodes[node].body).toAlignedRect()
        assert view.viewport().rect().contains(body)
        assert not large.geometry().intersects(body)


def test_an_empty_canvas_has_none(view, studio, settle, minimap):
    studio.new()
    settle()
    assert not minimap.isVisible()
    view.overlays.show_map(True)
    minimap.grab()
    assert minimap.isVisible()
