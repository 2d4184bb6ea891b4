"""Nodes of the backward graph: edges, saved tensors, a sequence number, a cotangent buffer."""

from __future__ import annotations

import itertools
import weakref
from dataclasses import dataclass
from sys import getrefcount
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from gradstudio.engine import hooks, modes
from gradstudio.engine.hooks import Handle, Hook

if TYPE_CHECKING:
    from gradstudio.engine.plan import Plan

asarray = np.asarray
Array = np.ndarray[Any, Any]
SMALL = 512  # elements up to which a new buffer costs no more than asking whether the old one may be written

LAST = 2**64 - 1  # sequence number of an AccumulateGrad: it runs as soon as it is ready
EMPTY: Any = object()  # the buffer of a node that the walk has met and that nothing has reached yet
next_seq = itertools.count().__next__


@dataclass(frozen=True, slots=True)
class Saved:
    """One saved tensor of a node. `field` is PyTorch's name (`self`, `result`); once freed the array and versions are gone."""

    field: str
    array: Array | None
    version: int
    version_now: int | None
    freed: bool


class GradNode:
    """One step of backward. Ops have subclasses, one for each pattern of needed gradients: `plan` says what runs and what is saved.

    `g` is None at rest, EMPTY or the cotangent during a plain backward. `kept` is what is saved: (arrays, counters, versions), None
    once freed; `rest` are the attrs and shapes that the vjps read; `into` shape and dtype of each input where cotangents may need
    reducing or a cast.
    """

    __slots__ = ("__weakref__", "edges", "g", "hooks", "into", "kept", "rest", "seq")

    plan: ClassVar[Plan]
    edges: tuple[GradNode | None, ...]
    g: Any
    hooks: dict[str, dict[int, Hook]]
    into: tuple[Any, ...]
    rest: tuple[Any, ...]
    kept: tuple[Any, ...] | None
    seq: float

    def name(self) -> str:
        """Return PyTorch's name: MulBackward0."""
        return self.plan.node_name

    def run(self, g: Any) -> None:
        """Check, compute and hand on (plain loop); the subclass of an op has its own."""
        raise NotImplementedError

    def check_saved(self) -> None:
        """Raise PyTorch's error if a saved tensor is freed or was modified."""
        self.plan.check(self)

    @property
    def next_functions(self) -> tuple[tuple[GradNode | None, int], ...]:
        """One (node, output number) for each differentiable operand; (None, 0) where no gradient is needed."""
        return tuple([(None, 0) if e is None else (e.target, e.output_nr) for e in self.edges])

    @property
    def target(self) -> GradNode:
        """The node itself; a port names its parent."""
        return self

    @property
    def output_nr(self) -> int:
        return 0

    def _sequence_nr(self) -> int:
        return int(self.seq)

    @property
    def metadata(self) -> dict[Any, Any]:
        """What people note on a node; it lives as long as the node."""
        return _metadata.setdefault(self, {})

    def fields(self) -> tuple[str, ...]:
        """Return the names of the saved tensors, freed ones too."""
        return self.plan.fields

    def versions(self) -> list[tuple[str, Any, int, list[Any]]]:
        """Return (field, value, version when saved, counter) of what is held."""
        s, n = self.kept, len(self.plan.fields)
        return [] if s is None else [(f, s[i], s[2 * n + i], s[n + i]) for i, f in enumerate(self.plan.fields)]

    def saved(self) -> tuple[Saved, ...]:
        """Return the saved tensors with their versions."""
        if self.kept is None:
            return tuple([Saved(f, None, 0, None, True) for f in self.plan.fields])
        shown = [(f, self.plan.shown(value, counter), was, counter[0]) for f, value, was, counter in self.versions()]
        return tuple([Saved(f, array, was, now, False) for f, array, was, now in shown])

    def held(self) -> list[tuple[str, Array, int]]:
        """Return (field, array, version when saved) of what is held and shown as an array: the short way to what `saved` tells."""
        kept, fields, shown = self.kept, self.plan.fields, self.plan.shown
        n = len(fields)
        if kept is None:
            return []
        return [(f, a, kept[2 * n + i]) for i, f in enumerate(fields) if (a := shown(kept[i], kept[n + i])) is not None]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_saved_"):
            return self.plan.attribute(self, name.removeprefix("_saved_"))
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __call__(self, *grads: Any) -> Any:
        """Run the node on cotangents, freeing nothing; return one contribution for each edge (alone if there is one)."""
        self.plan.check(self)
        found = self.plan.on_tensors(self, list(grads) if self.plan.several else grads[0], bool(modes.grad))
        return found[0] if len(found) == 1 else tuple(found)

    def register_hook(self, hook: Hook) -> Handle:
        """Call hook(grad_inputs, grad_outputs) after the node ran; it may return other grad_inputs."""
        return hooks.add(self, "post", hook)

    def register_prehook(self, hook: Hook) -> Handle:
        """Call hook(grad_outputs) before the node runs; it may return others."""
        return hooks.add(self, "pre", hook)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} object at {id(self):#x}>"


_metadata: weakref.WeakKeyDictionary[GradNode, dict[Any, Any]] = weakref.WeakKeyDictionary()


class Port(GradNode):
    """One output of a node with several: a buffer visited just before its parent, so that the plain loop has no special case."""

    __slots__ = ("count", "nr", "parent")

    def __init__(self, parent: GradNode, nr: int, count: int) -> None:
        self.parent, self.nr, self.count = parent, nr, count
        self.seq, self.edges, self.g, self.kept = parent.seq + 0.5, (parent,), None, ()

    @property
    def target(self) -> GradNode:
        return self.parent

    @property
    def output_nr(self) -> int:
        return self.nr

    def name(self) -> str:
        return self.parent.name()

    def check_saved(self) -> None:
        """Nothing is saved here."""

    def run(self, g: Any) -> None:
        parent = self.parent
        if parent.g is EMPTY:
            parent.g = [None] * self.count
        before = parent.g[self.nr]  # of another port of the same output: that of a saved tensor
        parent.g[self.nr] = g if before is None else np.asarray(np.add(before, g))


def _references(e: GradNode) -> int:
    b = e.g
    return getrefcount(b)


def _probe() -> int:
    """Return how many references this Python counts to a buffer that only its node and one local hold."""
    node = GradNode()
    node.g = np.zeros(1)
    return _references(node)


ALONE = _probe()


def receive(e: GradNode, c: Array) -> None:
    """Add a contribution to a buffer: in place if it is worth it and nothing else can see the buffer, as PyTorch does."""
    b = e.g
    if b is EMPTY:
        e.g = c
    elif b.size > SMALL and getrefcount(b) == ALONE and b.base is None and b.flags.writeable:
        np.add(b, c, b)
    else:
        e.g = asarray(np.add(b, c))


def add_into(x: Array, y: Array) -> None:
    """Add y to x in place. (numpy takes three times as long over one element that it both reads and writes: "share elements".)"""
    if x.size == 1:
        x[...] = np.add(x, y)
    else:
        np.add(x, y, x)
