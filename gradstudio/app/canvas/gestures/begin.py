"""Which gesture a press begins, by what lies under it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt

from gradstudio.app.canvas.gestures.box_select import BoxSelect
from gradstudio.app.canvas.gestures.drag_wire import DragWire
from gradstudio.app.canvas.gestures.gesture import Gesture, Pointer
from gradstudio.app.canvas.gestures.loose import LooseWire, from_output
from gradstudio.app.canvas.gestures.move_comment import MoveComment
from gradstudio.app.canvas.gestures.move_nodes import MoveNodes
from gradstudio.app.canvas.gestures.pan import Pan
from gradstudio.app.canvas.gestures.scrub import Scrub
from gradstudio.app.canvas.node_parts import Part
from gradstudio.document.commands.nodes import SetRequiresGrad
from gradstudio.document.graph import NodeId, Ref, operand_at

if TYPE_CHECKING:
    from gradstudio.app.canvas.view import CanvasView


def begun(view: CanvasView, at: Pointer, button: Qt.MouseButton, space: bool) -> Gesture | None:
    """Return the gesture that a press begins; None where the press itself was all, or is none of ours."""
    if button == Qt.MouseButton.MiddleButton or (button == Qt.MouseButton.LeftButton and space):
        return Pan(view, at)
    if button != Qt.MouseButton.LeftButton:
        return None
    hit = at.hit
    if hit.node is not None and hit.part is not None:
        return _on_node(view, at, hit.node, hit.part)
    if hit.wire is not None:
        view.studio.select((("wire", *hit.wire),), add=at.shift)
        return None
    if hit.frame is not None:
        held = tuple(n.id for n in view.canvas.context.graph.nodes.values() if n.frame == hit.frame)
        return MoveNodes(view, at, held[0], held) if held else None
    if hit.block is not None:
        inside = view.canvas.context.graph.blocks[hit.block]
        return MoveNodes(view, at, inside[0], inside) if inside else None
    if hit.comment is not None:
        return MoveComment(view, at, hit.comment)
    return BoxSelect(view, at)


def _on_node(view: CanvasView, at: Pointer, node: NodeId, part: Part) -> Gesture | None:
    context = view.canvas.context
    if part.kind == "output":
        return DragWire(view, at, from_output(context, Ref(node, part.out, part.grad)))
    if part.kind == "input":
        operand = operand_at(context.graph.nodes[node].inputs, part.path)
        if isinstance(operand, Ref) and operand.source in context.graph.nodes:
            return DragWire(view, at, from_output(context, operand, was=(node, part.path)))
        return DragWire(view, at, LooseWire(target=node, path=part.path))
    if part.kind == "switch":
        view.studio.do(SetRequiresGrad((node,), not context.graph.nodes[node].requires_grad))
        return None
    if part.kind == "value" and is_scrubbed(view, node) and not at.shift:
        value = context.graph.nodes[node].value
        return Scrub(view, at, node, value) if isinstance(value, np.ndarray) else None
    return MoveNodes(view, at, node)


def is_scrubbed(view: CanvasView, node: NodeId) -> bool:
    """Say whether a node's number can be dragged: one element that is a number."""
    value = view.canvas.context.graph.nodes[node].value
    return view.canvas.nodes[node].face.editable and isinstance(value, np.ndarray) and value.dtype.kind in "fiu"
