"""State: the numbers of one step. Plain frozen values that travel between processes."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Literal, NamedTuple

import msgspec

from gradstudio.document.graph import CallId, NodePath
from gradstudio.session.keyed import but_for_numbers
from gradstudio.session.trace import InputKey as InputKey
from gradstudio.session.trace import TensorKey

CELLS, MANY_CELLS = 64, 4096


class Figures(NamedTuple):
    """Minimum, maximum, mean and Euclidean norm of the finite elements, the number of the others, and how many of those are NaN."""

    min: float | None = None
    max: float | None = None
    mean: float | None = None
    norm: float | None = None
    nonfinite: int = 0
    nan: int = 0


def figures_of(number: float) -> Figures:
    """Return the figures of a tensor of one element."""
    return Figures(number, number, number, abs(number)) if isfinite(number) else Figures(nonfinite=1, nan=int(number != number))


class TensorView(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is shown of a tensor. `cells` is flat and row-major: all elements up to the limit, else a sample on a grid of `grid`.

    `min`, `max`, `mean` and `norm` are those of the finite elements; `nonfinite` counts the others, `nan` those of them that are NaN.
    """

    shape: tuple[int, ...]
    dtype: str
    requires_grad: bool = False
    is_leaf: bool = True
    grad_fn: str | None = None
    version: int = 0
    min: float | None = None
    max: float | None = None
    mean: float | None = None
    norm: float | None = None  # Euclidean
    nonfinite: int = 0
    nan: int = 0
    cells: tuple[float | int | bool, ...] = ()
    grid: tuple[int, ...] = ()  # shape of cells; equal to shape where all elements are there
    past_failure: bool = False

    @property
    def item(self) -> float | int | bool | None:
        """The number, if the tensor has one element."""
        size = 1
        for n in self.shape:
            size *= n
        return self.cells[0] if size == 1 and self.cells else None

    def with_number(self, number: float, terms: tuple[float, ...]) -> TensorView:
        """Return the view of a tensor of one floating-point element that has another number."""
        rest = self.shape, self.dtype, self.requires_grad, self.is_leaf, self.grad_fn, self.version
        return TensorView(*rest, *figures_of(number), (number,), self.grid, self.past_failure)


class Flow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The cotangent on a wire in the pass on show. `none`: planned or done, and nothing came; `pending`: planned, not yet sent."""

    kind: Literal["none", "zero", "value", "pending"]
    value: float | None = None  # one element: the number
    rms: float = 0.0
    positive: float = 0.0  # Σ g⁺
    negative: float = 0.0  # Σ |g⁻|
    norm: float = 0.0
    shape: tuple[int, ...] = ()
    cells: tuple[float, ...] = ()
    nonfinite: int = 0
    terms: tuple[float, ...] = ()  # one per incoming contribution, in order: the number, or the norm
    step: int = 0  # k at which the last term was sent

    @property
    def as_numbers(self) -> tuple[float, ...]:
        """The number, if it is one element, and of several terms each: all else of a row of the same steps follows; else nothing."""
        if self.value is None or self.kind not in ("value", "zero"):
            return ()
        return (self.value, *self.terms) if len(self.terms) > 1 else (self.value,)

    def with_number(self, number: float, terms: tuple[float, ...]) -> Flow:
        """Return the flow of one element that has another number. `terms`: if there are several."""
        return number_flow(number, self.shape, terms or (number,), self.step)


def number_flow(g: float, shape: tuple[int, ...], terms: tuple[float, ...], step: int) -> Flow:
    """Return the flow of one element."""
    finite = isfinite(g)
    size = abs(g) if finite else 0.0
    above, below = (size if g > 0 else 0.0), (size if g < 0 else 0.0)
    return Flow("value" if g else "zero", g, size, above, below, size, shape, (g,), int(not finite), terms, step)


class Local(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The local derivative of an operand: its formula as text, and the number (one element) or norm and cells of now."""

    formula: str
    value: float | None = None
    norm: float | None = None
    shape: tuple[int, ...] = ()
    cells: tuple[float, ...] = ()

    @property
    def as_numbers(self) -> tuple[float, ...]:
        """The number, if it is one element: of a derivative with the same formula all else follows; else nothing."""
        return () if self.value is None else (self.value,)

    def with_number(self, number: float, terms: tuple[float, ...]) -> Local:
        """Return the local derivative of one element that has another number."""
        return local_number(self.formula, number, self.shape)

    def is_other_number(self, before: Local) -> bool:
        """Return whether this differs from one before in nothing but its number."""
        return self.value is not None and before.value is not None and (self.formula, self.shape) == (before.formula, before.shape)


def local_number(formula: str, number: float, shape: tuple[int, ...]) -> Local:
    """Return the local derivative of one element."""
    return Local(formula, number, abs(number), shape, (number,))


class SavedTensor(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A tensor that an engine node saved for backward."""

    node: NodePath
    part: int
    name: str  # of the engine node: `MulBackward0`
    field: str  # PyTorch's: `self`, `other`, `result`
    state: Literal["held", "in use", "freed"]
    source: TensorKey | None = None  # the tensor it is, where the graph has it
    shape: tuple[int, ...] = ()
    value: float | None = None
    version: int = 0
    version_now: int = 0
    freed_by: CallId | None = None
    freed_at: int = 0  # step; 0: not freed
    nbytes: int = 0

    def with_number(self, number: float, terms: tuple[float, ...]) -> SavedTensor:
        """Return the same of another number."""
        return msgspec.structs.replace(self, value=number)


class Queued(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An engine node that is ready, in the order in which the queue will give it out."""

    node: NodePath
    name: str
    part: int
    sequence_nr: int | None = None
    origin: int = 0  # k of the visit that made it; 0: a forward op


class State(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """All that is shown at step k of a run. What has no key was not computed (or, for grads, is None)."""

    run: int
    k: int
    tensors: Mapping[TensorKey, TensorView] = {}
    grads: Mapping[TensorKey, TensorView] = {}  # what each tensor has accumulated; no key: None
    flows: Mapping[InputKey, Flow] = {}
    cotangents: Mapping[TensorKey, Flow] = {}  # what passed through an output in the pass on show
    locals: Mapping[InputKey, Local] = {}
    saved: Mapping[tuple[NodePath, int, str], SavedTensor] = {}
    queue: tuple[Queued, ...] = ()
    grad_enabled: bool = True

    @property
    def held(self) -> int:
        """How many saved tensors are held or in use."""
        return sum(s.state != "freed" for s in but_for_numbers(self.saved))


class View(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Which tensors are wanted with cells; `large` ones with up to 4,096.

    `detail`: the nodes whose local derivatives are wanted, beside those that explanations ask about (of the step, of the first number
    that is not finite, of what lets no gradient through); None: all.
    """

    large: tuple[TensorKey, ...] = ()
    detail: tuple[NodePath, ...] | None = None


EMPTY = State(run=0, k=0)
