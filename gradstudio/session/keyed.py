"""Keyed: a map of a State whose keys are those of the state before. What a thousand keys are is found out once, not with each run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import compress
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

K = TypeVar("K")
V = TypeVar("V")
D = TypeVar("D")
SAME, SENT, NUMBER, SUM = range(4)  # a row is that of the map before; it was sent; it is that with another number; with other terms too
MANY = 256  # rows; of more, it takes long to tell which they are
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Kinds = npt.NDArray[np.uint8]  # of rows: SAME, SENT, NUMBER or SUM
Counts = npt.NDArray[np.intp] | npt.NDArray[np.uint32]
_split = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode


class Part(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A map of a State as what differs from the state before. `changed` says of each row what; None: `values` is a map of other keys."""

    changed: bytes | None
    values: msgspec.Raw  # of the rows that were sent; read by who asks for one
    numbers: bytes = b""  # float64, of those that have another number
    terms: bytes = b""  # float64, of those that are a SUM, one after the other
    counts: bytes = b""  # uint32, of each SUM: how many terms it has


class RowReader(Generic[V]):
    """Reads values of one type: a list of them, or one. `with_number` makes one of another one and a number."""

    def __init__(self, kind: type[V]) -> None:
        self.every = msgspec.msgpack.Decoder(list[kind]).decode  # type: ignore[valid-type]
        self.one = msgspec.msgpack.Decoder(kind).decode
        self.as_numbers: Callable[[Any], tuple[float, ...]] | None = getattr(getattr(kind, "as_numbers", None), "fget", None)
        self.with_number: Callable[[Any, float, tuple[float, ...]], V] | None = getattr(kind, "with_number", None)


class Terms:
    """Of the rows of a map that are sums, the terms."""

    __slots__ = ("_counts", "_flat", "_rows")

    def __init__(self, rows: Counts, counts: Counts, flat: Floats) -> None:
        self._rows, self._counts, self._flat = rows, counts, flat  # which they are, rising; how many terms each has; all of them

    def of(self, row: int) -> tuple[float, ...]:
        """Return the terms of a row; none, if it is no sum."""
        i = int(self._rows.searchsorted(row))
        if i == len(self._rows) or self._rows[i] != row:
            return ()
        start = int(self._counts[:i].sum())
        return tuple(self._flat[start : start + int(self._counts[i])].tolist())

    def followed_by(self, changed: Kinds, part: Part) -> Terms:
        """Return what they are after a part, which says so of each row that changed."""
        sent = Terms(np.flatnonzero(changed == SUM), np.frombuffer(part.counts, np.uint32), np.frombuffer(part.terms, np.float64))
        mine = changed[self._rows]
        other = mine == SUM
        if ((mine == SAME) | other).all() and np.array_equal(sent._rows, self._rows[other]) and (sent._counts == self._counts[other]).all():
            flat = self._flat.copy()  # from run to run of a drag there are as many
            flat[np.repeat(other, self._counts)] = sent._flat
            return Terms(self._rows, self._counts, flat)
        every = {**{row: self.of(row) for row in self._rows[mine == SAME].tolist()}, **{row: sent.of(row) for row in sent._rows.tolist()}}
        return terms_of(every)


def terms_of(terms: dict[int, tuple[float, ...]]) -> Terms:
    """Return the terms of rows."""
    rows = sorted(terms)
    counts = np.array([len(terms[row]) for row in rows], np.uint32)
    return Terms(np.array(rows, np.intp), counts, np.array([term for row in rows for term in terms[row]], np.float64))


class Told(NamedTuple):
    """What of a map is told by numbers: which rows, the numbers, and the terms of those that are sums. Not to be changed."""

    rows: Mask
    numbers: Floats
    terms: Terms


