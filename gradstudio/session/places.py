"""Places: where the numbers that a State shows are among the arrays that a run hands out. So what a retake made of them is read at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

import msgspec
import numpy as np

from gradstudio.session.keyed import NUMBER, SENT, SUM, Mask, Part
from gradstudio.session.records import NO_PLACE, FlowRecord, SavedRecord, Shared
from gradstudio.session.takers import Takers

K = TypeVar("K")
R = TypeVar("R", bound=Shared)
_encode = msgspec.msgpack.Encoder().encode


class Places(Generic[K, R]):
    """Of one map of a State, row by row: the place of its number, and of the terms that it is the sum of.

    Rows of more than one element, or without a place, are looked at one by one.
    """

    def __init__(self, table: Mapping[K, R | None], takers: Takers) -> None:
        self._takers = takers
        self._at = np.full(len(table), NO_PLACE)
        self._others: list[tuple[int, K, R]] = []
        self._added: list[tuple[int, FlowRecord]] = []  # sums that no run hands out, as at the inputs of an instance
        sums: list[int] = []
        terms: list[int] = []
        starts = [0]
        for i, (key, record) in enumerate(table.items()):
            if record is None:
                continue
            place, added = _place_of(record), record.places if isinstance(record, FlowRecord) and record.before is not None else []
            if isinstance(record, FlowRecord) and place == NO_PLACE and added and self._are_plain(added):
                self._added.append((i, record))
            elif not self._are_plain([place]):
                self._others.append((i, key, record))
                continue
            self._at[i] = place
            if added:
                sums.append(i)
                terms += added
                starts.append(len(terms))
        self._sums, self._terms = np.array(sums, np.intp), np.array(terms, np.intp)
        self._starts, self._counts = np.array(starts[:-1], np.intp), np.diff(starts).astype(np.uint32)
        self._placed = np.flatnonzero(self._at != NO_PLACE)

    def _are_plain(self, places: list[int]) -> bool:
        return all([at != NO_PLACE and self._takers.plain[at] for at in places])

    def part(self, view_of: Callable[[K, R], object]) -> Part:
        """Return the map by what a retake has made other: of one floating-point element the number alone, and its terms."""
        takers, placed = self._takers, self._placed
        changed = np.zeros(len(self._at), np.uint8)
        changed[placed] = takers.changed[self._at[placed]] * np.uint8(NUMBER)
        terms = counts = b""
        if len(self._sums):
            other = np.logical_or.reduceat(takers.changed[self._terms], self._starts)
            changed[self._sums] = other * np.uint8(SUM)
            counts = self._counts[other].tobytes()
            terms = takers.numbers[self._terms[np.repeat(other, self._counts)]].tobytes()
        rows = np.flatnonzero(changed)
        told = takers.numbers[self._at[rows]]
        for i, added in self._added:
            if changed[i]:
                told[rows.searchsorted(i)] = added.array.item()
        sent = []
        for i, key, record in self._others:
            if record.changed:
                changed[i] = SENT
                sent.append(view_of(key, record))
        return Part(changed.tobytes(), msgspec.Raw(_encode(sent)), told.tobytes(), terms, counts)

    def zero(self) -> Mask:
        """Return of each cotangent whether every element is 0."""
        found = np.zeros(len(self._at), bool)
        found[self._placed] = self._takers.numbers[self._at[self._placed]] == 0
        for i, added in self._added:
            found[i] = added.is_zero
        for i, _, record in self._others:
            found[i] = isinstance(record, FlowRecord) and record.is_zero
        return found


def _place_of(record: Shared) -> int:
    """Return where the number of a record is."""
    if isinstance(record, SavedRecord) and record.like is not None:
        return record.like.place
    return record.sum_place if isinstance(record, FlowRecord) and record.before is not None else record.place
