"""A short way to say a document, run it, and carry a fix out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from gradstudio.document import labels
from gradstudio.document.calls import Backward, Call, Forward
from gradstudio.document.document import Document
from gradstudio.document.frames import Frame
from gradstudio.document.graph import Graph, Literal, Node, Ref
from gradstudio.document.groups import BODY, Group
from gradstudio.document.ids import highest
from gradstudio.document.map import Map
from gradstudio.document.script import Section
from gradstudio.explain.errors import explain_call
from gradstudio.explain.explanation import Explanation, Fix
from gradstudio.explain.why import grad_words
from gradstudio.session.run import Run, run


class Program:
    """Nodes and calls, in the order in which they are said."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.calls: list[Any] = []
        self.frames: dict[str, Frame] = {}
        self.groups: dict[str, Group] = {}

    def leaf(self, name: str, value: object, requires_grad: bool = True, dtype: str = "float32") -> Ref:
        array = np.array(value, dtype)
        array.flags.writeable = False
        return self._put("leaf", (), names=(name,), value=array, requires_grad=requires_grad)

    def op(self, op: str, *operands: object, name: str | None = None, frame: str | None = None, **attrs: object) -> Ref:
        inputs = tuple(o if isinstance(o, Ref | tuple) or o is None else Literal(o) for o in operands)
        if frame and frame not in self.frames:
            self.frames[frame] = Frame(frame, "no_grad")
        return self._put(op, inputs, names=(name,) if name else (), frame=frame, attrs=Map(attrs))

    def _put(self, op: str, inputs: tuple[object, ...], **fields: Any) -> Ref:
        node = Node(f"n{len(self.nodes) + 1}", op, inputs, **fields)
        self.nodes[node.id] = node
        return Ref(node.id)

    def group(self, name: str, *, op: str, operand: Ref, then: str = "") -> Ref:
        """An instance of a group of one op on one input, or of two; the first one's output is the group's."""
        first = 100 + 10 * len(self.groups)
        inner = [Node(f"n{first}", "input", names=("v",)), Node(f"n{first + 1}", op, (Ref(f"n{first}"),))]
        inner += [Node(f"n{first + 2}", then, (Ref(f"n{first}"),))] if then else []
        graph = Graph(Map([(n.id, n) for n in inner]), Map({BODY: tuple(n.id for n in inner)}))
        group = Group(f"g{len(self.groups) + 1}", name, graph, (inner[0].id,), (Ref(inner[1].id),))
        self.groups[group.id] = group
        return self._put("instance", (operand,), group=group.id)

    def do(self, kind: type[Call], **fields: Any) -> str:
        call_id = f"c{len(self.calls) + 1}"
        self.calls.append(kind(id=call_id, **fields))
        return call_id

    def forward(self) -> str:
        return self.do(Forward, block="main")

    def backward(self, *roots: Ref, **fields: Any) -> str:
        return self.do(Backward, roots=roots, **fields)

    def document(self) -> Document:
        graph = Graph(Map(self.nodes), Map({"main": tuple(self.nodes)}), Map(self.frames))
        return Document(graph=graph, groups=Map(self.groups), script=(Section("", tuple(self.calls)),))


class Ids:
    """New ids for the commands of a fix."""

    def __init__(self, document: Document) -> None:
        self.highest = highest(document)

    def __call__(self, letter: str) -> str:
        self.highest[letter] += 1
        return f"{letter}{self.highest[letter]}"


def failure(document: Document, k: int | None = None) -> Explanation:
    """Run a document and explain the first call that raised."""
    result = run(document)
    raised = next(call for call, outcome in result.trace.outcomes.items() if outcome.kind == "raised")
    found = explain_call(document, result.trace, result.state_at(result.trace.end if k is None else k), raised)
    assert found is not None
    return found


def fixed(document: Document, fix: Fix) -> Document:
    """Return the document with a fix carried out."""
    new_id = Ids(document)
    for command in fix.commands(new_id):
        document = command.apply(document)
    return document


def outcomes(document: Document) -> list[str]:
    """How each call of a document ends."""
    return [outcome.kind for outcome in run(document).trace.outcomes.values()]


def why(program: Program | Document, label: str, k: int | None = None) -> Explanation | None:
    """Explain the `.grad` of a tensor at a step, the end by default."""
    document = program.document() if isinstance(program, Program) else program
    result = run(document)
    key = labels.of(document).by_label(label)
    assert key is not None
    return grad_words(document, result.trace, result.state_at(result.trace.end if k is None else k), key)


def words_of(fixes: Iterable[Fix]) -> list[str]:
    return [fix.words for fix in fixes]


def grad(result: Run, label: str) -> object:
    """The number in a `.grad` at the end of a run; None where there is none."""
    key = labels.of(result.document).by_label(label)
    assert key is not None
    view = result.state_at(result.trace.end).grads.get(key)
    return None if view is None else view.item if view.item is not None else list(view.cells)
