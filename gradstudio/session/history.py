"""History: the documents that were, and the moments between them. Undo makes another document current; it never un-runs."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from gradstudio.document.document import Document

LIMIT = 1000  # moments kept; documents share their structure, so each costs little more than what it changed


class Moment(Struct, frozen=True, eq=False):
    """One undoable change. `selection`: what was selected when it began (undo restores it)."""

    label: str
    before: Document
    after: Document
    gesture: int
    selection: frozenset[object] = frozenset()


class History(Struct, frozen=True, eq=False):
    """Moments done and undone; frozen, as all values are."""

    done: tuple[Moment, ...] = ()
    undone: tuple[Moment, ...] = ()

    def add(self, moment: Moment) -> History:
        """Return the history with a moment more. Moments of one gesture merge."""
        last = self.done[-1] if self.done else None
        if last is not None and moment.gesture and last.gesture == moment.gesture and not self.undone:
            return History((*self.done[:-1], replace(last, after=moment.after)))
        return History((*self.done, moment)[-LIMIT:])

    def undo(self) -> tuple[Moment, History]:
        """Return the moment to take back and the history without it. Raises IndexError where there is none."""
        return self.done[-1], History(self.done[:-1], (*self.undone, self.done[-1]))

    def redo(self) -> tuple[Moment, History]:
        """Return the moment to do again and the history with it. Raises IndexError where there is none."""
        return self.undone[-1], History((*self.done, self.undone[-1]), self.undone[:-1])
