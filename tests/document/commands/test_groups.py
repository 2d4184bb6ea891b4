"""Commands on groups and on their boundaries: what each makes, what it refuses; grouping is taken back exactly."""

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gradstudio.document.calls import Backward
from gradstudio.document.codec import dumps
from gradstudio.document.commands.boundary import AddGroupInput, AddGroupOutput, RemoveGroupOutput
from gradstudio.document.commands.cut import inputs_needed
from gradstudio.document.commands.groups import AddInstance, GroupNodes, MakeUnique, RenameGroup, Ungroup, ids_of, ids_to_renew
from gradstudio.document.commands.nodes import DeleteNodes
from gradstudio.document.commands.wires import Connect
from gradstudio.document.document import Document
from gradstudio.document.frames import Frame
from gradstudio.document.graph import INPUT, INSTANCE, LEAF, Literal, Ref
from gradstudio.document.labels import of
from gradstudio.document.rules import Refused
from tests.document.commands.table import ACC, FRAMED, SMALL, TWO, Case, Refusal, each, each_refusal
from tests.document.making import assert_holds, document, documents, leaf, op, order

SQUARE = GroupNodes(("n4", "n5"), "square", "g2", "n20", ("n21", "n22"))
GROUPED = SQUARE.apply(ACC)
TWICE = AddInstance("g1", "n30", "main", (0, 0)).apply(ACC)
APART = document(leaf("n1"), op("n2", "exp", "n1"), op("n3", "neg", "n1"), leaf("n4"), op("n5", "mul", "n2", "n4"))
WRITTEN = document(leaf("n1"), op("n2", "exp", "n1"), op("n3", "neg", "n2"), op("n4", "zero_", "n2"), op("n5", "add", "n2", "n4"))
NESTED = GroupNodes(("n7", "n9"), "total", "g3", "n40", ("n41", "n42")).apply(ACC)


def new_ids(doc: Document, instance: str) -> dict[str, str]:
    return {old: f"{old[0]}{900 + i}" for i, old in enumerate(ids_to_renew(doc, instance))}


