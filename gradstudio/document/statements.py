"""The script as a plain tree, and back. The fields of a call are read by what they are declared to be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradstudio.document.calls import KINDS
from gradstudio.document.calls.call import Call
from gradstudio.document.limits import MAX_CALLS, MAX_REPEATS, MAX_TIMES
from gradstudio.document.operands import read_ref, read_seed, seed_tree
from gradstudio.document.script import Repeat, Section, Statement
from gradstudio.document.strict import Place, declared, read_fields, shown

REPEAT = "repeat"


def _optional(read: Callable[[Place], Any]) -> Callable[[Place], Any]:
    return lambda place: None if place.value is None else read(place)


def _list_of(read: Callable[[Place], Any]) -> Callable[[Place], Any]:
    return lambda place: place.each(read, MAX_CALLS)


READ: dict[str, Callable[[Place], Any]] = {
    "bool": Place.boolean,
    "bool | None": _optional(Place.boolean),
    "int": Place.integer,
    "str": Place.text,
    "str | None": _optional(Place.text),
    "BlockId": Place.name,
    "Ref | None": _optional(read_ref),
    "Seed": read_seed,
    "tuple[Ref, ...]": _list_of(read_ref),
    "tuple[Seed, ...]": _list_of(read_seed),
    "tuple[str | None, ...]": _list_of(_optional(Place.name)),
}


def statement_tree(statement: Statement) -> dict[str, object]:
    """Return a call or a repeat as a plain tree: id, kind, enabled, its own fields; defaults left out."""
    if isinstance(statement, Repeat):
        return {"id": statement.id, "kind": REPEAT, "times": statement.times, "body": [statement_tree(s) for s in statement.body]}
    tree: dict[str, object] = {"id": statement.id, "kind": statement.kind}
    for field in declared(type(statement)):
        value = getattr(statement, field.name)
        if field.name != "id" and not (value is field.default or _equal(value, field.default)):
            tree[field.name] = _field_tree(value)
    return tree


def _equal(value: object, default: object) -> bool:
    return type(value) is type(default) and isinstance(value, bool | int | str | tuple) and value == default


def _field_tree(value: object) -> object:
    if isinstance(value, tuple):
        return [_field_tree(item) for item in value]
    return value if value is None or isinstance(value, bool | int | str) else seed_tree(value)  # type: ignore[arg-type]


def section_tree(section: Section) -> dict[str, object]:
    """Return a section as a plain tree."""
    return {"title": section.title, "body": [statement_tree(s) for s in section.body]}


def read_script(place: Place) -> tuple[Section, ...]:
    """Return the sections that a tree describes. Raises CodecError."""
    sections = []
    for item in place.items(MAX_CALLS):
        members = item.mapping(("title", "body"))
        sections.append(Section(members["title"].text(), _read_body(members["body"], 0)))
    return tuple(sections)


def _read_body(place: Place, depth: int) -> tuple[Statement, ...]:
    return place.each(lambda item: read_statement(item, depth), MAX_CALLS)


def read_statement(place: Place, depth: int = 0) -> Statement:
    """Return the call or repeat that a tree describes. Raises CodecError."""
    kind = place.members().get("kind")
    word = kind.value if kind else None
    if word == REPEAT:
        return _read_repeat(place, depth)
    if not isinstance(word, str) or word not in KINDS:
        place.refuse(f"{shown(word)} is no kind of call")
    return _read_call(place, KINDS[word])


def _read_repeat(place: Place, depth: int) -> Repeat:
    if depth >= MAX_REPEATS:
        place.refuse(f"repeats lie in at most {MAX_REPEATS} others")
    members = place.mapping(("id", "kind", "times", "body"))
    return Repeat(members["id"].id("c"), members["times"].integer(0, MAX_TIMES), _read_body(members["body"], depth + 1))


def _read_call(place: Place, kind: type[Call]) -> Call:
    values = read_fields(place, kind, READ, ("id", "kind"))
    return kind(id=place["id"].id("c"), **values)
