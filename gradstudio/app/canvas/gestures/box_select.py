"""BoxSelect: a rectangle drawn on nothing selects the nodes it touches; Shift adds to the selection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt

from gradstudio.app.canvas.gestures.gesture import Pointer, far_enough
from gradstudio.app.paint import NO_BRUSH, Paint

if TYPE_CHECKING:
    from gradstudio.app.canvas.view import CanvasView
    from gradstudio.app.studio import Selected


class BoxSelect:
    """Selects as it grows. A press without a drag clears the selection."""

    cursor = Qt.CursorShape.ArrowCursor
    pans = True
    over = True

    def __init__(self, view: CanvasView, at: Pointer) -> None:
        self._view = view
        self._origin = at
        self._kept: frozenset[Selected] = view.studio.selection if at.shift else frozenset()
        self._before = view.studio.selection
        self._rect = QRectF()
        self._begun = False

    def move(self, at: Pointer) -> None:
        """Grow the rectangle and select what it touches."""
        if not self._begun and not far_enough(self._origin.view, at.view):
            return
        self._begun = True
        self._rect = QRectF(self._origin.scene, at.scene).normalized()
        canvas = self._view.canvas
        touched = {node for node, item in canvas.nodes.items() if item.body.intersects(self._rect)}
        self._view.studio.select(self._kept | touched)

    def finish(self, at: Pointer) -> None:
        """Keep what is selected; a click on nothing selects nothing."""
        if not self._begun and not at.shift:
            self._view.studio.select(())

    def cancel(self) -> None:
        """Select what was selected before."""
        self._view.studio.select(self._before)

    def area(self) -> QRectF:
        """Return the rectangle."""
        return self._rect

    def paint(self, paint: Paint) -> None:
        """Draw the rectangle in violet."""
        if self._begun:
            width = 1 / max(paint.ratio, 0.05)
            paint.painter.fillRect(self._rect, paint.theme.color("accent", 0.10))
            paint.painter.setPen(paint.pen("accent", width))
            paint.painter.setBrush(NO_BRUSH)
            paint.painter.drawRect(self._rect)
