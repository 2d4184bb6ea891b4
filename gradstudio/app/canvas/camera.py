"""The camera: zoom, pan, fit. Looking is no edit and leaves no history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEasingCurve, QPointF, QRect, QRectF, Qt, QTimer, QVariantAnimation, Signal
from PySide6.QtGui import QPainter, QTransform
from PySide6.QtWidgets import QFrame, QGraphicsView, QWidget

from gradstudio.app.canvas.geometry import Level, level_at
from gradstudio.app.canvas.scene import CanvasScene
from gradstudio.app.theme import MOTION, SIZE
from gradstudio.document.document import Document
from gradstudio.document.graph import NodePath

if TYPE_CHECKING:
    from gradstudio.app.studio import Studio

NEAREST, FARTHEST = 4.0, 0.04  # zoom
FIT_MARGIN = (40.0, 16.0)  # px beside and above what is fitted, both sides together
USUAL_HEIGHT = 120.0  # canvas units of a node, about
REST_MS = 120
REVEAL_EDGE = 16.0  # px that a node which is shown keeps from the edge of the view
NOTHING = QRect()
HEAD_ROOM, OVERLAY_ROOM = 24.0, 44.0  # px that fitting leaves to words above nodes; to legend and zoom box


def scroll_needed(low: float, high: float, length: float, margin: float) -> float:
    """Return how far to scroll along one axis of a view so that a stretch lies in it, and its middle out of the margins."""
    middle = (low + high) / 2
    beyond = max(high - (length - REVEAL_EDGE), middle - length * (1 - margin), 0.0)
    return beyond or min(low - REVEAL_EDGE, middle - length * margin, 0.0)


class Camera(QGraphicsView):
    """A view of a canvas scene that looks where it is told."""

    zoomed = Signal(float)
    moved = Signal()
    rested = Signal()  # after it was in a hurry

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.studio = studio
        self.canvas = CanvasScene(studio, self)
        self.setScene(self.canvas)
        self.covers: tuple[QWidget, ...] = ()  # what may stand over nodes: one that is shown comes to stand left of it
        self._framed = False
        self.hurried = False
        self._looks: dict[NodePath, tuple[float, QPointF]] = {}  # zoom and middle, by what was entered
        self._opened: Document | None = None  # what was opened, until it has run
        self._fitted: tuple[object, ...] = ()  # how the whole graph was last fitted, and what it was
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self._at_rest)
        self._glide = QVariantAnimation(self)
        self._glide.setDuration(int(MOTION["camera"][0]))
        self._glide.setEasingCurve(QEasingCurve.Type.InOutCubic)
        self._glide.valueChanged.connect(self._glided)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.NoViewportUpdate)
        self.setOptimizationFlags(QGraphicsView.OptimizationFlag.DontAdjustForAntialiasing)
        self.setRenderHint(QPainter.RenderHint.Antialiasing)

    # ------------------------------------------------------------ zoom and pan
    def hurry(self) -> None:
        """Show the still of the view, stretched if need be, until it has been at rest for a moment."""
        self.hurried = True
        self._rest.start()

    def take_rest(self) -> None:
        """End the hurry now: the zoom was asked for, and no motion is to follow."""
        if self.hurried:
            self._rest.stop()
            self._at_rest()

    def _at_rest(self) -> None:
        self.hurried = False
        self.follow_zoom()
        self.rested.emit()

    @property
    def zoom(self) -> float:
        """View pixels a canvas unit."""
        return self.transform().m11()

    def set_zoom(self, zoom: float, at: QPointF | None = None) -> None:
        """Zoom so that the point under `at` (view coordinates; the middle) stays where it is."""
        self._glide.stop()
        zoom = max(FARTHEST, min(NEAREST, zoom))
        if abs(zoom - 1) < 0.02:
            zoom = 1.0
        anchor = at if at is not None else self.middle_px()
        fixed = self.to_scene(anchor)
        self.setTransform(QTransform.fromScale(zoom, zoom))
        self.viewport().update()
        self.follow_zoom()
        self.put(fixed, anchor)
        self.zoomed.emit(zoom)

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Zoom in or out by a factor."""
        self.set_zoom(self.zoom * factor, at)

    def reset_zoom(self) -> None:
        """Zoom to 100 %."""
        self.set_zoom(1.0)
        self.take_rest()

    def to_scene(self, at: QPointF) -> QPointF:
        """Return a view position in canvas units, to the fraction of a pixel."""
        return self.viewportTransform().inverted()[0].map(at)

    def middle_px(self) -> QPointF:
        """Return the middle of the view in its own pixels."""
        return QPointF(self.viewport().rect().center())

    def middle(self) -> QPointF:
        """Return the canvas position in the middle of the view."""
        return self.to_scene(self.middle_px())

    def pointer(self) -> QPointF | None:
        """Return the canvas position under the pointer; None where the pointer is elsewhere."""
        at = self.viewport().mapFromGlobal(self.cursor().pos())
        return self.to_scene(QPointF(at)) if self.viewport().rect().contains(at) and self.underMouse() else None

    def put(self, scene_at: QPointF, at: QPointF) -> None:
        """Scroll so that a canvas point lies at a view position."""
        off = self.viewportTransform().map(scene_at) - at
        self.pan(off.x(), off.y())

    def pan(self, dx: float, dy: float) -> None:
        """Scroll by view pixels."""
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        across.setValue(across.value() + round(dx))
        down.setValue(down.value() + round(dy))
        self.moved.emit()

    def fit(self, rect: QRectF, most: float = 1.0) -> None:
        """Show a rectangle of the canvas whole, no larger than `most`, above the overlays."""
        if rect.isEmpty():
            return
        self.set_zoom(self._zoom_for(rect.width(), rect.height(), most))
        self.put(rect.center(), self._room().center())

    def _room(self) -> QRectF:
        """Return the part of the view, in its pixels, that no overlay takes."""
        return QRectF(self.viewport().rect()).adjusted(0, HEAD_ROOM, 0, -OVERLAY_ROOM)

    def _zoom_for(self, width: float, height: float, most: float = 1.0) -> float:
        """Return the zoom at which so much of the canvas fits into the view."""
        wide, tall = max(50.0, self._room().width() - FIT_MARGIN[0]), max(50.0, self._room().height() - FIT_MARGIN[1])
        return min(most, wide / width, tall / height)

    def fit_all(self) -> None:
        """Show the whole graph."""
        self.canvas.settle_few()
        self.fit(self.canvas.content_rect())
        self._fitted = self._looks_at()

    def stay_fitted(self) -> None:
        """Fit the whole graph again in a view of another size, if nobody has looked elsewhere or edited since it was fitted."""
        if self._fitted == self._looks_at():
            self.fit_all()

    def fit_selection(self) -> None:
        """Show the selected nodes, or all where none is selected."""
        chosen = self.canvas.selected_nodes
        self.fit(self.canvas.content_rect(chosen) if chosen else self.canvas.content_rect(), 1.5)

    def level_to_come(self) -> Level:
        """Return the level at which the document will be seen whole, by where its nodes stand, so that nothing is made twice."""
        positions = self.studio.document.layout.positions
        places = [positions[node] for node in self.studio.graph.nodes if node in positions]
        if not places:
            return Level.FULL
        (left, top), (right, bottom) = (tuple(map(side, zip(*places, strict=True))) for side in (min, max))
        return level_at(self._zoom_for(right - left + SIZE["nodeOpW"], bottom - top + USUAL_HEIGHT))

    def show_opened(self) -> None:
        """Show a document that was just opened: at 100 % if it fits, else whole."""
        self._framed = self.isVisible()
        self.fit_all()
        self.take_rest()
        self._opened = self.studio.document

    def show_run(self) -> None:
        """Fit again what the first run made larger, if nobody has edited or looked elsewhere since the document was opened."""
        if self._opened is self.studio.document and self._fitted[:3] == self._looks_at()[:3]:
            self.fit_all()
        self._opened = None

    def leave_scope(self) -> None:
        """Remember how the graph on the canvas is looked at, before another one is."""
        self._looks[self.canvas.scope] = self.zoom, self.middle()

    def look_again(self) -> None:
        """Look at the graph that was entered, or left, as it was last looked at."""
        look = self._looks.get(self.canvas.scope)
        if look is None:
            self.fit_all()
        else:
            self.set_zoom(look[0])
            self.put(look[1], self.middle_px())

    def forget_looks(self) -> None:
        """Begin with another document."""
        self._looks = {}

    def _looks_at(self) -> tuple[object, ...]:
        """Return zoom and place of the camera, and what graph it looks at."""
        return self.zoom, self.horizontalScrollBar().value(), self.verticalScrollBar().value(), self.canvas.context.graph

    def show_first(self) -> None:
        """Show the document that was there before the view was first seen."""
        if not self._framed:
            self.show_opened()

    def reveal(self, node: str, margin: float = 0.15, over: QRect = NOTHING) -> None:
        """Scroll a node into the view, and its middle out of the margins (shares of the view).

        `over` is what stands over a part of the view: the node comes to stand left of it.
        """
        item = self.canvas.nodes.get(node)
        if item is not None:
            self.reveal_rect(item.body, margin, over)

    def reveal_rect(self, rect: QRectF, margin: float = 0.0, over: QRect = NOTHING) -> None:
        """Scroll a rectangle of the canvas into the view, and its middle out of the margins, no further than that takes.

        Where the whole graph is in view nothing is scrolled: that would only push another part of it out.
        """
        view, body = self.viewport().rect(), self.viewportTransform().mapRect(rect)
        dx = scroll_needed(body.left(), body.right(), view.width(), margin)
        dy = scroll_needed(body.top(), body.bottom(), view.height(), margin)
        aside = 0.0
        for cover in (*(each.geometry() for each in self.covers if each.isVisible()), over):
            after = body.translated(-dx - aside, -dy)
            aside += after.right() + REVEAL_EDGE - cover.left() if after.intersects(cover.toRectF()) else 0.0
        if aside:
            self.glide(dx + aside, dy)
        elif (dx or dy) and not view.contains(self.viewportTransform().mapRect(self.canvas.content_rect()).toAlignedRect()):
            self.glide(dx, dy)

    def glide(self, dx: float, dy: float) -> None:
        """Scroll by view pixels, smoothly; at once where motion is off."""
        self._glide.stop()
        if not self.canvas.motion or not self.isVisible():
            self.pan(dx, dy)
            return
        start = QPointF(self.horizontalScrollBar().value(), self.verticalScrollBar().value())
        self._glide.setStartValue(start)
        self._glide.setEndValue(start + QPointF(dx, dy))
        self._glide.start()

    def still_to_glide(self) -> QPointF:
        """Return how many view pixels are still to be scrolled."""
        if self._glide.state() != QVariantAnimation.State.Running:
            return QPointF()
        end: QPointF = self._glide.endValue()
        return end - QPointF(self.horizontalScrollBar().value(), self.verticalScrollBar().value())

    def hold_still(self) -> None:
        """Stop gliding: a hand has taken over."""
        self._glide.stop()

    def _glided(self, value: Any) -> None:
        self.hurry()
        self.pan(value.x() - self.horizontalScrollBar().value(), value.y() - self.verticalScrollBar().value())

    def follow_zoom(self) -> None:
        """Tell the scene the zoom, and the pixel density of the screen."""
        ratio = self.viewport().devicePixelRatioF()
        level = self.canvas.level if self.hurried else level_at(self.zoom, self.canvas.level)
        self.canvas.set_zoom(self.zoom, level, ratio)

    def visible_rect(self, area: QRect | None = None) -> QRectF:
        """Return what is seen of the canvas (in a part of the viewport)."""
        area = area if area is not None else self.viewport().rect()
        return self.viewportTransform().inverted()[0].mapRect(QRectF(area.adjusted(-2, -2, 2, 2)))
