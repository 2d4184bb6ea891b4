"""Log: what a running script recorded, as columns of versions. `state.py`'s values are read off it by `reading.py`."""

from __future__ import annotations

from bisect import bisect_right
from math import copysign
from typing import Any, Generic, TypeAlias, TypeVar

import numpy as np
from msgspec import Struct

from gradstudio.document.graph import Array, CallId, NodePath, OperandPath
from gradstudio.engine import AccumulateGrad, Tensor
from gradstudio.engine.gradnode import GradNode
from gradstudio.session.ready import Ready
from gradstudio.session.state import Flow, InputKey
from gradstudio.session.trace import TensorKey

T = TypeVar("T")
Sender: TypeAlias = tuple[int, InputKey | None]  # the visit that sent a term, and the wire; None: it is a seed


class Column(Generic[T]):
    """The versions of one thing: from which step on it was what. None: it was not there. Most things have one version, and no lists."""

    __slots__ = ("_first", "_from", "_later", "last")

    def __init__(self, k: int, value: T | None) -> None:
        self._from = k
        self._first = self.last = value  # `last`: what the thing is now
        self._later: tuple[list[int], list[T | None]] | None = None

    def set(self, k: int, value: T | None) -> None:
        """Record that from step k on the thing is value."""
        later, self.last = self._later, value
        if later is None:
            if k == self._from:
                self._first = value
            else:
                self._later = [k], [value]
        elif later[0][-1] == k:
            later[1][-1] = value
        else:
            later[0].append(k)
            later[1].append(value)

    def at(self, k: int) -> T | None:
        """Return what the thing was at step k."""
        later = self._later
        if later is None or k < later[0][0]:
            return self._first if k >= self._from else None
        return later[1][bisect_right(later[0], k) - 1]

    @property
    def steps(self) -> list[int]:
        """The step at which each version began."""
        return [self._from, *(self._later[0] if self._later else ())]

    @property
    def values(self) -> list[T | None]:
        """All versions."""
        return [self._first, *(self._later[1] if self._later else ())]


class Taken(Struct, eq=False, kw_only=True):
    """What became of something that was recorded."""

    parted: bool = False  # it is a copy
    changed: bool = True  # it is not what it was before it was taken anew
    numbers: tuple[float, ...] | None = None  # `as_numbers`, once it was asked for
    plain: bool | None = None  # whether it is one floating-point element, once that was asked for


class Numbers(Taken, eq=False):
    """A recorded array. It is shared with the engine until something is about to write there: then it is copied."""

    array: Array
    shown: object = None  # the TensorView made of it, kept so that equal states share it

    @property
    def own(self) -> Array:
        """The array that the engine may write."""
        return self.array

    @property
    def as_numbers(self) -> tuple[float, ...]:
        """The number, if it is one floating-point element: all that is shown of it follows from that; else nothing."""
        if self.numbers is None:
            if self.plain is None:
                self.plain = is_plain(self.array)
            self.numbers = (self.array.item(),) if self.plain else ()
        return self.numbers

    def part(self) -> None:
        """Take a copy: the engine is about to write where the array lies."""
        self.array, self.parted = self.array.copy(), True

    def renew(self, array: Array) -> None:
        """Take the array of another run in the place of one of the same kind."""
        before = self.as_numbers
        if before:
            self.numbers = now = (array.item(),)
            self.changed = not same_number(before[0], now[0])
        else:
            self.changed = not identical(self.array, array)
        self.array = array
        if self.changed:
            self.shown = None


class TensorRecord(Numbers, eq=False):
    """A tensor as it was."""

    requires_grad: bool = False
    is_leaf: bool = True
    grad_fn: str | None = None
    version: int = 0
    past_failure: bool = False
    owner: Tensor | None = None  # of a `.grad`: to tell whether it is still the same object


