"""Trace: the skeleton of what a run did, step by step, and its figures. Plain frozen values that travel between processes."""

from __future__ import annotations

from bisect import bisect_left
from typing import Literal, TypeAlias

import msgspec

from gradstudio.document.graph import CallId, NodePath, OperandPath

StepKind: TypeAlias = Literal["op", "visit", "zero", "call"]
OutcomeKind: TypeAlias = Literal["ok", "raised", "waiting", "not_reached", "disabled"]
TensorKey: TypeAlias = tuple[NodePath, int]  # a node's output; ((call id,), i) for a result of Grad
InputKey: TypeAlias = tuple[NodePath, OperandPath]  # a wire: its target and the path of its operand
ACCUMULATE = "AccumulateGrad"


class Step(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One thing that happened. `node` is () for a call that is about no node."""

    kind: StepKind
    call: CallId
    turns: tuple[int, ...]  # repeat counters, from outside in
    node: NodePath
    name: str = ""  # visits: `MulBackward0`, `AccumulateGrad`; ops: the op
    part: int = 0  # which engine node of the op
    sequence_nr: int | None = None  # visits, relative to the lowest of the pass; None: AccumulateGrad
    origin: int = 0  # k of the visit that made an engine node of second order; 0: none
    sent: tuple[InputKey, ...] = ()  # visits: the wires that it sent a contribution along, those into the instances round it too


class Planned(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A visit that the dependency walk of a pass foresees, in the queue's order."""

    node: NodePath
    name: str
    part: int = 0
    sequence_nr: int | None = None
    origin: int = 0  # as in Step


class Pass(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One run of Backward or Grad. Visits are the steps first, first + 1, ... first + ran - 1."""

    call: CallId
    turns: tuple[int, ...]
    number: int  # 1 for the first pass of the run: `backward #1`
    first: int
    ran: int  # visits begun; the last of them raised, if `raised`
    planned: tuple[Planned, ...]
    roots: tuple[TensorKey, ...]
    gmin: float | None  # smallest and largest magnitude on its wires: the colour range
    gmax: float | None
    raised: bool = False
    retain_graph: bool = False
    create_graph: bool = False


class Term(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One contribution to a `.grad`: when it was sent, along which wire (None: it is the seed), the number or norm."""

    step: int
    wire: InputKey | None
    value: float


class Write(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One row of the ledger of a `.grad`. Numbers for one element, else norms; None: there was, or is, no `.grad`."""

    step: int
    before: float | None
    added: float | None
    after: float | None
    writer: Literal["accumulate", "zero", "none", "set"]
    call: CallId
    terms: tuple[Term, ...] = ()  # what was added, contribution by contribution, in the order of execution


class Failure(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a call raised, as PyTorch words it; the node that failed, if it was one."""

    type: str
    message: str
    node: NodePath | None = None


class Outcome(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How a call ended. `reason`: what a waiting call waits for, or what an automatic one left out."""

    kind: OutcomeKind
    reason: str = ""
    error: Failure | None = None
    first: int = 0  # its steps are first .. last (last turn that ran); first > last: none
    last: int = 0


class Printed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a print wrote at a step."""

    step: int
    text: str


class Span(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A block on the time axis: the steps start+1 .. end of one run of one call."""

    call: CallId
    turns: tuple[int, ...]
    kind: str  # the call's kind
    start: int
    end: int
    number: int = 0  # of its pass
    raised: bool = False


class Trace(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What happened in a run. Step k is steps[k - 1]; 0 is before the first, `end` is len(steps)."""

    run: int
    steps: tuple[Step, ...] = ()
    spans: tuple[Span, ...] = ()
    passes: tuple[Pass, ...] = ()
    series: dict[TensorKey, tuple[Write, ...]] = {}
    nonfinite: dict[int, int] = {}  # step -> how many non-finite elements it made, where any
    prints: tuple[Printed, ...] = ()
    outcomes: dict[CallId, Outcome] = {}
    skipped: dict[NodePath, str] = {}  # nodes that were not made, with the reason in words
    failures: dict[NodePath, Failure] = {}  # nodes whose op raised
    elapsed: float = 0.0  # seconds
    limited: bool = False  # the run was ended, having done as much as a run may
    writes: dict[TensorKey, tuple[int, ...]] = {}  # steps that wrote a tensor in place; the op that makes one is a step of its own

    @property
    def end(self) -> int:
        """The number of steps: k of END."""
        return len(self.steps)

    def step(self, k: int) -> Step | None:
        """Return step k; None at 0 and beyond the end."""
        return self.steps[k - 1] if 0 < k <= len(self.steps) else None

    def pass_at(self, k: int) -> Pass | None:
        """Return the pass on show at k: the last whose first step is at or before k."""
        found = None
        for each in self.passes:
            if each.first > k:
                break
            found = each
        return found

    def span_at(self, k: int) -> Span | None:
        """Return the block of the time axis that step k lies in."""
        i = bisect_left(self.spans, k, key=lambda span: span.end)
        return self.spans[i] if i < len(self.spans) and self.spans[i].start < k else None


EMPTY = Trace(run=0)
