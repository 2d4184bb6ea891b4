"""Diff: what differs between two documents, and what lies downstream of it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from gradstudio.document.calls.grad import Grad
from gradstudio.document.calls.set_value import SetValue
from gradstudio.document.document import Document
from gradstudio.document.frames import FrameId
from gradstudio.document.graph import BlockId, Graph, GroupId, Node, NodeId, Ref, Same
from gradstudio.document.groups import Group
from gradstudio.document.map import Map
from gradstudio.document.script import Repeat, Section, Statement
from gradstudio.document.storage import Storages

T = TypeVar("T")
NOTHING: frozenset[str] = frozenset()


class Diff(Struct, frozen=True):
    """What differs: ids of nodes (of the document's graph), blocks, frames, groups, optimizers that were added, removed or changed.

    `renamed`: nodes of which nothing but names differs. `layout`: any of it; `moved`: nodes whose position differs.
    `only_looks`: nothing differs but layout, titles or names, so nothing needs to run.
    """

    nodes: frozenset[NodeId] = NOTHING
    blocks: frozenset[BlockId] = NOTHING
    frames: frozenset[FrameId] = NOTHING
    groups: frozenset[GroupId] = NOTHING
    script: bool = False
    optimizers: frozenset[str] = NOTHING
    seed: bool = False
    layout: bool = False
    moved: frozenset[NodeId] = NOTHING
    renamed: frozenset[NodeId] = NOTHING
    only_looks: bool = True

    @property
    def only_nodes(self) -> bool:
        """Whether nothing but nodes differs (layout aside)."""
        return not (self.blocks or self.frames or self.groups or self.script or self.optimizers or self.seed)

    def __bool__(self) -> bool:
        return bool(self.nodes or self.blocks or self.frames or self.groups or self.script or self.optimizers or self.seed or self.layout)


def diff(a: Document, b: Document) -> Diff:
    """Return what differs from document a to document b. What is shared is not looked into."""
    if a is b:
        return Diff()
    nodes, renamed = _nodes(a.graph, b.graph)
    groups = _changed(a.groups, b.groups, lambda x, y: _same_group(x, y, looks=True))
    renamed_groups = frozenset(g for g in groups if g in a.groups and g in b.groups and _same_group(a.groups[g], b.groups[g], looks=False))
    found = Diff(
        nodes=nodes,
        blocks=_blocks(a.graph, b.graph),
        frames=_changed(a.graph.frames, b.graph.frames, operator.eq),
        groups=groups,
        script=not _same_script(a.script, b.script, looks=True),
        optimizers=_changed(a.optimizers, b.optimizers, lambda x, y: x is y or repr(x) == repr(y)),
        seed=a.seed != b.seed,
        layout=a.layout is not b.layout and a.layout != b.layout,
        moved=_changed(a.layout.positions, b.layout.positions, operator.eq),
        renamed=renamed,
    )
    quiet = not (found.blocks or found.frames or found.optimizers or found.seed) and nodes == renamed and groups == renamed_groups
    return replace(found, only_looks=quiet and (not found.script or _same_script(a.script, b.script, looks=False)))


def _changed(a: Map[str, T], b: Map[str, T], same: Callable[[Any, Any], bool] = operator.is_) -> frozenset[str]:
    """Return the keys whose values differ, or that are in one only."""
    if a is b:
        return NOTHING
    return frozenset(key for key in a.may_differ(b) if key not in a or key not in b or not same(a[key], b[key]))


def _nodes(a: Graph, b: Graph) -> tuple[frozenset[NodeId], frozenset[NodeId]]:
    """Return the nodes that differ, and those of them that differ in nothing but names."""
    if a.nodes is b.nodes:
        return NOTHING, NOTHING
    touched = _changed(a.nodes, b.nodes)
    nodes = frozenset(n for n in touched if n not in a.nodes or n not in b.nodes or not same_node(a.nodes[n], b.nodes[n], looks=True))
    both = (n for n in nodes if n in a.nodes and n in b.nodes)
    return nodes, frozenset(n for n in both if same_node(a.nodes[n], b.nodes[n], looks=False))


def same_node(a: Node, b: Node, looks: bool) -> bool:
    """Say whether two nodes are equal; looks=False: but for their names."""
    if a is b:
        return True
    plain = a.op == b.op and a.inputs == b.inputs and a.frame == b.frame and a.group == b.group and a.retain_grad == b.retain_grad
    plain = plain and a.requires_grad == b.requires_grad and a.fresh == b.fresh and (not looks or a.names == b.names)
    return plain and same_value(a.value, b.value) and (a.attrs is b.attrs or repr(a.attrs) == repr(b.attrs))


def other_numbers(a: Document, b: Document) -> frozenset[NodeId] | None:
    """Return the leaves whose arrays have other numbers, of the same kind; None where anything else differs (layout aside)."""
    edit = diff(a, b)
    if not edit.only_nodes:
        return None
    old, new = a.graph.nodes, b.graph.nodes
    both = all(node in old and node in new and _same_but_for_numbers(old[node], new[node]) for node in edit.nodes)
    return edit.nodes if both else None


def _same_but_for_numbers(a: Node, b: Node) -> bool:
    x, y = a.value, b.value
    alike = isinstance(x, np.ndarray) and isinstance(y, np.ndarray) and (x.shape, x.dtype, x.strides) == (y.shape, y.dtype, y.strides)
    return alike and same_node(replace(a, value=None), replace(b, value=None), looks=True)


def same_value(a: object, b: object) -> bool:
    """Say whether two values are equal, arrays bit by bit."""
    if a is b:
        return True
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(same_value(x, y) for x, y in zip(a, b, strict=True))
    return type(a) is type(b) and not isinstance(a, np.ndarray) and repr(a) == repr(b)


def _same_group(a: Group, b: Group, looks: bool) -> bool:
    """Say whether two groups are equal; looks=False: but for names."""
    if a is b:
        return True
    nodes, renamed = _nodes(a.graph, b.graph)
    rest = not _blocks(a.graph, b.graph) and a.graph.frames == b.graph.frames
    rest = rest and (a.inputs, a.outputs, a.backward) == (b.inputs, b.outputs, b.backward)
    return rest and (nodes == renamed) if not looks else rest and not nodes and a.name == b.name


def _same_script(a: tuple[Section, ...], b: tuple[Section, ...], looks: bool) -> bool:
    """Say whether two scripts are equal; looks=False: but for titles and names of results."""
    if a is b:
        return True
    pairs = zip(a, b, strict=False)
    return len(a) == len(b) and all(_same_body(x.body, y.body, looks) and (x.title == y.title or not looks) for x, y in pairs)


def _same_body(a: tuple[Statement, ...], b: tuple[Statement, ...], looks: bool) -> bool:
    return a is b or (len(a) == len(b) and all(_same_statement(x, y, looks) for x, y in zip(a, b, strict=True)))


def _same_statement(a: Statement, b: Statement, looks: bool) -> bool:
    if a is b:
        return True
    if isinstance(a, Repeat) or isinstance(b, Repeat):
        both = isinstance(a, Repeat) and isinstance(b, Repeat)
        return both and (a.id, a.times) == (b.id, b.times) and _same_body(a.body, b.body, looks)  # type: ignore[union-attr]
    if type(a) is not type(b):
        return False
    shown = [field for field in a.__struct_fields__ if looks or not (isinstance(a, Grad) and field == "names")]
    return all(same_value(getattr(a, name), getattr(b, name)) for name in shown)


def _blocks(a: Graph, b: Graph) -> frozenset[BlockId]:
    if a.blocks is b.blocks:
        return NOTHING
    if tuple(a.blocks) != tuple(b.blocks) and set(a.blocks) == set(b.blocks):
        return frozenset(a.blocks)
    return _changed(a.blocks, b.blocks, operator.eq)


def downstream(document: Document, node_ids: Iterable[NodeId]) -> frozenset[NodeId]:
    """Return the nodes whose numbers may differ when some nodes differ: what reads them, through wires, storage and gradients."""
    changed = frozenset(node_ids)
    key = ("fed", changed, Same(document.groups), Same(document.script), Same(document.optimizers))
    return document.graph.remembered(key, lambda: _downstream(document, changed))


def _downstream(document: Document, node_ids: Iterable[NodeId]) -> frozenset[NodeId]:
    graph = document.graph
    found = {n for n in node_ids if n in graph.nodes}
    waiting = list(found)
    if found:
        waiting += [n for n in _fed_by_script(document) if n not in found]
        found.update(waiting)
    storages = Storages(graph, document.groups)
    sharing = storages.sharing()
    while waiting:
        node = graph.nodes[waiting.pop()]
        touched = [wire.target for wire in graph.consumers.get(node.id, ())]
        touched += [n for key in storages.writes(node) for n in sharing.get(key, ())]
        new = [n for n in dict.fromkeys(touched) if n not in found]
        found.update(new)
        waiting += new
    return frozenset(found)


def _fed_by_script(document: Document) -> Iterator[NodeId]:
    """Yield the nodes that depend on gradients or on calls: any change may reach them."""
    for node in document.graph.nodes.values():
        if any(ref.grad or ref.source not in document.graph.nodes for _, ref in node.refs()):
            yield node.id
    for optimizer in document.optimizers.values():
        yield from (ref.source for ref in optimizer.params if ref.source in document.graph.nodes)
    for call in document.calls():
        if isinstance(call, SetValue) and isinstance(call.value, Ref) and call.target and call.target.source in document.graph.nodes:
            yield call.target.source
