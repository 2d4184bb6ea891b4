"""The overlays of a view: which there are, where each stands, and how they give way to a card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QRect

from gradstudio.app.canvas.breadcrumb import Breadcrumb
from gradstudio.app.canvas.minimap import Minimap
from gradstudio.app.canvas.overlay import HEIGHT, MARGIN, OVERLAY_GAP, Legend, ZoomBox

if TYPE_CHECKING:
    from gradstudio.app.canvas.view import CanvasView
    from gradstudio.app.change import Change


class Overlays(QObject):
    """A row below what was fitted: the legend at its left end, zoom box and minimap at its right, the breadcrumb between them."""

    def __init__(self, view: CanvasView) -> None:
        super().__init__(view)
        self._view = view
        self._card = QRect()
        self._waits = False  # a change of which the canvas is painted first
        self._placed: tuple[object, ...] = ()  # what decides where each is, as it was last
        theme = view.canvas.theme
        self.legend = Legend(theme, view.switch_norms, view)
        self.breadcrumb = Breadcrumb(view.studio, view)
        self.zoom_box = ZoomBox(theme, view.zoom_by, view.reset_zoom, view.fit_all, view)
        self.minimap = Minimap(view)
        view.covers = (self.minimap,)
        self.zoom_box.left.connect(self.follow)
        view.rested.connect(self.catch_up)
        view.studio.followed.connect(self._catch_up_with)

    def hear(self, change: Change) -> None:
        """Follow the studio; while a hand is in motion, not before the canvas has been painted."""
        self._waits = self._view.studio.clock.in_hand and not (change.scope or change.everything)
        if not self._waits:
            self._refresh(change)

    def _catch_up_with(self, change: Change) -> None:
        """Follow what has waited for the canvas."""
        if self._waits:
            self._waits = False
            self._refresh(change)

    def _refresh(self, change: Change) -> None:
        self.minimap.refresh(change)
        self.follow()

    def follow(self) -> None:
        """Show what holds now: range, zoom, scope, theme, where the camera looks."""
        canvas = self._view.canvas
        self.legend.show_range(canvas.theme, canvas.context.range, canvas.norms)
        self.zoom_box.show_zoom(canvas.theme, self._view.zoom)
        self.breadcrumb.follow(canvas.theme)
        if not self.zoom_box.underMouse():  # it does not step aside from under the pointer
            self.minimap.decide()
        self.minimap.follow()
        self.place()

    def catch_up(self) -> None:
        """Show what waited until the view is at rest."""
        self.follow()
        self.minimap.catch_up()

    def places(self) -> list[QRect]:
        """Return where overlays are seen."""
        shown = self.legend, self.breadcrumb, self.zoom_box, self.minimap
        return [overlay.geometry() for overlay in shown if not overlay.isHidden()]

    def show_map(self, shown: bool | None) -> None:
        """Show the minimap or not, remembered; None: where there is something to find."""
        self.minimap.choose(shown)
        self.minimap.decide()
        self.place()

    def cover(self, card: QRect) -> None:
        """Hide what a card stands over: a corner that looks out is no use to anybody. The breadcrumb goes elsewhere."""
        self._card = card
        self.place()

    def place(self) -> None:
        """Put each in its place."""
        size = self._view.viewport().size()
        asked = size, self._card, *((each.size(), each.isHidden()) for each in (self.legend, self.breadcrumb, self.zoom_box, self.minimap))
        if asked == self._placed:
            return
        self._placed = asked
        left, right, bottom = MARGIN, size.width() - MARGIN, size.height() - MARGIN + 2
        top = bottom - HEIGHT
        self.legend.move(left, top)
        after = left if self.legend.isHidden() else self.legend.geometry().right() + OVERLAY_GAP
        right = self._place_map(after, right, bottom) - self.zoom_box.width()
        self.zoom_box.move(right, top)
        for overlay in (self.legend, self.zoom_box):
            overlay.cover(self._card.intersects(overlay.geometry()))
        crumb = self.breadcrumb.rect()
        places = [(size.width() - MARGIN - crumb.width(), MARGIN), (left, top - OVERLAY_GAP - crumb.height())]
        if after + crumb.width() + OVERLAY_GAP <= right:
            places.insert(0, (after, top))
        free = (place for place in places if not self._card.intersects(crumb.translated(*place)))
        self.breadcrumb.move(*next(free, places[0]))

    def _place_map(self, after: int, right: int, bottom: int) -> int:
        """Put the map in the corner; above the row where that is too short for all three. Return where the row ends."""
        shown = self.minimap
        beside = right - shown.width() - OVERLAY_GAP - self.zoom_box.width()
        fits = beside >= after + OVERLAY_GAP
        shown.move(right - shown.width(), bottom - shown.height() - (0 if fits else HEIGHT + OVERLAY_GAP))
        shown.cover(self._card.intersects(shown.geometry()))
        return right - shown.width() - OVERLAY_GAP if fits and not shown.isHidden() else right
