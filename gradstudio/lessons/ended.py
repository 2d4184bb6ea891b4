"""Ended: the end of a run, as the goals of a lesson look at it."""

from __future__ import annotations

from itertools import count, takewhile
from typing import TypeAlias

from msgspec import Struct

from gradstudio.document import labels
from gradstudio.document.document import Document
from gradstudio.document.graph import Node
from gradstudio.session.run import Run
from gradstudio.session.state import State, TensorView
from gradstudio.session.trace import TensorKey, Trace

Label: TypeAlias = str  # of a tensor, as `gradstudio run --json` has it


class Unmet(Exception):
    """A goal does not hold; the message says what is there instead."""


class Ended(Struct, frozen=True):
    """The document that ran, its trace, the state of the last step, and the document that the lesson began with."""

    document: Document
    trace: Trace
    state: State
    start: Document

    def key(self, label: Label) -> TensorKey:
        """Return the tensor that a label means. A name that several share means the last of them, as in Python. Raises Unmet."""
        found = find(self.document, label)
        if found is None:
            raise Unmet(f"there is no {label}")
        return found

    def tensor(self, label: Label) -> TensorView:
        """Return a tensor. Raises Unmet where it was not made; what was computed past a failure does not count."""
        view = self.state.tensors.get(self.key(label))
        if view is None or view.past_failure:
            raise Unmet(f"{label} was not computed")
        return view

    def grad(self, label: Label) -> TensorView | None:
        """Return the `.grad` of a tensor; None where there is none. Raises Unmet where there is no such tensor."""
        self.tensor(label)
        return self.state.grads.get(self.key(label))

    def runs(self, *kinds: str) -> tuple[str, ...]:
        """Return the kinds of the calls that ran to their ends, one for each turn, in order; of these kinds only."""
        return tuple(span.kind for span in self.trace.spans if span.kind in kinds and not span.raised)


def find(document: Document, label: Label) -> TensorKey | None:
    """Return the tensor that a label means; of several that share a name the last; None where there is none."""
    known = labels.of(document)
    found = known.by_label(label)
    if found is None:
        shared = takewhile(lambda key: key is not None, (known.by_label(f"{label}#{i}") for i in count(1)))
        found = next(iter([*shared][-1:]), None)
    return found


def node_of(document: Document, label: Label) -> Node | None:
    """Return the node of the document's own graph that a label means; None where there is none."""
    found = find(document, label)
    return document.graph.nodes.get(found[0][0]) if found is not None and len(found[0]) == 1 else None


def ended(run: Run, start: Document) -> Ended:
    """Return the end of a run."""
    return Ended(run.document, run.trace, run.state_at(run.trace.end), start)
