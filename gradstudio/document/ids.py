"""Ids: a letter and a number. n nodes, c calls and repeats, f frames, g groups, o optimizers; one counter a letter that only grows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gradstudio.document.document import Document
from gradstudio.document.script import Repeat, Statement

LETTERS = "ncfgo"
ID = re.compile(r"[ncfgo][1-9][0-9]{0,17}", re.ASCII)


def is_id(text: object, letter: str) -> bool:
    """Say whether a value is an id of a letter."""
    return isinstance(text, str) and text[:1] == letter and ID.fullmatch(text) is not None


def number(identity: str) -> int:
    """Return the number in an id."""
    return int(identity[1:])


def all_ids(document: Document) -> Iterator[str]:
    """Yield every id in a document: nodes, frames, groups, calls, repeats, optimizers."""
    for graph in (document.graph, *(group.graph for group in document.groups.values())):
        yield from graph.nodes
        yield from graph.frames
    yield from document.groups
    yield from document.optimizers
    for section in document.script:
        yield from statement_ids(section.body)


def statement_ids(body: tuple[Statement, ...]) -> Iterator[str]:
    """Yield the ids of calls and repeats in a body, in order."""
    for statement in body:
        yield statement.id
        if isinstance(statement, Repeat):
            yield from statement_ids(statement.body)


def highest(document: Document) -> dict[str, int]:
    """Return the highest number in use per letter; 0 where there is none. A session counts on from here."""
    found = dict.fromkeys(LETTERS, 0)
    for identity in all_ids(document):
        letter, value = identity[0], number(identity)
        if value > found[letter]:
            found[letter] = value
    return found
