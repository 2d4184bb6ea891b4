"""Account: the ledger of one `.grad` as rows: a row a write, under it its terms in the order of execution, and the balance."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from gradstudio.document.document import Document
from gradstudio.document.graph import NodePath
from gradstudio.explain.case import Case
from gradstudio.explain.flow import flow_of
from gradstudio.explain.wording import call_name, number
from gradstudio.session import state
from gradstudio.session.state import InputKey
from gradstudio.session.trace import Pass, Step, TensorKey, Term, Trace, Write

Kind = Literal["write", "term", "sum", "remark"]
Way = tuple[frozenset[NodePath], frozenset[InputKey]]
NO_WAY: Way = (frozenset(), frozenset())


class Entry(Struct, frozen=True):
    """One line. `value`: a write's balance, a term's number or norm; None: there is no `.grad`. `terms`: what pointing at it lights."""

    kind: Kind
    step: int
    words: str
    note: str = ""
    value: float | None = None
    terms: tuple[Term, ...] = ()


def account(document: Document, trace: Trace, key: TensorKey, one_number: bool) -> tuple[Entry, ...]:
    """Return the ledger of a `.grad` over a whole run; norms (`one_number` off) do not add up, and are not added."""
    case = Case(document, trace, state.EMPTY, key)
    return tuple(entry for write in trace.series.get(key, ()) for entry in _entries(case, write, one_number))


def _entries(case: Case, write: Write, one_number: bool) -> tuple[Entry, ...]:
    step, on_show = case.trace.step(write.step), case.trace.pass_at(write.step)
    name = call_name(case.document, case.trace, write.call, on_show.number if on_show and on_show.call == write.call else 0)
    turn = f"turn {'.'.join(str(t + 1) for t in step.turns)}" if step and step.turns else ""
    if write.writer != "accumulate":
        words = {"zero": "zero_()", "none": "grad = None"}.get(write.writer, f"set by {name}")
        return (Entry("write", write.step, words, turn or (name if words != name else ""), write.after),)
    note = _arithmetic(write) if one_number else ""
    title = Entry("write", write.step, name, note or turn, write.after, write.terms)
    return (title, *(_term(case, term) for term in write.terms), *_sum(write, one_number), *_remark(case, write, on_show, name))


def _arithmetic(write: Write) -> str:
    """Return `12.0 + 12.0`; a first write has nothing to add to."""
    return "" if write.before is None else f"{number(write.before)} + {number(write.added)}"


def _term(case: Case, term: Term) -> Entry:
    if term.wire is None:
        return Entry("term", term.step, "the seed", "backward() starts here", term.value, (term,))
    path = term.wire[0]
    words = case.op(path) if path in case.flow.paths else "…"
    label = case.label((path, 0)) if path in case.flow.paths else ""
    return Entry("term", term.step, words, "" if label == words else label, term.value, (term,))


def _sum(write: Write, one_number: bool) -> tuple[Entry, ...]:
    if len(write.terms) < 2:
        return ()
    words = " + ".join(number(term.value) for term in write.terms) if one_number and len(write.terms) < 5 else ""
    return (Entry("sum", write.step, f"sum of {len(write.terms)}", words, write.added, write.terms),)


def _remark(case: Case, write: Write, on_show: Pass | None, name: str) -> tuple[Entry, ...]:
    """Say that the call which wrote this failed later on: other `.grad`s may not have got theirs."""
    if on_show is None or not on_show.raised or on_show.call != write.call or write.step >= on_show.first + on_show.ran:
        return ()
    missing = sum(planned.name == "AccumulateGrad" for planned in on_show.planned) - _accumulated(case.trace, on_show)
    others = f"; {missing} other .grad{'s were' if missing != 1 else ' was'} not reached" if missing > 0 else ""
    return (Entry("remark", write.step, f"{name} raised after this, and what it wrote stays{others}"),)


def _accumulated(trace: Trace, each: Pass) -> int:
    return sum(step.name == "AccumulateGrad" for step in trace.steps[each.first - 1 : each.first - 1 + each.ran])


# ---- what pointing at a row lights


def way(document: Document, trace: Trace, key: TensorKey, terms: tuple[Term, ...]) -> Way:
    """Return the nodes and wires that terms came through, from the root to the tensor: one walk back over the visits, no paths."""
    on_show = trace.pass_at(terms[0].step) if terms else None
    if on_show is None:
        return NO_WAY
    sources = flow_of(document).sources
    wanted = {term.wire for term in terms}
    nodes: set[NodePath] = {key[0]}
    wires: set[InputKey] = set()
    for k in range(max(term.step for term in terms), on_show.first - 1, -1):
        step = trace.steps[k - 1]
        found = [chain for chain in _chains(step, sources) if _leads(chain[0], sources, nodes - {key[0]}, wanted)]
        if found:
            nodes.add(step.node)
            wires.update(wire for chain in found for wire in chain)
    return frozenset(nodes), frozenset(wires)


def _chains(step: Step, sources: dict[InputKey, TensorKey]) -> list[list[InputKey]]:
    """Return what a visit sent along, each wire with those into the instances that it came in through."""
    chains: list[list[InputKey]] = []
    for wire in step.sent:
        if wire in sources or not chains:
            chains.append([wire])
        else:
            chains[-1].append(wire)
    return chains


def _leads(wire: InputKey, sources: dict[InputKey, TensorKey], lit: set[NodePath], wanted: set[InputKey | None]) -> bool:
    return wire in wanted or (wire in sources and sources[wire][0] in lit)
