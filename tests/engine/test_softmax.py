"""Softmax of many numbers: the same whether they are moderate, of which exp is taken as they are, or shifted by their largest."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradstudio.engine import call, tensor
from gradstudio.engine.ops.softmax import MODERATE, moderate


def expected(x, dim):
    powers = np.exp(x.astype(np.float64) - x.astype(np.float64).max(dim, keepdims=True))
    return powers / powers.sum(dim, keepdims=True)


@given(st.integers(0, 1000), st.sampled_from([0.1, 1.0, 10.0, 40.0, 300.0]), st.sampled_from([0, 1, -1]), st.sampled_from(["f4", "f8"]))
def test_as_in_float64(seed, scale, dim, dtype):
    x = (np.random.default_rng(seed).uniform(-scale, scale, (8, 5, 20))).astype(dtype)
    assert moderate(x) == (scale < MODERATE)
    found = call("softmax", (tensor(x),), {"dim": dim}).array
    assert found.dtype == x.dtype
    np.testing.assert_allclose(found, expected(x, dim), rtol=3e-6, atol=1e-30)


@pytest.mark.parametrize("odd", [np.inf, -np.inf, np.nan, 3e38])
def test_what_is_not_moderate_is_shifted(odd):
    x = np.random.default_rng(1).standard_normal((40, 20)).astype("f4")
    x[3, 4] = odd
    assert not moderate(x)
    found = call("softmax", (tensor(x),), {"dim": 1}).array
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(found, expected(x, 1), rtol=3e-6, atol=1e-30)
