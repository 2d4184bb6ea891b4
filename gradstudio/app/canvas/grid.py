"""The ground of the canvas with its dots, drawn as one texture: copying pixels takes a fraction of the time of blending them."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF
from PySide6.QtGui import QImage, QPainter, QPixmap, QTransform

from gradstudio.app.theme import SIZE, Theme

DOT = 0.9  # px
LEAST_SIDE, MOST_SIDE = 200, 640  # device pixels of a texture
NEAR = 0.02  # device pixels by which it may miss its end
SPARSE_UNDER, NONE_UNDER = 0.6, 0.3  # zoom: every second dot, no dots


def paint_ground(painter: QPainter, area: QRect, way: QTransform, theme: Theme, ratio: float) -> None:
    """Fill an area of a view, in its pixels, as the painter is. `way`: from the canvas to the view; `ratio`: device pixels a pixel."""
    zoom = way.m11()
    if zoom < NONE_UNDER:
        painter.fillRect(area, theme.color("canvas"))
        return
    tile, length = _texture(theme, zoom, ratio)
    left, top = (_start(shift * ratio, length) for shift in (way.dx(), way.dy()))
    here = QRectF(area.x() * ratio, area.y() * ratio, area.width() * ratio, area.height() * ratio)
    world = painter.worldTransform()
    painter.setWorldTransform(QTransform.fromScale(1 / ratio, 1 / ratio))  # a texture that is not scaled is copied
    painter.drawTiledPixmap(here, tile, QPointF((here.x() - left) % tile.width(), (here.y() - top) % tile.height()))
    painter.setWorldTransform(world)


def _start(origin: float, length: float) -> int:
    """Return the device pixel near the edge of the view at which a texture begins, so that what it misses does not add up."""
    return math.floor(origin + math.floor(-origin / length) * length + 0.5)


@lru_cache(maxsize=4)
def _texture(theme: Theme, zoom: float, ratio: float) -> tuple[QPixmap, float]:
    """Return so many cells of the grid that they end on a whole pixel, or very nearly, and their length in device pixels."""
    pitch = SIZE["grid"] * (1 if zoom >= SPARSE_UNDER else 2) * zoom * ratio
    least = math.ceil(LEAST_SIDE / pitch)
    counts = range(least, max(least, math.floor(MOST_SIDE / pitch)) + 1)
    cells = min(counts, key=lambda n: (max(NEAR, abs(n * pitch - round(n * pitch))), n))
    side, radius = round(cells * pitch), DOT * max(1.0, zoom) * ratio
    off = np.abs((np.arange(side) + 0.5) * cells / side % 1 - 0.5) * side / cells  # of each pixel from the nearest row of dots
    near = np.flatnonzero(off < radius + 1)
    covered = np.clip(radius + 0.5 - np.hypot(off[near, None], off[None, near]), 0, 1)
    ground, dot = ((c.red(), c.green(), c.blue()) for c in (theme.color("canvas"), theme.color("grid")))
    pixels = np.full((side, side), theme.color("canvas").rgba(), np.uint32)
    mixed = [np.rint(a + (b - a) * covered).astype(np.uint32) for a, b in zip(ground, dot, strict=True)]
    pixels[near[:, None], near] = 255 << 24 | mixed[0] << 16 | mixed[1] << 8 | mixed[2]
    image = QImage(pixels.data, side, side, 4 * side, QImage.Format.Format_RGB32)
    return QPixmap.fromImage(image.copy()), cells * pitch  # a copy: the array goes
