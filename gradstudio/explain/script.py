"""Script: the commands that put calls in front of another, for fixes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from msgspec.structs import replace

from gradstudio.document.calls import Call
from gradstudio.document.commands.command import Command
from gradstudio.document.commands.script import AppendCall, UnwrapRepeat, WrapRepeat
from gradstudio.document.document import Document
from gradstudio.document.graph import CallId
from gradstudio.document.script import Repeat
from gradstudio.explain.explanation import Build, NewId


def insert_before(document: Document, call_id: CallId, calls: Sequence[Call]) -> Build | None:
    """Return the commands that put calls before one, with ids made then. None: it stands in a repeat within a repeat, or nowhere.

    In the body of a repeat, the repeat is opened and closed again round all of them.
    """
    for s, section in enumerate(document.script):
        for i, statement in enumerate(section.body):
            if statement.id == call_id:
                return partial(_appended, calls, s, i)
            if isinstance(statement, Repeat) and call_id in [each.id for each in statement.body]:
                return partial(_inside, statement, call_id, calls, s, i)
    return None


def _appended(calls: Sequence[Call], section: int, index: int, new_id: NewId) -> tuple[Command, ...]:
    return tuple(AppendCall(replace(call, id=new_id("c")), section, index + i) for i, call in enumerate(calls))


def _inside(repeat: Repeat, call_id: CallId, calls: Sequence[Call], section: int, index: int, new_id: NewId) -> tuple[Command, ...]:
    body = [statement.id for statement in repeat.body]
    at = body.index(call_id)
    new = [replace(call, id=new_id("c")) for call in calls]
    appended = [AppendCall(call, section, index + at + i) for i, call in enumerate(new)]
    ids = (*body[:at], *(call.id for call in new), *body[at:])
    return (UnwrapRepeat(repeat.id), *appended, WrapRepeat(ids, repeat.times, repeat.id))


def place_of(document: Document, call_id: CallId) -> tuple[int, int] | None:
    """Return (section, index) of a call that stands in no repeat."""
    places = ((s, i) for s, section in enumerate(document.script) for i, each in enumerate(section.body) if each.id == call_id)
    return next(places, None)
