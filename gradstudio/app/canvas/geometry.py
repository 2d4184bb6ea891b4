"""Geometry: how large a node is and where its ports and parts lie, at each level of detail. Canvas units, from the node's top left."""

from __future__ import annotations

import math
from enum import IntEnum
from functools import lru_cache

from msgspec import Struct
from PySide6.QtCore import QPointF, QRectF

from gradstudio.app.canvas.faces import Cells, InputFace, NodeFace
from gradstudio.app.theme import SIZE, metrics
from gradstudio.document.graph import OperandPath

HEAD, ROW, DRAWER = SIZE["nodeHeader"], SIZE["nodeInputRow"], SIZE["nodeGradRow"]
VALUE_ROW, FOOT = 38.0, 6.0
LEAF_BODY = 62.0  # value and meta of a leaf
WIDEST, LEAST_W = 190.0, 70.0
VALUE_ROOM = 34.0  # what an op takes beside its shape and its value
CELL_W, CELL_H, CELL_GAP = 11.0, 12.0, 1.0
CELLS_ROOM = 27.0  # what a leaf takes beside its cells
BIG_CELL_H, LARGE_H = 22.0, 76.0
MEDIUM_H, TILE_W, TILE_H = 73.0, 110.0, 80.0
GROUP_EDGE = 6.0  # the second edge under a collapsed group
SCISSORS = QRectF(-11, -10, 22, 20)
NO_ROOM = QRectF(0, 0, 1, 1)  # of an item with nothing to draw: to Qt an empty change is one of the whole scene


class Level(IntEnum):
    """How much a node shows, by zoom."""

    FAR = 0  # under 22 %: rectangles
    TILE = 1  # under 45 %: the symbol on a heat fill
    MEDIUM = 2  # under 75 %: name, value, gradient
    FULL = 3


THRESHOLDS = ((0.22, Level.FAR), (0.45, Level.TILE), (0.75, Level.MEDIUM))
HYSTERESIS = 0.05


def level_at(zoom: float, now: Level | None = None) -> Level:
    """Return the level for a zoom. Zooming out of the level of now takes 5 % more, so that it cannot flicker at an edge."""
    plain = _plain(zoom)
    return plain if now is None or plain >= now else min(now, _plain(zoom / (1 - HYSTERESIS)))


def _plain(zoom: float) -> Level:
    return next((level for threshold, level in THRESHOLDS if zoom < threshold - 1e-9), Level.FULL)


class Geometry(Struct, frozen=True):
    """Where things are. `inputs` and `outputs` give the y of each port; ports sit on the left and right edges."""

    width: float
    height: float
    inputs: dict[OperandPath, float]
    outputs: dict[int, float]
    rows: tuple[float, ...] = ()  # centre of each input row
    drawer: float | None = None  # top of the drawer
    value: float = 0.0  # centre of the value

    @property
    def rect(self) -> QRectF:
        """The node's body."""
        return QRectF(0, 0, self.width, self.height)

    def input_y(self, path: OperandPath) -> float:
        """Return the height of the port of an operand; of one that has no port of its own that of the nearest."""
        y = self.inputs.get(path)
        return y if y is not None else self.inputs.get(path[:1], next(iter(self.inputs.values()), self.height / 2))

    def output_y(self, out: int) -> float:
        """Return the height of the port of an output."""
        return self.outputs.get(out, self.height / 2)

    @property
    def grad_y(self) -> float:
        """The height of the port of the .grad, in the drawer."""
        return self.height / 2 if self.drawer is None else self.drawer + DRAWER / 2

    def input_point(self, path: OperandPath) -> QPointF:
        """Return the port of an operand."""
        return QPointF(0, self.input_y(path))

    def grad_point(self) -> QPointF:
        """Return the port of the .grad, on the right edge of the drawer."""
        return QPointF(self.width, self.grad_y)

    def output_point(self, out: int) -> QPointF:
        """Return the port of an output."""
        return QPointF(self.width, self.output_y(out))


def geometry(face: NodeFace, level: Level) -> Geometry:
    """Return the geometry of a face at a level of detail."""
    if face.kind == "scissors":
        return Geometry(0, 0, {(0,): 0.0}, {0: 0.0})
    full = _collapsed(face) if face.collapsed else _leaf(face) if face.kind in ("leaf", "input") else _op(face)
    if level == Level.FULL:
        return full
    width, height = (full.width, min(MEDIUM_H, full.height)) if level == Level.MEDIUM else (TILE_W, min(TILE_H, full.height))
    return Geometry(width, height, _spread(list(full.inputs), height), dict.fromkeys(full.outputs, height / 2), value=height / 2)


def _spread(paths: list[OperandPath], height: float) -> dict[OperandPath, float]:
    """Lay ports close round the middle of the edge."""
    step = min(14.0, height / (len(paths) + 1))
    return {path: height / 2 + step * (i - (len(paths) - 1) / 2) for i, path in enumerate(paths)}


