"""Goal: what a lesson asks of the end of a run, as data. It says what it asks, and what is there where it does not hold."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from gradstudio.lessons.ended import Ended


class Goal(Struct, frozen=True, kw_only=True):
    """Something that holds at the end of a run, or does not."""

    kind: ClassVar[str] = ""  # its word in the file

    @property
    def words(self) -> str:
        """What is asked."""
        raise NotImplementedError(self.kind)

    def check(self, end: Ended) -> None:
        """Raise Unmet, with what is there instead, where the goal does not hold."""
        raise NotImplementedError(self.kind)
