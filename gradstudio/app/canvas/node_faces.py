"""From document, trace and state to the face of a node."""

from __future__ import annotations

import math

import numpy as np
from msgspec.structs import replace

from gradstudio.app import text
from gradstudio.app.canvas.cell_faces import cells_of, cells_of_array
from gradstudio.app.canvas.context import Context
from gradstudio.app.canvas.drawers import drawer_of
from gradstudio.app.canvas.faces import Badge, NodeFace, OutputFace, Tone
from gradstudio.app.canvas.input_faces import input_faces
from gradstudio.app.canvas.reach import DETACH, leaf_dtype
from gradstudio.app.canvas.tints import flow_words, is_whole, tint_of
from gradstudio.document.graph import INPUT, INSTANCE, LEAF, Node, NodeId, Recipe, Ref
from gradstudio.document.rules import output_count
from gradstudio.engine import TABLE
from gradstudio.explain.why import chip
from gradstudio.session.state import Flow, TensorView


def node_face(context: Context, node_id: NodeId) -> NodeFace:
    """Return the face of a node at the step on show."""
    node = context.graph.nodes[node_id]
    if node_id in context.scissors:
        return _scissors_face(context, node)
    face = _leaf_face(context, node) if node.op in (LEAF, INPUT) else _op_face(context, node)
    return _with_states(context, node, face)


def _leaf_face(context: Context, node: Node) -> NodeFace:
    view = context.state.tensors.get((context.path(node.id), 0))
    dtype = leaf_dtype(node) if node.op == LEAF else view.dtype if view else "float32"
    start = node.value if isinstance(node.value, np.ndarray) else None
    ran = context.ran.nodes.get(node.id)
    now = view if ran is not None and _same_start(ran, node) else None
    shape = now.shape if now else start.shape if start is not None else node.value.shape if isinstance(node.value, Recipe) else ()
    cells = cells_of(now, context.full) if now else cells_of_array(start, context.full)
    single = math.prod(shape) == 1
    item = now.item if now else start.item() if start is not None and single else None
    told = node.requires_grad and node.id not in context.stale_grads
    grad = context.state.grads.get((context.path(node.id), 0)) if told else None
    root = (node.id, 0) in context.roots
    cotangent = context.state.cotangents.get((context.path(node.id), 0)) or leaving(context, node.id)
    return NodeFace(
        node=node.id,
        kind="leaf" if node.op == LEAF else "input",
        title=node.name or context.label(Ref(node.id)),
        switch=node.requires_grad if node.op == LEAF and not is_whole(dtype) else None,
        value=text.number(item, context.full, dtype) if single and item is not None else "",
        value_tone=_tone(item),
        meta=_leaf_meta(context, node, shape, dtype, item),
        cells=None if single else cells,
        grad_cells=None if single or grad is None or grad.norm is None else cells_of(grad, context.full),
        outputs=(OutputFace(0, whole=is_whole(dtype), tint=tint_of(context, cotangent), root=root),),
        drawer=drawer_of(context, node, 0) if node.requires_grad else None,
        editable=node.op == LEAF and single and start is not None,
        heat=tint_of(context, cotangent),
    )


def _leaf_meta(context: Context, node: Node, shape: tuple[int, ...], dtype: str, item: float | int | bool | None) -> str:
    if isinstance(node.value, Recipe):
        return f"{text.shape(shape)}  {node.value.fn}"
    if node.id in context.rewritten and isinstance(node.value, np.ndarray) and item is not None:
        start = node.value.item()
        if start != item and not (item != item and start != start):
            return f"start {text.number(start)} → now {text.number(item)}"
    wide = len(text.shape(shape)) > 8
    return f"{text.shape(shape)}  {text.dtype_short(dtype) if wide else dtype}"


def _same_start(ran: Node, node: Node) -> bool:
    if ran.value is node.value:
        return True
    both = isinstance(ran.value, np.ndarray) and isinstance(node.value, np.ndarray)
    return both and ran.value.dtype == node.value.dtype and np.array_equal(ran.value, node.value)  # type: ignore[union-attr, arg-type]


def _op_face(context: Context, node: Node) -> NodeFace:
    instance, group = node.op == INSTANCE, context.group(node)
    row = TABLE.get(node.op)
    view = context.state.tensors.get((context.path(node.id), 0))
    names = [node.name or ""]
    outputs = tuple(_output_face(context, node, out) for out in range(_outputs(context, node)))
    passed = context.state.cotangents.get((context.path(node.id), 0))
    live = context.requires_grad(node.id)
    return NodeFace(
        node=node.id,
        kind="instance" if instance else "op",
        title=group.name if group else node.op,
        symbol="layers" if instance else "scissors" if node.op == DETACH else row.symbol or node.op if row else "?",
        name=names[0],
        value=_value(view, context.full),
        value_tone="text3" if view and view.past_failure else _tone(view.item if view else None),
        meta=_op_meta(context, node, view),
        cells=cells_of(view, context.full) if view is not None and view.item is None else None,
        inputs=input_faces(context, node),
        outputs=outputs,
        drawer=drawer_of(context, node, 0) if live and outputs else None,
        heat=tint_of(context, passed),
        heat_words=_flow_words(passed, context.full),
    )


