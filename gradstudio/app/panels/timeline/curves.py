"""Curves: the step plots in pyqtgraph, painted as the design shows them. Imported only after the window's first paint."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from gradstudio.app.paint import Paint
from gradstudio.app.panels.timeline.draw_track import draw_track
from gradstudio.app.panels.timeline.tracks import Track
from gradstudio.app.theme import Theme


class StepCurve(pyqtgraph.PlotCurveItem):  # type: ignore[misc]
    """A `.grad` over the steps: a filled level for each stretch, its number over it."""

    def __init__(self) -> None:
        super().__init__()
        self.track: Track | None = None
        self.colors: Theme | None = None
        self.scale_by = 1.0
        self.end = 0

    def show_track(self, track: Track, end: int, colors: Theme, scale: float) -> None:
        """Show a track; `getData` has its steps and values (nan: None)."""
        self.track, self.colors, self.scale_by, self.end = track, colors, scale, end
        steps = np.array([write.step for write in track.writes], float)
        values = np.array([math.nan if write.after is None else write.after for write in track.writes], float)
        self.setData(steps, values)
        self.update()

    def boundingRect(self) -> QRectF:
        """Return the whole of the plot: labels may stand beside their level."""
        box = self.getViewBox()
        return box.viewRect() if box is not None else QRectF()

    def paint(self, painter: QPainter, option: Any, widget: QWidget) -> None:
        """Paint in px of the screen, so that lines are sharp and text has its size."""
        box = self.getViewBox()
        if self.track is None or self.colors is None or box is None:
            return
        painter.save()
        painter.setTransform(self.sceneTransform().inverted()[0], True)
        rect = box.mapRectToScene(box.boundingRect())
        painter.translate(rect.topLeft())
        painter.scale(self.scale_by, self.scale_by)
        paint = Paint(painter, self.colors, widget.devicePixelRatioF() * self.scale_by)
        draw_track(paint, self.track, self.end, rect.width() / self.scale_by, rect.height() / self.scale_by)
        painter.restore()


class Curves:
    """The plots, one above the other, on one axis of steps."""

    def __init__(self, colors: Theme, parent: QWidget) -> None:
        self.widget = pyqtgraph.GraphicsLayoutWidget(parent, show=False)
        self.widget.setBackground(None)
        self.widget.setFrameStyle(0)
        self.widget.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.widget.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.widget.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.widget.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = self.widget.ci.layout
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.plots: list[Any] = []
        self.curves: list[StepCurve] = []

    def show(self, tracks: Sequence[Track], end: int, pitch: float, colors: Theme, scale: float) -> None:
        """Show tracks, each `pitch` px high."""
        while len(self.plots) < len(tracks):
            self._add()
        while len(self.plots) > len(tracks):
            self.widget.ci.removeItem(self.plots.pop())
            self.curves.pop()
        for plot, curve, track in zip(self.plots, self.curves, tracks, strict=True):
            plot.setFixedHeight(pitch)
            if curve.end != end:
                plot.setXRange(0, max(1, end), padding=0)
            curve.show_track(track, end, colors, scale)
        self.widget.ci.layout.setRowStretchFactor(len(tracks), 1)

    def _add(self) -> None:
        plot = pyqtgraph.PlotItem(enableMenu=False)
        for side in ("left", "bottom", "right", "top"):
            plot.hideAxis(side)
        plot.hideButtons()
        plot.setMouseEnabled(False, False)
        plot.setContentsMargins(0, 0, 0, 0)
        plot.layout.setContentsMargins(0, 0, 0, 0)
        plot.setYRange(0, 1, padding=0)
        plot.disableAutoRange()
        curve = StepCurve()
        plot.addItem(curve)
        self.widget.ci.addItem(plot, len(self.plots), 0)
        self.plots.append(plot)
        self.curves.append(curve)
