"""The ledger of a `.grad`: rows, terms, balance, and what pointing at one lights."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradstudio.document.calls import SetGradNone, ZeroGrad
from gradstudio.explain.account import account, way
from gradstudio.explain.flow import flow_of
from gradstudio.io import reader
from gradstudio.resources import resource
from gradstudio.session.run import run
from tests.code.documents import random_document
from tests.explain.build import Program


def two_ways() -> tuple[Program, list]:
    """loss = x * y + x: two contributions reach x."""
    p = Program()
    x, y = p.leaf("x", 2.0), p.leaf("y", 3.0)
    m = p.op("mul", x, y, name="m")
    loss = p.op("add", m, x, name="loss")
    p.forward()
    p.backward(loss, retain_graph=True)
    return p, [x, y, m, loss]


def lines(program: Program, key, one_number=True):
    document = program.document()
    return [(e.kind, e.words, e.note, e.value) for e in account(document, run(document).trace, key, one_number)]


def test_contributions_are_terms_in_the_order_of_execution_and_a_sum():
    program, (x, *_) = two_ways()
    assert lines(program, ((x.source,), 0)) == [
        ("write", "backward #1", "", 4.0),
        ("term", "add", "loss", 1.0),
        ("term", "mul", "m", 3.0),
        ("sum", "sum of 2", "1.0 + 3.0", 4.0),
    ]


def test_zero_and_none_are_entries_and_the_balance_runs():
    program, (x, _, _, loss) = two_ways()
    program.backward(loss, retain_graph=True)
    program.do(ZeroGrad, targets=(x,))
    program.do(SetGradNone, targets=(x,))
    program.backward(loss)
    rows = [line for line in lines(program, ((x.source,), 0)) if line[0] == "write"]
    assert [(words, note, value) for _, words, note, value in rows] == [
        ("backward #1", "", 4.0),
        ("backward #2", "4.0 + 4.0", 8.0),
        ("zero_()", "", 0.0),
        ("grad = None", "", None),
        ("backward #3", "", 4.0),
    ]


def test_what_a_failed_call_had_written_is_said_to_stay():
    p = Program()
    a, b = p.leaf("a", 1.0), p.leaf("b", 2.0)
    m = p.op("mul", b, b, name="m")
    s = p.op("add", a, 1.0, name="s")
    loss = p.op("add", m, s, name="loss")
    p.forward()
    p.backward(m)
    p.backward(loss)
    remarks = [entry for entry in account(p.document(), run(p.document()).trace, ((a.source,), 0), True) if entry.kind == "remark"]
    assert len(remarks) == 1
    assert "backward #2 raised after this" in remarks[0].words
    assert "1 other .grad was not reached" in remarks[0].words


def test_pointing_at_a_term_lights_what_lies_between_root_and_wire():
    program, (x, y, m, loss) = two_ways()
    document = program.document()
    trace = run(document).trace
    rows = account(document, trace, ((x.source,), 0), True)
    nodes, wires = way(document, trace, ((x.source,), 0), rows[2].terms)
    assert nodes == {(x.source,), (m.source,), (loss.source,)}
    assert wires == {((m.source,), (0,)), ((loss.source,), (0,))}
    nodes, wires = way(document, trace, ((x.source,), 0), rows[1].terms)
    assert nodes == {(x.source,), (loss.source,)}
    assert (y.source,) not in nodes


def test_a_long_chain_of_doublings_is_lit_without_walking_its_paths():
    p = Program()
    x = p.leaf("x", 1.0)
    last = x
    for _ in range(60):
        last = p.op("add", last, last)
    p.forward()
    p.backward(last)
    document = p.document()
    trace = run(document).trace
    nodes, wires = way(document, trace, ((x.source,), 0), trace.series[(x.source,), 0][0].terms)
    assert len(nodes) == 61
    assert len(wires) == 120


def test_wires_into_the_instances_on_the_way_are_lit_too():
    document = reader.read(resource("examples", "accumulation.grad"))
    trace = run(document).trace
    key = next(key for key in trace.series if document.node(key[0]).name == "W")
    nodes, wires = way(document, trace, key, trace.series[key][0].terms)
    assert any(len(path) == 2 for path in nodes)
    assert any(len(path) == 1 and document.node(path).op == "instance" for path, _ in wires)


@given(st.integers(0, 100_000))
@settings(max_examples=30, deadline=None)
def test_terms_add_up_to_what_was_added_and_come_through_wires_that_exist(seed):
    document = random_document(seed)
    trace = run(document).trace
    flow = flow_of(document)
    for key, writes in trace.series.items():
        for write in writes:
            for term in write.terms:
                assert term.step <= write.step
                assert term.wire is None or term.wire in flow.sources or document.node(term.wire[0]).op == "instance"
            if write.writer == "accumulate" and len(write.terms) == 1:
                assert write.added == pytest.approx(write.terms[0].value, nan_ok=True)
        assert account(document, trace, key, False)
