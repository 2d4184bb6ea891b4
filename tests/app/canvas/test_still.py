"""The still: a view in motion draws little, and shows what one at rest shows as soon as it is at rest."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QImage, QRegion
from PySide6.QtWidgets import QApplication

from gradstudio.app.canvas.geometry import Level
from gradstudio.app.canvas.still import in_few
from gradstudio.app.canvas.view_paint import ViewPaint
from gradstudio.app.canvas.wire_tiles import pixels_of
from gradstudio.bench.graphs import layers
from gradstudio.document.commands.nodes import SetLeafValue
from tests.app.canvas.test_large import NEAR_ENOUGH

MIDDLE = Qt.MouseButton.MiddleButton


@pytest.fixture
def drawn(view, settle, monkeypatch):
    """Areas that a view has drawn sharply, and those of plates and lines; all is drawn before. Time is no matter."""
    settle()
    for name in ("BUDGET", "COMING"):
        monkeypatch.setattr(f"gradstudio.app.canvas.still.{name}", 60.0)
    monkeypatch.setattr("gradstudio.app.canvas.still.REST", 0.0)
    monkeypatch.setattr("gradstudio.app.canvas.still.FRAME_MS", 0)
    view.set_zoom(1.0)
    view.viewport().repaint()
    sharp: list[QRect] = []
    plain: list[QRect] = []
    sharply, plainly = ViewPaint.sharply, ViewPaint.plainly

    def draw_sharply(self, painter, area: QRect, part=None) -> None:
        sharp.append(QRect(area))
        sharply(self, painter, area, part)

    def draw_plainly(self, painter, region: QRegion) -> None:
        plain.append(region.boundingRect())
        plainly(self, painter, region)

    monkeypatch.setattr(ViewPaint, "sharply", draw_sharply)
    monkeypatch.setattr(ViewPaint, "plainly", draw_plainly)
    return sharp, plain


def area(rects: list[QRect]) -> int:
    return sum(rect.width() * rect.height() for rect in rects)


def pixels(view) -> np.ndarray:
    """Return what the view shows now, drawn as little as it would."""
    image = view.viewport().grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)[:, :, :3].astype(int)


def anew(view) -> np.ndarray:
    """Return what it shows where nothing was kept."""
    view.canvas.update()
    return pixels(view)


def same(a: np.ndarray, b: np.ndarray, share: float = 0.0) -> bool:
    """Say whether two pictures are the same, but for a share of the pixels: a long wire is smoothed otherwise in tiles."""
    return bool((np.abs(a - b).max(2) > NEAR_ENOUGH).mean() <= share)


def size(view) -> int:
    return view.viewport().width() * view.viewport().height()


def pan(view, hand, frames: int) -> None:
    """Pan for some frames, and hold the button."""
    hand.press(QPointF(-300, -300), button=MIDDLE)
    at = QPointF(hand.at(QPointF(-300, -300)))
    for i in range(1, frames + 1):
        view.lead(at + QPointF(12 * i, 8 * i), Qt.KeyboardModifier.NoModifier)
        view.viewport().repaint()


def test_a_pan_draws_the_strips_that_come_into_view(view, hand, drawn, qtbot):
    sharp, plain = drawn
    pan(view, hand, 5)
    assert 0 < area(sharp + plain) < 0.4 * size(view)
    hand.release(QPointF(-300, -300), button=MIDDLE)
    qtbot.waitUntil(lambda: not view.hurried)
    QApplication.processEvents()
    assert same(pixels(view), anew(view))


def test_a_frame_that_is_late_draws_plates_and_lines_only(view, hand, drawn, monkeypatch):
    sharp, plain = drawn
    monkeypatch.setattr("gradstudio.app.canvas.still.FRAME_MS", 60_000)
    monkeypatch.setattr("gradstudio.app.canvas.still.DRAWN_BY", 0.0)
    monkeypatch.setattr("gradstudio.app.canvas.still.BUDGET", 0.0)
    pan(view, hand, 3)
    assert not sharp
    assert plain
    hand.release(QPointF(-300, -300), button=MIDDLE)


def test_a_node_that_is_made_ready_has_its_picture(view, hand):
    item, pictures = view.canvas.nodes[hand.node("x")], view.canvas.pictures
    pictures.clear()
    item.prepare()
    assert len(pictures._kept) > 0
    kept = dict(pictures._kept)
    item.prepare()
    assert dict(pictures._kept) == kept


def test_a_drag_draws_nothing_of_what_stays(view, hand, drawn, studio, settle):
    sharp, plain = drawn
    studio.show_example(layers(300), "layers")
    settle()
    view.set_zoom(1.0)
    view.put(view.canvas.nodes["n150"].body.center(), view.middle_px())
    anew(view)
    start = view.canvas.nodes["n150"].pos() + QPointF(60, 13)
    hand.press(start)
    hand.move(start + QPointF(20, 20))
    view.viewport().repaint()
    sharp.clear()
    for i in range(2, 7):
        hand.move(start + QPointF(20 * i, 20 * i))
        view.viewport().repaint()
    assert not sharp
    assert not plain
    kept = pixels(view)
    assert same(kept, anew(view), share=0.002)
    hand.release(start + QPointF(120, 120))
    QApplication.processEvents()
    assert same(pixels(view), anew(view), share=0.002)
    assert all(item.isVisible() for item in view.canvas.nodes.values())


def test_a_number_that_comes_while_a_node_is_dragged_is_shown(view, hand, drawn, studio, settle):
    start = hand.on("y", 20, 14)
    hand.press(start)
    hand.move(start + QPointF(20, 40))
    before = pixels(view)
    studio.do(SetLeafValue(hand.node("x"), np.float32(2.5).reshape(())))
    settle()
    kept = pixels(view)
    assert not np.array_equal(kept, before)
    assert same(kept, anew(view))
    hand.release(start)


def test_what_comes_into_view_is_drawn_at_once_where_there_is_time(view, hand, drawn):
    sharp, plain = drawn
    pan(view, hand, 3)
    assert not plain
    assert len(sharp) <= 3 * 3  # a strip at once, not square by square
    hand.release(QPointF(-300, -300), button=MIDDLE)


def test_a_wheel_stretches_the_still_and_at_rest_all_is_sharp(view, drawn, qtbot):
    sharp, _ = drawn
    view.hurry()
    view.zoom_by(1.2)
    view.viewport().repaint()
    assert not sharp
    stretched = pixels(view)
    qtbot.waitUntil(lambda: not view.hurried)
    QApplication.processEvents()
    at_rest = pixels(view)
    assert same(at_rest, anew(view))
    assert np.abs(stretched - at_rest).mean() < 8  # it lies where it belongs
    assert not np.array_equal(stretched, at_rest)


def test_beside_a_still_that_has_become_small_there_are_plates(view, studio, settle, qtbot):
    studio.show_example(layers(300), "layers")
    settle()
    view.set_zoom(1.0)
    view.viewport().repaint()
    view.hurry()
    view.zoom_by(0.4)
    edge = pixels(view)[:, :60]
    assert len(np.unique(edge.reshape(-1, 3), axis=0)) > 1
    level = view.canvas.level
    qtbot.waitUntil(lambda: not view.hurried)
    assert view.canvas.level < level


def test_where_there_is_no_time_plates_stand_until_there_is(view, hand, drawn, studio, settle, qtbot, monkeypatch):
    sharp, plain = drawn
    studio.show_example(layers(300), "layers")
    settle()
    view.set_zoom(1.0)
    view.viewport().repaint()
    sharp.clear()
    for name in ("BUDGET", "COMING"):
        monkeypatch.setattr(f"gradstudio.app.canvas.still.{name}", 0.0)
    view.hurry()
    view.pan(300, 200)
    view.viewport().repaint()
    assert not sharp
    assert area(plain) > 0
    qtbot.waitUntil(lambda: not view.hurried)
    QApplication.processEvents()
    assert same(pixels(view), anew(view), share=0.002)


@pytest.mark.parametrize("resolution", [0.8, 1.0, 1.3, 2.75])
def test_squares_share_out_whole_pixels_without_gap(resolution):
    """A square that is drawn directly covers what its picture would: else a pixel between two squares is left out of one paint."""
    first, below = (pixels_of(QRectF(0, row * 256, 256, 256), resolution) for row in (0, 1))
    assert first.bottom() == below.top()
    for edge in (first.bottom(), below.bottom()):
        assert edge * resolution == pytest.approx(round(edge * resolution))
    assert first.bottom() <= 256 < first.bottom() + 1 / resolution


def test_a_zoom_to_100_percent_ends_the_hurry_of_a_wheel(view):
    view.set_zoom(0.6)
    view.hurry()
    view.zoom_by(1.1)
    view.reset_zoom()
    assert (view.hurried, view.canvas.level) == (False, Level.FULL)


def test_numbers_that_come_while_a_view_moves_are_there_when_it_rests(view, studio, settle, qtbot, monkeypatch):
    settle()
    view.set_zoom(1.0)
    view.viewport().repaint()
    monkeypatch.setattr("gradstudio.app.canvas.still.BUDGET", -1.0)  # no time at all: nothing is looked at while it moves
    view.hurry()
    leaf = next(n for n in studio.graph.nodes.values() if isinstance(n.value, np.ndarray) and n.value.size == 1)
    studio.do(SetLeafValue(leaf.id, np.full_like(leaf.value, 7.5)))
    settle()
    view.viewport().repaint()
    assert len(view.canvas.due)
    qtbot.waitUntil(lambda: not view.hurried)
    qtbot.waitUntil(lambda: not len(view.canvas.due))
    QApplication.processEvents()
    assert view.canvas.nodes[leaf.id].face.value == "7.5"
    assert same(pixels(view), anew(view))


def test_a_number_that_is_scrubbed_is_shown_with_all_that_follows_from_it_at_once(view, hand, studio, settle, monkeypatch):
    settle()
    view.set_zoom(1.0)
    view.viewport().repaint()
    monkeypatch.setattr("gradstudio.app.canvas.still.BUDGET", -1.0)  # no time at all for what may wait
    start = hand.on("x", 20, 56)
    hand.press(start)
    before = pixels(view)
    hand.move(start + QPointF(40, 0))
    settle()
    kept = pixels(view)
    assert not np.array_equal(kept, before)
    assert same(kept, anew(view))
    hand.release(start + QPointF(40, 0))


def test_a_tile_that_is_drawn_part_by_part_has_the_same_pixels(view, studio, settle):
    studio.show_example(layers(300), "layers")
    settle()
    view.set_zoom(1.0)
    view.viewport().repaint()
    QApplication.processEvents()
    wires = view.canvas.wires
    seen = view.visible_rect()
    pictures = []
    for until in (math.inf, 0.0):  # at once; wire by wire
        wires._tiles.clear()
        calls = 1
        while not wires.prepare(seen, until):
            calls += 1
        ready, left_over = wires._tiles.look_up(seen, view.zoom, view.canvas.device_ratio)
        assert not left_over
        assert calls == 1 or until == 0.0
        pictures.append([pixmap.toImage() for _, pixmap in ready])
    assert calls > len(pictures[0])
    assert pictures[0] == pictures[1]


@given(st.lists(st.tuples(*[st.integers(0, 1000)] * 2, *[st.integers(1, 400)] * 2), max_size=40))
def test_a_region_is_drawn_in_few_rectangles_round_it(qapp, rects):
    region = QRegion()
    for rect in rects:
        region += QRect(*rect)
    found = in_few(region)
    left = QRegion(region)
    for rect in found:
        left -= rect
        assert region.boundingRect().contains(rect)
    assert left.isEmpty()
    assert len(found) <= max(1, region.rectCount())
