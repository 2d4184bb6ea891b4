"""Overlay scroll bars: they lie over the edge of what they scroll, and take no room from it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QScrollArea, QScrollBar, QWidget

STEP = 24  # px a notch
VERTICAL, HORIZONTAL = Qt.Orientation.Vertical, Qt.Orientation.Horizontal


class OverlayBar(QScrollBar):
    """Stands in for a scroll bar of an area. It is there while there is something to scroll; a shy one only under the pointer."""

    def __init__(self, area: QAbstractScrollArea, orientation: Qt.Orientation, shy: bool = False) -> None:
        super().__init__(orientation, area)
        self._area, self._shy = area, shy
        upright = orientation == VERTICAL
        (area.setVerticalScrollBarPolicy if upright else area.setHorizontalScrollBarPolicy)(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._hidden = area.verticalScrollBar() if upright else area.horizontalScrollBar()
        self._hidden.rangeChanged.connect(self._follow_range)
        self._hidden.valueChanged.connect(self.setValue)
        self.valueChanged.connect(self._hidden.setValue)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        area.installEventFilter(self)
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep to the edge of the area: it may get another size, or another style."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.StyleChange):
            self._place()
        elif event.type() in (QEvent.Type.Enter, QEvent.Type.Leave):
            self._show(event.type() == QEvent.Type.Enter)
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        width, height, size = self._area.width(), self._area.height(), self.sizeHint()
        if self.orientation() == VERTICAL:
            self.setGeometry(width - size.width(), 0, size.width(), height)
        else:
            self.setGeometry(0, height - size.height(), width - size.height(), size.height())
        self._follow_range(self._hidden.minimum(), self._hidden.maximum())

    def _follow_range(self, low: int, high: int) -> None:
        view = self._area.viewport()
        self.setRange(low, high)
        self.setPageStep(view.height() if self.orientation() == VERTICAL else view.width())  # the hidden bar learns its own after its range
        self.setSingleStep(STEP)
        self.setValue(self._hidden.value())
        self._show(self._area.underMouse())

    def _show(self, pointed: bool) -> None:
        self.setVisible(self.maximum() > self.minimum() and (pointed or not self._shy))
        self.raise_()


class OverlayScroll(QScrollArea):
    """Scrolls up and down only."""

    def __init__(self, body: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidget(body)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.viewport().setAutoFillBackground(False)
        body.setAutoFillBackground(False)
        self.bar = OverlayBar(self, VERTICAL)
