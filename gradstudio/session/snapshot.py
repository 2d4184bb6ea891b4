"""Snapshot: what a log has at one step. What a State shows of it is said by `reading.py`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from gradstudio.document.document import Document
from gradstudio.document.graph import LEAF, NodePath
from gradstudio.session.column import Column
from gradstudio.session.log import Log
from gradstudio.session.places import Places
from gradstudio.session.records import FlowRecord, Numbers, OpRecord, SavedRecord, TensorRecord
from gradstudio.session.state import InputKey
from gradstudio.session.takers import Takers
from gradstudio.session.trace import TensorKey, Trace

K = TypeVar("K")
R = TypeVar("R", bound=Numbers | OpRecord)
SavedKey: TypeAlias = tuple[NodePath, int, str]
Rows: TypeAlias = npt.NDArray[np.intp]


class AllPlaces(NamedTuple):
    """Where the numbers of the maps of a State are."""

    tensors: Places[TensorKey, TensorRecord]
    grads: Places[TensorKey, TensorRecord]
    flows: Places[InputKey, FlowRecord]
    cotangents: Places[TensorKey, FlowRecord]
    saved: Places[SavedKey, SavedRecord]


@dataclass(eq=False)
class Snapshot:
    """What a log has at one step, in the order in which a State tells it. Retakes have the same ones."""

    tensors: dict[TensorKey, TensorRecord]
    grads: dict[TensorKey, TensorRecord]
    flows: dict[InputKey, FlowRecord | None]  # None: planned, and not sent yet
    cotangents: dict[TensorKey, FlowRecord]
    saved: dict[SavedKey, SavedRecord]
    ops: dict[NodePath, OpRecord]
    takers: Takers

    def ops_at(self, paths: set[NodePath]) -> list[tuple[NodePath, OpRecord]]:
        """Return those of some nodes that have run, in the order of the log."""
        found = [path for path in paths if path in self.ops]
        return [(path, self.ops[path]) for path in sorted(found, key=self._ranks.__getitem__)]

    @cached_property
    def _ranks(self) -> dict[NodePath, int]:
        return {path: i for i, path in enumerate(self.ops)}

    @cached_property
    def places(self) -> AllPlaces:
        """Where the numbers of each map are, once retakes ask."""
        made = [Places(each, self.takers) for each in (self.tensors, self.grads, self.flows, self.cotangents, self.saved)]
        return AllPlaces(*made)

    @cached_property
    def _passing(self) -> tuple[Rows, Rows, list[NodePath]]:
        """Of each output with a wire into its node: the row of the wire, that of the output's cotangent, and the node."""
        rows: dict[NodePath, list[int]] = {}
        for i, (path, _) in enumerate(self.cotangents):
            rows.setdefault(path, []).append(i)
        found = [(i, row, path) for i, (path, _) in enumerate(self.flows) for row in rows.get(path, ())]
        return np.array([i for i, _, _ in found], np.intp), np.array([row for _, row, _ in found], np.intp), [path for _, _, path in found]

    def blocked(self) -> list[NodePath]:
        """Return the nodes that let nothing through: 0 goes along a wire into them, and something else has come to their output."""
        paths = {path for (path, _), record in self.flows.items() if record is not None and record.is_zero}
        return [path for (path, _), record in self.cotangents.items() if path in paths and not record.is_zero]

    def blocked_after_retake(self) -> list[NodePath]:
        """Return the same, found at once: a retake has left all numbers side by side."""
        wires, outputs, paths = self._passing
        found = self.places.flows.zero()[wires] & ~self.places.cotangents.zero()[outputs]
        return [paths[i] for i in np.flatnonzero(found)]


def snapshot(document: Document, trace: Trace, log: Log, takers: Takers, k: int) -> Snapshot:
    """Return what there is at step k."""
    shown = trace.pass_at(k)
    number = shown.number if shown else 0
    return Snapshot(
        {**_start_records(document, log, k), **_at(log.tensors, k)},
        _at(log.grads, k),
        _wire_records(log, k, number),
        _of_pass(log.cotangents, k, number),
        _at(log.saved, k),
        _at(log.ops, k),
        takers,
    )


def _at(table: dict[K, Column[R]], k: int) -> dict[K, R]:
    return {key: record for key, column in table.items() if (record := column.at(k)) is not None}


def _start_records(document: Document, log: Log, k: int) -> dict[TensorKey, TensorRecord]:
    """Return the start values of leaves that are not made yet at k."""
    found: dict[TensorKey, TensorRecord] = {}
    for node in document.graph.nodes.values():
        key: TensorKey = ((node.id,), 0)
        if node.op == LEAF and isinstance(node.value, np.ndarray) and (key not in log.tensors or log.tensors[key].at(k) is None):
            if key not in log.start:
                log.start[key] = TensorRecord(node.value, None, node.requires_grad)
            found[key] = log.start[key]
    return found


def _of_pass(table: dict[K, Column[FlowRecord]], k: int, number: int) -> dict[K, FlowRecord]:
    return {key: record for key, column in table.items() if (record := column.at(k)) is not None and record.number == number}


def _wire_records(log: Log, k: int, number: int) -> dict[InputKey, FlowRecord | None]:
    found: dict[InputKey, FlowRecord | None] = dict.fromkeys(log.pending.get(number, ()))
    for key in list(found):
        column = log.flows.get(key)
        if column is not None and column.at(k) is None and _gone(column, k, number):
            del found[key]
    found.update(_of_pass(log.flows, k, number))
    return found


def _gone(column: Column[FlowRecord], k: int, number: int) -> bool:
    """Return whether a wire carried this pass and was cleared since, its target having run again."""
    return any(v is not None and v.number == number and step <= k for step, v in zip(column.steps, column.values, strict=True))
