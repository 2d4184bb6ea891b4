"""Map: an immutable mapping that keeps insertion order; every change gives a new one that shares what did not change."""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, Mapping, ValuesView
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")
LEAST = 32  # changes that a version may hold beside the table it shares; above, their square may not exceed the table's size


class Map(Mapping[K, V], Generic[K, V]):
    """A frozen dict. A version is a table shared with others and the few values that differ, so a small edit of a large map is small."""

    __slots__ = ("_changed", "_table")

    def __init__(self, items: Mapping[K, V] | Iterable[tuple[K, V]] = ()) -> None:
        self._table: dict[K, V] = dict(items)
        self._changed: dict[K, V] = {}  # values in the place of the table's; then keys that it lacks

    def __getitem__(self, key: K) -> V:
        return self._changed[key] if key in self._changed else self._table[key]

    def __iter__(self) -> Iterator[K]:
        yield from self._table
        if self._changed:
            yield from (key for key in self._changed if key not in self._table)

    def __len__(self) -> int:
        return len(self._table) + sum(key not in self._table for key in self._changed)

    def __contains__(self, key: object) -> bool:
        return key in self._table or key in self._changed

    def __hash__(self) -> int:
        return hash(frozenset(self))

    def __repr__(self) -> str:
        return f"Map({dict(self.items())!r})"

    def items(self) -> ItemsView[K, V]:
        """Return the items, in order."""
        return Items(self) if self._changed else self._table.items()

    def values(self) -> ValuesView[V]:
        """Return the values, in order."""
        return Values(self) if self._changed else self._table.values()

    def pairs(self) -> Iterator[tuple[K, V]]:
        """Yield the items, in order."""
        changed = self._changed
        for key, value in self._table.items():
            yield key, changed.get(key, value)
        yield from ((key, value) for key, value in changed.items() if key not in self._table)

    def may_differ(self, other: Map[K, V]) -> Iterable[K]:
        """Return the keys whose values may differ from another map's, or that are in one only: few, where they share a table."""
        if self._table is other._table:
            return dict.fromkeys((*self._changed, *other._changed))
        return dict.fromkeys((*self, *other))

    def set(self, key: K, value: V) -> Map[K, V]:
        """Return a map with the value under key: in its old place, or at the end."""
        return self if key in self and self[key] is value else self.update({key: value})

    def update(self, items: Mapping[K, V] | Iterable[tuple[K, V]]) -> Map[K, V]:
        """Return a map with all the items set."""
        changed = {**self._changed, **dict(items)}
        new: Map[K, V] = Map()
        if len(changed) > LEAST and len(changed) ** 2 > len(self._table):
            new._table = {**self._table, **changed}
        else:
            new._table, new._changed = self._table, changed
        return new

    def without(self, keys: Iterable[K]) -> Map[K, V]:
        """Return a map that lacks the keys (keys that are not there are ignored)."""
        gone = {key for key in keys if key in self}
        return Map((k, v) for k, v in self.pairs() if k not in gone) if gone else self


class Items(ItemsView[K, V]):
    """The items of a map with changes."""

    def __init__(self, owner: Map[K, V]) -> None:
        super().__init__(owner)
        self._owner = owner

    def __iter__(self) -> Iterator[tuple[K, V]]:
        return self._owner.pairs()


class Values(ValuesView[V], Generic[K, V]):
    """The values of a map with changes."""

    def __init__(self, owner: Map[K, V]) -> None:
        super().__init__(owner)
        self._owner = owner

    def __iter__(self) -> Iterator[V]:
        return (value for _, value in self._owner.pairs())


EMPTY: Map[str, object] = Map()
