"""What a gesture draws while it lasts: above nodes, below cards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from gradstudio.app.canvas.dirt import CanvasItem
from gradstudio.app.canvas.geometry import NO_ROOM
from gradstudio.app.canvas.gestures.gesture import Gesture
from gradstudio.app.faults import told
from gradstudio.app.paint import Paint
from gradstudio.app.theme import Z

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene


class GestureItem(CanvasItem):
    """Draws the gesture in hand, if there is one."""

    def __init__(self, scene: CanvasScene) -> None:
        super().__init__(scene)
        self._gesture: Gesture | None = None
        self._area = NO_ROOM
        self.setZValue(Z["dragGhost"])
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    def show_gesture(self, gesture: Gesture | None) -> None:
        """Draw a gesture where it is now; None: nothing."""
        self._gesture = gesture
        area = gesture.area() if gesture is not None else QRectF()
        area = NO_ROOM if area.isEmpty() else area
        if area != self._area:
            self.prepareGeometryChange()
            self._area = area
        if area is not NO_ROOM:
            self.update()

    def boundingRect(self) -> QRectF:
        return self._area

    @told
    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        if self._gesture is not None:
            self._gesture.paint(Paint(painter, self.canvas.theme, self.canvas.ratio))
