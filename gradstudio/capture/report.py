"""Report: what a recording says to the person whose program it is. A note is a warning; a fault means that there is no document."""

from __future__ import annotations

MOST = 12  # lines of a message


class CaptureWarning(UserWarning):
    """Something of a program stands in the document in another way than it ran; the message says what and where."""


class NotRecorded(Exception):
    """A program that the document would tell wrongly; the message says what of it, where, and what to do. Nothing was written."""


class Report:
    """What was said, each text once, where it was first true."""

    def __init__(self) -> None:
        self._notes: dict[str, str] = {}
        self._faults: dict[str, str] = {}

    @property
    def notes(self) -> tuple[str, ...]:
        """Warnings, in the order in which they came up."""
        return tuple(placed(text, where) for text, where in self._notes.items())

    @property
    def faults(self) -> tuple[str, ...]:
        """Reasons why there is no document."""
        return tuple(placed(text, where) for text, where in self._faults.items())

    def note(self, text: str, where: str) -> None:
        """Say what is not as it was."""
        self._notes.setdefault(text, where)

    def fault(self, text: str, where: str) -> None:
        """Say what cannot be told."""
        self._faults.setdefault(text, where)

    def check(self) -> None:
        """Raise NotRecorded if there is a fault."""
        if self._faults:
            raise NotRecorded(
                "this program cannot be shown as a document, because gradients would come out wrong:\n"
                f"{listed(self.faults)}\n"
                "Your program itself was not changed, and no file was written. Record a part without it, write it with ops that "
                "`gradstudio ops` lists, or .detach() its result where no gradient is wanted.  GS-C301"
            )


def placed(text: str, where: str) -> str:
    """Return a text with its place before it."""
    return f"{where}: {text}" if where else text


def listed(lines: tuple[str, ...]) -> str:
    """Return lines with a mark, the first dozen of them."""
    more = [f"and {len(lines) - MOST} more"] if len(lines) > MOST else []
    return "\n".join(f"  - {line}" for line in [*lines[:MOST], *more])
