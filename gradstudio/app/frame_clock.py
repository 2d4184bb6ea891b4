"""Frame clock: what an edit by a hand in motion changes waits, at most a frame, for its numbers; both are shown at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace
from PySide6.QtCore import QObject, Qt, QTimer

from gradstudio.app.change import Change
from gradstudio.document.diff import diff
from gradstudio.document.document import Document

if TYPE_CHECKING:
    from gradstudio.app.studio import Studio

FRAME_MS = 16


class FrameClock(QObject):
    """Tells the views of changes through the studio's signal. One that is held is told with the next, or when its frame is over."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self._studio = studio
        self._held: tuple[Document, Change] | None = None  # the document that the views know, and what has changed since
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(lambda: self.tell(Change()))

    def hold(self, before: Document, change: Change) -> None:
        """Keep an edit of a document until something else is told, or its frame is over."""
        known = self._held[0] if self._held is not None else before
        self._held = known, self._with_held(change)
        if not self._timer.isActive():
            self._timer.start(FRAME_MS)

    def tell(self, change: Change) -> None:
        """Tell of a change, and with it of what was held."""
        self._timer.stop()
        change = self._with_held(change)
        self._held = None
        self._studio.changed.emit(change)

    def forget(self) -> None:
        """Another document was opened: there is nothing of the former one to tell."""
        self._timer.stop()
        self._held = None

    def _with_held(self, change: Change) -> Change:
        if self._held is None:
            return change
        known, held = self._held
        return replace(held | change, document=diff(known, self._studio.document))
