"""Rows: a trace as JSON objects, one a row, with the numbers that the step card shows. A row that belongs to a step carries its k."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradstudio.document.graph import INPUT, INSTANCE, Array, NodePath, OperandPath, Ref, operand_at
from gradstudio.session.column import Column
from gradstudio.session.local import locals_of
from gradstudio.session.records import FlowRecord
from gradstudio.session.report import Json, failure, label, plain, values
from gradstudio.session.run import Run
from gradstudio.session.state import InputKey
from gradstudio.session.trace import ACCUMULATE, Step, TensorKey, Write

CELLS = 64  # a tensor with more is told by shape and norm alone


def rows(run: Run) -> Iterator[Json]:
    """Yield the rows of a run in order: each step, then its contributions, accumulations, what is freed at it, its error."""
    sent, freed, written = _sent(run), _freed(run), _written(run)
    errors = {outcome.last: outcome.error for outcome in run.trace.outcomes.values() if outcome.error is not None}
    for k, step in enumerate(run.trace.steps, 1):
        writes = written.get(k, [])
        yield _step(run, k, step, writes)
        yield from (_contribution(run, k, step, *each) for each in sent.get(k, ()))
        yield from ({"k": k, "kind": "accumulate", "call": step.call, **row} for write, row in writes if write.writer == "accumulate")
        yield from freed.get(k, ())
        error = errors.get(k)
        if error is not None:
            yield {"k": k, "kind": "error", "call": step.call, **failure(run, error)}
    yield from (row for k in sorted(freed) if k > run.trace.end for row in freed[k])


def _step(run: Run, k: int, step: Step, writes: list[tuple[Write, Json]]) -> Json:
    row: Json = {"k": k, "kind": step.kind, "call": step.call, "node": label(run, (step.node, 0)) if step.node else None}
    if step.turns:
        row["turns"] = list(step.turns)
    if step.kind == "op":
        return {**row, "op": step.name, "value": _at(run.log.tensors.get((step.node, 0)), k)}
    if step.kind == "visit":
        row |= {"name": step.name, "part": step.part, "sequence_nr": step.sequence_nr}
        return row if step.name == ACCUMULATE else {**row, "upstream": _at(run.log.cotangents.get((step.node, 0)), k)}
    return {**row, "writes": [figures for _, figures in writes]} if writes else row


def _at(column: Column[Any] | None, k: int) -> Any:
    record = column.at(k) if column else None
    return None if record is None else figures(record.array)


def figures(array: Array) -> Any:
    """Return the number of a tensor of one element, else shape, norm and, of a small one, the values."""
    if array.size == 1:
        return values(array.reshape(()))
    norm = float(np.linalg.norm(array.ravel().astype(np.complex128 if array.dtype.kind == "c" else np.float64)))
    return {"shape": list(array.shape), "norm": plain(norm), **({"values": values(array)} if array.size <= CELLS else {})}


# ---- contributions


def _sent(run: Run) -> dict[int, list[tuple[InputKey, Any]]]:
    """Return, by step, what each visit sent along the wires into its node, by operand. An instance sends what the nodes inside send."""
    found: dict[int, list[tuple[InputKey, Any]]] = {}
    for key, column in run.log.flows.items():
        if run.document.node(key[0]).op == INSTANCE:
            continue
        before: FlowRecord | None = None
        for k, record in zip(column.steps, column.values, strict=True):
            if record is not None:
                known = len(before.terms) if before is not None and before.number == record.number else 0
                for term in record.terms[known:]:
                    found.setdefault(k, []).append((key, term))
            before = record
    for each in found.values():
        each.sort(key=lambda item: item[0])
    return found


def _contribution(run: Run, k: int, step: Step, key: InputKey, term: Any) -> Json:
    path, operand = key
    source = operand_at(run.document.node(path).inputs, operand)
    target = label(run, _source_key(run, path, source)) if isinstance(source, Ref) else None
    row: Json = {"k": k, "kind": "contribution", "call": step.call, "node": label(run, (path, 0)), "target": target}
    row |= {"operand": list(operand), "upstream": _at(run.log.cotangents.get((path, 0)), k), **_local(run, k, path, operand)}
    return {**row, "contribution": figures(term)}


def _source_key(run: Run, path: NodePath, ref: Ref) -> TensorKey:
    """Return the tensor that an operand is; an input of a group is what its instance was given."""
    graph = run.document.graph_at(path)
    while len(path) > 1 and ref.source in graph.nodes and graph.nodes[ref.source].op == INPUT:
        instance = run.document.node(path[:-1])
        index = run.document.groups[run.document.group_of(instance)].inputs.index(ref.source)
        given = instance.inputs[index]
        if not isinstance(given, Ref):
            break
        path, ref = path[:-1], given
        graph = run.document.graph_at(path)
    return ((*path[:-1], ref.source) if ref.source in graph.nodes else (ref.source,)), ref.out


def _local(run: Run, k: int, path: NodePath, operand: OperandPath) -> Json:
    record = run.log.ops[path].at(k) if path in run.log.ops else None
    found = None if record is None else locals_of(run.document, run.labels, path, record).get(operand)
    if found is None:
        return {"local": None, "formula": None}
    cells = {"values": values(np.reshape(found.cells, found.shape))} if found.cells else {}
    many = {"shape": list(found.shape), "norm": plain(found.norm), **cells}
    return {"local": plain(found.value) if found.value is not None else many, "formula": found.formula}


# ---- what a step wrote and freed


def _written(run: Run) -> dict[int, list[tuple[Write, Json]]]:
    """Return, by step, what it did to every `.grad` that it wrote."""
    found: dict[int, list[tuple[Write, Json]]] = {}
    for key, writes in run.trace.series.items():
        for write in writes:
            numbers = {"before": plain(write.before), "added": plain(write.added), "after": plain(write.after)}
            found.setdefault(write.step, []).append((write, {"node": label(run, key), "target": f"{label(run, key)}.grad", **numbers}))
    return found


def _freed(run: Run) -> dict[int, list[Json]]:
    """Return, by step, the saved tensors that are freed at it."""
    found: dict[int, list[Json]] = {}
    for (path, part, _), column in run.log.saved.items():
        for record in column.values:
            if record is not None and record.freed_at:
                row: Json = {"k": record.freed_at, "kind": "free", "call": record.freed_by, "node": label(run, (path, 0))}
                found.setdefault(record.freed_at, []).append({**row, "name": record.name, "part": part, "saved": record.named})
    return found
