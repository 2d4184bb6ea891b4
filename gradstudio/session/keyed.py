"""Keyed: a map of a State whose keys are those of the state before. What a thousand keys are is found out once, not with each run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import compress
from typing import Any, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Keyed(Mapping[K, V]):
    """Shares the index of its keys with the map that it follows, and has a value a row, read when the first one is asked for.

    `changed` has a 1 for each row whose value is another than in `base`, and `read` returns those values.
    """

    __slots__ = ("_base", "_changed", "_follows", "_read", "_values", "index", "stamp")

    def __init__(self, base: Mapping[K, V], changed: bytes, read: Callable[[], Sequence[V]]) -> None:
        self.stamp = object()
        self._changed, self._read = changed, read
        self._values: list[V] | None = None
        self._follows: object = None
        if isinstance(base, Keyed):
            self.index: dict[K, int] = base.index
            self._follows = base.stamp
            if 0 in changed:
                base.rows()  # else maps that nobody reads would wait for one another
        else:
            self.index = {key: i for i, key in enumerate(base)}
        self._base: Mapping[K, V] | None = base if 0 in changed else None

    def rows(self) -> list[V]:
        """Return the values in the order of the keys; not to be changed."""
        if self._values is None:
            values = list(self._read())
            if self._base is not None:
                new, values = values, list(self._base.values())
                for i, value in zip(compress(range(len(values)), self._changed), new, strict=True):
                    values[i] = value
            self._values, self._base, self._read = values, None, list
        return self._values

    def changed_keys(self, old: Mapping[K, V]) -> Iterator[K] | None:
        """Return the keys whose values are others than in an old map, if this is the one that follows it."""
        return compress(self.index, self._changed) if isinstance(old, Keyed) and old.stamp is self._follows else None

    def __getitem__(self, key: K) -> V:
        return self.rows()[self.index[key]]

    def get(self, key: Any, default: Any = None) -> Any:
        """Return the value of a key."""
        i = self.index.get(key)
        return default if i is None else self.rows()[i]

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
