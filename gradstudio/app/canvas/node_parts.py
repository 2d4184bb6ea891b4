"""Parts: what of a node lies at a point."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

from msgspec import Struct

from gradstudio.app.canvas.faces import NodeFace
from gradstudio.app.canvas.geometry import HEAD, ROW, Geometry, Level
from gradstudio.document.graph import OperandPath

PartKind: TypeAlias = Literal["body", "title", "value", "switch", "input", "output", "row", "drawer"]
SWITCH_ROOM = 46.0  # px from the right edge of a leaf's head that its switch takes


class Part(Struct, frozen=True):
    """What of a node lies at a point. `path`: of an input port or row; `out`: of an output port; `grad`: of its .grad."""

    kind: PartKind
    path: OperandPath = ()
    out: int = 0
    grad: bool = False


Port: TypeAlias = tuple[float, float, Part]  # where it is on a node


def ports_on(place: Geometry, has_grad: bool) -> list[Port]:
    """Return the ports of a node, outputs first; `has_grad`: its .grad can be read."""
    found = [(place.width, y, Part("output", out=out)) for out, y in place.outputs.items()]
    if has_grad:
        found.append((place.width, place.grad_y, Part("output", grad=True)))
    return found + [(0.0, y, Part("input", path=path)) for path, y in place.inputs.items()]


def nearest_port(ports: Iterable[Port], x: float, y: float, reach: float) -> Part | None:
    """Return the port nearest to a point within reach."""
    nearest, found = reach * reach, None
    for left, top, part in ports:
        gap = (x - left) ** 2 + (y - top) ** 2
        if gap < nearest or (found is None and gap == nearest):
            nearest, found = gap, part
    return found


def inner_part(face: NodeFace, place: Geometry, level: Level, x: float, y: float) -> Part | None:
    """Return the part of a plate at a point; None beside it."""
    if not (0 <= x <= place.width and 0 <= y <= place.height):
        return None
    if level < Level.FULL or face.collapsed:
        return Part("body")
    if y < HEAD:
        return Part("switch" if face.switch is not None and x > place.width - SWITCH_ROOM else "title")
    if place.drawer is not None and y > place.drawer:
        return Part("drawer")
    for row, centre in zip(face.inputs, place.rows, strict=True):
        if abs(y - centre) <= ROW / 2:
            return Part("row", path=row.path)
    return Part("value" if y < HEAD + 38 and (face.kind in ("leaf", "input") or x > place.width / 3) else "body")
