"""Touched: which nodes and wires a change is about, so that nothing else is described or painted again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gradstudio.app.canvas.context import Context
from gradstudio.app.canvas.wire_faces import WireId
from gradstudio.document.diff import Diff, diff, other_numbers
from gradstudio.document.graph import Node, NodeId, NodePath
from gradstudio.session.delta import changed_keys
from gradstudio.session.keyed import Keyed

if TYPE_CHECKING:
    from gradstudio.app.change import Change

Touched = tuple[set[NodeId], set[WireId]]
NUMBERED = "tensors", "grads", "flows", "cotangents"  # what faces show of a State, but for local derivatives: those they look at


def is_rebuilt(diff: Diff, before: Context, now: Context) -> bool:
    """Say whether an edit changes which items and wires there are, and not only what they show or where they stand."""
    if before.document is now.document:
        return False
    if diff.frames or diff.groups or diff.blocks or before.document.layout.collapsed != now.document.layout.collapsed:
        return True
    old, new = before.graph.nodes, now.graph.nodes
    return any(n not in old or n not in new or _parts(old[n]) != _parts(new[n]) for n in diff.nodes if n in old or n in new)


def _parts(node: Node) -> tuple[object, ...]:
    """Return what decides a node's ports, wires and place; a rename can make scissors a node, or a node scissors."""
    return node.op, node.inputs, node.frame, node.group, bool(node.names and any(node.names))


def touched(change: Change, before: Context, now: Context) -> Touched | None:
    """Return the nodes and wires whose faces may differ from before; None: all of them."""
    if _everywhere(change, before, now):
        return None
    nodes = _here(now, (path for path, _ in change.values)) | _here(now, change.stale)
    nodes |= (before.stale_grads ^ now.stale_grads) & now.graph.nodes.keys()
    nodes |= {n for n in change.document.nodes if n in now.graph.nodes} if change.document is not None else set()
    if before.shown_document is not now.shown_document:  # a leaf that is written to shows where it started from, or what it is after that
        nodes |= diff(before.shown_document, now.shown_document).nodes & now.graph.nodes.keys()
    wires = {(node, path) for target, path in change.flows if (node := now.here(target)) is not None}
    if change.engine:
        nodes |= _here(now, (path for path, _ in changed_keys(before.state.locals, now.state.locals)))
        nodes |= _here(now, (path for path, _ in changed_keys(before.state.cotangents, now.state.cotangents)))
    nodes |= {target for target, _ in wires}
    for node in list(nodes):
        wires |= {(node, path) for path, _ in now.graph.nodes[node].refs()}
        for wire in now.graph.consumers.get(node, ()):
            nodes.add(wire.target)
            wires.add((wire.target, wire.path))
    nodes |= {ref.source for target, _ in wires for _, ref in now.graph.nodes[target].refs() if ref.source in now.graph.nodes}
    return nodes, wires


def is_of_numbers(change: Change, before: Context, now: Context) -> bool:
    """Say whether nothing that faces show can differ from before but numbers of one element, and what follows from them."""
    if change.mode or change.stale or now.stale or before.stale or before.scope != now.scope or before.trace.steps is not now.trace.steps:
        return False
    if before.trace is now.trace and before.state is not now.state:  # more is known of the same run
        return False
    if before.document is not now.document and (change.document is None or other_numbers(before.document, now.document) is None):
        return False
    tables = ((getattr(before.state, name), getattr(now.state, name)) for name in NUMBERED)
    if not all(new is old or (isinstance(new, Keyed) and new.is_other_numbers(old)) for old, new in tables):
        return False
    return before.state.k == now.state.k and _looks_of(before) == _looks_of(now)


def _looks_of(context: Context) -> tuple[object, ...]:
    """Return what else decides faces, all over."""
    shown = [replace(each, gmin=None, gmax=None, planned=()) for each in context.trace.passes]
    strange = context.failures, context.skipped, context.first_nonfinite, context.failed_visit
    return context.full, context.in_pass, context.stepping, context.current, shown, strange


def _everywhere(change: Change, before: Context, now: Context) -> bool:
    """Say whether faces differ all over: another range, another pass, another step of a pass, other failures."""
    diff = change.document
    if diff is not None and (diff.renamed or diff.script or diff.optimizers or _switched(diff, before, now)):
        return True
    if change.mode or before.full != now.full or 2 * len(change.values) > len(now.graph.nodes):  # many: to find out which takes longer
        return True
    if before.in_pass or now.in_pass or before.stepping != now.stepping:
        return True
    if before.document is now.document and before.trace is now.trace and before.state.k == now.state.k and before.scope == now.scope:
        return False  # more is known of the same step
    if before.range != now.range or before.roots != now.roots or before.root_names != now.root_names:
        return True
    same = before.failures.keys() == now.failures.keys() and before.skipped == now.skipped
    return not same or before.first_nonfinite != now.first_nonfinite or before.on_show != now.on_show or before.current != now.current


def _switched(diff: Diff, before: Context, now: Context) -> bool:
    """Say whether gradients can reach other nodes than before: what else decides that (`_parts`) has others rebuilt."""
    old, new = before.graph.nodes, now.graph.nodes
    return any(n in old and n in new and old[n].requires_grad != new[n].requires_grad for n in diff.nodes) and before.reach != now.reach


def _here(now: Context, paths: Iterable[NodePath]) -> set[NodeId]:
    return {node for path in paths if (node := now.here(path)) is not None and node in now.graph.nodes}
