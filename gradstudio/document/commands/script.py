"""Commands on the script: calls, repeats, the seed, the grad switch."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from gradstudio.document.calls.backward import Backward
from gradstudio.document.calls.call import Call
from gradstudio.document.calls.grad import Grad
from gradstudio.document.calls.set_grad_enabled import SetGradEnabled
from gradstudio.document.check import check_call
from gradstudio.document.commands.command import refusing
from gradstudio.document.commands.references import forgotten, rewired_document, with_calls
from gradstudio.document.document import Document
from gradstudio.document.graph import CallId, Ref
from gradstudio.document.ids import statement_ids
from gradstudio.document.limits import MAX_INTEGER, MAX_REPEATS, MAX_TIMES
from gradstudio.document.rules import Refused
from gradstudio.document.script import Repeat, Section, Statement, calls_in
from gradstudio.document.statements import read_statement, statement_tree
from gradstudio.document.strict import Place

Body = tuple[Statement, ...]


def with_body_of(body: Body, statement_id: CallId, change: Callable[[Body, int], Body]) -> Body | None:
    """Return a body in which the body that holds a statement is changed; None if it is not in there."""
    for i, statement in enumerate(body):
        if statement.id == statement_id:
            return change(body, i)
        inner = with_body_of(statement.body, statement_id, change) if isinstance(statement, Repeat) else None
        if inner is not None and isinstance(statement, Repeat):
            return (*body[:i], replace(statement, body=inner), *body[i + 1 :]) if inner else (*body[:i], *body[i + 1 :])
    return None


def with_script_of(doc: Document, statement_id: CallId, change: Callable[[Body, int], Body]) -> Document:
    """Return the document with the body that holds a call or repeat changed. Raises Refused if it is not there."""
    for i, section in enumerate(doc.script):
        body = with_body_of(section.body, statement_id, change)
        if body is not None:
            return _with_section(doc, i, replace(section, body=body))
    raise Refused("the call is no longer in the script")


def _with_section(doc: Document, index: int, section: Section) -> Document:
    return replace(doc, script=(*doc.script[:index], section, *doc.script[index + 1 :]))


class AppendCall(Struct, frozen=True):
    """Put a call into a section of the script: at an index of its body, or at the end."""

    call: Statement
    section: int = -1
    index: int | None = None
    gesture: int = 0

    @property
    def label(self) -> str:
        return f"Add {'repeat' if isinstance(self.call, Repeat) else self.call.menu}"

    def apply(self, doc: Document) -> Document:
        call = checked(doc, self.call)
        script = doc.script or (Section("", ()),)
        at = self.section % len(script)
        body = script[at].body
        index = len(body) if self.index is None else self.index
        section = replace(script[at], body=(*body[:index], call, *body[index:]))
        return replace(doc, script=(*script[:at], section, *script[at + 1 :]))


def checked(doc: Document, statement: Statement) -> Statement:
    """Return a call or repeat as a file would give it back. Raises Refused if it cannot be put into the script."""
    ids = [*statement_ids((statement,))]
    if len(set(ids)) < len(ids) or not set(ids).isdisjoint(i for section in doc.script for i in statement_ids(section.body)):
        raise Refused("the call is already in the script")
    with refusing():
        read = read_statement(Place(statement_tree(statement)))
        for call in calls_in((read,)):
            check_call(doc, call)
    return read


class EditCall(Struct, frozen=True):
    """Put another call of the same id in a call's place."""

    call: Call
    gesture: int = 0

    @property
    def label(self) -> str:
        return f"Edit {self.call.menu}"

    def apply(self, doc: Document) -> Document:
        if not any(each.id == self.call.id for each in doc.calls()):
            raise Refused("the call is no longer in the script")
        with refusing():
            call = read_statement(Place(statement_tree(self.call)))
            check_call(doc, self.call)
        doc = with_calls(doc, lambda each: call if isinstance(call, Call) and each.id == call.id else each)
        results = len(self.call.inputs) if isinstance(self.call, Grad) else 0
        return rewired_document(doc, lambda ref: None if ref.source == self.call.id and ref.out >= results else ref)


class RemoveCalls(Struct, frozen=True):
    """Take calls, or repeats with all in them, out of the script; what read a result of theirs is unwired."""

    ids: tuple[CallId, ...]
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Remove call" if len(self.ids) == 1 else "Remove calls"

    def apply(self, doc: Document) -> Document:
        gone = set(self.ids)
        gone.update(call.id for each in _repeats(doc) if each.id in gone for call in calls_in(each.body))
        return with_calls(forgotten(doc, gone), lambda call: None if call.id in gone else call)


def _repeats(doc: Document) -> list[Repeat]:
    found = [s for section in doc.script for s in section.body if isinstance(s, Repeat)]
    for each in found:
        found += [s for s in each.body if isinstance(s, Repeat)]
    return found


class MoveCall(Struct, frozen=True):
    """Move a call or repeat to another index of the body that it is in."""

    call_id: CallId
    index: int
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Move call"

    def apply(self, doc: Document) -> Document:
        return with_script_of(doc, self.call_id, self._moved)

    def _moved(self, body: Body, i: int) -> Body:
        rest = (*body[:i], *body[i + 1 :])
        at = min(max(self.index, 0), len(rest))
        return (*rest[:at], body[i], *rest[at:])


