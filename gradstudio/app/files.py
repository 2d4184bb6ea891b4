"""Files: what a window opens, saves and exports, and what it asks before it lets a document go."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gradstudio.app.dialogs import DISCARD, GRAPHS, PROGRAMS, SAVE
from gradstudio.code.emit import emit
from gradstudio.io import reader
from gradstudio.io.files import save as save_bytes
from gradstudio.io.refusal import NotSaved, Refusal
from gradstudio.resources import resource

if TYPE_CHECKING:
    from gradstudio.app.main_window import MainWindow


class Files:
    """The files of one window's document."""

    def __init__(self, window: MainWindow) -> None:
        self.window = window

    def open_first(self, path: Path | None) -> None:
        """Open what the program was started with; the tutorial where that was nothing."""
        if path is None or not self.open(path):
            self.open_example("tutorial")

    def open_example(self, name: str) -> None:
        """Open an example as a document without a file."""
        self.window.studio.show_example(reader.read(resource("examples", f"{name}.grad")), name)

    def open(self, path: Path) -> bool:
        """Open a file; what is not a graph is refused with the reason, and the open document stays."""
        try:
            self.window.studio.open(path)
        except Refusal as refusal:
            self.window.dialogs.tell(refusal.message)
            return False
        return True

    def open_asking(self, path: Path) -> None:
        """Open a file once the unsaved changes of this one are saved or let go."""
        if self.may_leave():
            self.open(path)

    def save(self) -> bool:
        """Save; ask where, if the document has no file. Return whether it was saved."""
        path = self.window.studio.path
        return self.save_to(path) if path else self.save_as()

    def save_as(self) -> bool:
        """Ask where, and save there."""
        path = self.window.dialogs.ask_save(f"{self.window.studio.title}.grad", GRAPHS, ".grad")
        return self.save_to(path) if path else False

    def save_to(self, path: Path) -> bool:
        """Save in a file; where that fails, say why and ask for another place. Return whether it was saved."""
        try:
            self.window.studio.save_as(path)
        except NotSaved as refusal:
            return self.window.dialogs.ask_after_failed_save(refusal.message) and self.save_as()
        self.window.studio.notify(f"Saved {path.name}")
        return True

    def export(self) -> None:
        """Write the PyTorch program to a file."""
        studio = self.window.studio
        path = self.window.dialogs.ask_save(f"{studio.title}.py", PROGRAMS, ".py")
        if path is None:
            return
        try:
            shown = studio.shown
            trace = shown.trace if shown.document is studio.document and shown.trace.run else None
            save_bytes(path, emit(studio.document, trace=trace).text.encode())
        except NotSaved as refusal:
            self.window.dialogs.tell(refusal.message)
        else:
            studio.notify(f"Exported {path.name}")

    def may_leave(self) -> bool:
        """Ask about unsaved changes. Return whether the document may go."""
        if not self.window.studio.dirty:
            return True
        answer = self.window.dialogs.ask_unsaved(self.window.studio.title)
        return self.save() if answer == SAVE else answer == DISCARD
