"""A patch leads to the same document as a whole one, layout aside; where it cannot, there is none."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gradstudio.document.calls import Backward
from gradstudio.document.commands.layout import MoveNodes
from gradstudio.document.commands.nodes import AddNode, Rename, SetLeafValue, SetRequiresGrad
from gradstudio.document.commands.script import AppendCall
from gradstudio.document.commands.wires import Disconnect
from gradstudio.document.diff import diff
from gradstudio.document.graph import Node, Ref
from gradstudio.session.patch import patch, patched
from tests.document.making import array, documents, example

NODES_ONLY = (SetLeafValue("n1", array([7.0])), Rename("n3", 0, "square"), Disconnect("n4", (1,)), SetRequiresGrad(("n1",), False))


def test_edits_of_nodes_are_sent_as_those_nodes():
    before = example("tutorial")
    for command in NODES_ONLY:
        after = command.apply(before)
        trees = patch(before, after)
        assert trees is not None
        assert len(trees) == 1
        assert not diff(patched(before, trees), after)


def test_a_new_node_and_a_new_call_are_sent_as_a_whole_document():
    before = example("tutorial")
    commands = AddNode(Node("n9", "exp", (Ref("n1"),)), "main", (0, 0)), AppendCall(Backward(id="c9", roots=(Ref("n4"),)))
    assert [patch(before, command.apply(before)) for command in commands] == [None, None]


def test_a_move_changes_nothing_that_runs():
    before = example("tutorial")
    assert patch(before, MoveNodes({"n1": (64, 64)}).apply(before)) == {}


@settings(max_examples=40, deadline=None)
@given(documents(), st.data())
def test_any_leaf_of_any_document_can_be_patched(document, data):
    leaves = [node for node in document.graph.nodes.values() if node.op == "leaf"]
    if leaves:
        after = SetLeafValue(data.draw(st.sampled_from(leaves)).id, array([1.5])).apply(document)
        assert not diff(patched(document, patch(document, after)), after)