class SetCallEnabled(Struct, frozen=True):
    """Switch calls off (kept, shown, skipped) or on."""

    ids: tuple[CallId, ...]
    on: bool
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Enable call" if self.on else "Disable call"

    def apply(self, doc: Document) -> Document:
        return with_calls(doc, lambda call: replace(call, enabled=self.on) if call.id in self.ids and call.enabled != self.on else call)


class ClearScript(Struct, frozen=True):
    """Take every call out of the script."""

    gesture: int = 0

    @property
    def label(self) -> str:
        return "Clear script"

    def apply(self, doc: Document) -> Document:
        doc = RemoveCalls(tuple(call.id for call in doc.calls())).apply(doc)
        return replace(doc, script=(Section("", ()),))


class WrapRepeat(Struct, frozen=True):
    """Run calls that stand together several times."""

    ids: tuple[CallId, ...]
    times: int
    id: CallId
    gesture: int = 0

    @property
    def label(self) -> str:
        return f"Repeat {self.times} times"

    def apply(self, doc: Document) -> Document:
        if not self.ids:
            raise Refused("select the calls to repeat")
        new = with_script_of(doc, self.ids[0], self._wrapped)
        if max(repeats_deep(section.body) for section in new.script) > MAX_REPEATS:
            raise Refused(f"repeats lie in at most {MAX_REPEATS} others")
        return new

    def _wrapped(self, body: Body, i: int) -> Body:
        places = [k for k, statement in enumerate(body) if statement.id in self.ids]
        first, last = places[0], places[-1]
        if len(places) < len(set(self.ids)) or last - first + 1 != len(places):
            raise Refused("only calls that stand together can be repeated")
        return (*body[:first], Repeat(self.id, checked_times(self.times), body[first : last + 1]), *body[last + 1 :])


def repeats_deep(body: Body) -> int:
    """Return how many repeats lie within one another in a body."""
    return max((1 + repeats_deep(s.body) for s in body if isinstance(s, Repeat)), default=0)


def checked_times(times: int) -> int:
    """Return a number of turns. Raises Refused if it is none."""
    if not 0 <= times <= MAX_TIMES:
        raise Refused(f"a repeat runs 0 to {MAX_TIMES:,} times")
    return times


class SetTimes(Struct, frozen=True):
    """Set how often a repeat runs."""

    repeat_id: CallId
    times: int
    gesture: int = 0

    @property
    def label(self) -> str:
        return f"Repeat {self.times} times"

    def apply(self, doc: Document) -> Document:
        return with_script_of(doc, self.repeat_id, self._set)

    def _set(self, body: Body, i: int) -> Body:
        statement = body[i]
        if not isinstance(statement, Repeat):
            raise Refused("only a repeat has a number of turns")
        return (*body[:i], replace(statement, times=checked_times(self.times)), *body[i + 1 :])


class UnwrapRepeat(Struct, frozen=True):
    """Put the calls of a repeat in its place, to run once."""

    repeat_id: CallId
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Remove repeat"

    def apply(self, doc: Document) -> Document:
        return with_script_of(doc, self.repeat_id, self._opened)

    def _opened(self, body: Body, i: int) -> Body:
        statement = body[i]
        if not isinstance(statement, Repeat):
            raise Refused("only a repeat can be opened")
        return (*body[:i], *statement.body, *body[i + 1 :])


class SetSeed(Struct, frozen=True):
    """Set the seed of the script's random numbers."""

    seed: int
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Set seed"

    def apply(self, doc: Document) -> Document:
        if abs(self.seed) > MAX_INTEGER:
            raise Refused("a seed is a whole number of at most 63 bits")
        return doc if doc.seed == self.seed else replace(doc, seed=self.seed)


class BackwardFrom(Struct, frozen=True):
    """Run backward from an output: the section's last Backward, where it is automatic, gets this root; else a call is added."""

    root: Ref
    id: CallId
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Backward"

    def apply(self, doc: Document) -> Document:
        backwards = [call for call in calls_in(doc.script[-1].body) if isinstance(call, Backward)] if doc.script else []
        if backwards and backwards[-1].automatic:
            return EditCall(replace(backwards[-1], roots=(self.root,), automatic=False, enabled=True)).apply(doc)
        return AppendCall(Backward(id=self.id, roots=(self.root,))).apply(doc)


class SetGradSwitch(Struct, frozen=True):
    """The switch in the bar: off puts `set_grad_enabled(False)` first in the script, on takes it away."""

    on: bool
    call_id: CallId
    gesture: int = 0

    @property
    def label(self) -> str:
        return f"Grad mode {'on' if self.on else 'off'}"

    def apply(self, doc: Document) -> Document:
        first = doc.script[0].body[0] if doc.script and doc.script[0].body else None
        if isinstance(first, SetGradEnabled):
            doc = RemoveCalls((first.id,)).apply(doc)
        return doc if self.on else AppendCall(SetGradEnabled(id=self.call_id, on=False), 0, 0).apply(doc)


def grad_switch(doc: Document) -> bool:
    """Say what the switch in the bar shows."""
    first = doc.script[0].body[0] if doc.script and doc.script[0].body else None
    return not (isinstance(first, SetGradEnabled) and first.enabled and not first.on)


class RetitleSection(Struct, frozen=True):
    """Give a section of the script a title."""

    section: int
    title: str
    gesture: int = 0

    @property
    def label(self) -> str:
        return "Set title"

    def apply(self, doc: Document) -> Document:
        if not 0 <= self.section < len(doc.script):
            raise Refused("the section is no longer there")
        return _with_section(doc, self.section, replace(doc.script[self.section], title=self.title))
