"""Graph: what is derived from operands and blocks follows each change."""

import pytest
from msgspec.structs import replace

from gradstudio.document.graph import Literal, Ref, Wire, operand_at, operand_refs, rewired, with_operand
from tests.document.making import graph, leaf, op


def test_wires_and_consumers_follow_the_operands() -> None:
    before = graph(leaf("n1"), leaf("n2"), op("n3", "mul", "n1", "n2"))
    assert [w.target for w in before.consumers["n2"]] == ["n3"]
    after = before.with_node(replace(before.nodes["n3"], inputs=(Ref("n1"), Ref("n1"))))
    assert "n2" not in after.consumers
    assert after.wires == (Wire(Ref("n1"), "n3", (0,)), Wire(Ref("n1"), "n3", (1,)))
    assert before.wires[1] == Wire(Ref("n2"), "n3", (1,))


def test_what_a_change_does_not_touch_is_not_derived_again() -> None:
    before = graph(leaf("n1"), op("n2", "exp", "n1"))
    derived = before.order, before.block_of, before.wires, before.consumers
    after = before.with_node(replace(before.nodes["n1"], requires_grad=True))
    assert all(a is b for a, b in zip(derived, (after.order, after.block_of, after.wires, after.consumers), strict=True))
    assert before.with_node(before.nodes["n1"]) is before


def test_order_runs_over_all_blocks() -> None:
    made = graph(leaf("n1"), leaf("n2"), leaf("n3"), blocks={"b": ("n3",), "main": ("n2", "n1")})
    assert made.order == {"n3": 0, "n2": 1, "n1": 2}
    assert made.block_of == {"n3": "b", "n2": "main", "n1": "main"}


NEST = (Ref("n1"), (Ref("n2"), Literal(3), (Ref("n3"),)), None)


def test_operands_are_found_by_their_path() -> None:
    assert [*operand_refs(NEST)] == [((0,), Ref("n1")), ((1, 0), Ref("n2")), ((1, 2, 0), Ref("n3"))]
    assert operand_at(NEST, (1, 1)) == Literal(3)
    assert operand_at(NEST, (1, 2, 0)) == Ref("n3")
    assert operand_at(NEST, (0, 0)) is None
    assert operand_at(NEST, (7,)) is None


@pytest.mark.parametrize(
    ("path", "made"),
    [
        ((0,), (None, NEST[1], None)),
        ((1, 1), (Ref("n1"), (Ref("n2"), None, (Ref("n3"),)), None)),
        ((4,), (*NEST, None, None)),
        ((2, 1), (*NEST[:2], (None, None))),
    ],
)
def test_an_operand_is_replaced_at_its_path(path: tuple[int, ...], made: object) -> None:
    assert with_operand(NEST, path, None) == made


def test_rewiring_that_changes_nothing_gives_the_same_operands() -> None:
    assert rewired(NEST, lambda ref: ref) is NEST
    assert rewired(NEST, lambda ref: None if ref.source == "n3" else ref) == (Ref("n1"), (Ref("n2"), Literal(3), (None,)), None)


def test_literals_of_different_types_differ() -> None:
    values = (2, 2.0, True, 1, 1.0, 0.0, -0.0, None, "None", float("nan"))
    assert all((Literal(a) == Literal(b)) == (i == j) for i, a in enumerate(values) for j, b in enumerate(values))
    assert len({Literal(v) for v in values}) == len(values)
