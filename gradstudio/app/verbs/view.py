"""Verbs of the view: search, zoom, theme, docks, help."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gradstudio.app.lower_dock import LEDGER, STEPS

if TYPE_CHECKING:
    from gradstudio.app.main_window import MainWindow

Verb = Callable[["MainWindow"], None]
Test = Callable[["MainWindow"], bool]


def search(w: MainWindow) -> None:
    w.searching.everything()


def find(w: MainWindow) -> None:
    w.searching.nodes()


def fit(w: MainWindow) -> None:
    w.canvas.fit_selection()


def fit_all(w: MainWindow) -> None:
    w.canvas.fit_all()


def zoom_reset(w: MainWindow) -> None:
    w.canvas.reset_zoom()


def zoom_in(w: MainWindow) -> None:
    w.canvas.zoom_by(1.25)


def zoom_out(w: MainWindow) -> None:
    w.canvas.zoom_by(0.8)


def toggle_fade(w: MainWindow) -> None:
    fade = w.canvas.canvas.fade
    fade.show(not fade.on)
    if fade.on and fade.nodes is None:
        w.studio.notify("Select a node or a wire: what leads to it and what it leads to stays, the rest fades")


def toggle_minimap(w: MainWindow) -> None:
    overlays = w.canvas.overlays
    overlays.show_map(not overlays.minimap.wanted)


def theme(mode: str) -> Verb:
    """Return the verb that chooses a theme."""
    return lambda w: w.studio.set_theme(mode)


def toggle_precision(w: MainWindow) -> None:
    w.studio.set_full_precision(not w.studio.full_precision)


def toggle_motion(w: MainWindow) -> None:
    w.canvas.set_motion(not w.canvas.canvas.motion)


def toggle_docks(w: MainWindow) -> None:
    w.docks.set_hidden(not w.docks.hidden)


def toggle_steps(w: MainWindow) -> None:
    w.under.toggle(STEPS)


def toggle_ledger(w: MainWindow) -> None:
    w.under.toggle(LEDGER)


def watch(grad: bool) -> Verb:
    """Return the verb that watches the selected tensors, or their `.grad`; or no longer. The watches are shown."""

    def go(w: MainWindow) -> None:
        before = len(w.studio.markers.watches)
        for node in w.studio.selected_nodes:
            w.studio.markers.toggle_watch(((*w.studio.scope, node), 0), grad)
        if len(w.studio.markers.watches) > before and w.under.shown != LEDGER:
            w.under.show_panel(LEDGER)

    return go


def next_dock(w: MainWindow) -> None:
    w.docks.focus_next()


def reset_layout(w: MainWindow) -> None:
    w.docks.reset()
    w.canvas.overlays.show_map(None)


def show_menu(w: MainWindow) -> None:
    w.actions_.show_menu()


def show_keys(w: MainWindow) -> None:
    w.dialogs.show_keys()


def about(w: MainWindow) -> None:
    w.dialogs.about()
