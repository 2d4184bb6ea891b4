"""What a document may hold: names, literals, the operands that an op takes, counts. One place for each rule that has no other home."""

from __future__ import annotations

import builtins
import keyword
import math
import unicodedata
from collections.abc import Iterator

from msgspec import Struct

from gradstudio.document.document import Document
from gradstudio.document.graph import INPUT, INSTANCE, LEAF, Graph, GroupId, Node, NodeId, Operand, OperandPath, Ref
from gradstudio.document.groups import Group
from gradstudio.document.limits import MAX_FAN_IN, MAX_INTEGER, MAX_NAME, MAX_NEST
from gradstudio.document.map import Map
from gradstudio.engine import TABLE
from gradstudio.engine.dtypes import NAMES

Groups = Map[GroupId, Group]
DTYPES = NAMES
RECIPES = {  # factory functions of PyTorch -> how many args they take beside shape and dtype, at most
    "zeros": 0, "ones": 0, "empty": 0, "full": 1, "rand": 0, "randn": 0, "randint": 2, "normal": 2, "randperm": 1,
    "arange": 3, "linspace": 3, "eye": 2,
}  # fmt: skip
NUMBER_KINDS = frozenset({"operand", "number", "index"})  # input kinds that take a literal
TENSOR_KINDS = frozenset({"tensor", "tensors", "operand", "index"})


class Refused(Exception):
    """A command that the document does not allow; the message says why, to the person who asked. Nothing was changed."""


def name_fault(name: object) -> str | None:
    """Return why a text is no name, in words; None if it is one."""
    if not isinstance(name, str) or not name:
        return "a name needs at least one letter"
    if len(name) > MAX_NAME:
        return f"a name has at most {MAX_NAME} characters"
    if not name.isidentifier():
        return "a name is made of letters, digits and _, and starts with no digit"
    if unicodedata.normalize("NFKC", name) != name:
        return "a name is written in plain characters (NFKC)"
    return f"{name} is a word of Python" if keyword.iskeyword(name) else None


def is_builtin(name: str) -> bool:
    """Say whether Python already gives the name a meaning (export then appends `_1`)."""
    return hasattr(builtins, name)


def literal_fault(value: object) -> str | None:
    """Return why a Python value cannot stand in a document; None if it can."""
    if value is None or value is Ellipsis or isinstance(value, bool | float):
        return None
    if isinstance(value, int):
        return None if abs(value) <= MAX_INTEGER else "a whole number has at most 63 bits"
    if isinstance(value, str):
        return text_fault(value)
    if isinstance(value, slice):
        parts = (value.start, value.stop, value.step)
        whole = all(part is None or (type(part) is int and abs(part) <= MAX_INTEGER) for part in parts)
        return None if whole else "a slice is made of whole numbers"
    if isinstance(value, tuple) and len(value) <= MAX_FAN_IN:
        faults = (literal_fault(item) if not isinstance(item, tuple) else "no tuples within tuples" for item in value)
        return next((fault for fault in faults if fault), None)
    return f"a {type(value).__name__} cannot stand here"


def text_fault(text: str) -> str | None:
    """Return why a text cannot be written to a file; None if it can."""
    if "\0" in text:
        return "the text holds a NUL character"
    return "the text holds half a character (a lone surrogate)" if any("\ud800" <= c <= "\udfff" for c in text) else None


def is_finite(value: object) -> bool:
    """Say whether a value is a number that JSON can write."""
    return not isinstance(value, float) or math.isfinite(value)


def input_kind(op: str, index: int) -> str | None:
    """Return the kind of an op's operand; None where the op takes no such operand, "any" for an op not in the table."""
    row = TABLE.get(op)
    if row is None:
        return None if op in (LEAF, INPUT) else "tensor" if op == INSTANCE else "any"
    return row.inputs[index].kind if index < len(row.inputs) else None


