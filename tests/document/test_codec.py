"""The codec: canonical bytes, and a document comes back as it was."""

import json

import numpy as np
import pytest
from hypothesis import given, settings

from gradstudio.document.calls import Backward, Forward, Hook, SeedGenerator
from gradstudio.document.codec import document_from, dumps, fragment_from, fragment_tree, tree
from gradstudio.document.diff import diff
from gradstudio.document.document import Document, new_document
from gradstudio.document.fragment import copy
from gradstudio.document.graph import Graph, Literal, Node, Recipe, Ref
from gradstudio.document.groups import BODY, Group
from gradstudio.document.map import Map
from gradstudio.document.rules import expanded_counts
from gradstudio.document.script import Repeat
from gradstudio.resources import resource
from tests.document.making import EXAMPLES, array, assert_holds, document, documents, example, graph, leaf, op


def body(*nodes: Node) -> Graph:
    """Return the graph of a group."""
    return graph(*nodes, blocks={BODY: tuple(node.id for node in nodes)})


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_loads_and_saves_to_the_same_bytes(name: str) -> None:
    data = resource("examples", f"{name}.grad").read_bytes()
    assert dumps(document_from(json.loads(data))) == data


def test_a_wire_through_boundaries_becomes_one_for_each_reader_inside() -> None:
    inner = Group("g1", "inner", body(Node("n50", "input"), op("n51", "mul", "n50", "n50")), ("n50",), (Ref("n51"),))
    outer = Group(
        "g2",
        "outer",
        body(Node("n60", "input"), Node("n61", "instance", (Ref("n60"),), group="g1"), op("n62", "exp", "n60")),
        ("n60",),
        (Ref("n61"), Ref("n62")),
    )
    doc = document(leaf("n1"), Node("n2", "instance", (Ref("n1"),), group="g2"), op("n3", "add", "n2", Ref("n2", 1)), groups=(inner, outer))
    assert expanded_counts(doc) == (4, 5), "leaf, mul, exp, add; two wires into mul, one into exp, two into add"


def test_counts_are_expanded() -> None:
    assert expanded_counts(example("accumulation")) == (13, 14)
    assert expanded_counts(example("tutorial")) == (4, 3)


@settings(max_examples=100, deadline=None)
@given(documents())
def test_any_document_is_written_and_read_without_loss(doc: Document) -> None:
    assert_holds(doc)


@settings(max_examples=50, deadline=None)
@given(documents())
def test_any_fragment_is_written_and_read_without_loss(doc: Document) -> None:
    fragment = copy(doc, list(doc.graph.nodes)[::2])
    plain = json.loads(json.dumps(fragment_tree(fragment)))
    assert fragment_tree(fragment_from(plain)) == plain


def test_a_new_document_is_this_text() -> None:
    assert dumps(new_document()).decode() == (
        '{\n "format": 1,\n "seed": 0,\n "graph": {\n  "nodes": {},\n  "blocks": {\n   "main": []\n  },\n  "frames": {}\n },\n'
        ' "groups": {},\n "script": [\n  {\n   "title": "",\n   "body": [\n    {"id": "c1", "kind": "forward", "block": "main"},\n'
        '    {"id": "c2", "kind": "backward", "automatic": true}\n   ]\n  }\n ],\n "optimizers": {},\n "layout": {}\n}\n'
    )


def lines(doc: Document) -> list[str]:
    return [line.strip().rstrip(",") for line in dumps(doc).decode().splitlines()]


def test_a_node_leaves_out_what_is_at_its_default() -> None:
    doc = document(leaf("n1", names=(None,), fresh=True), op("n2", "sum", "n1", attrs=Map({"keepdim": False, "dim": (0, 1)})))
    assert '"n1": {"op": "leaf", "value": {"dtype": "float32", "shape": [], "data": [2.0]}, "fresh": true}' in lines(doc)
    assert '"n2": {"op": "sum", "inputs": [{"ref": "n1"}], "attrs": {"dim": [0, 1]}}' in lines(doc)


def test_a_default_of_another_type_is_no_default() -> None:
    doc = document(op("n1", "add", None, None, attrs=Map({"alpha": 1})), op("n2", "add", None, None, attrs=Map({"alpha": 1.0})))
    assert '"n1": {"op": "add", "inputs": [null, null]}' in lines(doc)
    assert '"n2": {"op": "add", "inputs": [null, null], "attrs": {"alpha": 1.0}}' in lines(doc)


def test_attrs_stand_in_the_order_of_the_row_and_of_an_unknown_op_as_read() -> None:
    attrs = Map({"keepdim": True, "dim": 1})
    doc = document(op("n1", "sum", None, attrs=attrs), op("n2", "no_such_op", None, attrs=attrs))
    assert '"n1": {"op": "sum", "inputs": [null], "attrs": {"dim": 1, "keepdim": true}}' in lines(doc)
    assert '"n2": {"op": "no_such_op", "inputs": [null], "attrs": {"keepdim": true, "dim": 1}}' in lines(doc)


