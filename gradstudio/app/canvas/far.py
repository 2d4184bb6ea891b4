"""The far view, under 22 %: a rectangle a node and a line a wire, past the pipeline of items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QLineF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene


def paint_far(painter: QPainter, canvas: CanvasScene, seen: QRectF, area: QRect) -> None:
    """Draw what is seen of the canvas. The painter is in canvas units."""
    theme = canvas.theme
    painter.save()
    painter.resetTransform()
    painter.fillRect(area, theme.color("canvas"))
    painter.restore()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    for frame in (*canvas.frames.items.values(), *canvas.frames.comments):
        painter.fillRect(frame.rect, theme.color("raised"))
    ends = canvas.wires.ends_array(seen)
    painter.setPen(QPen(theme.color("wire"), 0))
    painter.drawLines([QLineF(*line) for line in ends.tolist()])
    by_colour: dict[int, tuple[QColor, list[QRectF]]] = {}
    for node, box in canvas.boxes_of_nodes(seen):
        fill = theme.color("accent") if node in canvas.selected_nodes else canvas.nodes[node].far_colour()
        by_colour.setdefault(fill.rgb(), (fill, []))[1].append(box)
    painter.setPen(Qt.PenStyle.NoPen)
    for fill, rects in by_colour.values():
        painter.setBrush(fill)
        painter.drawRects(rects)
