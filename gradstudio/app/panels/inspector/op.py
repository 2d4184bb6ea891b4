"""The inspector of an op: its local derivatives with their numbers, what it saved, its facts."""

from __future__ import annotations

from msgspec.structs import replace

from gradstudio.app import text
from gradstudio.app.panels.inspector import edits
from gradstudio.app.panels.inspector.attrs import setting_rows
from gradstudio.app.panels.inspector.leaf import STALE, extremes, grad_rows, nonfinite_rows, used_by, words
from gradstudio.app.panels.inspector.rows import Card, Edit, Head, Heat, Hint, Pair, Row, Rule, Saved, Sheet, Title, Toggle
from gradstudio.app.panels.inspector.subject import Subject, exact, pass_of_call, value_text
from gradstudio.app.widgets.formula import Run, Runs
from gradstudio.app.widgets.grid import Grid, grid_of
from gradstudio.code.spell import Text, spelling
from gradstudio.document.graph import INSTANCE, LEAF, OperandPath, Ref
from gradstudio.document.labels import base_op
from gradstudio.session.state import Flow, Local, SavedTensor

ICONS = {"held": "lock", "in use": "lock-open", "freed": "x"}


def op_sheet(subject: Subject) -> Sheet:
    """Return the sheet of an op or an instance."""
    node, view = subject.node, subject.view
    chips: tuple[str, ...] = (text.shape(view.shape), view.dtype) if view else ()
    chips += (view.grad_fn,) if view and view.grad_fn else ()
    remark = STALE if subject.stale else statement(subject)
    head = Head(subject.symbol, subject.title, remark, chips, rename=Edit(edits.rename, (node.id,)))
    settings = setting_rows(subject)
    numbers: tuple[Row, ...] = (
        *waiting_rows(subject),
        *((Title("Settings", above=9), *settings) if settings else ()),
        *derivative_rows(subject),
        *saved_rows(subject),
        *number_rows(subject),
        *nonfinite_rows(subject.view),
    )
    rows: tuple[Row, ...] = (
        *numbers,
        *((Rule(above=11),) if numbers else ()),
        *fact_rows(subject),
        *subject.hints,
        *retain_rows(subject),
    )
    return Sheet(head, rows)


def statement(subject: Subject) -> str:
    """Return the node as a line of code: `z = a * y`."""
    made = expression(subject)
    return f"{subject.node.name} = {made}" if subject.node.name else made


def expression(subject: Subject) -> str:
    """Return what the node computes, as its line of code would."""
    node = subject.node
    made = spelling(node.op, node.inputs, node.attrs) if None not in node.inputs else None
    if made is not None:
        return made.write(lambda ref: Text(subject.inner_label(ref))).text
    return f"{subject.title}({', '.join(subject.operand_text(each) for each in node.inputs)})"


def waiting_rows(subject: Subject) -> tuple[Row, ...]:
    """Return why the node was not made, if it was not."""
    reason = subject.trace.skipped.get(subject.path)
    return (Hint(f"{subject.title} waits: {reason}.", above=14),) if reason else ()


def derivative_rows(subject: Subject) -> tuple[Row, ...]:
    """Return a card for each operand that a gradient flows to."""
    if subject.view is not None and not subject.view.requires_grad:
        return ()
    cards = [
        derivative_card(subject, path, ref, local)
        for path, ref in subject.node.refs()
        if (local := subject.state.locals.get((subject.path, path))) is not None
    ]
    return (Title("Local derivative", above=9), replace(cards[0], above=0), *cards[1:]) if cards else ()


def derivative_card(subject: Subject, path: OperandPath, ref: Ref, local: Local) -> Card:
    """Return the card of one operand: the derivative, and upstream × derivative = contribution."""
    first: Runs = (
        Run(f"∂{subject.name}/∂{subject.inner_label(ref)}", "text", 500),
        Run(f" = {local.formula}" if local.formula else "", "text3"),
    )
    if local.value is not None:
        first += (Run(" = ", "text3"), Run(subject.number(local.value), "text", 600))
    elif local.norm is not None:
        first += (Run("  ", "text3"), Run(text.norm(local.norm, subject.full), "text", 600))
    flow = subject.state.flows.get((subject.path, path))
    return Card(first, f"flows to {target_name(subject, ref)}", contribution(subject, local, flow))


def contribution(subject: Subject, local: Local, flow: Flow | None) -> Runs:
    """Return `1.0 × 3.0 = 3.0`; for tensors the shape and the norm of what is sent."""
    upstream = subject.cotangent
    if flow is None or flow.kind == "none":
        return ()
    if flow.kind == "pending":
        return (Run("waits for backward", "text3"),)
    sent = subject.gradient_run(0.0 if flow.kind == "zero" else flow.value, flow.norm)
    if upstream is not None and upstream.value is not None and local.value is not None:
        return (
            subject.gradient_run(upstream.value),
            Run(" × ", "text3"),
            Run(subject.number(local.value), "text", 500),
            Run(" = ", "text3"),
            sent,
        )
    came = (subject.gradient_run(upstream.value, upstream.norm), Run(" → ", "text3")) if upstream is not None else ()
    return (*came, sent, Run(f"  {text.shape(flow.shape)}", "text3"))


