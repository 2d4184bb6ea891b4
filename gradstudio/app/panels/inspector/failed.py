"""The inspector of what raised: what it had saved, what happened, what did not change."""

from __future__ import annotations

from gradstudio.app import text
from gradstudio.app.panels.inspector.op import ICONS, statement
from gradstudio.app.panels.inspector.rows import Event, Head, Message, Pair, Row, Rule, Saved, Sheet, Title
from gradstudio.app.panels.inspector.step import place
from gradstudio.app.panels.inspector.subject import Subject, pass_name, pass_of_call
from gradstudio.app.widgets.formula import Run
from gradstudio.document.document import Document
from gradstudio.document.graph import INPUT, NodePath
from gradstudio.document.labels import Labels
from gradstudio.explain.errors import explain_node
from gradstudio.explain.wording import call_name, listed
from gradstudio.session.state import SavedTensor, State
from gradstudio.session.trace import Failure, Pass, Trace


def failure_at(trace: Trace, k: int) -> Failure | None:
    """Return what step k raised, if it did."""
    span = trace.span_at(k)
    outcome = trace.outcomes.get(span.call) if span and span.raised and span.end == k else None
    return outcome.error if outcome else None


def failure_of(trace: Trace, k: int, path: NodePath) -> Failure | None:
    """Return why a node is crimson at step k: its op raised, or the step on show raised in it."""
    now = failure_at(trace, k)
    return now if now and now.node == path else trace.failures.get(path)


def failed_sheet(subject: Subject, failure: Failure) -> Sheet:
    """Return the sheet of a node that failed."""
    view, saved = subject.view, saved_by(subject)
    chips = ((text.shape(view.shape),) if view else ()) + ((view.grad_fn,) if view and view.grad_fn else ())
    head = Head(subject.symbol, subject.title, "failed", chips)
    running = _pass_that_failed(subject)
    grads = gradient_rows(subject.document, subject.labels, subject.state)
    title = "Gradients are unchanged" if running is None or not _wrote(subject.trace, running, subject.state.k) else "Gradients now"
    return Sheet(head, (
        *saved_rows(subject, saved, running),
        Title("What happened", above=7 if saved else 9), *event_rows(subject, saved, running),
        *((Rule(above=14), Title(title, above=7), *grads) if grads else ()),
        Message(f"{failure.type}: {failure.message}", above=14),
    ))  # fmt: skip


def saved_by(subject: Subject) -> list[SavedTensor]:
    """Return what the node had saved."""
    return [each for each in subject.state.saved.values() if each.node == subject.path]


def saved_rows(subject: Subject, saved: list[SavedTensor], running: Pass | None) -> tuple[Row, ...]:
    """Return what the node needs of what it saved, and why it cannot have it."""
    if not saved or running is None:
        return ()
    rows: list[Row] = []
    for each in saved:
        changed = each.state != "freed" and each.version != each.version_now
        fault = "freed" if each.state == "freed" else f"version {each.version} → {each.version_now}" if changed else each.state
        bad = changed or each.state == "freed"
        words = f"{_name(subject, each)}  {fault}"
        icon = "x" if bad else ICONS[each.state]
        rows.append(Saved(icon, f"_saved_{each.field}", words, each.state, "failed", bad, above=0 if rows else 4))
    by = _freed_by(subject, saved)
    return (Title("Saved tensors", f"freed by {subject.pass_name(by)}" if by else "", above=9), *rows, Rule(above=12))


def event_rows(subject: Subject, saved: list[SavedTensor], running: Pass | None) -> tuple[Row, ...]:
    """Return the short history of a failure."""
    events: list[tuple[str, str]] = []
    freed, by = [each for each in saved if each.state == "freed"], _freed_by(subject, saved)
    if running is not None and freed and by:
        them = "them" if len(freed) > 1 else "it"
        events += [("forward", f"saved {listed(_name(subject, each) for each in freed)} here")]
        events += [(subject.pass_name(by), f"used {them}, then freed {them}")]
    changed = [each for each in saved if each.state != "freed" and each.version != each.version_now]
    if running is not None and changed:
        events += [("forward", f"saved {listed(_name(subject, each) for each in changed)} here")]
        events += [("in place", f"changed {listed(_name(subject, each) for each in changed)} since")]
    explanation = explain_node(subject.document, subject.trace, subject.state, subject.path)
    events += [(_where(subject, running), _stopped(subject, running))]
    rows: list[Row] = [
        Event(title, words, error=i == len(events) - 1, first=i == 0, last=i == len(events) - 1, above=8 if i == 0 else 0)
        for i, (title, words) in enumerate(events)
    ]
    if len(events) == 1 and explanation:
        rows = [Event(events[0][0], explanation.title, True, True, True, above=8)]
    return tuple(rows)


def gradient_rows(document: Document, labels: Labels, state: State) -> tuple[Row, ...]:
    """Return the `.grad` of every tensor that has one."""
    rows: list[Row] = []
    order = document.graph.order
    for key, view in sorted(state.grads.items(), key=lambda item: (order.get(item[0][0][0], len(order)), len(item[0][0]))):
        if _is_input(document, key[0]):
            continue  # the tensor outside has the row
        name = labels.label(*key)
        subject = Subject(document, key[0], Trace(run=0), state, labels, labels)
        run = subject.gradient_run(view.item) if view.item is not None else Run(subject.number(view.norm), "text", 600)
        rows.append(Pair(f"{name}.grad" if view.item is not None else f"‖{name}.grad‖", (run,), mono_key=True, above=6 if not rows else 0))
    return tuple(rows)


def _is_input(document: Document, path: NodePath) -> bool:
    try:
        return document.node(path).op == INPUT
    except KeyError:  # a result of autograd.grad
        return False


def _name(subject: Subject, saved: SavedTensor) -> str:
    return subject.labels.label(*saved.source).rpartition("/")[2] if saved.source else saved.field


def _freed_by(subject: Subject, saved: list[SavedTensor]) -> Pass | None:
    call = next((each.freed_by for each in saved if each.state == "freed" and each.freed_by), None)
    return pass_of_call(subject.trace, call, subject.state.k) if call else None


def _pass_that_failed(subject: Subject) -> Pass | None:
    step, each = subject.trace.step(subject.state.k), subject.trace.pass_at(subject.state.k)
    return each if each and each.raised and step and step.kind == "visit" and step.node == subject.path else None


def _wrote(trace: Trace, each: Pass, k: int) -> bool:
    return any(each.first <= write.step <= k for writes in trace.series.values() for write in writes)


def _where(subject: Subject, running: Pass | None) -> str:
    if running is not None:
        return pass_name(subject.document, running)
    span = subject.trace.span_at(subject.state.k)
    return call_name(subject.document, subject.trace, span.call) if span else "forward"


def _stopped(subject: Subject, running: Pass | None) -> str:
    if running is None:
        return f"{statement(subject)} could not run"
    before = [place(subject.document, subject.labels, p.node) for p in running.planned[: max(0, running.ran - 1)]]
    passed = f"{before[-1]} passed, " if len(before) == 1 else f"{len(before)} nodes passed, " if before else ""
    return f"{passed}{subject.title} could not start"
