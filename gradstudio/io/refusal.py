"""Refusal: a file that cannot be opened or saved, in words for people, with a stable code."""

from __future__ import annotations

from pathlib import Path

from gradstudio.io.words import harmless, quoted


class Refusal(Exception):
    """What happened, where, why; `message` is for the window, `line` for a terminal. Nothing was changed."""

    start = "Cannot open"
    safe = "Nothing was changed."

    def __init__(self, path: Path, reason: str, code: str, place: str = "", line_number: int | None = None) -> None:
        super().__init__(reason)
        self.path, self.reason, self.code = path, harmless(reason, 300), code
        self.place = harmless(place, 120)
        self.line_number = line_number

    @property
    def message(self) -> str:
        """The sentence that the window shows."""
        line = f"line {self.line_number}, " if self.line_number else ""
        where = f"{line}{self.place}: " if self.place else line
        return f"{self.start} {quoted(self.path)}: {where}{self.reason}. {self.safe}  {self.code}"

    @property
    def line(self) -> str:
        """The line that a terminal shows: `gradstudio: x.grad: nodes[17].value.shape: 6 numbers expected, 5 found [GS-F122]`."""
        place = f"{self.place}: " if self.place else f"line {self.line_number}: " if self.line_number else ""
        return f"gradstudio: {harmless(str(self.path), 120)}: {place}{self.reason} [{self.code}]"


class NotSaved(Refusal):
    """A save that did not happen: the file is as it was before."""

    start = "Could not save"
    safe = "The version on disk is unchanged, your edits are still open."