def target_name(subject: Subject, ref: Ref) -> str:
    """Return who gets a contribution: a leaf by its name, an op as an op."""
    node = subject.document.graph_at(subject.path).nodes.get(ref.source)
    if node is None or node.op == LEAF:
        return subject.inner_label(ref)
    return base_op(subject.document, node)


def saved_rows(subject: Subject) -> tuple[Row, ...]:
    """Return what the node saved for backward, and what became of it."""
    saved = [each for each in subject.state.saved.values() if each.node == subject.path]
    if not saved:
        return ()
    rows = [
        Saved(ICONS[each.state], f"_saved_{each.field}", saved_text(subject, each), each.state, "op", above=5 if i == 0 else 0)
        for i, each in enumerate(saved)
    ]
    return (Title("Saved for backward", saved_remark(subject, saved), above=10), *rows)


def saved_text(subject: Subject, saved: SavedTensor) -> str:
    """Return `a = 4.0`, `W (3, 4)`, or what is known of it."""
    name = subject.ran.label(*saved.source).rpartition("/")[2] if saved.source else ""
    if saved.value is not None:
        return f"{name} = {subject.number(saved.value)}" if name else subject.number(saved.value)
    return f"{name} {text.shape(saved.shape)}".strip()


def saved_remark(subject: Subject, saved: list[SavedTensor]) -> str:
    """Return `freed after backward #3`, `in use`, or that versions differ."""
    changed = [each for each in saved if each.state != "freed" and each.version_now != each.version]
    if changed:
        return f"version {changed[0].version}, now {changed[0].version_now}"
    states = {each.state for each in saved}
    if states == {"freed"}:
        by = pass_of_call(subject.trace, saved[0].freed_by or "", subject.state.k)
        return f"freed after {subject.pass_name(by)}" if by else "freed"
    return "in use" if "in use" in states else "held until backward"


def number_rows(subject: Subject) -> tuple[Row, ...]:
    """Return the heat maps of a tensor's value and of what passed through it."""
    view = subject.view
    rows: list[Row] = []
    if view is not None and view.item is None and view.cells:
        rows += [
            Title("Value", extremes(subject, view), mono=True, above=10),
            Heat("value", grid_of(view), subject.key, name=f"value of {subject.name}"),
        ]
    flow = subject.cotangent
    if flow is not None and flow.value is None and flow.cells and len(flow.cells) == _size(flow.shape):
        grid = Grid(flow.cells, flow.shape, flow.shape)
        rows.append(Title(f"∂{root_name(subject)}/∂{subject.name}", text.norm(flow.norm, subject.full), mono=True, above=6))
        rows.append(Heat("grad", grid, subject.key, name=f"gradient through {subject.name}"))
    return tuple(rows)


def root_name(subject: Subject) -> str:
    """Return the label of what the pass on show started from."""
    each = subject.trace.pass_at(subject.state.k)
    return subject.ran.label(*each.roots[0]).rpartition("/")[2] if each and each.roots else "out"


def fact_rows(subject: Subject) -> tuple[Row, ...]:
    """Return the facts of an op's outputs."""
    view = subject.view
    if view is None:
        return (Pair("used by", words(used_by(subject)), above=9),)
    drawn = view.item is None and bool(view.cells)  # as a heat map
    first: tuple[Row, ...] = () if drawn else (Pair("value", words(value_text(subject, view)), exact=exact(view)),)
    grads = grad_rows(subject)
    facts = (
        Pair("is_leaf", words(view.is_leaf)),
        Pair("grad_fn", words(view.grad_fn)),
        *((Pair("sequence_nr", words(number)),) if (number := sequence_nr(subject)) is not None else ()),
        Pair("_version", words(view.version)),
    )
    rows: tuple[Row, ...] = (*first, *grads, *facts, *output_rows(subject))
    return (replace(rows[0], above=9), *rows[1:])


def output_rows(subject: Subject) -> tuple[Row, ...]:
    """Return a row for each further output."""
    last = subject.path[-1]
    outs = sorted(out for path, out in subject.state.tensors if out and path == subject.path)
    return tuple(
        Pair(subject.inner_label(Ref(last, out)), words(value_text(subject, subject.state.tensors[subject.path, out]))) for out in outs
    )


def retain_rows(subject: Subject) -> tuple[Row, ...]:
    """Return the pin that makes PyTorch keep the `.grad` of what is no leaf."""
    node, view = subject.node, subject.view
    if node.op == INSTANCE or (view is not None and (view.is_leaf or not view.requires_grad) and not node.retain_grad):
        return ()
    return (Toggle("retain_grad()", 0 in node.retain_grad, Edit(edits.retain_grad, (node.id, 0)), above=8),)


def sequence_nr(subject: Subject) -> int | None:
    """Return the engine's number of the node in the pass on show, relative to the lowest."""
    each = subject.trace.pass_at(subject.state.k)
    planned = each.planned if each else ()
    return next((p.sequence_nr for p in planned if p.node == subject.path and p.sequence_nr is not None), None)


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for n in shape:
        size *= n
    return size
