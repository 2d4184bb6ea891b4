"""Timeline: transport over the list of calls and the time axis. The bottom dock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from gradstudio.app.paint import Paint
from gradstudio.app.panels.timeline.axis import TimeAxis
from gradstudio.app.panels.timeline.calls import CallList
from gradstudio.app.panels.timeline.editor import CallEditor
from gradstudio.app.panels.timeline.transport import Transport
from gradstudio.app.widgets.drawn import theme_of

if TYPE_CHECKING:
    from gradstudio.app.studio import Studio


class TimelinePanel(QWidget):
    """What happened, in order, and where the viewer stands in it. `plots_ready`: the step plots are there."""

    title = "Timeline"
    plots_ready = Signal()

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.studio = studio
        self.transport = Transport(studio, self)
        self.calls = CallList(studio, self)
        self.axis = TimeAxis(studio, self)
        self.axis.plots_ready.connect(self.plots_ready)
        self.calls.edit_wanted.connect(self.edit)
        self._lay_out()
        self.setAccessibleName(self.title)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.transport)
        row = QHBoxLayout()
        row.setSpacing(1)
        row.addWidget(self.calls)
        row.addWidget(self.axis, 1)
        column.addLayout(row, 1)

    def edit(self, call_id: str) -> None:
        """Open the editor of a call, or of a repeat, beside its row."""
        at = next((i for i, row in enumerate(self.calls.calls.rows) if row.id == call_id), -1)
        if at < 0:
            return
        editor = CallEditor(self.studio, call_id, self.window())
        row = self.calls.visualRect(self.calls.calls.index(at))
        corner = self.calls.viewport().mapTo(self.window(), row.bottomRight() + QPoint(8, 0))
        editor.open_at(corner)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the ground, and the lines above it and beside the list."""
        painter = QPainter(self)
        paint = Paint(painter, theme_of(self.studio))
        paint.fill(self.rect(), "panel")
        paint.hairline(self.calls.geometry().right() + 1, self.calls.geometry().top(), self.calls.geometry().right() + 1, self.height())
        painter.end()