def _collapsed(face: NodeFace) -> Geometry:
    width = op_width(face) if face.kind in ("op", "instance") else _leaf_width(face)
    if face.symbol == "scissors":
        width = max(LEAST_W, _up(45 + advance("nodeName", face.title)))
    if face.kind == "instance":
        return Geometry(width, 58, dict.fromkeys(_ports(face), 44.0), dict.fromkeys(_outs(face), 44.0), value=44)
    return Geometry(width, HEAD, dict.fromkeys(_ports(face), HEAD / 2), dict.fromkeys(_outs(face), HEAD / 2), value=HEAD / 2)


def _leaf(face: NodeFace) -> Geometry:
    body = HEAD + leaf_body_height(face)
    height = body + (DRAWER if face.drawer else 0)
    return Geometry(_leaf_width(face), height, {}, dict.fromkeys(_outs(face), HEAD + 22), (), body if face.drawer else None, HEAD + 22)


def leaf_body_height(face: NodeFace) -> float:
    """Return the height of a leaf between header and drawer."""
    cells = face.cells
    if cells is None or cells.words:
        return LEAF_BODY
    if cells.large:
        return 10 + LARGE_H + 10 + 18
    return 12 + len(cells.rows) * (CELL_H + CELL_GAP) + 10 + 18


def _leaf_width(face: NodeFace) -> float:
    name = 31 + advance("nodeName", face.title) + (75 if face.switch is not None else 14)
    value = 26 + advance("nodeValueLeaf", face.value) if len(face.value) > 8 else 0
    meta = 26 + advance("code", face.meta)
    body = 0.0
    cells = face.cells
    if cells is not None and cells.words:
        body = 28 + len(cells.words[0]) * (28 if cells.plain else 41)
    elif cells is not None and not cells.large:
        body = _cells_width(cells) + (_grad_cells_width(cells) if grad_beside(face) else 0)
    needed = max(name, value, meta, body)
    return SIZE["nodeLeafW"] if needed <= SIZE["nodeLeafW"] else min(WIDEST, _up(needed))


def grad_beside(face: NodeFace) -> bool:
    """Say whether a leaf shows its .grad beside the value, cell by cell: where both fit. A long vector's is in the drawer."""
    cells = face.cells
    return bool(face.switch) and cells is not None and _cells_width(cells) + _grad_cells_width(cells) <= WIDEST


def leaf_cell_width(cells: Cells) -> float:
    """Return how wide the cells of a leaf are: narrower where they would not fit."""
    return min(CELL_W, (WIDEST - CELLS_ROOM + CELL_GAP) / max(1, len(cells.rows[0])) - CELL_GAP)


def _cells_width(cells: Cells) -> float:
    return CELLS_ROOM + (len(cells.rows[0]) if cells.rows else 0) * (CELL_W + CELL_GAP) - CELL_GAP


def _grad_cells_width(cells: Cells) -> float:
    return _cells_width(cells) - CELLS_ROOM + 10


def _op(face: NodeFace) -> Geometry:
    width = op_width(face)
    y = HEAD + VALUE_ROW
    outputs = {}
    for i, output in enumerate(face.outputs):
        outputs[output.out] = HEAD + 20 if i == 0 else y + ROW * (i - 0.5)
    y += ROW * max(0, len(face.outputs) - 1)
    rows = tuple(y + ROW * (i + 0.5) for i in range(len(face.inputs)))
    y += ROW * len(face.inputs) + FOOT
    inputs = {row.path: at for row, at in zip(face.inputs, rows, strict=True) if row.port}
    height = y + (DRAWER if face.drawer else 0)
    return Geometry(width, height, inputs, outputs, rows, y if face.drawer else None, HEAD + 20)


def op_width(face: NodeFace) -> float:
    """Return how wide an op is."""
    name = 31 + advance("nodeName", face.title) + 11
    if face.name:
        name += 10 + advance("number", face.name)
    value = VALUE_ROOM + advance("code", face.meta) + advance("nodeValueOp", face.value)
    needed = max(name, value, *(row_width(row) for row in face.inputs), 0)
    return SIZE["nodeOpW"] if needed <= SIZE["nodeOpW"] else min(WIDEST, _up(needed))


def row_width(row: InputFace) -> float:
    """Return how wide an input row would like to be."""
    right = row.note or (f"∂ {row.formula} = {row.number}" if row.number else f"∂ {row.formula}" if row.formula else "")
    return 24 + advance("code", row.label) + (10 + advance("code", right) if right else 0)


@lru_cache(maxsize=16384)
def advance(role: str, words: str) -> float:
    """Return how wide words are in a role of the type scale."""
    return metrics(role).horizontalAdvance(words)


def _up(width: float) -> float:
    """Round up to whole tens, so that a node does not quiver while its number rolls."""
    return math.ceil(width / 10) * 10


def _ports(face: NodeFace) -> list[OperandPath]:
    return [row.path for row in face.inputs if row.port]


def _outs(face: NodeFace) -> list[int]:
    return [output.out for output in face.outputs]
