"""What the inspector's controls write: functions (document, what, value, gesture) -> command."""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from gradstudio.document.commands.command import Command, find_node
from gradstudio.document.commands.nodes import Rename, SetAttr, SetLeafValue, SetRequiresGrad, SetRetainGrad
from gradstudio.document.commands.wires import SetLiteral
from gradstudio.document.document import Document
from gradstudio.document.graph import Array, Literal, NodeId, OperandPath, Recipe
from gradstudio.document.limits import MAX_ELEMENTS
from gradstudio.document.rules import Refused
from gradstudio.document.values import resized, shape_fault
from gradstudio.engine.dtypes import name_of

NUMBERS = "numbers"  # a start value that is typed, not drawn
FILLS = (NUMBERS, "randn", "rand", "zeros", "ones")


def requires_grad(document: Document, node: NodeId, value: object, gesture: int) -> Command:
    """Switch requires_grad."""
    return SetRequiresGrad((node,), bool(value))


def retain_grad(document: Document, node: NodeId, out: int, value: object, gesture: int) -> Command:
    """Pin or unpin the `.grad` of an output."""
    return SetRetainGrad(node, out, bool(value))


def rename(document: Document, node: NodeId, value: object, gesture: int) -> Command:
    """Give output 0 a name; an empty one takes the name away."""
    words = str(value).strip()
    return Rename(node, 0, words or None)


def attr(document: Document, node: NodeId, name: str, value: object, gesture: int) -> Command:
    """Set an attr of an op."""
    return SetAttr(node, name, value, gesture)


def literal(document: Document, node: NodeId, path: OperandPath, value: object, gesture: int) -> Command:
    """Set a number that stands in the place of an operand."""
    return SetLiteral(node, path, Literal(value))


def array(document: Document, node: NodeId, value: object, gesture: int) -> Command:
    """Set a leaf's start value."""
    return SetLeafValue(node, frozen(np.asarray(value)), gesture)


def scalar(document: Document, node: NodeId, value: object, gesture: int) -> Command:
    """Set the one element of a leaf's start value; shape and dtype stay."""
    old = start_value(document, node)
    return SetLeafValue(node, frozen(np.full(old.shape, value, old.dtype)), gesture)


def element(document: Document, node: NodeId, index: tuple[int, ...], value: object, gesture: int) -> Command:
    """Set one element of a leaf's start value."""
    new = start_value(document, node).copy()
    new[index] = np.asarray(value, new.dtype)
    return SetLeafValue(node, frozen(new), gesture)


def reshaped(document: Document, node: NodeId, value: object, gesture: int) -> Command:
    """Give a leaf another shape. Raises Refused in words where it is too large."""
    shape = tuple(int(each) for each in value) if isinstance(value, tuple) else ()
    fault = shape_fault(shape, MAX_ELEMENTS)
    if fault:
        raise Refused(fault)
    old = find_node(document, node).value
    new = replace(old, shape=shape) if isinstance(old, Recipe) else frozen(resized(start_value(document, node), shape))
    return SetLeafValue(node, new, gesture)


def recast(document: Document, node: NodeId, value: object, gesture: int) -> Command:
    """Give a leaf another dtype."""
    old = find_node(document, node).value
    new = replace(old, dtype=str(value)) if isinstance(old, Recipe) else frozen(start_value(document, node).astype(str(value)))
    return SetLeafValue(node, new, gesture)


def filled(document: Document, node: NodeId, value: object, gesture: int) -> Command:
    """Let a leaf's start value be made by a function of PyTorch, in its shape and dtype; NUMBERS: zeros to be typed over."""
    old = find_node(document, node).value
    if isinstance(old, Recipe):
        shape, dtype = old.shape, old.dtype
    else:
        shape, dtype = start_value(document, node).shape, name_of(start_value(document, node).dtype)
    if value == NUMBERS:
        return SetLeafValue(node, frozen(np.zeros(shape, dtype)), gesture)
    return SetLeafValue(node, Recipe(str(value), shape, dtype), gesture)


def start_value(document: Document, node: NodeId) -> Array:
    """Return a leaf's start value. Raises TypeError where it is drawn by a recipe."""
    value = find_node(document, node).value
    if value is None or isinstance(value, Recipe):
        raise TypeError(f"{node} has no stored value")
    return value


def frozen(array: Array) -> Array:
    """Return the array, read-only."""
    array.setflags(write=False)
    return array
