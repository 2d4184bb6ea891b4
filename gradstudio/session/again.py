"""Again: a run of the same steps as the one before sends only the values that differ, in the order of keys that both sides have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gradstudio.document.graph import NodePath
from gradstudio.session.delta import MAPS, same
from gradstudio.session.state import Flow, InputKey, Local, Queued, SavedTensor, State, TensorView
from gradstudio.session.trace import TensorKey, Trace


class Values(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The maps of a State as the values of the keys of the state before (None: as it was); a map that has other keys whole."""

    tensors: tuple[TensorView | None, ...] | dict[TensorKey, TensorView]
    grads: tuple[TensorView | None, ...] | dict[TensorKey, TensorView]
    flows: tuple[Flow | None, ...] | dict[InputKey, Flow]
    cotangents: tuple[Flow | None, ...] | dict[TensorKey, Flow]
    locals: tuple[Local | None, ...] | dict[InputKey, Local]
    saved: tuple[SavedTensor | None, ...] | dict[tuple[NodePath, int, str], SavedTensor]
    run: int
    k: int
    queue: tuple[Queued, ...] = ()
    grad_enabled: bool = True


def values(old: State, new: State) -> Values:
    """Return what turns the state of one run into that of the next."""
    maps: dict[str, Any] = {name: _differing(getattr(old, name), getattr(new, name)) for name in MAPS}
    return Values(**maps, run=new.run, k=new.k, queue=new.queue, grad_enabled=new.grad_enabled)


def _differing(old: Mapping[Any, Any], new: Mapping[Any, Any]) -> tuple[Any, ...] | Mapping[Any, Any]:
    if list(old) != list(new):
        return new
    return tuple([None if same(a, b) else b for a, b in zip(old.values(), new.values(), strict=True)])


def restored(old: State, change: Values) -> State:
    """Return the state that the values lead to; what did not change is the same object."""
    maps = {name: _merged(getattr(old, name), getattr(change, name)) for name in MAPS}
    return State(change.run, change.k, **maps, queue=change.queue, grad_enabled=change.grad_enabled)


def _merged(old: Mapping[Any, Any], new: tuple[Any, ...] | dict[Any, Any]) -> dict[Any, Any]:
    if isinstance(new, dict):
        return new
    pairs = zip(old, new, strict=True)
    return dict(pairs) if None not in new else {**old, **{key: now for key, now in pairs if now is not None}}


def same_steps(old: Trace, new: Trace) -> bool:
    """Return whether two runs went through the same steps, and foresaw the same."""
    foreseen = [[each.planned for each in trace.passes] for trace in (old, new)]
    return old.steps == new.steps and foreseen[0] == foreseen[1]


def without_steps(trace: Trace) -> Trace:
    """Return a trace without its steps, done and foreseen."""
    passes = tuple([msgspec.structs.replace(each, planned=()) for each in trace.passes])
    return msgspec.structs.replace(trace, steps=(), passes=passes)


def with_steps(trace: Trace, old: Trace) -> Trace:
    """Return a trace with the steps, done and foreseen, of another."""
    passes = tuple([msgspec.structs.replace(a, planned=b.planned) for a, b in zip(trace.passes, old.passes, strict=True)])
    return msgspec.structs.replace(trace, steps=old.steps, passes=passes)
