"""The example mlp.grad: the graph of the mock-up, and what PyTorch 2.13 was recorded to compute for it (tests/data/record_mlp.py)."""

from __future__ import annotations

import numpy as np
import pytest

from gradstudio.document.calls import Backward, Forward
from gradstudio.io.reader import read
from gradstudio.session.run import Run, run
from tests.data.make_mlp import EXAMPLE, PARAMETERS, Example, array, recorded

CLOSE = {"rtol": 1e-4, "atol": 1e-7}  # matmul adds up in another order on another processor


@pytest.fixture(scope="module")
def done() -> Run:
    return run(read(EXAMPLE))


@pytest.fixture(scope="module")
def made() -> Example:
    return Example()


def test_the_file_is_what_its_script_makes(made: Example) -> None:
    assert made.bytes() == EXAMPLE.read_bytes()


def test_it_has_the_fifty_nodes_of_the_picture_and_one_pass(done: Run) -> None:
    assert len(done.document.graph.nodes) == 50
    assert [type(call) for call in done.document.calls()] == [Forward, Backward, Forward]
    assert [len(p.planned) for p in done.trace.passes] == [32]


def test_every_value_is_pytorchs(done: Run, made: Example) -> None:
    values = recorded()["values"]
    ops = {key for key in made.ids if key not in recorded()["start"] and not key.startswith(("rate_", "step_"))}
    assert values.keys() == ops
    for key, plain in values.items():
        found = done.array(((made.ids[key],), 0), done.trace.end)
        assert found.dtype.name == plain["dtype"], key
        np.testing.assert_allclose(found, array(plain), **CLOSE, err_msg=key)


def test_the_numbers_of_the_picture_come_out(done: Run, made: Example) -> None:
    def number(key: str) -> str:
        return f"{done.array(((made.ids[key],), 0), done.trace.end).item():.4f}"

    assert [number(key) for key in ("loss", "nll", "accuracy")] == ["0.1780", "0.0558", "1.0000"]
    norms = [f"{np.linalg.norm(done.array(((made.ids[p],), 0), done.trace.end, grad=True)):.4f}" for p in PARAMETERS]
    assert norms == ["0.0109", "0.0134", "0.0176", "0.0037", "0.0129", "0.0012"]


def test_every_gradient_is_pytorchs(done: Run, made: Example) -> None:
    state, gradients = done.state_at(done.trace.end), recorded()["gradients"]
    for key in PARAMETERS:
        np.testing.assert_allclose(
            done.array(((made.ids[key],), 0), done.trace.end, grad=True), array(gradients[key]), **CLOSE, err_msg=key
        )
    for key in gradients.keys() - set(PARAMETERS):
        flow, expected = state.cotangents[(made.ids[key],), 0], array(gradients[key]).astype(np.float64)
        assert flow.shape == expected.shape, key
        sums = [np.linalg.norm(expected), expected[expected > 0].sum(), -expected[expected < 0].sum()]
        # a sum of what nearly cancels is as exact as its largest part
        np.testing.assert_allclose([flow.norm, flow.positive, flow.negative], sums, rtol=1e-4, atol=1e-6, err_msg=key)


def test_the_step_leaves_pytorchs_parameters(done: Run, made: Example) -> None:
    for key, plain in recorded()["after"].items():
        np.testing.assert_allclose(done.array(((made.ids[key],), 0), done.trace.end), array(plain), **CLOSE, err_msg=key)
        assert not np.array_equal(array(plain), array(recorded()["start"][key])), key
