"""The kinds of goal, by their word in the file, and how one is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradstudio.document.calls import KINDS as CALLS
from gradstudio.document.limits import MAX_ELEMENTS, MAX_RANK
from gradstudio.document.strict import Place, read_fields, shown
from gradstudio.lessons.ended import Label
from gradstudio.lessons.goals.events import Between, CallKind, Quiet, Raises, Ran, Sequence, Times, Visits
from gradstudio.lessons.goals.goal import Goal
from gradstudio.lessons.goals.kept import Kept
from gradstudio.lessons.goals.tensors import GradFnIs, GradIs, IsLeaf, RequiresGrad, ShapeIs, ValueIs
from gradstudio.lessons.numbers import read_distance, read_numbers

MOST = 100  # items of a list in a goal
LONGEST = 500  # characters of a label: names, and the groups that they are in
KINDS: dict[str, type[Goal]] = {
    kind.kind: kind
    for kind in (
        GradIs, ValueIs, ShapeIs, RequiresGrad, IsLeaf, GradFnIs, Quiet, Raises, Times, Sequence, Between, Visits, Ran, Kept,
    )
}  # fmt: skip
__all__ = [
    "KINDS", "Between", "Goal", "GradFnIs", "GradIs", "IsLeaf", "Kept", "Quiet", "Raises", "Ran", "RequiresGrad", "Sequence", "ShapeIs",
    "Times", "ValueIs", "Visits", "read_goal",
]  # fmt: skip


def _read_call(place: Place) -> CallKind:
    kind = place.value
    if not isinstance(kind, str) or kind not in CALLS:
        place.refuse(f"{shown(kind)} is no kind of call")
    return kind


def _read_label(place: Place) -> Label:
    text = place.text()
    return text if len(text) <= LONGEST else place.refuse(f"a label has at most {LONGEST} characters")


def _list_of(read: Callable[[Place], str]) -> Callable[[Place], tuple[str, ...]]:
    return lambda place: place.each(read, MOST) or place.refuse("at least one is needed here")


READ: dict[str, Callable[[Place], Any]] = {
    "bool": Place.boolean,
    "int": lambda place: place.integer(0),
    "float": read_distance,
    "str": Place.text,
    "str | None": lambda place: None if place.value is None else place.text(),
    "Label": _read_label,
    "CallKind": _read_call,
    "Numbers": read_numbers,
    "Numbers | None": lambda place: None if place.value is None else read_numbers(place),
    "tuple[int, ...]": lambda place: place.each(lambda item: item.integer(0, MAX_ELEMENTS), MAX_RANK),
    "tuple[str, ...]": _list_of(Place.text),
    "tuple[Label, ...]": _list_of(_read_label),
    "tuple[CallKind, ...]": _list_of(_read_call),
}


def read_goal(place: Place) -> Goal:
    """Return the goal that a tree describes. Raises CodecError with the place and the reason."""
    kind = place.members().get("kind")
    word = kind.value if kind else None
    if not isinstance(word, str) or word not in KINDS:
        place.refuse(f"{shown(word)} is no kind of goal")
    return KINDS[word](**read_fields(place, KINDS[word], READ, ("kind",)))
