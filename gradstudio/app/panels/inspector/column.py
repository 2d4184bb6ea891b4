"""Column: the rows of a sheet, one under the other. A row that stays keeps its widget, and with it the focus."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gradstudio.app.panels.inspector.controls import widget_for
from gradstudio.app.panels.inspector.drawing import SIDE, column_of
from gradstudio.app.panels.inspector.row_widget import LEFT, RowWidget
from gradstudio.app.panels.inspector.rows import Choice, Row
from gradstudio.app.studio import Studio
from gradstudio.app.widgets.drawn import theme_of, ui_scale

BOTTOM = 16.0


class Column(QWidget):
    """Shows rows; a row equal to the one that was there is not touched."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.studio = studio
        self.widgets: list[RowWidget] = []
        self._split = 0.0
        self._scale = ui_scale()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)

    def show_rows(self, rows: tuple[Row, ...], all_new: bool = False) -> None:
        """Show these rows; with all_new each is drawn again (another theme)."""
        if self._scale != ui_scale():
            self._scale = ui_scale()
            self._clear()
        split = column_of(rows, theme_of(self.studio), self._content)
        if any(not fits(widget.row, row) for widget, row in zip(self.widgets, rows, strict=False)) or len(self.widgets) != len(rows):
            self._rebuild(rows)
            all_new = True
        for widget, row in zip(self.widgets, rows, strict=True):
            if all_new or widget.row != row or split != self._split:
                widget.show_row(row, split)
        self._split = split
        self.lay_out()

    def _clear(self) -> None:
        for widget in self.widgets:
            widget.hide()
            widget.deleteLater()
        self.widgets = []

    def _rebuild(self, rows: tuple[Row, ...]) -> None:
        """Keep the widgets of the rows that fit from the top and from the bottom, make the rest anew."""
        old: list[RowWidget] = self.widgets
        kept: list[RowWidget] = []
        while len(kept) < min(len(old), len(rows)) and fits(old[len(kept)].row, rows[len(kept)]):
            kept.append(old[len(kept)])
        tail: list[RowWidget] = []
        while len(kept) + len(tail) < min(len(old), len(rows)) and fits(old[-1 - len(tail)].row, rows[-1 - len(tail)]):
            tail.insert(0, old[-1 - len(tail)])
        for widget in old[len(kept) : len(old) - len(tail)]:
            widget.hide()
            widget.deleteLater()
        fresh = [widget_for(self.studio, row, self) for row in rows[len(kept) : len(rows) - len(tail)]]
        self.widgets = [*kept, *fresh, *tail]
        for widget in fresh:
            widget.show()
        for first, second in zip(self.widgets, self.widgets[1:], strict=False):
            QWidget.setTabOrder(first, second)

    @property
    def _content(self) -> float:
        return self.width() / ui_scale() - LEFT - SIDE

    def lay_out(self) -> None:
        """Put every row in its place."""
        scale, y = ui_scale(), 0.0
        for widget in self.widgets:
            height = widget.row.above + widget.ink_height(self._content)
            top, bottom = round(y * scale), round((y + height) * scale)
            if widget.geometry().getRect() != (0, top, self.width(), bottom - top):
                widget.setGeometry(0, top, self.width(), bottom - top)
            y += height
        height = round((y + BOTTOM) * scale)
        if height != self.minimumHeight():
            self.setMinimumHeight(height)
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        """Return the height of all rows."""
        return QSize(self.width(), self.minimumHeight())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay the rows out in the new width."""
        if event.size().width() != event.oldSize().width():
            self.lay_out()


def fits(old: Row, new: Row) -> bool:
    """Return whether the widget of one row can show another."""
    return type(old) is type(new) and (not isinstance(old, Choice) or not isinstance(new, Choice) or bool(old.options) == bool(new.options))
