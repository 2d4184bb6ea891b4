"""The view: zoom, pan, the dot grid, the overlays, and the gestures that the pointer and the keys begin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QBrush, QPainter, QPaintEvent, QPixmap, QResizeEvent, QTransform
from PySide6.QtWidgets import QFrame, QGraphicsView, QWidget

from gradstudio.app.canvas.far import paint_far
from gradstudio.app.canvas.geometry import Level, level_at
from gradstudio.app.canvas.overlay import MARGIN, Legend, ZoomBox
from gradstudio.app.canvas.scene import CanvasScene
from gradstudio.app.paint import Paint
from gradstudio.app.theme import SIZE

if TYPE_CHECKING:
    from gradstudio.app.change import Change
    from gradstudio.app.studio import Studio

NEAREST, FARTHEST = 4.0, 0.04  # zoom
FIT_MARGIN = 40.0
OVERLAY_ROOM = 52.0  # px at the bottom that fitting leaves to legend and zoom box


class CanvasView(QGraphicsView):
    """The canvas. `search_requested(scene position, context)` asks for the op search; context: a wire's loose end, or None."""

    search_requested = Signal(QPointF, object)
    zoomed = Signal(float)

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.studio = studio
        self.canvas = CanvasScene(studio, self)
        self.setScene(self.canvas)
        self._set_up()
        self.legend = Legend(self.canvas.theme, self.switch_norms, self)
        self.zoom_box = ZoomBox(self.canvas.theme, self.zoom_by, self.reset_zoom, self.fit_all, self)
        self._grid: tuple[object, QBrush] | None = None
        self._framed = False
        studio.changed.connect(self.refresh)
        self._show_overlays()

    def _set_up(self) -> None:
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.MinimalViewportUpdate)
        self.setOptimizationFlags(QGraphicsView.OptimizationFlag.DontAdjustForAntialiasing)
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.setMouseTracking(True)
        self.viewport().setMouseTracking(True)
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Canvas")

    # ------------------------------------------------------------ following
    def refresh(self, change: Change) -> None:
        """Follow the studio."""
        first = not self.canvas.nodes
        self.canvas.refresh(change)
        if change.theme:
            self._grid = None
            self.viewport().update()
        if change.file or (first and self.canvas.nodes and change.everything):
            self.show_opened()
        self._show_overlays()

    def _show_overlays(self) -> None:
        self.legend.show_range(self.canvas.theme, self.canvas.context.range, self.canvas.norms)
        self.zoom_box.show_zoom(self.canvas.theme, self.zoom)

    def switch_norms(self) -> None:
        """Colour by sign, or by norm."""
        self.canvas.norms = not self.canvas.norms
        self.canvas.update()
        self._show_overlays()

    # ------------------------------------------------------------ zoom and pan
    @property
    def zoom(self) -> float:
        """View pixels a canvas unit."""
        return self.transform().m11()

    def set_zoom(self, zoom: float, at: QPointF | None = None) -> None:
        """Zoom so that the point under `at` (view coordinates; the middle) stays where it is."""
        zoom = max(FARTHEST, min(NEAREST, zoom))
        if abs(zoom - 1) < 0.02:
            zoom = 1.0
        anchor = at if at is not None else QPointF(self.viewport().rect().center())
        fixed = self.to_scene(anchor)
        self.setTransform(QTransform.fromScale(zoom, zoom))
        self._follow_zoom()
        self.put(fixed, anchor)
        self.zoomed.emit(zoom)
        self._show_overlays()

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Zoom in or out by a factor."""
        self.set_zoom(self.zoom * factor, at)

    def reset_zoom(self) -> None:
        """Zoom to 100 %."""
        self.set_zoom(1.0)

    def to_scene(self, at: QPointF) -> QPointF:
        """Return a view position in canvas units, to the fraction of a pixel."""
        return self.viewportTransform().inverted()[0].map(at)

    def put(self, scene_at: QPointF, at: QPointF) -> None:
        """Scroll so that a canvas point lies at a view position."""
        off = self.viewportTransform().map(scene_at) - at
        self.pan(off.x(), off.y())

    def pan(self, dx: float, dy: float) -> None:
        """Scroll by view pixels."""
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        across.setValue(across.value() + round(dx))
        down.setValue(down.value() + round(dy))

    def fit(self, rect: QRectF, most: float = 1.0) -> None:
        """Show a rectangle of the canvas whole, no larger than `most`, above the overlays."""
        if rect.isEmpty():
            return
        room = QRectF(self.viewport().rect()).adjusted(0, 0, 0, -OVERLAY_ROOM)
        wide, tall = max(50.0, room.width() - FIT_MARGIN), max(50.0, room.height() - FIT_MARGIN)
        self.set_zoom(min(most, wide / rect.width(), tall / rect.height()))
        self.put(rect.center(), room.center())

    def fit_all(self) -> None:
        """Show the whole graph."""
        self.canvas.settle()
        self.fit(self.canvas.content_rect())

    def fit_selection(self) -> None:
        """Show the selected nodes, or all where none is selected."""
        chosen = self.canvas.selected_nodes
        self.fit(self.canvas.content_rect(chosen) if chosen else self.canvas.content_rect(), 1.5)

    def show_opened(self) -> None:
        """Show a document that was just opened: at 100 % if it fits, else whole."""
        self._framed = self.isVisible()
        self.fit_all()

    def reveal(self, node: str) -> None:
        """Scroll a node into the middle 70 % of the view, if it is outside."""
        item = self.canvas.nodes.get(node)
        if item is None:
            return
        middle = QRectF(self.viewport().rect())
        middle.adjust(middle.width() * 0.15, middle.height() * 0.15, -middle.width() * 0.15, -middle.height() * 0.15)
        if not middle.contains(self.viewportTransform().mapRect(item.body)):
            self.put(item.body.center(), QPointF(self.viewport().rect().center()))

    def _follow_zoom(self) -> None:
        ratio = self.viewport().devicePixelRatioF()
        self.canvas.set_zoom(self.zoom, level_at(self.zoom, self.canvas.level), ratio)

    # ------------------------------------------------------------ Qt
    def showEvent(self, event) -> None:  # type: ignore[no-untyped-def]
        super().showEvent(event)
        if not self._framed:
            self.show_opened()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        size = self.viewport().size()
        self.legend.move(MARGIN, size.height() - MARGIN + 2 - self.legend.height())
        self.zoom_box.move(size.width() - MARGIN - self.zoom_box.width(), size.height() - MARGIN + 2 - self.zoom_box.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.canvas.device_ratio != self.viewport().devicePixelRatioF():
            self._follow_zoom()
        seen = self.visible_rect(event.rect())
        self.canvas.settle(seen)
        if self.canvas.level == Level.FAR:
            painter = QPainter(self.viewport())
            painter.setWorldTransform(self.viewportTransform())
            paint_far(painter, self.canvas, seen, event.rect())
            painter.end()
            return
        super().paintEvent(event)

    def visible_rect(self, area: QRect | None = None) -> QRectF:
        """Return what is seen of the canvas (in a part of the viewport)."""
        area = area if area is not None else self.viewport().rect()
        return self.viewportTransform().inverted()[0].mapRect(QRectF(area.adjusted(-2, -2, 2, 2)))

    def drawBackground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        theme = self.canvas.theme
        painter.fillRect(rect, theme.color("canvas"))
        if self.zoom >= 0.3:
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.fillRect(rect, self._grid_brush())
            painter.restore()

    def _grid_brush(self) -> QBrush:
        """Return the dot grid as a texture, drawn for this zoom; every second dot under 60 %."""
        pitch = SIZE["grid"] * (1 if self.zoom >= 0.6 else 2)
        ratio = self.canvas.ratio
        key = (self.canvas.theme.name, pitch, ratio)
        if self._grid is None or self._grid[0] != key:
            side = max(4, round(pitch * ratio))
            tile = QPixmap(side, side)
            tile.fill(Qt.GlobalColor.transparent)
            painter = QPainter(tile)
            painter.scale(side / pitch, side / pitch)
            Paint(painter, self.canvas.theme, ratio).dot(pitch / 2, pitch / 2, 0.9 / min(1.0, self.zoom), "grid")
            painter.end()
            brush = QBrush(tile)
            brush.setTransform(QTransform.fromScale(pitch / side, pitch / side))
            self._grid = (key, brush)
        return self._grid[1]
