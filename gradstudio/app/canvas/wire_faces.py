"""From document, trace and state to the faces of wires."""

from __future__ import annotations

import math
from functools import lru_cache

from msgspec.structs import replace

from gradstudio.app import text
from gradstudio.app.canvas.context import Context
from gradstudio.app.canvas.faces import WireFace, WireKind
from gradstudio.app.canvas.reach import scissors
from gradstudio.app.canvas.tints import flow_words, tint_of
from gradstudio.app.canvas.wire_runs import Run
from gradstudio.app.theme import WIRE, width_at
from gradstudio.document.graph import Graph, OperandPath, Wire
from gradstudio.session.state import Flow

WireId = tuple[str, OperandPath]  # target and operand path


@lru_cache(maxsize=8)
def wire_runs(graph: Graph) -> dict[WireId, Run]:
    """Return what every wire on show joins; a wire into scissors and the one out of them are one."""
    nodes, cuts, runs = graph.nodes, scissors(graph), {}
    for source, target, path in ((w.source, w.target, w.path) for w in graph.wires):
        if source.source in cuts:
            runs[target, path] = Run(cuts[source.source][0].source, target, path, source.source)
        elif source.source in nodes and target not in cuts:
            runs[target, path] = Run(source, target, path)
    return runs


def is_drawn(context: Context, wire: Wire) -> bool:
    """Say whether a wire is drawn on its own: its source is a node here, and it does not end at scissors."""
    return wire.source.source in context.graph.nodes and wire.target not in context.scissors


def face_of(context: Context, key: WireId) -> WireFace | None:
    """Return what a wire shows; None if it is gone."""
    target, path = key
    node = context.graph.nodes.get(target)
    found = next((Wire(ref, target, p) for p, ref in node.refs() if p == path), None) if node else None
    return wire_face(context, found) if found is not None and is_drawn(context, found) else None


def wire_face(context: Context, wire: Wire) -> WireFace:
    """Return the face of one wire at the step on show."""
    cut = wire.source.source if wire.source.source in context.scissors else None
    source = context.scissors[cut][0].source if cut else wire.source
    faint = context.in_pass and context.stepping
    if cut:
        return WireFace(source, wire.target, wire.path, "frozen", cut=cut, faint=faint)
    flow = context.flow(wire.target, wire.path)
    failed = _failed(context, wire)
    if failed:
        return WireFace(source, wire.target, wire.path, "error", rank=9)
    if flow is not None and flow.kind in ("value", "zero"):
        return _flowing(context, wire, flow)
    kind = _still(context, wire, flow)
    return WireFace(source, wire.target, wire.path, kind, faint=faint and kind == "frozen")


def with_number(face: WireFace, number: float, full: bool) -> WireFace:
    """Return the face of a wire whose flow of one finite element has another number, and looks the same."""
    if face.kind != "gradient" or not number:
        return face
    above, below = max(number, 0.0), max(-number, 0.0)
    return replace(face, positive=above, negative=below, pill=text.number(number, full), pill_value=number)


def _failed(context: Context, wire: Wire) -> bool:
    """A visit that raised marks the wires it got its cotangent on; an op that raised those it read."""
    if context.failed_visit is not None and wire.source.source == context.failed_visit:
        return context.flow(wire.target, wire.path) is not None
    return wire.target in context.failures and wire.target != context.failed_visit


def _still(context: Context, wire: Wire, flow: Flow | None) -> WireKind:
    """Return the look of a wire on which nothing has come back."""
    if not context.is_live(wire):
        return "frozen" if context.reach or context.named_pass else "forward"
    shown = context.on_show
    if shown is None:
        return "forward"
    waits = (flow is not None and flow.kind == "pending") or shown.raised
    return "pending" if waits and (context.in_pass or shown.raised) else "forward"


def _flowing(context: Context, wire: Wire, flow: Flow) -> WireFace:
    single, tint = flow.value is not None, tint_of(context, flow)
    if flow.kind == "zero" or tint is None:
        return WireFace(wire.source, wire.target, wire.path, "zero", 5.2, pill="0.0", pill_value=0.0)
    width = width_at(tint.t)  # in the same steps: a number that rolls a little does not change the picture of its wire
    number = flow.value if single else math.nan if flow.nonfinite else None
    kind: WireKind = "gradient" if single or not (flow.positive and flow.negative) else "tensor"
    return WireFace(
        wire.source, wire.target, wire.path, kind, width + (0 if kind == "gradient" else 1), tint,
        flow.positive, flow.negative, flow_words(flow, context.full), number, rank=round(width / WIRE["gradMax"], 3),
    )  # fmt: skip
