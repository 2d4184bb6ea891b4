"""Adding: a node of the palette at a place, connected to the loose end of a wire, selected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace
from PySide6.QtCore import QPointF, QRectF, QSizeF

from gradstudio.app.canvas.gestures.loose import LooseWire
from gradstudio.app.theme import SIZE
from gradstudio.app.widgets.catalog import NO_GRAD, RETAIN, node_of
from gradstudio.document.commands.frames import WrapInFrame
from gradstudio.document.commands.nodes import AddNode, SetRetainGrad
from gradstudio.document.document import MAIN
from gradstudio.document.graph import LEAF, BlockId, Literal, Node, NodeId, OperandPath, Ref, operand_at, with_operand
from gradstudio.document.rules import TENSOR_KINDS, input_kind

if TYPE_CHECKING:
    from gradstudio.app.canvas.view import CanvasView

NEEDED = 120.0  # height that a new node needs
AROUND = sorted((QPointF(20 * i, 20 * j) for i in range(-15, 16) for j in range(-15, 16)), key=lambda p: p.x() ** 2 + p.y() ** 2)
LEAF_DROP, OP_DROP = QPointF(-66, -52), QPointF(-75, -50)  # from the pointer to the node's corner


def add_node(view: CanvasView, key: str, pos: QPointF, loose: LooseWire | None = None) -> NodeId | None:
    """Add what a palette key stands for. Return the new node; None for what is none (no_grad, retain), or where it was refused."""
    if key in (NO_GRAD, RETAIN):
        _on_selection(view, key, pos)
        return None
    studio = view.studio
    made = node_of(key, studio.new_id("n"), view.canvas.context.graph)
    node = view.complete_leaf(made) if made.op == LEAF else made
    if node is None:
        return None
    if loose is not None and loose.source is not None:
        path = first_input(node)
        if path is not None:
            node = replace(node, inputs=with_operand(node.inputs, path, loose.source))
    readers = ((loose.target, loose.path),) if loose is not None and loose.target is not None else ()
    corner = _corner(view, node, pos, loose)
    if not studio.do(AddNode(node, block_of(view, loose, pos), corner, readers, studio.home)):
        return None
    studio.select((node.id,))
    view.canvas.set_focus(None)
    view.reveal(node.id, 0.0)
    return node.id


def on_wire(view: CanvasView, key: str, pos: QPointF) -> LooseWire | None:
    """Return the wire that an op dropped at a place goes into: from its source, to what reads it; None for what has no tensor input."""
    wire, graph = view.canvas.hit(pos).wire, view.canvas.context.graph
    source = operand_at(graph.nodes[wire[0]].inputs, wire[1]) if wire is not None else None
    if wire is None or not isinstance(source, Ref) or key in (NO_GRAD, RETAIN) or first_input(node_of(key, "n", graph)) is None:
        return None
    return LooseWire(source, *wire)


def first_input(node: Node) -> OperandPath | None:
    """Return the first operand of a new node that a wire can lead to."""
    for i, operand in enumerate(node.inputs):
        kind = input_kind(node.op, i)
        if kind == "tensors":
            return (i, 0)
        if kind in TENSOR_KINDS and (operand is None or isinstance(operand_at(node.inputs, (i,)), Literal)):
            return (i,)
    return None


def block_of(view: CanvasView, loose: LooseWire | None, pos: QPointF) -> BlockId:
    """Return the block that a new node goes into: in whose region it is put, else that of the wire, of the selection, else the first."""
    graph, region = view.canvas.context.graph, view.canvas.frames.blocks.at(pos.x(), pos.y())
    if region is not None:
        return region
    ends = [loose.source.source if loose and loose.source else None, loose.target if loose else None]
    for node in [*ends, *view.studio.selected_nodes]:
        if node in graph.block_of:
            return graph.block_of[node or ""]
    return next(iter(graph.blocks), MAIN)


def _corner(view: CanvasView, node: Node, pos: QPointF, loose: LooseWire | None) -> tuple[int, int]:
    """Return where the node's corner goes: its port under the end of the wire, else its middle under the pointer; on the grid."""
    if loose is not None and loose.source is not None and loose.target is not None:
        corner = pos + OP_DROP
    elif loose is not None and loose.source is not None:
        corner = pos + QPointF(0, -79)
    elif loose is not None and loose.target is not None:
        corner = pos + QPointF(-SIZE["nodeOpW"], -50)
    else:
        corner = pos + (LEAF_DROP if node.op == "leaf" else OP_DROP)
    grid = SIZE["grid"]
    wanted = QPointF(round(corner.x() / grid) * grid, round(corner.y() / grid) * grid)
    free = next((wanted + off for off in AROUND if not _taken(view, wanted + off)), wanted)
    return round(free.x()), round(free.y())


def _taken(view: CanvasView, corner: QPointF) -> bool:
    return bool(view.canvas.boxes_of_nodes(QRectF(corner, QSizeF(SIZE["nodeOpW"], NEEDED))))


def _on_selection(view: CanvasView, key: str, pos: QPointF) -> None:
    """Put what is selected (or lies at the place) under no_grad, or keep its gradients."""
    studio = view.studio
    hit = view.canvas.hit(pos)
    nodes = (hit.node,) if hit.node is not None and hit.node not in studio.selection else studio.selected_nodes
    if not nodes:
        studio.notify("Select the nodes first")
    elif key == NO_GRAD:
        studio.do(WrapInFrame(tuple(nodes), "no_grad", tuple(studio.new_id("f") for _ in nodes)))
    else:
        gesture = studio.new_gesture()
        for node in nodes:
            studio.do(SetRetainGrad(node, 0, True, gesture))
