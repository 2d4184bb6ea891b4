"""The graph of a document: nodes with their operands, blocks, frames. Frozen; a change makes a new one (MODEL: Values)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field
from msgspec.structs import replace

from gradstudio.document.frames import Frame, FrameId
from gradstudio.document.map import EMPTY, Map
from gradstudio.engine.op import NO_OPS

NodeId: TypeAlias = str
CallId: TypeAlias = str
GroupId: TypeAlias = str
BlockId: TypeAlias = str  # the name that people see; a group has one block, `body`
NodePath: TypeAlias = tuple[NodeId, ...]  # instances from outside in, then the node
Array: TypeAlias = npt.NDArray[np.generic]  # read-only

T = TypeVar("T")

LEAF, INPUT, INSTANCE = "leaf", "input", "instance"  # kinds of node that are no rows of the op table
NO_OPS.update((LEAF, INPUT, INSTANCE))


class Ref(Struct, frozen=True):
    """One tensor: an output of a node, a result of a Grad call, or (grad=True) its .grad at that moment."""

    source: NodeId | CallId
    out: int = 0
    grad: bool = False


class Literal(Struct, frozen=True, eq=False):
    """A Python value written in the place of an operand: number, bool, str, None, slice, Ellipsis. `2` and `2.0` differ."""

    value: object

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Literal) and repr(self.value) == repr(other.value)

    def __hash__(self) -> int:
        return hash(repr(self.value))


Operand: TypeAlias = "Ref | Literal | tuple[Operand, ...] | None"  # None: an unwired port
OperandPath: TypeAlias = tuple[int, ...]
Rewire: TypeAlias = Callable[[Ref], Ref | None]  # what a reference becomes; None: it is taken out


class Recipe(Struct, frozen=True):
    """How a leaf's start value is drawn when its block first runs: a factory function of PyTorch and what it takes."""

    fn: str
    shape: tuple[int, ...]
    dtype: str
    args: tuple[object, ...] = ()


class Node(Struct, frozen=True, eq=False):
    """A leaf, an input of a group, an instance of one, or an op (a row of the engine's table). Compared with `is`."""

    id: NodeId
    op: str
    inputs: tuple[Operand, ...] = ()
    attrs: Map[str, object] = EMPTY
    names: tuple[str | None, ...] = ()
    frame: FrameId | None = None
    value: Array | Recipe | None = None
    requires_grad: bool = False
    fresh: bool = False
    retain_grad: tuple[int, ...] = ()
    group: GroupId | None = None

    @property
    def name(self) -> str | None:
        """Name of output 0, if it has one."""
        return self.names[0] if self.names else None

    def refs(self) -> Iterator[tuple[OperandPath, Ref]]:
        """Yield every tensor that the node reads, with the path of its operand."""
        return operand_refs(self.inputs)


class Wire(Struct, frozen=True):
    """A tensor that a node reads. Derived from inputs, never stored."""

    source: Ref
    target: NodeId
    path: OperandPath


def operand_refs(operands: Iterable[Operand], path: OperandPath = ()) -> Iterator[tuple[OperandPath, Ref]]:
    """Yield (path, Ref) for each tensor in a nest of operands, left to right."""
    for i, operand in enumerate(operands):
        if isinstance(operand, Ref):
            yield (*path, i), operand
        elif isinstance(operand, tuple):
            yield from operand_refs(operand, (*path, i))


def operand_at(operands: tuple[Operand, ...], path: OperandPath) -> Operand:
    """Return the operand at path; None where there is none."""
    found: Operand = operands
    for i in path:
        if not isinstance(found, tuple) or i >= len(found):
            return None
        found = found[i]
    return found


def with_operand(operands: tuple[Operand, ...], path: OperandPath, operand: Operand) -> tuple[Operand, ...]:
    """Return operands with the one at path replaced; a shorter tuple is filled up with None."""
    first, rest = path[0], path[1:]
    filled = list(operands) + [None] * (first + 1 - len(operands))
    inner = filled[first]
    filled[first] = with_operand(inner if isinstance(inner, tuple) else (), rest, operand) if rest else operand
    return tuple(filled)


def rewired(operands: tuple[Operand, ...], rewire: Rewire) -> tuple[Operand, ...]:
    """Return operands with every reference replaced; the same object where none changes."""
    changed = tuple(_rewired_one(operand, rewire) for operand in operands)
    return operands if all(a is b for a, b in zip(operands, changed, strict=True)) else changed


