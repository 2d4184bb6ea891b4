"""A node in words, for screen readers: what it is, its number in full, its gradient, where it leads."""

from __future__ import annotations

from gradstudio.app.canvas.context import Context
from gradstudio.app.canvas.faces import NodeFace
from gradstudio.document.graph import NodeId, Ref


def spoken(context: Context, face: NodeFace) -> str:
    """Return e.g. `x, leaf, 2.0, requires grad, grad 12.0, feeds pow`."""
    kind = {"leaf": "leaf", "input": "input", "instance": "group", "scissors": "detach"}.get(face.kind, "")
    parts = [face.title, kind, face.name if face.kind in ("op", "instance") else "", face.value or face.meta]
    if face.switch is not None:
        parts.append("requires grad" if face.switch else "no grad")
    if face.drawer is not None:
        label = "grad" if face.drawer.label == ".grad" else "gradient"
        parts.append(f"{label} {face.drawer.words}")
    parts += [f"reads {row.label}" if row.wired else f"{row.label} {row.note}" for row in face.inputs]
    feeds = dict.fromkeys(context.label(Ref(w.target)) for w in context.graph.consumers.get(face.node, ()))
    if feeds:
        parts.append("feeds " + ", ".join(feeds))
    parts += ["failed" if face.failed else "", "stale" if face.stale else "", "frozen" if face.frozen else "", face.below]
    return ", ".join(part for part in parts if part)


def spoken_node(context: Context, node: NodeId, face: NodeFace) -> str:
    """Return the words of a node; of one that is gone nothing."""
    return spoken(context, face) if node in context.graph.nodes else ""
