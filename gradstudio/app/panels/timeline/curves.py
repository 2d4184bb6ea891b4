"""Curves: the step plots in pyqtgraph, painted as the design shows them. Imported only after the window's first paint."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from gradstudio.app.paint import Paint
from gradstudio.app.panels.timeline import graphing
from gradstudio.app.panels.timeline.draw_track import draw_track
from gradstudio.app.panels.timeline.tracks import Track
from gradstudio.app.theme import Theme

pyqtgraph: Any = graphing.load()


class StepCurve(pyqtgraph.PlotCurveItem):  # type: ignore[misc]
    """A `.grad` over the steps: a filled level for each stretch, its number over it. Its units are px of the screen."""

    def __init__(self) -> None:
        super().__init__()
        self.track: Track | None = None
        self.colors: Theme | None = None
        self.scale_by = 1.0
        self.end = 0
        self._area = QRectF()

    def place(self, top: float, width: float, height: float) -> None:
        """Stand at a place of the view."""
        area = QRectF(0, 0, width, height)
        if area != self._area:
            self.prepareGeometryChange()
            self._area = area
        if self.y() != top:
            self.setPos(0, top)

    def show_track(self, track: Track, end: int, colors: Theme, scale: float) -> None:
        """Show a track."""
        if (track, colors, scale, end) != (self.track, self.colors, self.scale_by, self.end):
            self.track, self.colors, self.scale_by, self.end = track, colors, scale, end
            self.update()

    def getData(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the steps and values of the track (nan: None)."""
        writes = self.track.writes if self.track is not None else ()
        values = [math.nan if write.after is None else write.after for write in writes]
        return np.array([write.step for write in writes], float), np.array(values, float)

    def boundingRect(self) -> QRectF:
        """Return the whole of the plot: labels may stand beside their level."""
        return self._area

    def paint(self, painter: QPainter, option: Any, widget: QWidget) -> None:
        """Paint in px of the screen, so that lines are sharp and text has its size."""
        if self.track is None or self.colors is None:
            return
        scale = self.scale_by
        painter.save()
        try:  # a painter that is not given back as it came takes the whole view down
            painter.scale(scale, scale)
            paint = Paint(painter, self.colors, widget.devicePixelRatioF() * scale)
            draw_track(paint, self.track, self.end, self._area.width() / scale, self._area.height() / scale)
        finally:
            painter.restore()


class Curves:
    """The plots, one above the other, on one axis of steps. Those that are not needed are kept and hidden."""

    def __init__(self, parent: QWidget) -> None:
        self.widget = pyqtgraph.GraphicsView(parent, background=None)
        self.widget.setFrameStyle(0)
        self.widget.setCacheMode(pyqtgraph.GraphicsView.CacheModeFlag.CacheNone)  # a cached ground would keep the old theme
        self.widget.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.widget.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.curves: list[StepCurve] = []

    def show(self, tracks: Sequence[Track], seen: range, end: int, pitch: float, colors: Theme, scale: float) -> None:
        """Show the tracks that are in view (`seen`), each `pitch` px high."""
        while len(self.curves) < len(tracks):
            self.curves.append(StepCurve())
            self.widget.addItem(self.curves[-1])  # in no ViewBox: it draws in px, and there is nothing to zoom
        width = self.widget.width()
        for i, curve in enumerate(self.curves):
            curve.setVisible(i in seen)
            if i in seen:
                curve.place(i * pitch, width, pitch)
                curve.show_track(tracks[i], end, colors, scale)
