"""Sums as products with ones: as numpy's in float64, to a rounding, whatever the shape, the axes and the layout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradstudio.engine.numerics import quicksum

Array = np.ndarray[Any, Any]


@st.composite
def given_sums(draw: st.DrawFn) -> tuple[Array, tuple[int, ...], bool]:
    shape = tuple(draw(st.lists(st.integers(1, 40), min_size=1, max_size=3)))
    axes = tuple(sorted(draw(st.sets(st.integers(0, len(shape) - 1)))))
    x = np.random.default_rng(draw(st.integers(0, 99))).standard_normal(shape).astype(draw(st.sampled_from(["f4", "f8"])))
    return x.transpose() if draw(st.booleans()) else x, axes, draw(st.booleans())


@given(given_sums())
def test_agrees_with_numpy(case: tuple[Array, tuple[int, ...], bool]) -> None:
    x, axes, keepdims = case
    axes = tuple([a for a in axes if a < x.ndim])
    found, wanted = quicksum.total(x, axes, keepdims), np.add.reduce(x.astype("f8"), axes, keepdims=keepdims)
    assert (found.shape, found.dtype) == (wanted.shape, x.dtype)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-3 if x.dtype == np.float32 else 1e-10)


@pytest.mark.parametrize("shape", [(40, 30), (4, 32, 64), (2, 5000), (1, 600), (600, 1), (0, 5)])
def test_sums_of_products(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    x, y = (rng.standard_normal(shape).astype("f4") for _ in range(2))
    found = quicksum.of_products(x, y)
    assert found.shape == (*shape[:-1], 1)
    np.testing.assert_allclose(found, (x.astype("f8") * y).sum(-1, keepdims=True), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(("value", "wanted"), [(np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf")])
def test_what_is_not_finite_stays_in_its_row_and_column(value: float, wanted: str) -> None:
    x = np.ones((64, 32), np.float32)
    x[3, 5] = value
    rows, columns = quicksum.total(x, (1,)), quicksum.total(x, (0,))
    assert str(rows[3]) == wanted == str(columns[5])
    assert np.isfinite(np.delete(rows, 3)).all()
    assert np.isfinite(np.delete(columns, 5)).all()


def test_the_longest_sums_are_numpys() -> None:
    x = np.random.default_rng(2).standard_normal((2, quicksum.LONGEST + 1)).astype("f4")
    assert (quicksum.total(x, (1,)) == np.add.reduce(x, 1)).all()
