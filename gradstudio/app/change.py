"""Change: what differs for the views since the last signal. Every view has one way in, `refresh(change)`."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from msgspec import Struct

from gradstudio.document.diff import Diff
from gradstudio.document.document import Document
from gradstudio.document.graph import NodePath
from gradstudio.document.labels import Labels
from gradstudio.session.delta import changed_keys, differs, touched_keys
from gradstudio.session.state import InputKey, State
from gradstudio.session.trace import TensorKey, Trace

NOTHING: frozenset[object] = frozenset()


class Change(Struct, frozen=True):
    """A view touches only what this names."""

    everything: bool = False  # another document was opened, or the steps are others
    document: Diff | None = None
    trace: bool = False
    values: AbstractSet[TensorKey] = frozenset()  # whose values, or those of their `.grad`, differ; all, where there are many and most do
    flows: AbstractSet[InputKey] = frozenset()
    engine: bool = False  # local derivatives, cotangents, saved tensors, queue
    stale: frozenset[NodePath] = frozenset()
    playhead: bool = False
    selection: bool = False
    mode: bool = False
    theme: bool = False
    history: bool = False
    running: bool = False
    file: bool = False
    scope: bool = False  # another graph is on the canvas: the document's, or the inside of an instance
    marks: bool = False  # breakpoints, watches, what is lit

    def __bool__(self) -> bool:
        return any(bool(getattr(self, field)) or (field == "document" and self.document is not None) for field in self.__struct_fields__)

    def __or__(self, other: Change) -> Change:
        """Return both changes as one; at most one of them is an edit."""
        edit = self.document if self.document is not None else other.document
        pairs = {field: (getattr(self, field), getattr(other, field)) for field in self.__struct_fields__ if field != "document"}
        return Change(document=edit, **{field: a | b if a and b else a or b for field, (a, b) in pairs.items()})


EVERYTHING = Change(
    everything=True, trace=True, engine=True, playhead=True, selection=True, mode=True, theme=True, history=True, running=True, file=True,
    marks=True,
)  # fmt: skip


def difference(old: State, new: State) -> Change:
    """Return the change that the numbers of one state make after those of another."""
    values = touched_keys(old.tensors, new.tensors)
    if len(values) < len(new.tensors):  # else each `.grad` is one of a tensor that is named
        values = values | changed_keys(old.grads, new.grads)
    flows = touched_keys(old.flows, new.flows)
    engine = old.queue != new.queue or any(differs(getattr(old, name), getattr(new, name)) for name in ("locals", "cotangents", "saved"))
    return Change(values=values, flows=flows, engine=engine)


class Shown(Struct, frozen=True, eq=False):
    """What is on show: the document of the run, its trace and a state, with the labels that go with it."""

    document: Document
    trace: Trace
    state: State
    labels: Labels
