"""Tiles: pictures of all wires in a square of the canvas, so that a view full of wires is a few blits."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
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
Stroke = Callable[[QPainter], None]


class Wires(Protocol):
    """What tiles show."""

    @property
    def stamp(self) -> int:
        """Goes up whenever a square may look different."""

    def differ(self, square: QRectF, since: int) -> bool | None:
        """Say whether a square looks different since a stamp; None: its look tells."""

    @property
    def keeps(self) -> bool:
        """Whether it pays to make a picture of a square that is the same as it was: soon it may be another."""

    def look(self, square: QRectF) -> Look:
        """Return what decides the pixels of a square; () where there is nothing."""

    def strokes(self, square: QRectF) -> Iterator[Stroke]:
        """Yield what draws a square, part by part. Painters are in canvas units."""


class Tile(Struct):
    """One square as it was last painted; it has a picture from the second time on that it looks the same."""

    look: Look
    stamp: int
    resolution: float
    pixmap: QPixmap | None = None
    begun: tuple[QPixmap, Iterator[Stroke]] | None = None  # a picture in the making, and what is missing in it


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

    def prepare(self, rect: QRectF, scale: float, ratio: float, until: float) -> bool:
        """Draw pictures of the tiles of a rectangle until a time (perf_counter). Return whether all are there: `look_up` has them ready."""
        found = ((self._looked_at(place, square, scale * ratio)[0], square) for place, square in squares(rect, scale))
        return all(not tile.look or tile.pixmap is not None or self._go_on(tile, square, until) for tile, square in found)

    def _tile(self, place: Place, square: QRectF, resolution: float) -> Tile:
        """Return the tile of a square as it may be blitted; without a picture where it is to be drawn directly."""
        tile, fresh = self._looked_at(place, square, resolution)
        if tile.look and tile.pixmap is None and not fresh and self._wires.keeps:
            self._go_on(tile, square, math.inf)
        return tile

    def _looked_at(self, place: Place, square: QRectF, resolution: float) -> tuple[Tile, bool]:
        """Return the tile of a square, and whether it looks different from the last time."""
        tile, stamp = self._kept.get(place), self._wires.stamp
        look = self._look(tile, square)
        if tile is not None and tile.resolution == resolution and (tile.look is look or tile.look == look):
            tile.stamp = stamp
            self._kept.move_to_end(place)
            return tile, False
        self._drop(place)
        self._kept[place] = tile = Tile(look, stamp, resolution)
        return tile, True

    def _look(self, tile: Tile | None, square: QRectF) -> Look:
        """Return the look of a square: that of its tile where it is known to be the same, and some other one where to be another."""
        differs = None if tile is None else self._wires.differ(square, tile.stamp)
        if tile is not None and differs is False:
            return tile.look
        return (object(),) if differs else self._wires.look(square)

    def _drop(self, place: Place) -> None:
        gone = self._kept.pop(place, None)
        if gone is not None and gone.pixmap is not None:
            self._size -= _bytes(gone.pixmap)

    def _go_on(self, tile: Tile, square: QRectF, until: float) -> bool:
        """Draw the picture of a tile, or more of it. Return whether it is done."""
        (left, top), (right, bottom) = _corner(square.topLeft(), tile.resolution), _corner(square.bottomRight(), tile.resolution)
        if tile.begun is None:
            pixmap = QPixmap(max(1, right - left), max(1, bottom - top))
            pixmap.fill(Qt.GlobalColor.transparent)
            tile.begun = pixmap, self._wires.strokes(square)
        pixmap, strokes = tile.begun
        with QPainter(pixmap) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.translate(-left, -top)
            painter.scale(tile.resolution, tile.resolution)
            for stroke in strokes:
                stroke(painter)
                if time.perf_counter() >= until:
                    return False
        tile.pixmap, tile.begun = pixmap, None
        self._size += _bytes(pixmap)
        while self._size > LIMIT:
            self._drop(next(iter(self._kept)))
        return True


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
