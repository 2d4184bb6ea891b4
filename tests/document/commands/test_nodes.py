"""Commands on nodes: what each makes, and what it refuses."""

import numpy as np

from gradstudio.document.calls import (
    Backward,
    ZeroGrad,
)  # fmt: skip
from gradstudio.document.commands.nodes import (
    AddNode,
    Bypass,
    DeleteNodes,
    Rename,
    SetAttr,
    SetFresh,
    SetLeafValue,
    SetRequiresGrad,
    SetRetainGrad,
)  # fmt: skip
from gradstudio.document.commands.script import (
    AppendCall,
    BackwardFrom,
)  # fmt: skip
from gradstudio.document.graph import INSTANCE, LEAF, Literal, Node, Recipe, Ref
from gradstudio.document.map import Map
from tests.document.commands.table import ACC, FRAMED, RESULTS, SMALL, TRAINED, Case, Refusal, call, each, each_refusal, field
from tests.document.making import array, document, leaf, op, order

INSTANCE_OF_G1 = Node("n90", INSTANCE, (None,), group="g1")
CASES = [
    Case("add a node at the end", SMALL, AddNode(op("n9", "neg", "n4"), "main", (10, 20)), order, ("n1", "n2", "n3", "n4", "n9")),
    Case("add a node at a place", SMALL, AddNode(op("n9", "neg", "n4"), "main", (10, 20)), lambda d: d.layout.positions["n9"], (10, 20)),
    Case(
        "add a node into a wire",
        SMALL,
        AddNode(op("n9", "neg", "n3"), "main", (0, 0), (("n4", (0,)),)),
        lambda d: (order(d), d.graph.nodes["n4"].inputs),
        (("n1", "n2", "n3", "n9", "n4"), (Ref("n9"),)),
    ),
    Case(
        "a node's value is kept read-only",
        SMALL,
        AddNode(Node("n9", LEAF, value=np.zeros(2)), "main", (0, 0)),
        lambda d: d.graph.nodes["n9"].value.flags.writeable,
        False,
    ),
    Case("delete a node out of operands", SMALL, DeleteNodes(("n3",)), field("n4", "inputs"), (None,)),
    Case(
        "delete a node out of roots and seeds",
        AppendCall(Backward(id="c9", roots=(Ref("n3"), Ref("n4")), seeds=(Literal(1.0), Literal(2.0)))).apply(SMALL),
        DeleteNodes(("n3",)),
        call("c9"),
        Backward(id="c9", roots=(Ref("n4"),), seeds=(Literal(2.0),)),
    ),
    Case(
        "a deleted seed leaves its root",
        AppendCall(Backward(id="c9", roots=(Ref("n3"), Ref("n4")), seeds=(Ref("n1"), Literal(2.0)))).apply(SMALL),
        DeleteNodes(("n1",)),
        call("c9"),
        Backward(id="c9", roots=(Ref("n3"), Ref("n4")), seeds=(None, Literal(2.0))),
    ),
    Case("delete a node out of targets", ACC, DeleteNodes(("n2",)), call("c6"), ZeroGrad(id="c6", targets=(Ref("n1"), Ref("n3")))),
    Case("delete a node out of optimizers", TRAINED, DeleteNodes(("n1",)), lambda d: d.optimizers["o1"].params, (Ref("n2"),)),
    Case("delete a node out of the layout", ACC, DeleteNodes(("n1",)), lambda d: "n1" in d.layout.positions, False),
    Case(
        "delete an element of a list",
        document(leaf("n1"), leaf("n2"), op("n3", "cat", ("n1", "n2"))),
        DeleteNodes(("n1",)),
        field("n3", "inputs"),
        ((None, Ref("n2")),),
    ),
    Case("delete the last node of a frame", ACC, DeleteNodes(("n6",)), lambda d: list(d.graph.frames), []),
    Case("an outer frame stays for the inner", FRAMED, DeleteNodes(("n2",)), lambda d: list(d.graph.frames), ["f1", "f2"]),
    Case("delete a wire", SMALL, DeleteNodes((), (("n3", (1,)),)), field("n3", "inputs"), (Ref("n1"), None)),
    Case(
        "results of Grad move up with its inputs",
        RESULTS,
        DeleteNodes(("n1",)),
        lambda d: (d.graph.nodes["n4"].inputs, d.call("c3").refs()),
        ((None, Ref("c2", 0)), (Ref("c2", 0),)),
    ),
    Case("a name of Grad goes with its input", RESULTS, DeleteNodes(("n1",)), lambda d: d.call("c2").names, ("b",)),
    Case("bypass a node", SMALL, Bypass("n4"), lambda d: (order(d), len(d.graph.nodes)), (("n1", "n2", "n3"), 3)),
    Case(
        "bypass leads readers to the first tensor",
        ACC,
        Bypass("n5"),
        lambda d: (d.graph.nodes["n8"].inputs, d.graph.nodes["n10"].inputs),
        ((Ref("n4"), Ref("n6")), (Ref("n4"),)),
    ),
    Case("bypass leads roots too", BackwardFrom(Ref("n4"), "c9").apply(SMALL), Bypass("n4"), lambda d: d.call("c2").refs(), (Ref("n3"),)),
    Case("rename", SMALL, Rename("n3", 0, "z"), field("n3", "names"), ("z",)),
    Case("take a name away", SMALL, Rename("n1", 0, None), field("n1", "names"), ()),
    Case(
        "name a further output",
        document(leaf("n1"), op("n2", "max", "n1", attrs=Map({"dim": 0}))),
        Rename("n2", 1, "i"),
        field("n2", "names"),
        (None, "i"),
    ),
    Case("name a result of Grad", RESULTS, Rename("c2", 1, "gy"), lambda d: d.call("c2").names, ("a", "gy")),
    Case("set a value", SMALL, SetLeafValue("n1", array([1, 2], "int64")), lambda d: d.graph.nodes["n1"].value.tolist(), [1, 2]),
    Case(
        "set a recipe", SMALL, SetLeafValue("n1", Recipe("randn", (2,), "float32")), field("n1", "value"), Recipe("randn", (2,), "float32")
    ),
    Case("set an attr", document(op("n1", "sum", None)), SetAttr("n1", "dim", 0), lambda d: dict(d.graph.nodes["n1"].attrs), {"dim": 0}),
    Case(
        "an attr at its default is not stored",
        document(op("n1", "sum", None, attrs=Map({"keepdim": True}))),
        SetAttr("n1", "keepdim", False),
        lambda d: dict(d.graph.nodes["n1"].attrs),
        {},
    ),
    Case(
        "requires_grad on",
        SMALL,
        SetRequiresGrad(("n1", "n2"), True),
        lambda d: [d.graph.nodes[n].requires_grad for n in ("n1", "n2")],
        [True, True],
    ),
    Case("retain_grad on", SMALL, SetRetainGrad("n3", 0, True), field("n3", "retain_grad"), (0,)),
    Case("retain_grad off", SetRetainGrad("n3", 0, True).apply(SMALL), SetRetainGrad("n3", 0, False), field("n3", "retain_grad"), ()),
    Case("fresh", SMALL, SetFresh("n1", True), field("n1", "fresh"), True),
    Case("in a definition", ACC, Rename("n13", 0, "squares"), lambda d: d.groups["g1"].graph.nodes["n13"].name, "squares"),
]
REFUSALS = [
    Refusal(SMALL, AddNode(leaf("n1"), "main", (0, 0)), "already there"),
    Refusal(ACC, AddNode(leaf("n12"), "main", (0, 0)), "already there"),
    Refusal(SMALL, AddNode(leaf("n9"), "other", (0, 0)), "no block other"),
    Refusal(SMALL, AddNode(Node("n9", LEAF), "main", (0, 0)), "a leaf needs a start value"),
    Refusal(SMALL, AddNode(Node("n9", "exp", value=array(1.0)), "main", (0, 0)), "only a leaf"),
    Refusal(SMALL, AddNode(op("n9", "exp", "n77"), "main", (0, 0)), "there is no node n77"),
    Refusal(SMALL, AddNode(op("n9", "exp", "n1", frame="f5"), "main", (0, 0)), "the frame is no longer there"),
    Refusal(SMALL, AddNode(INSTANCE_OF_G1, "main", (0, 0)), "there is no group g1"),
    Refusal(SMALL, AddNode(Node("n9", LEAF, value=np.zeros((1,) * 9)), "main", (0, 0)), "at most 8 dimensions"),
    Refusal(SMALL, AddNode(Node("n9", LEAF, value=np.array(["text"])), "main", (0, 0)), "there is no dtype"),
    Refusal(SMALL, AddNode(leaf("n9", names=("a b",)), "main", (0, 0)), "a name is made of"),
    Refusal(SMALL, AddNode(op("n9", "exp", "n4"), "main", (0, 0), (("n3", (0,)),)), "close a circle"),
    Refusal(SMALL, DeleteNodes(("n77",)), "no longer there"),
    Refusal(SMALL, Bypass("n1"), "nothing is wired into"),
    Refusal(SMALL, Rename("n1", 0, "lambda"), "a word of Python"),
    Refusal(SMALL, Rename("n1", 0, ""), "at least one letter"),
    Refusal(SMALL, Rename("n1", 1, "z"), "no such output"),
    Refusal(RESULTS, Rename("c2", 2, "z"), "no such output"),
    Refusal(SMALL, SetLeafValue("n3", array(1.0)), "only a leaf"),
    Refusal(SMALL, SetLeafValue("n1", Recipe("download", (), "float32")), "no recipe download"),
    Refusal(SMALL, SetLeafValue("n1", Recipe("rand", (10**9,), "float32")), "above the limit"),
    Refusal(SMALL, SetLeafValue("n1", np.broadcast_to(np.float32(0), (10**4, 10**4))), "above the limit"),
    Refusal(document(op("n1", "sum", None)), SetAttr("n1", "no_such", 1), "no setting no_such"),
    Refusal(document(op("n1", "sum", None)), SetAttr("n1", "dim", {1}), "a set cannot stand here"),
    Refusal(SMALL, SetRequiresGrad(("n3",), True), "switch on leaves"),
    Refusal(SetLeafValue("n1", array(1, "int64")).apply(SMALL), SetRequiresGrad(("n1",), True), "only floating point"),
    Refusal(SMALL, SetRetainGrad("n1", 0, True), "only the output of an op"),
    Refusal(SMALL, SetRetainGrad("n3", 1, True), "only the output of an op"),
    Refusal(SMALL, SetFresh("n3", True), "only a leaf"),
]


@each(CASES)
def test_it_makes_this_and_leaves_its_input_alone(case: Case) -> None:
    case.check()


@each_refusal(REFUSALS)
def test_it_is_refused_in_words_and_nothing_changes(refusal: Refusal) -> None:
    refusal.check()
