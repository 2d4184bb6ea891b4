"""StateDelta: what differs between two states, so that a step sends only what it changed."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec

from gradstudio.document.graph import NodePath
from gradstudio.session.keyed import Keyed
from gradstudio.session.state import InputKey, State
from gradstudio.session.trace import TensorKey

_encode = msgspec.msgpack.Encoder().encode
MAPS = ("tensors", "grads", "flows", "cotangents", "locals", "saved")


class Keys(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Keys of the maps of a State."""

    tensors: tuple[TensorKey, ...] = ()
    grads: tuple[TensorKey, ...] = ()
    flows: tuple[InputKey, ...] = ()
    cotangents: tuple[TensorKey, ...] = ()
    locals: tuple[InputKey, ...] = ()
    saved: tuple[tuple[NodePath, int, str], ...] = ()


class StateDelta(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """From the state of step `base` of a run to the one of step k: a State of what is new, and the keys that went, map by map.

    `order`: all keys of a map whose order does not follow from these; a list of saved tensors reads the same whichever way one came.
    """

    run: int
    k: int
    base: int
    changed: State
    gone: Keys = Keys()
    order: Keys = Keys()


def delta(old: State, new: State) -> StateDelta:
    """Return what turns old into new."""
    maps = {name: _difference(getattr(old, name), getattr(new, name)) for name in MAPS}
    changed, gone, order = [{name: each[i] for name, each in maps.items()} for i in range(3)]
    made = State(new.run, new.k, **changed, queue=new.queue, grad_enabled=new.grad_enabled)
    return StateDelta(new.run, new.k, old.k, made, Keys(**gone), Keys(**order))


def _difference(old: Mapping[Any, Any], new: Mapping[Any, Any]) -> tuple[Any, Any, Any]:
    """Return what is new in a map, the keys that went, and all keys if taking out what went and adding what came is not their order."""
    before, now = list(old), list(new)
    if before == now:  # most steps: nothing is looked up
        pairs = zip(now, old.values(), new.values(), strict=True)
        return {key: value for key, was, value in pairs if was is not value and not same(was, value)}, (), ()
    changed = {key: value for key, value in new.items() if key not in old or not same(old[key], value)}
    followed = [*(key for key in before if key in new), *(key for key in changed if key not in old)]
    return changed, tuple([key for key in before if key not in new]), tuple(now) if followed != now else ()


def same(a: object, b: object) -> bool:
    """Return whether two values are the same to the bit: 0.0 is not -0.0."""
    return a is b or (a == b and _encode(a) == _encode(b))


def applied(old: State, change: StateDelta) -> State:
    """Return the state that a delta leads to."""
    maps = {}
    for name in MAPS:
        if not (getattr(change.changed, name) or getattr(change.gone, name) or getattr(change.order, name)):
            maps[name] = getattr(old, name)  # the same map: who compares states need not look into it
            continue
        merged = {**getattr(old, name), **getattr(change.changed, name)}
        for key in getattr(change.gone, name):
            merged.pop(key, None)
        order = getattr(change.order, name)
        maps[name] = {key: merged[key] for key in order} if order else merged
    return State(change.run, change.k, **maps, queue=change.changed.queue, grad_enabled=change.changed.grad_enabled)


def changed_keys(old: Mapping[Any, Any], new: Mapping[Any, Any]) -> frozenset[Any]:
    """Return every key whose value differs between two maps of states."""
    if old is new:
        return frozenset()
    known = new.changed_keys(old) if isinstance(new, Keyed) else None
    if known is not None:
        return known
    get = old.get
    found = frozenset([key for key, value in new.items() if (was := get(key)) is not value and not same(was, value)])
    return found if old.keys() <= new.keys() else found.union(key for key in old if key not in new)


def touched_keys(old: Mapping[Any, Any], new: Mapping[Any, Any]) -> AbstractSet[Any]:
    """Return every key whose value differs between two maps of states, or all keys of a large map of which most do."""
    return new.index.keys() if isinstance(new, Keyed) and new.most_changed(old) else changed_keys(old, new)


def differs(old: Mapping[Any, Any], new: Mapping[Any, Any]) -> bool:
    """Say whether two maps of states differ."""
    if old is new:
        return False
    if isinstance(new, Keyed) and new.follows(old):
        return any(new.changed)
    get = old.get
    return len(old) != len(new) or any((was := get(key)) is not value and not same(was, value) for key, value in new.items())
