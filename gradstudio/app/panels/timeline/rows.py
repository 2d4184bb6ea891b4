"""Rows of the list of calls: what each call of the script is called, and what came of it in words."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from gradstudio.app.panels.timeline.tracks import written
from gradstudio.document.calls import (
    Call,
    Forward,
    Grad,
    Hook,
    OptimizerStep,
    OptimizerZero,
    Print,
    SeedGenerator,
    SetGradEnabled,
    ZeroGrad,
)
from gradstudio.document.document import Document
from gradstudio.document.graph import CallId, Ref
from gradstudio.document.labels import Labels
from gradstudio.document.script import Repeat, Statement
from gradstudio.explain.flow import resolve
from gradstudio.explain.ledger import short
from gradstudio.explain.wording import call_name, cut, listed
from gradstudio.session.trace import Outcome, Trace, Write

LONGEST = 200  # characters of a printed text that are looked at
MONO = frozenset(
    {
        "zero_grad",
        "set_grad_none",
        "set_requires_grad",
        "set_grad_enabled",
        "hook",
        "optimizer_step",
        "optimizer_zero",
        "seed",
        "print",
        "grad",
    }
)


class CallRow(Struct, frozen=True):
    """A line of the list: a call, a repeat round calls, or the title of a section. `note_shade`: token of the note's colour."""

    id: CallId  # of a section: ""
    words: str
    icon: str = ""
    mono: bool = False
    note: str = ""
    shorter: tuple[str, ...] = ()  # what stands in place of the note where that does not fit
    note_shade: str = "text3"
    depth: int = 0
    enabled: bool = True
    failed: bool = False
    statement: Statement | None = None
    section: int = 0

    @property
    def spoken(self) -> str:
        """The row as a screen reader says it."""
        return ", ".join(part for part in (self.words, self.note, "" if self.enabled else "switched off") if part)


def call_rows(document: Document, trace: Trace, labels: Labels) -> list[CallRow]:
    """Return the rows of a document's script, with what a trace says of each call."""
    made: list[CallRow] = []
    for number, section in enumerate(document.script):
        if len(document.script) > 1:
            made.append(CallRow("", cut(section.title) or f"Section {number + 1}", section=number))
        made += _rows_of(section.body, 0, number, document, trace, labels)
    return made


def _rows_of(body: tuple[Statement, ...], depth: int, section: int, document: Document, trace: Trace, labels: Labels) -> Iterator[CallRow]:
    for statement in body:
        if isinstance(statement, Repeat):
            note = f"× {statement.times:,}".replace(",", " ")
            yield CallRow(statement.id, "repeat", "rotate-ccw", note=note, depth=depth, statement=statement, section=section)
            yield from _rows_of(statement.body, depth + 1, section, document, trace, labels)
        else:
            yield _row(statement, depth, section, document, trace, labels)


def _row(call: Call, depth: int, section: int, document: Document, trace: Trace, labels: Labels) -> CallRow:
    outcome = trace.outcomes.get(call.id)
    note, shade = _note(call, outcome, document, trace, labels)
    failed = outcome is not None and outcome.kind == "raised"
    words = row_name(document, trace, call)
    less = shorter(note, outcome)
    return CallRow(call.id, words, call.icon, call.kind in MONO, note, less, shade, depth, call.enabled, failed, call, section)


def shorter(note: str, outcome: Outcome | None) -> tuple[str, ...]:
    """Return what a note becomes where there is less room: `x.grad None → 12`, `x.grad → 12`, `→ 12`; a reason is `waiting`."""
    if outcome is not None and outcome.kind == "waiting":
        return ("waiting",)
    subject, arrow, after = note.partition(" → ")
    return (f"{subject.rpartition(' ')[0]} → {after}", f"→ {after}") if arrow else ()


def row_name(document: Document, trace: Trace, call: Call) -> str:
    """Return what a row says on the left: the call's name; several passes as `backward #1–100`."""
    name = call_name(document, trace, call.id)
    numbers = [each.number for each in trace.passes if each.call == call.id]
    return f"{name}–{numbers[-1]}" if len(numbers) > 1 else name


def _note(call: Call, outcome: Outcome | None, document: Document, trace: Trace, labels: Labels) -> tuple[str, str]:
    if not call.enabled:
        return "off", "text3"
    if outcome is None:
        return "", "text3"
    if outcome.kind == "raised":
        return outcome.error.type if outcome.error else "error", "error"
    if outcome.kind == "waiting":
        return outcome.reason or "waiting", "text3"
    if outcome.kind == "not_reached":
        return "not reached", "text3"
    return effect(call, outcome, document, trace, labels), "text3"


def effect(call: Call, outcome: Outcome, document: Document, trace: Trace, labels: Labels) -> str:
    """Return what a call did, in a few words: `10 ops`, `x.grad None → 12`, `3 leaves`."""
    if isinstance(call, Forward):
        return _count(max(0, outcome.last - outcome.first + 1), "op")
    if isinstance(call, ZeroGrad):
        return labels.label((call.targets[0].source,)) if len(call.targets) == 1 else _count(len(call.targets), "leaf", "leaves")
    if call.kind == "backward":
        return grad_change(call.id, document, trace, labels)
    if isinstance(call, Grad):
        return _count(len(call.inputs), "result")
    return _plain_effect(call, outcome, document, trace, labels)


def _plain_effect(call: Call, outcome: Outcome, document: Document, trace: Trace, labels: Labels) -> str:
    if isinstance(call, Print):
        printed = [each.text for each in trace.prints if outcome.first <= each.step <= outcome.last]
        return cut(printed[-1][:LONGEST]) if printed else ""
    if isinstance(call, SeedGenerator):
        return str(call.number)
    if isinstance(call, SetGradEnabled):
        return str(call.on)
    if isinstance(call, (OptimizerStep, OptimizerZero)):
        optimizer = document.optimizers.get(call.optimizer)
        return optimizer.kind if optimizer else ""
    if isinstance(call, Hook):
        return call.on
    return listed(_label(document, labels, ref) for ref in call.refs())


def _label(document: Document, labels: Labels, ref: Ref) -> str:
    key = resolve(document, ((ref.source,), ref.out)) if ref.source in document.graph.nodes else ((ref.source,), ref.out)
    return labels.label(*key) if key else "?"


def grad_change(call_id: CallId, document: Document, trace: Trace, labels: Labels) -> str:
    """Return `x.grad None → 12`: what a call's last pass did to the first `.grad` that it wrote."""
    for key in written(document, trace):
        write = next((w for w in reversed(trace.series[key]) if w.call == call_id and w.writer == "accumulate"), None)
        if write is not None:
            return f"{labels.label(*key)}.grad {span_words(write)}"
    return ""


def span_words(write: Write) -> str:
    """Return `None → 12`."""
    before, after = ("None" if value is None else short(value) for value in (write.before, write.after))
    return f"{before} → {after}"


def _count(n: int, noun: str, plural: str = "") -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {plural or noun + 's'}"