CASES = [
    Case(
        "group: ops go in, leaves stay outside as inputs",
        ACC,
        replace(SQUARE, ids=("n1", "n4", "n5")),
        lambda d: (order(d)[:5], d.groups["g2"].graph.blocks["body"], d.groups["g2"].outputs, d.graph.nodes["n20"].inputs),
        (("n1", "n2", "n3", "n20", "n6"), ("n21", "n22", "n4", "n5"), (Ref("n5"),), (Ref("n1"), Ref("n2"))),
    ),
    Case(
        "group: the instance bears the names of what it gives out, the inputs those of what they take",
        ACC,
        SQUARE,
        lambda d: (of(d).label(("n20",)), of(d).label(("n20", "n4")), [d.groups["g2"].graph.nodes[n].name for n in ("n21", "n22")]),
        ("z", "square/a", ["x", "y"]),
    ),
    Case(
        "group: calls follow to the instance",
        ACC,
        GroupNodes(("n8", "n9"), "total", "g2", "n20", ("n21", "n22", "n23")),
        lambda d: {c.roots for c in d.calls() if isinstance(c, Backward)},
        {(Ref("n20"),)},
    ),
    Case(
        "group what lies apart: together, and what has to come after it comes after",
        APART,
        GroupNodes(("n2", "n5"), "pair", "g1", "n20", ("n21", "n22")),
        order,
        ("n1", "n3", "n4", "n20"),
    ),
    Case(
        "group within a frame: the instance lies in it",
        FRAMED,
        GroupNodes(("n2",), "one", "g1", "n20", ("n21",)),
        lambda d: (d.graph.nodes["n20"].frame, d.groups["g1"].graph.nodes["n2"].frame),
        ("f1", None),
    ),
    Case(
        "group a whole frame and more: the frame goes along",
        FRAMED,
        GroupNodes(("n2", "n3", "n4"), "all", "g1", "n20", ("n21",)),
        lambda d: (list(d.graph.frames), [*d.groups["g1"].graph.frames.values()]),
        ([], [Frame("f1", "no_grad"), Frame("f2", "enable_grad", "f1")]),
    ),
    Case(
        "group a frame with a frame of leaves in it: that one stays outside, for leaves do",
        document(
            leaf("n1", frame="f2"), op("n2", "exp", "n1", frame="f1"), op("n3", "neg", "n2"),
            frames=(Frame("f1", "no_grad"), Frame("f2", "no_grad", "f1")),
        ),
        GroupNodes(("n2", "n3"), "all", "g1", "n20", ("n21",)),
        lambda d: ([*d.graph.frames.values()], d.graph.nodes["n1"].frame, [*d.groups["g1"].graph.frames.values()]),
        ([Frame("f2", "no_grad")], "f2", [Frame("f1", "no_grad")]),
    ),
    Case(
        "group: a .grad is an input of its own",
        document(leaf("n1", names=("w",)), op("n2", "mul", Ref("n1", grad=True), 0.1), op("n3", "sub_", "n1", "n2")),
        GroupNodes(("n2", "n3"), "update", "g1", "n20", ("n21", "n22")),
        lambda d: (d.graph.nodes["n20"].inputs, d.groups["g1"].graph.nodes["n21"].name),
        ((Ref("n1", grad=True), Ref("n1")), "w_grad"),
    ),
    Case(
        "group: the scissors between two of the selection go along",
        document(leaf("n1"), op("n2", "exp", "n1"), op("n3", "detach", "n2"), op("n4", "neg", "n3")),
        GroupNodes(("n2", "n4"), "cut", "g1", "n20", ("n21",)),
        lambda d: (d.groups["g1"].graph.blocks["body"], d.groups["g1"].outputs),
        (("n21", "n2", "n3", "n4"), (Ref("n2"), Ref("n4"))),
    ),
    Case(
        "group in a definition",
        ACC,
        GroupNodes(("n13", "n14"), "squares", "g2", "n20", ("n21",)),
        lambda d: (d.groups["g1"].graph.blocks["body"], d.groups["g2"].graph.blocks["body"]),
        (("n12", "n20", "n15"), ("n21", "n13", "n14")),
    ),
    Case(
        "ungroup a group's last node: the group above gives out what was in it",
        GroupNodes(("n15",), "last", "g2", "n20", ("n21",)).apply(ACC),
        Ungroup("n20"),
        lambda d: (d.groups["g1"].outputs, list(d.groups)),
        ((Ref("n15"),), ["g1"]),
    ),
    Case("ungroup: the only use takes the definition along", ACC, Ungroup("n7"), lambda d: (order(d)[6:9], list(d.groups)),
         (("n13", "n14", "n15"), [])),
    Case("ungroup: the name of the use is the node's", ACC, Ungroup("n7"), lambda d: d.graph.nodes["n15"].names, ("reg",)),
    Case("ungroup: another use keeps the definition", TWICE, Ungroup("n7", new_ids(TWICE, "n7")),
         lambda d: (order(d)[6:9], list(d.groups)), (("n900", "n901", "n902"), ["g1"])),
    Case("ungroup what stands elsewhere by now: its nodes stand there too",
         replace(GROUPED, layout=replace(GROUPED.layout, positions=GROUPED.layout.positions.set("n20", (1310, 1030)))),
         Ungroup("n20"), lambda d: (d.layout.positions["n4"], d.layout.positions["n5"]), ((1200, 1000), (1420, 1060))),
    Case("make unique", TWICE, MakeUnique("n7", {i: f"{i[0]}{50 + k}" for k, i in enumerate(ids_of(ACC.groups["g1"]))}, "own"),
         lambda d: (d.graph.nodes["n7"].group, d.groups["g50"].name, d.graph.nodes["n30"].group), ("g50", "own", "g1")),
    Case("rename a group", ACC, RenameGroup("g1", "penalty"), lambda d: of(d).label(("n7", "n13")), "penalty/pow"),
    Case("use a group again", ACC, AddInstance("g1", "n30", "main", (5, 5)), lambda d: d.graph.nodes["n30"].group, "g1"),
    Case("use a group in another", GROUPED, AddInstance("g1", "n30", "body", (5, 5), "g2"),
         lambda d: d.groups["g2"].graph.nodes["n30"].group, "g1"),
    Case("one input more", ACC, AddGroupInput("g1", "n50", "scale"),
         lambda d: (d.groups["g1"].inputs, d.groups["g1"].graph.blocks["body"][:2]), (("n12", "n50"), ("n12", "n50"))),
    Case("one output more", ACC, AddGroupOutput("g1", Ref("n14")), lambda d: d.groups["g1"].outputs, (Ref("n15"), Ref("n14"))),
    Case("one output less: what read it is unwired", ACC, RemoveGroupOutput("g1", 0),
         lambda d: (d.groups["g1"].outputs, d.graph.nodes["n9"].inputs, d.graph.nodes["n7"].names), ((), (Ref("n8"), None), ())),
    Case("one output less: later ones move up", Connect(Ref("n7", 1), "n8", (0,)).apply(AddGroupOutput("g1", Ref("n14")).apply(ACC)),
         RemoveGroupOutput("g1", 0), lambda d: d.graph.nodes["n8"].inputs[0], Ref("n7", 0)),
    Case("one output less in a group within another: that one gives out less, too", NESTED, RemoveGroupOutput("g1", 0),
         lambda d: (d.groups["g3"].outputs, d.groups["g3"].graph.nodes["n9"].inputs[1]), ((Ref("n9"),), None)),
    Case("delete an input of a group: its uses give one less", ACC, DeleteNodes(("n12",)),
         lambda d: (d.groups["g1"].inputs, d.graph.nodes["n7"].inputs, d.groups["g1"].graph.nodes["n13"].inputs),
        ((), (), (None, Literal(2)))),
    Case("delete what a group gives out", ACC, DeleteNodes(("n15",)), lambda d: d.graph.nodes["n9"].inputs, (Ref("n8"), None)),
]  # fmt: skip
REFUSALS = [
    Refusal(SMALL, GroupNodes((), "f", "g1", "n20"), "select the nodes"),
    Refusal(SMALL, GroupNodes(("n1",), "f", "g1", "n20"), "leaves stay outside"),
    Refusal(SMALL, GroupNodes(("n3",), "a b", "g1", "n20"), "a name is made of"),
    Refusal(SMALL, GroupNodes(("n3",), "f", "g1", "n20", ("n21",)), "has 2 inputs"),
    Refusal(TWO, GroupNodes(("n2", "n3"), "f", "g1", "n20", ("n21",)), "several blocks"),
    Refusal(ACC, GroupNodes(("n5", "n13"), "f", "g2", "n20", ("n21",)), "one graph"),
    Refusal(SMALL, GroupNodes(("n77",), "f", "g2", "n20"), "no longer there"),
    Refusal(ACC, GroupNodes(("n4", "n8"), "f", "g2", "n20", ("n21", "n22", "n23")), "z reads the selection and is read by it"),
    Refusal(FRAMED, GroupNodes(("n3", "n4"), "f", "g2", "n20", ("n21",)), "a frame would have to be split"),
    Refusal(WRITTEN, GroupNodes(("n2", "n4"), "f", "g2", "n20", ("n21",)), "writes in place"),
    Refusal(ACC, Ungroup("n8"), "select a group"),
    Refusal(TWICE, Ungroup("n7"), "needs a new id"),
    Refusal(ACC, MakeUnique("n7", {}, "own"), "used only here"),
    Refusal(TWICE, MakeUnique("n7", {}, "own"), "needs a new id"),
    Refusal(TWICE, MakeUnique("n7", {}, "9"), "a name is made of"),
    Refusal(ACC, RenameGroup("g1", "if"), "word of Python"),
    Refusal(ACC, RenameGroup("g9", "f"), "no longer there"),
    Refusal(ACC, AddInstance("g9", "n30", "main", (0, 0)), "no longer there"),
    Refusal(ACC, AddInstance("g1", "n30", "body", (0, 0), "g1"), "contains itself"),
    Refusal(NESTED, AddInstance("g3", "n60", "body", (0, 0), "g1"), "contains itself"),
    Refusal(ACC, AddGroupInput("g1", "n50", "1"), "a name is made of"),
    Refusal(ACC, AddGroupOutput("g1", Ref("n4")), "there is no node"),
    Refusal(ACC, AddGroupOutput("g1", Ref("n14", grad=True)), "their .grad comes with them"),
    Refusal(ACC, RemoveGroupOutput("g1", 1), "no such output"),
]


