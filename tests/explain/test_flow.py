"""Who reads whom, with instances replaced by what is inside."""

from __future__ import annotations

from msgspec.structs import replace

from gradstudio.document.graph import Node, Ref
from gradstudio.document.groups import BODY
from gradstudio.document.map import Map
from gradstudio.explain.flow import flow_of, producer, resolve, ways
from tests.explain.build import Program


def grouped() -> Program:
    """x -> negated (a group of one neg) -> y."""
    p = Program()
    x = p.leaf("x", 2.0)
    p.op("mul", p.group("negated", op="neg", operand=x), 3.0, name="y")
    return p


def test_a_node_inside_a_group_reads_what_comes_in_from_outside():
    flow = flow_of(grouped().document())
    assert flow.sources[("n2", "n101"), (0,)] == (("n1",), 0)
    assert flow.readers[("n1",), 0] == ((("n2", "n101"), (0,)),)
    assert set(flow.paths) == {("n1",), ("n2", "n101"), ("n3",)}


def test_a_reader_of_an_instance_reads_what_is_inside():
    document = grouped().document()
    assert flow_of(document).sources[("n3",), (0,)] == (("n2", "n101"), 0)
    assert resolve(document, (("n2",), 0)) == (("n2", "n101"), 0)
    assert resolve(document, (("n2", "n100"), 0)) == (("n1",), 0)


def test_the_way_from_a_leaf_to_a_goal_leads_through_the_group():
    document = grouped().document()
    assert ways(document, (("n1",), 0), frozenset({("n3",)})) == (("n2", "n101"), ("n3",))
    assert ways(document, (("n3",), 0), frozenset({("n1",)})) == ()


def test_each_input_of_a_group_is_its_own_operand():
    p = Program()
    x, y = p.leaf("x", 2.0), p.leaf("y", 3.0)
    p.group("both", op="neg", operand=x)
    group = p.groups["g1"]
    second = Node("n109", "input", names=("w",))
    product = replace(group.graph.nodes["n101"], op="mul", inputs=(Ref("n100"), Ref("n109")))
    graph = replace(
        group.graph,
        nodes=Map([("n100", group.graph.nodes["n100"]), ("n109", second), ("n101", product)]),
        blocks=Map({BODY: ("n100", "n109", "n101")}),
    )
    p.groups["g1"] = replace(group, graph=graph, inputs=("n100", "n109"))
    p.nodes["n3"] = replace(p.nodes["n3"], inputs=(x, y))
    flow = flow_of(p.document())
    assert flow.sources[("n3", "n101"), (0,)] == (("n1",), 0)
    assert flow.sources[("n3", "n101"), (1,)] == (("n2",), 0)


def test_an_unwired_operand_has_no_producer():
    p = Program()
    p.op("neg", None)
    assert flow_of(p.document()).sources == {}


def test_a_gradient_read_as_a_value_is_no_way_for_a_gradient():
    p = Program()
    x = p.leaf("x", 2.0)
    p.op("neg", replace(x, grad=True), name="y")
    document = p.document()
    assert flow_of(document).readers == {}
    assert producer(document, (), x) == (("n1",), 0)