def test_the_body_of_a_repeat_is_opened_and_a_call_is_one_line() -> None:
    doc = document(leaf("n1"), calls=(Repeat("c2", 3, (Forward(id="c3", block="main"), SeedGenerator(id="c4", number=7))),))
    text = dumps(doc).decode()
    assert (
        '     "body": [\n      {"id": "c3", "kind": "forward", "block": "main"},\n      {"id": "c4", "kind": "seed", "number": 7}\n' in text
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2, "2"), (2.0, "2.0"), (True, "true"), (None, "null"), ("sum", '"sum"'), (0.1, "0.1"), (-0.0, "-0.0"),
        (float("nan"), '{"float": "nan"}'), (float("inf"), '{"float": "inf"}'), (float("-inf"), '{"float": "-inf"}'),
        (slice(1, None, 2), '{"slice": [1, null, 2]}'), (Ellipsis, '{"ellipsis": true}'), ((1, 2), "[1, 2]"),
    ],
)  # fmt: skip
def test_a_literal_is_written_as_the_model_says(value: object, text: str) -> None:
    doc = document(Node("n1", "strange", (Literal(value),)))
    assert f'"n1": {{"op": "strange", "inputs": [{{"lit": {text}}}]}}' in lines(doc)
    read = document_from(json.loads(dumps(doc))).graph.nodes["n1"].inputs[0]
    assert read == Literal(value)
    assert type(read.value) is type(value)  # type: ignore[union-attr]


def test_references_leave_out_output_0_and_grad_false() -> None:
    doc = document(
        leaf("n1"), op("n2", "max", "n1", attrs=Map({"dim": 0})), Node("n3", "strange", (Ref("n2", 1), Ref("n1", grad=True), ()))
    )
    assert '"n3": {"op": "strange", "inputs": [{"ref": "n2", "out": 1}, {"ref": "n1", "grad": true}, []]}' in lines(doc)


@pytest.mark.parametrize(
    ("data", "dtype", "text"),
    [
        ([0.1, 1e10, 16777216.0], "float32", "[0.1, 10000000000.0, 16777216.0]"),
        ([0.1, 65504.0], "float16", "[0.1, 65500.0]"),
        ([0.1 + 0.2], "float64", "[0.30000000000000004]"),
        ([np.nan, np.inf, -np.inf, -0.0], "float64", '["nan", "inf", "-inf", -0.0]'),
        ([2**63 - 1, -3], "int64", "[9223372036854775807, -3]"),
        ([True, False], "bool", "[true, false]"),
    ],
)
def test_numbers_are_the_shortest_decimals_exact_in_their_dtype(data: list[object], dtype: str, text: str) -> None:
    doc = document(Node("n1", "leaf", value=array(data, dtype)))
    assert f'"data": {text}' in dumps(doc).decode()
    assert_holds(doc)


def test_every_pattern_of_float16_comes_back() -> None:
    bits = np.arange(2**16, dtype=np.uint16).view(np.float16)
    doc = document(*(Node(f"n{i + 1}", "leaf", value=array(part, "float16")) for i, part in enumerate(np.split(bits, 1024))))
    back = document_from(json.loads(dumps(doc)))
    read = np.concatenate([node.value for node in back.graph.nodes.values()])  # type: ignore[misc]
    numbers = ~np.isnan(bits)
    assert np.array_equal(read.view(np.uint16)[numbers], bits.view(np.uint16)[numbers])
    assert np.isnan(read[~numbers]).all()


def test_above_64_elements_a_value_is_base64_and_little_endian() -> None:
    doc = document(Node("n1", "leaf", value=array(np.arange(65, dtype=">f8").astype(np.float64), "float64")))
    value = tree(doc)["graph"]["nodes"]["n1"]["value"]
    assert value["base64"].startswith("AAAAAAAAAAAAAAAAAADwPwAAAAAAAABA")
    assert_holds(doc)


def test_a_recipe_is_written_by_name() -> None:
    doc = document(Node("n1", "leaf", value=Recipe("randint", (2, 3), "int64", (0, 5))))
    assert '"n1": {"op": "leaf", "value": {"recipe": "randint", "shape": [2, 3], "dtype": "int64", "args": [0, 5]}}' in lines(doc)
    assert_holds(doc)


def test_calls_write_their_own_fields_in_the_order_declared() -> None:
    calls = (
        Backward(id="c2", enabled=False, roots=(Ref("n1"),), seeds=(array([1.0]),), retain_graph=False, create_graph=True),
        Hook(id="c3", target=Ref("n1"), on="post_accumulate"),
    )
    found = lines(document(leaf("n1"), calls=calls))
    assert (
        '{"id": "c2", "kind": "backward", "enabled": false, "roots": [{"ref": "n1"}], '
        '"seeds": [{"dtype": "float32", "shape": [1], "data": [1.0]}], "retain_graph": false, "create_graph": true}'
    ) in found
    assert '{"id": "c3", "kind": "hook", "target": {"ref": "n1"}, "on": "post_accumulate"}' in found


def test_maps_are_written_by_number_and_nodes_in_block_order() -> None:
    doc = document(leaf("n10"), leaf("n9"))
    doc = Document(graph=doc.graph, script=doc.script, layout=type(doc.layout)(Map({"n10": (0, 0), "n9": (1, 1)})))
    found = tree(doc)
    assert list(found["graph"]["nodes"]) == ["n10", "n9"]
    assert list(found["layout"]["positions"]) == ["n9", "n10"]


def test_a_value_that_was_read_cannot_be_written_to() -> None:
    value = example("tutorial").graph.nodes["n1"].value
    assert isinstance(value, np.ndarray)
    with pytest.raises(ValueError, match="read-only"):
        value[0] = 1


def test_equal_documents_have_no_difference() -> None:
    assert not diff(example("accumulation"), example("accumulation"))