@each(CASES)
def test_it_makes_this_and_leaves_its_input_alone(case: Case) -> None:
    case.check()


@each_refusal(REFUSALS)
def test_it_is_refused_in_words_and_nothing_changes(refusal: Refusal) -> None:
    refusal.check()


def grouped(doc: Document, ids: tuple[str, ...]) -> Document:
    """Group a selection under ids that no drawn document has."""
    inputs = tuple(f"n{700 + i}" for i in range(inputs_needed(doc, ids)))
    return GroupNodes(ids, "drawn", "g9", "n600", inputs).apply(doc)


def splits_a_frame(doc: Document, chosen: tuple[str, ...]) -> bool:
    """Say whether a frame lies in a selection in part; of what lies together nothing else is refused. A leaf in a frame stays behind."""
    frames = [doc.graph.nodes[n].frame for n in chosen if n in doc.graph.nodes]
    touched = any(node.frame and node.id not in chosen for node in doc.graph.nodes.values())
    return len(set(frames)) > 1 and touched


@given(documents(), st.data())
@settings(max_examples=80)
def test_group_then_ungroup_of_what_lies_together_gives_the_same_bytes(doc: Document, data: st.DataObject) -> None:
    homes = [doc.graph, *(group.graph for group in doc.groups.values())]
    blocks = [(graph, ids) for graph in homes for ids in graph.blocks.values() if ids]
    assume(blocks)
    graph, ids = data.draw(st.sampled_from(blocks))
    low, high = sorted(data.draw(st.tuples(*[st.integers(0, len(ids))] * 2)))
    chosen = ids[low:high]
    assume(chosen and all(graph.nodes[n].op not in (LEAF, INPUT) for n in chosen))
    assume(not splits_a_frame(doc, chosen))
    made = grouped(doc, chosen)
    assert_holds(made)
    assert made.groups["g9"].graph.blocks["body"][-len(chosen) :] == chosen
    assert dumps(Ungroup("n600").apply(made)) == dumps(doc)


