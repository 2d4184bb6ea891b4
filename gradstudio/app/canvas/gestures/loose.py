"""LooseWire: a wire of which one end is in a hand; and which ports it may end at."""

from __future__ import annotations

from msgspec import Struct

from gradstudio.app.canvas.context import Context
from gradstudio.app.canvas.faces import InputFace
from gradstudio.app.canvas.wire_faces import WireId
from gradstudio.document.graph import INSTANCE, Literal, NodeId, Operand, OperandPath, Ref, operand_at, with_operand
from gradstudio.document.rules import TENSOR_KINDS, input_kind


class LooseWire(Struct, frozen=True):
    """From `source` with its target open, or to `target`, `path` with its source open. `shape`, `dtype`: of the source, where known.

    `was`: the wire that was picked up.
    """

    source: Ref | None = None
    target: NodeId | None = None
    path: OperandPath = ()
    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    was: WireId | None = None


class Question(Struct, frozen=True):
    """What to ask the worker before a drop: whether the op takes these operands."""

    op: str
    shapes: tuple[tuple[int, ...] | None, ...]
    dtypes: tuple[str | None, ...]
    operands: tuple[object, ...]
    attrs: dict[str, object]


def from_output(context: Context, ref: Ref, was: WireId | None = None) -> LooseWire:
    """Return the loose wire that starts at an output, or at its .grad."""
    view = context.tensor(ref)
    return LooseWire(ref, shape=view.shape if view else None, dtype=view.dtype if view else None, was=was)


def refusal(context: Context, source: Ref, target: NodeId, path: OperandPath) -> str:
    """Return why a wire cannot lead from source to an operand, in words; empty if it can, as far as is known here."""
    node = context.graph.nodes[target]
    kind = input_kind(node.op, path[0])
    if source.source == target:
        return "a node cannot read its own output"
    if kind is not None and kind not in TENSOR_KINDS and kind != "any" and node.op != INSTANCE:
        return "only a number can stand here"
    if kind is None:
        return f"{node.op} has no such input"
    block_of = context.graph.block_of
    if block_of.get(source.source) == block_of.get(target) and source.source in downstream(context, target):
        return f"this would be a cycle: {context.label(source)} depends on {context.label(Ref(target))}"
    return ""


def downstream(context: Context, node: NodeId) -> frozenset[NodeId]:
    """Return the nodes of its block that depend on a node, itself included. Each is visited once."""
    block, found, todo = context.graph.block_of.get(node), {node}, [node]
    while todo:
        for wire in context.graph.consumers.get(todo.pop(), ()):
            if wire.target not in found and context.graph.block_of.get(wire.target) == block:
                found.add(wire.target)
                todo.append(wire.target)
    return frozenset(found)


def best_input(context: Context, source: Ref, target: NodeId, rows: tuple[InputFace, ...]) -> OperandPath | None:
    """Return the operand that a wire dropped on a node's body goes to: an open port first, then one with a number in it."""
    node = context.graph.nodes[target]
    paths = [row.path for row in rows if row.port]
    paths += [row.literal for row in rows if row.literal is not None and row.literal not in paths]
    fitting = [path for path in paths if not refusal(context, source, target, path)]
    empty = [path for path in fitting if operand_at(node.inputs, path) is None]
    number = [path for path in fitting if isinstance(operand_at(node.inputs, path), Literal)]
    return next(iter((*empty, *number, *(fitting if len(fitting) == 1 else ()))), None)


def question(context: Context, source: Ref, target: NodeId, path: OperandPath) -> Question | None:
    """Return what the worker should be asked of a drop; None where shapes are not known, or there is no op to ask."""
    node = context.graph.nodes[target]
    if node.op == INSTANCE or len(path) > 1:
        return None
    operands = with_operand(node.inputs, path, source)
    described = [_described(context, operand) for operand in operands]
    if any(each is None for each in described):
        return None
    known = [each for each in described if each is not None]
    shapes, dtypes, values = (tuple(part) for part in zip(*known, strict=True))
    return Question(node.op, shapes, dtypes, values, dict(node.attrs))


def _described(context: Context, operand: Operand) -> tuple[tuple[int, ...] | None, str | None, object] | None:
    if isinstance(operand, Literal):
        return None, None, operand.value
    view = context.tensor(operand) if isinstance(operand, Ref) else None
    return (view.shape, view.dtype, None) if view is not None else None
