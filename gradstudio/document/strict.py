"""Strict reading of a plain tree: each value is taken with its place, and refused with the place and the reason in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar

from msgspec import NODEFAULT, Struct

from gradstudio.document.ids import is_id
from gradstudio.document.limits import MAX_INTEGER, MAX_TEXT
from gradstudio.document.rules import name_fault, text_fault

T = TypeVar("T")
SHOWN = 60  # characters of a foreign text in a message


class CodecError(ValueError):
    """A tree is no document. `path`: the place, as in `graph.nodes.n4.inputs[0].ref`; `words`: what is wrong there."""

    def __init__(self, path: str, words: str) -> None:
        super().__init__(f"{path}: {words}" if path else words)
        self.path, self.words = path, words


def shown(value: object) -> str:
    """Return a foreign value as a short, printable text."""
    if isinstance(value, int) and abs(value) > MAX_INTEGER:
        return "a very large number"
    text = ascii(value) if isinstance(value, str | int | float | bool | None) else f"a {type(value).__name__}"
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


class Place:
    """A value of the tree, and the way to it: the place that it is in and its key there."""

    __slots__ = ("key", "parent", "value")

    def __init__(self, value: Any, parent: Place | None = None, key: str | int = "") -> None:
        self.value, self.parent, self.key = value, parent, key

    @property
    def path(self) -> str:
        """The way from the root: `graph.nodes.n4.inputs[0].ref`. Made only when it is asked for."""
        if self.parent is None:
            return str(self.key)
        above = self.parent.path
        if isinstance(self.key, int):
            return f"{above}[{self.key}]"
        key = self.key if self.key.isidentifier() and len(self.key) <= SHOWN else shown(self.key)
        return f"{above}.{key}" if above else key

    def refuse(self, words: str) -> NoReturn:
        """Raise CodecError for this place."""
        raise CodecError(self.path, words)

    def __contains__(self, key: str) -> bool:
        return key in self.value

    def __getitem__(self, key: str) -> Place:
        return Place(self.value[key], self, key)

    def get(self, key: str) -> Place | None:
        """Return a member of an object, or None."""
        return Place(self.value[key], self, key) if key in self.value else None

    def mapping(self, required: tuple[str, ...] = (), optional: tuple[str, ...] = ()) -> Place:
        """Return this place if it is an object that has all required keys and no unknown ones."""
        value = self.value
        if not isinstance(value, dict):
            self.refuse(f"an object stands here, not {shown(value)}")
        for key in value:
            if key not in required and key not in optional:
                self.refuse(f"the key {shown(key)} is not known here")
        for key in required:
            if key not in value:
                self.refuse(f"the key {key} is missing")
        return self

    def members(self) -> dict[str, Place]:
        """Return the members of an object, whatever its keys."""
        if not isinstance(self.value, dict):
            self.refuse(f"an object stands here, not {shown(self.value)}")
        return {key: Place(value, self, key) for key, value in self.value.items()}

    def table(self, letter: str, limit: int) -> dict[str, Place]:
        """Return the members of an object whose keys are ids of a letter."""
        members = self.members()
        if len(members) > limit:
            self.refuse(f"{len(members):,} of these are above the limit of {limit:,}")
        for key in members:
            if not is_id(key, letter):
                self.refuse(f"{shown(key)} is no id: ids here are {letter} and a number")
        return members

    def items(self, limit: int = 200_000) -> list[Place]:
        """Return the items of a list."""
        if not isinstance(self.value, list):
            self.refuse(f"a list stands here, not {shown(self.value)}")
        if len(self.value) > limit:
            self.refuse(f"{len(self.value):,} items are above the limit of {limit:,}")
        return [Place(value, self, i) for i, value in enumerate(self.value)]

    def each(self, read: Callable[[Place], T], limit: int = 200_000) -> tuple[T, ...]:
        """Return the items of a list, read."""
        return tuple([read(item) for item in self.items(limit)])

    def boolean(self) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            self.refuse(f"true or false stands here, not {shown(self.value)}")
        return self.value

    def integer(self, low: int = -MAX_INTEGER, high: int = MAX_INTEGER) -> int:
        """Return a whole number."""
        if type(self.value) is not int:
            self.refuse(f"a whole number stands here, not {shown(self.value)}")
        if not low <= self.value <= high:
            self.refuse(f"the number lies outside {low:,} to {high:,}")
        return int(self.value)

    def format_up_to(self, most: int) -> None:
        """Refuse what is no number of a format, or that of a newer one."""
        value = self.integer(1)
        if value > most:
            self.refuse(f"it was made by GradStudio format {value}; this program reads up to {most}")

    def text(self) -> str:
        """Return a text that can be written again."""
        if not isinstance(self.value, str):
            self.refuse(f"a text stands here, not {shown(self.value)}")
        if len(self.value) > MAX_TEXT:
            self.refuse(f"a text has at most {MAX_TEXT:,} characters")
        fault = text_fault(self.value)
        if fault:
            self.refuse(fault)
        return self.value

    def name(self) -> str:
        """Return a name."""
        fault = name_fault(self.value)
        if fault:
            self.refuse(fault)
        return str(self.value)

    def check_key(self) -> None:
        """Refuse where the key of this place is no name."""
        fault = name_fault(self.key)
        if fault:
            self.refuse(fault)

    def id(self, letter: str) -> str:
        """Return an id of a letter."""
        if not is_id(self.value, letter):
            self.refuse(f"{shown(self.value)} is no id: ids here are {letter} and a number")
        return str(self.value)


class Declared(Struct, frozen=True):
    """A field of a record, as it is declared."""

    name: str
    type: str  # as it is written
    default: object
    required: bool


def declared(kind: type[Struct]) -> list[Declared]:
    """Return the fields of a record, the inherited ones first."""
    names, defaults = kind.__struct_fields__, kind.__struct_defaults__
    types = {name: told for base in reversed(kind.__mro__) for name, told in getattr(base, "__annotations__", {}).items()}
    padded = (NODEFAULT,) * (len(names) - len(defaults)) + defaults
    return [Declared(name, types[name], default, default is NODEFAULT) for name, default in zip(names, padded, strict=True)]


def read_fields(place: Place, kind: type[Struct], read: Mapping[str, Callable[[Place], Any]], also: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the fields of a record that an object gives, each read by what it is declared to be; one with a default may be missing.

    `also`: keys that must be there too, and that the caller reads. Raises CodecError.
    """
    own = [field for field in declared(kind) if field.name not in also]
    required = tuple(field.name for field in own if field.required)
    members = place.mapping((*also, *required), tuple(field.name for field in own if not field.required))
    return {field.name: read[field.type](members[field.name]) for field in own if field.name in members}
