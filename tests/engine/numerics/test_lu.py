"""Triangular factors and what they solve: batches, blocks, both sides, transposes, zero pivots."""

import numpy as np
import pytest

from gradstudio.engine.numerics.lu import BLOCK, factored, order_of, sign_of, solved, substituted

SHAPES = [(1, 1), (3, 3), (2, 3, 3), (2, 1, 4, 4), (0, 0), (2, 0, 0), (0, 3, 3), (BLOCK, BLOCK), (2, 2 * BLOCK + 2, 2 * BLOCK + 2)]


def matrices(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_factors_multiply_to_the_matrix_with_its_rows_swapped(shape):
    a = matrices(shape)
    lu, pivots, zero_at = factored(a)
    lower, upper = np.tril(lu, -1) + np.eye(shape[-1]), np.triu(lu)
    assert np.allclose(lower @ upper, np.take_along_axis(a, order_of(pivots)[..., None], -2), atol=1e-12)
    assert np.abs(lower).max(initial=0) <= 1
    assert not zero_at.any()
    assert (pivots.shape, pivots.dtype, zero_at.shape, zero_at.dtype) == (shape[:-1], np.int32, shape[:-2], np.int32)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_solution_solves_its_equation(shape, left, transposed):
    a = matrices(shape)
    b = matrices((5, *shape[:-1], 2) if left else (5, *shape[:-2], 2, shape[-1]), 1)
    lu, pivots, _ = factored(a)
    x = solved(lu, pivots, b, left, transposed)
    matrix = a.swapaxes(-1, -2) if transposed else a
    assert x.shape == b.shape
    assert np.allclose(matrix @ x if left else x @ matrix, b, atol=1e-8)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_determinant_is_the_diagonal_and_the_sign_of_the_swaps(shape):
    a = matrices(shape)
    lu, pivots, _ = factored(a)
    assert np.allclose(sign_of(pivots) * np.diagonal(lu, 0, -2, -1).prod(-1), np.linalg.det(a), rtol=1e-10)


@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("n", [3, BLOCK + 1, 3 * BLOCK])
def test_only_the_triangle_is_read(n, upper):
    a, b = matrices((n, n)) / n + np.eye(n), matrices((2, n, 3), 1)
    other = np.tri(n, k=-1, dtype=bool) if upper else np.tri(n, k=-1, dtype=bool).T
    triangle = np.where(other, 0, a)
    a[other] = np.nan
    assert np.allclose(triangle @ substituted(a, b, upper), b)
    diagonal = np.diagonal(triangle).copy()
    np.fill_diagonal(a, np.nan)
    assert np.allclose((triangle - np.diag(diagonal) + np.eye(n)) @ substituted(a, b, upper, unit=True), b)


def test_the_first_zero_pivot_is_named_and_the_rest_is_eliminated():
    a = np.array([[[1.0, 2.0, 3.0], [2.0, 4.0, 1.0], [1.0, 2.0, 5.0]], np.eye(3), np.zeros((3, 3))])
    lu, pivots, zero_at = factored(a)
    assert zero_at.tolist() == [2, 0, 1]
    lower, upper = np.tril(lu, -1) + np.eye(3), np.triu(lu)
    assert np.allclose(lower @ upper, np.take_along_axis(a, order_of(pivots)[..., None], -2))


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_the_dtype_stays(dtype):
    a = (np.eye(3) * 2 + 0.25).astype(dtype)
    lu, pivots, _ = factored(a)
    assert lu.dtype == solved(lu, pivots, a).dtype == np.dtype(dtype)
    assert np.allclose(solved(lu, pivots, a), np.eye(3), atol=1e-6)
