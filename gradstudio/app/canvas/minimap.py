"""The minimap: the whole graph in a corner, nodes and groups but no wires, with a frame round what the view sees."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPixmap, QTransform
from PySide6.QtWidgets import QToolTip

from gradstudio.app.arrays import distinct
from gradstudio.app.canvas.geometry import Level
from gradstudio.app.canvas.overlay import Overlay
from gradstudio.app.frame_clock import FRAME_MS
from gradstudio.app.paint import NO_PEN, Paint
from gradstudio.document.graph import NodeId

if TYPE_CHECKING:
    from gradstudio.app.canvas.view import CanvasView
    from gradstudio.app.change import Change

SIZE, PADDING, RADIUS = QSize(216, 122), 12.0, 8.0
LARGEST, LEAST, LEAST_MARK = 0.16, 2.0, 4.0  # scale of the map; px of a node; of one that is selected, current or failed
RING = 2.0  # px round the node of the step on show
SOON_MS = 50  # after the canvas
REST_MS, SHARE = 40, 9  # between two pictures at least; and that many times as long as the last one took
ALL = slice(None)
KEYS = {"": None, "shown": True, "hidden": False}  # the setting; "": where there is something to find


class Minimap(Overlay):
    """A click looks there, a drag leads the view along. The graph is a picture that is made anew when the graph differs.

    A move of the camera moves the frame alone. While the graph differs all the time, pictures are made so far apart that they take
    no more than a tenth of it.
    """

    def __init__(self, view: CanvasView) -> None:
        super().__init__(view)
        self._view = view
        self.made = 0  # pictures so far
        self._picture = QPixmap()
        self._map = QTransform()
        self._behind, self._stamp = True, -1
        self._current: NodeId | None = None  # the node with the ring
        self._lifted: set[NodeId] = set()  # nodes that are dragged, and so are no part of the picture
        self._seen = QRectF()
        self._asked: tuple[object, ...] = ()  # what decides whether it helps
        self._answer = False
        self._grip: QPointF | None = None
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.timeout.connect(self.catch_up)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self.follow)
        self.chosen = KEYS.get(view.studio.settings.text("minimap"))
        self.want(bool(self.chosen))
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFixedSize(SIZE)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Map of the graph")

    # ------------------------------------------------------------ whether it is there
    def choose(self, shown: bool | None) -> None:
        """Show it or not from now on, remembered; None: where there is something to find."""
        self.chosen = shown
        self._view.studio.settings.set("minimap", next(key for key, value in KEYS.items() if value is shown))

    def decide(self) -> None:
        """Be there or not: as was chosen, else where it helps. One that has no picture yet comes when the view is at rest."""
        if self._picture.isNull() and self._view.in_motion:
            return
        shown = self.chosen if self.chosen is not None else bool(self._view.canvas.plates.nodes) and self._helps()
        if shown != self.wanted:
            self.want(shown)

    def _helps(self) -> bool:
        """Say whether nodes are out of sight; or too small to be read, and none lies under the map."""
        canvas, seen = self._view.canvas, self._view.visible_rect()
        asked = canvas.plates, canvas.plates.stamp, canvas.level, seen, self.geometry()
        if asked != self._asked:
            out_of_sight = not canvas.plates.inside(seen).all()
            small = canvas.level <= Level.TILE and not canvas.plates.inside(self._view.visible_rect(self.geometry())).any()
            self._asked, self._answer = asked, out_of_sight or small
        return self._answer

    # ------------------------------------------------------------ following
    def refresh(self, change: Change) -> None:
        """Draw the graph anew where a change shows in it; what it does to places and colours is seen by the stamp of the far view."""
        ring = change.playhead and self._view.canvas.context.current != self._current
        if change.everything or change.scope or change.selection or change.theme or change.marks or ring:
            self._fall_behind()

    def follow(self, later: bool = False) -> None:
        """Follow the camera, and nodes that have moved; later: in the next frame, unless it is asked again."""
        canvas = self._view.canvas
        if later:
            self._soon.start(FRAME_MS)
            return
        self._soon.stop()
        if canvas.moving:
            self._lift()
            self.update()  # what is dragged is drawn over the picture
        elif self._stamp != canvas.far.stamp:
            self._fall_behind(SOON_MS)
        seen = self._view.visible_rect()
        if seen != self._seen:
            self._seen = seen
            self.update()

    def _lift(self) -> None:
        """Take what is dragged out of the picture, from where it was drawn."""
        fresh = self._view.canvas.moving.keys() - self._lifted
        if fresh and not self._picture.isNull():
            rect = self._map.mapRect(self._stood(fresh)).adjusted(-LEAST_MARK, -LEAST_MARK, LEAST_MARK, LEAST_MARK)
            self._lifted |= fresh
            with QPainter(self._picture) as painter:
                painter.setClipRect(rect)
                self._draw(Paint(painter, self._view.canvas.theme), rect)

    def _stood(self, nodes: set[NodeId]) -> QRectF:
        """Return the rectangle round where nodes that are dragged stood as the drag began."""
        canvas, rect = self._view.canvas, QRectF()
        for node in nodes & canvas.left.keys() & canvas.nodes.keys():
            rect = rect.united(QRectF(canvas.left[node].topLeft(), canvas.nodes[node].full.rect.size()))
        return rect

    def _fall_behind(self, milliseconds: int = 0) -> None:
        self._behind = True
        if self._rest.isActive():
            return
        if milliseconds and self._rests():
            self._rest.start(milliseconds)
        else:
            self.update()

    def _rests(self) -> bool:
        """Say whether it may wait: a picture of the window shows all that there is."""
        return not self.window().testAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)

    def catch_up(self) -> None:
        """Show what has changed meanwhile."""
        if self._behind:
            self.update()

    # ------------------------------------------------------------ the picture
    def _make(self) -> None:
        """Draw the graph as it is now, and rest for a while."""
        began = time.perf_counter()
        ratio = self.devicePixelRatioF()
        self._picture = QPixmap(self.size() * ratio)
        self._picture.setDevicePixelRatio(ratio)
        self._map = self._fitted()
        painter = QPainter(self._picture)
        self._lifted = set(self._view.canvas.moving)
        self._draw(Paint(painter, self._view.canvas.theme), QRectF(self.rect()))
        painter.end()
        self._behind, self._stamp = False, self._view.canvas.far.stamp
        self.made += 1
        self._current = self._view.canvas.context.current
        if self._rests():
            self._rest.start(max(REST_MS, round((time.perf_counter() - began) * 1000 * SHARE)))

    def _fitted(self) -> QTransform:
        """Return the way from the canvas to the map."""
        content, room = self._view.canvas.content_rect(), QRectF(self.rect()).adjusted(PADDING, PADDING, -PADDING, -PADDING)
        if content.isEmpty():
            return QTransform()
        scale = min(LARGEST, room.width() / content.width(), room.height() / content.height())
        middle = room.center() - content.center() * scale
        return QTransform.fromTranslate(middle.x(), middle.y()).scale(scale, scale)

    def _draw(self, paint: Paint, area: QRectF) -> None:
        """Draw the picture, or all of it that lies in an area."""
        canvas, painter = self._view.canvas, paint.painter
        paint.fill(self.rect().adjusted(-1, -1, 1, 1), "canvas")
        paint.rounded(QRectF(self.rect()), RADIUS, "panel", "line2")
        painter.setTransform(self._map, True)
        canvas.far.paint_regions(painter)
        painter.setTransform(self._map.inverted()[0], True)
        painter.setPen(NO_PEN)
        colours = canvas.far.fills()
        marks = self._marks()
        places = self._places(marks)
        low, high = places[:, :2], places[:, :2] + places[:, 2:]
        shown = np.all((low <= [area.right(), area.bottom()]) & (high >= [area.left(), area.top()]), axis=1)
        shown[canvas.plates.rows(self._lifted)] = False
        for colour in distinct(colours[shown & ~marks]).tolist():
            painter.setBrush(QColor.fromRgb(colour))
            painter.drawRects([QRectF(*box) for box in places[(colours == colour) & shown & ~marks].tolist()])
        for i in np.flatnonzero(marks & shown).tolist():
            self._draw_marked(paint, QRectF(*places[i].tolist()), int(colours[i]), canvas.plates.nodes[i] == canvas.context.current)

    def _marks(self) -> npt.NDArray[np.bool_]:
        """Say of each solid node whether it is lit, selected, current or failed."""
        canvas, context = self._view.canvas, self._view.canvas.context
        lit = (context.here(path) for path in canvas.studio.markers.lit.nodes)
        marks = np.zeros(len(canvas.plates.nodes), bool)
        marks[canvas.plates.rows([*lit, *canvas.selected_nodes, *context.failures, context.first_nonfinite, context.current])] = True
        return marks

    def _draw_marked(self, paint: Paint, rect: QRectF, colour: int, current: bool) -> None:
        ring = RING if current else 1.0
        paint.rounded(rect.adjusted(-ring, -ring, ring, ring), 1, "text" if current else "panel")
        paint.fill(rect, QColor.fromRgb(colour))

    def _draw_lifted(self, paint: Paint) -> None:
        """Draw the nodes that are being dragged where they are now, as what is selected looks."""
        rows = self._view.canvas.plates.rows(self._lifted)
        places, accent = self._places(np.ones(len(rows), bool), rows), paint.theme.color("accent").rgb()
        for place in places.tolist():
            self._draw_marked(paint, QRectF(*place), accent, current=False)

    def _places(self, marks: npt.NDArray[np.bool_], rows: list[int] | slice = ALL) -> npt.NDArray[np.float64]:
        """Return left, top, width and height of solid nodes on the map; none smaller than can be seen."""
        boxes, least = self._view.canvas.plates.full[rows], np.where(marks, LEAST_MARK, LEAST)[:, None]
        corners = boxes * self._map.m11() + [self._map.dx(), self._map.dy()] * 2
        sizes = np.maximum(least, corners[:, 2:] - corners[:, :2])
        found: npt.NDArray[np.float64] = np.hstack([(corners[:, :2] + corners[:, 2:] - sizes) / 2, sizes])
        return found

    def frame(self) -> QRectF:
        """Return the rectangle of what the view sees, as far as it lies on the map; at its edge where that is elsewhere."""
        rect, room = self._map.mapRect(self._seen), QRectF(self.rect()).adjusted(4, 4, -4, -4)
        left, right = (max(room.left(), min(x, room.right())) for x in (rect.left(), rect.right()))
        top, bottom = (max(room.top(), min(y, room.bottom())) for y in (rect.top(), rect.bottom()))
        left, top = min(left, room.right() - LEAST_MARK), min(top, room.bottom() - LEAST_MARK)
        return QRectF(left, top, max(LEAST_MARK, right - left), max(LEAST_MARK, bottom - top))

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._picture.isNull() or (self._behind and not (self._rest.isActive() or self._view.in_motion)):
            self._make()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._picture)
        paint = Paint(painter, self._view.canvas.theme)
        if self._lifted:
            self._draw_lifted(paint)
        paint.rounded(self.frame(), 4, None, "text2", 1.2)
        painter.end()

    # ------------------------------------------------------------ the hand
    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(self.mapToGlobal(QPoint(0, -36)), "Click or drag to look elsewhere", self)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        self._view.hold_still()
        at = event.position()
        self._grip = at - self._map.map(self._seen.center()) if self.frame().contains(at) else QPointF()
        self._look(at)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grip is not None:
            self._look(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grip = None
        event.accept()

    def _look(self, at: QPointF) -> None:
        """Bring what the pointer is on to the middle of the view; the frame stays where it is gripped."""
        self._view.hurry()
        self._view.put(self._map.inverted()[0].map(at - (self._grip or QPointF())), self._view.middle_px())
