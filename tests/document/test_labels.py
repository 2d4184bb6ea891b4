"""Labels: names, numbers where they are shared, ways into instances; each leads back to its output."""

import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from gradstudio.document import labels
from gradstudio.document.calls import Grad
from gradstudio.document.commands.nodes import AddNode, Rename, SetLeafValue
from gradstudio.document.document import Document
from gradstudio.document.graph import INPUT, INSTANCE, Node, NodePath, Ref
from gradstudio.document.groups import BODY, Group
from gradstudio.document.map import Map
from tests.document.making import array, document, documents, example, graph, leaf, op

PENALTY = Group(
    "g1",
    "l2_penalty",
    graph(Node("n50", INPUT, names=("W",)), op("n51", "pow", "n50", 2), blocks={BODY: ("n50", "n51")}),
    ("n50",),
    (Ref("n51"),),
)


def uses(*ids: str) -> tuple[Node, ...]:
    return tuple(Node(i, INSTANCE, (Ref("n1"),), group="g1") for i in ids)


def all_labels(doc: Document) -> list[str]:
    return [labels.of(doc).label((n,)) for n in doc.graph.order]


def test_a_label_is_the_name_else_the_op() -> None:
    doc = document(leaf("n1", names=("x",)), op("n2", "exp", "n1"), op("n3", "mul", "n2", 2, names=("z",)))
    assert all_labels(doc) == ["x", "exp", "z"]


def test_a_shared_label_is_numbered_in_stored_order() -> None:
    doc = document(leaf("n5", names=("y",)), op("n2", "exp", "n5"), op("n4", "mul", "n2", 2, names=("y",)), op("n3", "exp", "n4"))
    assert all_labels(doc) == ["y#1", "exp#1", "y#2", "exp#2"]


def test_a_name_and_an_op_may_share_a_label() -> None:
    assert all_labels(document(leaf("n1", names=("exp",)), op("n2", "exp", "n1"))) == ["exp#1", "exp#2"]


def test_further_outputs_have_a_number_or_their_own_name() -> None:
    doc = document(
        leaf("n1"), op("n2", "max", "n1", attrs=Map({"dim": 0})), op("n3", "max", "n1", attrs=Map({"dim": 0}), names=(None, "where_it_is"))
    )
    found = labels.of(doc)
    assert [found.label(("n2",), 0), found.label(("n2",), 1)] == ["max#1", "max#1.1"]
    assert [found.label(("n3",), 0), found.label(("n3",), 1)] == ["max#2", "where_it_is"]
    assert found.by_label("max#1.1") == (("n2",), 1)
    assert found.by_label("where_it_is") == (("n3",), 1)
    assert found.by_label("max#2.1") is None, "that output has a name"


def test_inside_an_instance_labels_begin_with_the_group() -> None:
    doc = document(leaf("n1"), *uses("n2", "n3"), groups=(PENALTY,))
    found = labels.of(doc)
    assert all_labels(doc) == ["leaf", "l2_penalty#1", "l2_penalty#2"]
    assert found.label(("n2", "n51")) == "l2_penalty/pow"
    assert found.label(("n3", "n51")) == "l2_penalty#2/pow"
    assert found.label(("n3", "n50")) == "l2_penalty#2/W"
    assert found.by_label("l2_penalty#2/pow") == (("n3", "n51"), 0)


def test_labels_reach_into_instances_of_instances() -> None:
    outer = Group("g2", "outer", graph(Node("n60", INSTANCE, (None,), group="g1"), blocks={BODY: ("n60",)}), (), ())
    doc = document(Node("n2", INSTANCE, group="g2"), groups=(PENALTY, outer))
    assert labels.of(doc).label(("n2", "n60", "n51")) == "outer/l2_penalty/pow"
    assert labels.of(doc).by_label("outer/l2_penalty/pow") == (("n2", "n60", "n51"), 0)


def test_results_of_grad_have_labels_too() -> None:
    doc = document(
        leaf("n1", names=("x",)),
        calls=(Grad(id="c2", inputs=(Ref("n1"),) * 3, names=("gx", None, "gz")), Grad(id="c3", inputs=(Ref("n1"),) * 2)),
    )
    found = labels.of(doc)
    assert [found.label(("c2",), i) for i in range(3)] == ["gx", "gx.1", "gz"]
    assert [found.label(("c3",), i) for i in range(2)] == ["grad", "grad.1"]
    assert found.by_label("grad.1") == (("c3",), 1)


@pytest.mark.parametrize("text", ["", "nothing", "x.0", "x.01", "x.1.1", "x/y", "/", "x.-1", "x.١", "exp#0", "l2_penalty/no", "no/pow"])
def test_what_is_no_label_leads_nowhere(text: str) -> None:
    doc = document(leaf("n1", names=("x",)), *uses("n2"), groups=(PENALTY,))
    assert labels.of(doc).by_label(text) is None


def test_titles_say_op_and_name() -> None:
    doc = example("accumulation")
    titles = {n: labels.of(doc).title((n,)) for n in doc.graph.nodes}
    assert [titles[n] for n in ("n1", "n5", "n7", "n8")] == ["leaf x", "mul z", "l2_penalty reg", "mse_loss"]


def test_labels_are_made_once_per_document() -> None:
    doc = example("tutorial")
    assert labels.of(doc) is labels.of(doc)
    assert labels.of(doc) is not labels.of(replace(doc))


def test_labels_follow_what_they_are_made_from() -> None:
    doc = document(leaf("n1"), op("n2", "exp", "n1"), Node("n3", INSTANCE, (None,), group="g1"), groups=(PENALTY,))
    assert labels.of(doc).label(("n2",)) == "exp"
    dragged = SetLeafValue("n1", array(3.0)).apply(doc)
    assert dragged.graph.naming is doc.graph.naming, "a value has no part in labels"
    assert labels.of(Rename("n2", 0, "y").apply(dragged)).label(("n2",)) == "y"
    assert labels.of(AddNode(op("n9", "exp", "n1"), "main", (0, 0)).apply(doc)).label(("n2",)) == "exp#1"
    renamed = replace(doc, groups=Map({"g1": replace(PENALTY, name="other")}))
    assert labels.of(renamed).label(("n3",)) == "other"
    assert labels.of(dragged).label(("n2",)) == "exp"


def paths(doc: Document, group: str | None = None, way: NodePath = ()) -> list[NodePath]:
    """Return the path of every node, inside instances too."""
    found: list[NodePath] = []
    for node in (doc.graph if group is None else doc.groups[group].graph).nodes.values():
        found.append((*way, node.id))
        found += paths(doc, node.group, (*way, node.id)) if node.group else []
    return found


@settings(max_examples=60, deadline=None)
@given(documents())
def test_every_label_leads_back_to_its_output(doc: Document) -> None:
    found = labels.of(doc)
    made = {(path, out): found.label(path, out) for path in paths(doc) for out in (0, 1)}
    assert len(set(made.values())) == len(made), "no label means two outputs"
    assert all(found.by_label(text) == key for key, text in made.items())
