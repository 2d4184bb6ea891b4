"""The script: sections of calls and repeats. An error ends its section, as it ends a notebook cell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from gradstudio.document.calls.call import Call
from gradstudio.document.graph import CallId


@dataclass(frozen=True, slots=True)
class Repeat:
    """A body that runs `times` times. Each turn's number is part of the address of a step."""

    id: CallId
    times: int
    body: tuple[Call | Repeat, ...]


Statement: TypeAlias = Call | Repeat


@dataclass(frozen=True, slots=True)
class Section:
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
