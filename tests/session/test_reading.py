"""Reading: the figures that are shown of a tensor."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gradstudio.session.reading import Figures, figures

ANY = arrays.arrays(np.float32, arrays.array_shapes(max_dims=3, max_side=6), elements=st.floats(width=32))


@given(ANY)
def test_figures_are_those_of_the_finite_elements_and_count_the_others(array):
    found, flat = figures(array), array.astype(np.float64).ravel()
    finite = flat[np.isfinite(flat)]
    assert (found.nonfinite, found.nan) == (flat.size - finite.size, np.isnan(flat).sum())
    if not finite.size:
        assert found[:4] == (None, None, None, None)
        return
    assert (found.min, found.max) == (finite.min(), finite.max())
    assert found.mean == pytest.approx(finite.mean(), rel=1e-12, abs=1e-12 * np.abs(finite).max())
    assert found.norm == pytest.approx(np.linalg.norm(finite), rel=1e-12)


@pytest.mark.parametrize(("array", "expected"), [
    (np.array(3, np.int64), Figures(3.0, 3.0, 3.0, 3.0)),
    (np.array([True, False, True, True]), Figures(0.0, 1.0, 0.75, 3**0.5)),
    (np.array(np.nan, np.float32), Figures(nonfinite=1, nan=1)),
    (np.array(-np.inf, np.float32), Figures(nonfinite=1)),
    (np.array([np.inf, np.nan, -np.inf]), Figures(nonfinite=3, nan=1)),
    (np.full(2, 1.7e308), Figures(1.7e308, 1.7e308, np.inf, np.inf)),
    (np.zeros((0, 3)), Figures()),
    (np.array([1j]), Figures()),
])  # fmt: skip
def test_numbers_bools_and_what_is_beyond_float64(array, expected):
    assert figures(array) == expected
