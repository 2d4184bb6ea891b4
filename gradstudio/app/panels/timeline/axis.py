"""The time axis: blocks of calls on top, the step plots below them, and the one playhead across all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPaintEvent, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from gradstudio.app.paint import NO_PEN, Paint
from gradstudio.app.panels.timeline.blocks import Block, blocks_of, draw_blocks
from gradstudio.app.panels.timeline.plots import Fresh, GradientPlots
from gradstudio.app.widgets.drawn import Drawn, begin, ui_scale
from gradstudio.explain.wording import call_name
from gradstudio.session.trace import Span

if TYPE_CHECKING:
    from gradstudio.app.change import Change
    from gradstudio.app.studio import Studio

LEFT, RIGHT = 92.0, 82.0  # room for names, and for the numbers now
EVENTS, BLOCK_TOP = 39.0, 7.0


class TimeAxis(QWidget):
    """Everything right of the list of calls. A press anywhere in it, or a drag, moves the playhead."""

    plots_ready = Signal()

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.studio = studio
        self.events = Events(studio, self)
        self.plots = GradientPlots(studio, LEFT, RIGHT)
        self.plots.ready.connect(self.plots_ready)
        self._scroll = QScrollArea(self)
        self._scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setWidget(self.plots)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.events)
        column.addWidget(self._scroll, 1)
        self.playhead = Playhead(studio, self)
        self._scroll.verticalScrollBar().valueChanged.connect(self.playhead.update)
        self.plots.installEventFilter(self)
        studio.followed.connect(self.refresh)

    def refresh(self, change: Change) -> None:
        """Move the playhead; draw the blocks of another run."""
        if change.everything or change.trace or change.document or change.theme or change.marks:
            self.events.read()
        if change.everything or change.trace or change.playhead or change.theme:
            self.playhead.follow()
            self.events.speak()

    def x_of(self, k: int) -> float:
        """Return where a step lies, in px of the screen."""
        end, scale = self.studio.shown.trace.end, ui_scale()
        room = self.width() - (LEFT + RIGHT) * scale
        return LEFT * scale + (room * k / end if end else 0.0)

    def thumb(self) -> QRectF:
        """Return where a scroll bar's thumb would be, in px of the screen; empty where all tracks are in view."""
        bar, area = self._scroll.verticalScrollBar(), self._scroll.geometry()
        pages = bar.maximum() + bar.pageStep()
        if not bar.maximum():
            return QRectF()
        room = area.height() - 8
        return QRectF(self.width() - 6, area.top() + 4 + room * bar.value() / pages, 3, room * bar.pageStep() / pages)

    def plots_area(self) -> QRect:
        """Return where plots are seen; beyond it they are scrolled away."""
        return self._scroll.geometry()

    def k_at(self, x: float) -> int:
        """Return the step nearest to a place."""
        end, scale = self.studio.shown.trace.end, ui_scale()
        room = max(1.0, self.width() - (LEFT + RIGHT) * scale)
        return max(0, min(end, round((x - LEFT * scale) / room * end)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the playhead over everything."""
        super().resizeEvent(event)
        self.playhead.setGeometry(self.rect())
        self.playhead.raise_()
        self.events.read()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take presses and drags on the plots."""
        if isinstance(event, QMouseEvent) and watched is self.plots:
            return self.scrub(event, self.plots.mapTo(self, event.position().toPoint()))
        return super().eventFilter(watched, event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the playhead."""
        self.scrub(event, event.position().toPoint())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag it."""
        self.scrub(event, event.position().toPoint())

    def scrub(self, event: QMouseEvent, where: QPoint) -> bool:
        """Send the playhead to where the left button is held. Return whether it is."""
        if not event.buttons() & Qt.MouseButton.LeftButton or event.type() == QEvent.Type.MouseButtonRelease:
            return False
        k = self.k_at(where.x())
        if k != self.studio.player.k or event.type() == QEvent.Type.MouseButtonPress:
            self.studio.player.pause()
            self.studio.player.go_to(k)
        return True


class Events(Drawn):
    """The row of blocks. With the focus, Left and Right step."""

    def __init__(self, studio: Studio, axis: TimeAxis) -> None:
        super().__init__(studio, axis)
        self.studio, self.axis = studio, axis
        self._blocks: list[Block] = []
        self._marks: tuple[float, ...] = ()  # where breakpoints stop; never more than px
        self._dirty = QRectF()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedHeight(round(EVENTS * ui_scale()))
        self.setAccessibleName("Time axis")
        self.speak()

    def read(self) -> None:
        """Lay the blocks out for the run on show."""
        shown = self.studio.shown
        width = self.axis.width() / ui_scale() - LEFT - RIGHT
        self._blocks = blocks_of(shown.trace, max(1.0, width))
        end = max(1, shown.trace.end)
        self._marks = tuple(sorted({LEFT + round(max(1.0, width) * k / end) for k in self.studio.markers.hits()}))
        self.say(self._blocks, [self._name(block.span) for block in self._blocks if block.span], self._marks)

    def _name(self, span: Span) -> str:
        shown = self.studio.shown
        return call_name(shown.document, shown.trace, span.call, span.number)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint what is dirty: the playhead sweeps over a narrow strip at a time."""
        self._dirty = QRectF(event.rect())
        super().paintEvent(event)

    def speak(self) -> None:
        """Tell where the playhead is."""
        trace, k = self.studio.shown.trace, self.studio.shown.state.k
        self.setAccessibleDescription(f"step {k} of {trace.end}")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Step with the arrows, jump with Home and End."""
        verbs = {
            Qt.Key.Key_Left: lambda: self.studio.player.step(-1),
            Qt.Key.Key_Right: lambda: self.studio.player.step(1),
            Qt.Key.Key_Home: self.studio.player.first,
            Qt.Key.Key_End: self.studio.player.last,
        }
        verb = verbs.get(Qt.Key(event.key()))
        if verb is None or event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            super().keyPressEvent(event)
        else:
            verb()

    def draw(self, paint: Paint, width: float, height: float) -> None:
        """Paint captions and blocks."""
        cy = BLOCK_TOP + 12
        paint.text(LEFT - 14, cy, "events", "caption", "text3", "r")
        paint.text(width - 16, cy, "now", "caption", "text3", "r")
        scale = ui_scale()
        dirty = QRectF(self._dirty.left() / scale, 0, self._dirty.width() / scale, height)
        draw_blocks(paint, self._blocks, self._name, LEFT, BLOCK_TOP, dirty)
        for x in self._marks:
            paint.dot(x, BLOCK_TOP + 29, 2.5, "accent")
        if not self._blocks:
            paint.text(LEFT, cy, "Run backward to record gradients", "caption", "text3")
        if self.hasFocus():
            paint.rounded(QRectF(LEFT - 3, BLOCK_TOP - 3, width - LEFT - RIGHT + 6, 30), 6, None, "focus", 2)


class Playhead(QWidget):
    """The violet line. It lets the mouse through: the axis takes it."""

    def __init__(self, studio: Studio, axis: TimeAxis) -> None:
        super().__init__(axis)
        self.studio, self.axis = studio, axis
        self._x, self._there = 0, False
        self._written: list[Fresh] = []
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)

    def follow(self) -> None:
        """Repaint where the line was and where it is."""
        before = self._x, self._there, self._written
        self._x, self._there = round(self.axis.x_of(self.studio.shown.state.k)), self.studio.shown.trace.end > 0
        self._written = self.axis.plots.fresh()
        for x in {before[0], self._x} if before != (self._x, self._there, self._written) else ():
            self.update(x - 10, 0, 20, self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint line and handle."""
        if not self.studio.shown.trace.end:
            return
        painter, paint = begin(self, self.studio)
        scale = ui_scale()
        x, height = round(self.axis.x_of(self.studio.shown.state.k) / scale), self.height() / scale
        paint.line(x, BLOCK_TOP - 4, x, height - 6, "accent", 1.5)
        painter.setPen(NO_PEN)
        painter.setBrush(paint.theme.color("accent"))
        painter.drawPolygon(QPolygonF([QPointF(x - 6, 0), QPointF(x + 6, 0), QPointF(x + 6, 5), QPointF(x, 11), QPointF(x - 6, 5)]))
        self._paint_written(paint, x)
        painter.resetTransform()
        if not (thumb := self.axis.thumb()).isEmpty():
            paint.rounded(thumb, 1.5, "line2")
        painter.end()

    def _paint_written(self, paint: Paint, x: float) -> None:
        """Mark each `.grad` that the step on show wrote: at the edge its level has no width yet."""
        area, top = self.axis.plots_area(), self.axis.plots.mapTo(self.axis, QPoint(0, 0)).y()
        scale = ui_scale()
        for each in self._written:
            y = top / scale + each.y
            if area.top() / scale < y < area.bottom() / scale:
                paint.dot(x, y, 5, "panel")
                paint.dot(x, y, 3.5, each.color)
