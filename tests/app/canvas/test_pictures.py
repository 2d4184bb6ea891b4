"""The cache of pictures."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from gradstudio.app.canvas.cell_faces import reduced
from gradstudio.app.canvas.pictures import Pictures, snap


def canvas() -> QImage:
    image = QImage(64, 64, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    return image


def test_a_picture_is_drawn_once_and_looks_as_drawn_directly(qapp):
    drawn = []

    def draw(painter: QPainter) -> None:
        drawn.append(1)
        painter.fillRect(QRectF(0, 0, 20, 10), QColor("red"))

    pictures, image = Pictures(), canvas()
    painter = QPainter(image)
    painter.translate(5.4, 7.6)
    for _ in range(3):
        pictures.draw(painter, "key", QRectF(-2, -2, 24, 14), 1.0, 1.0, draw)
    painter.end()
    assert len(drawn) == 1
    assert image.pixelColor(5, 8) == QColor("red")
    assert image.pixelColor(4, 8).alpha() == 0
    assert image.pixelColor(24, 17) == QColor("red")


def test_a_picture_has_the_pixels_of_what_is_drawn_directly_at_any_zoom(qapp):
    def draw(painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawEllipse(QRectF(1.3, 2.2, 30, 20))

    for zoom in (1.0, 0.8, 0.77, 1.25):
        images = []
        for pictured in (False, True):
            image = canvas()
            painter = QPainter(image)
            painter.translate(9.6, 11.4)
            painter.scale(zoom, zoom)
            snap(painter, 1.0)
            if pictured:
                Pictures().draw(painter, "key", QRectF(-3, -3, 40, 30), zoom, 1.0, draw)
            else:
                draw(painter)
            painter.end()
            images.append(image)
        assert images[0] == images[1], zoom


@pytest.mark.parametrize("ratio", [1.0, 1.25, 1.5, 2.0])
@pytest.mark.parametrize("zoom", [1.0, 0.8, 1.25])
def test_a_picture_within_a_picture_has_its_size_on_any_screen(qapp, ratio, zoom):
    """A plate is drawn from a picture of its own, whether the node around it is one or is drawn at once."""
    pictures, area = Pictures(), QRectF(-3, -3, 40, 30)

    def plate(painter: QPainter) -> None:
        painter.fillRect(QRectF(0, 0, 20, 16), QColor("red"))

    def node(painter: QPainter) -> None:
        pictures.draw(painter, "plate", area, zoom, ratio, plate)

    images = []
    for whole in (False, True):
        image = QImage(128, 128, QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(0)
        image.setDevicePixelRatio(ratio)
        with QPainter(image) as painter:
            painter.translate(8.0, 12.0)
            painter.scale(zoom, zoom)
            if whole:
                pictures.draw(painter, "node", area, zoom, ratio, node)
            else:
                node(painter)
        images.append(image)
    assert images[0] == images[1]
    assert images[0].pixelColor(int((8 + 10 * zoom) * ratio), int((12 + 14 * zoom) * ratio)) == QColor("red")


def test_another_zoom_draws_anew(qapp):
    drawn = []
    pictures, image = Pictures(), canvas()
    painter = QPainter(image)
    for scale in (1.0, 1.5, 1.5):
        pictures.draw(painter, "key", QRectF(0, 0, 10, 10), scale, 1.0, lambda p: drawn.append(1))
    painter.end()
    assert len(drawn) == 2


def test_the_least_used_go_first_when_it_is_full(qapp):
    pictures, image = Pictures(limit=4 * 100 * 3), canvas()
    painter, drawn = QPainter(image), []
    for key in ("a", "b", "c", "a", "d", "a", "b"):
        pictures.draw(painter, key, QRectF(0, 0, 10, 10), 1.0, 1.0, lambda p, key=key: drawn.append(key))
    painter.end()
    assert drawn == ["a", "b", "c", "d", "b"]


def test_a_large_tensor_is_reduced_to_what_is_largest_in_each_block():
    matrix = np.zeros((64, 128))
    matrix[10, 20], matrix[63, 127], matrix[30, 30] = -5.0, 3.0, np.nan
    small = reduced(matrix)
    assert small.shape[0] <= 18
    assert small.shape[1] <= 24
    assert np.nanmin(small) == -5.0
    assert np.nanmax(small) == 3.0
    assert np.isnan(small).sum() == 1
    assert reduced(np.ones((3, 4))).shape == (3, 4)
