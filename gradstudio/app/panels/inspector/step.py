"""The inspector while stepping: how far a pass is, the engine's queue or the ops of a forward, the saved tensors."""

from __future__ import annotations

from typing import Literal

from gradstudio.app import text
from gradstudio.app.panels.inspector.op import ICONS, saved_text
from gradstudio.app.panels.inspector.rows import Progress, Remark, Row, Rule, Saved, Sheet, Title, Visit
from gradstudio.app.panels.inspector.subject import Subject, pass_name
from gradstudio.document.document import Document
from gradstudio.document.graph import LEAF, NodePath
from gradstudio.document.labels import Labels, base_op
from gradstudio.explain.steps import made_by_vjp
from gradstudio.explain.wording import call_name
from gradstudio.session.state import SavedTensor, State
from gradstudio.session.trace import Pass, Planned, Span, Trace

MOST_VISITS, MOST_SAVED = 24, 32  # rows; a longer queue is shown round the visit of now
STATES = ("held", "in use", "freed")


def running_pass(trace: Trace, k: int) -> Pass | None:
    """Return the pass that step k is a visit of."""
    each, step = trace.pass_at(k), trace.step(k)
    return each if each and step and step.kind == "visit" and k < each.first + each.ran else None


def step_sheet(document: Document, labels: Labels, trace: Trace, state: State, each: Pass, full: bool) -> Sheet:
    """Return the sheet of a visit of a pass."""
    turn, planned = state.k - each.first + 1, max(len(each.planned), each.ran)
    progress = Progress(pass_name(document, each).capitalize(), f"{turn} of {planned}", turn / max(1, planned))
    retain = f"retain_graph={each.retain_graph}"
    return Sheet(None, (
        progress, Rule(above=0), Title("Engine queue", "sequence_nr", above=5), *visit_rows(document, labels, trace, each, turn),
        Rule(above=10), Title("Saved tensors", retain, mono=True, above=7), *ledger(document, labels, trace, state, full),
    ))  # fmt: skip


def forward_at(trace: Trace, k: int) -> Span | None:
    """Return the forward that step k is an op of."""
    span = trace.span_at(k)
    return span if span and span.kind == "forward" else None


def forward_sheet(document: Document, labels: Labels, trace: Trace, state: State, span: Span, full: bool) -> Sheet:
    """Return the sheet of an op of a forward."""
    turn, total = state.k - span.start, span.end - span.start
    title = call_name(document, trace, span.call).capitalize()
    return Sheet(None, (
        Progress(title, f"{turn} of {total}", turn / max(1, total)), Rule(above=0), Title("Ops in order", "value", above=5),
        *op_rows(document, labels, trace, state, span, full),
        Rule(above=10), Title("Saved tensors", "for backward", above=7), *ledger(document, labels, trace, state, full),
    ))  # fmt: skip


def op_rows(document: Document, labels: Labels, trace: Trace, state: State, span: Span, full: bool) -> tuple[Row, ...]:
    """Return the ops of a forward: done, now, to come."""
    first, last = window(state.k - span.start, span.end - span.start)
    rows: list[Row] = [Remark("", f"{text.plural(first, 'op')} before")] if first else []
    for i in range(first, last):
        k = span.start + i + 1
        step = trace.steps[k - 1]
        view = state.tensors.get((step.node, 0)) if k <= state.k else None
        value = "" if view is None else text.number(view.item, full, view.dtype) if view.item is not None else text.shape(view.shape)
        above = 6 if i == first else 0
        rows.append(
            Visit(visit_state(k, state.k, False), place(document, labels, step.node), result(labels, step.node), value, above, True)
        )
    more = span.end - span.start - last
    return (*rows, *([Remark("", f"{more} more")] if more else []))


def result(labels: Labels, path: NodePath) -> str:
    """Return what the result of an op is called, as code beside it would."""
    try:
        return labels.label(path).rpartition("/")[2]
    except KeyError:
        return "…"


def window(turn: int, total: int) -> tuple[int, int]:
    """Return which of many rows are shown: those round the one of now."""
    first = max(0, min(turn - MOST_VISITS // 3, total - MOST_VISITS))
    return first, min(total, first + MOST_VISITS)


def visit_rows(document: Document, labels: Labels, trace: Trace, each: Pass, turn: int) -> tuple[Row, ...]:
    """Return the planned visits: done, now, to come."""
    total = len(each.planned)
    first, last = window(turn, total)
    failed = each.raised and turn == each.ran
    rows: list[Row] = [Remark("", f"{text.plural(first, 'visit')} before")] if first else []
    for i in range(first, last):
        visit = each.planned[i]
        rows.append(
            Visit(
                visit_state(i + 1, turn, failed),
                made_by_vjp(trace, visit.origin) + place(document, labels, visit.node),
                visit.name,
                order(visit),
                above=6 if i == first else 0,
            )
        )
    return (*rows, *([Remark("", f"{total - last} more")] if last < total else []))


def visit_state(i: int, turn: int, failed: bool) -> Literal["done", "now", "next", "failed"]:
    """Return what visit i is at a turn: done, now, to come; now may have failed."""
    if i != turn:
        return "done" if i < turn else "next"
    return "failed" if failed else "now"


def place(document: Document, labels: Labels, path: NodePath) -> str:
    """Return how a row names a node: a leaf by its name, an op by its op, inside an instance `l2_penalty/mul`."""
    try:
        node = document.node(path)
        label = labels.label(path)
    except KeyError:
        return "…"
    inside, slash, last = label.rpartition("/")
    return inside + slash + (last if node.op == LEAF else base_op(document, node))


def order(visit: Planned) -> str:
    """Return the sequence number of a visit; AccumulateGrad comes first whenever it is ready."""
    return "max" if visit.sequence_nr is None else str(visit.sequence_nr)


def ledger(document: Document, labels: Labels, trace: Trace, state: State, full: bool) -> tuple[Row, ...]:
    """Return every saved tensor: held, in use, then freed in the order in which they were."""
    saved = sorted(state.saved.values(), key=lambda each: (STATES.index(each.state), each.freed_at))
    rows: list[Row] = [_saved_row(document, labels, trace, state, each, full, 0 if i else 6) for i, each in enumerate(saved[:MOST_SAVED])]
    if not saved:
        return (Remark("", "nothing is saved"),)
    return (*rows, *([Remark("", f"{len(saved) - MOST_SAVED} more")] if len(saved) > MOST_SAVED else []))


def _saved_row(document: Document, labels: Labels, trace: Trace, state: State, saved: SavedTensor, full: bool, above: int) -> Saved:
    subject = Subject(document, saved.node, trace, state, labels, labels, full)
    return Saved(ICONS[saved.state], place(document, labels, saved.node), saved_text(subject, saved), saved.state, "step", above=above)
