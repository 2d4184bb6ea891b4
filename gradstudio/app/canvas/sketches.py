"""Sketches: how large a node is and where its ports are, before its numbers are looked at. Nodes of one make share one."""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from gradstudio.app.canvas.context import Context
from gradstudio.app.canvas.faces import NodeFace
from gradstudio.app.canvas.geometry import Geometry, Level, geometry
from gradstudio.app.canvas.node_faces import node_face
from gradstudio.document.graph import LEAF, Node, NodeId, Operand
from gradstudio.document.rules import output_count
from gradstudio.engine import TABLE

Make = tuple[object, ...]


class Sketch(Struct, frozen=True):
    """A face without words and numbers, and its geometry at every level."""

    face: NodeFace
    places: dict[Level, Geometry]


class Sketches:
    """The sketches of one canvas, one a make of node."""

    def __init__(self) -> None:
        self._made: dict[Make, Sketch] = {}

    def of(self, context: Context, node_id: NodeId) -> Sketch | None:
        """Return the sketch of a node; None where its size depends on its numbers."""
        make = make_of(context, context.graph.nodes[node_id])
        if make is None:
            return None
        found = self._made.get(make)
        if found is None:
            face = blank(node_face(context, node_id))
            found = self._made[make] = Sketch(face, {level: geometry(face, level) for level in Level})
        return found


def make_of(context: Context, node: Node) -> Make | None:
    """Return what decides the rows and ports of a node; None for scissors, and where numbers decide too."""
    if node.id in context.scissors or (node.op == LEAF and not (isinstance(node.value, np.ndarray) and node.value.size == 1)):
        return None
    row = TABLE.get(node.op)
    if row is not None and row.many:
        return None
    drawer = node.requires_grad if node.op == LEAF else context.requires_grad(node.id) and context.named_pass is not None
    drawer = drawer and (node.id not in context.skipped or node.op == LEAF)
    outputs = output_count(node, context.document.groups)
    return node.op, node.group, node.retain_grad, tuple(map(_operand_make, node.inputs)), outputs, drawer, node.id in context.collapsed


def _operand_make(operand: Operand) -> object:
    return tuple(map(_operand_make, operand)) if isinstance(operand, tuple) else type(operand)


def blank(face: NodeFace) -> NodeFace:
    """Return a face with nothing on it that its neighbours may not have."""
    rows = tuple(replace(row, label="", formula="", number="", note="", tint=None) for row in face.inputs)
    return replace(face, node="", title="", name="", value="", meta="", inputs=rows, above="", below="", heat=None, heat_words="")
