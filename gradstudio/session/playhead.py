"""Playhead: where the viewer stands in a run, kept so that it finds its place again in the next."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from gradstudio.document.graph import CallId, NodePath
from gradstudio.session.trace import Step, StepKind, Trace


class Anchor(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A step by what it was, not by its number: the nth of its kind at that node in that turn of that call."""

    call: CallId
    turns: tuple[int, ...]
    kind: StepKind
    node: NodePath
    part: int
    nth: int


class Edge(msgspec.Struct, frozen=True, tag=True, array_like=True, gc=False):
    """Before the first step, or after the last."""

    end: bool


START, END = Edge(False), Edge(True)
Playhead: TypeAlias = Edge | Anchor


def _same(step: Step, other: Step | Anchor) -> bool:
    return (step.call, step.turns, step.kind, step.node, step.part) == (other.call, other.turns, other.kind, other.node, other.part)


def playhead_at(trace: Trace, k: int) -> Playhead:
    """Return the playhead of step k: END at the last step, so that a viewer who follows goes on following."""
    if k >= trace.end:
        return END
    step = trace.step(k)
    if step is None:
        return START
    nth = sum(_same(other, step) for other in trace.steps[: k - 1])
    return Anchor(step.call, step.turns, step.kind, step.node, step.part, nth)


def find(trace: Trace, playhead: Playhead) -> int:
    """Return the k of a playhead in a run: exactly, else the last step of that call, else the end."""
    if isinstance(playhead, Edge):
        return trace.end if playhead.end else 0
    nth, last = 0, 0
    for k, step in enumerate(trace.steps, 1):
        if step.call == playhead.call and step.turns == playhead.turns:
            last = k
        if _same(step, playhead):
            if nth == playhead.nth:
                return k
            nth += 1
    return last or trace.end


def by_call(trace: Trace, k: int, delta: int) -> int:
    """Return the k of the end of the next call (delta > 0), or of the one before."""
    ends = [0, *(span.end for span in trace.spans)]
    if delta > 0:
        return next((end for end in ends if end > k), trace.end)
    return next((end for end in reversed(ends) if end < k), 0)
