"""The microscope: products and sums that made a cell, for every op that has a contribution to take apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradstudio.explain.closer import closer
from gradstudio.session.run import run
from tests.code.documents import random_document
from tests.explain.build import Program


def looked(op: str, *arrays: np.ndarray, operand: int = 0, cell: int = 0, **attrs):
    """Take apart a cell of what `op` sends to an operand, below a weighted sum; return it with the whole contribution."""
    p = Program()
    leaves = [p.leaf(f"v{i}", a) for i, a in enumerate(arrays)]
    out = p.op(op, *leaves, name="out", **attrs)
    loss = p.op("sum", p.op("mul", out, out))
    p.forward()
    p.backward(loss)
    result = run(p.document())
    k = next(k for k, step in enumerate(result.trace.steps, 1) if ((out.source,), (operand,)) in step.sent and _last(result, k, out))
    return result.look((out.source,), (operand,), k, cell), result.log.flows[(out.source,), (operand,)].at(k).array


def _last(result, k: int, out) -> bool:
    return not any(step.node == (out.source,) and step.kind == "visit" for step in result.trace.steps[k:])


def ramp(*shape: int) -> np.ndarray:
    return (np.arange(int(np.prod(shape))).reshape(shape) % 7 - 2.5).astype(np.float32)


def check(look, sent: np.ndarray, cell: int) -> None:
    assert look.cell == tuple(np.unravel_index(cell, sent.shape))
    assert look.total == pytest.approx(float(sent.ravel()[cell]))
    if look.count == len(look.products):
        assert sum(p.upstream * p.local for p in look.products) == pytest.approx(look.total, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("rows", [3, 200])  # 200 rows: more outputs than are asked one by one
def test_a_product_of_matrices_names_the_axis_that_it_sums(rows):
    x, w = ramp(rows, 4), ramp(4, 3)
    look, sent = looked("matmul", x, w, operand=0, cell=5)
    check(look, sent, 5)
    assert (look.why, look.axes) == ("product", ((1, 3),))
    assert [p.out for p in look.products] == [(1, j) for j in range(3)]
    assert [p.local for p in look.products] == w[1].tolist()
    look, sent = looked("matmul", x, w, operand=1, cell=4)
    check(look, sent, 4)
    assert look.axes == ((0, rows),)


@pytest.mark.parametrize("rows", [3, 200])
def test_a_bias_that_was_broadcast_sums_over_the_rows(rows):
    look, sent = looked("add", ramp(rows, 3), ramp(3), operand=1, cell=2)
    check(look, sent, 2)
    assert (look.why, look.axes) == ("broadcast", ((0, rows),))
    assert look.count == rows
    assert {p.out[1] for p in look.products} == {2}


@pytest.mark.parametrize("op", ["tanh", "relu", "exp"])
@pytest.mark.parametrize("size", [5, 400])
def test_element_by_element_a_cell_meets_only_itself(op, size):
    look, sent = looked(op, ramp(size), cell=4)
    check(look, sent, 4)
    assert [p.out for p in look.products] == [(4,)]
    assert look.axes == ()


@pytest.mark.parametrize("rows", [3, 400])
def test_a_sum_over_an_axis_gives_every_cell_what_its_output_got(rows):
    look, sent = looked("mean", ramp(rows, 4), cell=6, dim=1)
    check(look, sent, 6)
    assert (look.why, look.axes) == ("reduced", ((1, 4),))
    assert [p.out for p in look.products] == [(1,)]


def test_softmax_of_many_rows_claims_nothing_rather_than_something_false():
    assert looked("softmax", ramp(300, 3), cell=1, dim=1)[0] is None
    look, sent = looked("softmax", ramp(4, 3), cell=1, dim=1)
    check(look, sent, 1)


@given(st.integers(0, 100_000))
@settings(max_examples=40, deadline=None)
def test_what_is_told_of_any_document_adds_up(seed):
    result = run(random_document(seed))
    for k, step in enumerate(result.trace.steps, 1):
        for path, operand in step.sent:
            sent = result.log.flows[path, operand].at(k).array
            for cell in range(min(sent.size, 3)):
                look = result.look(path, operand, k, cell)
                if look is not None and look.count == len(look.products):
                    assert np.isclose(sum(p.upstream * p.local for p in look.products), look.total, 1e-3, 1e-6, equal_nan=True)


def test_the_words_write_few_products_out_and_count_the_rest():
    look, _ = looked("add", ramp(9, 3), ramp(3), operand=1, cell=0)
    words, axes = closer(look)
    assert words.startswith("[0]  ")
    assert " × 1.0 + " in words
    assert words.endswith(f" + {look.count - 3} more")
    assert axes == "axis 0 (9): broadcast in forward, so what comes back is summed"
