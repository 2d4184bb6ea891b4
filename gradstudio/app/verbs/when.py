"""When: which verbs make sense now, and which switches are on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gradstudio.app.lower_dock import LEDGER, STEPS
from gradstudio.app.verbs.stepping import tensor_of
from gradstudio.document.graph import INPUT, LEAF, Node, NodeId
from gradstudio.session.navigation import Breakpoint

if TYPE_CHECKING:
    from gradstudio.app.main_window import MainWindow

Verb = Callable[["MainWindow"], None]
Test = Callable[["MainWindow"], bool]


def selected(w: MainWindow) -> tuple[Node, ...]:
    return tuple(w.studio.graph.nodes[n] for n in w.studio.selected_nodes)


def selected_leaves(w: MainWindow) -> tuple[NodeId, ...]:
    return tuple(n.id for n in selected(w) if n.op == LEAF)


def selected_ops(w: MainWindow) -> tuple[NodeId, ...]:
    return tuple(n.id for n in selected(w) if n.op not in (LEAF, INPUT))


def can_undo(w: MainWindow) -> bool:
    return w.studio.can_undo


def can_redo(w: MainWindow) -> bool:
    return w.studio.can_redo


def undo_says(w: MainWindow) -> str:
    """Return what the menu says of undo."""
    return f"Undo: {w.studio.undo_text}" if w.studio.can_undo else "Undo"


def redo_says(w: MainWindow) -> str:
    """Return what the menu says of redo."""
    return f"Redo: {w.studio.redo_text}" if w.studio.can_redo else "Redo"


def has_selection(w: MainWindow) -> bool:
    return bool(w.studio.selection)


def has_nodes(w: MainWindow) -> bool:
    return bool(w.studio.selected_nodes)


def has_one_node(w: MainWindow) -> bool:
    return w.studio.primary is not None


def has_one_node_outside(w: MainWindow) -> bool:
    """Say whether a call could name the selected node: those within groups it cannot."""
    return has_one_node(w) and not w.studio.scope


def has_leaves_outside(w: MainWindow) -> bool:
    return has_leaves(w) and not w.studio.scope


def has_two_nodes(w: MainWindow) -> bool:
    return len(w.studio.selected_nodes) == 2


def has_wire(w: MainWindow) -> bool:
    return w.studio.selected_wire is not None


def has_wire_or_node(w: MainWindow) -> bool:
    return has_wire(w) or has_one_node(w)


def has_leaves(w: MainWindow) -> bool:
    return bool(selected_leaves(w))


def has_ops(w: MainWindow) -> bool:
    return bool(selected_ops(w))


def all_require_grad(w: MainWindow) -> bool:
    return has_leaves(w) and all(n.requires_grad for n in selected(w) if n.op == LEAF)


def all_retain_grad(w: MainWindow) -> bool:
    return has_ops(w) and all(0 in n.retain_grad for n in selected(w) if n.op not in (LEAF, INPUT))


def has_breakpoint(w: MainWindow) -> bool:
    scope, wire, marks = w.studio.scope, w.studio.selected_wire, w.studio.markers.breakpoints
    if wire is not None:
        return Breakpoint("wire", (*scope, wire.target), wire.path) in marks
    return has_nodes(w) and all(Breakpoint("node", (*scope, n)) in marks for n in w.studio.selected_nodes)


def has_grad_breakpoint(w: MainWindow) -> bool:
    marked = {(b.path, b.out) for b in w.studio.markers.breakpoints if b.kind == "grad"}
    return has_nodes(w) and all(tensor_of(w, (*w.studio.scope, n)) in marked for n in w.studio.selected_nodes)


def has_any_breakpoint(w: MainWindow) -> bool:
    return bool(w.studio.markers.breakpoints)


def in_frame(w: MainWindow) -> bool:
    return has_nodes(w) and all(n.frame is not None for n in selected(w))


def all_collapsed(w: MainWindow) -> bool:
    return has_nodes(w) and set(w.studio.selected_nodes) <= set(w.studio.document.layout.collapsed)


def grad_is_enabled(w: MainWindow) -> bool:
    from gradstudio.app.toolbar import grad_enabled

    return grad_enabled(w.studio)


def is_running(w: MainWindow) -> bool:
    return w.studio.runs.running


def is_live(w: MainWindow) -> bool:
    return w.studio.runs.live


def is_playing(w: MainWindow) -> bool:
    return w.studio.player.playing


def steps_by_op(w: MainWindow) -> bool:
    return w.studio.player.unit == "step"


def is_still(w: MainWindow) -> bool:
    return not w.canvas.canvas.motion


def is_full_precision(w: MainWindow) -> bool:
    return w.studio.full_precision


def steps_are_listed(w: MainWindow) -> bool:
    return w.under.shown == STEPS


def ledger_is_shown(w: MainWindow) -> bool:
    return w.under.shown == LEDGER


def is_watched(grad: bool) -> Test:
    """Return the test whether the selected tensors, or their `.grad`s, are watched."""

    def test(w: MainWindow) -> bool:
        watches, scope = w.studio.markers.watches, w.studio.scope
        return has_nodes(w) and all((((*scope, node), 0), grad) in watches for node in w.studio.selected_nodes)

    return test


def is_fading(w: MainWindow) -> bool:
    return w.canvas.canvas.fade.on


def minimap_is_shown(w: MainWindow) -> bool:
    return w.canvas.overlays.minimap.wanted


def docks_hidden(w: MainWindow) -> bool:
    return w.docks.hidden


def is_theme(mode: str) -> Test:
    """Return the test whether a theme was chosen."""
    return lambda w: w.studio.theme_mode == mode
