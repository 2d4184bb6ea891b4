"""The script: sections of calls and repeats. An error ends its section, as it ends a notebook cell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from msgspec import Struct

from gradstudio.document.calls.call import Call
from gradstudio.document.graph import CallId


class Repeat(Struct, frozen=True):
    """A body that runs `times` times. Each turn's number is part of the address of a step."""

    id: CallId
    times: int
    body: tuple[Call | Repeat, ...]


Statement: TypeAlias = Call | Repeat


class Section(Struct, frozen=True):
    """A titled stretch of the script."""

    title: str
    body: tuple[Statement, ...]


def calls_in(body: tuple[Statement, ...]) -> Iterator[Call]:
    """Yield every call in a body in order, those in repeats once."""
    for statement in body:
        if isinstance(statement, Repeat):
            yield from calls_in(statement.body)
        else:
            yield statement
