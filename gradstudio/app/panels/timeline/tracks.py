"""Tracks: what the step plots show of each `.grad`, looked up in a trace: levels, their labels, the number now."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gradstudio.app import text
from gradstudio.document.document import Document
from gradstudio.document.graph import LEAF
from gradstudio.document.labels import Labels
from gradstudio.explain.flow import flow_of
from gradstudio.explain.ledger import arithmetic, short, since_cleared
from gradstudio.session.state import State
from gradstudio.session.trace import TensorKey, Trace, Write


@dataclass(frozen=True, slots=True)
class Level:
    """A stretch of steps over which a `.grad` stays the same. `value` None: there is no `.grad`; nothing is drawn."""

    start: int
    end: int
    value: float | None
    label: str = ""
    note: str = ""  # `12 + 12, not zeroed`


@dataclass(frozen=True, slots=True)
class Track:
    """One `.grad` over the steps up to the playhead. `signed`: one number, coloured by sign; else a norm, in ink."""

    key: TensorKey
    name: str
    signed: bool
    levels: tuple[Level, ...]
    low: float
    high: float
    now: float | None

    @property
    def now_text(self) -> str:
        """The number at the playhead."""
        return text.number(self.now)

    @property
    def spoken(self) -> str:
        """The track as a screen reader says it."""
        changes = ", ".join(f"step {level.start}: {level.label or 'None'}" for level in self.levels[-8:])
        return f"{self.name} {self.now_text}; {changes}" if changes else f"{self.name} {self.now_text}"


def tracks_of(document: Document, trace: Trace, state: State, labels: Labels) -> list[Track]:
    """Return a track for each leaf that requires grad, and for each other tensor that ever had a `.grad`, in stored order."""
    flow = flow_of(document)
    wanted = [(path, 0) for path, node in flow.nodes.items() if node.op == LEAF and node.requires_grad and len(path) == 1]
    keys = list(dict.fromkeys([*wanted, *(key for key in trace.series if key[0] in flow.nodes)]))
    return [track_of(key, trace, state, labels) for key in keys]


def track_of(key: TensorKey, trace: Trace, state: State, labels: Labels) -> Track:
    """Return the track of one tensor up to the step of a state. Its range is that of the whole run: it stands still while stepping."""
    writes = trace.series.get(key, ())
    view = state.tensors.get(key)
    signed = view is None or view.item is not None
    label = labels.label(*key)
    values = [w.after for w in writes if w.after is not None and math.isfinite(w.after)]
    done = tuple(w for w in writes if w.step <= state.k)
    levels = tuple(_levels(done, state.k, signed))
    low, high = min([0.0, *values]), max([0.0, *values])
    return Track(key, f"{label}.grad" if signed else f"‖{label}.grad‖", signed, levels, low, high, done[-1].after if done else None)


def _levels(writes: tuple[Write, ...], k: int, signed: bool) -> list[Level]:
    made = []
    for i, write in enumerate(writes):
        end = writes[i + 1].step if i + 1 < len(writes) else k
        label = text.number(write.after) if write.after else ""
        made.append(Level(write.step, end, write.after, label, _note(writes[: i + 1], signed) if write.after else ""))
    return made


def _note(writes: tuple[Write, ...], signed: bool) -> str:
    """Return the arithmetic of the level that the last write makes. Norms do not add up: they are counted."""
    if signed:
        return arithmetic(writes[-4:] if len(writes) > 64 else writes)
    count = len(since_cleared(writes))
    return f"{count} passes, not zeroed" if count > 1 else ""


def height_of(value: float | None, low: float, high: float) -> float:
    """Return where a value lies between low (0) and high (1); what is not finite lies at 1."""
    if value is None or high == low:
        return 0.0
    return 1.0 if not math.isfinite(value) else (value - low) / (high - low)


def short_level(level: Level) -> str:
    """Return a level's number in as few letters as sums use: `12`."""
    return short(level.value) if level.value is not None else "None"
