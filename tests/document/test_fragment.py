"""Fragments: copy then paste is the identity up to ids."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gradstudio.document.calls import Grad
from gradstudio.document.codec import fragment_from, fragment_tree
from gradstudio.document.commands.nodes import DeleteNodes, Rename
from gradstudio.document.commands.paste import Paste, duplicate
from gradstudio.document.document import Document, new_document
from gradstudio.document.fragment import Fragment, copy, renamed_graph, renamed_group
from gradstudio.document.frames import Frame
from gradstudio.document.graph import Graph, Ref
from gradstudio.document.ids import all_ids
from gradstudio.document.map import Map
from gradstudio.document.rules import Refused
from tests.document.making import assert_holds, document, documents, example, leaf, op, order


def new_ids(fragment: Fragment, start: int = 500) -> dict[str, str]:
    return {old: f"{old[0]}{start + i}" for i, old in enumerate(fragment.ids())}


def empty_like(doc: Document) -> Document:
    """Return a document without nodes, with the same blocks."""
    return replace(new_document(), graph=Graph(blocks=Map((block, ()) for block in doc.graph.blocks)))


@settings(max_examples=80, deadline=None)
@given(documents())
def test_copying_all_and_pasting_it_elsewhere_is_the_identity_up_to_ids(doc: Document) -> None:
    doc = replace(doc, groups=Map((g, doc.groups[g]) for g in copy(doc, doc.graph.nodes).groups))
    fragment = copy(doc, doc.graph.nodes)
    pasted = Paste(fragment, new_ids(fragment), keep_outside=False).apply(empty_like(doc))
    assert_holds(pasted)
    back = {new: old for old, new in new_ids(fragment).items()}
    again = renamed_graph(pasted.graph, back, lambda ref: replace(ref, source=back[ref.source]))
    groups = [renamed_group(group, back) for group in pasted.groups.values()]
    assert fragment_tree(Fragment(again, Map((g.id, g) for g in groups))) == fragment_tree(Fragment(doc.graph, doc.groups))


@settings(max_examples=60, deadline=None)
@given(documents(), st.data())
def test_a_duplicate_reads_the_same_outside_and_is_a_copy_inside(doc: Document, data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from([*doc.graph.nodes] or ["n1"]), unique=True))
    fragment = copy(doc, chosen)
    ids = new_ids(fragment)
    made = duplicate(fragment, ids).apply(doc)
    assert_holds(made)
    assert len(made.graph.nodes) == len(doc.graph.nodes) + len(fragment.graph.nodes)
    assert list(made.groups) == list(doc.groups), "an equal group is reused"
    for old, node in fragment.graph.nodes.items():
        for (_, was), (_, now) in zip(node.refs(), made.graph.nodes[ids[old]].refs(), strict=True):
            assert now == replace(was, source=ids.get(was.source, was.source))


@settings(max_examples=60, deadline=None)
@given(documents())
def test_a_fragment_survives_the_clipboard(doc: Document) -> None:
    fragment = copy(doc, doc.graph.nodes)
    back = fragment_from(json.loads(json.dumps(fragment_tree(fragment))))
    ids = new_ids(fragment)
    assert fragment_tree(copy(Paste(back, ids).apply(doc), ids.values())) == fragment_tree(
        copy(Paste(fragment, ids).apply(doc), ids.values())
    )


def test_operands_from_outside_stay_in_the_same_document_and_go_in_another() -> None:
    doc = document(leaf("n1"), op("n2", "mul", "n1", "n1"))
    fragment = copy(doc, ["n2"])
    assert Paste(fragment, {"n2": "n9"}).apply(doc).graph.nodes["n9"].inputs == (Ref("n1"), Ref("n1"))
    assert Paste(fragment, {"n2": "n9"}, keep_outside=False).apply(new_document()).graph.nodes["n9"].inputs == (None, None)


def test_what_was_deleted_since_is_not_read() -> None:
    doc = document(leaf("n1"), op("n2", "exp", "n1"))
    fragment = copy(doc, ["n2"])
    assert Paste(fragment, {"n2": "n9"}).apply(DeleteNodes(("n1",)).apply(doc)).graph.nodes["n9"].inputs == (None,)


def test_results_of_a_grad_call_are_read_on() -> None:
    doc = document(leaf("n1"), op("n2", "exp", Ref("c2")), calls=(Grad(id="c2", inputs=(Ref("n1"),)),))
    fragment = copy(doc, ["n2"])
    assert Paste(fragment, {"n2": "n9"}).apply(doc).graph.nodes["n9"].inputs == (Ref("c2"),)
    assert Paste(fragment, {"n2": "n9"}).apply(document(leaf("n1"))).graph.nodes["n9"].inputs == (None,)


def test_a_group_goes_along_and_an_equal_one_is_reused() -> None:
    doc = example("accumulation")
    fragment = copy(doc, ["n7"])
    assert list(fragment.groups) == ["g1"]
    ids = new_ids(fragment)
    elsewhere = Paste(fragment, ids, keep_outside=False).apply(new_document())
    assert [elsewhere.groups[g].name for g in elsewhere.groups] == ["l2_penalty"]
    assert elsewhere.graph.nodes[ids["n7"]].group == ids["g1"]
    assert_holds(elsewhere)
    other = Rename("n13", 0, "squares").apply(doc)
    assert len(Paste(fragment, ids).apply(doc).groups) == 1
    assert len(Paste(fragment, ids).apply(other).groups) == 2, "a group that differs is not taken for it"


def test_frames_go_along_and_are_new() -> None:
    frames = (Frame("f1", "no_grad"), Frame("f2", "enable_grad", "f1"))
    doc = document(leaf("n1"), op("n2", "exp", "n1", frame="f1"), op("n3", "neg", "n2", frame="f2"), frames=frames)
    made = Paste(copy(doc, ["n3"]), {"n3": "n9", "f1": "f8", "f2": "f9"}).apply(doc)
    assert made.graph.nodes["n9"].frame == "f9"
    assert made.graph.frames["f9"] == Frame("f9", "enable_grad", "f8")
    assert_holds(made)


def test_blocks_that_become_one_are_put_in_order() -> None:
    doc = document(op("n1", "exp", "n2"), leaf("n2"), blocks={"main": ("n1",), "b": ("n2",)})
    made = Paste(copy(doc, ["n1", "n2"]), {"n1": "n8", "n2": "n9"}, block="main").apply(doc)
    assert order(made) == ("n1", "n9", "n8")


def test_positions_are_moved_by_the_offset() -> None:
    doc = example("tutorial")
    made = duplicate(copy(doc, ["n3"]), {"n3": "n9"}).apply(doc)
    assert made.layout.positions["n9"] == (240, 40)
    assert made.layout.positions["n3"] == (200, 0)


def test_each_part_needs_a_new_id() -> None:
    doc = example("accumulation")
    with pytest.raises(Refused, match="needs a new id"):
        Paste(copy(doc, ["n7"]), {"n7": "n99"}).apply(doc)


def test_pasting_makes_no_id_twice() -> None:
    doc = example("accumulation")
    fragment = copy(doc, doc.graph.nodes)
    made = [*all_ids(duplicate(fragment, new_ids(fragment)).apply(doc))]
    assert len(made) == len(set(made))
