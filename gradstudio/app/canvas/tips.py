"""Tool tips of the canvas: the number in full, where a gradient comes from and goes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradstudio.app import text
from gradstudio.app.canvas.context import Context
from gradstudio.app.canvas.faces import NodeFace, WireFace
from gradstudio.app.canvas.hit import Hit
from gradstudio.app.canvas.node_parts import Part
from gradstudio.app.canvas.tints import norm_words
from gradstudio.app.canvas.wire_faces import WireId
from gradstudio.document.graph import NodeId, Ref
from gradstudio.session.state import TensorView

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene

KINDS = {
    "frozen": "No gradient passes here",
    "pending": "Waits for the gradient",
    "forward": "No backward has come by yet",
    "error": "The backward stopped here",
}


def tip_at(canvas: CanvasScene, hit: Hit) -> str:
    """Return the tool tip of what lies at a point; empty for nothing to say."""
    if hit.node is not None and hit.part is not None:
        return node_tip(canvas.context, hit.node, canvas.face(hit.node), hit.part)
    return wire_tip(canvas.context, hit.wire, canvas.wires.face(hit.wire)) if hit.wire is not None else ""


def wire_tip(context: Context, key: WireId, face: WireFace) -> str:
    """Return what a wire carries, a line each: where it leads, the tensor that goes on, the gradient that comes back."""
    source, target = context.label(face.source), context.labels.title(context.path(key[0]))
    lines = (f"{source} → {target}", _forward(context, face.source), _backward(context, key, face, source))
    return "\n".join(line for line in lines if line)


def _forward(context: Context, source: Ref) -> str:
    """Return shape, dtype and numbers of the tensor on a wire; before it was computed, or where it is not up to date, that."""
    view = context.tensor(source)
    if view is None:
        return "Not computed yet"
    old = ", from before the last edit" if source.source in context.stale else ""
    if view.item is not None:
        return f"{_kind(view)}, {text.number(view.item, True, view.dtype)}{old}"
    return f"{_kind(view)}{old}\n{_range(view)}".rstrip()


def _backward(context: Context, key: WireId, face: WireFace, source: str) -> str:
    if face.cut is not None:
        return "detach lets the value through and no gradient"
    flow = context.flow(*key)
    if flow is None or face.kind in KINDS:
        return KINDS.get(face.kind, "")
    name, terms = f"∂{context.root_names}/∂{source}", [text.number(term) for term in flow.terms]
    if flow.value is not None:
        sum_ = f" = {' + '.join(terms)}" if len(terms) > 1 else ""
        return f"{name} = {text.number(flow.value, True)}{sum_}"
    parts = f", the sum of {len(terms)} with norms {' and '.join(terms)}" if len(terms) > 1 else ""
    return f"{name}: norm {norm_words(flow.norm, flow.nonfinite, flow.cells, False).strip('‖')}{parts}"


def node_tip(context: Context, node: NodeId, face: NodeFace, part: Part) -> str:
    """Return the number under the pointer in full; elsewhere nothing."""
    path = context.path(node)
    if part.kind == "value":
        return _tensor(context.label(Ref(node)), context.state.tensors.get((path, 0)))
    if part.kind == "drawer" and face.drawer is not None:
        if face.drawer.label == ".grad":
            grad = context.state.grads.get((path, 0))
            return _tensor(f"{context.label(Ref(node))}.grad", grad) if grad is not None else "None: no backward has reached it"
        return f"{face.drawer.label} passed through {face.title} and was not kept: {face.drawer.words}"
    if part.kind in ("output", "input"):
        return _port(context, node, face, part)
    return ""


def _tensor(name: str, view: TensorView | None) -> str:
    if view is None:
        return ""
    if view.item is not None:
        return f"{name} = {text.number(view.item, True, view.dtype)}, {_kind(view)}"
    norm = f"norm {text.number(view.norm)}" if view.norm is not None else ""
    return ", ".join(part for part in (f"{name}: {_kind(view)}", _range(view), norm) if part)


def _kind(view: TensorView) -> str:
    return f"{text.shape(view.shape)} {view.dtype}"


def _range(view: TensorView) -> str:
    """Return minimum, mean and maximum of what is finite, and how many elements are not."""
    known = []
    if view.mean is not None:
        known += [f"{word} {text.number(v)}" for word, v in (("min", view.min), ("mean", view.mean), ("max", view.max))]
    infinite = view.nonfinite - view.nan
    known += [f"{count} {word}" for count, word in ((view.nan, "nan"), (infinite, "infinite")) if count]
    return ", ".join(known)


def _port(context: Context, node: NodeId, face: NodeFace, part: Part) -> str:
    if part.grad:
        return f"{context.label(Ref(node, grad=True))}: drag to read it, as w -= lr * w.grad does"
    if part.kind == "output":
        return _tensor(context.label(Ref(node, part.out)), context.state.tensors.get((context.path(node), part.out)))
    row = next((r for r in face.inputs if r.path == part.path), None)
    return "" if row is None else f"{row.label}: {row.note}" if row.note else row.label
