"""Touched: which nodes and wires a change is about, so that nothing else is described or painted again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gradstudio.app.canvas.context import Context
from gradstudio.app.canvas.wire_faces import WireId
from gradstudio.document.graph import NodeId, NodePath
from gradstudio.session.delta import changed_keys

if TYPE_CHECKING:
    from gradstudio.app.change import Change

Touched = tuple[set[NodeId], set[WireId]]


def touched(change: Change, before: Context, now: Context) -> Touched:
    """Return the nodes and wires whose faces may differ from before."""
    if _everywhere(change, before, now):
        return set(now.graph.nodes), {(w.target, w.path) for w in now.graph.wires}
    nodes = _here(now, (path for path, _ in change.values)) | _here(now, change.stale)
    wires = {(node, path) for target, path in change.flows if (node := now.here(target)) is not None}
    if change.engine:
        nodes |= _here(now, (path for path, _ in changed_keys(before.state.locals, now.state.locals)))
        nodes |= _here(now, (path for path, _ in changed_keys(before.state.cotangents, now.state.cotangents)))
    nodes |= {target for target, _ in wires}
    for node in list(nodes):
        for wire in now.graph.consumers.get(node, ()):
            nodes.add(wire.target)
            wires.add((wire.target, wire.path))
    nodes |= {ref.source for target, _ in wires for _, ref in now.graph.nodes[target].refs() if ref.source in now.graph.nodes}
    return nodes, wires


def _everywhere(change: Change, before: Context, now: Context) -> bool:
    """Say whether faces differ all over: another range, another pass, another step of a pass, other failures."""
    if change.mode or before.full != now.full:
        return True
    if before.range != now.range or before.roots != now.roots or before.root_names != now.root_names:
        return True
    if before.in_pass or now.in_pass or before.stepping != now.stepping:
        return True
    same = before.failures.keys() == now.failures.keys() and before.skipped == now.skipped
    return not same or before.first_nonfinite != now.first_nonfinite or before.on_show != now.on_show or before.current != now.current


def _here(now: Context, paths: Iterable[NodePath]) -> set[NodeId]:
    return {node for path in paths if (node := now.here(path)) is not None and node in now.graph.nodes}
