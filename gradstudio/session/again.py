"""Again: a run of the same steps as the one before sends only the values that differ, in the order of keys that both sides have."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, get_args, get_type_hints

import msgspec
import numpy as np

from gradstudio.session.delta import MAPS, same
from gradstudio.session.keyed import NUMBER, SAME, SENT, Keyed, Part, RowReader
from gradstudio.session.state import Local, Queued, State
from gradstudio.session.trace import Trace

_encode = msgspec.msgpack.Encoder().encode


class Values(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A State by what differs from the one before."""

    tensors: Part
    grads: Part
    flows: Part
    cotangents: Part
    locals: Part
    saved: Part
    run: int
    k: int
    queue: tuple[Queued, ...] = ()
    grad_enabled: bool = True


def values(old: State, new: State) -> Values:
    """Return what turns the state of one run into that of the next."""
    maps = {name: part(getattr(old, name), getattr(new, name)) for name in MAPS}
    return Values(**maps, run=new.run, k=new.k, queue=new.queue, grad_enabled=new.grad_enabled)


def part(old: Mapping[Any, Any], new: Mapping[Any, Any]) -> Part:
    """Return a map by what differs from another."""
    if list(old) != list(new):
        return Part(None, msgspec.Raw(_encode(new)))
    changed = bytes([_change(a, b) for a, b in zip(old.values(), new.values(), strict=True)])
    sent = [value for value, of in zip(new.values(), changed, strict=True) if of == SENT]
    numbers = [value.value for value, of in zip(new.values(), changed, strict=True) if of == NUMBER]
    return Part(changed, msgspec.Raw(_encode(sent)), np.array(numbers, np.float64).tobytes())


def _change(old: object, new: object) -> int:
    """Return what became of a row of a map."""
    if same(old, new):
        return SAME
    return NUMBER if isinstance(old, Local) and isinstance(new, Local) and new.is_other_number(old) else SENT


def restored(old: State, change: Values) -> State:
    """Return the state that the values lead to; a map that did not change is the same object."""
    maps = {name: _merged(name, getattr(old, name), getattr(change, name)) for name in MAPS}
    return State(change.run, change.k, **maps, queue=change.queue, grad_enabled=change.grad_enabled)


def _merged(name: str, old: Mapping[Any, Any], part: Part) -> Mapping[Any, Any]:
    whole, reader = _readers()[name]
    if part.changed is None:
        made: Mapping[Any, Any] = whole.decode(part.values)
        return made
    return Keyed(old, part, reader) if any(part.changed) else old


@cache
def _readers() -> dict[str, tuple[msgspec.msgpack.Decoder[Any], RowReader[Any]]]:
    """Return what reads each map of a State, whole and by values."""
    hints = get_type_hints(State)
    return {name: (msgspec.msgpack.Decoder(hints[name]), RowReader(get_args(hints[name])[1])) for name in MAPS}


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
