"""Commands on blocks: what each makes, and what it refuses."""

from gradstudio.document.calls import (
    Forward,
)  # fmt: skip
from gradstudio.document.commands.blocks import MoveStatement, MoveToBlock, NewBlock, RemoveBlock, RenameBlock
from gradstudio.document.commands.nodes import (
    AddNode,
    DeleteNodes,
)  # fmt: skip
from gradstudio.document.commands.script import (
    ClearScript,
)  # fmt: skip
from gradstudio.document.frames import Frame
from tests.document.commands.table import ACC, FRAMED, SMALL, TWO, Case, Refusal, each, each_refusal, ids
from tests.document.making import document, leaf, op, order

SIDE = document(leaf("n1"), op("n2", "exp", "n1"), leaf("n3"), op("n4", "neg", "n3"), op("n5", "add", "n2", "n4"))
AROUND = document(
    leaf("n1"),
    op("n2", "exp", "n1", frame="f1"),
    op("n3", "neg", "n2", frame="f1"),
    op("n4", "sin", "n1"),
    frames=(Frame("f1", "no_grad"),),
)
WRITING = document(leaf("n1"), op("n2", "exp", "n1"), op("n3", "neg", "n2"), op("n4", "zero_", "n2"))
ACC_TWO = AddNode(op("n50", "exp", "n12"), "body", (0, 0), home="g1").apply(ACC)

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
    Case("a statement earlier", SIDE, MoveStatement("n4", -1), order, ("n1", "n3", "n4", "n2", "n5")),
    Case("a statement later", SIDE, MoveStatement("n2", 1), order, ("n1", "n3", "n4", "n2", "n5")),
    Case("a statement past a frame", AROUND, MoveStatement("n4", -1), order, ("n1", "n4", "n2", "n3")),
    Case("a statement in a group", ACC_TWO, MoveStatement("n50", -1), lambda d: d.groups["g1"].graph.blocks["body"][-2:], ("n50", "n15")),
]
REFUSALS = [
    Refusal(SIDE, MoveStatement("n5", -1), "before what it reads"),
    Refusal(SIDE, MoveStatement("n4", 1), "before what it reads"),
    Refusal(SIDE, MoveStatement("n2", -1), "the first statement of its block"),
    Refusal(SIDE, MoveStatement("n1", 1), "there before the first statement"),
    Refusal(SIDE, MoveStatement("n77", 1), "no longer there"),
    Refusal(AROUND, MoveStatement("n2", -1), "the first statement of its frame"),
    Refusal(WRITING, MoveStatement("n4", -1), "writes in place"),
    Refusal(ACC, MoveStatement("n13", -1), "the first statement of its block"),
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
