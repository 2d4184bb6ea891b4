"""The inspector of a leaf, an input of a group, and of any tensor's numbers."""

from __future__ import annotations

import numpy as np

from gradstudio.app import text
from gradstudio.app.panels.inspector import edits
from gradstudio.app.panels.inspector.rows import Button, Choice, Edit, Head, Heat, Pair, Remark, Row, Rule, Scrub, Sheet, Title, Toggle
from gradstudio.app.panels.inspector.subject import Subject, exact, value_text
from gradstudio.app.widgets.formula import Run, Runs
from gradstudio.app.widgets.grid import grid_of, grid_of_array
from gradstudio.document.graph import INPUT, INSTANCE, Array, Recipe
from gradstudio.document.labels import base_op
from gradstudio.document.rules import DTYPES
from gradstudio.engine.dtypes import name_of
from gradstudio.session.state import TensorView
from gradstudio.session.trace import ACCUMULATE, TensorKey, Write

STALE = "not up to date"
WRITERS = {"accumulate": ACCUMULATE, "zero": "zero_()", "none": "grad = None", "set": "set"}


def leaf_sheet(subject: Subject) -> Sheet:
    """Return the sheet of a leaf."""
    node, shape, dtype = subject.node, *_kind_of(subject)
    remark = STALE if subject.stale else "input of a group" if node.op == INPUT else "leaf tensor"
    head = Head("", subject.name, remark, (text.shape(shape), dtype), node.requires_grad, Edit(edits.rename, (node.id,)))
    rows: tuple[Row, ...] = ()
    if node.op != INPUT:
        rows = (
            Toggle("requires_grad", node.requires_grad, Edit(edits.requires_grad, (node.id,)), above=10),
            Remark("retain_grad()", "leaves always keep .grad"),
        )
    numbers = (*value_rows(subject), *grad_rows(subject), *nonfinite_rows(subject.view))
    facts: tuple[Row, ...] = (
        Rule(above=10),
        Pair("grad_fn", words(subject.view.grad_fn if subject.view else None), above=9),
        Pair("is_leaf", words(subject.view.is_leaf if subject.view else True)),
        Pair("_version", words(subject.view.version if subject.view else 0)),
        *ledger_rows(subject.writes),
        Pair("used by", words(used_by(subject))),
    )
    return Sheet(head, (*rows, *numbers, *facts, *subject.hints, *start_rows(subject)))


def value_rows(subject: Subject) -> tuple[Row, ...]:
    """Return the rows that show a leaf's value and let one change where it starts."""
    start = subject.node.value
    if isinstance(start, Recipe):
        return (*recipe_rows(start, subject.key), *tensor_rows(subject, subject.view))
    if start is None or subject.node.op == INPUT:
        return tensor_rows(subject, subject.view)
    node = subject.node.id
    changed = change_rows(subject, start)
    if start.size == 1:
        return (Scrub("Value", start.item(), name_of(start.dtype), Edit(edits.scalar, (node,)), above=6), *changed)
    view = subject.view if changed and subject.view else None  # an unchanged leaf shows its start value: it follows a drag at once
    grid = grid_of(view) if view else grid_of_array(start)
    heat = Heat(
        "value", grid, subject.key, edit=Edit(edits.element, (node,)), table=Edit(edits.array, (node,)), name=f"value of {subject.name}"
    )
    return (Title("Value", extremes(subject, view, start), mono=True, above=3), heat, *changed)


def start_rows(subject: Subject) -> tuple[Row, ...]:
    """Return what a start value is made of: function, shape, dtype."""
    node, (shape, dtype) = subject.node.id, _kind_of(subject)
    start = subject.node.value
    if start is None:
        return ()
    made_by = start.fn if isinstance(start, Recipe) else edits.NUMBERS
    fills = edits.FILLS if made_by in edits.FILLS else (*edits.FILLS, made_by)
    return (
        Title("Start value", above=14), Choice("made of", made_by, fills, Edit(edits.filled, (node,))),
        Choice("shape", shape, (), Edit(edits.reshaped, (node,)), "shape"), Choice("dtype", dtype, DTYPES, Edit(edits.recast, (node,))),
    )  # fmt: skip


