"""RowWidget: one row of a sheet, its ink and perhaps a control."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QPaintEvent
from PySide6.QtWidgets import QMenu, QWidget

from gradstudio.app.paint import Paint
from gradstudio.app.panels.inspector.drawing import SIDE, draw_row, height_of, spoken
from gradstudio.app.panels.inspector.rows import Edit, Pair, Row
from gradstudio.app.studio import Studio
from gradstudio.app.text import MINUS
from gradstudio.app.widgets import formula
from gradstudio.app.widgets.drawn import begin, theme_of, ui_scale
from gradstudio.document.rules import Refused

LEFT = SIDE - 1  # the panel's own edge takes a px


class RowWidget(QWidget):
    """A row that nothing happens in; rows with a control have a class of their own."""

    def __init__(self, studio: Studio, row: Row, parent: QWidget) -> None:
        super().__init__(parent)
        self.studio, self.row, self.split = studio, row, 0.0
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def show_row(self, row: Row, split: float) -> None:
        """Show another row of the same kind; `split`: where a second column starts."""
        self.row, self.split = row, split
        self.setAccessibleName(spoken(row))
        self.fill()
        self.update()

    def fill(self) -> None:
        """Bring the control up to date with the row."""

    def ink_height(self, width: float) -> float:
        """Return the height of the row in a content of this width, without the space above it."""
        return height_of(self.row, theme_of(self.studio), width)

    @property
    def content(self) -> float:
        """The width between the margins."""
        return self.width() / ui_scale() - LEFT - SIDE

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ground, and the row between the margins."""
        painter, paint = begin(self, self.studio)
        paint.fill(self.rect(), "panel")
        painter.translate(LEFT, self.row.above)
        self.draw(paint)
        painter.end()

    def draw(self, paint: Paint) -> None:
        """Draw the ink of the row."""
        draw_row(paint, self.row, self.content, self.split)

    @property
    def copied(self) -> str:
        """What can be copied from the row, with all digits; "" for nothing."""
        return self.row.exact or formula.plain(self.row.value) if isinstance(self.row, Pair) else ""

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer to copy the fact."""
        if not self.copied:
            event.ignore()
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Copy").triggered.connect(self.copy)
        menu.popup(event.globalPos())

    def copy(self) -> None:
        """Copy the fact with all its digits."""
        QGuiApplication.clipboard().setText(self.copied.replace(MINUS, "-"))

    def put(self, control: QWidget, x: float, y: float, width: float, height: float) -> None:
        """Place a control in the content."""
        scale = ui_scale()
        control.setGeometry(round((x + LEFT) * scale), round((y + self.row.above) * scale), round(width * scale), round(height * scale))

    def write(self, edit: Edit, value: object, gesture: int = 0) -> None:
        """Do what the control says."""
        try:
            self.studio.do(edit.command(self.studio.document, value, gesture))
        except Refused as why:
            self.studio.notify(str(why))
