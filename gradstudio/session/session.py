"""Session: the document being edited, its history and its ids. No Qt, no run."""

from __future__ import annotations

from gradstudio.document import ids
from gradstudio.document.commands.command import Command
from gradstudio.document.document import Document, new_document
from gradstudio.session.history import History, Moment


class Session:
    """The one place where a document is replaced by the next."""

    def __init__(self, document: Document | None = None) -> None:
        self.document = document if document is not None else new_document()
        self.history = History()
        self.saved: Document = self.document
        self._highest = ids.highest(self.document)
        self._gesture = 0

    @property
    def dirty(self) -> bool:
        """Whether the document differs from the one last saved or opened."""
        return self.document is not self.saved

    def new_id(self, letter: str) -> str:
        """Return an id that this session has not given out; undo never takes one back."""
        self._highest[letter] = self._highest.get(letter, 0) + 1
        return f"{letter}{self._highest[letter]}"

    def new_gesture(self) -> int:
        """Return a number under which the commands of one gesture become one moment."""
        self._gesture += 1
        return self._gesture

    def do(self, command: Command, selection: frozenset[object] = frozenset()) -> bool:
        """Apply a command. Return whether the document changed. Raises Refused, with nothing changed."""
        before = self.document
        after = command.apply(before)
        if after is before:
            return False
        self.document = after
        self.history = self.history.add(Moment(command.label, before, after, command.gesture, selection))
        return True

    def undo(self) -> Moment | None:
        """Make the document before the last moment current; return the moment."""
        if not self.history.done:
            return None
        moment, self.history = self.history.undo()
        self.document = moment.before
        return moment

    def redo(self) -> Moment | None:
        """Make the document after the next undone moment current; return the moment."""
        if not self.history.undone:
            return None
        moment, self.history = self.history.redo()
        self.document = moment.after
        return moment
