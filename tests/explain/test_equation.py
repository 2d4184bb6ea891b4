"""The arithmetic of each step."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gradstudio.document import codec
from gradstudio.document.document import Document
from gradstudio.explain.equation import Equation, equation
from gradstudio.resources import resource
from gradstudio.session.run import Run, run
from tests.explain.build import Program


@pytest.fixture(scope="module")
def accumulation() -> Run:
    document: Document = codec.document_from(json.loads(resource("examples", "accumulation.grad").read_bytes()))
    return run(document)


def at(result: Run, k: int) -> Equation:
    found = equation(result.document, result.trace, result.state_at(k))
    assert found is not None
    return found


def numbers(found: Equation) -> list[list[str]]:
    return [[term.text for term in row.terms] for row in found.rows]


def test_a_visit_multiplies_upstream_by_local_for_each_input(accumulation):
    found = at(accumulation, 60)
    assert (found.title, found.subtitle, found.place) == ("mul", "MulBackward0", "Backward step 7 of 10")
    assert numbers(found) == [["1.0", "3.0", "3.0"], ["1.0", "4.0", "4.0"]]
    assert [row.target for row in found.rows] == ["pow", "y.grad"]
    assert [term.label for term in found.rows[0].terms] == ["∂loss/∂z", "∂z/∂a = y", "∂loss/∂a"]
    assert "".join(run for run, _ in found.next) == "y.grad = 0.0 + 4.0 = 4.0"
    assert found.aside == "then a and y are freed"


def test_upstream_times_local_is_the_contribution_at_every_visit_of_numbers(accumulation):
    for k in range(1, 64):
        found = equation(accumulation.document, accumulation.trace, accumulation.state_at(k))
        for row in found.rows if found and found.captions[:1] == ("Upstream",) else ():
            up, local, out = row.terms
            if None not in (up.value, local.value, out.value):
                assert up.value * local.value == pytest.approx(out.value, rel=1e-5)


def test_inside_a_group_the_card_names_the_instance_and_the_wires_do_not(accumulation):
    found = at(accumulation, 58)
    assert found.title == "l2_penalty/pow"
    assert found.rows[0].terms[1].label == "∂pow/∂W = 2W"
    assert found.rows[0].terms[2].shape == (3, 4)
    assert found.aside == "then W is freed"


def test_outside_a_group_what_comes_out_of_it_has_the_name_it_has_there(accumulation):
    _, row = at(accumulation, 11).rows
    assert [term.label for term in row.terms] == ["∂loss/∂loss", "∂loss/∂reg = 1", "∂loss/∂reg"]
    assert row.target == "l2_penalty/mul"


def test_an_accumulation_shows_before_contribution_and_sum(accumulation):
    found = at(accumulation, 63)
    assert found.title == "x"
    assert numbers(found) == [["0.0", "12.0", "12.0"]]
    assert found.rows[0].operators == ("+", "=")


def test_the_first_write_tells_none_from_zero(accumulation):
    found = at(accumulation, 20)
    assert numbers(found) == [["None", "12.0", "12.0"]]
    assert "was None" in found.aside
    assert "".join(run for run, _ in at(accumulation, 19).next) == "x.grad = 12.0"


def test_zero_shows_what_was_there(accumulation):
    assert numbers(at(accumulation, 51)) == [["24.0", "0.0"]]


def test_a_forward_op_shows_operands_and_result(accumulation):
    found = at(accumulation, 2)
    assert numbers(found) == [["4.0", "3.0", "12.0"]]
    assert found.rows[0].operators == ("×", "=")
    assert found.aside == "recorded as MulBackward0"
    assert at(accumulation, 3).aside == "not recorded: no_grad"


def test_every_step_of_the_example_says_something(accumulation):
    for k in range(1, 64):
        assert at(accumulation, k).spoken


def test_a_product_of_matrices_is_also_shown_in_shapes():
    p = Program()
    a, b = p.leaf("a", np.ones((5, 2))), p.leaf("b", np.ones((2, 3)))
    c = p.op("sum", p.op("matmul", a, b, name="c"), name="s")
    p.forward()
    p.backward(c)
    result = run(p.document())
    k = next(k for k, step in enumerate(result.trace.steps, 1) if step.name == "MmBackward0")
    assert [row.shapes for row in at(result, k).rows] == ["(5, 3) @ (2, 3).T = (5, 2)", "(5, 2).T @ (5, 3) = (2, 3)"]


def test_a_step_about_no_node_has_no_equation(accumulation):
    assert equation(accumulation.document, accumulation.trace, accumulation.state_at(0)) is None


def test_contributions_that_join_are_shown_as_a_sum():
    """h = 2x is read three times by r = h * h + h: at x = 3 come 1 from add, and 6 twice from mul."""
    program = Program()
    h = program.op("mul", program.leaf("x", [3.0]), 2, name="h")
    r = program.op("add", program.op("mul", h, h), h)
    program.forward()
    program.backward(r)
    result = run(program.document())
    k = next(k for k, step in enumerate(result.trace.steps, 1) if step.kind == "visit" and step.node == (h.source,))
    found = at(result, k)
    assert found.rows[-1].shapes == "upstream 13.0 = 1.0 + 6.0 + 6.0"
    assert numbers(found) == [["13.0", "2.0", "26.0"]]
