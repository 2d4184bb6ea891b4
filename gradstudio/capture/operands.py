"""Arguments of a call as operands of a node: tensors as references, numbers as literals, lists of indices as constants."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from msgspec import Struct

from gradstudio.capture.rows import Use
from gradstudio.capture.seen import Seen, is_seen, tensors_in
from gradstudio.document.graph import Array, Literal, Node, Operand, Ref
from gradstudio.document.map import Map
from gradstudio.document.rules import literal_fault, operand_fault


class Unspelled(Exception):
    """An argument that no operand of the row can be."""


class Sources(Struct, frozen=True):
    """Where references come from: tensors of the program, and constants that are written in its text."""

    ref: Callable[[Seen], Ref]
    constant: Callable[[Array], Ref]


def operands(use: Use, sources: Sources) -> tuple[Operand, ...]:
    """Return the operands of a node, those left out at the end not written. Raises Unspelled, before any source was asked for."""
    for spec, value in zip(use.row.inputs, use.operands, strict=True):
        _check(value, spec.kind)
    found = [_operand(value, spec.kind, sources) for spec, value in zip(use.row.inputs, use.operands, strict=True)]
    while found and found[-1] is None:
        found.pop()
    node = Node("", use.row.name, tuple(found))
    if any(operand_fault(node, (i,), operand, Map()) for i, operand in enumerate(found)):
        raise Unspelled(use.row.name)
    return node.inputs


def _check(value: object, kind: str) -> None:
    """Raise Unspelled for a value that cannot be an operand of a kind."""
    if is_seen(value) or isinstance(value, Ref):
        if kind == "number":
            raise Unspelled("a tensor in the place of a number")
    elif kind == "index":
        _check_index(value)
    elif kind == "tensors":
        if not isinstance(value, tuple | list) or not all(is_seen(item) or isinstance(item, Ref) for item in value):
            raise Unspelled("several tensors are expected")
    elif value is not None and (kind == "tensor" or isinstance(value, tuple | list | str) or literal_fault(value)):
        raise Unspelled(f"a {type(value).__name__} in the place of a {kind}")


def _check_index(value: object) -> None:
    for item in value if isinstance(value, tuple) else (value,):
        if isinstance(item, list):
            if next(tensors_in(item), None) is not None or np.asarray(item).dtype.kind not in "bi":
                raise Unspelled("a list of tensors as an index")
        elif not is_seen(item) and literal_fault(item):
            raise Unspelled("an index that no document holds")


def _operand(value: object, kind: str, sources: Sources) -> Operand:
    if is_seen(value):
        return sources.ref(value)
    if isinstance(value, Ref):
        return value
    if kind == "index":
        return _index(value, sources)
    if kind == "tensors" and isinstance(value, tuple | list):
        return tuple(_operand(item, "tensor", sources) for item in value)
    return None if value is None else Literal(value)


def _index(value: object, sources: Sources) -> Operand:
    if isinstance(value, list):
        return sources.constant(np.array(value))
    if isinstance(value, tuple) and any(is_seen(item) or isinstance(item, list) for item in value):
        return tuple(_operand(item, "index", sources) for item in value)
    return Literal(value)
