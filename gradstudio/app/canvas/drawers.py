"""The drawer of a node: the stored .grad, or what passed through; leaf, non-leaf, None and 0.0 each look different."""

from __future__ import annotations

import math

from msgspec.structs import replace

from gradstudio.app import text
from gradstudio.app.canvas.cell_faces import cells_of
from gradstudio.app.canvas.context import Context
from gradstudio.app.canvas.faces import Drawer
from gradstudio.app.canvas.tints import flow_words, norm_words
from gradstudio.document.graph import LEAF, Node
from gradstudio.session.state import Flow

WAITING, NOT_RUN, NOT_YET, FREED, STALE = "waiting", "not run", "not yet", "freed", "stale"


def drawer_of(context: Context, node: Node, out: int) -> Drawer | None:
    """Return the drawer of an output that requires grad. None where no pass is in the run, and so nothing to say."""
    if node.op == LEAF or out in node.retain_grad:
        read = any(w.source.grad and w.source.out == out for w in context.graph.consumers.get(node.id, ()))
        return replace(_stored(context, node, out), source=out == 0, read=read)
    if context.named_pass is None:
        return None
    label = f"∂{context.root_names}/∂{_variable(context, node, out)}"
    if node.id in context.stale:
        return Drawer("none", label, STALE)
    words = _unsent(context, node, out)
    flow = context.state.cotangents.get((context.path(node.id), out))
    if words:
        return Drawer("none", label, words)
    if flow is None or flow.kind in ("none", "pending"):
        return Drawer("none", label, "None" if flow is None or flow.kind == "none" else WAITING)
    return Drawer("flow", label, flow_words(flow, context.full), _colour(flow))


def _variable(context: Context, node: Node, out: int) -> str:
    label = context.labels.label(context.path(node.id), out)
    return label.rpartition("/")[2]


def _unsent(context: Context, node: Node, out: int) -> str:
    """Return why nothing has come to an output yet; empty where something has, or never will."""
    shown = context.on_show
    if shown is None:
        return NOT_YET
    if node.id == context.failed_visit:
        freed = any(s.state == "freed" for key, s in context.state.saved.items() if context.here(key[0]) == node.id)
        return FREED if freed else "failed"
    turns = context.turns.get(node.id, ())
    if not context.stepping and (context.path(node.id), out) in context.state.cotangents:
        return ""
    if context.in_pass and turns and turns[0] > context.visits_done:
        return NOT_RUN if shown.raised and not context.stepping else WAITING
    if shown.raised and context.visits_done >= shown.ran and turns and turns[0] > shown.ran:
        return NOT_RUN
    return ""


def _stored(context: Context, node: Node, out: int) -> Drawer:
    grad = context.state.grads.get((context.path(node.id), out))
    pin = node.op != LEAF
    if grad is None or node.id in context.stale_grads:
        return Drawer("none", ".grad", "None" if grad is None else STALE, pin=pin)
    if grad.item is not None:
        value = float(grad.item)
        return Drawer("stored", ".grad", text.number(value, context.full, grad.dtype), value, pin=pin)
    cells = cells_of(grad)
    strange = math.nan if grad.nonfinite else None
    short = cells if cells is not None and len(cells.rows) == 1 and not cells.large else None
    return Drawer("stored", ".grad", norm_words(grad.norm, grad.nonfinite, grad.cells, context.full), strange, short, pin)


def _colour(flow: Flow) -> float | None:
    if flow.value is not None:
        return flow.value
    return math.nan if flow.nonfinite else 0.0 if flow.kind == "zero" else None
