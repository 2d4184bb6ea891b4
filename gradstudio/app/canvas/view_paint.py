"""What is drawn of a view: the ground, the items, and what is dragged over them; or plates and lines, where there is no time for more."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from itertools import repeat
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QPainter, QRegion, QTransform
from PySide6.QtWidgets import QStyleOptionGraphicsItem

from gradstudio.app.canvas.cover import WORDS
from gradstudio.app.canvas.dirt import CanvasItem, Patch
from gradstudio.app.canvas.geometry import Level
from gradstudio.app.canvas.grid import paint_ground
from gradstudio.app.canvas.node_chrome import REACH
from gradstudio.app.theme import Z

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene
    from gradstudio.app.canvas.view import CanvasView

SLIVER = 0.99  # of the first pixel of an area: it belongs to the tile that its last part lies in


class ViewPaint:
    """Draws parts of one view. Areas are in its pixels, painters are handed over in them."""

    def __init__(self, view: CanvasView) -> None:
        self._view = view

    def sharply(self, painter: QPainter, area: QRect, part: QRegion | None = None) -> None:
        """Draw an area with all that is seen there, or a part of it."""
        view, canvas = self._view, self._view.canvas
        seen = view.visible_rect(area)
        painter.save()
        painter.setClipRegion(QRegion(area) if part is None else part)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if canvas.level == Level.FAR:
            painter.setWorldTransform(view.viewportTransform())
            canvas.far.paint(painter, seen, area, None if view.in_motion else view.viewport().rect())
        else:
            paint_ground(painter, area, view.viewportTransform(), canvas.theme, canvas.device_ratio)
            painter.setWorldTransform(view.viewportTransform())
            items, tiled = items_in(canvas, seen), self._tiled(area)
            if part is None or part.rectCount() == 1:
                self._paint_items(painter, items, tiled)
            else:
                self._paint_items(painter, *self._met(items, part, tiled))
        painter.restore()

    def _met(self, items: Iterable[CanvasItem], part: QRegion, tiled: QRectF) -> tuple[list[CanvasItem], list[QRectF]]:
        """Return which of some items a region meets, and round what of each, on the canvas; layers are drawn by tiles."""
        way, back = self._view.viewportTransform(), self._view.visible_rect
        met = [(each, part & way.mapRect(each.sceneBoundingRect()).toAlignedRect()) for each in items]
        found = [(each, of) for each, of in met if not of.isEmpty()]
        return [each for each, _ in found], [tiled if each.is_layer else back(of.boundingRect()) for each, of in found]

    def prepare(self, area: QRect, until: float) -> bool:
        """Make ready, until a time (perf_counter), what takes long to draw in an area. Return whether all is."""
        canvas = self._view.canvas
        if canvas.level == Level.FAR:
            return True
        seen = self._view.visible_rect(area)
        for node in canvas.plates.nodes_in(seen.adjusted(-REACH, -REACH, REACH, REACH)):
            if time.perf_counter() > until:
                return False
            canvas.nodes[node].prepare()
        return canvas.wires.prepare(self._tiled(area), until) and canvas.pills.prepare(seen, until)

    def _tiled(self, area: QRect) -> QRectF:
        """Return the rectangle of the canvas whose tiles fill an area: they lie on whole pixels, as what is snapped does."""
        way, ratio = self._view.viewportTransform(), self._view.canvas.device_ratio
        dx, dy = (math.floor(shift * ratio + 0.5) / ratio for shift in (way.dx(), way.dy()))
        inner = QRectF(area).translated(-dx, -dy).adjusted(SLIVER / ratio, SLIVER / ratio, SLIVER - 1, SLIVER - 1)
        return QTransform.fromScale(1 / way.m11(), 1 / way.m22()).mapRect(inner)

    def plainly(self, painter: QPainter, region: QRegion) -> None:
        """Draw plates and lines in a region, rectangle by rectangle: what a pan brings to light are two strips."""
        for area in region:  # type: ignore[attr-defined]  # a QRegion yields its rectangles
            painter.save()
            painter.setClipRect(area)
            painter.setWorldTransform(self._view.viewportTransform())
            self._view.canvas.far.paint(painter, self._view.visible_rect(area), area)
            painter.restore()

    def patches(self, painter: QPainter, patches: Mapping[Patch, QRectF]) -> None:
        """Draw what is within parts of items, over what is there, each with the rectangle of the canvas that is drawn."""
        way = self._view.viewportTransform()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for (item, part), place in patches.items():
            painter.setWorldTransform(way)
            painter.setClipRect(place)
            item.paint_patch(painter, part)
        painter.restore()

    def live(self, painter: QPainter, area: QRect) -> None:
        """Draw what is being dragged."""
        view, canvas = self._view, self._view.canvas
        if canvas.level == Level.FAR:
            return
        seen = view.visible_rect(area)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setWorldTransform(view.viewportTransform())
        canvas.wires.paint_live(painter, seen)
        self._paint_items(painter, [canvas.nodes[n] for n in canvas.moving if n in canvas.nodes], seen)
        canvas.pills.paint_live(painter)
        painter.restore()

    def _paint_items(self, painter: QPainter, items: Iterable[CanvasItem], rects: QRectF | Iterable[QRectF]) -> None:
        """Draw items where they are in a rectangle, or each in one of its own; the painter is in canvas units, as they are."""
        port, option = self._view.viewport(), QStyleOptionGraphicsItem()
        for item, rect in zip(items, repeat(rects) if isinstance(rects, QRectF) else rects, strict=False):
            at = item.pos()
            painter.save()
            painter.translate(at)
            option.exposedRect = rect.translated(-at) & item.boundingRect()
            item.paint(painter, option, port)
            painter.restore()


def items_in(canvas: CanvasScene, rect: QRectF) -> list[CanvasItem]:
    """Return the items to be painted in a rectangle, the lowest first. (`QGraphicsScene.items` asks very many items.)"""
    layers = [item for item in canvas.layers if item.isVisible() and item.sceneBoundingRect().intersects(rect)]
    near = canvas.plates.nodes_in(rect.adjusted(-WORDS, -WORDS, WORDS, WORDS))
    if canvas.context.scissors:
        both = {*near, *canvas.context.scissors}
        near = [n for n in canvas.nodes if n in both]
    nodes = [item for item in map(canvas.nodes.__getitem__, near) if item.isVisible() and item.sceneBoundingRect().intersects(rect)]
    below = sum(item.zValue() < Z["node"] for item in layers)
    return [*layers[:below], *nodes, *layers[below:]]
