"""Goals about what happened in a run: calls, errors, visits, ops."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar, TypeAlias

from gradstudio.document.calls import KINDS as CALLS
from gradstudio.explain.wording import cut, listed
from gradstudio.lessons.ended import Ended, Unmet
from gradstudio.lessons.goals.goal import Goal

CallKind: TypeAlias = str  # a kind of call, by its word in the file


class Quiet(Goal, frozen=True, kw_only=True):
    """Every call ran to its end."""

    kind: ClassVar[str] = "quiet"

    @property
    def words(self) -> str:
        return "nothing raises, and nothing waits"

    def check(self, end: Ended) -> None:
        for call in end.document.calls():
            outcome = end.trace.outcomes.get(call.id)
            if outcome is not None and outcome.error is not None:
                raise Unmet(f"{called(call.kind)} raises {outcome.error.type}: {cut(outcome.error.message)}")
            if outcome is not None and outcome.kind == "waiting":
                raise Unmet(f"{called(call.kind)} waits: {outcome.reason}")


class Raises(Goal, frozen=True, kw_only=True):
    """A call of a kind raises this type of error, with these words in its message."""

    call: CallKind
    error: str = "RuntimeError"
    says: str = ""

    kind: ClassVar[str] = "raises"

    @property
    def words(self) -> str:
        return f"{called(self.call)} raises {self.error}{f': … {self.says} …' if self.says else ''}"

    def check(self, end: Ended) -> None:
        outcomes = (end.trace.outcomes.get(call.id) for call in end.document.calls() if call.kind == self.call)
        errors = [outcome.error for outcome in outcomes if outcome is not None and outcome.error is not None]
        if not errors:
            raise Unmet(f"no {called(self.call)} raises")
        if not any(each.type == self.error and self.says in each.message for each in errors):
            raise Unmet(f"{called(self.call)} raises {errors[0].type}: {cut(errors[0].message)}")


class Times(Goal, frozen=True, kw_only=True):
    """Calls of a kind ran so many times, turns of a repeat counted."""

    call: CallKind
    times: int

    kind: ClassVar[str] = "times"

    @property
    def words(self) -> str:
        return f"{called(self.call)} {runs(self.times)}"

    def check(self, end: Ended) -> None:
        found = len(end.runs(self.call))
        if found != self.times:
            raise Unmet(f"{called(self.call)} {runs(found)}{f', not {times(self.times)}' if found and self.times else ''}")


class Sequence(Goal, frozen=True, kw_only=True):
    """The calls of these kinds ran in this order, and no others of these kinds."""

    calls: tuple[CallKind, ...]

    kind: ClassVar[str] = "sequence"

    @property
    def words(self) -> str:
        return f"the calls run in this order: {', '.join(map(called, self.calls))}"

    def check(self, end: Ended) -> None:
        found = end.runs(*self.calls)
        if found != self.calls:
            raise Unmet(f"they run in this order: {cut(', '.join(map(called, found)))}" if found else "none of them runs")


class Between(Goal, frozen=True, kw_only=True):
    """Wherever a call of the kind `two` runs again, one of `calls` ran since."""

    two: CallKind
    calls: tuple[CallKind, ...]

    kind: ClassVar[str] = "between"

    @property
    def words(self) -> str:
        return f"{listed(map(called, self.calls), 'or')} runs between any two {called(self.two)}"

    def check(self, end: Ended) -> None:
        found = end.runs(self.two, *self.calls)
        if found.count(self.two) < 2:
            raise Unmet(f"{called(self.two)} {runs(found.count(self.two))}")
        if any(pair == (self.two, self.two) for pair in pairwise(found)):
            raise Unmet(f"{called(self.two)} runs again with none of them in between")


class Visits(Goal, frozen=True, kw_only=True):
    """The last pass visits these engine nodes, in this order."""

    names: tuple[str, ...]

    kind: ClassVar[str] = "visits"

    @property
    def words(self) -> str:
        return f"the last backward visits {', '.join(self.names)}"

    def check(self, end: Ended) -> None:
        if not end.trace.passes:
            raise Unmet("no backward has run")
        last = end.trace.passes[-1]
        found = tuple(step.name for step in end.trace.steps[last.first - 1 : last.first - 1 + last.ran])
        if found != self.names:
            raise Unmet(f"it visits {', '.join(found)}")


class Ran(Goal, frozen=True, kw_only=True):
    """An op ran, somewhere in the graph."""

    op: str

    kind: ClassVar[str] = "ran"

    @property
    def words(self) -> str:
        return f"the graph computes a {self.op}"

    def check(self, end: Ended) -> None:
        if not any(step.kind == "op" and step.name == self.op for step in end.trace.steps):
            raise Unmet(f"no {self.op} ran")


def called(kind: CallKind) -> str:
    """Return what a kind of call is called in sentences."""
    return kind if kind in ("forward", "backward") else CALLS[kind].menu


def times(n: int) -> str:
    """Return `once`, `twice`, `5 times`."""
    return {1: "once", 2: "twice"}.get(n, f"{n} times")


def runs(n: int) -> str:
    """Return `runs once`, `runs 5 times`, `does not run`."""
    return f"runs {times(n)}" if n else "does not run"
