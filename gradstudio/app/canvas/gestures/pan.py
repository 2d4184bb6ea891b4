"""Pan: middle button, or Space and the left one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt

from gradstudio.app.canvas.gestures.gesture import Pointer
from gradstudio.app.paint import Paint

if TYPE_CHECKING:
    from gradstudio.app.canvas.view import CanvasView


class Pan:
    """The canvas follows the pointer. Looking is no edit: no moment of history."""

    cursor = Qt.CursorShape.ClosedHandCursor
    pans = False
    over = True

    def __init__(self, view: CanvasView, at: Pointer) -> None:
        self._view = view
        self._grip = at.scene

    def move(self, at: Pointer) -> None:
        """Keep the gripped point under the pointer."""
        self._view.hurry()
        self._view.put(self._grip, at.view)

    def finish(self, at: Pointer) -> None:
        """Stay where it is."""

    def cancel(self) -> None:
        """Stay where it is."""

    def area(self) -> QRectF:
        """Nothing is drawn."""
        return QRectF()

    def paint(self, paint: Paint) -> None:
        """Nothing is drawn."""
