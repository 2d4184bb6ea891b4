"""Recorder: writes down what a running script does, step by step, in a log and a skeleton."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any

import msgspec
import numpy as np

from gradstudio.document.graph import Array, CallId, NodePath, OperandPath
from gradstudio.engine import Tensor, stored_grad
from gradstudio.engine.gradnode import GradNode
from gradstudio.engine.tensor import AccumulateGrad
from gradstudio.session.limits import MAX_BYTES, MAX_STEPS, RunLimit
from gradstudio.session.log import Column, FlowRecord, Log, Numbers, OpRecord, SavedRecord, TensorRecord, tensor_record
from gradstudio.session.state import InputKey
from gradstudio.session.trace import Failure, Pass, Printed, Step, StepKind, TensorKey, Term, Write


@dataclass(frozen=True, slots=True, eq=False)
class Reader:
    """A tensor that an op read: which operand, whose tensor, and the engine's edge it gave to a recorded node."""

    path: OperandPath
    key: TensorKey
    tensor: Tensor
    node: GradNode | None
    output_nr: int

    def is_edge(self, node: GradNode | None, output_nr: int) -> bool:
        """Return whether an engine edge leads to this operand's tensor."""
        if isinstance(node, AccumulateGrad):
            return node.variable is self.tensor
        return node is not None and node is self.node and output_nr == self.output_nr


@dataclass(slots=True, eq=False)
class Origin:
    """What an engine node stands for."""

    path: NodePath
    part: int
    readers: tuple[Reader, ...] = ()
    outputs: dict[int, tuple[TensorKey, ...]] = field(default_factory=dict)
    made_at: int = 0  # k of the visit that made it (second order); 0: a forward op


def reader(path: OperandPath, key: TensorKey, tensor: Tensor) -> Reader:
    """Note a tensor as it is before an op reads it."""
    return Reader(path, key, tensor, tensor.grad_fn, tensor.output_nr)


