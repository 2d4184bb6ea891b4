"""What tests of commands share: the documents they start from, the form of a case, and what holds for every command."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from gradstudio.document.calls import Backward, Forward, Grad, Print, ZeroGrad
from gradstudio.document.codec import dumps
from gradstudio.document.commands.command import Command
from gradstudio.document.commands.optimizers import SetOptimizer
from gradstudio.document.document import Document, Optimizer
from gradstudio.document.frames import Frame
from gradstudio.document.graph import Node, Ref
from gradstudio.document.rules import Refused
from gradstudio.document.script import Repeat
from tests.document.making import assert_holds, document, example, leaf, op

ACC = example("accumulation")
SMALL = document(
    leaf("n1", names=("x",)), leaf("n2"), op("n3", "mul", "n1", "n2"), op("n4", "exp", "n3"), calls=(Backward(id="c2", automatic=True),)
)
TWO = document(
    leaf("n1"),
    op("n2", "exp", "n1"),
    op("n3", "neg", "n2"),
    blocks={"main": ("n1", "n2"), "update": ("n3",)},
    calls=(Forward(id="c2", block="update"),),
)
FRAMED = document(
    leaf("n1"), op("n2", "exp", "n1", frame="f1"), op("n3", "neg", "n2", frame="f2"), op("n4", "sin", "n3"),
    frames=(Frame("f1", "no_grad"), Frame("f2", "enable_grad", "f1")),
)  # fmt: skip
LOOP = document(leaf("n1"), calls=(Repeat("c2", 3, (Forward(id="c3", block="main"), Print(id="c4"))), Print(id="c5"), Print(id="c6")))
RESULTS = document(
    leaf("n1"), leaf("n2"), op("n3", "mul", "n1", "n2"), Node("n4", "add", (Ref("c2", 0), Ref("c2", 1))),
    calls=(Grad(id="c2", outputs=(Ref("n3"),), inputs=(Ref("n1"), Ref("n2")), names=("a", "b")),
           ZeroGrad(id="c3", targets=(Ref("c2", 1),))),
    blocks={"main": ("n1", "n2", "n3"), "b": ("n4",)},
)  # fmt: skip
TRAINED = SetOptimizer(Optimizer("o1", "SGD", (Ref("n1"), Ref("n2")))).apply(SMALL)


@dataclass(frozen=True)
class Case:
    """A command on a document, and what the result shows."""

    name: str
    doc: Document
    command: Command
    view: Callable[[Any], object]
    expected: object

    def check(self) -> None:
        """Assert the result, that the command is pure, and that the result is a document."""
        before = dumps(self.doc)
        made = self.command.apply(self.doc)
        assert self.view(made) == self.expected
        assert dumps(self.doc) == before
        assert dumps(self.command.apply(self.doc)) == dumps(made), "the same command gives the same document"
        assert self.command.label
        assert self.command.gesture == 0
        assert_holds(made)


@dataclass(frozen=True)
class Refusal:
    """A command that a document does not allow, and words of the reason."""

    doc: Document
    command: Command
    words: str

    def check(self) -> None:
        """Assert that the command is refused in these words, and that nothing changes."""
        before = dumps(self.doc)
        with pytest.raises(Refused, match=self.words):
            self.command.apply(self.doc)
        assert dumps(self.doc) == before


def each(cases: list[Case]) -> pytest.MarkDecorator:
    """Return the mark that runs a test on each case."""
    return pytest.mark.parametrize("case", cases, ids=[case.name for case in cases])


def each_refusal(refusals: list[Refusal]) -> pytest.MarkDecorator:
    """Return the mark that runs a test on each refusal."""
    return pytest.mark.parametrize("refusal", refusals, ids=[f"{r.command.label}: {r.words}" for r in refusals])


def field(node_id: str, name: str) -> Callable[[Document], object]:
    return lambda doc: getattr(doc.graph.nodes[node_id], name)


def ids(doc: Document) -> list[Any]:
    """Return the ids of the script, those of a repeat as a list."""
    return [[each.id for each in s.body] if isinstance(s, Repeat) else s.id for section in doc.script for s in section.body]


def call(call_id: str) -> Callable[[Document], object]:
    return lambda doc: doc.call(call_id)
