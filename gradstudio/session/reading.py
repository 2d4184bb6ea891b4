"""Reading: the State of a step, read off a log. Equal records give the same objects, so that two states differ where they differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import isfinite, sqrt
from typing import Any, NamedTuple, cast

import numpy as np

from gradstudio.document.document import Document
from gradstudio.document.graph import LEAF, Array, NodePath, OperandPath
from gradstudio.document.labels import Labels
from gradstudio.engine.dtypes import name_of
from gradstudio.session.local import local_of
from gradstudio.session.log import Column, FlowRecord, Log, SavedRecord, TensorRecord
from gradstudio.session.state import CELLS, MANY_CELLS, Flow, InputKey, Local, Queued, SavedTensor, State, TensorView, View
from gradstudio.session.trace import Pass, TensorKey, Trace


def state(document: Document, labels: Labels, trace: Trace, log: Log, k: int, view: View) -> State:
    """Return what is shown at step k."""
    large = frozenset(view.large)
    shown_pass = trace.pass_at(k)
    number = shown_pass.number if shown_pass else 0
    flows = _wire_flows(log, k, number)
    cotangents = {key: flow_view(record) for key, record in _of_pass(log.cotangents, k, number)}
    detail = log.ops if view.detail is None else _detailed(log, {*view.detail, *_remarkable(trace, k, flows, cotangents)})
    return State(
        trace.run,
        k,
        {**start_views(document, log, k), **_views(log.tensors, k, large)},
        _views(log.grads, k, large),
        flows,
        cotangents,
        _locals(document, labels, log, k, detail),
        {key: _saved_view(key, record, k) for key, c in log.saved.items() if (record := c.at(k)) is not None},
        _queue(log, k, shown_pass) if shown_pass is not None and _inside(shown_pass, k) else (),
        bool(log.grad_enabled.at(k)),
    )


def _queue(log: Log, k: int, shown: Pass) -> tuple[Queued, ...]:
    found = log.queue.at(k)
    return found.at(k - shown.first) if found is not None else ()


def _inside(shown: Pass, k: int) -> bool:
    return shown.first <= k < shown.first + shown.ran


# ---- tensors


def _views(table: dict[TensorKey, Column[TensorRecord]], k: int, large: frozenset[TensorKey]) -> dict[TensorKey, TensorView]:
    found = {}
    for key, column in table.items():
        record = column.at(k)
        if record is not None:
            found[key] = tensor_view(record, MANY_CELLS) if key in large else _kept_view(record)
    return found


def _kept_view(record: TensorRecord) -> TensorView:
    if record.shown is None:
        record.shown = tensor_view(record, CELLS)
    return cast(TensorView, record.shown)


def tensor_view(record: TensorRecord, limit: int) -> TensorView:
    """Return what is shown of a tensor, with up to `limit` cells."""
    values, grid = cells(record.array, limit)
    return TensorView(
        record.array.shape,
        _dtype_name(record.array.dtype),
        record.requires_grad,
        record.is_leaf,
        record.grad_fn,
        record.version,
        *figures(record.array),
        values,
        grid,
        record.past_failure,
    )


@lru_cache(64)
def _dtype_name(dtype: np.dtype[Any]) -> str:
    return name_of(dtype)


class Figures(NamedTuple):
    """Minimum, maximum, mean and Euclidean norm of the finite elements, the number of the others, and how many of those are NaN."""

    min: float | None = None
    max: float | None = None
    mean: float | None = None
    norm: float | None = None
    nonfinite: int = 0
    nan: int = 0


def figures(array: Array) -> Figures:
    """Return the figures of an array; complex numbers have none. The mean is inf where the sum is beyond float64."""
    if not array.size or array.dtype.kind == "c":
        return Figures()
    if array.size == 1:
        number = float(array.item())
        return Figures(number, number, number, abs(number)) if isfinite(number) else Figures(nonfinite=1, nan=int(number != number))
    flat = np.asarray(array, np.float64).ravel()
    is_finite = np.isfinite(flat)
    finite = flat if is_finite.all() else flat[is_finite]
    nonfinite = flat.size - finite.size
    nan = int(np.isnan(flat).sum()) if nonfinite else 0
    if not finite.size:
        return Figures(nonfinite=nonfinite, nan=nan)
    with np.errstate(over="ignore"):
        mean = float(np.add.reduce(finite)) / finite.size
    return Figures(float(finite.min()), float(finite.max()), mean, sqrt(float(finite.dot(finite))), nonfinite, nan)


def cells(array: Array, limit: int) -> tuple[tuple[Any, ...], tuple[int, ...]]:
    """Return up to `limit` elements, flat, and the shape of their grid: all, or a regular sample of the last two dimensions."""
    if array.size <= limit:
        return tuple(array.ravel().tolist()), array.shape
    plane = array.reshape(-1, array.shape[-1]) if array.ndim > 1 else array.reshape(1, -1)
    picked = plane[_sample(*plane.shape, limit)]
    return tuple(picked.ravel().tolist()), picked.shape


@lru_cache(256)
def _sample(height: int, width: int, limit: int) -> tuple[Array, ...]:
    """Return the indices of the rows and columns of a matrix that are shown."""
    side = max(1, int(limit**0.5))
    rows = min(height, side)
    columns = min(width, limit // rows)
    rows = min(height, limit // columns)
    return np.ix_(_spread(height, rows), _spread(width, columns))


def _spread(n: int, count: int) -> Array:
    return np.linspace(0, n - 1, count).round().astype(np.intp)


def start_views(document: Document, log: Log, k: int) -> dict[TensorKey, TensorView]:
    """Return views of leaves that are not made yet at k: their start values."""
    found: dict[TensorKey, TensorView] = {}
    for node in document.graph.nodes.values():
        key: TensorKey = ((node.id,), 0)
        if node.op == LEAF and isinstance(node.value, np.ndarray) and (key not in log.tensors or log.tensors[key].at(k) is None):
            if key not in log.start:
                log.start[key] = TensorRecord(node.value, None, node.requires_grad)
            found[key] = _kept_view(log.start[key])
    return found


# ---- flows


def _of_pass(table: dict[Any, Column[FlowRecord]], k: int, number: int) -> Iterable[tuple[Any, FlowRecord]]:
    for key, column in table.items():
        record = column.at(k)
        if record is not None and record.number == number:
            yield key, record


PENDING = Flow("pending")


def _wire_flows(log: Log, k: int, number: int) -> dict[InputKey, Flow]:
    found: dict[InputKey, Flow] = dict.fromkeys(log.pending.get(number, ()), PENDING)
    for key in list(found):
        column = log.flows.get(key)
        if column is not None and column.at(k) is None and _gone(column, k, number):
            del found[key]
    found.update((key, flow_view(record)) for key, record in _of_pass(log.flows, k, number))
    return found


def _gone(column: Column[FlowRecord], k: int, number: int) -> bool:
    """Return whether a wire carried this pass and was cleared since, its target having run again."""
    return any(v is not None and v.number == number and step <= k for step, v in zip(column.steps, column.values, strict=True))


def flow_view(record: FlowRecord) -> Flow:
    """Return what is shown of a cotangent."""
    if record.shown is None:
        record.shown = _number_flow(record) if record.array.size == 1 else _array_flow(record)
    return record.shown


def _number_flow(record: FlowRecord) -> Flow:
    """Return the flow of one element: the common case, at a tenth of the cost."""
    array = record.array
    g = float(array.item())
    finite = isfinite(g)
    size = abs(g) if finite else 0.0
    terms = () if record.before is None else record.terms
    return Flow(
        "value" if g else "zero", g, size, size if g > 0 else 0.0, size if g < 0 else 0.0, size,
        array.shape, (g,), int(not finite), tuple([_figure(t) for t in terms]) if len(terms) > 1 else (g,), record.step,
    )  # fmt: skip


def _array_flow(record: FlowRecord) -> Flow:
    array = record.array
    g = np.asarray(array, np.float64)
    fine = np.isfinite(g)
    finite = g.ravel() if fine.all() else g[fine]
    values, _ = cells(array, CELLS)
    norm = float(np.linalg.norm(finite))
    terms = record.terms
    alone = len(terms) == 1 and terms[0] is array and finite.size == g.size and g.size > 1
    return Flow(
        "value" if g.any() else "zero", None, float(np.sqrt(np.mean(finite**2))) if finite.size else 0.0,
        float(finite[finite > 0].sum()), float(-finite[finite < 0].sum()), norm, array.shape, values,
        int(g.size - finite.size), (norm,) if alone else tuple([_figure(term) for term in terms]), record.step,
    )  # fmt: skip


def _figure(array: Array) -> float:
    return float(array.item()) if array.size == 1 else float(np.linalg.norm(np.asarray(array, np.float64).ravel()))


# ---- local derivatives


def _detailed(log: Log, wanted: set[NodePath]) -> Iterable[NodePath]:
    """Return the nodes whose local derivatives are wanted, in the order of the log."""
    return [path for path in log.ops if path in wanted]


def _remarkable(trace: Trace, k: int, flows: Mapping[InputKey, Flow], cotangents: Mapping[TensorKey, Flow]) -> Iterable[NodePath]:
    """Yield the nodes that explanations ask about: of the step, of the first number that is not finite, those that let nothing through."""
    for each in (k, min(trace.nonfinite, default=0)):
        step = trace.step(each)
        yield step.node if step is not None else ()
    blocked = {path for (path, _), flow in flows.items() if flow.kind == "zero"}
    if blocked:
        yield from (path for (path, _), flow in cotangents.items() if flow.kind == "value" and path in blocked)


def _locals(document: Document, labels: Labels, log: Log, k: int, paths: Iterable[NodePath]) -> dict[InputKey, Local]:
    found = {}
    for path in paths:
        record = log.ops[path].at(k)
        if record is not None:
            for operand_path in _tensor_paths(record.operands):
                if operand_path not in record.shown:
                    record.shown[operand_path] = local_of(document, labels, path, record, operand_path)
                if (local := record.shown[operand_path]) is not None:
                    found[path, operand_path] = cast(Local, local)
    return found


def _tensor_paths(operands: tuple[object, ...], path: OperandPath = ()) -> Iterable[OperandPath]:
    for i, operand in enumerate(operands):
        if isinstance(operand, TensorRecord):
            yield (*path, i)
        elif isinstance(operand, tuple):
            yield from _tensor_paths(operand, (*path, i))


# ---- saved tensors


def _saved_view(key: tuple[NodePath, int, str], record: SavedRecord, k: int) -> SavedTensor:
    freed = 0 < record.freed_at <= k
    in_use = k in record.uses and not freed
    array = record.array
    return SavedTensor(
        key[0],
        key[1],
        record.name,
        record.named,
        "freed" if freed else "in use" if in_use else "held",
        record.source,
        array.shape,
        float(array.item()) if array.size == 1 and array.dtype.kind in "fiub" else None,
        record.version,
        record.version_at(k),
        record.freed_by if freed else None,
        record.freed_at if freed else 0,
        array.nbytes,
    )