class Recorder:
    """The skeleton and the log of one run, as it grows."""

    def __init__(self) -> None:
        self.log = Log()
        self.steps: list[Step] = []
        self.passes: list[Pass] = []
        self.series: dict[TensorKey, list[Write]] = {}
        self.writes: dict[TensorKey, list[int]] = {}
        self.prints: list[Printed] = []
        self.nonfinite: dict[int, int] = {}
        self.failures: dict[NodePath, Failure] = {}
        self.call: CallId = ""
        self.turns: tuple[int, ...] = ()
        self.tensors: dict[TensorKey, Tensor] = {}  # what each key means now
        self.origins: dict[GradNode, Origin] = {}
        self.entrances: dict[NodePath, tuple[NodePath, OperandPath, NodePath]] = {}  # input node: its instance, operand and source
        self.saved_by: dict[GradNode, list[SavedRecord]] = {}
        self._parts: dict[NodePath, int] = {}

    @property
    def k(self) -> int:
        """The step that the script stands at."""
        return len(self.steps)

    def add(self, kind: StepKind, node: NodePath, **more: Any) -> int:
        """Add a step of the running call; return its k. Raises RunLimit."""
        if self.k >= MAX_STEPS:
            raise RunLimit(f"The run was ended after {MAX_STEPS:,} steps, the most that one run may take.  GS-R403")
        if self.log.nbytes > MAX_BYTES:
            raise RunLimit(f"The run was ended: its tensors took more than {MAX_BYTES >> 20:,} MB.  GS-R404")
        self.steps.append(Step(kind, self.call, self.turns, node, **more))
        return self.k

    def sent(self, wires: tuple[InputKey, ...]) -> None:
        """Note the wires that the step of now sent along."""
        self.steps[-1] = msgspec.structs.replace(self.steps[-1], sent=wires)

    # ---- forward

    def made(self, key: TensorKey, tensor: Tensor, past_failure: bool = False) -> None:
        """Record that a key means a tensor from now on; its old `.grad` went with the old tensor."""
        if self.tensors.get(key) is not tensor and key in self.log.grads and self.log.grads[key].last is not None:
            self.log.set("grads", key, self.k, None)
        if not past_failure:
            self.tensors[key] = tensor
        self.log.set("tensors", key, self.k, tensor_record(tensor, past_failure))
        self.count_nonfinite(tensor.array)

    def count_nonfinite(self, array: Array) -> None:
        """Add to the number of non-finite elements that this step made."""
        if array.size == 1:
            if array.dtype.kind == "f" and not isfinite(array.item()):
                self.nonfinite[self.k] = self.nonfinite.get(self.k, 0) + 1
        elif array.dtype.kind in "fc" and (count := int(array.size - np.count_nonzero(np.isfinite(array)))):
            self.nonfinite[self.k] = self.nonfinite.get(self.k, 0) + count

    def runs(self, path: NodePath, readers: tuple[Reader, ...]) -> None:
        """Record that an op, or an instance, is run (again): what flowed into it before is gone."""
        if path in self.log.ops:
            self.log.set("ops", path, self.k, None)
        for each in readers:
            self._forget_flow((path, each.path))

    def ran(self, path: NodePath, operands: tuple[object, ...]) -> None:
        """Record the operands that an op, or an instance, took."""
        self.log.set("ops", path, self.k, OpRecord(operands))

    def _forget_flow(self, key: InputKey) -> None:
        column = self.log.flows.get(key)
        if column and column.last is not None:
            column.set(self.k, None)

    def op_made(self, path: NodePath, readers: tuple[Reader, ...], outputs: Iterable[tuple[TensorKey, Tensor]]) -> None:
        """Record the engine nodes behind an op's outputs, and what they saved."""
        outputs = tuple(outputs)
        self._parts[path] = 0
        for node in self.new_nodes(t.grad_fn for _, t in outputs):
            self.know(node, path, readers, 0)
        for key, t in outputs:
            column = self.log.cotangents.get(key)
            if column and column.last is not None:
                column.set(self.k, None)
            self.alias(t, key)

    def alias(self, tensor: Tensor, key: TensorKey) -> None:
        """Note that a tensor is (also) known by a key: an instance's output is the inner op's."""
        node = tensor.grad_fn
        if node is not None and node in self.origins:
            outputs = self.origins[node].outputs
            if key not in outputs.get(tensor.output_nr, ()):
                outputs[tensor.output_nr] = (*outputs.get(tensor.output_nr, ()), key)

    def new_nodes(self, roots: Iterable[GradNode | None]) -> list[GradNode]:
        """Return the engine nodes behind roots that are not known yet, in the order they were made."""
        found: dict[GradNode, None] = {}
        waiting = [node for node in roots if node is not None]
        while waiting:
            node = waiting.pop()
            if node in found or node in self.origins or isinstance(node, AccumulateGrad):
                continue
            found[node] = None
            waiting += [n for n, _ in node.next_functions if n is not None]
        return sorted(found, key=lambda n: n._sequence_nr())

    def know(self, node: GradNode, path: NodePath, readers: tuple[Reader, ...], made_at: int) -> Origin:
        """Give an engine node its place in the graph, and record what it saved."""
        part = self._parts.get(path, 0)
        self._parts[path] = part + 1
        origin = self.origins[node] = Origin(path, part, readers, {}, made_at)
        for saved in node.saved():
            if saved.array is not None:
                self._saved(node, origin, saved.field, saved.array, saved.version)
        return origin

    def _saved(self, node: GradNode, origin: Origin, name: str, array: Array, version: int) -> None:
        source = next((r.key for r in origin.readers if r.tensor.array is array), None) or self._output_with(origin.path, array)
        numbers = Numbers(array)
        self.log.share(numbers)
        versions: Column[int] = Column()
        versions.set(self.k, version)
        record = SavedRecord(node, node.name().rpartition("::")[2], name, source, numbers, version, versions)
        self.saved_by.setdefault(node, []).append(record)
        self.log.set("saved", (origin.path, origin.part, name), self.k, record)

    def _output_with(self, path: NodePath, array: Array) -> TensorKey | None:
        for key in ((path, 0), (path, 1)):
            if key in self.tensors and self.tensors[key].array is array:
                return key
        return None

    # ---- writes

    def about_to_write(self, tensors: Iterable[Tensor]) -> None:
        """Copy what the log shares with tensors that are about to be written, their `.grad` included."""
        for tensor in tensors:
            self.log.protect(tensor.array)

    def look_for_writes(self, writer: str) -> None:
        """Record every tensor, saved tensor and `.grad` that is not as the log knows it."""
        for key, tensor in self.tensors.items():
            record = self.log.tensors[key].last
            if record is not None and (record.version, record.requires_grad, record.grad_fn) != _standing(tensor):
                if record.version != tensor._version:
                    self.writes.setdefault(key, []).append(self.k)
                self.log.set("tensors", key, self.k, tensor_record(tensor))
            if key[0] not in self.entrances:  # the input of a group is a tensor that has a key of its own
                self.look_at_grad(key, tensor, writer)
        for column in self.log.saved.values():
            self._look_at_version(column.last)

    def _look_at_version(self, record: SavedRecord | None) -> None:
        if record is None or record.freed_at:
            return
        for saved in record.node.saved():
            if saved.field == record.named and saved.version_now is not None and saved.version_now != record.versions.last:
                record.versions.set(self.k, saved.version_now)

    def look_at_grad(self, key: TensorKey, owner: Tensor, writer: str, added: FlowRecord | None = None) -> None:
        """Record the `.grad` of a tensor, and a row of its ledger, if it was written or dropped."""
        column = self.log.grads.get(key)
        before: TensorRecord | None = column.last if column else None
        now = stored_grad(owner)
        if now is None and before is None:
            return
        if now is not None and before is not None and before.owner is now and before.version == now._version:
            return
        record = None
        if now is not None:
            record = replace(tensor_record(now), array=now.array.copy(), owner=now)
        self.log.set("grads", key, self.k, record)
        figures = (_figure(before), _figure(added), _figure(record))
        row = Write(self.k, *figures, "none" if now is None else writer, self.call, _terms(added))  # type: ignore[arg-type]
        self.series.setdefault(key, []).append(row)


def _standing(tensor: Tensor) -> tuple[int, bool, str | None]:
    record = tensor_record(tensor)
    return record.version, record.requires_grad, record.grad_fn


def _terms(added: FlowRecord | None) -> tuple[Term, ...]:
    if added is None:
        return ()
    return tuple(Term(k, wire, _size(term)) for (k, wire), term in zip(added.senders, added.terms, strict=True))


def _figure(numbers: Numbers | None) -> float | None:
    return None if numbers is None else _size(numbers.array)


def _size(array: Array) -> float:
    """Return the number of an array of one element, else its norm."""
    return float(array.reshape(())) if array.size == 1 else float(np.linalg.norm(array.astype(np.float64).ravel()))