def _output_face(context: Context, node: Node, out: int) -> OutputFace:
    key = (context.path(node.id), out)
    view = context.state.tensors.get(key)
    row = TABLE.get(node.op)
    name = node.names[out] if out < len(node.names) and node.names[out] else ""
    if not name and row and out < len(row.outputs or ()):
        name = row.outputs[out]
    words = _value(view, context.full) or (text.shape(view.shape) if view else "")
    tint = tint_of(context, context.state.cotangents.get(key))
    return OutputFace(out, name or str(out), words, is_whole(view.dtype if view else None), tint, (node.id, out) in context.roots)


def _outputs(context: Context, node: Node) -> int:
    """Return how many output ports a node shows: what its op makes, else what the run made or a wire reads."""
    known = output_count(node, context.document.groups)
    row = TABLE.get(node.op)
    if known is not None and not (row and row.many):
        return known
    made = 0
    while (context.path(node.id), made) in context.state.tensors:
        made += 1
    read = max((w.source.out + 1 for w in context.graph.consumers.get(node.id, ())), default=1)
    return max(1, made, read, len(node.names))


def _op_meta(context: Context, node: Node, view: TensorView | None) -> str:
    if node.op == INSTANCE:
        return text.plural(_ops_inside(context, node), "op")
    return text.shape(view.shape) if view else ""


def _ops_inside(context: Context, node: Node) -> int:
    group = context.group(node)
    if group is None:
        return 0
    inner = group.graph.nodes.values()
    return sum(_ops_inside(context, n) if n.op == INSTANCE else n.op not in (LEAF, INPUT) for n in inner)


def _value(view: TensorView | None, full: bool) -> str:
    return text.number(view.item, full, view.dtype) if view is not None and view.item is not None else ""


def _tone(item: float | int | bool | None) -> Tone:
    return "error" if isinstance(item, float) and not math.isfinite(item) else "text"


def _flow_words(flow: Flow | None, full: bool) -> str:
    if flow is None or flow.kind not in ("value", "zero"):
        return ""
    return flow_words(flow, full)


def leaving(context: Context, node: NodeId) -> Flow | None:
    """Return the one flow that leaves a node where the run gave no cotangent of it."""
    flows = [context.flow(w.target, w.path) for w in context.graph.consumers.get(node, ())]
    sent = [f for f in flows if f is not None and f.kind in ("value", "zero")]
    return max(sent, key=lambda f: f.rms or abs(f.value or 0.0), default=None)


def _scissors_face(context: Context, node: Node) -> NodeFace:
    return NodeFace(node=node.id, kind="scissors", title="detach", symbol="scissors", dim=_asleep(context, node.id))


def _asleep(context: Context, node: NodeId) -> bool:
    """Say whether a node is dimmed in step mode: its turn is yet to come and is not the next, or it has no part in the pass."""
    if not context.in_pass or not context.stepping or node == context.current:
        return False
    turns = context.turns.get(node)
    if turns is None:
        return node in context.frozen or not context.requires_grad(node)
    return turns[-1] > context.visits_done + 1 and turns[0] > context.visits_done


def _badge(context: Context, node: NodeId) -> Badge:
    if node in context.failures or node == context.first_nonfinite:
        return "error"
    turns = context.turns.get(node, ())
    waiting = [turn for turn in turns if turn > context.visits_done]
    if not turns or (node == context.current and context.visits_done in turns):
        return ""
    if waiting:
        return str(waiting[0]) if context.stepping else ""
    return "tick"


def _with_states(context: Context, node: Node, face: NodeFace) -> NodeFace:
    """Return the face with what is about the whole node: frozen, dimmed, failed, waiting, stale, badge, words above and below."""
    failed = node.id in context.failures
    reason = context.skipped.get(node.id, "")
    nan = node.id == context.first_nonfinite and not failed
    stale = node.id in context.stale
    rooted = any(o.root for o in face.outputs)
    if node.op == DETACH and face.kind == "op":
        face = replace(face, title=node.name or node.op, name="", value="")
    return replace(
        face,
        collapsed=node.id in context.document.layout.collapsed or node.op == DETACH,
        frozen=node.id in context.frozen,
        dim=_asleep(context, node.id),
        grey=bool(reason),
        drawer=None if reason and node.op != LEAF else face.drawer,
        stale=stale and node.op != LEAF,
        failed=failed or nan,
        current=node.id == context.current,
        value_tone="text3" if (stale and node.op != LEAF) or reason else face.value_tone,
        badge=_badge(context, node.id),
        above=context.root_words if rooted else "",
        below=_nan_words(context, node, face) if nan else reason or _cause(context, node, face),
        below_error=nan,
    )


def _cause(context: Context, node: Node, face: NodeFace) -> str:
    """Return why a stored gradient is exactly zero, where that is known: `relu blocked it`."""
    drawer = face.drawer
    if drawer is None or drawer.kind != "stored" or drawer.words not in ("0.0", "‖0.0‖") or node.id in context.stale:
        return ""
    words = chip(context.shown_document, context.trace, context.state, (context.path(node.id), 0))
    return "" if words == "zeroed" else words


def _nan_words(context: Context, node: Node, face: NodeFace) -> str:
    word = "NaN" if face.value in ("nan", "") else "infinity"
    for path, ref in node.refs():
        view = context.tensor(ref)
        if view is not None and view.item is not None and len(path) == 1:
            return f"First {word}: {face.title} of {text.number(view.item, False, view.dtype)}"
    return f"First {word}: {face.title}"
