"""Numbers that roll are drawn over those before: what is seen then is what would be seen, had all been drawn anew."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from msgspec.structs import replace
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from gradstudio.app.canvas.faces import WireFace
from gradstudio.app.canvas.held import HARDLY
from gradstudio.app.canvas.node_item import PORTS, NodeItem
from gradstudio.app.canvas.scene import CanvasScene
from gradstudio.app.canvas.tints import SHADES
from gradstudio.app.canvas.view_paint import ViewPaint
from gradstudio.app.paint import pill_rect
from gradstudio.document.commands.layout import Collapse, MoveNodes
from tests.app.canvas.conftest import DOCUMENTS
from tests.app.canvas.test_scene import picture
from tests.app.canvas.test_still import anew, area, same

CROWDED = (0, 60), (208, 0), (416, 0), (624, 0), (832, 150), (1040, 60), (1248, 110), (1456, 150), (1664, 60)
FACTORS = (1.0, 1.001, 1.01, 0.5, -1.0, -3.0, 0.0, 1e4, 1e-20, 1e30, math.inf, math.nan)


def kept(view) -> np.ndarray:
    """Return what is on show, without having it drawn: a picture of the widget would be. The picture that is kept says the same."""
    QApplication.processEvents()
    port = view.viewport()
    screen = pixels(view.backingStore().paintDevice().copy(QRect(port.mapTo(view.window(), QPoint()), port.size())))
    picture = pixels(view.still._picture.toImage())
    for place in view.overlays.places():  # which the picture has not
        x, y, right, bottom = place.getCoords()
        screen[y : bottom + 1, x : right + 1] = picture[y : bottom + 1, x : right + 1]
    assert same(screen, picture)
    return picture


def pixels(image: QImage) -> np.ndarray:
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)[:, :, :3].astype(int)


def look_at(view, node: str) -> None:
    """Show a node in the middle, at 100 %."""
    view.set_zoom(1.0)
    view.put(view.canvas.nodes[node].body.center(), view.middle_px())


@pytest.fixture
def drawn(monkeypatch):
    """What was drawn over the picture, and the areas that were drawn anew."""
    patches: list[tuple[type, object]] = []
    sharp: list[QRect] = []
    draw, sharply = ViewPaint.patches, ViewPaint.sharply

    def draw_patches(self, painter, found) -> None:
        patches.extend((type(item), part) for item, part in found)
        draw(self, painter, found)

    def draw_sharply(self, painter, rect, part=None) -> None:
        sharp.append(QRect(rect))
        sharply(self, painter, rect, part)

    monkeypatch.setattr(ViewPaint, "patches", draw_patches)
    monkeypatch.setattr(ViewPaint, "sharply", draw_sharply)
    return patches, sharp


@pytest.mark.parametrize("zoom", [0.8, 1.0, 1.7])
@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_picture_is_that_of_all_drawn_anew(view, roll, drawn, name, zoom):
    drag, (patches, _) = roll(name), drawn
    view.set_zoom(zoom)
    view.put(view.canvas.nodes[list(view.canvas.nodes)[-1]].body.center(), view.middle_px())
    anew(view)
    for which in range(3):
        for factor in FACTORS:
            drag(which, factor)
            assert same(kept(view), anew(view), share=0.002), (which, factor)
    assert patches


def test_a_small_change_draws_numbers_and_little_else(view, roll, drawn):
    drag, (patches, sharp) = roll("layers"), drawn
    look_at(view, "n30")
    for i in range(20):
        drag(0, 1 + i / 10_000)
        kept(view)
        if i == 10:
            patches.clear(), sharp.clear()
    assert NodeItem in {kind for kind, _ in patches}
    assert area(sharp) / 9 < 0.1 * view.viewport().width() * view.viewport().height()


def test_a_port_takes_another_colour(view, roll, drawn):
    drag, (patches, _) = roll("layers"), drawn
    look_at(view, "n30")
    for i in range(40):
        drag(0, 1 + i / 40)
        now = kept(view)
        if (NodeItem, PORTS) in patches:
            assert same(now, anew(view), share=0.002)
            return
    pytest.fail("no port had another colour")


def test_what_lies_under_something_is_drawn_with_it(view, roll, studio):
    drag = roll("layers")
    view.set_zoom(1.0)
    nodes = list(view.canvas.nodes)[-6:]
    x, y = view.canvas.place_of(nodes[0])
    studio.do(MoveNodes({node: (x + 40 * i, y + 25 * i) for i, node in enumerate(nodes)}))
    QApplication.processEvents()
    view.put(view.canvas.nodes[nodes[2]].body.center(), view.middle_px())
    for factor in (1.0, 1.001, 1.002, 0.5):
        drag(0, factor)
        assert same(kept(view), anew(view), share=0.002)
    item = view.canvas.nodes[nodes[2]]
    view.canvas.cover.follow()
    assert item.patch(None) is None


@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example("tutorial", [(0, 1e30), (1, 1e30), (1, 1.0)], [False] * 6)
@given(
    name=st.sampled_from(list(DOCUMENTS)),
    rolls=st.lists(st.tuples(st.integers(0, 9), st.sampled_from(FACTORS)), min_size=1, max_size=6),
    looked_at=st.lists(st.booleans(), min_size=6, max_size=6),
)
def test_faces_are_those_of_a_new_scene(view, roll, studio, name, rolls, looked_at):
    drag = roll(name)
    for (which, factor), look in zip(rolls, looked_at, strict=False):
        drag(which, factor)
        if look:
            view.canvas.settle()
    assert same_faces(view.canvas, CanvasScene(studio))
    studio.clock.rested.emit()
    assert same_faces(view.canvas, CanvasScene(studio), hardly=0)


def same_faces(a: CanvasScene, b: CanvasScene, hardly: int = HARDLY) -> bool:
    """Say whether scenes show the same, nan and all, but for nearly the same shades of wires.

    A held node is wider than it need be, so that places are left out.
    """
    (nodes, wires), (others, other_wires) = picture(a)[:2], picture(b)[:2]
    return repr(nodes) == repr(others) and all(are_alike(face, other_wires[key], hardly) for key, face in wires.items())


def are_alike(a: WireFace, b: WireFace, hardly: int) -> bool:
    if hardly and a.tint is not None and b.tint is not None and a.tint.sign == b.tint.sign and SHADES * abs(a.tint.t - b.tint.t) < hardly:
        a = replace(a, tint=b.tint, width=b.width, rank=b.rank)
    return repr(a) == repr(b)


def test_shades_of_wires_are_held_in_hand_and_right_at_rest(view, roll, studio):
    drag = roll("layers")
    look_at(view, "n30")
    held = 0
    for i in range(20):
        drag(0, 1 + i / 40)
        now, new = picture(view.canvas)[1], picture(CanvasScene(studio))[1]
        held += sum(now[key].tint != new[key].tint for key in now)
        assert all(are_alike(now[key], new[key], HARDLY) for key in now)
    assert held
    studio.clock.rested.emit()
    assert same_faces(view.canvas, CanvasScene(studio), hardly=0)
    assert same(kept(view), anew(view))


def test_pills_grow_no_narrower_in_hand(view, roll):
    drag = roll("layers")
    look_at(view, "n30")
    drag(0, 1.0)
    pills, widest, held = view.canvas.pills, {}, 0
    for i in range(20):
        drag(0, 1 + i / 50)
        kept(view)
        for key, rect in pills._places.items():
            course = view.canvas.wires.shape_of(key)
            before = widest.get((key, course))
            if rect is not None and before is not None:
                assert rect.width() >= before
                held += rect.width() > pill_rect(view.canvas.theme, 0, 0, view.canvas.wires.face(key).pill).width()
            widest[key, course] = rect.width() if rect is not None else None
    assert held


def test_a_pill_that_had_no_room_comes_back_in_hand(view, roll, studio):
    drag = roll("accumulation")
    view.set_zoom(1.0)
    key = next(key for key in view.canvas.wires.ids if view.canvas.wires.face(key).source.source == "n1")
    for factor, is_shown in ((1.0, True), (-40.23, False), (1.0, True)):
        drag(0, factor)
        kept(view)
        assert (view.canvas.pills.place(key) is not None) == is_shown, view.canvas.wires.face(key).pill


def test_a_view_that_moves_draws_no_patches(view, roll, drawn):
    drag, (patches, _) = roll("layers"), drawn
    view.set_zoom(1.0)
    for factor in (1.0, 1.01):
        drag(0, factor)
        kept(view)
    view.hurry()
    patches.clear()
    view.pan(40, 30)
    drag(0, 1.02)
    kept(view)
    assert not patches


def test_a_node_that_an_edit_moves_leaves_nothing_behind(view, roll, studio):
    roll("tutorial")
    view.set_zoom(1.0)
    anew(view)
    for node in list(view.canvas.nodes):
        x, y = view.canvas.place_of(node)
        studio.do(MoveNodes({node: (x + 320, y + 210)}))
        assert same(kept(view), anew(view))
        studio.undo()
        assert same(kept(view), anew(view))


def test_a_collapsed_op_shows_its_number(view, roll, studio):
    drag = roll("tutorial")
    studio.do(Collapse(tuple(n for n, item in view.canvas.nodes.items() if item.face.kind == "op"), True))
    view.set_zoom(1.0)
    anew(view)
    for factor in (1.0, 1.01, 1.02):
        drag(0, factor)
        assert same(kept(view), anew(view))
    assert same_faces(view.canvas, CanvasScene(studio))


def test_all_digits_roll_where_they_are_wanted(view, roll, studio):
    drag = roll("accumulation")
    studio.set_full_precision(True)
    for factor in (1.0, 1.01, 1.0101, 1.0102, 1.01021):
        drag(0, factor)
        kept(view)
    assert same_faces(view.canvas, CanvasScene(studio))
    studio.set_full_precision(False)


def test_numbers_that_come_while_nothing_is_painted_are_shown_after(view, roll, monkeypatch):
    drag = roll("layers")
    look_at(view, "n30")
    anew(view)
    for shift in range(3):
        with monkeypatch.context() as minimised:
            minimised.setattr(view.viewport(), "update", lambda *_: None, raising=False)
            for factor in (1.0, 1e4, 1e-5, 0.5):
                drag(0, factor + shift)
                QApplication.processEvents()
        view.viewport().update()
        assert same(kept(view), anew(view), share=0.002)


def test_a_picture_that_somebody_wants_takes_nothing_from_the_screen(view, roll, studio):
    """Were what has changed taken to be seen then, it would be missing on the screen."""
    roll("tutorial")
    view.set_zoom(1.0)
    kept(view)
    node = next(iter(view.canvas.nodes))
    x, y = view.canvas.place_of(node)
    studio.do(MoveNodes({node: (x + 40, y + 80)}))
    assert not view.grab().isNull()
    QApplication.processEvents()  # in which the screen is asked for, to be painted in the next turn
    assert same(kept(view), anew(view))


@pytest.fixture
def crowded(view, roll, studio):
    """A chain in which the pill of a wire lies over a plate; what drags its first leaf."""
    drag = roll("short chain")
    view.set_zoom(1.0)
    studio.do(MoveNodes({f"n{i}": place for i, place in enumerate(CROWDED, 1)}))
    view.put(view.canvas.nodes["n5"].body.center(), view.middle_px())
    kept(view)
    view.canvas.cover.follow()
    assert any(view.canvas.cover.of_node(node, None).over for node in view.canvas.nodes)
    return drag


def test_the_pill_of_a_wire_that_is_picked_up_stays_away(view, crowded):
    crowded(0, 0.7)
    anew(view)
    view.canvas.wires.leave_out([("n7", (0,))])
    kept(view)
    crowded(0, 0.71)
    assert same(kept(view), anew(view))


def test_where_no_gradient_flows_there_is_no_pill(view, crowded, studio, qtbot):
    studio.player.go_to(6)
    qtbot.waitUntil(lambda: studio.shown.state.k == 6)
    anew(view)
    for factor in (0.7, 0.71):
        crowded(0, factor)
        assert same(kept(view), anew(view))


def test_the_ring_of_a_root_stays_whole(view, roll):
    drag = roll("short chain")
    look_at(view, "n9")
    anew(view)
    for factor in (0.7, 0.71, 0.72, 0.73):
        drag(0, factor)
        assert same(kept(view), anew(view))
