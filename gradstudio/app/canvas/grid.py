"""The dot grid under everything, drawn as a texture."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QPainter, QPixmap, QTransform

from gradstudio.app.paint import SMOOTH, Paint
from gradstudio.app.theme import SIZE, Theme

DOT = 0.9  # px
CELLS = 16  # dots along each side of the texture: Qt fills a view with a few large tiles in a fraction of the time
SPARSE_UNDER, NONE_UNDER = 0.6, 0.3  # zoom: every second dot, no dots


class Grid:
    """Keeps the texture of the last zoom."""

    def __init__(self) -> None:
        self._key: object = None
        self._brush = QBrush()

    def paint(self, painter: QPainter, rect: QRectF, theme: Theme, zoom: float, ratio: float) -> None:
        """Fill a rectangle of the canvas with dots. `ratio`: device pixels a canvas unit."""
        if zoom < NONE_UNDER:
            return
        key = (theme, zoom, ratio)
        if key != self._key:
            self._key, self._brush = key, _texture(theme, zoom, ratio)
        painter.setRenderHint(SMOOTH)
        painter.fillRect(rect, self._brush)
        painter.setRenderHint(SMOOTH, False)


def _texture(theme: Theme, zoom: float, ratio: float) -> QBrush:
    pitch = SIZE["grid"] * (1 if zoom >= SPARSE_UNDER else 2)
    side = max(4, round(pitch * ratio))
    tile = QPixmap(side, side)
    tile.fill(Qt.GlobalColor.transparent)
    painter = QPainter(tile)
    painter.scale(side / pitch, side / pitch)
    Paint(painter, theme, ratio).dot(pitch / 2, pitch / 2, DOT / min(1.0, zoom), "grid")
    painter.end()
    cells = QPixmap(side * CELLS, side * CELLS)
    cells.fill(Qt.GlobalColor.transparent)
    painter = QPainter(cells)
    painter.drawTiledPixmap(cells.rect(), tile)
    painter.end()
    brush = QBrush(cells)
    brush.setTransform(QTransform.fromScale(pitch / side, pitch / side))
    return brush
