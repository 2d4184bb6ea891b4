"""Every step in one breath."""

from __future__ import annotations

import numpy as np
import pytest

from gradstudio.document.calls import Backward
from gradstudio.document.commands.script import AppendCall, WrapRepeat
from gradstudio.document.graph import Ref
from gradstudio.explain.announcement import announcement
from gradstudio.io import reader
from gradstudio.resources import resource
from gradstudio.session.run import Run, run
from tests.explain.build import Program

TUTORIAL = [
    "Before the first of 6 steps",
    "a is 4.0",
    "z is 12.0",
    "mul passes 3.0 to pow and 4.0 to y",
    "y.grad is 4.0",
    "pow passes 12.0 to x",
    "x.grad is 12.0. End of the run",
]


def example(name: str) -> Run:
    return run(reader.read(resource("examples", f"{name}.grad")))


def told(result: Run) -> list[str]:
    """What is said of every step, from the start to the end, one after the other."""
    trace, steps = result.trace, range(result.trace.end + 1)
    return [announcement(result.document, trace, result.state_at(k), trace.step(k - 1)) for k in steps]


def test_the_tutorial_is_told_step_by_step():
    assert told(example("tutorial")) == TUTORIAL


def test_the_example_is_told_with_all_digits_and_norms():
    said = told(example("accumulation"))
    assert said[4:9] == ["pow has a norm of 3.916", "sum is 9.8125", "mul is 0.98125", "mse_loss is 0.25", "loss is 1.23125"]
    assert said[15:17] == ["l2_penalty/pow passes a norm of 0.6265 to W", "W.grad has a norm of 0.6265"]
    assert said[51:54] == ["x.grad is 0.0", "y.grad is 0.0", "W.grad has a norm of 0.0"]
    assert said[60] == "mul passes 3.0 to pow and 4.0 to y"
    assert said[63] == "x.grad is 12.0. End of the run"


@pytest.mark.parametrize("name", ["tutorial", "accumulation", "mlp"])
def test_no_step_is_silent(name):
    for words in told(example(name)):
        assert words.strip()
        assert "None" not in words
        assert "?" not in words


def test_another_turn_of_a_loop_is_named_first():
    document = example("tutorial").document
    looped = WrapRepeat(("c1",), 2, "c9").apply(document)
    assert told(run(looped))[1:5] == ["turn 1: a is 4.0", "z is 12.0", "turn 2: a is 4.0", "z is 12.0"]


def test_an_error_is_told_where_it_stops():
    document = example("tutorial").document
    again = AppendCall(Backward(id="c9", roots=(Ref("n4"),))).apply(document)
    last = told(run(again))[-1]
    assert "backward #2 stops here: Trying to backward through the graph a second time" in last


def test_a_float64_is_told_with_all_its_digits():
    p = Program()
    p.op("exp", p.leaf("x", 0.1, dtype="float64"), name="y")
    p.forward()
    assert told(run(p.document()))[1] == f"y is {float(np.exp(0.1))!r}. End of the run"
