"""Run: a document's script, run to its end. Never edited, never saved; it stays in the process that ran it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from gradstudio.document import labels as document_labels
from gradstudio.document.calls import Call
from gradstudio.document.calls.call import Waits
from gradstudio.document.document import Document
from gradstudio.document.graph import Array, CallId, NodePath, OperandPath
from gradstudio.document.script import Repeat, Statement
from gradstudio.engine.modes import GradMode
from gradstudio.session import microscope, trace
from gradstudio.session.again import Values
from gradstudio.session.blocks import NodeFailed
from gradstudio.session.limits import RunLimit
from gradstudio.session.listener import Listener
from gradstudio.session.log import Log
from gradstudio.session.machine import Machine
from gradstudio.session.microscope import Look
from gradstudio.session.reading import Reading
from gradstudio.session.recorder import Recorder
from gradstudio.session.snapshot import Snapshot, snapshot
from gradstudio.session.state import Local, State, View
from gradstudio.session.takers import Takers
from gradstudio.session.trace import Failure, InputKey, Outcome, Span, TensorKey, Trace


@dataclass(eq=False)
class Run:
    """What a run left behind. Hands out plain frozen values."""

    document: Document
    trace: Trace
    log: Log
    labels: document_labels.Labels
    takers: Takers
    _read: tuple[int, Snapshot] | None = None  # the step that was read last, and what there is
    left: object = None  # what the engine made for a retake, until somebody lets go of it: to free a thousand nodes takes time

    def state_at(self, k: int, view: View = View()) -> State:  # noqa: B008 (frozen)
        """Return the State of step k (clipped to 0 .. end)."""
        return self._reading(max(0, min(k, self.trace.end)), view).state()

    def renewed_at(self, k: int, view: View, known: Mapping[InputKey, Local]) -> tuple[Values, dict[InputKey, Local]]:
        """Return, of a retake, what differs from the run before at a step, and the local derivatives, given those before."""
        return self._reading(k, view).renewed(known)

    def retaken(self, document: Document, trace: Trace, left: object) -> Run:
        """Return the run of the same steps that the log tells of since a retake has filled it."""
        return Run(document, trace, self.log, self.labels, self.takers, self._read, left)

    def _reading(self, k: int, view: View) -> Reading:
        if self._read is None or self._read[0] != k:
            self._read = k, snapshot(self.document, self.trace, self.log, self.takers, k)
        return Reading(self.document, self.labels, self.trace, self.log, k, view, self._read[1])

    def array(self, key: TensorKey, k: int, grad: bool = False) -> Array | None:
        """Return a whole tensor, or its `.grad`, as it was at step k; None where there was none."""
        column = (self.log.grads if grad else self.log.tensors).get(key)
        record = column.at(k) if column else None
        return None if record is None else record.array

    def look(self, path: NodePath, operand: OperandPath, k: int, cell: int) -> Look | None:
        """Return what made one cell of the contribution along a wire at step k; None where that cannot be told."""
        try:
            node = self.document.node(path)
        except KeyError:
            return None
        return microscope.look(node.op, dict(node.attrs), self.log, path, operand, k, cell)


def run(document: Document, number: int = 1) -> Run:
    """Run a document's script and return what happened. Raises nothing that a document can cause: errors are outcomes."""
    started = time.perf_counter()
    labels = document_labels.of(document)
    recorder = Recorder()
    script = Script(document, labels, recorder)
    script.run()
    if any([outcome.kind == "raised" for outcome in script.outcomes.values()]):
        recorder.takers.repeatable = False
    made = Trace(
        number,
        tuple(recorder.steps),
        tuple(script.spans),
        tuple(recorder.passes),
        {k: tuple(v) for k, v in recorder.series.items()},
        recorder.nonfinite,
        tuple(recorder.prints),
        script.outcomes,
        script.machine.blocks.skipped,
        recorder.failures,
        time.perf_counter() - started,
        script.limited,
        {k: tuple(v) for k, v in recorder.writes.items()},
    )
    return Run(document, made, recorder.log, labels, recorder.takers)


class Script:
    """Goes through the sections, repeats and calls of a document, and keeps their outcomes."""

    def __init__(self, document: Document, labels: document_labels.Labels, listener: Listener) -> None:
        self.document, self.listener = document, listener
        self.machine = Machine(document, labels, listener)
        self.spans: list[Span] = []
        self.outcomes: dict[CallId, Outcome] = {}
        self.limited = False  # the run did as much as a run may

    def run(self) -> None:
        """Run it. Raises nothing that a document can cause."""
        with GradMode(True), np.errstate(all="ignore"):
            self._sections()

    def _sections(self) -> None:
        for section in self.document.script:
            self.machine.blocks.before_section()
            raised = self.limited
            for call, turns in _unrolled(section.body):
                if raised:
                    self.outcomes.setdefault(call.id, Outcome("not_reached"))
                else:
                    raised = not self._call(call, turns)
                if raised and turns and call.id in self.outcomes and self._all_known(section.body):
                    break

    def _all_known(self, body: tuple[Statement, ...]) -> bool:
        return all(call.id in self.outcomes for call, _ in _unrolled(body, once=True))

    def _call(self, call: Call, turns: tuple[int, ...]) -> bool:
        """Run one call. Return whether the section goes on."""
        if not call.enabled:
            self.outcomes[call.id] = Outcome("disabled")
            return True
        listener = self.listener
        start, passes = listener.k, listener.passed
        listener.call, listener.turns = call.id, turns
        self.machine.before_call()
        kind: trace.OutcomeKind = "ok"
        reason, error = "", None
        try:
            call.run(self.machine)
        except Waits as why:
            kind, reason = "waiting", str(why)
        except RunLimit as limit:
            kind, error, self.limited = "raised", _failure(limit), True
        except NodeFailed as failed:
            kind, error = "raised", listener.failures.get(failed.path) or _failure(failed.__cause__)
        except Exception as raised:  # a user's script may raise anything: it is the call's outcome
            if listener.k == start:
                listener.add("call", ())
            kind, error = "raised", _failure(raised)
        self.outcomes[call.id] = Outcome(kind, reason or self.machine.reason, error, start + 1, listener.k)
        number = listener.passed if listener.passed > passes else 0
        if listener.k > start:
            self.spans.append(Span(call.id, turns, call.kind, start, listener.k, number, kind == "raised"))
        return kind != "raised"


def _failure(error: BaseException | None) -> Failure:
    return Failure(type(error).__name__, str(error))


def _unrolled(body: tuple[Statement, ...], turns: tuple[int, ...] = (), once: bool = False) -> Iterator[tuple[Call, tuple[int, ...]]]:
    """Yield each call with its repeat counters, in the order of execution."""
    for statement in body:
        if isinstance(statement, Repeat):
            for turn in range(1 if once else statement.times):
                yield from _unrolled(statement.body, (*turns, turn), once)
        else:
            yield statement, turns