@given(documents(), st.data())
@settings(max_examples=80)
def test_any_selection_is_grouped_soundly_or_refused(doc: Document, data: st.DataObject) -> None:
    nodes = [*doc.graph.nodes]
    assume(nodes)
    chosen = tuple(data.draw(st.lists(st.sampled_from(nodes), unique=True, min_size=1)))
    before = dumps(doc)
    try:
        made = grouped(doc, chosen)
    except Refused:
        assert dumps(doc) == before
        return
    assert_holds(made)
    assert not any(made.graph.nodes[n].op == LEAF for n in made.groups["g9"].graph.nodes if n in made.graph.nodes)
    again = Ungroup("n600").apply(made)
    assert_holds(again)
    assert {n: node.inputs for n, node in again.graph.nodes.items()} == {n: node.inputs for n, node in doc.graph.nodes.items()}
    assert {n: node.names for n, node in again.graph.nodes.items()} == {n: node.names for n, node in doc.graph.nodes.items()}
    assert again.script == doc.script or repr(again.script) == repr(doc.script)


@given(documents(), st.data())
@settings(max_examples=100)
def test_ungrouping_any_instance_is_sound(doc: Document, data: st.DataObject) -> None:
    found = [n.id for g in (doc.graph, *(d.graph for d in doc.groups.values())) for n in g.nodes.values() if n.op == INSTANCE]
    assume(found)
    instance = data.draw(st.sampled_from(found))
    assert_holds(Ungroup(instance, new_ids(doc, instance)).apply(doc))