class FlowRecord:
    """What was sent along a wire, or arrived at an output, in one pass so far: the sum of one more term and all before it.

    Sums are added up when they are asked for, in the order of execution. A record without a term says what hooks made of the sum.
    """

    __slots__ = (
        "_plain", "_size", "before", "changed", "number", "numbers", "parted", "shown", "step", "term", "total", "wire", "zero",
    )  # fmt: skip

    def __init__(self, term: Array | None, number: int, step: int, wire: InputKey | None, before: FlowRecord | None = None) -> None:
        self.term, self.number, self.step, self.wire, self.before = term, number, step, wire, before
        self.total: Array | None = term if before is None else None
        self.shown: Flow | None = None  # kept so that equal states share it
        self.parted, self.changed = False, True  # as of Taken
        self._size: float | None = None
        self.numbers: tuple[float, ...] | None = None  # as of Taken
        self._plain: bool | None = None
        self.zero: bool | None = None  # `is_zero`, as far as it is known

    @property
    def array(self) -> Array:
        """The sum."""
        if self.total is None:
            waiting = [self]
            while (before := waiting[-1].before) is not None and before.total is None:
                waiting.append(before)
            for each in reversed(waiting):
                assert each.before is not None
                each.total = np.asarray(np.add(each.before.array, each.term))  # type: ignore[arg-type]
        assert self.total is not None
        return self.total

    @property
    def size(self) -> float:
        """The magnitude that a wire is drawn by: of a number itself, of more the root mean square; of nothing 0."""
        if self._size is None:
            g = self.array
            rms = np.sqrt(np.mean(np.square(np.abs(g).astype(np.float64)))) if g.size > 1 else abs(g.item()) if g.size else 0.0
            self._size = float(rms)
        return self._size

    @property
    def as_numbers(self) -> tuple[float, ...]:
        """The number, if it is one floating-point element, and of several terms each: all that is shown follows from that; else nothing."""
        if self.numbers is None:
            if self._plain is None:
                self._plain = is_plain(self.array)
            if not self._plain:
                self.numbers = ()
            elif self.before is None:
                self.numbers = (self.array.item(),)
            else:
                self.numbers = (self.array.item(), *[term.item() for term in self.terms])
            self.zero = not self.numbers[0] if self.numbers else None
        return self.numbers

    @property
    def is_zero(self) -> bool:
        """Whether every element is 0."""
        if self.zero is None:
            self.zero = not self.array.any()
        return self.zero

    @property
    def terms(self) -> tuple[Array, ...]:
        """What was added, in order."""
        found, each = [self.term], self.before
        while each is not None:
            found.append(each.term)
            each = each.before
        return tuple([term for term in reversed(found) if term is not None])

    @property
    def senders(self) -> tuple[Sender, ...]:
        """Who sent the terms: the visit, and the wire."""
        return tuple([(each.step, each.wire) for each in self._sent() if each.term is not None])

    def _sent(self) -> list[FlowRecord]:
        if self.before is None:
            return [self]
        found: list[FlowRecord] = []
        each: FlowRecord | None = self
        while each is not None:
            found.append(each)
            each = each.before
        return found[::-1]

    @property
    def own(self) -> Array:
        """The array that the engine may write: sums are the record's own, unless they were given."""
        return self.array if self.term is None else self.term

    def part(self) -> None:
        """Take copies: the engine is about to write where the arrays lie."""
        alone, self.parted = self.total is self.term, True
        self.term = None if self.term is None else self.term.copy()
        self.total = self.term if alone else None if self.total is None else self.total.copy()

    def renew(self, array: Array) -> None:
        """Take the term of another run in the place of one of the same kind; the one before has taken its own."""
        before, term = self.before, self.term
        assert term is not None
        if before is None and (known := self.as_numbers):
            self.term = self.total = array
            self.numbers = now = (array.item(),)
            self.changed, self.zero = not same_number(known[0], now[0]), not now[0]
        else:
            self.changed = not identical(term, array) or (before is not None and before.changed)
            self.term, self.total = array, array if before is None else None
            if self.changed:
                self.zero = self.numbers = None
        if self.changed:
            self.shown = self._size = None


