"""Frame clock: what an edit by a hand in motion changes waits, at most a frame, for its numbers; both are shown at once, canvas first."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec.structs import replace
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer, Signal

from gradstudio.app.change import Change
from gradstudio.document.diff import diff
from gradstudio.document.document import Document

if TYPE_CHECKING:
    from gradstudio.app.studio import Studio

FRAME_MS = 16
MOTION = 0.2  # seconds after an edit by a hand in which it is taken to be in motion


class FrameClock(QObject):
    """Tells the views of changes through the studio's signals. One that is held is told with the next, or when its frame is over.

    While a hand is in motion, what stands round the canvas is told after the canvas has been painted, of all that came until then.
    """

    rested = Signal()  # a hand that was in motion no longer is

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self._studio = studio
        self._held: tuple[Document, Change] | None = None  # the document that the views know, and what has changed since
        self._behind: Change | None = None  # what the panels have not been told yet
        self._edits = 0  # how many of that are edits
        self._panels: Document | None = None  # the document that the panels know
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(lambda: self.tell_numbers(Change()))
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(math.ceil(MOTION * 1000))
        self._rest.timeout.connect(self.rested)
        self._painted = QTimer(self)
        self._painted.setSingleShot(True)
        self._painted.timeout.connect(self._after_paint)

    def hand_moved(self) -> None:
        """A hand in motion has edited."""
        self._rest.start()

    @property
    def in_hand(self) -> bool:
        """Whether a hand in motion has just edited."""
        return self._rest.isActive()

    def hold(self, before: Document, change: Change) -> None:
        """Keep an edit of a document until something else is told, or its frame is over."""
        known = self._held[0] if self._held is not None else before
        self._held = known, self._with_held(change)
        if not self._timer.isActive():
            self._timer.start(FRAME_MS)

    def tell(self, change: Change) -> None:
        """Tell all views of a change, and with it of what was held."""
        self._tell_canvas(change)
        self.catch_up()

    def tell_numbers(self, change: Change) -> None:
        """The same of numbers that have come; while a hand is in motion, the canvas first."""
        self._tell_canvas(change)
        if not self.in_hand:
            self.catch_up()
        elif not self._painted.isActive():
            self._painted.start(0)

    def _tell_canvas(self, change: Change) -> None:
        self._timer.stop()
        change = self._with_held(change)
        self._held = None
        self._behind = change if self._behind is None else self._behind | change
        self._edits += change.document is not None
        self._studio.changed.emit(change)

    def _after_paint(self) -> None:
        """Tell the panels, after what was posted, which is the canvas' paint: a timer may have its turn before that."""
        QCoreApplication.sendPostedEvents(None, QEvent.Type.MetaCall.value)
        self.catch_up()

    def catch_up(self) -> None:
        """Tell what stands round the canvas of all that it has not been told yet."""
        self._painted.stop()
        change, edits, known = self._behind, self._edits, self._panels
        self._behind, self._edits, self._panels = None, 0, self._studio.document
        if change is not None:
            if edits > 1 and known is not None:
                change = replace(change, document=diff(known, self._studio.document))
            self._studio.followed.emit(change)

    @property
    def is_behind(self) -> bool:
        """Whether views do not show all that there is."""
        return self._held is not None or self._behind is not None

    def forget(self) -> None:
        """Another document was opened: there is nothing of the former one to tell."""
        self._timer.stop()
        self._held = self._behind = self._panels = None
        self._edits = 0

    def _with_held(self, change: Change) -> Change:
        if self._held is None:
            return change
        known, held = self._held
        return replace(held | change, document=diff(known, self._studio.document))