def _rewired_one(operand: Operand, rewire: Rewire) -> Operand:
    if isinstance(operand, Ref):
        new = rewire(operand)
        return operand if new == operand else new
    return rewired(operand, rewire) if isinstance(operand, tuple) else operand


ORDERED, WIRED = ("block_of", "order"), ("wires", "consumers")  # what a graph derives from blocks, and from operands too
NAMED = ("naming",)  # from blocks and names
SHAPED = ("known",)  # from operands, ops, names, groups and frames
MOST_KNOWN = 64  # answers that are kept


class Naming:
    """Graphs that share one have the same ops and names in the same order, and so the same labels."""

    __slots__ = ("__weakref__",)


class Same:
    """An object in a key: equal to nothing but itself."""

    __slots__ = ("_it",)

    def __init__(self, it: object) -> None:
        self._it = it

    def __hash__(self) -> int:
        return id(self._it)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other._it is self._it


class Graph(Struct, frozen=True, eq=False, dict=True, weakref=True):
    """Nodes in ordered blocks, and the frames they may lie in. The stored order within a block is the order of its statements."""

    nodes: Map[NodeId, Node] = field(default_factory=Map)
    blocks: Map[BlockId, tuple[NodeId, ...]] = field(default_factory=Map)
    frames: Map[FrameId, Frame] = field(default_factory=Map)

    def with_node(self, node: Node) -> Graph:
        """Return the graph with a node replaced by one of the same id."""
        return self.with_nodes((node,))

    def with_nodes(self, nodes: Iterable[Node]) -> Graph:
        """Return the graph with several nodes replaced. What is derived from the rest is handed on."""
        changed = [node for node in nodes if self.nodes[node.id] is not node]
        if not changed:
            return self
        new = replace(self, nodes=self.nodes.update([(node.id, node) for node in changed]))
        pairs = [(self.nodes[node.id], node) for node in changed]
        wired = all(old.inputs is node.inputs for old, node in pairs)
        named = all((old.op, old.names, old.group) == (node.op, node.names, node.group) for old, node in pairs)
        shaped = wired and named and all(old.frame == node.frame for old, node in pairs)
        for name in (*ORDERED, *(WIRED if wired else ()), *(NAMED if named else ()), *(SHAPED if shaped else ())):
            if name in self.__dict__:
                new.__dict__[name] = self.__dict__[name]
        return new

    def rewired(self, rewire: Rewire, only: Iterable[NodeId] | None = None) -> Graph:
        """Return the graph with every reference in operands (of all nodes or of some) replaced."""
        changed = []
        for node_id in self.nodes if only is None else only:
            node = self.nodes[node_id]
            inputs = rewired(node.inputs, rewire)
            if inputs is not node.inputs:
                changed.append(replace(node, inputs=inputs))
        return self.with_nodes(changed) if changed else self

    @cached_property
    def block_of(self) -> dict[NodeId, BlockId]:
        """The block that each node lies in."""
        return {node: block for block, ids in self.blocks.items() for node in ids}

    @cached_property
    def order(self) -> dict[NodeId, int]:
        """The position of each node in stored order, over all blocks."""
        return {node: i for i, node in enumerate(n for ids in self.blocks.values() for n in ids)}

    @cached_property
    def naming(self) -> Naming:
        """What labels are kept under."""
        return Naming()

    @cached_property
    def wires(self) -> tuple[Wire, ...]:
        """Every wire, by target in stored order, then by operand."""
        return tuple(Wire(ref, n, path) for n in self.order for path, ref in self.nodes[n].refs())

    @cached_property
    def known(self) -> dict[tuple[Hashable, ...], Any]:
        """What follows from operands, ops, names, groups and frames, by whoever asked (`remembered`). Edits of values hand it on."""
        return {}

    def remembered(self, key: tuple[Hashable, ...], find: Callable[[], T]) -> T:
        """Return what `find` finds, from memory if the key was asked for before. It must follow from the key and from what `known` says."""
        if key not in self.known:
            if len(self.known) >= MOST_KNOWN:
                self.known.clear()
            self.known[key] = find()
        found: T = self.known[key]
        return found

    @cached_property
    def consumers(self) -> dict[NodeId, tuple[Wire, ...]]:
        """The wires that leave each node that has any."""
        found: dict[NodeId, list[Wire]] = {}
        for wire in self.wires:
            found.setdefault(wire.source.source, []).append(wire)
        return {node: tuple(wires) for node, wires in found.items()}
