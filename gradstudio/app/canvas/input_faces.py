"""The input rows of a node: what each port reads, and the local derivative of that operand with its number now."""

from __future__ import annotations

from collections.abc import Iterator

from gradstudio.app import text
from gradstudio.app.canvas.context import Context
from gradstudio.app.canvas.faces import InputFace, Tint
from gradstudio.app.canvas.tints import is_whole, tint_of
from gradstudio.document.graph import Literal, Node, Operand, OperandPath, Ref, Wire
from gradstudio.document.rules import input_kind
from gradstudio.engine import TABLE
from gradstudio.session.state import Local

OPERATORS = {"add": "+", "sub": "−", "mul": "·", "div": "/", "pow": "**", "matmul": "@", "remainder": "%"}
OPERATORS |= {"add_": "+=", "sub_": "−=", "mul_": "*=", "div_": "/="} | {"eq": "==", "ne": "!=", "gt": ">", "ge": "≥", "lt": "<", "le": "≤"}



def input_faces(context: Context, node: Node) -> tuple[InputFace, ...]:
    """Return a row for each operand that is, or can be, a tensor, and for each literal that no expression shows."""
    merged = _expression(context, node)
    rows = []
    for path, operand in _slots(context, node):
        if merged is not None and isinstance(operand, Literal):
            continue
        if isinstance(operand, Literal):
            rows.append(_literal_row(context, node, path, operand))
        elif isinstance(operand, Ref):
            label, literal = merged if merged is not None else (context.label(operand), None)
            rows.append(_wired_row(context, node, path, operand, label, literal))
        else:
            rows.append(_open_row(context, node, path))
    return tuple(rows)


def slot_name(context: Context, node: Node, path: OperandPath) -> str:
    """Return what an operand is called in the op's signature: `input`, `weight`, `1` of a list."""
    group = context.group(node)
    if group is not None and path[0] < len(group.inputs):
        return group.graph.nodes[group.inputs[path[0]]].name or f"input {path[0] + 1}"
    row = TABLE.get(node.op)
    name = row.inputs[path[0]].argument if row and path[0] < len(row.inputs) else str(path[0] + 1)
    return f"{name} {path[1] + 1}" if len(path) > 1 else name


def _slots(context: Context, node: Node) -> Iterator[tuple[OperandPath, Operand]]:
    """Yield each operand with its path; a list shows its items, and one more port to add to it."""
    row = TABLE.get(node.op)
    count, group = len(node.inputs), context.group(node)
    if group is not None:
        count = len(group.inputs)
    elif row is not None:
        needed = [i for i, each in enumerate(row.inputs) if not each.optional]
        count = max(count, max(needed, default=-1) + 1)
    for i in range(count):
        operand = node.inputs[i] if i < len(node.inputs) else None
        if isinstance(operand, tuple):
            yield from (((i, j), item) for j, item in enumerate(operand))
            if None not in operand:
                yield (i, len(operand)), None
        elif operand is None and input_kind(node.op, i) == "tensors":
            yield (i, 0), None
        elif operand is not None or not _optional(node, i):
            yield (i,), operand


def _optional(node: Node, index: int) -> bool:
    row = TABLE.get(node.op)
    return row is not None and index < len(row.inputs) and row.inputs[index].optional


def _expression(context: Context, node: Node) -> tuple[str, OperandPath] | None:
    """Return `y + 8.5` and the path of its literal, for an operator between one tensor and one literal."""
    if node.op not in OPERATORS or len(node.inputs) != 2:
        return None
    first, second = node.inputs
    if isinstance(first, Ref) and isinstance(second, Literal):
        return f"{context.label(first)} {OPERATORS[node.op]} {text.operand(second.value)}", (1,)
    if isinstance(first, Literal) and isinstance(second, Ref):
        return f"{text.operand(first.value)} {OPERATORS[node.op]} {context.label(second)}", (0,)
    return None


def _wired_row(context: Context, node: Node, path: OperandPath, ref: Ref, label: str, literal: OperandPath | None) -> InputFace:
    view = context.tensor(ref)
    live = context.is_live(Wire(ref, node.id, path))
    local = context.local(node.id, path) if live else None
    note = "" if live or not context.requires_grad(node.id) or node.id in context.frozen else "no grad"
    formula, number = _derivative(local, context.full)
    tint: Tint | None = tint_of(context, context.flow(node.id, path))
    if is_whole(view.dtype if view else None):
        note = ""
    whole = is_whole(view.dtype if view else None)
    failed = ref.source == context.failed_visit and context.flow(node.id, path) is not None
    return InputFace(path, label, formula, number, note, True, live, whole, tint, literal, failed=failed)


def _derivative(local: Local | None, full: bool) -> tuple[str, str]:
    if local is None:
        return "", ""
    if local.value is not None:
        return local.formula, text.number(local.value, full)
    return local.formula, text.norm(local.norm, full) if local.norm is not None else ""


def _literal_row(context: Context, node: Node, path: OperandPath, operand: Literal) -> InputFace:
    kind = input_kind(node.op, path[0])
    name = slot_name(context, node, path)
    return InputFace(path, name, note=text.operand(operand.value), wired=False, literal=path, port=kind in ("operand", "index"))


def _open_row(context: Context, node: Node, path: OperandPath) -> InputFace:
    kind = input_kind(node.op, path[0])
    takes_number = kind in ("operand", "number", "index")
    more = kind == "tensors" and path[-1] > 0
    note = "" if more else "not wired" if kind != "number" else "a number"
    literal = path if takes_number else None
    return InputFace(path, slot_name(context, node, path), note=note, wired=False, literal=literal, port=kind != "number")
