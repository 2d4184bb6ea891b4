"""The far view, under 22 %: a rectangle a node and a line a wire, past the pipeline of items; both kept from paint to paint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QLineF, QMarginsF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from gradstudio.app.canvas.faces import Tint
from gradstudio.app.canvas.node_faces import far_state
from gradstudio.app.canvas.node_small import heat_fill
from gradstudio.app.canvas.wire_runs import Indices
from gradstudio.app.theme import Theme

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene

Objects = npt.NDArray[Any]
RING_GAP = 3.0  # px between a node and the ring of the step


class FarView:
    """Lines and rectangles of one scene, made when they are first drawn. The scene says which of them are out of date."""

    def __init__(self, canvas: CanvasScene) -> None:
        self._canvas = canvas
        self.stamp = 0  # goes up when nodes stand elsewhere, or have another colour
        self._lines: Objects | None = None
        self._rects: tuple[Objects, npt.NDArray[np.int64], npt.NDArray[np.intp]] | None = None

    def forget_lines(self) -> None:
        """Wires run elsewhere."""
        self._lines = None

    def forget_rects(self) -> None:
        """Nodes stand elsewhere, or have another colour."""
        self._rects = None
        self.stamp += 1

    def move_rects(self, which: list[int]) -> None:
        """Some nodes stand elsewhere."""
        self.stamp += 1
        if self._rects is not None:
            for i, (left, top, right, bottom) in zip(which, self._canvas.plates.boxes[which].tolist(), strict=True):
                self._rects[0][i] = QRectF(left, top, right - left, bottom - top)

    def move_lines(self, which: list[int]) -> None:
        """Some wires run elsewhere."""
        if self._lines is not None:
            for i, ends in zip(which, self._canvas.wires.ends_array()[which].tolist(), strict=True):
                self._lines[i] = QLineF(*ends)

    def paint(self, painter: QPainter, seen: QRectF, area: QRect) -> None:
        """Draw what is seen of the canvas. The painter is in canvas units."""
        canvas, theme = self._canvas, self._canvas.theme
        painter.save()
        painter.resetTransform()
        painter.fillRect(area, theme.color("canvas"))
        painter.restore()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self.paint_regions(painter)
        if self._lines is None:
            self._lines = _objects([QLineF(*ends) for ends in canvas.wires.ends_array().tolist()])
        painter.setPen(QPen(theme.color("wire"), 0))
        self._paint_lines(painter, self._lines, canvas.wires.touching(seen))
        self._paint_nodes(painter, seen)

    def _paint_lines(self, painter: QPainter, lines: Objects, which: Indices) -> None:
        """Draw wires: those that fade first."""
        fade, ids = self._canvas.fade, self._canvas.wires.ids
        opacity = np.array([fade.wire_opacity(ids[i]) for i in which.tolist()]) if fade.nodes is not None else np.ones(len(which))
        for each in np.unique(opacity).tolist():
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
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for block in frames.blocks.items.values():
            painter.drawRect(block.rect)

    def fills(self) -> list[int]:
        """Return the colour of each plate: selected or lit, failed, or the heat of the gradient that passed through the node."""
        canvas, context = self._canvas, self._canvas.context
        accent = canvas.theme.color("accent").rgb()
        chosen = {*canvas.selected_nodes, *(context.here(path) for path in canvas.studio.markers.lit.nodes)}
        hues, frozen = Hues(canvas.theme, canvas.norms), context.frozen
        nodes = canvas.plates.nodes
        return canvas.fade.dimmed(nodes, [accent if n in chosen else hues.of(*far_state(context, n), n in frozen) for n in nodes])

    def _paint_nodes(self, painter: QPainter, seen: QRectF) -> None:
        if self._rects is None:
            self._rects = self._made_rects()
        rects, colours, order = self._rects
        shown = order[self._canvas.plates.inside(seen)[order]]
        hues = colours[shown]
        painter.setPen(Qt.PenStyle.NoPen)
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
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(item.body.marginsAdded(QMarginsF(*[RING_GAP / canvas.zoom] * 4)))

    def _made_rects(self) -> tuple[Objects, npt.NDArray[np.int64], npt.NDArray[np.intp]]:
        canvas = self._canvas
        boxes = canvas.plates.boxes.copy()
        boxes[:, 2:] -= boxes[:, :2]
        colours = np.array(self.fills(), np.int64)
        return _objects([QRectF(*box) for box in boxes.tolist()]), colours, np.argsort(colours, kind="stable")


class Hues:
    """The colours of nodes in the far view, each worked out once."""

    def __init__(self, theme: Theme, norms: bool) -> None:
        self._theme, self._norms = theme, norms
        self._made: dict[tuple[Tint | None, bool, bool], int] = {}

    def of(self, heat: Tint | None, failed: bool, frozen: bool) -> int:
        """Return the colour for a heat as a number."""
        key = heat, failed, frozen
        if key not in self._made:
            plain = self._theme.color("line2") if heat is None else heat_fill(self._theme, None if frozen else heat, failed, self._norms)[0]
            self._made[key] = (self._theme.color("error") if failed else plain).rgb()
        return self._made[key]


def _objects(items: list[Any]) -> Objects:
    made: Objects = np.empty(len(items), object)
    made[:] = items
    return made
