"""Tokens become colours, fonts and icons; the scale of gradients means the same in both themes."""

import math

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import QWidget

from gradstudio.app import theme
from gradstudio.app.theme import GradientRange

THEMES = ("dark", "light")


def test_the_range_of_the_tutorial_maps_its_gradients_to_the_pictured_widths():
    scale = GradientRange(1.0, 12.0)
    assert scale.decades == 2
    assert scale.t(12.0) == 1.0
    assert scale.width(12.0) == 7.0
    assert scale.width(1.0) == pytest.approx(2 + 5 * (1 - math.log10(12) / 2))


def test_a_magnitude_never_falls_under_the_floor_and_only_zero_is_zero():
    scale = GradientRange(1e-12, 1.0)
    assert scale.decades == 6
    assert scale.t(1e-12) == 0.08
    assert scale.t(-1e-12) == 0.08
    assert scale.t(0.0) == 0.0
    assert scale.t(math.inf) == 1.0
    assert GradientRange().t(3.0) == 1.0


@pytest.mark.parametrize("name", THEMES)
def test_sign_picks_the_hue_and_not_finite_is_crimson(name):
    t = theme.named(name)
    assert t.gradient(1.0) != t.gradient(-1.0)
    assert t.gradient(1.0).name() == theme.TOKENS["color"][name]["gradient"]["positive"][-1].lower()
    assert t.gradient(math.nan) == t.color("error")
    assert t.gradient(0.0) == t.color("text3")
    assert t.gradient_text(None) == t.color("text3")


@pytest.mark.parametrize("name", THEMES)
def test_text_is_legible_on_every_ground(name):
    t = theme.named(name)
    pairs = ("text", "node"), ("text2", "panel"), ("text3", "hover"), ("error", "errorBg"), ("onAccent", "accentFill")
    assert min(theme.contrast(t.color(ink), t.color(ground)) for ink, ground in pairs) >= 4.5


@pytest.mark.parametrize("name", THEMES)
def test_ink_on_a_cell_is_legible_at_every_shade(name):
    t = theme.named(name)
    fills = [t.value(i / 10) for i in range(-10, 11)] + [t.gradient(s, i / 10) for s in (1, -1) for i in range(11)]
    assert min(theme.contrast(t.ink_on(f), f) for f in fills) >= 4.2


def test_fonts_are_the_bundled_ones_and_no_text_is_smaller_than_eleven(qapp):
    assert theme.load_fonts() == ()
    assert theme.font("nodeValueLeaf").pixelSize() == 22
    assert theme.font("nodeValueLeaf").families()[0] == "JetBrains Mono NL"
    assert theme.font("caption", scale=0.5).pixelSize() == 11
    assert theme.font("body", scale=1.5).pixelSize() == 18
    assert theme.font("code").hintingPreference() == QFont.HintingPreference.PreferNoHinting


def test_an_icon_is_tinted_sharp_and_drawn_once(qapp):
    t = theme.named("dark")
    pixmap = t.icon("play", "error", 16, 2.0)
    assert (pixmap.width(), pixmap.devicePixelRatio()) == (32, 2.0)
    image = pixmap.toImage()
    solid = [image.pixelColor(x, y) for x in range(32) for y in range(32) if image.pixelColor(x, y).alpha() == 255]
    assert solid
    assert all(abs(c.red() - t.color("error").red()) < 8 for c in solid)
    assert t.icon("play", "error", 16, 2.0) is pixmap


@pytest.mark.parametrize("name", THEMES)
def test_the_palette_and_the_style_sheet_speak_tokens(qapp, name):
    t = theme.named(name)
    assert theme.palette(t).color(QPalette.ColorRole.Window) == t.color("panel")
    sheet = theme.style_sheet(t)
    assert "@" not in sheet
    assert t.color("line2").name() in sheet


def test_a_mode_that_is_a_theme_is_itself_and_system_is_one_of_both(qapp):
    assert theme.resolved("light") == "light"
    assert theme.resolved("dark") == "dark"
    assert theme.resolved("system") in THEMES


def test_a_theme_that_is_worn_is_not_put_on_again(qapp, qtbot):
    class Counted(QWidget):
        changes = 0

        def changeEvent(self, event: QEvent) -> None:
            self.changes += event.type() == QEvent.Type.StyleChange

    theme.apply(qapp, theme.named("light"))
    widget = Counted()
    qtbot.addWidget(widget)
    widget.show()
    before = widget.changes
    theme.apply(qapp, theme.named("light"))
    assert widget.changes == before
    theme.apply(qapp, theme.named("dark"))
    assert widget.changes > before
