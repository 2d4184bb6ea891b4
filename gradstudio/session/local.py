"""Local derivatives: what an operand's wire multiplies by, as a formula and in numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import numpy as np

from gradstudio.document import graph
from gradstudio.document.document import Document
from gradstudio.document.graph import INPUT, INSTANCE, LEAF, Array, Node, NodePath, Operand, OperandPath
from gradstudio.document.groups import Group
from gradstudio.document.labels import Labels
from gradstudio.engine import TABLE, Tensor, call, formula, grad, local_derivative, local_derivatives, tensor
from gradstudio.engine.modes import GradMode
from gradstudio.engine.tensor import make
from gradstudio.session.records import OpRecord, TensorRecord
from gradstudio.session.state import CELLS, Local, local_number


def locals_of(document: Document, labels: Labels, path: NodePath, record: OpRecord) -> dict[OperandPath, Local | None]:
    """Return the local derivatives of the op, or instance, at path, by operand; None where no gradient passes. They are kept."""
    if record.shown is None:
        record.shown = _found(document, labels, path, record)
    return record.shown


def _found(document: Document, labels: Labels, path: NodePath, record: OpRecord) -> dict[OperandPath, Local | None]:
    found: dict[OperandPath, Local | None] = dict.fromkeys(_tensor_paths(record.operands))
    wanted = [each for each in found if _record_at(record.operands, each).requires_grad]
    passed = record.passed
    if passed is None or passed.keys() != set(wanted):
        passed = _derivatives(document, path, record, wanted)
    for operand_path, array in passed.items():
        if array is not None:
            text = record.formulas.get(operand_path)
            if text is None:
                text = record.formulas[operand_path] = _formula(document, labels, path, record, operand_path[0])
            found[operand_path] = _shown(text, array)
    return found


def _derivatives(document: Document, path: NodePath, record: OpRecord, wanted: list[OperandPath]) -> dict[OperandPath, Array | None]:
    """Return the local derivatives of operands as arrays, found on tensors of their own."""
    if not wanted:
        return {}
    node, operands = document.node(path), tuple([_tensor_of(operand) for operand in record.operands])
    if node.op == INSTANCE:
        found = [_through_group(document, node, operands, each) for each in wanted]
    elif node.op in TABLE and TABLE[node.op].differentiable:
        attrs = dict(node.attrs)
        try:
            found = local_derivatives(node.op, operands, attrs, wanted)
        except (RuntimeError, NotImplementedError):  # as floor_divide: PyTorch has no derivative, and says so when backward gets there
            found = [_derivative(node.op, operands, attrs, each) for each in wanted]
    else:
        return {}
    return {each: None if tensor is None else tensor.array for each, tensor in zip(wanted, found, strict=True)}


def _derivative(op: str, operands: tuple[Any, ...], attrs: dict[str, Any], wanted: OperandPath) -> Tensor | None:
    try:
        return local_derivative(op, operands, attrs, wanted[0], wanted[1:])
    except (RuntimeError, NotImplementedError):
        return None


def _shown(text: str, array: Array) -> Local:
    """Return a local derivative as it is shown."""
    if array.size == 1:
        return local_number(text, float(array.item()), array.shape)
    flat = np.asarray(array, np.float64).ravel()
    return Local(
        text,
        None,
        float(np.linalg.norm(flat)),
        array.shape,
        tuple(flat[:CELLS].tolist()) if flat.size <= CELLS else (),
    )


def _formula(document: Document, labels: Labels, path: NodePath, record: OpRecord, i: int) -> str:
    node = document.node(path)
    if node.op == INSTANCE:
        return ""
    texts = [operand_text(document, labels, path, operand) for operand in node.inputs]
    return formula(node.op, i, texts, dict(node.attrs), tuple([_tensor_of(operand) for operand in record.operands]))


def _tensor_paths(operands: tuple[object, ...], path: OperandPath = ()) -> Iterable[OperandPath]:
    for i, operand in enumerate(operands):
        if isinstance(operand, TensorRecord):
            yield (*path, i)
        elif isinstance(operand, tuple):
            yield from _tensor_paths(operand, (*path, i))


def _record_at(operands: tuple[object, ...], path: OperandPath) -> TensorRecord:
    found: Any = operands
    for i in path:
        found = found[i]
    return cast(TensorRecord, found)


def _tensor_of(operand: object) -> Any:
    if isinstance(operand, TensorRecord):
        return make(operand.array.copy(), None)
    if isinstance(operand, tuple):
        return tuple(_tensor_of(item) for item in operand)
    return operand


def operand_text(document: Document, labels: Labels, path: NodePath, operand: Operand) -> str | None:
    """Return an operand as people write it: a label without the instances round it, or a literal."""
    if isinstance(operand, graph.Ref):
        inner = document.graph_at(path).nodes.get(operand.source)
        source = (*path[:-1], operand.source) if inner is not None else (operand.source,)
        label = labels.label(source, operand.out).rpartition("/")[2]
        return f"{label}.grad" if operand.grad else label
    if isinstance(operand, graph.Literal):
        return repr(operand.value)
    if isinstance(operand, tuple):
        return ", ".join(text for item in operand if (text := operand_text(document, labels, path, item)))
    return None


def _through_group(document: Document, instance: Node, operands: tuple[Any, ...], operand_path: OperandPath) -> Tensor | None:
    """Differentiate a group's first output with respect to one of its inputs, on tensors of its own."""
    if len(operand_path) != 1:
        return None
    with GradMode(True):
        leaves = [t.detach().requires_grad_() if isinstance(t, Tensor) and t.dtype.kind == "f" else t for t in operands]
        try:
            outputs = evaluate_group(document, document.groups[document.group_of(instance)], leaves)
            wanted = leaves[operand_path[0]]
            if not outputs or not isinstance(outputs[0], Tensor) or not outputs[0].requires_grad or not isinstance(wanted, Tensor):
                return None
            ones = tensor(np.ones(outputs[0].shape, outputs[0].array.dtype))
            return grad([outputs[0]], [wanted], [ones], allow_unused=True)[0]
        except Exception:  # a node inside fails, or overwrites what another saved: it says so itself, and nothing passes
            return None


def evaluate_group(document: Document, group: Group, operands: list[Any]) -> list[Any]:
    """Run a group on operands without recording anything; return its outputs."""
    made: dict[tuple[str, int], Any] = {(i, 0): value for i, value in zip(group.inputs, operands, strict=False)}

    def value(operand: Operand) -> Any:
        if isinstance(operand, graph.Ref):
            return made[operand.source, operand.out]
        return (
            operand.value
            if isinstance(operand, graph.Literal)
            else tuple(value(o) for o in operand)
            if isinstance(operand, tuple)
            else None
        )

    for node in (group.graph.nodes[n] for ids in group.graph.blocks.values() for n in ids):
        if node.op == INPUT:
            continue
        if node.op == LEAF:
            result: Any = tensor(np.array(node.value)) if isinstance(node.value, np.ndarray) else None
        else:
            values = [value(operand) for operand in node.inputs]
            mode = None if node.frame is None else group.graph.frames[node.frame].kind == "enable_grad"
            with GradMode(True if mode is None else mode):
                result = (
                    evaluate_group(document, document.groups[document.group_of(node)], values)
                    if node.op == INSTANCE
                    else call(node.op, tuple(values), dict(node.attrs))
                )
        for i, each in enumerate(result if isinstance(result, list | tuple) else (result,)):
            made[node.id, i] = each
    return [made.get((ref.source, ref.out)) for ref in group.outputs]
