"""Progress: the lessons that a person has done, in a small file of their own."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from gradstudio.document.canonical import text_of
from gradstudio.document.strict import Place
from gradstudio.io import files, reader

FORMAT = 1
MOST = 10_000
PROGRESS_BYTES = 1 << 20


class Progress(Struct, frozen=True):
    """The ids of the lessons done, in the order in which they were."""

    done: tuple[str, ...] = ()

    def with_done(self, lesson_id: str) -> Progress:
        """Return the progress with one lesson more; the same object where it was done before."""
        return self if lesson_id in self.done else Progress((*self.done, lesson_id))


NONE = Progress()


def read_progress(path: Path) -> Progress:
    """Return what a file remembers; where there is none, nothing. Raises Refusal."""
    if files.stamp(path) is None:
        return NONE
    return reader.understood(files.load(path, PROGRESS_BYTES), path, _progress)


def write_progress(path: Path, progress: Progress) -> str | None:
    """Save to a file, whole or not at all. Returns a warning where the save could not be confirmed. Raises NotSaved."""
    return files.save(path, text_of({"format": FORMAT, "done": list(progress.done)}).encode("utf-8"))


def _progress(tree: object) -> Progress:
    members = Place(tree).mapping(("format", "done"))
    members["format"].format_up_to(FORMAT)
    return Progress(tuple(dict.fromkeys(members["done"].each(Place.text, MOST))))
