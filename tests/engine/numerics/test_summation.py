"""Sums agree with PyTorch's to the last bit."""
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradstudio.engine.numerics.summation import total

CASES = json.loads((Path(__file__).parents[2] / "data" / "sums.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_a_sum_has_the_bits_of_pytorch(case: dict[str, Any]) -> None:
    values = (np.random.RandomState(case["seed"]).standard_normal(case["shape"]) * 100).astype(case["dtype"])
    x = values.transpose(case["order"])
    found = total(x, case["axes"])
    assert found.dtype == x.dtype
    np.testing.assert_array_equal(found.reshape(-1), np.array(case["sum"], case["dtype"]))
    kept = total(x, case["axes"], keepdims=True)
    assert kept.shape == np.add.reduce(x, None if case["axes"] is None else tuple(case["axes"]), keepdims=True).shape
    np.testing.assert_array_equal(kept.reshape(-1), found.reshape(-1))


def test_symmetric_terms_cancel_as_they_do_in_pytorch() -> None:
    assert total(np.array([-0.841, -0.479, 0.0, 0.479, 0.841], np.float32)) == 0


@pytest.mark.parametrize("shape", [(0,), (0, 3), ()])
def test_nothing_and_a_single_number_have_a_sum(shape: tuple[int, ...]) -> None:
    assert total(np.ones(shape, np.float32)).item() == np.ones(shape).sum()


def test_integers_and_halves_are_left_to_numpy() -> None:
    assert total(np.arange(9)).item() == 36
    assert total(np.ones(3, np.float16)).dtype == np.float16
