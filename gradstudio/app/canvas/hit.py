"""What lies at a point of the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QPointF

from gradstudio.app.canvas.frame_item import FrameItem
from gradstudio.app.canvas.node_parts import Part
from gradstudio.app.canvas.wire_faces import WireId
from gradstudio.app.theme import SIZE
from gradstudio.document.frames import FrameId
from gradstudio.document.graph import BlockId, NodeId

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene

PORT_REACH, WIRE_REACH = SIZE["portHit"] / 2, SIZE["wireHit"] / 2


class Hit(NamedTuple):
    """The topmost thing at a point: a part of a node, a wire, the title of a frame, comment or block, or nothing."""

    pos: QPointF
    node: NodeId | None = None
    part: Part | None = None
    wire: WireId | None = None
    frame: FrameId | None = None
    comment: int | None = None
    block: BlockId | None = None


def hit_at(canvas: CanvasScene, pos: QPointF) -> Hit:
    """Return what lies at a point, ports before bodies, nodes before wires before frames."""
    x, y, zoom = pos.x(), pos.y(), canvas.zoom
    body: Hit | None = None
    for node, item in canvas.nodes_near(pos, PORT_REACH / min(1.0, zoom)):
        part = item.part_under(x - item.at[0], y - item.at[1])
        if part is None:
            continue
        if part.kind == "input" or part.kind == "output":
            return Hit(pos, node, part)
        if body is None:
            body = Hit(pos, node, part)
    if body is not None:
        return body
    wire = canvas.wires.at(pos, WIRE_REACH / min(1.0, zoom))
    if wire is not None:
        return Hit(pos, wire=wire)
    titled = canvas.frames.title_at(pos)
    if titled is not None:
        return _frame_hit(canvas, pos, titled)
    return Hit(pos, block=canvas.frames.blocks.title_at(x, y))


def _frame_hit(canvas: CanvasScene, pos: QPointF, titled: FrameItem) -> Hit:
    if titled.frame is not None:
        return Hit(pos, frame=titled.frame.id)
    return Hit(pos, comment=canvas.frames.comments.index(titled))
