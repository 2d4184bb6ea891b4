"""Reading: the State of a step, read off a log. Equal records give the same objects, so that two states differ where they differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import sqrt
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np

from gradstudio.document.document import Document
from gradstudio.document.graph import Array, NodePath
from gradstudio.document.labels import Labels
from gradstudio.engine.dtypes import name_of
from gradstudio.session.again import Values, part
from gradstudio.session.local import locals_of
from gradstudio.session.log import Log
from gradstudio.session.records import FlowRecord, Numbers, SavedRecord, TensorRecord, figure
from gradstudio.session.snapshot import Snapshot
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
            self._locals(found.blocked()),
            {key: _saved_view(key, record, self.k) for key, record in found.saved.items()},
            self._queue(),
            bool(self.log.grad_enabled.at(self.k)),
        )

    def renewed(self, known: Mapping[InputKey, Local]) -> tuple[Values, dict[InputKey, Local]]:
        """Return what a retake has made of what was shown, and the local derivatives, given those before."""
        large, places = frozenset(self.view.large), self.found.places
        now = self._locals(self.found.blocked_after_retake())
        values = Values(
            places.tensors.part(lambda key, record: _view(key, record, large)),
            places.grads.part(lambda key, record: _view(key, record, large)),
            places.flows.part(lambda _, record: flow_view(record)),
            places.cotangents.part(lambda _, record: flow_view(record)),
            part(known, now),
            places.saved.part(lambda key, record: _saved_view(key, record, self.k)),
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

    def _locals(self, blocked: Iterable[NodePath]) -> dict[InputKey, Local]:
        """Return the local derivatives that are wanted, in the order of the log, given the nodes that let nothing through."""
        detail, found = self.view.detail, self.found
        ops = found.ops.items() if detail is None else found.ops_at({*detail, *blocked, *self._remarkable()})
        return {
            (path, operand_path): local
            for path, record in ops
            for operand_path, local in locals_of(self.document, self.labels, path, record).items()
            if local is not None
        }

    def _remarkable(self) -> Iterable[NodePath]:
        """Yield the nodes that explanations ask about: of the step, of the first number not finite."""
        for each in (self.k, min(self.trace.nonfinite, default=0)):
            step = self.trace.step(each)
            yield step.node if step is not None else ()


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


# ---- flows


PENDING = Flow("pending")


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
