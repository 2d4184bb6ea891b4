"""Searching: where the search opens, and for what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF

from gradstudio.app.canvas.overlay import MARGIN
from gradstudio.app.search import SearchPopup
from gradstudio.document.graph import BlockId

if TYPE_CHECKING:
    from gradstudio.app.main_window import MainWindow


class Searching:
    """The searches of one window."""

    def __init__(self, window: MainWindow) -> None:
        self.window = window

    def everything(self) -> None:
        """Search ops, nodes and commands, under the field of the toolbar."""
        field = self.window.toolbar.search
        SearchPopup(self.window).open_for_all(field.mapToGlobal(QPoint(0, 0)), field.width())

    def nodes(self) -> None:
        """Find nodes of the graph, from the corner of the canvas where the least is."""
        port = self.window.canvas.viewport()
        SearchPopup(self.window).open_to_find(port.mapToGlobal(QPoint(port.width() - MARGIN, MARGIN)))

    def ops(self, at: QPointF | None, loose: object = None) -> None:
        """Search an op to add at a place of the canvas, or where there is room; with a loose wire, one that it fits."""
        SearchPopup(self.window).open_at(at, loose)

    def ops_at_pointer(self) -> None:
        """Search an op to add where the context menu was asked for, else at the pointer, else beside what is selected."""
        self.ops(self.window.actions_.place or self.window.canvas.pointer())

    def blocks(self, blocks: list[BlockId]) -> None:
        """Ask which block the selection goes to."""
        canvas = self.window.canvas
        at = self.window.actions_.place or canvas.middle()
        SearchPopup(self.window).open_for_blocks(blocks, canvas.viewport().mapToGlobal(canvas.mapFromScene(at)))
