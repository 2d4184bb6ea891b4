"""The far view, under 22 %: a rectangle a node and a line a wire, past the pipeline of items; both kept from paint to paint."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QLineF, QMarginsF, QRect, QRectF
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap, QTransform

from gradstudio.app.arrays import distinct
from gradstudio.app.canvas.far_hues import Colours, FarHues
from gradstudio.app.canvas.geometry import Level
from gradstudio.app.canvas.wire_runs import Indices
from gradstudio.app.paint import NO_BRUSH, NO_PEN
from gradstudio.document.graph import NodeId

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene

Objects = npt.NDArray[Any]
RING_GAP = 3.0  # px between a node and the ring of the step


class FarView:
    """Lines and rectangles of one scene, made when they are first drawn. The scene says which of them are out of date."""

    def __init__(self, canvas: CanvasScene) -> None:
        self._canvas = canvas
        self.stamp = 0  # goes up when nodes stand elsewhere, or have another colour
        self._lines: Objects = np.empty(0, object)  # a line a wire, a rectangle a node; None where it was not looked at
        self._rects: Objects = np.empty(0, object)
        self._hues = FarHues(canvas)
        self._fills: tuple[Colours, npt.NDArray[np.intp]] | None = None  # colours, and the order of drawing by them
        self._line_stamp = 0  # goes up when wires run elsewhere
        self._ground: tuple[object, QPixmap | None] = (None, None)  # what lies under nodes, and what decides how it looks

    def forget_lines(self) -> None:
        """Wires run elsewhere."""
        self._lines = np.empty(len(self._canvas.wires.ids), object)
        self._line_stamp += 1

    def forget_rects(self) -> None:
        """Nodes stand elsewhere, or something else about them is to be seen: selection, what is lit, what fades."""
        self._rects, self._fills = np.empty(len(self._canvas.plates.nodes), object), None
        self.stamp += 1

    def forget_hues(self, nodes: Iterable[NodeId] | None = None) -> None:
        """Nodes (all) show another heat, or failed, or the theme is another."""
        self._hues.forget(nodes)
        self._fills = None
        self.stamp += 1

    def follow(self, nodes: set[NodeId] | None) -> bool:
        """Nodes (all) may show another heat, or have failed. Return whether anything has to be drawn: found out where it would be."""
        if self._canvas.level == Level.FAR and not self._hues.differ(nodes):
            return False
        self.forget_hues(() if self._canvas.level == Level.FAR else nodes)
        return True

    def move_rects(self, which: list[int]) -> None:
        """Some nodes stand elsewhere."""
        self.stamp += 1
        self._rects[which] = None

    def move_lines(self, which: list[int]) -> None:
        """Some wires run elsewhere."""
        self._lines[which] = None
        self._line_stamp += 1

    def paint(self, painter: QPainter, seen: QRectF, area: QRect, port: QRect | None = None) -> None:
        """Draw what is seen of the canvas, which is an area of a view. The painter is in canvas units. `port`: all of a view at rest."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        way = painter.worldTransform()
        ground = self._pictured_ground(way, port) if port is not None else None
        if ground is None:
            self._paint_ground(painter, seen, area)
        else:
            painter.resetTransform()
            painter.drawPixmap(0, 0, ground)  # what of it is seen, the painter knows to the pixel
            painter.setWorldTransform(way)
        self._paint_nodes(painter, seen)

    def _pictured_ground(self, way: QTransform, port: QRect) -> QPixmap | None:
        """Return what lies under the nodes as a picture, if it looks as it did: while numbers change, it stays."""
        canvas, frames = self._canvas, self._canvas.frames
        rects = [*(frame.rect for frame in (*frames.comments, *frames.items.values())), *(b.rect for b in frames.blocks.items.values())]
        fade = canvas.fade.nodes, canvas.fade.wires
        look = way, port, canvas.device_ratio, canvas.theme, self._line_stamp, fade, rects
        before, picture = self._ground
        if look != before:
            self._ground = look, None
            return None
        if picture is None:
            picture = QPixmap(port.size() * canvas.device_ratio)
            picture.setDevicePixelRatio(canvas.device_ratio)
            with QPainter(picture) as painter:
                painter.setWorldTransform(way)
                self._paint_ground(painter, way.inverted()[0].mapRect(QRectF(port)), port)
            self._ground = look, picture
        return picture

    def _paint_ground(self, painter: QPainter, seen: QRectF, area: QRect) -> None:
        """Draw ground, frames and wires."""
        canvas, theme, way = self._canvas, self._canvas.theme, painter.worldTransform()
        painter.resetTransform()
        painter.fillRect(area, theme.color("canvas"))
        painter.setWorldTransform(way)
        self.paint_regions(painter)
        painter.setPen(QPen(theme.color("wire"), 0))
        self._paint_lines(painter, canvas.wires.touching(seen))

    def _paint_lines(self, painter: QPainter, which: Indices) -> None:
        """Draw wires: those that fade first."""
        fade, ids, lines = self._canvas.fade, self._canvas.wires.ids, self._lines
        fresh = which[lines[which] == None]  # noqa: E711 (of each)
        lines[fresh] = [QLineF(*ends) for ends in self._canvas.wires.ends_array()[fresh].tolist()]
        opacity = np.array([fade.wire_opacity(ids[i]) for i in which.tolist()]) if fade.nodes is not None else np.ones(len(which))
        for each in distinct(opacity).tolist():
            painter.setOpacity(each)
            painter.drawLines(lines[which[opacity == each]].tolist())
        painter.setOpacity(1.0)

    def paint_regions(self, painter: QPainter) -> None:
        """Draw frames, comments and blocks."""
        frames, theme = self._canvas.frames, self._canvas.theme
        painter.setPen(QPen(theme.color("line"), 0))
        painter.setBrush(theme.color("raised"))
        for frame in (*frames.comments, *frames.items.values()):
            painter.drawRect(frame.rect)
        painter.setPen(QPen(theme.color("line2"), 0))
        painter.setBrush(NO_BRUSH)
        for block in frames.blocks.items.values():
            painter.drawRect(block.rect)

    def fills(self) -> Colours:
        """Return the colour of each plate: selected or lit, failed, or the heat of the gradient that passed through the node."""
        canvas, context = self._canvas, self._canvas.context
        found = self._hues.known().copy()
        chosen = {*canvas.selected_nodes, *(context.here(path) for path in canvas.studio.markers.lit.nodes)}
        found[canvas.plates.rows(chosen)] = canvas.theme.color("accent").rgb()
        return canvas.fade.dimmed(canvas.plates.nodes, found)

    def _paint_nodes(self, painter: QPainter, seen: QRectF) -> None:
        if self._fills is None:
            colours = self.fills()
            self._fills = colours, np.argsort(colours, kind="stable")
        colours, order = self._fills
        shown, rects = order[self._canvas.plates.inside(seen)[order]], self._rects
        fresh = shown[rects[shown] == None]  # noqa: E711 (of each)
        rects[fresh] = [QRectF(x, y, r - x, d - y) for x, y, r, d in self._canvas.plates.boxes[fresh].tolist()]
        hues = colours[shown]
        painter.setPen(NO_PEN)
        for group in np.split(np.arange(len(shown)), np.flatnonzero(np.diff(hues)) + 1):
            if len(group):
                painter.setBrush(QColor.fromRgb(int(hues[group[0]])))
                painter.drawRects(rects[shown[group]].tolist())
        self._paint_ring(painter)

    def _paint_ring(self, painter: QPainter) -> None:
        """Draw a ring of 2 px round the node of the step on show."""
        canvas = self._canvas
        item = canvas.nodes.get(canvas.context.current or "")
        if item is None:
            return
        pen = QPen(canvas.theme.color("text"), 2)
        pen.setCosmetic(True)
        painter.setPen(pen)
        painter.setBrush(NO_BRUSH)
        painter.drawRect(item.body.marginsAdded(QMarginsF(*[RING_GAP / canvas.zoom] * 4)))
