"""Report: a run as one JSON object, as `gradstudio run --json` prints it (MODEL has the fields), or as text."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradstudio.document.graph import INPUT, Array, NodePath
from gradstudio.engine import tensor
from gradstudio.engine.dtypes import name_of
from gradstudio.engine.printing import tensor_str
from gradstudio.session.run import Run
from gradstudio.session.trace import Failure, Outcome, TensorKey

Json = dict[str, Any]


def report(run: Run) -> Json:
    """Return calls, tensors by label, and the number of steps."""
    return {"calls": calls(run), "tensors": tensors(run), "steps": run.trace.end}


def calls(run: Run) -> list[Json]:
    """Return how each call ended, in script order."""
    return [_call(run, call.id, call.kind, run.trace.outcomes.get(call.id, Outcome("not_reached"))) for call in run.document.calls()]


def _call(run: Run, call_id: str, kind: str, outcome: Outcome) -> Json:
    raised = outcome.kind == "raised"
    error = failure(run, outcome.error) if outcome.error is not None else None
    return {"call": call_id, "kind": kind, "outcome": outcome.kind, "ok": not raised, "reason": outcome.reason, "error": error}


def failure(run: Run, error: Failure) -> Json:
    """Return an error with the label of its node."""
    return {"type": error.type, "message": error.message, "node": label(run, (error.node, 0)) if error.node else None}


def tensors(run: Run) -> dict[str, Json]:
    """Return every tensor that the run made and that is left at its end, by label. What was computed past a failure is left out."""
    found = {}
    for key, column in run.log.tensors.items():
        record = column.at(run.trace.end)
        if record is None or record.past_failure or _is_input(run, key[0]):
            continue
        grad = run.array(key, run.trace.end, grad=True)
        found[label(run, key)] = {
            "shape": list(record.array.shape),
            "dtype": name_of(record.array.dtype),
            "value": values(record.array),
            "grad": None if grad is None else values(grad),
            "requires_grad": record.requires_grad,
            "is_leaf": record.is_leaf,
            "grad_fn": record.grad_fn,
        }
    return found


def text(run: Run) -> str:
    """Return what a script printed, what its calls raised or wait for, and every named tensor, for people."""
    lines = [printed.text for printed in run.trace.prints]
    for call in run.document.calls():
        outcome = run.trace.outcomes.get(call.id, Outcome("not_reached"))
        if outcome.error is not None:
            lines.append(f"{call.kind}: {outcome.error.type}: {outcome.error.message}")
        elif outcome.kind in ("waiting", "not_reached"):
            lines.append(f"{call.kind}: {outcome.kind.replace('_', ' ')}{': ' * bool(outcome.reason)}{outcome.reason}")
    for key in run.log.tensors:
        if len(key[0]) == 1:
            lines += _shown(run, key)
    return "\n".join([*lines, f"{run.trace.end} steps"])


def _shown(run: Run, key: TensorKey) -> list[str]:
    """Return a tensor and its `.grad` as PyTorch prints them; nothing where it is gone."""
    found = [(name, run.array(key, run.trace.end, grad)) for name, grad in ((label(run, key), False), (f"{label(run, key)}.grad", True))]
    return [f"{name} = {tensor_str(tensor(np.array(array)))}" for name, array in found if array is not None]


def _is_input(run: Run, path: NodePath) -> bool:
    """Say whether a tensor is another's, under the name that it has inside a group."""
    return len(path) > 1 and run.document.node(path).op == INPUT


def label(run: Run, key: TensorKey) -> str:
    """Return the label of a tensor; a node without outputs has that of its op."""
    return run.labels.label(*key)


def values(array: Array) -> Any:
    """Return numbers in nested lists, as JSON can hold them: what is not finite as a text."""
    found = array.tolist()
    return found if array.dtype.kind not in "fc" else plain(found)


def plain(value: Any) -> Any:
    """Return numbers as JSON can hold them: `nan` and `inf` as texts, a complex one as a pair; None stays."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, complex):
        return [plain(value.real), plain(value.imag)]
    return value if value is None or math.isfinite(value) else str(value)
