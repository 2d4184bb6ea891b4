"""The rows of the step list: number, words and remark of each step; the one at the playhead has the violet bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from gradstudio.app.paint import Paint
from gradstudio.app.panels.steps.model import Index, StepModel, kind_of
from gradstudio.app.widgets.drawn import theme_of, ui_scale

if TYPE_CHECKING:
    from gradstudio.app.studio import Studio

ROW, NUMBER = 24, 44.0
ICONS = {"op": "arrow-right", "visit": "arrow-left", "accumulate": "leaf", "zero": "eraser", "call": "code"}


class StepView(QListView):
    """A click, or the arrows, send the playhead to a step. Rows are painted only where they are seen."""

    def __init__(self, studio: Studio, model: StepModel, parent: QWidget) -> None:
        super().__init__(parent)
        self.studio, self.steps = studio, model
        self.setModel(model)
        self.setItemDelegate(StepDelegate(self))
        self.setUniformItemSizes(True)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Steps of the run")
        self.current = -1

    def follow(self) -> None:
        """Mark the step on show, and bring it into view."""
        at = self.steps.row_of(self.studio.shown.state.k)
        if at != self.current:
            self.current = at
            self.viewport().update()
        if at >= 0:
            self.scrollTo(self.steps.index(at))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Go to the step that was clicked."""
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and index.isValid():
            self._go(index.row())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down go from step to step of the list."""
        by = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if by is None or event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            super().keyPressEvent(event)
            return
        row = max(0, min(self.current + by, len(self.steps.ks) - 1))
        if self.steps.ks:
            self._go(row)

    def _go(self, row: int) -> None:
        self.setCurrentIndex(self.steps.index(row))
        self.studio.player.pause()
        self.studio.player.go_to(self.steps.ks[row])


class StepDelegate(QStyledItemDelegate):
    """Paints a row."""

    def __init__(self, view: StepView) -> None:
        super().__init__(view)
        self.view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Return the size of a row."""
        return QSize(self.view.viewport().width(), round(ROW * ui_scale()))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint number, icon, words and remark."""
        scale, steps, studio = ui_scale(), self.view.steps, self.view.studio
        k, current = steps.ks[index.row()], index.row() == self.view.current
        painter.save()
        painter.translate(option.rect.topLeft())
        painter.scale(scale, scale)
        paint = Paint(painter, theme_of(studio), self.view.devicePixelRatioF() * scale)
        self._draw(paint, k, current, option.rect.width() / scale)
        if self.view.hasFocus() and index == self.view.currentIndex():
            paint.rounded(QRectF(3, 1, option.rect.width() / scale - 6, ROW - 2), 5, None, "focus", 2)
        painter.restore()

    def _draw(self, paint: Paint, k: int, current: bool, width: float) -> None:
        steps, studio, cy = self.view.steps, self.view.studio, ROW / 2
        trace = studio.shown.trace
        bad, past = k in trace.nonfinite, k > studio.shown.state.k
        if current:
            paint.fill(QRectF(0, 0, width, ROW), "hover")
            paint.fill(QRectF(0, 0, 2, ROW), "accent")
        if k in studio.markers.hits():
            paint.dot(8, cy, 3, "accent")
        shade = "text" if current else "text3" if past else "text2"
        paint.text(NUMBER, cy, str(k), "code", "text3", "r")
        paint.icon(ICONS[kind_of(trace.steps[k - 1])], NUMBER + 16, cy, 12, shade)
        note = paint.text(width - 14, cy, steps.note(k), "code", "error" if bad else "text3", "r")
        words, _, engine = steps.words(k).partition("  ")
        x, room = NUMBER + 30, width - 20 - note
        x += paint.text(x, cy, words, "body", shade, weight=500 if current else None, width=max(0.0, room - x)) + 8
        paint.text(x, cy, engine, "code", "text3", width=max(0.0, room - x))
