"""Short ways to say a document in a test."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.document import codec
from gradstudio.document.document import Document, Optimizer
from gradstudio.document.frames import Frame
from gradstudio.document.graph import Graph, Literal, Node, Ref
from gradstudio.document.groups import Group
from gradstudio.document.map import Map
from gradstudio.document.script import Section


def leaf(node_id: str, name: str | None = None, value: Any = 2.0, grad: bool = True, **more: Any) -> Node:
    """Return a leaf; a number becomes a float32 scalar."""
    array = np.array(value, np.float32) if isinstance(value, float | list) else value
    return Node(node_id, "leaf", names=(name,) if name else (), value=array, requires_grad=grad, **more)


def op(node_id: str, name: str, *inputs: Any, names: Any = None, **more: Any) -> Node:
    """Return an op. A text is a node's output 0, a number a literal, a tuple several."""
    return Node(node_id, name, tuple(map(operand, inputs)), names=(names,) if isinstance(names, str) else names or (), **more)


def operand(value: Any) -> Any:
    """Return an operand: `n1`, `n1.grad`, a number, None, several."""
    if isinstance(value, str):
        return Ref(value.removesuffix(".grad"), 0, value.endswith(".grad"))
    if isinstance(value, tuple):
        return tuple(map(operand, value))
    return value if value is None or isinstance(value, Ref | Literal) else Literal(value)


def document(
    nodes: list[Node] | dict[str, list[Node]], *calls: Any, frames: tuple[Frame, ...] = (), groups: tuple[Group, ...] = (), **more: Any
) -> Document:
    """Return a document of one section (or of those given), as the codec reads it back."""
    blocks = nodes if isinstance(nodes, dict) else {"main": nodes}
    graph = Graph(
        Map((n.id, n) for each in blocks.values() for n in each),
        Map((block, tuple(n.id for n in each)) for block, each in blocks.items()),
        Map((f.id, f) for f in frames),
    )
    script = calls if calls and isinstance(calls[0], Section) else (Section("", calls),)
    optimizers: Map[str, Optimizer] = Map((o.id, o) for o in more.pop("optimizers", ()))
    made = Document(graph=graph, groups=Map((g.id, g) for g in groups), script=script, optimizers=optimizers, **more)
    return codec.document_from(codec.tree(made))


def group(group_id: str, name: str, nodes: list[Node], *outputs: str, frames: tuple[Frame, ...] = ()) -> Group:
    """Return a group; its inputs are its nodes of op `input`."""
    graph = Graph(Map((n.id, n) for n in nodes), Map({"body": tuple(n.id for n in nodes)}), Map((f.id, f) for f in frames))
    return Group(group_id, name, graph, tuple(n.id for n in nodes if n.op == "input"), tuple(operand(out) for out in outputs))
