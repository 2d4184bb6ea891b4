"""Records: what a log keeps of tensors, cotangents, ops and saved tensors. A run of the same steps fills them anew (`retake.py`)."""

from __future__ import annotations

from math import isfinite
from typing import TypeAlias

import numpy as np
from msgspec import Struct

from gradstudio.document.graph import Array, CallId, OperandPath
from gradstudio.engine import AccumulateGrad, Tensor
from gradstudio.engine.gradnode import GradNode
from gradstudio.session.column import Column
from gradstudio.session.state import Flow, InputKey, Local
from gradstudio.session.trace import TensorKey

Sender: TypeAlias = tuple[int, InputKey | None]  # the visit that sent a term, and the wire; None: it is a seed


NO_PLACE = -1


class Taken(Struct, eq=False, kw_only=True):
    """What became of something that was recorded."""

    parted: bool = False  # it is a copy
    changed: bool = True  # it is not what it was before it was taken anew
    place: int = NO_PLACE  # of its array among those that a run hands out


class Numbers(Taken, eq=False):
    """A recorded array. It is shared with the engine until something is about to write there: then it is copied."""

    array: Array
    shown: object = None  # the TensorView made of it, kept so that equal states share it

    @property
    def own(self) -> Array:
        """The array that the engine may write."""
        return self.array

    def part(self) -> None:
        """Take a copy: the engine is about to write where the array lies."""
        self.array, self.parted = self.array.copy(), True

    def renew(self, array: Array, changed: bool) -> None:
        """Take the array of another run in the place of one of the same kind, which is equal to it or has `changed`."""
        self.changed = changed
        if changed:
            self.array, self.shown = array, None


class TensorRecord(Numbers, eq=False):
    """A tensor as it was."""

    requires_grad: bool = False
    is_leaf: bool = True
    grad_fn: str | None = None
    version: int = 0
    past_failure: bool = False
    owner: Tensor | None = None  # of a `.grad`: to tell whether it is still the same object


class FlowRecord(Taken, eq=False):
    """What was sent along a wire, or arrived at an output, in one pass so far: the sum of one more term and all before it.

    Sums are added up when they are asked for, in the order of execution. A record without a term says what hooks made of the sum.
    """

    term: Array | None
    number: int  # of the pass
    step: int
    wire: InputKey | None
    before: FlowRecord | None = None
    total: Array | None = None  # the sum, once it was asked for, or as it was given
    sum_place: int = NO_PLACE  # of the sum among the arrays that a run hands out
    shown: Flow | None = None  # kept so that equal states share it
    zero: bool | None = None  # `is_zero`, as far as it is known
    _size: float | None = None

    @property
    def array(self) -> Array:
        """The sum."""
        if self.total is None:
            waiting = [self]
            while waiting[-1].total is None and (before := waiting[-1].before) is not None:
                waiting.append(before)
            for each in reversed(waiting):
                if each.total is None:
                    each.total = each.term if each.before is None else np.asarray(np.add(each.before.total, each.term))  # type: ignore[arg-type]
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

    @property
    def places(self) -> list[int]:
        """The places of the terms."""
        return [each.place for each in self._sent()]

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
        self.parted = True
        if self.term is not None:
            self.term, self.total = self.term.copy(), None  # added up again when it is asked for
        elif self.total is not None:
            self.total = self.total.copy()

    def renew(self, array: Array, changed: bool) -> None:
        """Take the term of another run in the place of one of the same kind, which may have `changed`; the one before has taken its own."""
        before = self.before
        self.changed = changed or (before is not None and before.changed)
        if self.changed:
            self.term, self.total = array, None
            self.shown = self.zero = self._size = None


class OpRecord(Struct, eq=False):
    """One execution of an op (or a use of a group): its operands as they were, for local derivatives."""

    operands: tuple[object, ...]  # TensorRecord, a Python value, or a tuple of these
    shown: dict[OperandPath, Local | None] | None = None  # the local derivatives, once they were asked for
    passed: dict[OperandPath, Array | None] | None = None  # their arrays, as far as a run has taken them while the op's node held all
    _formulas: dict[OperandPath, str] | None = None

    @property
    def formulas(self) -> dict[OperandPath, str]:
        """The formulas of these, which hang on no tensor's numbers: other runs have the same."""
        if self._formulas is None:
            self._formulas = {}
        return self._formulas

    def renew(self) -> None:
        """Forget what follows from operands that have taken other numbers."""
        self.passed = None
        if self.shown and any_changed(self.operands):
            self.shown = None


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

    def follow(self) -> None:
        """Take what the tensor that it is has taken."""
        if self.like is not None:
            self.array, self.changed = self.like.array, self.like.changed

    def version_at(self, k: int) -> int:
        """Return the version of the tensor at step k."""
        return (self.versions.at(k) if self.versions is not None else None) or self.version

    def now_is(self, k: int, version: int) -> None:
        """Record that the tensor is of another version from step k on."""
        if self.versions is None:
            self.versions = Column(k, version)
        else:
            self.versions.set(k, version)


Shared: TypeAlias = Numbers | FlowRecord
def figure(array: Array) -> float:
    """Return the number of an array of one element, else its norm."""
    return float(array.item()) if array.size == 1 else float(np.linalg.norm(np.asarray(array, np.float64).ravel()))


def nonfinite(array: Array) -> int:
    """Return how many elements are not finite."""
    if array.size == 1:
        return int(array.dtype.kind == "f" and not isfinite(array.item()))
    return int(array.size - np.count_nonzero(np.isfinite(array))) if array.dtype.kind in "fc" else 0


MOST_COMPARED = 1 << 16  # bytes; a larger array taken anew counts as changed


def identical(a: Array, b: Array) -> bool:
    """Return whether two arrays of the same kind are equal to the bit, as far as it is worth looking."""
    return a is b or (a.nbytes <= MOST_COMPARED and a.tobytes() == b.tobytes())


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
