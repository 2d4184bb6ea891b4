"""Pictures: what is costly to draw is kept as pixmaps, so that panning, hovering and changing numbers only blit."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Hashable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPixmap, QTransform

LIMIT = 64 * 2**20  # bytes
LARGEST = 700_000  # device pixels; what is larger is drawn each time


class Pictures:
    """A cache of pixmaps, one a key, the least used thrown away first. A key names all that a picture shows but the zoom."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._kept: OrderedDict[Hashable, tuple[QPixmap, float]] = OrderedDict()
        self._size = 0

    def draw(self, painter: QPainter, key: Hashable, rect: QRectF, scale: float, ratio: float, draw: Callable[[QPainter], None]) -> None:
        """Blit the picture of `rect` (painter's units), drawing it first where it is not kept.

        `scale`: view pixels a unit; `ratio`: device pixels a view pixel.
        """
        found = self.prepare(key, rect, scale, ratio, draw)
        if found is None:
            painter.save()
            draw(painter)
            painter.restore()
        else:
            own = painter.device().devicePixelRatioF()  # 1 within another picture, whose painter is scaled
            blit(painter, found, grid_corner(rect, scale * ratio), own)

    def holds(self, key: Hashable, scale: float, ratio: float) -> bool:
        """Return whether a picture is kept that `draw` would only blit."""
        found = self._kept.get(key)
        return found is not None and found[1] == scale * ratio

    def prepare(self, key: Hashable, rect: QRectF, scale: float, ratio: float, draw: Callable[[QPainter], None]) -> QPixmap | None:
        """Return a picture, drawn and kept from now on if it was not; None if it is too large for that."""
        resolution = scale * ratio
        if rect.width() * rect.height() * resolution**2 > LARGEST:
            return None
        found = self._kept.get(key)
        if found is None or found[1] != resolution:
            found = self._drawn(rect, resolution, draw), resolution
            self._keep(key, found)
        else:
            self._kept.move_to_end(key)
        return found[0]

    def clear(self) -> None:
        """Throw all away: another theme, another screen."""
        self._kept.clear()
        self._size = 0

    def _drawn(self, rect: QRectF, resolution: float, draw: Callable[[QPainter], None]) -> QPixmap:
        left, top = grid_corner(rect, resolution)
        width, height = math.ceil(rect.right() * resolution) - left, math.ceil(rect.bottom() * resolution) - top
        pixmap = QPixmap(max(1, width), max(1, height))
        pixmap.fill(Qt.GlobalColor.transparent)
        with QPainter(pixmap) as painter:
            painter.translate(-left, -top)
            painter.scale(resolution, resolution)
            draw(painter)
        return pixmap

    def _keep(self, key: Hashable, made: tuple[QPixmap, float]) -> None:
        old = self._kept.pop(key, None)
        self._size += _bytes(made[0]) - (_bytes(old[0]) if old else 0)
        self._kept[key] = made
        while self._size > self._limit and len(self._kept) > 1:
            _, gone = self._kept.popitem(last=False)
            self._size -= _bytes(gone[0])


def grid_corner(rect: QRectF, resolution: float) -> tuple[int, int]:
    """Return the device pixel, from the origin, at which a picture of a rectangle begins: drawn at once it has the same pixels."""
    return math.floor(rect.left() * resolution), math.floor(rect.top() * resolution)


def blit(painter: QPainter, pixmap: QPixmap, corner: tuple[int, int], ratio: float) -> None:
    """Draw a pixmap pixel by pixel, its corner so many device pixels from the one nearest to the origin."""
    transform = painter.worldTransform()
    dx, dy = transform.dx(), transform.dy()
    left, top = math.floor(dx * ratio + 0.5) + corner[0], math.floor(dy * ratio + 0.5) + corner[1]
    if ratio == 1 and transform.m11() == 1:  # a canvas is never turned
        painter.drawPixmap(QPointF(left - dx, top - dy), pixmap)
    else:
        painter.setWorldTransform(QTransform.fromScale(1 / ratio, 1 / ratio))
        painter.drawPixmap(QPointF(left, top), pixmap)
        painter.setWorldTransform(transform)


def snap(painter: QPainter, ratio: float) -> None:
    """Shift a painter so that its origin lies on a device pixel, as pictures do."""
    transform = painter.worldTransform()
    dx = math.floor(transform.dx() * ratio + 0.5) / ratio - transform.dx()
    dy = math.floor(transform.dy() * ratio + 0.5) / ratio - transform.dy()
    if dx or dy:
        painter.setWorldTransform(transform * QTransform.fromTranslate(dx, dy))


def _bytes(pixmap: QPixmap) -> int:
    return pixmap.width() * pixmap.height() * 4
