"""Tiles: pictures of all wires in a square of the canvas, so that a view full of wires is a few blits."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator
from typing import Protocol

from msgspec import Struct
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPixmap

from gradstudio.app.canvas.pictures import blit, grid_corner

SIDE = 256.0  # canvas units at 100 %; at another zoom so many that a tile has 180 to 360 pixels
LIMIT = 48 * 2**20  # bytes
Place = tuple[float, int, int]  # side, column and row of a tile
Look = tuple[object, ...]
Ready = tuple[QRectF, QPixmap]  # a square and its picture


class Wires(Protocol):
    """What tiles show."""

    stamp: object

    def look(self, square: QRectF) -> Look:
        """Return what decides the pixels of a square; () where there is nothing. It is the same while the stamp is."""

    def draw(self, painter: QPainter, square: QRectF) -> None:
        """Draw a square. The painter is in canvas units."""


class Tile(Struct):
    """One square as it was last painted; it has a picture from the second time on that it looks the same."""

    look: Look
    stamp: object
    resolution: float
    pixmap: QPixmap | None = None


class WireTiles:
    """The tiles of some wires, the least used thrown away first."""

    def __init__(self, wires: Wires) -> None:
        self._wires = wires
        self._kept: OrderedDict[Place, Tile] = OrderedDict()
        self._size = 0

    def clear(self) -> None:
        """Throw all away: other wires."""
        self._kept.clear()
        self._size = 0

    def look_up(self, rect: QRectF, scale: float, ratio: float) -> tuple[list[Ready], list[QRectF]]:
        """Return the tiles of a rectangle that are ready to be blitted, and the squares that are left to the caller to draw.

        `scale`: view pixels a unit; `ratio`: device pixels a view pixel.
        """
        ready: list[Ready] = []
        left_over: list[QRectF] = []
        for place, square in squares(rect, scale):
            tile = self._tile(place, square, scale * ratio)
            if tile.pixmap is not None:
                ready.append((square, tile.pixmap))
            elif tile.look:
                left_over.append(square)
        return ready, left_over

    def _tile(self, place: Place, square: QRectF, resolution: float) -> Tile:
        """Return the tile of a square as it may be blitted; without a picture where it is to be drawn directly."""
        tile, stamp = self._kept.get(place), self._wires.stamp
        look = tile.look if tile is not None and tile.stamp is stamp else self._wires.look(square)
        same = tile is not None and (tile.look is look or tile.look == look)
        if tile is not None and same and tile.resolution == resolution:
            tile.stamp = stamp
            self._kept.move_to_end(place)
            fresh = False
        else:
            self._drop(place)
            tile, fresh = Tile(look, stamp, resolution), True
            self._kept[place] = tile
        if look and tile.pixmap is None and not fresh:
            tile.pixmap = self._drawn(square, resolution)
            self._size += _bytes(tile.pixmap)
            while self._size > LIMIT:
                self._drop(next(iter(self._kept)))
        return tile

    def _drop(self, place: Place) -> None:
        gone = self._kept.pop(place, None)
        if gone is not None and gone.pixmap is not None:
            self._size -= _bytes(gone.pixmap)

    def _drawn(self, square: QRectF, resolution: float) -> QPixmap:
        (left, top), (right, bottom) = _corner(square.topLeft(), resolution), _corner(square.bottomRight(), resolution)
        pixmap = QPixmap(max(1, right - left), max(1, bottom - top))
        pixmap.fill(Qt.GlobalColor.transparent)
        with QPainter(pixmap) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.translate(-left, -top)
            painter.scale(resolution, resolution)
            self._wires.draw(painter, square)
        return pixmap


def blit_tiles(painter: QPainter, ready: list[Ready], scale: float, ratio: float) -> None:
    """Draw tiles."""
    for square, pixmap in ready:
        blit(painter, pixmap, grid_corner(square, scale * ratio), ratio)


def squares(rect: QRectF, scale: float) -> Iterator[tuple[Place, QRectF]]:
    """Yield the squares that a rectangle meets."""
    side = SIDE * 2.0 ** -round(math.log2(scale))
    for row in range(math.floor(rect.top() / side), math.floor(rect.bottom() / side) + 1):
        for column in range(math.floor(rect.left() / side), math.floor(rect.right() / side) + 1):
            yield (side, column, row), QRectF(column * side, row * side, side, side)


def pixels_of(square: QRectF, resolution: float) -> QRectF:
    """Return what the picture of a square covers, whole pixels, in canvas units: of a pixel between two squares all is the latter's."""
    (left, top), (right, bottom) = _corner(square.topLeft(), resolution), _corner(square.bottomRight(), resolution)
    return QRectF(left / resolution, top / resolution, (right - left) / resolution, (bottom - top) / resolution)


def _corner(at: QPointF, resolution: float) -> tuple[int, int]:
    return math.floor(at.x() * resolution), math.floor(at.y() * resolution)


def _bytes(pixmap: QPixmap) -> int:
    return pixmap.width() * pixmap.height() * 4
