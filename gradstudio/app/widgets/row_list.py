"""RowList: a long list of rows that are painted where they are seen; it tells which row was chosen and which is pointed at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from PySide6.QtCore import QAbstractListModel, QEvent, QModelIndex, QPersistentModelIndex, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from gradstudio.app.paint import Paint
from gradstudio.app.widgets.drawn import Themed, theme_of, ui_scale

Index = QModelIndex | QPersistentModelIndex
NO_INDEX = QModelIndex()
ROW = 24.0


class Line(Protocol):
    """A row: what a screen reader says of it, and its ink. `row_list` finds nothing else out about it."""

    @property
    def spoken(self) -> str:
        """The row in words."""

    def draw(self, paint: Paint, width: float) -> None:
        """Paint it, 24 high."""


class Lines(QAbstractListModel):
    """The rows as Qt's views read them."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.lines: Sequence[Line] = ()

    def show(self, lines: Sequence[Line]) -> None:
        """Show other rows; as many as before keep their indices."""
        if len(lines) == len(self.lines):
            self.lines = lines
            if lines:
                self.dataChanged.emit(self.index(0), self.index(len(lines) - 1))
            return
        self.beginResetModel()
        self.lines = lines
        self.endResetModel()

    def rowCount(self, parent: Index = NO_INDEX) -> int:
        """Return the number of rows."""
        return 0 if parent.isValid() else len(self.lines)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a row in words."""
        spoken = role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole)
        return self.lines[index.row()].spoken if spoken and index.row() < len(self.lines) else None


class RowList(QListView):
    """`chosen`: a row was clicked, or Enter pressed on it. `pointed`: the pointer, or the keyboard, is on a row; -1: on none."""

    chosen = Signal(int)
    pointed = Signal(int)

    def __init__(self, themed: Themed, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.themed = themed
        self.rows = Lines(self)
        self._at = -1
        self.setModel(self.rows)
        self.setItemDelegate(RowDelegate(self))
        self.setUniformItemSizes(True)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setAccessibleName(name)

    def show_lines(self, lines: Sequence[Line]) -> None:
        """Show rows."""
        self.rows.show(lines)
        self.viewport().update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell which row the pointer is on."""
        super().mouseMoveEvent(event)
        self._point(self._row(event.position().toPoint()))

    def leaveEvent(self, event: QEvent) -> None:
        """Tell that the pointer has gone."""
        super().leaveEvent(event)
        self._point(-1)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Choose a row."""
        super().mouseReleaseEvent(event)
        row = self._row(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and row >= 0:
            self.chosen.emit(row)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose the current row with Enter; the arrows point."""
        row = self.currentIndex().row()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and row >= 0:
            self.chosen.emit(row)
            return
        super().keyPressEvent(event)
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._point(self.currentIndex().row())

    def _row(self, at: QPoint) -> int:
        index = self.indexAt(at)
        return index.row() if index.isValid() else -1

    def _point(self, row: int) -> None:
        if row != self._at:
            self._at = row
            self.pointed.emit(row)


class RowDelegate(QStyledItemDelegate):
    """Lets a row paint itself, in units of the design."""

    def __init__(self, rows: RowList) -> None:
        super().__init__(rows)
        self.list = rows

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Return the size of a row."""
        return QSize(self.list.viewport().width(), round(ROW * ui_scale()))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint one row, and the ring of the keyboard."""
        scale = ui_scale()
        width = option.rect.width() / scale
        painter.save()
        painter.translate(option.rect.topLeft())
        painter.scale(scale, scale)
        paint = Paint(painter, theme_of(self.list.themed), self.list.devicePixelRatioF() * scale)
        self.list.rows.lines[index.row()].draw(paint, width)
        if self.list.hasFocus() and index == self.list.currentIndex():
            paint.rounded(QRectF(3, 1, width - 6, ROW - 2), 5, None, "focus", 2)
        painter.restore()
