"""The title layer: the titles of frames, comments and blocks, over the wires that cross their edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from gradstudio.app.canvas.dirt import CanvasItem
from gradstudio.app.canvas.geometry import NO_ROOM
from gradstudio.app.faults import told
from gradstudio.app.theme import Z

if TYPE_CHECKING:
    from gradstudio.app.canvas.frame_layer import FrameLayer
    from gradstudio.app.canvas.scene import CanvasScene


class TitleLayer(CanvasItem):
    """One item for all titles; takes no room where there is none. Whoever repaints a frame or block repaints its title."""

    def __init__(self, scene: CanvasScene, frames: FrameLayer) -> None:
        super().__init__(scene)
        self._frames = frames
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        self._area = NO_ROOM
        self.setZValue(Z["wireActive"] + 1)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        scene.addItem(self)

    def follow(self) -> None:
        """Draw the titles that there are now."""
        area = self.canvas.sceneRect() if any(self._frames.titled()) else NO_ROOM
        if area != self._area:
            self.prepareGeometryChange()
            self._area = area

    def boundingRect(self) -> QRectF:
        return self._area

    @told
    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        for item in self._frames.titled():
            if item.boundingRect().intersects(option.exposedRect):
                item.paint_title(painter)
