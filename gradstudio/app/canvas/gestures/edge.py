"""Scrolling while a drag holds the pointer at an edge of the view: the nearer, the faster, at any frame rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QElapsedTimer, QObject, QPoint, QPointF, QSize, Qt, QTimer

from gradstudio.app.canvas.gestures.gesture import far_enough

if TYPE_CHECKING:
    from gradstudio.app.canvas.view import CanvasView

EDGE, BEYOND = 28.0, 56.0  # px inside the edge at which it begins; px from there at which it is fastest
FASTEST = 875.0  # px a second
FRAME_MS, LONGEST_S = 16, 0.1  # a program that hung does not jump


def pull(at: QPointF, size: QSize) -> QPointF:
    """Return how fast to scroll a view for where the pointer is, in px a second along both axes."""

    def along(x: float, length: float) -> float:
        low, high = max(0.0, EDGE - x), max(0.0, x - (length - EDGE))
        return (min(high, BEYOND) - min(low, BEYOND)) / BEYOND * FASTEST

    return QPointF(along(at.x(), size.width()), along(at.y(), size.height()))


class EdgeScroll(QObject):
    """Scrolls its view, and leads the gesture in hand along. Parts of a pixel are kept for the next frame."""

    def __init__(self, view: CanvasView) -> None:
        super().__init__(view)
        self._view = view
        self._at, self._keys = QPointF(), Qt.KeyboardModifier.NoModifier
        self._pressed: QPointF | None = None  # until the pointer has moved far enough for a drag
        self._rest = QPointF()
        self._gone = QPoint()  # since the press
        self._since = QElapsedTimer()
        self.clock = QTimer(self)
        self.clock.setInterval(FRAME_MS)
        self.clock.timeout.connect(self._tick)

    def begin(self, at: QPointF) -> None:
        """Take where a press was; a click near an edge scrolls nothing."""
        self._pressed, self._gone = at, QPoint()

    def follow(self, at: QPointF, keys: Qt.KeyboardModifier) -> None:
        """Take where a drag is, in view coordinates; scroll while that is near an edge."""
        self._at, self._keys = at, keys
        if self._pressed is not None and far_enough(self._pressed, at):
            self._pressed = None
        if self._pressed is not None or self._view.gesture is None or not self._view.gesture.pans or self._pull() == QPointF():
            self.stop()
        elif not self.clock.isActive():
            self._rest = QPointF()
            self._since.start()
            self.clock.start()

    def stop(self) -> None:
        """Scroll no longer."""
        self.clock.stop()

    def _pull(self) -> QPointF:
        return pull(self._at, self._view.viewport().size())

    def _tick(self) -> None:
        self.scroll(min(LONGEST_S, self._since.restart() / 1000))

    def scroll(self, seconds: float) -> None:
        """Scroll for as long as has passed."""
        self._rest += self._pull() * seconds
        dx, dy = int(self._rest.x()), int(self._rest.y())
        self._rest -= QPointF(dx, dy)
        if dx or dy:
            self._gone += QPoint(dx, dy)
            self._view.pan(dx, dy)
            self._view.lead(self._at, self._keys)

    def take_back(self) -> None:
        """Scroll back to where the press was: the drag came to nothing."""
        gone, self._gone = self._gone, QPoint()
        if not gone.isNull():
            self._view.pan(-gone.x(), -gone.y())