class Keyed(Mapping[K, V]):
    """Shares the index of its keys with the map that it follows. A value is read, or made of a number, when somebody asks for it."""

    __slots__ = (
        "_base", "_follows", "_made", "_ones", "_part", "_parts", "_reader", "_sent", "_told", "_values", "changed", "index", "known_keys",
        "stamp",
    )  # fmt: skip

    def __init__(self, base: Mapping[K, V], part: Part, reader: RowReader[V]) -> None:
        self.stamp = object()
        assert part.changed is not None
        self.changed, self._sent, self._reader = part.changed, part.values, reader
        self._values: list[V] | None = None  # all rows but for numbers, once they are read
        self._parts: list[msgspec.Raw] = []  # what was sent, value by value, once single ones are read
        self._ones: dict[int, V] = {}  # these
        self._made: dict[int, V] = {}  # those that were made of a number
        self._follows: object = None
        self.known_keys: frozenset[K] | None = None  # whose values are others, once somebody has asked
        self._part: Part | None
        some = part.changed.count(SENT) < len(part.changed)  # there are rows that were not sent
        known: Told | None = None
        if isinstance(base, Keyed):
            self.index: dict[K, int] = base.index
            self._follows, known = base.stamp, base.told
            self._base: list[V] = base.but_for_numbers() if some else []  # read now: else maps that nobody reads would wait for one another
        else:
            self.index = {key: i for i, key in enumerate(base)}
            self._base = list(base.values()) if some else []
            if part.numbers and self._reader.as_numbers is not None:
                known = _told_of(list(map(self._reader.as_numbers, self._base)))
        self._told, self._part = known, part  # before the part, until it is asked for

    @property
    def told(self) -> Told | None:
        """What of the map is told by numbers."""
        if self._part is not None:
            self._told, self._part = _told(self._told, self._part), None
        return self._told

    def settle(self) -> None:
        """Read what the next map builds on."""
        self.but_for_numbers()
        _ = self.told

    def but_for_numbers(self) -> list[V]:
        """Return the rows in the order of the keys, those that are told by a number with one that they had. Not to be changed."""
        if self._values is None:
            values = self._base
            if SENT in self.changed:
                new = self._reader.every(self._sent)
                values = list(self._base) or new
                if self._base:
                    sent = compress(range(len(values)), map(SENT.__eq__, self.changed))
                    for i, value in zip(sent, new, strict=True):
                        values[i] = value
                for i, value in self._ones.items():
                    values[i] = value  # who was given it has the same
            self._values, self._base, self._sent, self._parts, self._ones = values, [], msgspec.Raw(), [], {}
        return self._values

    def _read(self, i: int) -> V:
        """Return one row but for its number. Of few that are looked at, the others are not read."""
        if self._values is not None:
            return self._values[i]
        if self.changed[i] != SENT:
            return self._base[i]
        if i not in self._ones:
            if not self._parts:
                self._parts = _split(self._sent)
            self._ones[i] = self._reader.one(self._parts[self.changed.count(SENT, 0, i)])
        return self._ones[i]

    def _row(self, i: int) -> V:
        told = self.told
        if told is None or not told.rows[i]:
            return self._read(i)
        made = self._made.get(i)
        if made is None:
            assert self._reader.with_number is not None
            made = self._made[i] = self._reader.with_number(self._read(i), float(told.numbers[i]), told.terms.of(i))
        return made

    def number(self, key: K) -> float | None:
        """Return the number that tells the value of a key; None: it has none, or is told otherwise."""
        i, told = self.index.get(key, -1), self.told
        return float(told.numbers[i]) if told is not None and i >= 0 and told.rows[i] else None

    def rows(self) -> list[V]:
        """Return the values in the order of the keys; not to be changed."""
        values = self.but_for_numbers()
        return values if self.told is None else list(map(self._row, range(len(values))))

    def follows(self, old: Mapping[K, V]) -> bool:
        """Return whether this is the map that came after an old one."""
        return isinstance(old, Keyed) and old.stamp is self._follows

    def is_other_numbers(self, old: Mapping[K, V]) -> bool:
        """Return whether this is the map that came after an old one, and differs from it in numbers alone."""
        return self.follows(old) and SENT not in self.changed

    def most_changed(self, old: Mapping[K, V]) -> bool:
        """Return whether this is the large map that came after an old one, and most of its values are others."""
        return len(self.changed) > MANY and self.follows(old) and 2 * self.changed.count(SAME) < len(self.changed)

    def changed_keys(self, old: Mapping[K, V]) -> frozenset[K] | None:
        """Return the keys whose values are others than in an old map, if this is the one that follows it."""
        if not isinstance(old, Keyed) or not self.follows(old):
            return None
        if self.known_keys is None:  # from run to run of a drag they are the same ones
            alike = old.changed == self.changed
            self.known_keys = (old.known_keys if alike else None) or frozenset(compress(self.index, self.changed))
        return self.known_keys

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


def _told_of(numbers: list[tuple[float, ...]]) -> Told:
    """Return rows as numbers, so that those that do not change are read with those that do."""
    firsts = np.array([of[0] if of else 0.0 for of in numbers], np.float64)
    return Told(np.array(list(map(bool, numbers)), bool), firsts, terms_of({i: of[1:] for i, of in enumerate(numbers) if len(of) > 1}))


def _told(known: Told | None, part: Part) -> Told | None:
    """Return what is told by numbers after a part, given what was before."""
    assert part.changed is not None
    if not part.numbers and known is None:
        return None
    changed = np.frombuffer(part.changed, np.uint8)
    new = changed >= NUMBER
    numbers = np.zeros(len(changed)) if known is None else known.numbers.copy()
    numbers[new] = np.frombuffer(part.numbers, np.float64)
    rows = new if known is None else known.rows | new
    if SENT in part.changed:
        rows &= changed != SENT
    return Told(rows, numbers, (terms_of({}) if known is None else known.terms).followed_by(changed, part))


def but_for_numbers(table: Mapping[Any, V]) -> Iterable[V]:
    """Return the values of a map of a State, for one who does not look at their numbers: nothing is made of those."""
    return table.but_for_numbers() if isinstance(table, Keyed) else table.values()
