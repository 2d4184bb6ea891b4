"""Commands on blocks: what each makes, and what it refuses."""

from gradstudio.document.calls import (
    Forward,
)  # fmt: skip
from gradstudio.document.commands.blocks import MoveToBlock, NewBlock, RemoveBlock, RenameBlock
from gradstudio.document.commands.nodes import (
    DeleteNodes,
)  # fmt: skip
from gradstudio.document.commands.script import (
    ClearScript,
)  # fmt: skip
from tests.document.commands.table import FRAMED, SMALL, TWO, Case, Refusal, each, each_refusal, ids
from tests.document.making import order

CASES = [
    Case("new block", SMALL, NewBlock("update", "c9"), lambda d: (dict(d.graph.blocks)["update"], ids(d)), ((), ["c1", "c2", "c9"])),
    Case("move to a block", TWO, MoveToBlock(("n2",), "update"), lambda d: dict(d.graph.blocks), {"main": ("n1",), "update": ("n2", "n3")}),
    Case(
        "move a frame to a block", NewBlock("b", "c9").apply(FRAMED), MoveToBlock(("n2", "n3"), "b"), lambda d: order(d, "b"), ("n2", "n3")
    ),
    Case(
        "rename a block",
        TWO,
        RenameBlock("update", "step"),
        lambda d: ([*d.graph.blocks], d.call("c2")),
        (["main", "step"], Forward(id="c2", block="step")),
    ),
    Case(
        "remove a block",
        MoveToBlock(("n3",), "main").apply(TWO),
        RemoveBlock("update"),
        lambda d: ([*d.graph.blocks], ids(d)),
        (["main"], ["c1"]),
    ),
]
REFUSALS = [
    Refusal(SMALL, NewBlock("main", "c9"), "a block main already"),
    Refusal(SMALL, NewBlock("for", "c9"), "a word of Python"),
    Refusal(SMALL, MoveToBlock(("n1",), "nowhere"), "no block nowhere"),
    Refusal(NewBlock("b", "c9").apply(FRAMED), MoveToBlock(("n2",), "b"), "take the whole frame"),
    Refusal(TWO, RenameBlock("update", "main"), "a block main already"),
    Refusal(TWO, RemoveBlock("update"), "not empty"),
    Refusal(ClearScript().apply(DeleteNodes(("n1", "n2", "n3", "n4")).apply(SMALL)), RemoveBlock("main"), "at least one block"),
]


@each(CASES)
def test_it_makes_this_and_leaves_its_input_alone(case: Case) -> None:
    case.check()


@each_refusal(REFUSALS)
def test_it_is_refused_in_words_and_nothing_changes(refusal: Refusal) -> None:
    refusal.check()
