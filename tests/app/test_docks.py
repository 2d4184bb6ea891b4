"""Docks: the canvas keeps its width, the palette becomes a rail first, and comes back."""

from __future__ import annotations

import pytest

from gradstudio.app.docks import CANVAS
from gradstudio.app.main_window import MainWindow
from gradstudio.app.panels.rail import WIDTH


@pytest.fixture
def narrow(window: MainWindow, qtbot) -> MainWindow:
    """The window, too narrow for a palette beside a canvas of 640."""
    window.resize(1120, 800)
    qtbot.waitUntil(lambda: window.docks.folded and window.canvas.width() + window.docks.rail.width() < window.width())
    return window


def test_in_a_narrow_window_the_palette_is_a_rail_and_the_canvas_keeps_its_width(narrow, qtbot):
    assert not narrow.palette_panel.isVisible()
    assert narrow.docks.rail.width() == WIDTH
    qtbot.waitUntil(lambda: narrow.canvas.width() >= CANVAS)


def test_with_room_again_the_palette_is_back(narrow, qtbot):
    narrow.resize(1600, 1000)
    qtbot.waitUntil(lambda: narrow.palette_panel.isVisible())
    assert not narrow.docks.folded


def test_a_button_of_the_rail_unfolds_its_section(narrow):
    activation = next(b for b in narrow.docks.rail.buttons if b.accessibleName() == "Activation")
    head = next(head for head, _ in narrow.palette_panel.sections if head.title == "Activation")
    head.setChecked(False)
    activation.click()
    assert narrow.palette_panel.isVisible()
    assert not narrow.docks.rail.isVisible()
    assert head.isChecked()
    narrow.docks.fold()
    assert narrow.docks.folded


def test_the_search_of_the_rail_leads_to_the_field(narrow, qtbot):
    next(b for b in narrow.docks.rail.buttons if b.accessibleName() == "Add a node").click()
    assert narrow.palette_panel.field.hasFocus() or narrow.focusWidget() is narrow.palette_panel.field


def test_hidden_docks_come_back_as_they_were(narrow):
    narrow.docks.set_hidden(True)
    assert not narrow.docks.rail.isVisible()
    assert not narrow.palette_panel.isVisible()
    narrow.docks.set_hidden(False)
    assert narrow.docks.folded


def test_every_section_at_the_start_has_a_button(window):
    names = [b.accessibleName() for b in window.docks.rail.buttons]
    opened = [head.title for head, _ in window.palette_panel.sections if head.isChecked()]
    assert names[2:] == opened


def test_a_graph_that_was_fitted_stays_in_sight_when_a_panel_takes_room(window, qtbot):
    view, scene = window.canvas, window.canvas.canvas

    def is_seen() -> bool:
        return view.viewport().rect().contains(view.viewportTransform().mapRect(scene.content_rect()).toAlignedRect())

    assert is_seen()
    window.do("lessons")
    qtbot.waitUntil(lambda: window.lessons.panel.isVisible() and window.canvas.width() < 900)
    assert is_seen()
    window.do("lessons")


def test_who_looked_elsewhere_goes_on_looking_there(window, qtbot):
    view = window.canvas
    view.pan(40, 30)
    at = view.to_scene(view.viewport().rect().topLeft().toPointF())
    window.resize(1500, 900)
    qtbot.waitUntil(lambda: window.width() == 1500)
    assert view.to_scene(view.viewport().rect().topLeft().toPointF()) == at