def change_rows(subject: Subject, start: Array) -> tuple[Row, ...]:
    """Return the line that tells what calls made of the start value, if they did anything."""
    view = subject.view
    if view is None or not view.version or view.shape != start.shape or not view.cells:
        return ()
    if grid_of_array(start).cells == view.cells and view.grid == view.shape:
        return ()
    now, then = view.item, start.item() if start.size == 1 else None
    if now is not None:
        line = f"start {subject.number(then, view.dtype)} → now {subject.number(now, view.dtype)}"
    else:
        line = "changed since the start: what you type is the start value"
    return (Button(line, "Keep these values", subject.key),)


def recipe_rows(recipe: Recipe, key: TensorKey) -> tuple[Row, ...]:
    """Return the line that tells how a start value is drawn."""
    arguments = ", ".join([str(tuple(recipe.shape)), *(text.operand(each) for each in recipe.args)])
    return (Button(f"drawn by torch.{recipe.fn}({arguments})", "Keep these values", key),)


def tensor_rows(subject: Subject, view: TensorView | None) -> tuple[Row, ...]:
    """Return the rows that show a value which nothing but a run changes."""
    if view is None or view.item is not None or not view.cells:
        return (Pair("value", words(value_text(subject, view)), exact=exact(view)),)
    return (
        Title("Value", extremes(subject, view), mono=True, above=3),
        Heat("value", grid_of(view), subject.key, name=f"value of {subject.name}"),
    )


def grad_rows(subject: Subject) -> tuple[Row, ...]:
    """Return the rows that show `.grad`: a number, a heat map, or None."""
    grad = subject.grad
    if grad is None or grad.item is not None or not grad.cells:
        return (Pair(".grad", (subject.gradient_run(grad.item if grad else None),), exact=exact(grad)),)
    heat = Heat("grad", grid_of(grad), subject.key, grad=True, name=f".grad of {subject.name}")
    return (Title(".grad", f"‖grad‖ {subject.number(grad.norm)}", mono=True, above=6), heat)


def ledger_rows(writes: tuple[Write, ...]) -> tuple[Row, ...]:
    """Return how often `.grad` was added to since it was last cleared, and what wrote it last."""
    count = 0
    for write in writes:
        count = count + 1 if write.writer == "accumulate" else 0
    last = WRITERS[writes[-1].writer] if writes else "None"
    return (Pair("grad accumulated", words(text.plural(count, "backward"))), Pair("last writer", words(last)))


def used_by(subject: Subject) -> str:
    """Return who reads the tensor: `mul, add`, inside an instance `l2_penalty / pow`; at most three."""
    graph = subject.document.graph_at(subject.path)
    readers = dict.fromkeys(_reader(subject, wire.target, wire.path) for wire in graph.consumers.get(subject.path[-1], ()))
    names = list(readers)
    return ", ".join(names[:3]) + (f" + {len(names) - 3}" if len(names) > 3 else "") or "nothing"


def _reader(subject: Subject, target: str, path: tuple[int, ...]) -> str:
    node = subject.document.graph_at(subject.path).nodes[target]
    group = subject.document.groups.get(node.group or "")
    if node.op != INSTANCE or group is None:
        return node.op
    inner = group.graph.consumers.get(group.inputs[path[0]], ()) if path[0] < len(group.inputs) else ()
    first = base_op(subject.document, group.graph.nodes[inner[0].target]) if inner else ""
    return f"{group.name} / {first}" if first else group.name


def nonfinite_rows(view: TensorView | None) -> tuple[Row, ...]:
    """Return how many elements are NaN or infinite, if any are."""
    return (Pair("not finite", (Run(str(view.nonfinite), "error", 600),)),) if view and view.nonfinite else ()


def extremes(subject: Subject, view: TensorView | None, start: Array | None = None) -> str:
    """Return `min −1.5   max 1.5`."""
    if view is not None:
        low, high, dtype = view.min, view.max, view.dtype
    elif start is not None and start.size:
        finite = start[np.isfinite(start)]
        if not finite.size:
            return ""
        low, high, dtype = finite.min().item(), finite.max().item(), name_of(start.dtype)
    else:
        return ""
    return f"min {subject.number(low, dtype)}   max {subject.number(high, dtype)}"


def words(value: object) -> Runs:
    """Return a plain fact as it is written at the right."""
    return (Run(str(value), "text", 500),)


def _kind_of(subject: Subject) -> tuple[tuple[int, ...], str]:
    value = subject.node.value
    if isinstance(value, Recipe):
        return value.shape, value.dtype
    if value is not None:
        return value.shape, name_of(value.dtype)
    return (subject.view.shape, subject.view.dtype) if subject.view else ((), "")
