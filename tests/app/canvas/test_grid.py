"""The ground: dots stand where the grid of the canvas is, whatever the zoom; what is drawn in parts fits together."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage, QPainter, QTransform

from gradstudio.app import theme
from gradstudio.app.canvas.grid import paint_ground
from gradstudio.app.theme import SIZE

WHOLE = QRect(0, 0, 600, 400)


def ground(zoom: float, ratio: float, dx: float, areas: list[QRect], dy: float = 0.0) -> QImage:
    image = QImage(WHOLE.size() * ratio, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    with QPainter(image) as painter:
        for area in areas:
            painter.setClipRect(area)
            paint_ground(painter, area, QTransform(zoom, 0, 0, zoom, dx, dy), theme.named("dark"), ratio)
    return image


@pytest.mark.parametrize("ratio", [1.0, 2.0])
@pytest.mark.parametrize("zoom", [0.31, 0.59, 0.61, 0.87, 1.0, 1.37, 2.5])
def test_dots_lie_in_the_middle_of_the_cells_of_the_grid(qapp, zoom, ratio):
    image, ink = ground(zoom, ratio, 13.4, [WHOLE]), theme.named("dark").color("canvas")
    pitch, shift = SIZE["grid"] * (1 if zoom >= 0.6 else 2) * zoom * ratio, round(13.4 * ratio)
    for column in range(4):
        for row in range(3):
            x, y = shift + (column + 0.5) * pitch, (row + 0.5) * pitch
            near = [image.pixelColor(int(x) + i, int(y) + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
            assert any(each != ink for each in near), (column, row)
        assert image.pixelColor(int(shift + column * pitch), int(pitch)) == ink  # between dots


@pytest.mark.parametrize("ratio", [1.0, 1.25, 2.0])
@pytest.mark.parametrize("zoom", [0.512, 0.8, 1.0, 1.095, 1.25**3, 2.44])
def test_far_from_the_origin_dots_still_mark_where_nodes_snap(qapp, zoom, ratio):
    far = -5000.0 * zoom  # of the origin from the corner of the view
    image, ink = ground(zoom, ratio, far, [WHOLE], 3 * far), theme.named("dark").color("canvas")
    pitch = SIZE["grid"] * (1 if zoom >= 0.6 else 2) * zoom * ratio
    columns = [x for x in range(image.width()) if any(image.pixelColor(x, y) != ink for y in range(int(2 * pitch)))]
    rows = [y for y in range(image.height()) if any(image.pixelColor(x, y) != ink for x in range(int(2 * pitch)))]
    for found, origin in ((columns, far * ratio), (rows, 3 * far * ratio)):
        off = [(at + 0.5 - origin) / pitch % 1 - 0.5 for at in found]
        assert max(map(abs, off)) * pitch < 0.9 * max(1.0, zoom) * ratio + 2.0


@pytest.mark.parametrize("zoom", [0.2, 0.87, 1.0])
def test_areas_that_are_drawn_one_by_one_fit_together(qapp, zoom):
    parts = [QRect(x, y, 200, 100) for x in range(0, 600, 200) for y in range(0, 400, 100)]
    assert ground(zoom, 1.0, -77.7, parts) == ground(zoom, 1.0, -77.7, [WHOLE])


def test_from_afar_there_are_no_dots(qapp):
    assert {ground(0.2, 1.0, 0.0, [WHOLE]).pixelColor(x, 7).rgba() for x in range(600)} == {theme.named("dark").color("canvas").rgba()}
