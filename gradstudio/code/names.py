"""Names: what each tensor is called in the program, so that no line reads a name that was given to another tensor since."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from msgspec import Struct

Key: TypeAlias = tuple[str, int]  # a node or a Grad call, and its output

RESERVED = frozenset({"torch", "F", "_", *dir(builtins), *keyword.kwlist, *keyword.softkwlist})


class Taken:
    """Names in use. `fresh` gives one that is not."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = {*RESERVED, *names}
        self._next: dict[str, int] = {}

    def fresh(self, base: str) -> str:
        """Return `base_1`, or the next number that is free, and take it."""
        number = self._next.get(base, 1)
        while f"{base}_{number}" in self.names:
            number += 1
        self._next[base] = number + 1
        self.names.add(f"{base}_{number}")
        return f"{base}_{number}"

    def temporary(self) -> str:
        """Return `_1`, `_2`, ...: a name for what has none."""
        return self.fresh("")

    def claim(self, name: str) -> str:
        """Return a name for a def: itself where it is free, else a fresh one; take it."""
        if name in self.names:
            return self.fresh(name)
        self.names.add(name)
        return name


class Event(Struct, frozen=True):
    """A statement of the program as far as names go: it reads tensors, then gives names to others."""

    reads: tuple[Key, ...] = ()
    binds: tuple[Key, ...] = ()


class Loop(Struct, frozen=True):
    """Events that happen in turns."""

    body: Events


class Attempt(Struct, frozen=True):
    """Events that may stop anywhere, as the body of a `try` does."""

    body: Events


Events: TypeAlias = "tuple[Event | Loop | Attempt, ...]"


@dataclass
class Rebinding:
    """Finds the tensors that are read after their name may belong to another. `base` has each tensor's own name."""

    base: Mapping[Key, str]
    held: dict[str, frozenset[Key]] = field(default_factory=dict)  # who may bear a name now
    conflicts: dict[Key, None] = field(default_factory=dict)

    def follow(self, events: Events) -> None:
        """Follow events in order. A loop's later turns begin with the names as its body leaves them."""
        for event in events:
            if isinstance(event, Event):
                self._step(event)
            elif isinstance(event, Loop):
                self._join({name: keys[-1:] for name, keys in self._bearers(event.body).items()})
                self.follow(event.body)
            else:
                before = dict(self.held)
                self.follow(event.body)
                self.held = before
                self._join(self._bearers(event.body))

    def _step(self, event: Event) -> None:
        for key in event.reads:
            name = self.base.get(key)
            if name is not None and self.held.get(name, frozenset({key})) != {key}:
                self.conflicts[key] = None
        for key in event.binds:
            if key in self.base:
                self.held[self.base[key]] = frozenset({key})

    def _join(self, more: Mapping[str, Iterable[Key]]) -> None:
        for name, keys in more.items():
            self.held[name] = self.held.get(name, frozenset()).union(keys)

    def _bearers(self, events: Events) -> dict[str, list[Key]]:
        """Return, for each name, who is given it, in order."""
        found: dict[str, list[Key]] = {}
        for event in events:
            if isinstance(event, Event):
                for key in event.binds:
                    if key in self.base:
                        found.setdefault(self.base[key], []).append(key)
            else:
                for name, keys in self._bearers(event.body).items():
                    found.setdefault(name, []).extend(keys)
        return found
