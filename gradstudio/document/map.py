"""Map: an immutable mapping that keeps insertion order; every change gives a new one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Map(Mapping[K, V], Generic[K, V]):
    """A frozen dict. Values are shared between versions; only the table of references is copied."""

    __slots__ = ("_table",)

    def __init__(self, items: Mapping[K, V] | Iterable[tuple[K, V]] = ()) -> None:
        self._table: dict[K, V] = dict(items)

    def __getitem__(self, key: K) -> V:
        return self._table[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)

    def __contains__(self, key: object) -> bool:
        return key in self._table

    def __hash__(self) -> int:
        return hash(frozenset(self._table))

    def __repr__(self) -> str:
        return f"Map({self._table!r})"

    def set(self, key: K, value: V) -> Map[K, V]:
        """Return a map with the value under key: in its old place, or at the end."""
        if self._table.get(key) is value and key in self._table:
            return self
        return self.update({key: value})

    def update(self, items: Mapping[K, V] | Iterable[tuple[K, V]]) -> Map[K, V]:
        """Return a map with all the items set."""
        new: Map[K, V] = Map()
        new._table.update(self._table)
        new._table.update(items)
        return new

    def without(self, keys: Iterable[K]) -> Map[K, V]:
        """Return a map that lacks the keys (keys that are not there are ignored)."""
        gone = set(keys)
        return Map((k, v) for k, v in self._table.items() if k not in gone)


EMPTY: Map[str, object] = Map()
