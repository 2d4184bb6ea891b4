"""From the face of a node to the one that it has with other numbers: the quick way where numbers alone differ."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

from msgspec.structs import replace

from gradstudio.app import text
from gradstudio.app.canvas.context import Context
from gradstudio.app.canvas.faces import Drawer, InputFace, NodeFace, Tint
from gradstudio.app.canvas.tints import tint_of, tint_of_number
from gradstudio.document.graph import NodePath
from gradstudio.session.keyed import Keyed
from gradstudio.session.state import Flow


class OtherwiseTold(Exception):
    """A face shows something that does not follow from the numbers of now alone."""


def with_numbers(context: Context, face: NodeFace) -> NodeFace | None:
    """Return the face of now, of which nothing but numbers of one element can be others; None where that takes `node_face`."""
    shown_otherwise = face.kind != "op" or face.collapsed or face.cells is not None or len(face.outputs) != 1
    if shown_otherwise or face.value_tone != "text" or face.below or context.full:
        return None
    path, state = context.path(face.node), context.state
    try:
        made, passed = _number(state.tensors, (path, 0)), _number(state.cotangents, (path, 0))
        value = face.value if made is None else text.number(made)
        tint = _tint(context, state.cotangents, (path, 0), passed)
        return replace(
            face,
            value=value,
            inputs=tuple([_row(context, path, row) for row in face.inputs]),
            outputs=(replace(face.outputs[0], value=value, tint=tint),),
            drawer=_drawer(context, path, face.drawer, passed) if face.drawer is not None else None,
            heat=tint,
            heat_words=face.heat_words if passed is None else text.number(passed),
        )
    except OtherwiseTold:
        return None


def _number(table: Mapping[Any, Any], key: Hashable) -> float | None:
    """Return the number by which a row of a map is told; None: it is no other than before. Raises OtherwiseTold."""
    number = table.number(key) if isinstance(table, Keyed) else None
    if number is not None and not math.isfinite(number):
        raise OtherwiseTold
    return number


def _tint(context: Context, table: Mapping[Any, Flow], key: Hashable, number: float | None) -> Tint | None:
    """Return the tint of a flow, by its number if it is told by one: the range of the pass may be another."""
    return tint_of_number(context, number) if number is not None else tint_of(context, table.get(key))


def _row(context: Context, path: NodePath, row: InputFace) -> InputFace:
    number = _number(context.state.flows, (path, row.path))
    tint = _tint(context, context.state.flows, (path, row.path), number)
    if not row.number:
        return row if tint == row.tint else replace(row, tint=tint)
    local = context.local(path[-1], row.path)
    if local is None or local.value is None or local.formula != row.formula:
        raise OtherwiseTold
    return replace(row, number=text.number(local.value), tint=tint)


def _drawer(context: Context, path: NodePath, drawer: Drawer, passed: float | None) -> Drawer:
    """Return a drawer with its number of now; `passed`: what passed through the node."""
    if drawer.cells is not None:
        raise OtherwiseTold
    number = _number(context.state.grads, (path, 0)) if drawer.kind == "stored" else passed
    if number is None or drawer.kind == "none":
        return drawer
    if drawer.kind == "stored" and not number:  # why it is zero is written below
        raise OtherwiseTold
    return replace(drawer, words=text.number(number), value=number)
