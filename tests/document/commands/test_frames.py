"""Commands on frames: what each makes, and what it refuses."""

from gradstudio.document.commands.frames import Unwrap, UnwrapNodes, WrapInFrame
from gradstudio.document.frames import Frame
from gradstudio.document.map import Map
from tests.document.commands.table import ACC, FRAMED, SMALL, Case, Refusal, each, each_refusal

CASES = [
    Case(
        "wrap",
        SMALL,
        WrapInFrame(("n3", "n4"), "no_grad", ("f1",)),
        lambda d: [d.graph.nodes[n].frame for n in ("n2", "n3", "n4")],
        [None, "f1", "f1"],
    ),
    Case(
        "wrap what does not lie together",
        ACC,
        WrapInFrame(("n4", "n8"), "no_grad", ("f8", "f9")),
        lambda d: [d.graph.nodes[n].frame for n in ("n4", "n8")],
        ["f8", "f9"],
    ),
    Case(
        "wrap a whole frame and more",
        FRAMED,
        WrapInFrame(("n2", "n3", "n4"), "no_grad", ("f9",)),
        lambda d: ([d.graph.nodes[n].frame for n in ("n2", "n3", "n4")], d.graph.frames["f1"].parent),
        (["f1", "f2", "f9"], "f9"),
    ),
    Case(
        "wrap part of a frame",
        FRAMED,
        WrapInFrame(("n2", "n4"), "no_grad", ("f8", "f9")),
        lambda d: ([d.graph.nodes[n].frame for n in ("n2", "n4")], d.graph.frames["f8"].parent),
        (["f8", "f9"], "f1"),
    ),
    Case(
        "unwrap",
        FRAMED,
        Unwrap("f1"),
        lambda d: (d.graph.nodes["n2"].frame, d.graph.frames),
        (None, Map({"f2": Frame("f2", "enable_grad")})),
    ),
    Case("unwrap nodes", FRAMED, UnwrapNodes(("n3",)), lambda d: (d.graph.nodes["n3"].frame, list(d.graph.frames)), ("f1", ["f1"])),
]
REFUSALS = [
    Refusal(SMALL, WrapInFrame((), "no_grad", ()), "select the nodes"),
    Refusal(ACC, WrapInFrame(("n4", "n8"), "no_grad", ("f9",)), "lies in 2 stretches"),
    Refusal(SMALL, Unwrap("f1"), "no longer there"),
    Refusal(SMALL, UnwrapNodes(("n3",)), "in no frame"),
]


@each(CASES)
def test_it_makes_this_and_leaves_its_input_alone(case: Case) -> None:
    case.check()


@each_refusal(REFUSALS)
def test_it_is_refused_in_words_and_nothing_changes(refusal: Refusal) -> None:
    refusal.check()
