"""The painter's vocabulary."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from gradstudio.app import theme
from gradstudio.app.paint import Paint, cell_color, nine_patches, pill_rect, wrapped


@pytest.fixture
def image(qapp):
    made = QImage(200, 100, QImage.Format.Format_ARGB32_Premultiplied)
    made.fill(QColor("black"))
    return made


def painted(image, draw):
    painter = QPainter(image)
    result = draw(Paint(painter, theme.named("dark")))
    painter.end()
    return result


def rows_with_ink(image):
    return [y for y in range(image.height()) if any(image.pixelColor(x, y).lightness() > 100 for x in range(image.width()))]


@pytest.mark.parametrize("role", ["nodeValueLeaf", "body", "code", "heading"])
def test_text_is_centred_on_its_cap_height(image, role):
    painted(image, lambda p: p.text(10, 50, "HXH", role, QColor("white")))
    rows = rows_with_ink(image)
    assert abs((rows[0] + rows[-1] + 1) / 2 - 50) <= 1


def test_text_that_is_too_wide_is_elided(image):
    width = painted(image, lambda p: p.text(0, 50, "a very long name that does not fit", width=80))
    assert width <= 80


def test_text_is_aligned_left_right_or_in_the_middle(image):
    for align, left, right in (("l", 100, 200), ("r", 0, 101), ("c", 60, 140)):
        image.fill(QColor("black"))
        painted(image, lambda p, align=align: p.text(100, 50, "HHHHH", "body", QColor("white"), align))
        columns = [x for x in range(200) if any(image.pixelColor(x, y).lightness() > 100 for y in range(100))]
        assert left <= columns[0]
        assert columns[-1] <= right


def test_a_hairline_is_one_crisp_pixel(image):
    painted(image, lambda p: p.hairline(10, 40, 190, 40, QColor("white")))
    assert rows_with_ink(image) == [40]
    assert image.pixelColor(100, 40) == QColor("white")


def test_words_are_wrapped_at_blanks_and_keep_their_line_breaks(qapp):
    measure = theme.metrics("body")
    lines = wrapped("one two three four\nfive", measure, measure.horizontalAdvance("one two three"))
    assert lines == ["one two three", "four", "five"]


def test_a_pill_is_as_wide_as_its_number_and_20_high(qapp):
    rect = pill_rect(theme.named("dark"), 100, 50, "12.0")
    assert rect.height() == 20
    assert rect.center().x() == pytest.approx(100, abs=1)
    assert pill_rect(theme.named("dark"), 0, 0, "‖0.6265‖").width() > rect.width()


def test_a_switch_shows_on_and_off_by_the_place_of_its_knob(image):
    def knob(on):
        image.fill(QColor("black"))
        painted(image, lambda p: p.switch(20, 50, on))
        return image.pixelColor(39, 50) != image.pixelColor(30, 50), image.pixelColor(27, 50)

    assert knob(True) != knob(False)


def test_cells_tell_sign_by_hue_and_zero_and_nan_apart():
    t = theme.named("dark")
    plus, minus = cell_color(t, 1.0, 1.0, True), cell_color(t, -1.0, 1.0, True)
    assert plus != minus
    assert cell_color(t, 0.0, 1.0, True) == t.color("raised")
    assert cell_color(t, float("nan"), 1.0, True) == t.color("error")
    assert cell_color(t, 1.0, 1.0, False).lightness() > cell_color(t, -1.0, 1.0, False).lightness()


def test_nine_patches_cover_the_whole_rectangle_and_leave_corners_alone():
    outer, source = QRectF(0, 0, 100, 60), QRectF(0, 0, 30, 30)
    patches = nine_patches(outer, source, 14)
    assert sum(t.width() * t.height() for t, _ in patches) == 100 * 60
    corners = [t for t, s in patches if (s.width(), s.height()) == (14, 14)]
    assert len(corners) == 4
    assert all((t.width(), t.height()) == (14, 14) for t in corners)


def test_a_shadow_darkens_below_more_than_above_and_nothing_far_away(image):
    image.fill(QColor("white"))
    painted(image, lambda p: p.shadow(QRectF(60, 30, 80, 30), 9))
    above, below = image.pixelColor(100, 26).lightness(), image.pixelColor(100, 64).lightness()
    assert below < above < 255
    assert image.pixelColor(2, 2) == QColor("white")
