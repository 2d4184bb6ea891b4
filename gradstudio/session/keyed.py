"""Keyed: a map of a State whose keys are those of the state before. What a thousand keys are is found out once, not with each run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import compress
from typing import Generic, TypeVar

import msgspec

K = TypeVar("K")
V = TypeVar("V")
D = TypeVar("D")
_split = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode


class Reader(Generic[V]):
    """Reads values of one type: a list of them, or one."""

    def __init__(self, kind: type[V]) -> None:
        self.every = msgspec.msgpack.Decoder(list[kind]).decode  # type: ignore[valid-type]
        self.one = msgspec.msgpack.Decoder(kind).decode


class Keyed(Mapping[K, V]):
    """Shares the index of its keys with the map that it follows, and has a value a row, read when somebody asks for it.

    `changed` has a 1 for each row whose value is another than in `base`; `sent` is the list of those values.
    """

    __slots__ = ("_base", "_changed", "_follows", "_ones", "_parts", "_reader", "_sent", "_values", "index", "stamp")

    def __init__(self, base: Mapping[K, V], changed: bytes, sent: msgspec.Raw, reader: Reader[V]) -> None:
        self.stamp = object()
        self._changed, self._sent, self._reader = changed, sent, reader
        self._values: list[V] | None = None
        self._parts: list[msgspec.Raw] = []  # what was sent, value by value, once single ones are read
        self._ones: dict[int, V] = {}  # these
        self._follows: object = None
        some = 0 in changed
        if isinstance(base, Keyed):
            self.index: dict[K, int] = base.index
            self._follows = base.stamp
            self._base: list[V] = base.rows() if some else []  # read now: else maps that nobody reads would wait for one another
        else:
            self.index = {key: i for i, key in enumerate(base)}
            self._base = list(base.values()) if some else []

    def rows(self) -> list[V]:
        """Return the values in the order of the keys; not to be changed."""
        if self._values is None:
            values = self._reader.every(self._sent)
            if self._base:
                new, values = values, list(self._base)
                for i, value in zip(compress(range(len(values)), self._changed), new, strict=True):
                    values[i] = value
            for i, value in self._ones.items():
                values[i] = value  # who was given it has the same
            self._values, self._base, self._sent, self._parts, self._ones = values, [], msgspec.Raw(), [], {}
        return self._values

    def _row(self, i: int) -> V:
        """Return one value. Of few that are looked at, the others are not read."""
        if self._values is not None:
            return self._values[i]
        if not self._changed[i]:
            return self._base[i]
        if i not in self._ones:
            if not self._parts:
                self._parts = _split(self._sent)
            self._ones[i] = self._reader.one(self._parts[self._changed.count(1, 0, i)])
        return self._ones[i]

    def changed_keys(self, old: Mapping[K, V]) -> Iterator[K] | None:
        """Return the keys whose values are others than in an old map, if this is the one that follows it."""
        return compress(self.index, self._changed) if isinstance(old, Keyed) and old.stamp is self._follows else None

    def __getitem__(self, key: K) -> V:
        return self._row(self.index[key])

    def get(self, key: K, default: D | None = None) -> V | D | None:  # type: ignore[override]
        """Return the value of a key."""
        i = self.index.get(key)
        return default if i is None else self._row(i)

    def __contains__(self, key: object) -> bool:
        return key in self.index

    def __iter__(self) -> Iterator[K]:
        return iter(self.index)

    def __len__(self) -> int:
        return len(self.index)

    def values(self) -> list[V]:  # type: ignore[override]
        """Return the values."""
        return self.rows()

    def items(self) -> Iterable[tuple[K, V]]:  # type: ignore[override]
        """Return keys with values."""
        return zip(self.index, self.rows(), strict=True)
