"""Takers: in the order in which a run hands out its arrays, who takes each. So a run of the same steps can fill the same log anew."""

from __future__ import annotations

from functools import cached_property
from itertools import compress
from math import prod
from typing import Any, Literal, TypeAlias

import numpy as np
from msgspec import Struct

from gradstudio.document.graph import Array
from gradstudio.session.keyed import Floats, Mask
from gradstudio.session.records import FlowRecord, Shared, TensorRecord, figure, identical
from gradstudio.session.trace import TensorKey, Term

Moment: TypeAlias = Literal["entered", "left", "written"]  # of a step at which the machine is looked at
NO_STEP = -1
Look: TypeAlias = tuple[TensorKey, bool]  # a tensor, or its `.grad`
_NOTHING = np.zeros(())


class Row(Struct):
    """What one row of the ledger of a `.grad` is made of."""

    key: TensorKey
    before: TensorRecord | None
    added: FlowRecord | None
    after: TensorRecord | None

    @property
    def changed(self) -> bool:
        """Whether any of it has taken other numbers."""
        return any([each is not None and each.changed for each in (self.before, self.added, self.after)])

    def figures(self) -> tuple[float | None, float | None, float | None]:
        """Return what there was, what was added and what there is: numbers, or norms."""
        return _figure(self.before), _figure(self.added), _figure(self.after)

    def terms(self) -> tuple[Term, ...]:
        """Return what was added, contribution by contribution."""
        added = self.added
        if added is None:
            return ()
        return tuple([Term(k, wire, figure(term)) for (k, wire), term in zip(added.senders, added.terms, strict=True)])


class Total:
    """Takes what arrives at a node, which is what a record would add up from its terms. For numbers: sums of more are seldom asked for."""

    parted = True  # the log has a copy of its own, whatever the engine does with it

    def __init__(self, record: FlowRecord) -> None:
        self._record = record

    @property
    def own(self) -> Array:
        """The sum."""
        return self._record.array

    @property
    def place(self) -> int:
        """Where the sum is among the arrays that a run hands out."""
        return self._record.sum_place

    @place.setter
    def place(self, at: int) -> None:
        self._record.sum_place = at

    def renew(self, array: Array, changed: bool) -> None:
        """Take the sum; terms may have changed where it has not."""
        self._record.total = array


class Takers:
    """Grows with a log. `repeatable`: with other numbers in its leaves, the script hands out arrays of the same kinds in the same order."""

    def __init__(self) -> None:
        self.repeatable = True
        self.records: list[tuple[Shared | Total, ...]] = []  # of each array, in order: the records that hold it
        self.counted: list[int] = []  # of each: the step that its non-finite elements count for
        self.kinds: list[tuple[tuple[int, ...], np.dtype[Any]]] = []  # of each: shape and dtype
        self.own: list[tuple[bool, ...]] = []  # of each op: which of the arrays that its engine nodes saved are nothing but saved
        self.looks: dict[tuple[int, Moment], list[Look]] = {}  # what was found written, and recorded
        self.rows: list[Row] = []
        self.passes: list[tuple[FlowRecord, ...]] = []  # of each pass: what its wires carried

    def take(self, array: Array, records: tuple[Shared | Total, ...], counted: int = NO_STEP) -> None:
        """Note who takes the next array."""
        if not self.repeatable:
            return
        for record in records:
            record.place = len(self.records)
        self.records.append(records)
        self.counted.append(counted)
        self.kinds.append((array.shape, array.dtype))

    def renew(self, arrays: list[Array]) -> None:
        """Let every taker take the array of another run."""
        now = self._numbers_in(arrays)
        changed = (now != self.numbers) | (np.signbit(now) != np.signbit(self.numbers))  # 0.0 is not -0.0, and nan is not taken to be
        for i in np.flatnonzero(~self.plain).tolist():
            changed[i] = bool(self.records[i]) and not identical(self.records[i][0].own, arrays[i])
        self.numbers, self.changed = now, changed
        for records, array, differs in zip(self.records, arrays, changed.tolist(), strict=True):
            for record in records:
                record.renew(array, differs)

    @cached_property
    def plain(self) -> Mask:
        """Of each array, once the run is over: whether it is one floating-point element, so that a number tells it."""
        return np.array([dtype.kind == "f" and prod(shape) == 1 for shape, dtype in self.kinds], bool)

    @cached_property
    def numbers(self) -> Floats:
        """Of each array, once the run is over: its number, if it is plain; of others, and of those that nobody took, 0."""
        return self._numbers_in([records[0].own if records else _NOTHING for records in self.records])

    @cached_property
    def changed(self) -> Mask:
        """Of each array: whether it is another one than in the run before, as far as it is known."""
        return np.ones(len(self.records), bool)

    def _numbers_in(self, arrays: list[Array]) -> Floats:
        found = np.zeros(len(arrays))
        found[self.plain] = [array.item() for array in compress(arrays, self.plain.tolist())]
        return found

    def found(self, k: int, moment: Moment, key: TensorKey, grad: bool) -> None:
        """Note that something was found written."""
        self.looks.setdefault((k, moment), []).append((key, grad))

    @cached_property
    def copied(self) -> list[bool]:
        """Of each array, once the run is over: whether it was written after it was taken, so that its takers have a copy."""
        return [any([record.parted for record in records]) for records in self.records]


def _figure(numbers: TensorRecord | FlowRecord | None) -> float | None:
    return None if numbers is None else figure(numbers.array)
