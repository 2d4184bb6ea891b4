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
    """A `.grad` over the steps: a filled level for each stretch, its number over it."""

    def __init__(self) -> None:
        super().__init__()
        self.track: Track | None = None
        self.colors: Theme | None = None
        self.scale_by = 1.0
        self.end = 0

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
        box = self.getViewBox()
        return box.viewRect() if box is not None else QRectF()

    def viewTransformChanged(self) -> None:
        """Tell the scene that the plot, and so this item, has another size."""
        self.prepareGeometryChange()
        super().viewTransformChanged()

    def paint(self, painter: QPainter, option: Any, widget: QWidget) -> None:
        """Paint in px of the screen, so that lines are sharp and text has its size."""
        box = self.getViewBox()
        if self.track is None or self.colors is None or box is None:
            return
        rect, scale = box.mapRectToScene(box.boundingRect()), self.scale_by
        painter.save()
        try:  # a painter that is not given back as it came takes the whole view down
            painter.setTransform(self.sceneTransform().inverted()[0], True)
            painter.translate(rect.topLeft())
            painter.scale(scale, scale)
            paint = Paint(painter, self.colors, widget.devicePixelRatioF() * scale)
            draw_track(paint, self.track, self.end, rect.width() / scale, rect.height() / scale)
        finally:
            painter.restore()


class Curves:
    """The plots, one above the other, on one axis of steps. Plots that are not needed are kept and hidden."""

    def __init__(self, parent: QWidget) -> None:
        self.widget = pyqtgraph.GraphicsView(parent, background=None)
        self.widget.setFrameStyle(0)
        self.widget.setCacheMode(pyqtgraph.GraphicsView.CacheModeFlag.CacheNone)  # a cached ground would keep the old theme
        self.widget.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.widget.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plots: list[Any] = []
        self.curves: list[StepCurve] = []

    def show(self, tracks: Sequence[Track], seen: range, end: int, pitch: float, colors: Theme, scale: float) -> None:
        """Show the tracks that are in view (`seen`), each `pitch` px high."""
        while len(self.plots) < len(tracks):
            self._add()
        width = self.widget.width()
        for i, (plot, curve) in enumerate(zip(self.plots, self.curves, strict=True)):
            plot.setVisible(i in seen)
            if i in seen:
                plot.setGeometry(QRectF(0, i * pitch, width, pitch))
                if curve.end != end:
                    plot.setXRange(0, max(1, end), padding=0)
                curve.show_track(tracks[i], end, colors, scale)

    def _add(self) -> None:
        plot = pyqtgraph.ViewBox(enableMenu=False, enableMouse=False)  # a PlotItem makes four axes and a form, which nobody would see
        plot.setFlag(plot.GraphicsItemFlag.ItemHasNoContents)  # it has no border, and is not asked to paint one
        plot.setYRange(0, 1, padding=0)
        plot.disableAutoRange()
        curve = StepCurve()
        plot.addItem(curve)
        self.widget.addItem(plot)
        self.plots.append(plot)
        self.curves.append(curve)
