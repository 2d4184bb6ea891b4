"""Legend and zoom box."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from gradstudio.app import theme
from gradstudio.app.theme import GradientRange


def click(widget, x):
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=QPoint(x, 15))


def test_the_legend_prints_the_ends_of_the_pass_and_keeps_them_while_stepping(view, studio, settle):
    assert view.overlays.legend.ends() == ("−12", "+12")
    studio.player.go_to(56)
    settle()
    assert view.overlays.legend.ends() == ("−12", "+12")


def test_a_click_on_the_legend_shows_norms_and_another_signs(view):
    click(view.overlays.legend, 40)
    assert view.canvas.norms
    assert view.overlays.legend.ends() == ("0.012", "12")
    click(view.overlays.legend, 40)
    assert not view.canvas.norms


def test_long_ends_do_not_run_into_each_other(view):
    legend = view.overlays.legend
    legend.show_range(theme.named("dark"), GradientRange(1e3, 2.6e5), False)
    assert legend.ends() == ("−2.6e5", "+2.6e5")
    assert legend.width() >= 284
    assert legend._ramp >= 12 + 50 + 40


def test_the_zoom_box_zooms_resets_and_fits(view):
    click(view.overlays.zoom_box, 82)
    assert view.zoom == 1.25
    click(view.overlays.zoom_box, 54)
    assert view.zoom == 1.0
    click(view.overlays.zoom_box, 18)
    assert view.zoom == 0.8
    click(view.overlays.zoom_box, 115)
    assert view.zoom == 1.0


def test_both_stay_in_the_corners(view):
    view.resize(900, 500)
    assert view.overlays.legend.geometry().bottom() <= 500 - 12
    assert view.overlays.zoom_box.geometry().right() <= 900 - 15
