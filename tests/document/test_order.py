"""Stored order: an edit moves as little as it must, never splits a frame, never moves a reader past a writer."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gradstudio.document.commands.nodes import AddNode
from gradstudio.document.commands.wires import Connect
from gradstudio.document.document import Document
from gradstudio.document.frames import Frame
from gradstudio.document.graph import INSTANCE, Node, Ref
from gradstudio.document.groups import BODY, Group
from gradstudio.document.order import first_fault, settled, split_frame
from gradstudio.document.rules import Refused
from gradstudio.document.storage import ordered_pairs
from tests.document.making import assert_holds, document, documents, graph, leaf, op, order, refs_of


def connected(doc: Document, source: str, target: str, port: int = 0) -> tuple[str, ...]:
    """Return the order after a wire from source to target."""
    return order(Connect(Ref(source), target, (port,)).apply(doc))


def test_a_wire_that_runs_forward_moves_nothing() -> None:
    doc = document(leaf("n1"), op("n2", "exp", "n1"), op("n3", "neg", None))
    assert connected(doc, "n2", "n3") == ("n1", "n2", "n3")


def test_a_late_leaf_is_moved_up_and_the_ops_stay() -> None:
    doc = document(leaf("n1"), op("n2", "mul", "n1", None), op("n3", "exp", "n2"), leaf("n4"))
    assert connected(doc, "n4", "n2", 1) == ("n1", "n4", "n2", "n3")


def test_a_late_source_is_moved_up_with_what_it_needs() -> None:
    doc = document(op("n1", "exp", None), op("n2", "neg", "n1"), op("n3", "sin", "n2"), leaf("n4"), op("n5", "cos", "n4"))
    assert connected(doc, "n5", "n1") == ("n4", "n5", "n1", "n2", "n3")


def test_the_reader_is_moved_down_where_that_moves_less() -> None:
    doc = document(op("n1", "exp", None), op("n5", "cos", None), leaf("n2"), op("n3", "neg", "n2"), op("n4", "sin", "n3"))
    assert connected(doc, "n4", "n1") == ("n5", "n2", "n3", "n4", "n1")


def test_what_stands_outside_the_stretch_does_not_move() -> None:
    doc = document(op("n1", "exp", None), op("n2", "exp", None), op("n3", "neg", None), op("n4", "neg", None))
    assert connected(doc, "n3", "n2") == ("n1", "n3", "n2", "n4")


def test_a_circle_is_refused() -> None:
    doc = document(leaf("n1"), op("n2", "mul", "n1", None), op("n3", "exp", "n2"), op("n4", "neg", "n3"))
    with pytest.raises(Refused, match="close a circle"):
        Connect(Ref("n4"), "n2", (1,)).apply(doc)
    with pytest.raises(Refused, match="cannot read itself"):
        Connect(Ref("n2"), "n2", (1,)).apply(doc)


def test_across_blocks_a_wire_may_lead_anywhere() -> None:
    doc = document(leaf("n1"), op("n2", "exp", "n1"), op("n3", "neg", "n2"), blocks={"main": ("n1", "n2"), "b": ("n3",)})
    assert order(Connect(Ref("n3"), "n2", (0,)).apply(doc)) == ("n1", "n2")


def test_a_reader_is_not_moved_past_a_writer_of_what_it_reads() -> None:
    doc = document(leaf("n1"), op("n2", "mul", "n1", None), op("n3", "add_", "n1", 1), op("n4", "exp", "n3"))
    with pytest.raises(Refused, match="writes in place"):
        Connect(Ref("n4"), "n2", (1,)).apply(doc)


def test_the_way_that_respects_the_writer_is_taken() -> None:
    doc = document(leaf("n1"), op("n2", "mul", "n1", None), op("n3", "add_", "n1", 1), op("n4", "exp", None))
    assert connected(doc, "n4", "n2", 1) == ("n1", "n4", "n2", "n3")


def test_a_view_shares_the_storage_of_its_base() -> None:
    doc = document(leaf("n1"), op("n2", "t", "n1"), op("n3", "mul", "n2", None), op("n4", "add_", "n1", 1), op("n5", "exp", "n4"))
    with pytest.raises(Refused, match="writes in place"):
        Connect(Ref("n5"), "n3", (1,)).apply(doc)


def test_an_instance_of_a_group_that_writes_counts_as_a_writer() -> None:
    writing = Group(
        "g1", "update", graph(Node("n50", "input"), op("n51", "mul_", "n50", 2), blocks={BODY: ("n50", "n51")}), ("n50",), (Ref("n51"),)
    )
    use = Node("n3", INSTANCE, (Ref("n1"),), group="g1")
    doc = document(leaf("n1"), op("n2", "mul", "n1", None), use, op("n4", "exp", "n3"), groups=(writing,))
    with pytest.raises(Refused, match="writes in place"):
        Connect(Ref("n4"), "n2", (1,)).apply(doc)


FRAMES = (Frame("f1", "no_grad"), Frame("f2", "enable_grad", "f1"))


def test_a_frame_moves_as_a_whole() -> None:
    doc = document(
        op("n1", "exp", None, frame="f1"),
        op("n2", "neg", None, frame="f1"),
        op("n3", "sin", None),
        op("n4", "cos", "n3"),
        frames=FRAMES[:1],
    )
    assert connected(doc, "n4", "n1") == ("n3", "n4", "n1", "n2")


def test_a_frame_is_not_split() -> None:
    doc = document(op("n1", "exp", None, frame="f1"), op("n2", "neg", None, frame="f1"), op("n3", "sin", "n2"), frames=FRAMES[:1])
    with pytest.raises(Refused, match="a frame would have to be split"):
        Connect(Ref("n3"), "n1", (0,)).apply(doc)


def test_within_a_frame_nodes_change_places() -> None:
    doc = document(op("n1", "exp", None, frame="f1"), op("n2", "neg", None, frame="f1"), op("n3", "sin", None), frames=FRAMES[:1])
    assert connected(doc, "n2", "n1") == ("n2", "n1", "n3")


def test_a_new_node_stands_last_or_in_its_frame_or_before_what_reads_it() -> None:
    doc = document(leaf("n1"), op("n2", "exp", "n1", frame="f1"), op("n3", "neg", "n2"), frames=FRAMES[:1])
    assert order(AddNode(op("n9", "sin", "n1"), "main", (0, 0)).apply(doc)) == ("n1", "n2", "n3", "n9")
    assert order(AddNode(op("n9", "sin", "n1", frame="f1"), "main", (0, 0)).apply(doc)) == ("n1", "n2", "n9", "n3")
    assert order(AddNode(op("n9", "sin", "n2"), "main", (0, 0), (("n3", (0,)),)).apply(doc)) == ("n1", "n2", "n9", "n3")


def test_a_new_node_does_not_stand_inside_a_frame_that_it_is_not_in() -> None:
    doc = document(leaf("n1"), op("n2", "exp", "n1", frame="f1"), op("n3", "neg", "n2", frame="f1"), frames=FRAMES[:1])
    with_node = AddNode(op("n9", "sin", "n1"), "main", (0, 0), (("n3", (0,)),)).apply(doc)
    assert order(with_node) == ("n1", "n9", "n2", "n3")


def test_a_ladder_of_2_to_the_59_paths_is_settled_at_once() -> None:
    rungs = [leaf("n1"), *(op(f"n{i}", "add", f"n{i - 1}", f"n{i - 1}") for i in range(2, 61)), op("n61", "exp", None)]
    assert connected(document(*rungs), "n61", "n2")[:3] == ("n1", "n61", "n2")


@settings(max_examples=80, deadline=None)
@given(documents(), st.data())
def test_any_wire_keeps_the_order_valid_or_is_refused(doc: Document, data: st.DataObject) -> None:
    nodes = [n for n in doc.graph.nodes.values() if n.inputs]
    refs = [ref for n in doc.graph.nodes.values() for ref in refs_of(n, doc.groups.values())]
    assume(nodes and refs)
    target = data.draw(st.sampled_from(nodes))
    source = data.draw(st.sampled_from(refs))
    try:
        made = settled(doc.graph, doc.groups, source.source, target.id)
    except Refused:
        return
    wired = made.with_node(replace(made.nodes[target.id], inputs=(source, *target.inputs[1:])))
    assert_holds(replace(doc, graph=wired))
    for block, ids in doc.graph.blocks.items():
        assert first_fault(wired, block) is None
        assert split_frame(wired, block) is None
        place = {n: i for i, n in enumerate(wired.blocks[block])}
        assert all(place[a] < place[b] for a, b in ordered_pairs(doc.graph, doc.groups, ids)), "no reader was moved past a writer"
