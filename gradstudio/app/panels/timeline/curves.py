"""Curves: the step plots in pyqtgraph, painted as the design shows them. Imported only after the window's first paint."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QWidget

from gradstudio.app.paint import Paint
from gradstudio.app.panels.timeline.tracks import Level, Track, height_of
from gradstudio.app.theme import Theme

ABOVE, BELOW = 14.0, 9.0  # room over the highest and under the lowest level of a track
MOST = 4096  # levels that are painted one by one; of longer ones the last in each pixel


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
        steps = np.array([level.start for level in track.levels], float)
        values = np.array([math.nan if level.value is None else level.value for level in track.levels], float)
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


def draw_track(paint: Paint, track: Track, end: int, width: float, height: float) -> None:
    """Paint base line, levels, labels of one track into width by height."""
    top, bottom = ABOVE, height - BELOW
    pixel = width / end if end else 0.0

    def y_of(value: float | None) -> float:
        return bottom - (bottom - top) * height_of(value, track.low, track.high)

    zero = y_of(0.0)
    paint.hairline(0, round(zero), width, round(zero))
    levels = thinned(track.levels, pixel)
    for i, level in enumerate(levels):
        x, right = level.start * pixel, level.end * pixel
        if i:
            paint.line(x, y_of(levels[i - 1].value), x, y_of(level.value), "line2")
        if level.value is not None:
            draw_level(
                paint,
                track,
                level,
                QRectF(QPointF(x, min(zero, y_of(level.value))), QPointF(right, max(zero, y_of(level.value)))),
                y_of(level.value),
            )
    draw_labels(paint, track, levels, pixel, width, y_of)


def thinned(levels: Sequence[Level], pixel: float) -> Sequence[Level]:
    """Return levels of which no more than one begins in a pixel, where there are very many."""
    if len(levels) <= MOST:
        return levels
    last = {int(level.start * pixel): level for level in levels}
    return list(last.values())


def level_color(theme: Theme, track: Track, value: float) -> QColor:
    """Return the colour of a level: by sign and size; ink for a norm; grey for zero."""
    if not math.isfinite(value):
        return theme.color("error")
    if not value:
        return theme.color("text3")
    largest = max(abs(track.low), abs(track.high)) or 1.0
    return theme.gradient(value, 0.35 + 0.65 * abs(value) / largest) if track.signed else theme.color("text2")


def draw_level(paint: Paint, track: Track, level: Level, area: QRectF, y: float) -> None:
    """Paint the fill under a level and the line on it."""
    value = level.value or 0.0
    color = level_color(paint.theme, track, value)
    if value:
        paint.fill(area, color, 0.13)
    paint.line(area.left(), y, area.right(), y, color, 2 if value else 1.5)


def draw_labels(paint: Paint, track: Track, levels: Sequence[Level], pixel: float, width: float, y_of: Any) -> None:
    """Paint each level's number where it fits over the level, and its arithmetic where nothing stands behind it."""
    measure = paint.theme.metrics("code", 600)
    for i, level in enumerate(levels):
        x, right = level.start * pixel, level.end * pixel
        needed = measure.horizontalAdvance(level.label)
        if not level.label or right - x <= needed + 8:
            continue
        value = level.value or 0.0
        shade = paint.theme.gradient_text(value) if track.signed else paint.theme.color("text2")
        cy = min(y_of(value), y_of(0.0)) - 8
        paint.text(x + 5, cy, level.label, "code", shade, weight=600)
        following = next((each.start * pixel for each in levels[i + 1 :] if each.label), width)
        if level.note and following - x > needed + 16 + paint.theme.metrics("caption").horizontalAdvance(level.note):
            paint.text(x + 5 + needed + 8, cy, level.note, "caption", "text3")


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
        for i, (plot, curve, track) in enumerate(zip(self.plots, self.curves, tracks, strict=True)):
            plot.setFixedHeight(pitch)
            self.widget.ci.layout.setRowStretchFactor(i, 0)
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
