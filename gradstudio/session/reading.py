"""Reading: the State of a step, read off a log. Equal records give the same objects, so that two states differ where they differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from math import sqrt
from typing import Any, NamedTuple, TypeVar, cast

import msgspec
import numpy as np

from gradstudio.document.document import Document
from gradstudio.document.graph import LEAF, Array, NodePath, OperandPath
from gradstudio.document.labels import Labels
from gradstudio.engine.dtypes import name_of
from gradstudio.session.again import Values, part
from gradstudio.session.column import Column
from gradstudio.session.keyed import NUMBER, SENT, SUM, Part
from gradstudio.session.local import local_of
from gradstudio.session.log import Log
from gradstudio.session.records import FlowRecord, Numbers, SavedRecord, TensorRecord, figure
from gradstudio.session.state import (
    CELLS,
    MANY_CELLS,
    Figures,
    Flow,
    InputKey,
    Local,
    Queued,
    SavedTensor,
    State,
    TensorView,
    View,
    figures_of,
    number_flow,
)
from gradstudio.session.trace import TensorKey, Trace

K = TypeVar("K")
R = TypeVar("R", bound=Numbers | FlowRecord)
SavedKey = tuple[NodePath, int, str]
_encode = msgspec.msgpack.Encoder().encode


class Snapshot(NamedTuple):
    """What a log has at one step, in the order in which a State tells it. Retakes have the same ones."""

    tensors: dict[TensorKey, TensorRecord]
    grads: dict[TensorKey, TensorRecord]
    flows: dict[InputKey, FlowRecord | None]  # None: planned, and not sent yet
    cotangents: dict[TensorKey, FlowRecord]
    saved: dict[SavedKey, SavedRecord]


def snapshot(document: Document, trace: Trace, log: Log, k: int) -> Snapshot:
    """Return what there is at step k."""
    shown = trace.pass_at(k)
    number = shown.number if shown else 0
    return Snapshot(
        {**_start_records(document, log, k), **_at(log.tensors, k)},
        _at(log.grads, k),
        _wire_records(log, k, number),
        _of_pass(log.cotangents, k, number),
        _at(log.saved, k),
    )


def _at(table: dict[K, Column[R]], k: int) -> dict[K, R]:
    return {key: record for key, column in table.items() if (record := column.at(k)) is not None}


class Reading(NamedTuple):
    """One step of a run, to be read off its log as a view wants it."""

    document: Document
    labels: Labels
    trace: Trace
    log: Log
    k: int
    view: View
    found: Snapshot

    def state(self) -> State:
        """Return what is shown."""
        found, large = self.found, frozenset(self.view.large)
        return State(
            self.trace.run,
            self.k,
            {key: _view(key, record, large) for key, record in found.tensors.items()},
            {key: _view(key, record, large) for key, record in found.grads.items()},
            {key: PENDING if record is None else flow_view(record) for key, record in found.flows.items()},
            {key: flow_view(record) for key, record in found.cotangents.items()},
            self._locals(),
            {key: _saved_view(key, record, self.k) for key, record in found.saved.items()},
            self._queue(),
            bool(self.log.grad_enabled.at(self.k)),
        )

    def renewed(self, known: Mapping[InputKey, Local]) -> tuple[Values, dict[InputKey, Local]]:
        """Return what a retake has made of what was shown, and the local derivatives, given those before."""
        found, large = self.found, frozenset(self.view.large)
        flows = _renewed(found.flows, lambda _, record: flow_view(record))
        now = self._locals()  # right after: what it looks at is at hand
        values = Values(
            _renewed(found.tensors, lambda key, record: _view(key, record, large)),
            _renewed(found.grads, lambda key, record: _view(key, record, large)),
            flows,
            _renewed(found.cotangents, lambda _, record: flow_view(record)),
            part(known, now),
            _renewed(found.saved, lambda key, record: _saved_view(key, record, self.k)),
            self.trace.run,
            self.k,
            self._queue(),
            bool(self.log.grad_enabled.at(self.k)),
        )
        return values, now

    def _queue(self) -> tuple[Queued, ...]:
        shown, found = self.trace.pass_at(self.k), self.log.queue.at(self.k)
        if shown is None or found is None or not shown.first <= self.k < shown.first + shown.ran:
            return ()
        return found.at(self.k - shown.first)

    def _locals(self) -> dict[InputKey, Local]:
        """Return the local derivatives that are wanted, in the order of the log."""
        detail, ops = self.view.detail, self.log.ops
        wanted = None if detail is None else {*detail, *self._remarkable()}
        made = {}
        for path in ops if wanted is None else [path for path in ops if path in wanted]:
            record = ops[path].at(self.k)
            if record is not None:
                for operand_path in _tensor_paths(record.operands):
                    if operand_path not in record.shown:
                        record.shown[operand_path] = local_of(self.document, self.labels, path, record, operand_path)
                    if (local := record.shown[operand_path]) is not None:
                        made[path, operand_path] = cast(Local, local)
        return made

    def _remarkable(self) -> Iterable[NodePath]:
        """Yield the nodes that explanations ask about: of the step, of the first number not finite, those that let nothing through."""
        for each in (self.k, min(self.trace.nonfinite, default=0)):
            step = self.trace.step(each)
            yield step.node if step is not None else ()
        blocked = {
            path
            for (path, _), record in self.found.flows.items()
            if record is not None and (record.is_zero if record.zero is None else record.zero)  # most are known not to be
        }
        if blocked:
            yield from (path for (path, _), record in self.found.cotangents.items() if path in blocked and not record.is_zero)


def _renewed(table: Mapping[K, R | None], view_of: Callable[[K, R], object]) -> Part:
    """Return a map by what differs: of one floating-point element the number alone, and its terms."""
    changed, sent = bytearray(len(table)), []
    numbers: list[float] = []
    terms: list[tuple[float, ...]] = []
    for i, (key, record) in enumerate(table.items()):
        if record is not None and record.changed:
            of = record.numbers
            if of is None:
                of = record.as_numbers
            if not of:
                changed[i] = SENT
                sent.append(view_of(key, record))
                continue
            numbers.append(of[0])
            changed[i] = NUMBER
            if len(of) > 1:
                changed[i] = SUM
                terms.append(of[1:])
    return Part(bytes(changed), msgspec.Raw(_encode(sent)), np.array(numbers, np.float64).tobytes(), tuple(terms))


# ---- tensors


def _view(key: TensorKey, record: TensorRecord, large: frozenset[TensorKey]) -> TensorView:
    return tensor_view(record, MANY_CELLS) if key in large else _kept_view(record)


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


def figures(array: Array) -> Figures:
    """Return the figures of an array; complex numbers have none. The mean is inf where the sum is beyond float64."""
    if not array.size or array.dtype.kind == "c":
        return Figures()
    if array.size == 1:
        return figures_of(float(array.item()))
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


def _start_records(document: Document, log: Log, k: int) -> dict[TensorKey, TensorRecord]:
    """Return the start values of leaves that are not made yet at k."""
    found: dict[TensorKey, TensorRecord] = {}
    for node in document.graph.nodes.values():
        key: TensorKey = ((node.id,), 0)
        if node.op == LEAF and isinstance(node.value, np.ndarray) and (key not in log.tensors or log.tensors[key].at(k) is None):
            if key not in log.start:
                log.start[key] = TensorRecord(node.value, None, node.requires_grad)
            found[key] = log.start[key]
    return found


# ---- flows


def _of_pass(table: dict[K, Column[FlowRecord]], k: int, number: int) -> dict[K, FlowRecord]:
    return {key: record for key, column in table.items() if (record := column.at(k)) is not None and record.number == number}


PENDING = Flow("pending")


def _wire_records(log: Log, k: int, number: int) -> dict[InputKey, FlowRecord | None]:
    found: dict[InputKey, FlowRecord | None] = dict.fromkeys(log.pending.get(number, ()))
    for key in list(found):
        column = log.flows.get(key)
        if column is not None and column.at(k) is None and _gone(column, k, number):
            del found[key]
    found.update(_of_pass(log.flows, k, number))
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
    g = float(record.array.item())
    terms = (g,) if record.before is None else tuple([figure(t) for t in record.terms])
    return number_flow(g, record.array.shape, terms if len(terms) > 1 else (g,), record.step)


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
        int(g.size - finite.size), (norm,) if alone else tuple([figure(term) for term in terms]), record.step,
    )  # fmt: skip


# ---- local derivatives


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
