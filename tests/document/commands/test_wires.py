"""Commands on wires: what each makes, and what it refuses."""

from gradstudio.document.commands.nodes import (
    Rename,
)  # fmt: skip
from gradstudio.document.commands.wires import Connect, DetachWire, Disconnect, SetLiteral, SwapInputs
from gradstudio.document.graph import Literal, Ref
from tests.document.commands.table import ACC, FRAMED, SMALL, TWO, Case, Refusal, each, each_refusal, field
from tests.document.making import document, leaf, op, order

CASES = [
    Case(
        "a wire in a definition", ACC, Connect(Ref("n13"), "n15", (1,)), lambda d: d.groups["g1"].graph.nodes["n15"].inputs[1], Ref("n13")
    ),
    Case("connect", SMALL, Connect(Ref("n1"), "n4", (0,)), field("n4", "inputs"), (Ref("n1"),)),
    Case(
        "connect a further port",
        document(leaf("n1"), op("n2", "add")),
        Connect(Ref("n1"), "n2", (1,)),
        field("n2", "inputs"),
        (None, Ref("n1")),
    ),
    Case(
        "connect into a list",
        document(leaf("n1"), op("n2", "cat")),
        Connect(Ref("n1"), "n2", (0, 1)),
        field("n2", "inputs"),
        ((None, Ref("n1")),),
    ),
    Case("connect a .grad", TWO, Connect(Ref("n2", grad=True), "n3", (0,)), field("n3", "inputs"), (Ref("n2", grad=True),)),
    Case("disconnect", SMALL, Disconnect("n3", (0,)), field("n3", "inputs"), (None, Ref("n2"))),
    Case("set a literal", SMALL, SetLiteral("n3", (1,), Literal(2.5)), field("n3", "inputs"), (Ref("n1"), Literal(2.5))),
    Case("swap inputs", SMALL, SwapInputs("n3"), field("n3", "inputs"), (Ref("n2"), Ref("n1"))),
    Case("swap a tensor and a number", ACC, SwapInputs("n4"), field("n4", "inputs"), (Literal(2), Ref("n1"))),
    Case(
        "detach a wire",
        SMALL,
        DetachWire("n4", (0,), "n9"),
        lambda d: (order(d), d.graph.nodes["n4"].inputs, d.graph.nodes["n9"].inputs),
        (("n1", "n2", "n3", "n9", "n4"), (Ref("n9"),), (Ref("n3"),)),
    ),
    Case(
        "detach it again",
        DetachWire("n4", (0,), "n9").apply(SMALL),
        DetachWire("n4", (0,), "n10"),
        lambda d: (order(d), d.graph.nodes["n4"].inputs),
        (order(SMALL), (Ref("n3"),)),
    ),
    Case(
        "a named detach is not taken away",
        Rename("n10", 0, "cut").apply(ACC),
        DetachWire("n11", (0,), "n99"),
        field("n99", "inputs"),
        (Ref("n10"),),
    ),
    Case("a detach into a frame lies in it", FRAMED, DetachWire("n3", (0,), "n9"), field("n9", "frame"), "f2"),
]
REFUSALS = [
    Refusal(SMALL, Connect(Ref("n4"), "n3", (0,)), "close a circle"),
    Refusal(SMALL, Connect(Ref("n1"), "n3", (2,)), "mul has no input 3"),
    Refusal(SMALL, Connect(Ref("n1"), "n2", (0,)), "leaf has no input 1"),
    Refusal(SMALL, Connect(Ref("n1", 1), "n4", (0,)), "no output 1"),
    Refusal(SMALL, Connect(Ref("n77"), "n4", (0,)), "there is no node n77"),
    Refusal(SMALL, Connect(Ref("n1"), "n77", (0,)), "no longer there"),
    Refusal(SMALL, Connect(Ref("n1"), "n4", (0, 0)), "one tensor"),
    Refusal(ACC, Connect(Ref("n1"), "n13", (0,)), "there is no node n1 here"),
    Refusal(ACC, Connect(Ref("n3"), "n7", (1,)), "instance has no input 2"),
    Refusal(SMALL, Connect(Ref("n1"), "n4", ()), "no such port"),
    Refusal(SMALL, SetLiteral("n4", (0,), Literal(2)), "only a tensor"),
    Refusal(SMALL, SetLiteral("n3", (0,), Literal(2**70)), "63 bits"),
    Refusal(SMALL, SetLiteral("n3", (0,), Literal([1])), "a list cannot stand here"),
    Refusal(SMALL, SwapInputs("n4"), "no two inputs"),
    Refusal(SMALL, DetachWire("n3", (2,), "n9"), "no wire to detach"),
    Refusal(ACC, DetachWire("n4", (1,), "n99"), "no wire to detach"),
]


@each(CASES)
def test_it_makes_this_and_leaves_its_input_alone(case: Case) -> None:
    case.check()


@each_refusal(REFUSALS)
def test_it_is_refused_in_words_and_nothing_changes(refusal: Refusal) -> None:
    refusal.check()
