"""The far view, under 22 %: a rectangle a node and a line a wire, past the pipeline of items; both kept from paint to paint."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QLineF, QMarginsF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from gradstudio.app.arrays import distinct
from gradstudio.app.canvas.faces import Tint
from gradstudio.app.canvas.node_faces import far_state
from gradstudio.app.canvas.node_small import heat_fill
from gradstudio.app.canvas.wire_runs import Indices
from gradstudio.app.theme import Theme
from gradstudio.document.graph import NodeId

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene

Objects = npt.NDArray[Any]
FEW = 64  # nodes whose colours are looked up to spare a paint
RING_GAP = 3.0  # px between a node and the ring of the step


class FarView:
    """Lines and rectangles of one scene, made when they are first drawn. The scene says which of them are out of date."""

    def __init__(self, canvas: CanvasScene) -> None:
        self._canvas = canvas
        self.stamp = 0  # goes up when nodes stand elsewhere, or have another colour
        self._lines: Objects = np.empty(0, object)  # a line a wire, a rectangle a node; None where it was not looked at
        self._rects: Objects = np.empty(0, object)
        self._hues: npt.NDArray[np.int64] = np.empty(0, np.int64)  # the colour of each node where nothing is selected, lit or faded
        self._stale: set[NodeId] | None = None  # nodes whose colour may be another; None: all
        self._fills: tuple[npt.NDArray[np.int64], npt.NDArray[np.intp]] | None = None  # colours, and the order of drawing by them

    def forget_lines(self) -> None:
        """Wires run elsewhere."""
        self._lines = np.empty(len(self._canvas.wires.ids), object)

    def forget_rects(self) -> None:
        """Nodes stand elsewhere, or something else about them is to be seen: selection, what is lit, what fades."""
        self._rects, self._fills = np.empty(len(self._canvas.plates.nodes), object), None
        self.stamp += 1

    def forget_hues(self, nodes: Iterable[NodeId] | None = None) -> None:
        """Nodes (all) show another heat, or failed, or the theme is another."""
        if nodes is None:
            self._stale = None
        elif self._stale is not None:
            self._stale.update(nodes)
        self._fills = None
        self.stamp += 1

    def follow(self, nodes: set[NodeId]) -> bool:
        """Nodes may show another heat, or have failed. Return whether anything has to be drawn: of few it is found out."""
        if self._stale is None or len(self._hues) != len(self._canvas.plates.nodes) or len(nodes) + len(self._stale) > FEW:
            self.forget_hues(nodes)
            return bool(nodes)
        which = self._canvas.plates.rows(nodes | self._stale)
        before = self._hues[which]
        self._stale |= nodes
        if np.array_equal(before, self._known_hues()[which]):
            return False
        self._fills = None
        self.stamp += 1
        return True

    def move_rects(self, which: list[int]) -> None:
        """Some nodes stand elsewhere."""
        self.stamp += 1
        self._rects[which] = None

    def move_lines(self, which: list[int]) -> None:
        """Some wires run elsewhere."""
        self._lines[which] = None

    def paint(self, painter: QPainter, seen: QRectF, area: QRect) -> None:
        """Draw what is seen of the canvas. The painter is in canvas units."""
        canvas, theme = self._canvas, self._canvas.theme
        painter.save()
        painter.resetTransform()
        painter.fillRect(area, theme.color("canvas"))
        painter.restore()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self.paint_regions(painter)
        painter.setPen(QPen(theme.color("wire"), 0))
        self._paint_lines(painter, canvas.wires.touching(seen))
        self._paint_nodes(painter, seen)

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
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for block in frames.blocks.items.values():
            painter.drawRect(block.rect)

    def fills(self) -> list[int]:
        """Return the colour of each plate: selected or lit, failed, or the heat of the gradient that passed through the node."""
        canvas, context = self._canvas, self._canvas.context
        found = self._known_hues().copy()
        chosen = {*canvas.selected_nodes, *(context.here(path) for path in canvas.studio.markers.lit.nodes)}
        found[canvas.plates.rows(chosen)] = canvas.theme.color("accent").rgb()
        return canvas.fade.dimmed(canvas.plates.nodes, found.tolist())

    def _known_hues(self) -> npt.NDArray[np.int64]:
        """Return the colour that each plate has of itself, those that are out of date worked out."""
        canvas, context, nodes = self._canvas, self._canvas.context, self._canvas.plates.nodes
        if self._stale is None or len(self._hues) != len(nodes):
            self._hues, which = np.empty(len(nodes), np.int64), list(range(len(nodes)))
        else:
            which = canvas.plates.rows(self._stale)
        hues, frozen = Hues(canvas.theme, canvas.norms), context.frozen
        self._hues[which] = [hues.of(*far_state(context, nodes[i]), nodes[i] in frozen) for i in which]
        self._stale = set()
        return self._hues

    def _paint_nodes(self, painter: QPainter, seen: QRectF) -> None:
        if self._fills is None:
            colours = np.array(self.fills(), np.int64)
            self._fills = colours, np.argsort(colours, kind="stable")
        colours, order = self._fills
        shown, rects = order[self._canvas.plates.inside(seen)[order]], self._rects
        fresh = shown[rects[shown] == None]  # noqa: E711 (of each)
        rects[fresh] = [QRectF(x, y, r - x, d - y) for x, y, r, d in self._canvas.plates.boxes[fresh].tolist()]
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
