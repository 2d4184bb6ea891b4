"""Switch: a setting that is on or off."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from gradstudio.app.theme import OPACITY
from gradstudio.app.widgets.drawn import Themed, begin, sized

WIDTH, HEIGHT, HIT, MARGIN = 26, 14, 24, 4


class Switch(QAbstractButton):
    """The knob's place says on or off; never the colour alone. Space toggles it."""

    def __init__(self, themed: Themed, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.themed = themed
        self.setCheckable(True)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.resize(self.sizeHint())

    def sizeHint(self) -> QSize:
        """Return room for the switch, its focus ring and a finger."""
        return sized(WIDTH + 2 * MARGIN, HIT)

    def hitButton(self, pos: QPoint) -> bool:
        """Take a click anywhere on the widget."""
        return self.rect().contains(pos)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the switch and its focus ring."""
        painter, paint = begin(self, self.themed)
        if self.hasFocus():
            paint.rounded(QRectF(MARGIN - 3, (HIT - HEIGHT) / 2 - 3, WIDTH + 6, HEIGHT + 6), 10, None, "focus", 2)
        painter.setOpacity(1.0 if self.isEnabled() else OPACITY["disabled"])
        paint.switch(MARGIN, HIT / 2, self.isChecked())
        painter.end()
