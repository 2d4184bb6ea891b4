"""The overlays of a view: which there are, where each stands, and how they give way to a card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect

from gradstudio.app.canvas.breadcrumb import Breadcrumb
from gradstudio.app.canvas.overlay import MARGIN, OVERLAY_GAP, Legend, ZoomBox

if TYPE_CHECKING:
    from gradstudio.app.canvas.view import CanvasView


class Overlays:
    """A row below what was fitted: the legend at its left end, the zoom box at its right, the breadcrumb between them."""

    def __init__(self, view: CanvasView) -> None:
        self._view = view
        self._card = QRect()
        theme = view.canvas.theme
        self.legend = Legend(theme, view.switch_norms, view)
        self.breadcrumb = Breadcrumb(view.studio, view)
        self.zoom_box = ZoomBox(theme, view.zoom_by, view.reset_zoom, view.fit_all, view)

    def follow(self) -> None:
        """Show what holds now: range, zoom, scope, theme."""
        canvas = self._view.canvas
        self.legend.show_range(canvas.theme, canvas.context.range, canvas.norms)
        self.zoom_box.show_zoom(canvas.theme, self._view.zoom)
        self.breadcrumb.follow(canvas.theme)
        self.place()

    def cover(self, card: QRect) -> None:
        """Hide what a card stands over: a corner that looks out is no use to anybody. The breadcrumb goes elsewhere."""
        for overlay in (self.legend, self.zoom_box):
            overlay.cover(card.intersects(overlay.geometry()))
        self._card = card
        self.place()

    def place(self) -> None:
        """Put each in its place."""
        size = self._view.viewport().size()
        top = size.height() - MARGIN + 2 - self.legend.height()
        left, right = MARGIN, size.width() - MARGIN - self.zoom_box.width()
        self.legend.move(left, top)
        self.zoom_box.move(right, top)
        after = left if self.legend.isHidden() else self.legend.geometry().right() + OVERLAY_GAP
        crumb = self.breadcrumb.rect()
        places = [(size.width() - MARGIN - crumb.width(), MARGIN), (left, top - OVERLAY_GAP - crumb.height())]
        if after + crumb.width() + OVERLAY_GAP <= right:
            places.insert(0, (after, top))
        free = (place for place in places if not self._card.intersects(crumb.translated(*place)))
        self.breadcrumb.move(*next(free, places[0]))
