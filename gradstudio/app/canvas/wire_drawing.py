"""How the wires of one scene are drawn, in which order: plainly, where there are very many; halo and colour by what is chosen."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPen

from gradstudio.app.canvas.faces import WireFace
from gradstudio.app.canvas.wire_faces import WireId
from gradstudio.app.canvas.wire_paint import dense_pen, is_dashed, paint_wire
from gradstudio.app.canvas.wire_shape import Window, WireShape, window_of
from gradstudio.app.canvas.wire_tiles import Look, Stroke
from gradstudio.app.paint import NO_BRUSH, Paint
from gradstudio.app.theme import Shade

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene

ORDER = {"frozen": 0, "pending": 1, "forward": 2, "zero": 3, "gradient": 4, "tensor": 4, "error": 6}
REACH = 14.0  # what halo and marks stick out of the path, at 100 %
Shown: TypeAlias = tuple[WireId, WireFace, WireShape]


class WireDrawing:
    """Draws wires that it is given. `dense`: very many are in view."""

    def __init__(self, canvas: CanvasScene) -> None:
        self._canvas = canvas
        self.dense = False

    def in_order(self, wires: Iterable[Shown]) -> list[Shown]:
        """Return wires in the order of painting."""
        canvas, chosen, opacity = self._canvas, self._canvas.selected_wires, self._canvas.fade.wire_opacity
        shown = list(wires)
        if not chosen and canvas.hovered_wire is None and canvas.fade.nodes is None:
            shown.sort(key=lambda w: (ORDER[w[1].kind], w[1].rank))
            return shown
        shown.sort(key=lambda w: (opacity(w[0]), w[0] in chosen, w[0] == canvas.hovered_wire, ORDER[w[1].kind], w[1].rank))
        return shown

    def look(self, shown: list[Shown]) -> Look:
        """Return what decides the pixels of a tile, of what is in it."""
        return (self.dense, *((*self._look(*each), each[1].kind) for each in shown)) if shown else ()

    def _look(self, key: WireId, face: WireFace, shape: WireShape) -> Look:
        return face.look, shape, shape.cut, self._halo(key), self._canvas.norms, self._canvas.fade.wire_opacity(key)

    def _halo(self, key: WireId) -> Shade:
        canvas = self._canvas
        return "accent" if key in canvas.selected_wires else "line2" if key == canvas.hovered_wire else "canvas"

    def stroke(self, each: Shown, square: QRectF, window: Window) -> Stroke:
        """Return what draws a wire on a tile."""
        if self.dense:
            return partial(self._paint_dense, shown=[each], rect=square)
        return partial(self._paint_in_tile, each=each, draw=self._draw(*each, window))

    def _draw(self, key: WireId, face: WireFace, shape: WireShape, window: Window) -> Stroke:
        return partial(self._paint_one, face=face, shape=_seen_of(face, shape, window), halo=self._halo(key))

    def _paint_in_tile(self, painter: QPainter, each: Shown, draw: Stroke) -> None:
        key, face, shape = each
        painter.setOpacity(self._canvas.fade.wire_opacity(key))
        if is_dashed(face):  # Qt would round the dashes by where the tile cuts them
            self._canvas.pictures.draw(painter, self._look(key, face, shape), _area(shape), self._canvas.ratio, 1.0, draw)
        else:
            draw(painter)

    def paint_plainly(self, painter: QPainter, shown: list[Shown]) -> None:
        """Draw wires, whole."""
        for key, face, shape in shown:
            painter.setOpacity(self._canvas.fade.wire_opacity(key))
            self._paint_one(painter, face, shape, self._halo(key))

    def paint(self, painter: QPainter, shown: list[Shown], rect: QRectF, pictured: bool = False) -> None:
        """Draw what is seen of wires; `pictured`: dashed ones, which take long and seldom differ, from pictures."""
        canvas, window = self._canvas, window_of(rect)
        if self.dense:
            self._paint_dense(painter, shown, rect)
            return
        for key, face, shape in shown:
            painter.setOpacity(canvas.fade.wire_opacity(key))
            draw = self._draw(key, face, shape, window)
            if pictured and is_dashed(face):
                canvas.pictures.draw(painter, self._look(key, face, shape), _area(shape), canvas.zoom, canvas.device_ratio, draw)
            else:
                draw(painter)

    def _paint_one(self, painter: QPainter, face: WireFace, shape: WireShape, halo: Shade) -> None:
        canvas = self._canvas
        paint_wire(Paint(painter, canvas.theme, canvas.ratio), face, shape, canvas.zoom, halo, canvas.norms)

    def _paint_dense(self, painter: QPainter, shown: list[Shown], rect: QRectF) -> None:
        """Draw very many wires: without halo and marks, and of those that run one over the other the last."""
        canvas, chosen, fade = self._canvas, self._canvas.selected_wires, self._canvas.fade
        painter.setBrush(NO_BRUSH)
        painter.setOpacity(1.0)
        window, covered, strokes = window_of(rect), set(), []
        for key, face, shape in reversed(shown):
            seen = _seen_of(face, shape, window)
            if key not in chosen and seen.course in covered:
                continue
            pen = dense_pen(canvas.theme, face, canvas.zoom, canvas.norms)
            if key in chosen:
                pen = QPen(canvas.theme.color("accent"), 3 / canvas.zoom)
            if fade.nodes is None and pen.color().alpha() == 255:  # those before are no wider
                covered.add(seen.course)
            strokes.append((key, pen, seen))
        for key, pen, seen in reversed(strokes):
            painter.setPen(pen)
            if fade.nodes is not None:
                painter.setOpacity(fade.wire_opacity(key))
            painter.drawPath(seen.path)


def _seen_of(face: WireFace, shape: WireShape, window: Window) -> WireShape:
    """Return of a very long wire what is seen in a window; of another, or of one whose dashes go by its start, all."""
    return shape.within(window) if shape.is_long and not is_dashed(face) else shape


def _area(shape: WireShape) -> QRectF:
    return shape.box.adjusted(-REACH, -REACH, REACH, REACH)
