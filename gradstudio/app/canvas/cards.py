"""Cards beside nodes: on the emptiest side, joined by a tether, staying there while the canvas moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QLineF, QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from gradstudio.app.canvas.dirt import CanvasItem
from gradstudio.app.faults import told
from gradstudio.app.paint import Paint
from gradstudio.app.theme import Z
from gradstudio.app.widgets.card import Card
from gradstudio.document.graph import NodeId, NodePath

if TYPE_CHECKING:
    from gradstudio.app.canvas.view import CanvasView

GAP, NEAREST = 60.0, 20.0  # px between node and card; where the view has no room for that
EDGE = 8.0  # px between a card and the edge of the view
ROUND = 10.0  # px round a node that belong to it: rings and badges
SIDES = ("below", "right", "left", "above")  # the order in which they are preferred
PREFERENCE = 6000.0  # square px of nodes that a card may hide before the next side is better
SHARES = (0.3, 0.26, 0.45, 0.6, 0.15)  # how much of a card stands before the middle of its node, along the side; preferred in this order
SHARE_PREFERENCE = 600.0
OWN, VISITED, OTHER = 6.0, 3.0, 0.4  # what hiding a square px of a node costs


class CardDock:
    """Keeps one card at one node."""

    def __init__(self, view: CanvasView) -> None:
        self._view = view
        self.card: Card | None = None
        self._known: list[Card] = []
        self.node: NodeId | None = None
        self.side, self._share = SIDES[0], SHARES[0]
        self._failed = False
        self.tether = Tether(view)
        view.canvas.addItem(self.tether)

    def place(self, card: Card, path: NodePath | None, failed: bool = False) -> None:
        """Dock a card at the node that a path goes through; None hides it."""
        node = self._view.canvas.context.here(path) if path is not None else None
        if node is None or node not in self._view.canvas.nodes:
            card.hide()
            if card is self.card:
                self.card = self.node = None
                self.tether.follow(None, None)
                self._view.overlays.cover(QRect())
            return
        if self.card is not None and self.card is not card:
            self.card.hide()
        if card.parentWidget() is not self._view:
            card.setParent(self._view)
        if card not in self._known:
            self._known.append(card)
            card.dragged.connect(self.follow)
        fresh = (card, node) != (self.card, self.node)
        self.card, self.node, self._failed = card, node, failed
        if fresh:
            self._view.reveal(node)
            self.side, self._share = self._emptiest(card)
            self._make_room(card)
        card.show()
        card.raise_()
        self.follow()

    def follow(self) -> None:
        """Keep the card at its node: after a pan, a zoom, a move."""
        card, node = self.card, self.node
        if card is None or node is None:
            return
        if node not in self._view.canvas.nodes:
            self.place(card, None)
            return
        card.place(self._rect(card, self.side, self._share, self._node_rect()).topLeft())
        body = QRectF(card.body.translated(card.pos()))
        self.tether.follow(self._line(body), "error" if self._failed else "text3")
        self._view.overlays.cover(body.toRect())

    def _node_rect(self) -> QRectF:
        return self._view.viewportTransform().mapRect(self._view.canvas.nodes[self.node or ""].body)

    def _rect(self, card: Card, side: str, share: float, node: QRectF) -> QRect:
        """Return where a card stands on a side of its node: nearer, and pushed along the side, to stay within the view."""
        size, view = card.body.size(), self._view.viewport().rect()
        right, bottom = view.width() - size.width() - EDGE, view.height() - size.height() - EDGE
        if side in ("below", "above"):
            x = max(EDGE, min(node.center().x() - size.width() * share, right))
            if side == "below":
                y = max(node.bottom() + NEAREST, min(node.bottom() + GAP, bottom))
            else:
                y = min(node.top() - NEAREST, max(node.top() - GAP, EDGE + size.height())) - size.height()
        else:
            if side == "right":
                x = max(node.right() + NEAREST, min(node.right() + GAP, right))
            else:
                x = min(node.left() - NEAREST, max(node.left() - GAP, EDGE + size.width())) - size.width()
            y = max(EDGE, min(node.center().y() - size.height() * share, bottom))
        return QRect(QPoint(round(x), round(y)), size)

    def _emptiest(self, card: Card) -> tuple[str, float]:
        """Return the place at which a card hides least and is seen whole; an earlier one wins where the difference is small."""
        node = self._node_rect().translated(-self._view.still_to_glide())
        costs = [
            (self._cost(QRectF(self._rect(card, side, share, node))) + i * PREFERENCE + j * SHARE_PREFERENCE, i, j)
            for i, side in enumerate(SIDES)
            for j, share in enumerate(SHARES)
        ]
        _, i, j = min(costs)
        return SIDES[i], SHARES[j]

    def _make_room(self, card: Card) -> None:
        """Scroll a card that does not fit into the view, as far as its node stays in it."""
        glide = self._view.still_to_glide()
        node = self._node_rect().translated(-glide)
        rect, view = QRectF(self._rect(card, self.side, self._share, node)), QRectF(self._view.viewport().rect())
        lacking, spare, way = {
            "below": (rect.bottom() - view.bottom(), node.top(), QPointF(0, 1)),
            "above": (-rect.top(), view.bottom() - node.bottom(), QPointF(0, -1)),
            "right": (rect.right() - view.right(), node.left(), QPointF(1, 0)),
            "left": (-rect.left(), view.right() - node.right(), QPointF(-1, 0)),
        }[self.side]
        by = min(lacking + EDGE, spare - EDGE)
        if by > 0:
            self._view.glide(glide.x() + by * way.x(), glide.y() + by * way.y())

    def _cost(self, rect: QRectF) -> float:
        """Return the square pixels of nodes that a rectangle would hide, and of itself that would not be seen."""
        view = QRectF(self._view.viewport().rect())
        seen = rect.intersected(view)
        outside = rect.width() * rect.height() - max(0.0, seen.width()) * max(0.0, seen.height())
        glide = -self._view.still_to_glide()
        hidden, transform = 0.0, self._view.viewportTransform()
        for node, item in self._view.canvas.nodes.items():
            over = transform.mapRect(item.body).translated(glide).adjusted(-ROUND, -ROUND, ROUND, ROUND).intersected(rect)
            if not over.isEmpty():
                hidden += over.width() * over.height() * self._weight(node)
        return hidden + 4 * outside

    def _weight(self, node: NodeId) -> float:
        """Return how much a node matters: the card's own most, then those that the pass on show visits; before any pass all alike."""
        visited = self._view.canvas.context.turns
        return OWN if node == self.node else 1.0 if not visited else VISITED if node in visited else OTHER

    def _line(self, card: QRectF) -> QLineF:
        """Return the tether in canvas units, from the node's edge to the card's."""
        node = self._node_rect()
        x = max(card.left() + 16, min(node.center().x(), card.right() - 16))
        y = max(card.top() + 16, min(node.center().y(), card.bottom() - 16))
        if card.top() > node.bottom():
            ends = QPointF(node.center().x(), node.bottom()), QPointF(x, card.top())
        elif card.bottom() < node.top():
            ends = QPointF(node.center().x(), node.top()), QPointF(x, card.bottom())
        elif card.left() > node.right():
            ends = QPointF(node.right(), node.center().y()), QPointF(card.left(), y)
        elif card.right() < node.left():
            ends = QPointF(node.left(), node.center().y()), QPointF(card.right(), y)
        else:
            return QLineF()
        return QLineF(self._view.to_scene(ends[0]), self._view.to_scene(ends[1]))


class Tether(CanvasItem):
    """The line from a node to its card."""

    def __init__(self, view: CanvasView) -> None:
        super().__init__(view.canvas)
        self._view = view
        self._line = QLineF()
        self._shade = "text3"
        self.setZValue(Z["overlay"])
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    def follow(self, line: QLineF | None, shade: str | None) -> None:
        """Take another line; None hides it."""
        line = line if line is not None else QLineF()
        if line != self._line or shade != self._shade:
            self.prepareGeometryChange()
            self._line, self._shade = line, shade or "text3"
            self.update()

    def boundingRect(self) -> QRectF:
        return QRectF(self._line.p1(), self._line.p2()).normalized().adjusted(-10, -10, 10, 10)

    @told
    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        if self._line.isNull():
            return
        paint = Paint(painter, self._view.canvas.theme, self._view.canvas.ratio)
        scale = 1 / self._view.zoom
        painter.setPen(paint.pen(self._shade, 1.5 * scale, flat=True))
        painter.drawLine(self._line)
        paint.dot(self._line.x1(), self._line.y1(), 3 * scale, self._shade)
