"""ChoiceField: one of a few values, drawn like the other fields."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QWidget

from gradstudio.app.widgets.drawn import Themed, begin, scaled_font, sized, ui_scale


class ChoiceField(QComboBox):
    """A combo box whose closed look is the design's. The wheel scrolls the panel, not the choice."""

    def __init__(self, themed: Themed, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.themed = themed
        self.setAccessibleName(name)
        self.setFont(scaled_font(themed, "number"))

    def sizeHint(self) -> QSize:
        """Return room for a dtype."""
        return sized(120, 28)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to what scrolls."""
        event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the field, its text and the chevron."""
        painter, paint = begin(self, self.themed)
        width, height = self.width() / ui_scale(), self.height() / ui_scale()
        rect = QRectF(0, 0, width, height)
        paint.rounded(rect, 6, "sunken", "text3" if self.underMouse() and self.isEnabled() else "line")
        paint.text(width - 24, height / 2, self.currentText(), "number", "text", "r", width=width - 34)
        paint.icon("chevron-down", width - 13, height / 2, 12, "text3")
        if self.hasFocus():
            paint.rounded(rect, 6, None, "focus", 2)
        painter.end()
