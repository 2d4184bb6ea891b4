"""IconButton: a flat button that is an icon, with room for a finger."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from gradstudio.app.widgets.drawn import Themed, begin, sized, ui_scale
from gradstudio.app.widgets.plain import set_tip

HIT = 24
DISABLED = 0.4  # opacity


class IconButton(QAbstractButton):
    """An icon of 14 px in a square of 24; text2 under the pointer, else text3; dimmed where it does nothing."""

    def __init__(self, themed: Themed, icon: str, name: str, parent: QWidget | None = None, size: float = 14, rest: str = "text3") -> None:
        super().__init__(parent)
        self.themed, self.icon_name, self.icon_size, self.rest = themed, icon, size, rest
        self.setAccessibleName(name)
        set_tip(self, name)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.resize(self.sizeHint())

    def sizeHint(self) -> QSize:
        """Return the square."""
        return sized(HIT, HIT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the icon on a plate that shows hover, check and focus."""
        painter, paint = begin(self, self.themed)
        side = self.width() / ui_scale()
        rect = QRectF(0, 0, side, side)
        lit = self.underMouse() and self.isEnabled()
        if self.isChecked() or lit or self.isDown():
            paint.rounded(rect, 6, "hover")
        if self.hasFocus():
            paint.rounded(rect, 6, None, "focus", 2)
        painter.setOpacity(1.0 if self.isEnabled() else DISABLED)
        shade = "text" if self.isChecked() else "text2" if lit else self.rest
        paint.icon(self.icon_name, side / 2, side / 2, self.icon_size, shade)
        painter.end()
