"""Card: the floating frame of the step card and the error card. The canvas places it beside a node; a person may drag it elsewhere."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QWidget

from gradstudio.app.paint import SHADOW_DROP, SHADOW_REACH, Paint
from gradstudio.app.widgets.drawn import Drawn, Themed, ui_scale

MARGIN = SHADOW_REACH + SHADOW_DROP + 1  # room for the shadow, on every side
NUDGE = 20


class Card(Drawn):
    """Draws the frame and what `draw_body` adds. `dragged` tells that a person moved it: from then on it stays (`by_hand`)."""

    wanted = Signal(object)  # the NodePath to stand beside; None: there is nothing to show
    dragged = Signal()
    closed = Signal()

    def __init__(self, themed: Themed, parent: QWidget | None = None) -> None:
        super().__init__(themed, parent)
        self.by_hand = False
        self._grip: QPoint | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.ArrowCursor)

    def body_size(self) -> tuple[float, float]:
        """Return width and height of the visible card, in px of the design."""
        raise NotImplementedError

    def draw_body(self, paint: Paint, width: float, height: float) -> None:
        """Paint the content; the origin is the card's corner."""
        raise NotImplementedError

    def sizeHint(self) -> QSize:
        """Return the size with the shadow's room."""
        width, height = self.body_size()
        return self.size_of(width + 2 * MARGIN, height + 2 * MARGIN)

    @property
    def body(self) -> QRect:
        """The visible card within the widget, in px of the screen: place and tether by it."""
        room = round(MARGIN * ui_scale())
        return self.rect().adjusted(room, room, -room, -room)

    def place(self, corner: QPoint) -> None:
        """Move the visible card's corner to a point of the parent; not once a person has dragged it."""
        if not self.by_hand:
            self.move(corner - self.body.topLeft())

    def fit(self) -> None:
        """Take the size that the content needs, and paint again."""
        self.resize(self.sizeHint())
        self.update()

    def draw(self, paint: Paint, width: float, height: float) -> None:
        """Paint frame and content."""
        body = QRectF(0, 0, width - 2 * MARGIN, height - 2 * MARGIN)
        paint.painter.translate(MARGIN, MARGIN)
        paint.card(body)
        self.draw_focus(paint, body.adjusted(-3, -3, 3, 3), 14)
        self.draw_body(paint, body.width(), body.height())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the card; clicks on its shadow go to what lies below."""
        inside = self.body.contains(event.position().toPoint())
        event.setAccepted(inside)
        if inside and event.button() == Qt.MouseButton.LeftButton:
            self._grip = event.globalPosition().toPoint() - self.pos()
            self.raise_()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the card, within its parent."""
        if self._grip is not None and event.buttons() & Qt.MouseButton.LeftButton:
            self._drag_to(event.globalPosition().toPoint() - self._grip)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        self._grip = None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Alt and arrows move the card, Escape closes it; other keys go on to the canvas."""
        steps = {Qt.Key.Key_Left: (-NUDGE, 0), Qt.Key.Key_Right: (NUDGE, 0), Qt.Key.Key_Up: (0, -NUDGE), Qt.Key.Key_Down: (0, NUDGE)}
        if event.modifiers() & Qt.KeyboardModifier.AltModifier and event.key() in steps:
            self._drag_to(self.pos() + QPoint(*steps[Qt.Key(event.key())]))
        elif event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            event.ignore()

    def _drag_to(self, corner: QPoint) -> None:
        parent, body = self.parentWidget(), self.body
        area = parent.rect() if parent else self.rect()
        x = max(-body.left(), min(corner.x(), area.right() - body.right()))
        y = max(-body.top(), min(corner.y(), area.bottom() - body.bottom()))
        self.move(x, y)
        self.by_hand = True
        self.dragged.emit()
