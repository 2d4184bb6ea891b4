"""Operands, references and seeds as a plain tree, and back."""

from __future__ import annotations

import re

from gradstudio.document.calls.call import Seed
from gradstudio.document.graph import Literal, Operand, Recipe, Ref
from gradstudio.document.limits import MAX_FAN_IN, MAX_NEST, MAX_OUTPUTS
from gradstudio.document.strict import Place, shown
from gradstudio.document.values import literal_tree, read_literal, read_value, value_tree

SOURCE = re.compile(r"[nc][1-9][0-9]{0,17}", re.ASCII)


def ref_tree(ref: Ref) -> dict[str, object]:
    """Return a reference as a plain tree."""
    tree: dict[str, object] = {"ref": ref.source}
    if ref.out:
        tree["out"] = ref.out
    if ref.grad:
        tree["grad"] = True
    return tree


def operand_tree(operand: Operand) -> object:
    """Return an operand as a plain tree."""
    if isinstance(operand, Ref):
        return ref_tree(operand)
    if isinstance(operand, Literal):
        return {"lit": literal_tree(operand.value)}
    return None if operand is None else [operand_tree(each) for each in operand]


def seed_tree(seed: Seed) -> object:
    """Return a seed of backward as a plain tree."""
    return operand_tree(seed) if seed is None or isinstance(seed, Ref | Literal) else value_tree(seed)


def read_ref(place: Place) -> Ref:
    """Return the reference that a tree describes. Raises CodecError."""
    value = place.value
    if isinstance(value, dict) and len(value) == 1 and isinstance(value.get("ref"), str) and SOURCE.fullmatch(value["ref"]):
        return Ref(value["ref"])  # by far the most frequent form, without a place for each part
    members = place.mapping(("ref",), ("out", "grad"))
    source = members["ref"].value
    if not isinstance(source, str) or not SOURCE.fullmatch(source):
        members["ref"].refuse(f"{shown(source)} is no id of a node or a call")
    out = members["out"].integer(0, MAX_OUTPUTS) if "out" in members else 0
    return Ref(source, out, members["grad"].boolean() if "grad" in members else False)


def read_operand(place: Place, depth: int = 1) -> Operand:
    """Return the operand that a tree describes. Raises CodecError."""
    value = place.value
    if value is None:
        return None
    if isinstance(value, dict) and "lit" not in value:
        return read_ref(place)
    if isinstance(value, list):
        if depth >= MAX_NEST:
            place.refuse(f"operands lie in at most {MAX_NEST} lists")
        return place.each(lambda item: read_operand(item, depth + 1), MAX_FAN_IN)
    return Literal(read_literal(place.mapping(("lit",))["lit"]))


def read_seed(place: Place) -> Seed:
    """Return the seed that a tree describes. Raises CodecError."""
    if isinstance(place.value, dict) and "dtype" in place.value:
        value = read_value(place)
        if isinstance(value, Recipe):
            place.refuse("a seed is a value, not a recipe")
        return value
    operand = read_operand(place)
    if isinstance(operand, tuple):
        place.refuse("a seed is one tensor or one number")
    return operand
