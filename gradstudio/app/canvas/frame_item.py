"""Frames and comments: what lies under the nodes. A frame hugs its nodes; a comment is a rectangle of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from gradstudio.app.canvas.dirt import CanvasItem
from gradstudio.app.canvas.geometry import Level
from gradstudio.app.faults import told
from gradstudio.app.paint import Paint
from gradstudio.app.theme import OPACITY, RADIUS, Z
from gradstudio.document.frames import Frame

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene

SIDE, TOP = 16.0, 36.0
TITLES = {"no_grad": "torch.no_grad()", "enable_grad": "torch.enable_grad()", "inference_mode": "torch.inference_mode()"}


class FrameItem(CanvasItem):
    """A grad-mode frame, or a comment, painted under wires and nodes."""

    def __init__(self, scene: CanvasScene, frame: Frame | None) -> None:
        super().__init__(scene)
        self.frame = frame
        self.title = TITLES[frame.kind] if frame else ""
        self.text = ""
        self.rect = QRectF()
        self._bounds: tuple[float, QRectF] | None = None  # at a zoom
        self.setZValue(Z["frame"])
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    def set_rect(self, rect: QRectF) -> None:
        """Move to a rectangle."""
        if rect != self.rect:
            self.prepareGeometryChange()
            self.rect, self._bounds = QRectF(rect), None
            self.update()

    def set_words(self, title: str, text: str) -> None:
        """Show another title and text of a comment."""
        if (title, text) != (self.title, self.text):
            self.prepareGeometryChange()
            self.title, self.text, self._bounds = title, text, None
            self.update()

    @property
    def icon(self) -> str:
        """What stands before the title of a grad-mode frame."""
        return "zap" if self.frame is not None and self.frame.kind == "enable_grad" else "snowflake"

    def title_rect(self) -> QRectF:
        """Return the plate of the title, on the top edge."""
        role, weight = ("code", 600) if self.frame else ("bodyStrong", None)
        width = self.canvas.theme.metrics(role, weight).horizontalAdvance(self.title) + (36 if self.frame else 24)
        return QRectF(self.rect.left() + 10, self.rect.top() - 11, width, 22)

    def boundingRect(self) -> QRectF:
        zoom = self.canvas.zoom
        if self._bounds is None or self._bounds[0] != zoom:
            title = self.title_rect()
            title.setWidth(title.width() / min(1.0, max(0.2, zoom)))
            self._bounds = zoom, self.rect.united(title).adjusted(-3, -3, 3, 3)
        return self._bounds[1]

    @told
    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        paint = Paint(painter, self.canvas.theme, self.canvas.ratio)
        opacity = painter.opacity()
        painter.setOpacity(opacity * self._strength())
        if self.frame is None:
            self._paint_comment(paint)
        elif widget is None:
            self._paint_frame(painter)
        else:  # hatch and dashes are costly
            canvas, key, area = self.canvas, (self.frame.kind, self.rect.getRect()), self.rect.adjusted(-2, -2, 2, 2)
            canvas.pictures.draw(painter, key, area, canvas.zoom, canvas.device_ratio, self._paint_frame)
        painter.setOpacity(opacity)

    def _strength(self) -> float:
        """Return how opaque it is."""
        if self.frame is None:
            return 1.0
        return self.canvas.fade.frame_opacity(self.frame.id) * (OPACITY["frameInStep"] if self.canvas.stepping else 1.0)

    def _paint_frame(self, painter: QPainter) -> None:
        paint, radius = Paint(painter, self.canvas.theme, self.canvas.ratio), RADIUS["frame"]
        path = QPainterPath()
        path.addRoundedRect(self.rect, radius, radius)
        paint.rounded(self.rect, radius, "raised", alpha=0.35 if paint.theme.dark else 0.6)
        if self.frame is not None and self.frame.kind != "enable_grad":
            paint.hatch(path, alpha=0.4, gap=9)
        paint.rounded(self.rect, radius, None, "line2", 1.5, dash=(4, 3))

    def _paint_comment(self, paint: Paint) -> None:
        paint.rounded(self.rect, RADIUS["frame"], "raised", "line2", alpha=0.5)
        if self.text and self.canvas.level == Level.FULL:
            paint.paragraph(self.rect.adjusted(14, 18, -14, -8), self.text, "body", "text2")

    def paint_title(self, painter: QPainter) -> None:
        """Draw the title, over wires; the painter is in canvas units."""
        if not self.title or self.canvas.level < Level.TILE:
            return
        opacity = painter.opacity()
        painter.setOpacity(opacity * self._strength())
        paint, plate = Paint(painter, self.canvas.theme, self.canvas.ratio), self.title_rect()
        if self.canvas.level < Level.FULL:
            self._paint_small_title(paint, plate)
        else:
            self._paint_full_title(paint, plate)
        painter.setOpacity(opacity)

    def _paint_full_title(self, paint: Paint, plate: QRectF) -> None:
        paint.rounded(plate, RADIUS["control"], "panel", "line2")
        cy = plate.center().y()
        if self.frame is not None:
            paint.icon(self.icon, plate.left() + 12, cy, 13, "text2")
            paint.text(plate.left() + 24, cy, self.title, "code", "text", weight=600)
        else:
            paint.text(plate.left() + 12, cy, self.title, "bodyStrong", "text")

    def _paint_small_title(self, paint: Paint, plate: QRectF) -> None:
        """Draw the title in screen pixels, so that it does not shrink under 11; where its rectangle is too narrow, the icon alone."""
        painter, zoom = paint.painter, self.canvas.zoom
        painter.save()
        painter.translate(plate.left(), plate.center().y())
        painter.scale(1 / zoom, 1 / zoom)
        paint = Paint(painter, self.canvas.theme, self.canvas.device_ratio)
        icon = 16.0 if self.frame is not None else 0.0
        width = paint.theme.metrics("code", 600).horizontalAdvance(self.title) + 16 + icon
        room = (self.rect.right() - plate.left()) * zoom
        fits = width <= room or not icon
        paint.rounded(QRectF(0, -10, width if fits else 22, 20), RADIUS["chip"], "panel", "line2")
        if icon:
            paint.icon(self.icon, 11, 0, 13, "text2")
        if fits:
            paint.text(8 + icon, 0, self.title, "code", "text", weight=600, width=max(room - 16 - icon, 40.0))
        painter.restore()
