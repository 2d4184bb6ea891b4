"""Scrolling at the edges of the view: with every drag that may need it, as fast at any frame rate."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtTest import QTest

from gradstudio.app.canvas.gestures.edge import EDGE, FASTEST, pull

SIZE = QSize(1000, 600)


def scrolled(view) -> QPointF:
    return QPointF(view.horizontalScrollBar().value(), view.verticalScrollBar().value())


def held_at(view, hand, start: QPointF, pixel: QPointF) -> QPointF:
    """Press on a canvas position and hold the pointer at a pixel of the view; return how far was scrolled before."""
    hand.press(start)
    hand.move((start + view.to_scene(pixel)) / 2)
    hand.move(view.to_scene(pixel))
    assert view.edge.clock.isActive()
    view.edge.clock.stop()  # from here the test says how much time passes
    return scrolled(view)


def test_the_nearer_the_edge_the_faster_and_not_at_all_away_from_it():
    assert pull(QPointF(500, 300), SIZE) == QPointF(0, 0)
    assert pull(QPointF(EDGE, 600 - EDGE), SIZE) == QPointF(0, 0)
    slow, fast = pull(QPointF(990, 300), SIZE).x(), pull(QPointF(1000, 300), SIZE).x()
    assert 0 < slow < fast < FASTEST
    assert pull(QPointF(5000, -400), SIZE) == QPointF(FASTEST, -FASTEST)
    assert pull(QPointF(10, 8), SIZE) == -pull(QPointF(990, 592), SIZE)


@pytest.mark.parametrize("frames", [3, 17, 60, 480])
def test_a_second_at_the_edge_scrolls_as_far_at_any_frame_rate(view, hand, frames):
    before = held_at(view, hand, QPointF(300, 380), QPointF(1066, 684))
    for _ in range(frames):
        view.edge.scroll(1 / frames)
    speed = pull(QPointF(1066, 684), view.viewport().size())
    off = scrolled(view) - before - speed
    assert abs(off.x()) <= 1
    assert abs(off.y()) <= 1


def test_time_that_passes_scrolls(view, hand, qtbot):
    hand.press(QPointF(300, 380))
    hand.move(view.to_scene(QPointF(1070, 300)))
    before = scrolled(view)
    qtbot.waitUntil(lambda: scrolled(view).x() > before.x() + 20)
    hand.release(view.to_scene(QPointF(1070, 300)))
    assert not view.edge.clock.isActive()


def test_a_box_grows_over_what_comes_into_view(view, hand, studio):
    view.set_zoom(2.0)
    far = hand.node("loss")
    view.put(view.canvas.nodes[hand.node("x")].body.topLeft() - QPointF(20, 30), QPointF(60, 60))
    assert view.viewportTransform().mapRect(view.canvas.nodes[far].body).left() > view.viewport().width()
    held_at(view, hand, view.canvas.nodes[hand.node("x")].body.topLeft() - QPointF(12, 12), QPointF(1074, 690))
    assert far not in studio.selection
    for _ in range(60):
        view.edge.scroll(0.1)
    assert far in studio.selection


def test_a_wire_stays_under_the_pointer_and_connects_what_comes_into_view(view, hand, studio):
    view.set_zoom(2.0)
    start = hand.port("a")
    view.put(start, QPointF(600, 300))
    held_at(view, hand, start, QPointF(1070, 300))
    for _ in range(10):
        view.edge.scroll(0.05)
    wire = view.gesture
    assert (wire._at - view.to_scene(QPointF(1070, 300))).manhattanLength() < 1
    end = hand.port("loss", (0,))
    view.put(end, QPointF(1050, 300))
    view.edge.scroll(0.01)
    view.put(end, QPointF(900, 300))
    hand.move(end)
    hand.release(end)
    assert studio.document.graph.nodes[hand.node("loss")].inputs[0].source == hand.node("a")


def test_a_node_comes_along(view, hand, studio):
    node = hand.node("y")
    place, start = view.canvas.position(node), hand.on("y", 20, 14)
    before = held_at(view, hand, start, QPointF(6, 300))
    for _ in range(20):
        view.edge.scroll(0.05)
    moved = scrolled(view).x() - before.x()
    assert moved < -300
    hand.release(view.to_scene(QPointF(6, 300)))
    now = studio.document.layout.positions[node]
    assert abs(now[0] - (view.to_scene(QPointF(6, 300)).x() - (start.x() - place.x()))) <= 10  # the grid
    assert now[0] < place.x() - 300


def test_alt_frees_a_node_from_the_grid_while_it_scrolls_too(view, hand, studio):
    node, start = hand.node("y"), hand.on("y", 20, 14)
    hand.press(start)
    hand.move(view.to_scene(QPointF(5, 303)), Qt.KeyboardModifier.AltModifier)
    view.edge.clock.stop()
    view.edge.scroll(0.0431)
    assert view.canvas.moving[node].x() % 20
    hand.release(view.to_scene(QPointF(5, 303)), Qt.KeyboardModifier.AltModifier)
    assert studio.document.layout.positions[node][0] % 20


def test_a_click_near_an_edge_and_a_drag_of_a_number_scroll_nothing(view, hand):
    view.put(hand.on("x", 40, 60), QPointF(10, 300))
    for step in (QPointF(1, 0), QPointF(-30, 0)):  # a click that trembles, then the number is dragged
        hand.press(hand.on("x", 40, 60))
        hand.move(hand.on("x", 40, 60) + step)
        assert not view.edge.clock.isActive()
        hand.release(hand.on("x", 40, 60) + step)
    view.put(hand.on("x", 20, 14), QPointF(10, 300))
    hand.press(hand.on("x", 20, 14))
    hand.move(hand.on("x", 21, 14))
    assert not view.edge.clock.isActive()
    hand.release(hand.on("x", 21, 14))


def test_escape_leaves_drag_and_scrolling(view, hand):
    held_at(view, hand, QPointF(300, 380), QPointF(1070, 300))
    view.edge.clock.start()
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert view.gesture is None
    assert not view.edge.clock.isActive()


@pytest.mark.parametrize("given_up", ["Escape", "let go outside"])
def test_a_drag_that_comes_to_nothing_scrolls_back(view, hand, given_up):
    start = hand.on("x", 60, 14) if given_up == "Escape" else hand.port("x")
    before = scrolled(view)
    pixel = QPointF(1090, 700)
    held_at(view, hand, start, pixel)
    for _ in range(3):
        view.edge.scroll(0.0431)
    assert scrolled(view) != before
    if given_up == "Escape":
        QTest.keyClick(view, Qt.Key.Key_Escape)
        assert scrolled(view) == before
    hand.release(view.to_scene(pixel))
    assert scrolled(view) == before
