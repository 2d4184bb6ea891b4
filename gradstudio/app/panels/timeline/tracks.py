"""Tracks: what the step plots show of each `.grad`, looked up in a trace: levels, their labels, the number now."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator

from msgspec import Struct

from gradstudio.app import text
from gradstudio.document.document import Document
from gradstudio.document.graph import INPUT, LEAF
from gradstudio.document.labels import Labels
from gradstudio.document.storage import written_index
from gradstudio.explain.ledger import arithmetic
from gradstudio.session.state import State
from gradstudio.session.trace import TensorKey, Trace, Write

FINE = 1e6  # px a step: so wide that no level is left out
Range = tuple[float, float]


class Level(Struct, frozen=True):
    """A stretch of steps over which a `.grad` stays the same. `value` None: there is no `.grad`; nothing is drawn."""

    index: int  # of the write that made it
    start: int
    end: int
    value: float | None


class Track(Struct, frozen=True):
    """One `.grad` over the steps up to the playhead. `signed`: one number, coloured by sign; else a norm, in ink."""

    key: TensorKey
    name: str
    signed: bool
    writes: tuple[Write, ...]
    k: int
    low: float
    high: float

    @property
    def now(self) -> float | None:
        """The number, or norm, at the playhead; None: there is no `.grad`."""
        return self.writes[-1].after if self.writes else None

    @property
    def now_text(self) -> str:
        """The same as text."""
        return text.number(self.now)

    def levels(self, pixel: float = FINE) -> Iterator[Level]:
        """Yield the levels; of several that begin within one pixel (a step is `pixel` wide) the last."""
        last = len(self.writes) - 1
        for i, write in enumerate(self.writes):
            end = self.writes[i + 1].step if i < last else self.k
            if i == last or int(end * pixel) > int(write.step * pixel):
                yield Level(i, write.step, end, write.after)

    def label(self, level: Level) -> str:
        """Return the number over a level; "" for zero and None."""
        return text.number(level.value) if level.value else ""

    def note(self, level: Level) -> str:
        """Return the arithmetic beside it: `12 + 12, not zeroed`; norms do not add up, they are counted."""
        return arithmetic(self.writes[: level.index + 1], self.signed) if level.value else ""

    @property
    def spoken(self) -> str:
        """The track as a screen reader says it: the number now and the last few changes."""
        changes = ", ".join(f"step {write.step}: {text.number(write.after)}" for write in self.writes[-8:])
        return f"{self.name} {self.now_text}; {changes}" if changes else f"{self.name} {self.now_text}"


def tracks_of(document: Document, trace: Trace, state: State, labels: Labels, ranges: dict[TensorKey, Range]) -> list[Track]:
    """Return a track for each leaf that requires grad, and for each other tensor that ever had a `.grad`, in stored order."""
    return [_track(key, trace, state, labels, ranges[key]) for key in tracked(document, trace)]


def tracked(document: Document, trace: Trace) -> list[TensorKey]:
    """Return the tensors that have a track."""
    nodes = document.graph.nodes
    leaves: list[TensorKey] = [((n,), 0) for n in document.graph.order if nodes[n].op == LEAF and nodes[n].requires_grad]
    return list(dict.fromkeys([*leaves, *written(document, trace)]))


def written(document: Document, trace: Trace) -> list[TensorKey]:
    """Return the tensors whose `.grad` was written, in stored order.

    Inputs of groups, and what an op gives out that writes in place, are other tensors by another name.
    """
    order = document.graph.order
    ops = {key: document.node(key[0]).op for key in trace.series if key[0][0] in order}
    known = [key for key, op in ops.items() if op != INPUT and written_index(op) is None]
    return sorted(known, key=lambda key: order[key[0][0]])


def ranges_of(document: Document, trace: Trace) -> dict[TensorKey, Range]:
    """Return the lowest and highest value of each track over the whole run, zero included: plots stand still while stepping."""
    return {key: _range(trace.series.get(key, ())) for key in tracked(document, trace)}


def _range(writes: tuple[Write, ...]) -> Range:
    values = [write.after for write in writes if write.after is not None and math.isfinite(write.after)]
    return min([0.0, *values]), max([0.0, *values])


def _track(key: TensorKey, trace: Trace, state: State, labels: Labels, range_: Range) -> Track:
    writes, view, label = trace.series.get(key, ()), state.tensors.get(key), labels.label(*key)
    signed = view is None or math.prod(view.shape) == 1
    done = writes[: bisect_right(writes, state.k, key=lambda write: write.step)]
    return Track(key, f"{label}.grad" if signed else f"‖{label}.grad‖", signed, done, state.k, *range_)


def height_of(value: float | None, low: float, high: float) -> float:
    """Return where a value lies between low (0) and high (1); what is not finite lies at 1."""
    if value is None or high == low:
        return 0.0
    return 1.0 if not math.isfinite(value) else (value - low) / (high - low)
