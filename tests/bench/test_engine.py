"""What the engine's benchmark measures is the same program for all: values and gradients agree with those by hand in numpy."""

import json

import numpy as np
import pytest

from gradstudio import engine
from gradstudio.bench import footprint
from gradstudio.bench.engine import Functions, all_workloads, memory, own_step, table

WORKLOADS = {workload.name: workload for workload in all_workloads()}


@pytest.mark.parametrize("name", [name for name in WORKLOADS if name.startswith("W")])
def test_a_step_by_hand_gives_the_gradients_of_the_engine(name):
    workload = WORKLOADS[name]
    found = workload.by_hand(workload.inputs)()
    gradients = found if len(found) == len(workload.trained) else found[1:]
    leaves = {n: engine.tensor(value, requires_grad=n in workload.trained) for n, value in workload.inputs.items()}
    out = workload.program(Functions, leaves)
    out.backward(None if out.shape == () else engine.tensor(np.ones(tuple(out.shape), np.float32)))
    for leaf, gradient in zip(workload.trained, gradients, strict=True):
        expected = leaves[leaf].grad.array
        assert gradient.dtype == expected.dtype == np.float32
        assert np.abs(gradient - expected).max() <= 2e-5 * max(1.0, float(np.abs(expected).max())), leaf


def test_memory_of_a_long_chain_is_near_that_by_hand():
    figures = memory()
    assert 7 < figures["numpy_mb"] < 9  # 500 matrices of 16 KiB
    assert figures["ratio"] <= 1.25


def test_a_step_leaves_no_memory_behind():
    step = own_step(WORKLOADS["W1 tutorial"])
    assert footprint.peak(step) < 0.1


def test_an_import_loads_little_before_a_name_is_asked_for():
    figures = footprint.imports(runs=3)
    assert figures["ratio"] <= 1.15
    assert figures["first_use_ms"] > figures["gradstudio_torch_ms"]


def test_figures_are_told_as_lines():
    figures = {"workloads": [{"name": "W1", "ratios": {"gradstudio/numpy both": 2.0}}], "import": {"ratio": 0.5}, "memory": {"ratio": 1.0}}
    assert json.loads(json.dumps(figures)) == figures
    assert table(figures).splitlines() == [f"{'W1':28}numpy both 2.00", f"{'import':28}numpy 0.50", f"{'memory':28}numpy 1.00"]
