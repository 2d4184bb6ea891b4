"""Rail: the palette where there is no room for it: a button for its field, one for each section that is open at the start, the lessons."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gradstudio.app.change import Change
from gradstudio.app.studio import Studio
from gradstudio.app.theme import SIZE
from gradstudio.app.widgets.catalog import OPEN
from gradstudio.app.widgets.drawn import begin, sized, ui_scale
from gradstudio.app.widgets.icon_button import IconButton

ICONS = {"Tensors": "box", "Arithmetic": "plus", "Matrix": "grid-3x3", "Activation": "activity", "Gradient control": "snowflake"}
WIDTH, PITCH, TOP, ICON = SIZE["leftRail"], 38.0, 10.0, 18.0
_CENTRE = Qt.AlignmentFlag.AlignHCenter


class Rail(QWidget):
    """`chosen(section)`: the palette is wanted, with that section open; empty: with the keyboard in its field."""

    chosen = Signal(str)

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.studio = studio
        self.setFixedWidth(sized(WIDTH, 0).width())
        self.setAccessibleName("Palette")
        layout = QVBoxLayout(self)
        scale = ui_scale()
        layout.setContentsMargins(0, round(TOP * scale), round(scale), round(TOP * scale))
        layout.setSpacing(round((PITCH - 24) * scale))
        self.buttons = [self._button("panel-left-open", "Show the palette", ""), self._button("search", "Add a node", "")]
        self.buttons += [self._button(ICONS[title], title, title) for title in OPEN]
        self.lessons = IconButton(studio, "graduation-cap", "Lessons", self, ICON, "text2")
        for button in self.buttons:
            layout.addWidget(button, 0, alignment=_CENTRE)
        layout.addStretch(1)
        layout.addWidget(self.lessons, 0, alignment=_CENTRE)
        studio.followed.connect(self.refresh)

    def _button(self, icon: str, name: str, section: str) -> IconButton:
        button = IconButton(self.studio, icon, name, self, ICON, "text2")
        button.clicked.connect(partial(self._choose, section))
        return button

    def _choose(self, section: str) -> None:
        self.chosen.emit(section)

    def refresh(self, change: Change) -> None:
        """Another theme changes how it looks."""
        if change.theme:
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the panel and its right edge."""
        painter, paint = begin(self, self.studio)
        width, height = self.width() / ui_scale(), self.height() / ui_scale()
        paint.fill(QRectF(0, 0, width, height), "panel")
        paint.line(width - 1, 0, width - 1, height)
        painter.end()
