"""Lesson: a folder with a text, goals, hints (`lesson.json`) and the graph that it begins with (`start.grad`)."""

from __future__ import annotations

import os
import re
from pathlib import Path

from msgspec import Struct

from gradstudio.document.document import Document
from gradstudio.document.strict import CodecError, Place, shown
from gradstudio.io import reader
from gradstudio.io.files import load
from gradstudio.io.refusal import Refusal
from gradstudio.lessons.ended import node_of
from gradstudio.lessons.goals import Goal, Kept, read_goal
from gradstudio.resources import resource

FORMAT = 1
LESSON, START = "lesson.json", "start.grad"
LESSON_BYTES = 1 << 20
MOST_GOALS, MOST_PARAGRAPHS = 50, 50
ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)


class Hint(Struct, frozen=True):
    """What to say while something holds: the hint for one wrong answer."""

    when: Goal
    text: str


class Lesson(Struct, frozen=True):
    """`id`: the name of its folder. `number`: where it stands among the others."""

    id: str
    number: int
    title: str
    text: tuple[str, ...]
    goals: tuple[Goal, ...]
    hints: tuple[Hint, ...]
    start: Document


# ---- reading


def read_lesson(folder: Path) -> Lesson:
    """Return the lesson in a folder. Raises Refusal with file, place, reason and code."""
    start = reader.read(folder / START)
    path = folder / LESSON
    lesson_id = folder.resolve().name
    return reader.understood(load(path, LESSON_BYTES), path, lambda tree: _lesson(Place(tree), lesson_id, start))


def _lesson(place: Place, lesson_id: str, start: Document) -> Lesson:
    members = place.mapping(("format", "number", "title", "text", "goals"), ("hints",))
    members["format"].format_up_to(FORMAT)
    goals = members["goals"].each(read_goal, MOST_GOALS)
    if not goals:
        members["goals"].refuse("a lesson has at least one goal")
    for i, goal in enumerate(goals):
        if isinstance(goal, Kept):
            _check_kept(goal, start, f"goals[{i}].nodes")
    return Lesson(
        lesson_id,
        members["number"].integer(1),
        members["title"].text(),
        members["text"].each(Place.text, MOST_PARAGRAPHS),
        goals,
        members["hints"].each(_read_hint, MOST_GOALS) if "hints" in members else (),
        start,
    )


def _read_hint(place: Place) -> Hint:
    members = place.mapping(("when", "text"))
    return Hint(read_goal(members["when"]), members["text"].text())


def _check_kept(goal: Kept, start: Document, path: str) -> None:
    for i, label in enumerate(goal.nodes):
        node = node_of(start, label)
        if node is None or node.group is not None:
            raise CodecError(f"{path}[{i}]", f"{START} has no leaf and no op {shown(label)}")


# ---- the lessons that ship


def shipped() -> dict[str, Path]:
    """Return the folders of the lessons that come with the program, by id."""
    return {folder.name: folder for folder in sorted(resource("lessons").iterdir()) if ID.fullmatch(folder.name)}


def all_lessons() -> tuple[Lesson, ...]:
    """Return the lessons that come with the program, in the order in which they are meant."""
    return tuple(sorted((read_lesson(folder) for folder in shipped().values()), key=lambda lesson: (lesson.number, lesson.id)))


def named(text: str) -> Lesson:
    """Return a lesson by the id of one that ships, or by a folder. Raises Refusal."""
    folder = shipped().get(text)
    if folder is None and not os.path.exists(Path(text, LESSON)):  # Path.exists raises for names that no file can have
        raise Refusal(Path(text), f"there is no such lesson, and no folder with a {LESSON}. There are: {', '.join(shipped())}", "GS-L301")
    return read_lesson(folder or Path(text))
