"""Log: what a running script recorded, as columns of versions. `state.py`'s values are read off it by `reading.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.document.graph import Array, NodePath
from gradstudio.session.column import Column
from gradstudio.session.ready import Ready
from gradstudio.session.records import FlowRecord, OpRecord, SavedRecord, Shared, TensorRecord
from gradstudio.session.state import InputKey
from gradstudio.session.trace import TensorKey


class Log:
    """All columns of a run."""

    def __init__(self) -> None:
        self.tensors: dict[TensorKey, Column[TensorRecord]] = {}
        self.grads: dict[TensorKey, Column[TensorRecord]] = {}
        self.flows: dict[InputKey, Column[FlowRecord]] = {}
        self.cotangents: dict[TensorKey, Column[FlowRecord]] = {}
        self.ops: dict[NodePath, Column[OpRecord]] = {}
        self.saved: dict[tuple[NodePath, int, str], Column[SavedRecord]] = {}
        self.queue: Column[Ready] = Column(0, None)  # the queue of each pass, from its first visit on
        self.grad_enabled: Column[bool] = Column(0, True)
        self.pending: dict[int, tuple[InputKey, ...]] = {}  # by number of the pass: the wires it will use
        self.start: dict[TensorKey, TensorRecord] = {}  # start values of leaves, shown before they are made

        self.most = 0  # bytes of all arrays ever recorded, what they share counted each time
        self._bytes = 0  # bytes of all storage that `_sharing` knows or knew
        self._fresh: list[Shared] = []  # not in `_sharing` yet, which only a write asks for
        self._sharing: dict[int, list[Shared]] = {}  # by the storage: records that would change with it

    @property
    def nbytes(self) -> int:
        """The bytes of all storage ever recorded."""
        self._settle()
        return self._bytes

    def put(self, table: dict[Any, Column[Any]], key: object, k: int, value: Any) -> None:
        """Record a version in one of the tables."""
        column = table.get(key)
        if column is None:
            table[key] = Column(k, value)
        else:
            column.set(k, value)

    def share(self, record: Shared, array: Array) -> None:
        """Remember that a record's array belongs to the engine."""
        self.most += array.nbytes
        self._fresh.append(record)

    def _settle(self) -> None:
        for record in self._fresh:
            owner = storage(record.own)
            sharing = self._sharing.get(id(owner))
            if sharing is None:
                sharing = self._sharing[id(owner)] = []
                self._bytes += owner.nbytes
            sharing.append(record)
        self._fresh.clear()

    def protect(self, written: Array) -> None:
        """Copy every record that shares storage with an array that is about to be written."""
        self._settle()
        for record in self._sharing.pop(id(storage(written)), ()):
            record.part()
            self._bytes += record.array.nbytes


def storage(array: Array) -> Array:
    """Return the array that owns the memory of a view."""
    owner, below = array, array.base
    while below is not None:
        if isinstance(below, np.ndarray):
            owner = below
        below = getattr(below, "base", None)  # as_strided puts an object of its own in between
    return owner
