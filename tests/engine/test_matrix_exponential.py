"""The exponential of matrices: against eigenvalues, in batches that scale differently, at the ends of the dtypes."""

import numpy as np
import pytest

from gradstudio.engine.ops.matrix_exponential import matrix_exp

SCALES = [1e-9, 1e-3, 0.3, 1.0, 4.0, 60.0]


def symmetric(n, scale, seed=0):
    a = np.random.default_rng(seed).normal(size=(n, n))
    return (a + a.T) * scale / np.linalg.norm(a + a.T, 2)


@pytest.mark.parametrize("n", [2, 3, 9, 40])
@pytest.mark.parametrize("scale", SCALES)
def test_it_is_the_exponential_of_the_eigenvalues(n, scale):
    a = symmetric(n, scale)
    values, vectors = np.linalg.eigh(a)
    want = vectors * np.exp(values) @ vectors.T
    assert np.abs(matrix_exp(a) - want).max() <= 1e-13 * max(1, scale) * np.abs(want).max()
    single = matrix_exp(a.astype("float32"))
    assert single.dtype == np.float32
    assert np.abs(single - want).max() <= 1e-6 * max(1, scale) * np.abs(want).max()


def test_each_matrix_of_a_batch_is_scaled_by_itself():
    batch = np.stack([symmetric(3, scale, seed) for seed, scale in enumerate(SCALES)]).reshape(2, 3, 3, 3)
    for i, each in enumerate(batch.reshape(6, 3, 3)):
        assert np.allclose(matrix_exp(batch).reshape(6, 3, 3)[i], matrix_exp(each), rtol=1e-13, atol=0)


def test_a_rotation_by_many_turns_keeps_its_angle():
    turn = np.array([[0.0, -1.0], [1.0, 0.0]]) * 100
    assert np.allclose(matrix_exp(turn), [[np.cos(100), -np.sin(100)], [np.sin(100), np.cos(100)]], rtol=0, atol=1e-12)


def test_a_nilpotent_matrix_has_a_sum_that_ends():
    assert matrix_exp(np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]])).tolist() == [[1, 1, 0.5], [0, 1, 1], [0, 0, 1]]


def test_the_ends():
    assert matrix_exp(np.array([[-1e200, 0.0], [0.0, -1e200]])).tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert matrix_exp(np.full((2, 2), 1e200)).tolist() == [[np.inf] * 2] * 2
    bad = matrix_exp(np.stack([np.eye(2), np.array([[np.inf, 0.0], [0.0, 1.0]]), np.array([[np.nan, 0.0], [0.0, 1.0]])]))
    assert np.allclose(bad[0], np.diag([np.e, np.e]))
    assert np.isnan(bad[1:]).all()
    assert matrix_exp(np.zeros((2, 0, 0))).shape == (2, 0, 0)
    assert matrix_exp(np.full((2, 1, 1), 2.0)).tolist() == [[[np.exp(2.0)]]] * 2
