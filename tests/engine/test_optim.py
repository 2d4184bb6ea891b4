"""Optimizers step as PyTorch's do."""
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradstudio.engine import optim

CASES = json.loads((Path(__file__).parents[1] / "data" / "optim.json").read_text())
TOLERANCE = {"float32": 3e-7, "float64": 4e-16}


@pytest.mark.parametrize("case", CASES, ids=[f"{c['kind']}-{c['dtype']}-{i}" for i, c in enumerate(CASES)])
def test_six_steps_are_those_of_pytorch(case: dict[str, Any]) -> None:
    w, state = np.array(case["start"], case["dtype"]), {}
    chosen = optim.options(case["kind"], case["options"])
    tolerance = 0.0 if case["kind"] == "SGD" else TOLERANCE[case["dtype"]]
    for g, after in zip(case["grads"], case["after"], strict=True):
        optim.update(case["kind"], w, np.array(g, case["dtype"]), state, chosen)
        np.testing.assert_allclose(w, np.array(after, case["dtype"]), rtol=4 * tolerance, atol=tolerance)
    assert list(state) == list(case["state"])
    assert optim.writes(case["kind"], chosen) * len(case["grads"]) == case["version"]
    for name, values in case["state"].items():
        np.testing.assert_allclose(state[name], values, rtol=1e-6)


@pytest.mark.parametrize(("kind", "given", "words"), [
    ("SGD", {"lr": -0.1}, "Invalid learning rate: -0.1"),
    ("Adam", {"betas": (0.9, 1.0)}, "Invalid beta parameter at index 1: 1.0"),
    ("Adam", {"eps": -1.0}, "Invalid epsilon value: -1.0"),
    ("SGD", {"nesterov": True}, "Nesterov momentum requires a momentum and zero dampening"),
])
def test_a_value_out_of_range_is_refused_in_pytorchs_words(kind: str, given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        optim.options(kind, given)


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(TypeError, match=r"SGD.__init__\(\) got an unexpected keyword argument 'speed'"):
        optim.options("SGD", {"speed": 1})


def test_a_step_writes_into_the_array_it_is_given() -> None:
    w = np.ones(2, np.float32)
    held = w
    optim.update("SGD", w, np.ones(2, np.float32), {}, optim.options("SGD", {"lr": 0.5}))
    np.testing.assert_array_equal(held, [0.5, 0.5])