class OpRecord(Struct, eq=False):
    """One execution of an op (or a use of a group): its operands as they were, for local derivatives."""

    operands: tuple[object, ...]  # TensorRecord, a Python value, or a tuple of these
    _shown: dict[OperandPath, object] | None = None

    @property
    def shown(self) -> dict[OperandPath, object]:
        """The local derivatives that were asked for, by operand."""
        if self._shown is None:
            self._shown = {}
        return self._shown

    def renew(self) -> None:
        """Forget what follows from operands that have taken other numbers."""
        if self._shown and any_changed(self.operands):
            self._shown = None


def any_changed(operands: tuple[object, ...]) -> bool:
    """Return whether a tensor among operands, or in a nest of them, has taken other numbers."""
    return any(each.changed if isinstance(each, TensorRecord) else isinstance(each, tuple) and any_changed(each) for each in operands)


class SavedRecord(Numbers, eq=False):
    """A tensor that an engine node saved, and what became of it."""

    node: GradNode | None = None
    name: str = ""
    named: str = ""  # PyTorch's name of the saved tensor: `self`, `result`
    source: TensorKey | None = None
    like: TensorRecord | None = None  # the record of a tensor that has the same array
    version: int = 0
    versions: Column[int] | None = None  # of the tensor since, if it was written
    uses: tuple[int, ...] = ()  # the visits that unpacked it
    freed_at: int = 0  # from this step on; 0: held
    freed_by: CallId | None = None

    @property
    def as_numbers(self) -> tuple[float, ...]:
        """The number, if it is one floating-point element; else nothing."""
        return super().as_numbers if self.like is None else self.like.as_numbers

    def version_at(self, k: int) -> int:
        """Return the version of the tensor at step k."""
        return (self.versions.at(k) if self.versions is not None else None) or self.version

    def now_is(self, k: int, version: int) -> None:
        """Record that the tensor is of another version from step k on."""
        if self.versions is None:
            self.versions = Column(k, version)
        else:
            self.versions.set(k, version)


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


Shared: TypeAlias = Numbers | FlowRecord


MOST_COMPARED = 1 << 16  # bytes; a larger array taken anew counts as changed


def identical(a: Array, b: Array) -> bool:
    """Return whether two arrays of the same kind are equal to the bit, as far as it is worth looking."""
    return a is b or (a.nbytes <= MOST_COMPARED and a.tobytes() == b.tobytes())


def same_number(a: float, b: float) -> bool:
    """Return whether two numbers are the same: 0.0 is not -0.0, and nan is not taken to be."""
    return a == b and (a != 0 or copysign(1.0, a) == copysign(1.0, b))


def is_plain(array: Array) -> bool:
    """Return whether an array is one floating-point element."""
    return array.size == 1 and array.dtype.kind == "f"


def storage(array: Array) -> Array:
    """Return the array that owns the memory of a view."""
    owner, below = array, array.base
    while below is not None:
        if isinstance(below, np.ndarray):
            owner = below
        below = getattr(below, "base", None)  # as_strided puts an object of its own in between
    return owner


_NAMES: dict[type[GradNode], str] = {}  # of nodes that go by their class


def short_name(node: GradNode) -> str:
    """Return the name of an engine node without the namespaces before it: `MulBackward0`."""
    kind = type(node)
    found = _NAMES.get(kind)
    if found is None:
        found = node.name().rpartition("::")[2]
        if kind.name is GradNode.name and "plan" in kind.__dict__:
            _NAMES[kind] = found
    return found


def standing(tensor: Tensor) -> tuple[bool, bool, str | None, int]:
    """Return what can change about a tensor besides its numbers: requires_grad, is_leaf, grad_fn, version."""
    node = tensor.node
    if node is None or type(node) is AccumulateGrad:
        return node is not None, True, None, tensor._version
    return True, False, short_name(node), tensor._version


def tensor_record(tensor: Tensor, past_failure: bool = False) -> TensorRecord:
    """Return a tensor as it is now; its array is shared."""
    return TensorRecord(tensor.array, None, *standing(tensor), past_failure)
