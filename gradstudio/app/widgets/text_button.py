"""TextButton: a button that is a word, outlined."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QWidget

from gradstudio.app.widgets.drawn import Themed, begin, sized, theme_of, ui_scale


class TextButton(QAbstractButton):
    """Its text in the middle of an outlined plate."""

    def __init__(self, themed: Themed, words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.themed = themed
        self.setText(words)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def sizeHint(self) -> QSize:
        """Return room for the text."""
        return sized(theme_of(self.themed).metrics("body", 500).horizontalAdvance(self.text()) + 20, 26)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the plate, the text and the focus."""
        painter, paint = begin(self, self.themed)
        width, height = self.width() / ui_scale(), self.height() / ui_scale()
        rect = QRectF(0, 0, width, height)
        paint.rounded(rect, 6, "hover" if self.underMouse() or self.isDown() else None, "line2")
        paint.text(width / 2, height / 2, self.text(), "body", "text" if self.isEnabled() else "text3", "c", 500)
        if self.hasFocus():
            paint.rounded(rect, 6, None, "focus", 2)
        painter.end()
