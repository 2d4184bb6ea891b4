"""Slots: where on an op its numbers stand, and what each is told by, so that a number is exchanged and nothing else is looked at.

What has made way for a number stays so, though a shorter one may follow: formulas and labels in a hurry would be hard to read.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Literal, NamedTuple, TypeAlias

from gradstudio.app.canvas.faces import Drawer, InputFace, NodeFace, Tint
from gradstudio.app.canvas.geometry import VALUE_ROOM, WIDEST, Geometry, row_width
from gradstudio.app.canvas.node_words import DRAWER_GAP, LEFT, LONG, ROW_GAP, Word, Writing
from gradstudio.document.graph import NodePath

Table: TypeAlias = Literal["tensors", "cotangents", "grads", "locals", "flows"]
Key: TypeAlias = tuple[Table, Hashable]  # a map of a State, and a key of it
NAME_ROOM = 24.0  # px that stay free beside the value of an op and what is at its left


class Slot(NamedTuple):
    """One number of a node."""

    key: Key
    word: int  # which of the words that change
    right: float  # where it ends
    widest: float  # how wide it may become before others make way, or more than before
    letters: float = math.inf  # how many it may have at this size
    formula: str | None = None  # of a local derivative; the word after the number has it, stands before it and moves with it
    number: float | None = None  # of a gradient, whose sign decides its colour: the one that is shown


class Slots(NamedTuple):
    """The numbers of a node, and what colours its ports, with the tints that are shown."""

    numbers: tuple[Slot, ...]
    ports: tuple[tuple[Key, Tint | None], ...]


def slots_of(path: NodePath, face: NodeFace, writing: Writing, place: Geometry) -> Slots | None:
    """Return where the numbers of a node stand; None where something follows from them that is no number of one element."""
    drawer = face.drawer
    shown_otherwise = face.kind != "op" or face.collapsed or face.cells is not None or len(face.outputs) != 1
    if shown_otherwise or face.value_tone != "text" or face.below or (drawer is not None and drawer.cells is not None):
        return None
    found, words = [_value(path, face, writing, place)], 1
    for row in face.inputs:
        if row.number and not row.note:
            found.append(_row(path, row, writing, words, place))
            words += 2
    if drawer is not None and drawer.kind != "none":
        found.append(_drawer(path, drawer, writing, words))
    ports: list[tuple[Key, Tint | None]] = [(("flows", (path, row.path)), row.tint) for row in face.inputs]
    return Slots(tuple(found), (*ports, (("cotangents", (path, 0)), face.outputs[0].tint)))


def _value(path: NodePath, face: NodeFace, writing: Writing, place: Geometry) -> Slot:
    word, used = writing.changing[0], writing.still[0].width
    wide = word.width
    right = word.left + wide
    return Slot(("tensors", (path, 0)), 0, right, max(wide, min(right - NAME_ROOM - used, _room(place) - VALUE_ROOM - used)))


def _row(path: NodePath, row: InputFace, writing: Writing, at: int, place: Geometry) -> Slot:
    word, formula, code = writing.changing[at], writing.changing[at + 1], writing.theme.metrics("code")
    wide = word.width
    right = word.left + wide
    beside = right - 1 - formula.width - ROW_GAP - code.horizontalAdvance(row.label) - LEFT
    return Slot(("locals", (path, row.path)), at, right, max(wide, min(beside, _room(place) - row_width(row) + wide)), formula=row.formula)


def _drawer(path: NodePath, drawer: Drawer, writing: Writing, at: int) -> Slot:
    word, label, stored = writing.changing[at], writing.still[-1], drawer.kind == "stored"
    right = word.left + word.width
    widest = right - DRAWER_GAP - label.left - label.width
    letters = LONG if stored and len(drawer.words) <= LONG else math.inf
    return Slot(("grads" if stored else "cotangents", (path, 0)), at, right, widest, letters, number=drawer.value)


def _room(place: Geometry) -> float:
    """Return how wide a node may need to be that has this width."""
    return place.width if place.width < WIDEST else math.inf


def exchange(words: list[Word], slot: Slot, now: str) -> bool | None:
    """Write another number in a slot. Return whether it takes as much room; None, and nothing is changed: others would make way."""
    word = words[slot.word]
    width = word.ink.metrics.horizontalAdvance(now)
    if width == word.width:
        words[slot.word] = Word(word.left, word.base, now, word.ink)
        return True
    if width > slot.widest or len(now) > slot.letters:
        return None
    words[slot.word] = Word(slot.right - width, word.base, now, word.ink)
    if slot.formula is not None:
        formula = words[slot.word + 1]
        words[slot.word + 1] = formula._replace(left=slot.right - (width + 1) - formula.width)
    return False
