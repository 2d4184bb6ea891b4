"""Steps in words, among them those of engine nodes that a vjp made."""

from __future__ import annotations

from gradstudio.document.calls import Grad
from gradstudio.document.graph import Ref
from gradstudio.explain.account import account
from gradstudio.explain.case import Case
from gradstudio.explain.equation import equation
from gradstudio.explain.steps import step_words
from gradstudio.session import state
from gradstudio.session.run import run
from gradstudio.session.trace import ACCUMULATE
from tests.explain.build import Program


def cube(times: int = 1):
    """y = x ** 3 at x = 2, differentiated `times` times with create_graph, then backward."""
    p = Program()
    x = p.leaf("x", 2.0)
    y = p.op("pow", x, 3.0, name="y")
    p.forward()
    last = y
    for _ in range(times):
        call = p.do(Grad, outputs=(last,), inputs=(x,), create_graph=True, names=("d",))
        last = Ref(call)
    p.backward(last)
    return p.document(), x


def words_of(document) -> list[str]:
    trace = run(document).trace
    return [step_words(Case(document, trace, state.EMPTY, ((), 0)), step) for step in trace.steps]


def test_engine_nodes_that_a_vjp_made_are_named_after_the_op_they_belong_to():
    document, _ = cube()
    trace = run(document).trace
    second = trace.passes[-1]
    words = words_of(document)[second.first - 1 :]
    assert any(each.startswith("∂ of pow  ") for each in words)
    assert {p.origin for p in second.planned if p.name != ACCUMULATE} - {0}
    assert [p.origin for p in second.planned] == [step.origin for step in trace.steps[second.first - 1 :]]


def test_a_derivative_of_a_derivative_says_so():
    document, _ = cube(2)
    assert any(each.startswith("∂² of pow  ") for each in words_of(document))


def test_the_card_of_a_second_order_step_names_it_and_the_ledger_knows_the_wire():
    document, x = cube()
    result = run(document)
    trace = result.trace
    k = next(k for k, step in enumerate(trace.steps, 1) if step.origin and step.sent)
    card = equation(document, trace, result.state_at(k))
    assert card.title == "∂ of pow"
    assert [(row.terms[0].text, row.target) for row in card.rows] == [("12.0", "x.grad")]
    assert card.captions == ("Contribution",)  # the factors are those of the derivative, which the graph does not show
    assert card.announcement == "∂ of pow passes 12.0 to x"
    entries = account(document, trace, ((x.source,), 0), True)
    assert entries[0].value == 12.0  # d2 of x ** 3 at 2
    assert all(term.wire is not None for entry in entries for term in entry.terms)


def test_where_both_orders_send_along_a_wire_each_card_shows_its_own():
    p = Program()
    x = p.leaf("x", 2.0)
    y = p.op("pow", x, 3.0, name="y")
    p.forward()
    d = Ref(p.do(Grad, outputs=(y,), inputs=(x,), create_graph=True, names=("d",)))
    p.backward(d, y)
    document = p.document()
    result = run(document)
    each = result.trace.passes[-1]
    sent = []
    for k in range(each.first, each.first + each.ran):
        if result.trace.step(k).sent:
            card = equation(document, result.trace, result.state_at(k))
            sent.append((card.title, [term.text for term in card.rows[0].terms]))
    assert sorted(sent) == [("pow", ["1.0", "12.0", "12.0"]), ("∂ of pow", ["12.0"])]
    assert result.trace.series[(x.source,), 0][-1].after == 24.0


def test_a_forward_op_has_no_such_name():
    document, _ = cube()
    assert words_of(document)[0] == "pow  y"
