"""Scrub: drag a leaf's number; Shift is finer, Ctrl coarser. At most one command a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRectF, Qt, QTimer

from gradstudio.app.canvas.gestures.gesture import Pointer, far_enough
from gradstudio.app.frame_clock import FRAME_MS
from gradstudio.app.paint import Paint
from gradstudio.app.widgets.scrub_field import scrubbed
from gradstudio.document.commands.nodes import SetLeafValue
from gradstudio.document.graph import Array, NodeId

if TYPE_CHECKING:
    from gradstudio.app.canvas.view import CanvasView


class Scrub:
    """The number follows the pointer, left to less, right to more. All its commands are one moment of history."""

    cursor = Qt.CursorShape.SizeHorCursor
    pans = False
    over = False

    def __init__(self, view: CanvasView, at: Pointer, node: NodeId, value: Array) -> None:
        self._view = view
        self._origin = at
        self._node = node
        self._value = value
        self._start: float | int = value.item()
        self._gesture = 0
        self._wanted: float | int | None = None
        self._clock = QTimer(view)
        self._clock.setSingleShot(True)
        self._clock.setInterval(FRAME_MS)
        self._clock.timeout.connect(self._write)
        view.studio.select((node,))

    def move(self, at: Pointer) -> None:
        """Take the number for where the pointer is; it is written at the next frame."""
        if not self._gesture:
            if not far_enough(self._origin.view, at.view):
                return
            self._gesture = self._view.studio.new_gesture()
        self._wanted = scrubbed(self._start, at.view.x() - self._origin.view.x(), at.shift, at.ctrl)
        if not self._clock.isActive():
            self._write()
            self._clock.start()

    def _write(self) -> None:
        wanted, self._wanted = self._wanted, None
        if wanted is not None:
            value = np.full(self._value.shape, wanted, self._value.dtype)
            value.setflags(write=False)
            self._view.studio.do(SetLeafValue(self._node, value, self._gesture))

    def finish(self, at: Pointer) -> None:
        """Write what is still to be written."""
        self._clock.stop()
        self._write()
        self._clock.deleteLater()

    def cancel(self) -> None:
        """Take the drag back."""
        self._clock.stop()
        self._clock.deleteLater()
        if self._gesture:
            self._view.studio.do(SetLeafValue(self._node, self._value, self._gesture))

    def area(self) -> QRectF:
        """Nothing is drawn."""
        return QRectF()

    def paint(self, paint: Paint) -> None:
        """Nothing is drawn."""
