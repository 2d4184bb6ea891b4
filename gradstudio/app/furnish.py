"""Furnish: all that stands in the window, in the order in which one thing needs another. Importing it loads nearly all of the program."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint

from gradstudio.app.actions import Actions
from gradstudio.app.canvas.view import CanvasView
from gradstudio.app.change import Change
from gradstudio.app.clipboard import Clipboard
from gradstudio.app.dialogs import Dialogs
from gradstudio.app.docks import Docks
from gradstudio.app.files import Files
from gradstudio.app.lessons import Lessons
from gradstudio.app.lower_dock import LowerDock
from gradstudio.app.panels.code import CodePanel
from gradstudio.app.panels.inspector.panel import InspectorPanel
from gradstudio.app.panels.palette import PalettePanel
from gradstudio.app.panels.timeline.panel import TimelinePanel
from gradstudio.app.placing import Placing
from gradstudio.app.searching import Searching
from gradstudio.app.status import StatusBar
from gradstudio.app.studio import Studio
from gradstudio.app.toolbar import Toolbar
from gradstudio.app.widgets.error_card import ErrorCard
from gradstudio.app.widgets.step_card import StepCard
from gradstudio.document.graph import NodeId

if TYPE_CHECKING:
    from gradstudio.app.main_window import MainWindow


def furnish(window: MainWindow, studio: Studio) -> None:
    """Put everything into a window."""
    window.studio = studio
    window.dialogs = Dialogs(window)
    window.clipboard = Clipboard(studio)
    window.lessons = Lessons(window)
    window.files = Files(window)
    window.placing = Placing(window)
    window.searching = Searching(window)
    window.toolbar = Toolbar(studio, window)
    window.palette_panel = PalettePanel(studio, window)
    window.canvas = CanvasView(studio, window)
    window.timeline = TimelinePanel(studio, window)
    window.inspector = InspectorPanel(studio, window)
    window.code = CodePanel(studio, window)
    window.under = LowerDock(studio, window.code, window)
    window.status = StatusBar(studio, window)
    window.cards = (ErrorCard(studio, window.canvas), StepCard(studio, window.canvas, window.canvas.canvas.steps.clock))
    window.docks = Docks(window)
    window.actions_ = Actions(window)
    _connect(window)
    window.refresh(Change(everything=True, file=True))
    window.show_cards()


def _connect(window: MainWindow) -> None:
    """Let what stands in a window ask for what belongs to another part of it."""
    canvas, bar = window.canvas, window.toolbar
    bar.wanted.connect(window.do)
    bar.backward.menu_wanted.connect(partial(_show_backward_menu, window))
    window.palette_panel.chosen.connect(window.placing.add_item)
    window.at_leisure.connect(window.palette_panel.describe)
    canvas.search_requested.connect(window.searching.ops)
    canvas.menu_requested.connect(window.actions_.show_context)
    canvas.table_requested.connect(partial(_open_table, window))
    canvas.space_tapped.connect(partial(window.do, "play"))
    canvas.complete_leaf = window.dialogs.complete_leaf
    window.timeline.plots_ready.connect(window.plots_ready)
    for card in window.cards:
        card.wanted.connect(window.show_cards)


def _open_table(window: MainWindow, node: NodeId) -> None:
    from gradstudio.app.tables import open_table  # only when asked for

    open_table(window.studio, window, node)


def _show_backward_menu(window: MainWindow, at: QPoint) -> None:
    window.context_menu("backward").popup(at)
