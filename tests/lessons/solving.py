"""Ways to solve the lessons: the commands of each, as a person would do them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradstudio.document.calls import Backward, Forward
from gradstudio.document.commands.command import Command
from gradstudio.document.commands.frames import WrapInFrame
from gradstudio.document.commands.nodes import AddNode, SetLeafValue, SetRequiresGrad
from gradstudio.document.commands.script import AppendCall, BackwardFrom, EditCall, MoveCall, RemoveCalls, SetCallEnabled
from gradstudio.document.commands.wires import Connect, DetachWire
from gradstudio.document.document import Document
from gradstudio.document.graph import Literal, Node, Ref
from gradstudio.lessons.ended import Ended, ended
from gradstudio.lessons.lesson import Lesson, read_lesson, shipped
from gradstudio.lessons.mark import Mark, mark
from gradstudio.session.run import run

Solution = tuple[Command, ...]


def lesson(name: str) -> Lesson:
    """Return a lesson that ships."""
    return read_lesson(shipped()[name])


def after(document: Document, commands: Sequence[Command]) -> Document:
    """Return the document with commands carried out."""
    for command in commands:
        document = command.apply(document)
    return document


def end_of(made: Lesson, commands: Sequence[Command] = ()) -> Ended:
    """Return the end of a run of a lesson's start, with commands carried out."""
    return ended(run(after(made.start, commands)), made.start)


def marked(name: str, commands: Sequence[Command] = ()) -> Mark:
    """Return the mark of a lesson's start, with commands carried out."""
    made = lesson(name)
    return mark(made, end_of(made, commands))


def unmet(made: Mark) -> list[str]:
    """Return the complaints of a mark."""
    return [verdict.complaint for verdict in made.verdicts if verdict.complaint is not None]


def backward(call: str, *roots: str, **fields: Any) -> Backward:
    """Return a backward from nodes."""
    return Backward(id=call, roots=tuple(map(Ref, roots)), **fields)


def forward(call: str) -> Forward:
    """Return a forward of the block main."""
    return Forward(id=call, block="main")


def add(node: str, name: str | None, *sources: str) -> AddNode:
    """Return the command that adds an add node."""
    return AddNode(Node(node, "add", tuple(map(Ref, sources)), names=(name,) if name else ()), "main", (480, 100))


def four_more() -> Solution:
    """Forward and backward, four times more."""
    return tuple(AppendCall(forward(f"c{i}") if i % 2 else backward(f"c{i}", "n2")) for i in range(3, 11))


def kept_graph(passes: int) -> Solution:
    """Several passes over one graph, kept until the last."""
    calls = [backward(f"c{i}", "n2", retain_graph=True if i <= passes else None) for i in range(2, passes + 2)]
    return (EditCall(calls[0]), *map(AppendCall, calls[1:]))


def seed(*v: float) -> Solution:
    """The seed v."""
    return (SetLeafValue("n2", np.array(v, "float32")),)


def safe(instead: float) -> Solution:
    """A where in front of sqrt."""
    return (AddNode(Node("n6", "where", (Ref("n2"), Ref("n1"), Literal(instead))), "main", (120, 300)), Connect(Ref("n6"), "n3", (0,)))


FROM_SUM: Solution = (add("n5", "S", "n3", "n4"), RemoveCalls(("c2", "c3")), AppendCall(backward("c4", "n5")))
SOLUTIONS: dict[str, tuple[Solution, ...]] = {
    "hidden-graph": ((add("n4", "z", "n1", "n3"),), (add("n4", "z", "n3", "n1"),)),
    "requires-grad": ((SetRequiresGrad(("n1",), True), SetRequiresGrad(("n2",), False)),),
    "backward": ((SetRequiresGrad(("n2",), True), BackwardFrom(Ref("n5"), "c2")),),
    "accumulation": (four_more(), kept_graph(5)),
    "retain-graph": (
        (EditCall(backward("c2", "n3", retain_graph=True)),),
        (EditCall(backward("c2", "n3", "n4")), RemoveCalls(("c3",))),
        FROM_SUM,
        (AppendCall(forward("c4"), index=2),),
    ),
    "zero-grad": ((SetCallEnabled(("c5",), True), MoveCall("c5", 3)),),
    "detach": ((DetachWire("n2", (0,), "n3"),), (DetachWire("n2", (1,), "n3"),)),
    "straight-through": ((DetachWire("n4", (1,), "n6"),), (DetachWire("n3", (1,), "n6"),)),
    "no-grad": ((WrapInFrame(("n5", "n6"), "no_grad", ("f1",)),), (WrapInFrame(("n6",), "no_grad", ("f1",)),)),
    "vector-roots": (seed(2, 1),),
    "nan-hunt": (
        safe(1.0),
        safe(0.0),
        (AddNode(Node("n6", "add", (Ref("n1"), Literal(1e-12))), "main", (120, 300)), Connect(Ref("n6"), "n3", (0,))),
    ),
}
