"""Cards stay beside their node."""

from __future__ import annotations

import pytest
import shiboken6
from PySide6.QtCore import QRectF, Qt
from PySide6.QtTest import QTest

from gradstudio.app.canvas.camera import scroll_needed
from gradstudio.app.paint import Paint
from gradstudio.app.widgets.card import Card


class Plain(Card):
    """A card of a given size."""

    def __init__(self, themed, width: float = 300, height: float = 160) -> None:
        super().__init__(themed)
        self._size = (width, height)
        self.resize(self.sizeHint())

    def body_size(self) -> tuple[float, float]:
        return self._size

    def draw_body(self, paint: Paint, width: float, height: float) -> None:
        paint.text(10, 20, "card")


@pytest.fixture
def card(view, studio):
    """A card that is not shown yet."""
    made = Plain(studio)
    yield made
    shiboken6.delete(made)


def body(card) -> QRectF:
    return QRectF(card.body.translated(card.pos()))


def node_rect(view, node) -> QRectF:
    return view.viewportTransform().mapRect(view.canvas.nodes[node].body)


def test_a_card_stands_beside_its_node_within_the_view(view, card):
    for node in ("n5", "n9", "n3", "n1"):
        view.place_card(card, (node,))
        assert card.isVisible()
        assert not body(card).intersects(node_rect(view, node))
        assert QRectF(view.rect()).contains(body(card)), node


def test_it_takes_the_side_on_which_it_hides_least(view, card):
    for node, side in (("n5", "below"), ("n3", "right"), ("n9", "below")):
        view.place_card(card, None)
        view.place_card(card, (node,))
        assert view.dock.side == side, node


def test_it_goes_with_its_node_when_the_canvas_is_panned_or_zoomed(view, card):
    view.place_card(card, ("n5",))
    before = body(card).topLeft() - node_rect(view, "n5").topLeft()
    view.pan(-30, 14)
    after = body(card).topLeft() - node_rect(view, "n5").topLeft()
    assert (after - before).manhattanLength() <= 2
    view.set_zoom(0.8)
    assert not body(card).intersects(node_rect(view, "n5"))


def test_a_card_about_an_inner_step_stands_beside_the_instance(view, card):
    view.place_card(card, ("n7", "n13"))
    assert view.dock.node == "n7"


def test_none_takes_it_away(view, card):
    view.place_card(card, ("n5",))
    view.place_card(card, None)
    assert not card.isVisible()
    assert view.dock.tether.boundingRect().width() <= 20


def test_it_goes_when_its_node_goes(view, studio, card):
    from gradstudio.document.commands.nodes import DeleteNodes

    view.place_card(card, ("n5",))
    studio.do(DeleteNodes(("n5",)))
    assert not card.isVisible()


def test_a_card_that_was_dragged_stays_where_it_was_put(view, card):
    view.place_card(card, ("n5",))
    card.by_hand = True
    card.move(20, 20)
    view.pan(40, 0)
    assert (card.x(), card.y()) == (20, 20)


def test_the_tether_goes_with_a_card_that_is_dragged(view, card):
    view.place_card(card, ("n5",))
    before = view.dock.tether.boundingRect()
    QTest.keyClick(card, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert view.dock.tether.boundingRect().height() == before.height() + 20


def test_a_card_that_has_no_room_beside_its_node_makes_some(view, studio, qtbot):
    tall = Plain(studio, 300, 400)
    view.resize(700, 500)
    view.place_card(tall, ("n5",))
    assert QRectF(view.viewport().rect()).contains(body(tall))
    assert not body(tall).intersects(node_rect(view, "n5"))
    shiboken6.delete(tall)


def test_a_card_beside_a_node_at_the_edge_makes_room_sideways(view, card, qtbot):
    view.resize(700, 220)
    view.pan(node_rect(view, "n9").right() - 395, node_rect(view, "n9").center().y() - 110)
    view.place_card(card, ("n9",))
    assert view.dock.side == "right"
    assert QRectF(view.viewport().rect()).contains(body(card))
    assert not body(card).intersects(node_rect(view, "n9"))


def test_what_a_card_stands_over_at_the_corners_is_hidden_as_long(view, card):
    view.place_card(card, ("n7",))
    card.by_hand = True
    card.move(view.overlays.zoom_box.pos())
    view.dock.follow()
    assert not view.overlays.zoom_box.isVisible()
    assert view.overlays.legend.isVisible()
    view.place_card(card, None)
    assert view.overlays.zoom_box.isVisible()


def test_the_view_scrolls_only_for_a_node_that_is_not_well_in_it():
    assert scroll_needed(200, 400, 1000, 0.15) == 0
    assert scroll_needed(100, 210, 1000, 0.15) == 0  # its middle is in
    assert scroll_needed(20, 150, 1000, 0.15) == -65
    assert scroll_needed(-30, 500, 1000, 0.15) == -46
    assert scroll_needed(800, 1100, 1000, 0.15) == 116


def test_a_graph_that_is_all_in_view_is_not_scrolled(view, card):
    before = node_rect(view, "n1")
    view.place_card(card, ("n1",))
    assert node_rect(view, "n1") == before
    view.set_zoom(1.4)
    before = node_rect(view, "n1")
    view.reveal("n1")
    assert node_rect(view, "n1") != before
