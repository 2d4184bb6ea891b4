"""Diff: what an edit changes, whether a run follows, and what lies downstream."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from gradstudio.document.calls import Forward, Grad
from gradstudio.document.commands.blocks import NewBlock
from gradstudio.document.commands.command import Command
from gradstudio.document.commands.frames import WrapInFrame
from gradstudio.document.commands.layout import Collapse, MoveNodes
from gradstudio.document.commands.nodes import DeleteNodes, Rename, SetAttr, SetLeafValue, SetRequiresGrad
from gradstudio.document.commands.optimizers import SetOptimizer
from gradstudio.document.commands.script import AppendCall, RetitleSection, SetSeed
from gradstudio.document.diff import Diff, diff, downstream
from gradstudio.document.document import Document, Optimizer
from gradstudio.document.graph import Ref
from gradstudio.document.map import Map
from tests.document.making import array, document, documents, example, leaf, op

BASE = example("accumulation")
GRAD = AppendCall(Grad(id="c90", outputs=(Ref("n9"),), inputs=(Ref("n1"),)))
EDITS: list[tuple[Command, Diff]] = [
    (SetLeafValue("n1", array(3.0)), Diff(nodes=frozenset({"n1"}), only_looks=False)),
    (SetRequiresGrad(("n1",), False), Diff(nodes=frozenset({"n1"}), only_looks=False)),
    (Rename("n1", 0, "q"), Diff(nodes=frozenset({"n1"}), renamed=frozenset({"n1"}))),
    (MoveNodes({"n1": (5, 5)}), Diff(layout=True, moved=frozenset({"n1"}))),
    (Collapse(("n1",), True), Diff(layout=True)),
    (RetitleSection(0, "cell"), Diff(script=True)),
    (SetSeed(4), Diff(seed=True, only_looks=False)),
    (AppendCall(Forward(id="c90", block="main")), Diff(script=True, only_looks=False)),
    (NewBlock("update", "c90"), Diff(blocks=frozenset({"update"}), script=True, only_looks=False)),
    (WrapInFrame(("n9",), "no_grad", ("f9",)), Diff(nodes=frozenset({"n9"}), frames=frozenset({"f9"}), only_looks=False)),
    (SetOptimizer(Optimizer("o1", "SGD", ())), Diff(optimizers=frozenset({"o1"}), only_looks=False)),
    (Rename("n13", 0, "sq"), Diff(groups=frozenset({"g1"}))),
    (SetAttr("n14", "keepdim", True), Diff(groups=frozenset({"g1"}), only_looks=False)),
]


@pytest.mark.parametrize(("edit", "expected"), EDITS, ids=[e.label for e, _ in EDITS])
def test_an_edit_differs_in_just_this(edit: Command, expected: Diff) -> None:
    assert diff(BASE, edit.apply(BASE)) == expected


@pytest.mark.parametrize("edit", [e for e, _ in EDITS], ids=[e.label for e, _ in EDITS])
def test_backwards_it_is_the_same_difference(edit: Command) -> None:
    assert diff(BASE, edit.apply(BASE)) == diff(edit.apply(BASE), BASE)


def test_the_name_of_a_result_is_looks_only() -> None:
    doc = GRAD.apply(BASE)
    assert diff(doc, Rename("c90", 0, "gx").apply(doc)) == Diff(script=True, only_looks=True)


def test_deleting_differs_in_the_node_its_readers_and_its_block() -> None:
    found = diff(BASE, DeleteNodes(("n11",)).apply(BASE))
    assert found.nodes == {"n11"}
    assert found.blocks == {"main"}
    assert found.layout


def test_a_value_that_is_equal_bit_by_bit_makes_no_difference() -> None:
    doc = document(leaf("n1", [np.nan, 0.0]))
    assert not diff(doc, SetLeafValue("n1", array([np.nan, 0.0])).apply(doc))
    assert diff(doc, SetLeafValue("n1", array([np.nan, -0.0])).apply(doc)).nodes == {"n1"}


def test_2_and_2_0_differ() -> None:
    two, other = (document(leaf("n1"), op("n2", "pow", "n1", exponent)) for exponent in (2, 2.0))
    assert diff(two, other).nodes == {"n2"}


def test_the_order_of_blocks_is_a_difference() -> None:
    one = document(leaf("n1"), blocks={"main": ("n1",), "b": ()})
    other = document(leaf("n1"), blocks={"b": (), "main": ("n1",)})
    assert diff(one, other).blocks == {"b", "main"}


@settings(max_examples=40, deadline=None)
@given(documents())
def test_a_document_does_not_differ_from_its_copy(doc: Document) -> None:
    copied = replace(doc, graph=replace(doc.graph, nodes=Map((n, replace(node)) for n, node in doc.graph.nodes.items())))
    assert diff(doc, copied) == Diff()
    assert not diff(doc, doc)


CHAIN = (leaf("n1"), leaf("n2"), op("n3", "exp", "n1"), op("n4", "mul", "n3", "n2"), op("n5", "neg", "n2"))
FLOWS: list[tuple[str, Callable[[], Document], set[str], set[str]]] = [
    ("wires", lambda: document(*CHAIN), {"n1"}, {"n1", "n3", "n4"}),
    ("both ways of a fork", lambda: document(*CHAIN), {"n2"}, {"n2", "n4", "n5"}),
    ("wires into another block", lambda: document(*CHAIN, blocks={"main": ("n1", "n2", "n3"), "b": ("n4", "n5")}), {"n3"}, {"n3", "n4"}),
    ("what is written in place", lambda: document(*CHAIN, op("n6", "mul_", "n2", "n3"), op("n7", "exp", "n2")),
     {"n3"}, {"n3", "n4", "n6", "n7", "n2", "n5"}),
    ("a view of what is written", lambda: document(*CHAIN, op("n6", "t", "n2"), op("n7", "add_", "n6", "n1")),
     {"n1"}, {"n1", "n3", "n4", "n2", "n5", "n6", "n7"}),
    ("what reads a .grad", lambda: document(*CHAIN, op("n6", "neg", Ref("n2", grad=True))), {"n1"}, {"n1", "n3", "n4", "n6"}),
    ("nothing", lambda: document(*CHAIN, op("n6", "neg", Ref("n2", grad=True))), set(), set()),
]  # fmt: skip


@pytest.mark.parametrize(("what", "made", "start", "reached"), FLOWS, ids=[f[0] for f in FLOWS])
def test_downstream_follows(what: str, made: Callable[[], Document], start: set[str], reached: set[str]) -> None:
    assert downstream(made(), start) == reached
