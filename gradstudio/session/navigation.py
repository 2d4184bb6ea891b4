"""Navigation: where the playhead can go from where it stands. Pure functions on a trace: steps in rising order, and the next of them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from gradstudio.document.graph import NodePath, OperandPath
from gradstudio.session.trace import ACCUMULATE, Step, TensorKey, Trace

Stops: TypeAlias = tuple[int, ...]


class Breakpoint(Struct, frozen=True):
    """A place to stop at: a node whenever it runs or is visited, a wire whenever something passes along it, a `.grad` at each write."""

    kind: Literal["node", "wire", "grad"]
    path: NodePath  # of a wire: its target
    operand: OperandPath = ()  # of a wire
    out: int = 0  # of a `.grad`


def onward(stops: Sequence[int], k: int, delta: int) -> int | None:
    """Return the stop nearest to k, after it (delta > 0) or before it; None where there is none."""
    if delta > 0:
        i = bisect_right(stops, k)
        return stops[i] if i < len(stops) else None
    i = bisect_left(stops, k)
    return stops[i - 1] if i else None


# ---- nodes, tensors, numbers


def steps_of(trace: Trace, path: NodePath) -> Stops:
    """Return the steps of a node: when it runs, is visited, zeroed; of an instance those of everything inside."""
    return tuple(k for k, step in enumerate(trace.steps, 1) if _inside(step, path))


def writes_of(trace: Trace, key: TensorKey) -> Stops:
    """Return the steps that wrote a tensor: the op that makes it, and what writes to it in place."""
    made = (k for k, step in enumerate(trace.steps, 1) if step.kind == "op" and step.node == key[0])
    return tuple(sorted({*made, *trace.writes.get(key, ())}))


def grad_writes_of(trace: Trace, key: TensorKey) -> Stops:
    """Return the steps that wrote a `.grad`, or dropped it."""
    return tuple(sorted({write.step for write in trace.series.get(key, ())}))


def nonfinite_steps(trace: Trace) -> Stops:
    """Return the steps that made a NaN or an infinity."""
    return tuple(sorted(k for k in trace.nonfinite if k))


def op_steps(trace: Trace) -> Stops:
    """Return one step an op: further parts of a composite, and the accumulations that follow at once, are passed over."""
    return tuple(k for k, step in enumerate(trace.steps, 1) if not _goes_with(step, trace.step(k - 1)))


def _goes_with(step: Step, before: Step | None) -> bool:
    if step.kind != "visit" or before is None or (before.call, before.turns, before.kind) != (step.call, step.turns, "visit"):
        return False
    return step.name == ACCUMULATE or (before.node == step.node and before.name != ACCUMULATE)


# ---- breakpoints


def hits(trace: Trace, breakpoint_: Breakpoint) -> Stops:
    """Return the steps at which a breakpoint stops."""
    if breakpoint_.kind == "grad":
        return grad_writes_of(trace, (breakpoint_.path, breakpoint_.out))
    if breakpoint_.kind == "node":
        return steps_of(trace, breakpoint_.path)
    return tuple(k for k, step in enumerate(trace.steps, 1) if _crosses(trace, k, step, breakpoint_))


def _crosses(trace: Trace, k: int, step: Step, wire: Breakpoint) -> bool:
    """Say whether a step reads across a wire, or sends a contribution back along it."""
    if step.kind == "op" and _inside(step, wire.path):
        before = trace.step(k - 1)
        return step.node == wire.path or before is None or before.kind != "op" or not _inside(before, wire.path)
    return (wire.path, wire.operand) in step.sent


def all_hits(trace: Trace, breakpoints: Iterable[Breakpoint]) -> Stops:
    """Return the steps at which any breakpoint stops."""
    return tuple(sorted({k for each in breakpoints for k in hits(trace, each)}))


# ---- groups


def into(trace: Trace, k: int, delta: int) -> int | None:
    """Return the nearest step inside an instance that step k is not in, entered from this side; None where there is none."""
    here = _scope(trace, k)
    for i in _way(trace, k, delta):
        scope = _scope(trace, i)
        if here[: len(scope)] != scope:
            return i
        here = scope
    return None


def over(trace: Trace, k: int, delta: int) -> int:
    """Return the next step that is in no instance but those round step k: a group on the way counts as one step. At last the end, or 0."""
    scope = _scope(trace, k)
    for i in _way(trace, k, delta):
        other = _scope(trace, i)
        if scope[: len(other)] == other:
            return i
    return trace.end if delta > 0 else 0


def out(trace: Trace, k: int, delta: int) -> int | None:
    """Return the next step outside the innermost instance that step k is in, at last the end, or 0; None where it is in none."""
    scope = _scope(trace, k)
    if not scope:
        return None
    for i in _way(trace, k, delta):
        if _scope(trace, i)[: len(scope)] != scope:
            return i
    return trace.end if delta > 0 else 0


def _way(trace: Trace, k: int, delta: int) -> range:
    return range(k + 1, trace.end + 1) if delta > 0 else range(min(k, trace.end + 1) - 1, 0, -1)


def _scope(trace: Trace, k: int) -> NodePath:
    step = trace.step(k)
    return step.node[:-1] if step else ()


def _inside(step: Step, path: NodePath) -> bool:
    return step.node[: len(path)] == path


# ---- loops and calls


def turns_of(trace: Trace, k: int) -> Stops:
    """Return step k and its like in every turn of the loop that it is in: the nth of its kind at that node in that call."""
    step = trace.step(k)
    if step is None or not step.turns:
        return ()
    wanted, found = _likeness(step), []
    counted: dict[tuple[int, ...], int] = {}
    nth = sum(other.turns == step.turns and _likeness(other) == wanted for other in trace.steps[: k - 1])
    for i, other in enumerate(trace.steps, 1):
        if _likeness(other) == wanted:
            if counted.get(other.turns, 0) == nth:
                found.append(i)
            counted[other.turns] = counted.get(other.turns, 0) + 1
    return tuple(found)


def _likeness(step: Step) -> tuple[object, ...]:
    return step.call, step.kind, step.node, step.name, step.part


def call_ends(trace: Trace) -> Stops:
    """Return the last step of every call, and 0."""
    return (0, *(span.end for span in trace.spans))
