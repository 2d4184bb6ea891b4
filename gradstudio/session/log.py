"""Log: what a running script recorded, as columns of versions. `state.py`'s values are read off it by `reading.py`."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

import numpy as np

from gradstudio.document.graph import Array, CallId, NodePath, OperandPath
from gradstudio.engine import Tensor
from gradstudio.engine.gradnode import GradNode
from gradstudio.session.ready import Ready
from gradstudio.session.state import InputKey
from gradstudio.session.trace import TensorKey

T = TypeVar("T")
Sender: TypeAlias = tuple[int, InputKey | None]  # the visit that sent a term, and the wire; None: it is a seed


class Column(Generic[T]):
    """The versions of one thing: from which step on it was what. None: it was not there."""

    __slots__ = ("steps", "values")

    def __init__(self) -> None:
        self.steps: list[int] = []
        self.values: list[T | None] = []

    def set(self, k: int, value: T | None) -> None:
        """Record that from step k on the thing is value."""
        if self.steps and self.steps[-1] == k:
            self.values[-1] = value
        else:
            self.steps.append(k)
            self.values.append(value)

    def at(self, k: int) -> T | None:
        """Return what the thing was at step k."""
        i = bisect_right(self.steps, k)
        return self.values[i - 1] if i else None

    @property
    def last(self) -> T | None:
        """What the thing is now."""
        return self.values[-1] if self.values else None


@dataclass(slots=True, eq=False)
class Numbers:
    """A recorded array. It is shared with the engine until something is about to write there: then it is copied."""

    array: Array
    shown: object = None  # the TensorView or Flow made of it, kept so that equal states share it


@dataclass(slots=True, eq=False)
class TensorRecord(Numbers):
    """A tensor as it was."""

    requires_grad: bool = False
    is_leaf: bool = True
    grad_fn: str | None = None
    version: int = 0
    past_failure: bool = False
    owner: Tensor | None = None  # of a `.grad`: to tell whether it is still the same object


@dataclass(slots=True, eq=False)
class FlowRecord(Numbers):
    """What was sent along a wire, or arrived at an output, in one pass so far: the sum, and its terms in order."""

    number: int = 0  # of the pass
    step: int = 0
    terms: tuple[Array, ...] = ()
    senders: tuple[Sender, ...] = ()  # of the terms


@dataclass(slots=True, eq=False)
class OpRecord:
    """One execution of an op (or a use of a group): its operands as they were, for local derivatives."""

    operands: tuple[object, ...]  # TensorRecord, a Python value, or a tuple of these
    shown: dict[OperandPath, object] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class SavedRecord:
    """A tensor that an engine node saved, and what became of it."""

    node: GradNode
    name: str
    named: str  # PyTorch's name of the saved tensor: `self`, `result`
    source: TensorKey | None
    numbers: Numbers
    version: int
    versions: Column[int]
    uses: list[int] = field(default_factory=list)  # the visits that unpacked it
    freed_at: int = 0  # from this step on; 0: held
    freed_by: CallId | None = None


class Log:
    """All columns of a run."""

    def __init__(self) -> None:
        self.tensors: dict[TensorKey, Column[TensorRecord]] = {}
        self.grads: dict[TensorKey, Column[TensorRecord]] = {}
        self.flows: dict[InputKey, Column[FlowRecord]] = {}
        self.cotangents: dict[TensorKey, Column[FlowRecord]] = {}
        self.ops: dict[NodePath, Column[OpRecord]] = {}
        self.saved: dict[tuple[NodePath, int, str], Column[SavedRecord]] = {}
        self.queue: Column[tuple[Ready, int]] = Column()  # the queue of a pass, and the number of its visit
        self.grad_enabled: Column[bool] = Column()
        self.pending: dict[int, frozenset[InputKey]] = {}  # by number of the pass: the wires it will use
        self.start: dict[TensorKey, TensorRecord] = {}  # start values of leaves, shown before they are made

        self.nbytes = 0  # of all arrays ever recorded
        self._sharing: dict[int, list[Numbers]] = {}  # by the storage: records that would change with it

    def set(self, table: str, key: object, k: int, value: object) -> None:
        """Record a version in one of the tables."""
        columns = getattr(self, table)
        column = columns.get(key)
        if column is None:
            column = columns[key] = Column()
        column.set(k, value)
        if isinstance(value, Numbers):
            self.share(value)

    def share(self, numbers: Numbers) -> None:
        """Remember that a record's array belongs to the engine."""
        self.nbytes += numbers.array.nbytes
        self._sharing.setdefault(id(storage(numbers.array)), []).append(numbers)

    def protect(self, written: Array) -> None:
        """Copy every record that shares storage with an array that is about to be written."""
        for numbers in self._sharing.pop(id(storage(written)), ()):
            numbers.array = numbers.array.copy()


def storage(array: Array) -> Array:
    """Return the array that owns the memory of a view."""
    base = array
    while isinstance(base.base, np.ndarray):
        base = base.base
    return base


def tensor_record(tensor: Tensor, past_failure: bool = False) -> TensorRecord:
    """Return a tensor as it is now; its array is shared."""
    node = tensor.grad_fn
    return TensorRecord(
        tensor.array,
        None,
        tensor.requires_grad,
        tensor.is_leaf,
        None if node is None else node.name().rpartition("::")[2],
        tensor._version,
        past_failure,
    )
