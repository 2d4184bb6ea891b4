"""Pictures of nodes, so that panning, hovering and a moving wire blit instead of drawing text again."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Hashable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPixmap

LIMIT = 48 * 2**20  # bytes


class Pictures:
    """A cache of pixmaps, the least used thrown away first. Keys name all that a picture shows."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._kept: OrderedDict[Hashable, QPixmap] = OrderedDict()
        self._size = 0

    def draw(self, painter: QPainter, key: Hashable, rect: QRectF, scale: float, ratio: float, draw: Callable[[QPainter], None]) -> None:
        """Blit the picture of `rect` (item coordinates) at the nearest whole pixel, drawing it first where it is not kept.

        `scale`: view scale; `ratio`: device pixels a view pixel.
        """
        pixmap = self._kept.get(key)
        if pixmap is None:
            pixmap = self._drawn(rect, scale, ratio, draw)
            self._keep(key, pixmap)
        else:
            self._kept.move_to_end(key)
        corner = painter.worldTransform().map(rect.topLeft())
        snapped = QPointF(math.floor(corner.x() * ratio + 0.5) / ratio, math.floor(corner.y() * ratio + 0.5) / ratio)
        painter.save()
        painter.resetTransform()
        painter.drawPixmap(snapped, pixmap)
        painter.restore()

    def clear(self) -> None:
        """Throw all away: another theme, another screen."""
        self._kept.clear()
        self._size = 0

    def _drawn(self, rect: QRectF, scale: float, ratio: float, draw: Callable[[QPainter], None]) -> QPixmap:
        pixmap = QPixmap(max(1, math.ceil(rect.width() * scale * ratio)), max(1, math.ceil(rect.height() * scale * ratio)))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.scale(scale, scale)
        painter.translate(-rect.topLeft())
        draw(painter)
        painter.end()
        return pixmap

    def _keep(self, key: Hashable, pixmap: QPixmap) -> None:
        self._kept[key] = pixmap
        self._size += pixmap.width() * pixmap.height() * 4
        while self._size > self._limit and len(self._kept) > 1:
            _, gone = self._kept.popitem(last=False)
            self._size -= gone.width() * gone.height() * 4
