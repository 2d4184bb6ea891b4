"""Cards stay beside their node."""

from __future__ import annotations

import pytest
import shiboken6
from PySide6.QtCore import QRectF

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