def operand_fault(node: Node, path: OperandPath, operand: Operand, groups: Groups) -> str | None:
    """Return why an operand cannot stand at a path of a node; None if it can."""
    if len(path) > MAX_NEST or not path or any(i < 0 for i in path):
        return "there is no such port"
    kind = input_kind(node.op, path[0])
    if kind is None or (node.op == INSTANCE and path[0] >= input_count(node, groups)):
        return f"{node.op} has no input {path[0] + 1}"
    if path[-1] >= MAX_FAN_IN:
        return f"a node reads at most {MAX_FAN_IN:,} tensors"
    if len(path) > 1 and kind not in ("tensors", "index", "any"):
        return "this input takes one tensor"
    if kind == "any" or operand is None or isinstance(operand, tuple):
        return None
    return kind_fault(kind, operand, len(path))


def kind_fault(kind: str, operand: Operand, depth: int) -> str | None:
    """Return why an operand does not fit an input kind of the op table."""
    if not isinstance(operand, Ref):
        return None if kind in NUMBER_KINDS else "only a tensor can stand here"
    if kind == "tensors" and depth < 2:
        return "this input takes several tensors"
    return None if kind in TENSOR_KINDS else "only a number can stand here"


def input_count(node: Node, groups: Groups) -> int:
    """Return how many operands a node takes at its top level."""
    if node.op == INSTANCE:
        return len(groups[node.group].inputs) if node.group and node.group in groups else 0
    row = TABLE.get(node.op)
    return len(node.inputs) if row is None and node.op not in (LEAF, INPUT) else len(row.inputs) if row else 0


def output_count(node: Node, groups: Groups) -> int | None:
    """Return how many tensors a node makes; None where that depends on its operands (split, unbind) or the op is not known."""
    if node.op in (LEAF, INPUT):
        return 1
    if node.op == INSTANCE:
        return len(groups[node.group].outputs) if node.group and node.group in groups else None
    row = TABLE.get(node.op)
    return None if row is None or row.many else len(row.outputs)


def expanded_counts(document: Document) -> tuple[int, int]:
    """Return (nodes, wires) as shown: instances replaced by what they hold, input nodes not counted, a wire through a boundary once."""
    inside: dict[GroupId, Expanded] = {}
    for group in inner_first(document.groups):
        inside[group] = _expanded(document.groups[group].graph, document.groups[group].inputs, inside)
    whole = _expanded(document.graph, (), inside)
    return whole.nodes, whole.wires


class Expanded(Struct, frozen=True):
    """What a graph holds with its instances replaced: `readers` counts the wires that each input of a group becomes."""

    nodes: int
    wires: int
    readers: tuple[int, ...]


def _expanded(graph: Graph, inputs: tuple[NodeId, ...], inside: dict[GroupId, Expanded]) -> Expanded:
    nodes = wires = 0
    readers = dict.fromkeys(inputs, 0)
    for node in graph.nodes.values():
        within = inside.get(node.group or "") if node.op == INSTANCE else None
        nodes += within.nodes if within else node.op != INPUT
        wires += within.wires if within else 0
        for path, ref in node.refs():
            count = within.readers[path[0]] if within and path[0] < len(within.readers) else 1
            if ref.source in readers:
                readers[ref.source] += count
            else:
                wires += count
    return Expanded(nodes, wires, tuple(readers[i] for i in inputs))


def uses(graph: Graph) -> Iterator[GroupId]:
    """Yield the group of each instance in a graph."""
    return (node.group for node in graph.nodes.values() if node.op == INSTANCE and node.group is not None)


def inner_first(groups: Groups) -> list[GroupId]:
    """Return the groups so that each comes after those it uses. Raises Refused if one contains itself."""
    waiting = {group: {g for g in uses(groups[group].graph) if g in groups} for group in groups}
    users: dict[GroupId, list[GroupId]] = {group: [] for group in groups}
    for group, used in waiting.items():
        for inner in used:
            users[inner].append(group)
    ready = [group for group, used in waiting.items() if not used]
    for group in ready:
        for user in users[group]:
            waiting[user].discard(group)
            if not waiting[user]:
                ready.append(user)
    if len(ready) < len(groups):
        raise Refused(f"the group {next(groups[g].name for g in groups if waiting[g])} contains itself")
    return ready


def not_wired(op: str, i: int) -> str:
    """Return what an op waits for whose input i has nothing, in words: `other is not wired`."""
    row = TABLE.get(op)
    if row is None or i >= len(row.inputs):
        return "an input is not wired"
    return f"{row.inputs[i].argument} {'are' if row.inputs[i].kind == 'tensors' else 'is'} not wired"
