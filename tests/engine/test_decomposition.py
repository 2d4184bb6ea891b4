"""Decompositions multiply to what they were made of, of any shape, dtype and batch; signs of vectors are LAPACK's and not compared."""

import numpy as np
import pytest

from gradstudio.engine import call, grad, tensor
from gradstudio.engine.errors import LinAlgError
from gradstudio.engine.ops.decomposition import eigh, svd
from gradstudio.engine.ops.factoring import by_columns, cholesky, factor_of, qr
from gradstudio.engine.ops.pseudo_inverse import pinv

SHAPES = [(4, 4), (5, 2), (2, 5), (2, 3, 4, 3), (3, 30, 20), (0, 3), (3, 0), (2, 0, 0), (0, 2, 3)]
DTYPES = [("float32", 1e-5), ("float64", 1e-12)]


def matrices(shape, dtype="float64", seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def turned(x):
    return x.swapaxes(-1, -2)


def orthonormal(x, tolerance=1e-12):
    return np.allclose(turned(x) @ x, np.eye(x.shape[-1]), atol=tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), DTYPES)
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_singular_values_and_vectors_multiply_to_the_matrix(shape, full, dtype, tolerance):
    a = matrices(shape, dtype)
    u, s, vh = svd(a, full)
    k = min(shape[-2:])
    assert (u.dtype, s.dtype, s.shape) == (a.dtype, a.dtype, (*shape[:-2], k))
    assert u.shape[-1] == (shape[-2] if full else k)
    assert orthonormal(u, tolerance)
    assert orthonormal(turned(vh), tolerance)
    assert (s[..., :-1] >= s[..., 1:]).all()
    assert np.allclose(u[..., :k] * s[..., None, :] @ vh[..., :k, :], a, atol=tolerance * 10)


@pytest.mark.parametrize("triangle", ["L", "U", "l", "u"])
@pytest.mark.parametrize("shape", [(3, 3), (2, 2, 4, 4), (0, 0), (0, 3, 3)])
def test_eigenvectors_belong_to_their_values_and_one_triangle_is_read(shape, triangle):
    a = matrices(shape)
    read = np.tril(a) if triangle in "Ll" else np.triu(a)
    values, vectors = eigh(a, triangle)
    assert orthonormal(vectors)
    assert np.allclose((read + turned(read) - read * np.eye(shape[-1])) @ vectors, vectors * values[..., None, :])


@pytest.mark.parametrize("mode", ["reduced", "complete", "r"])
@pytest.mark.parametrize("shape", SHAPES)
def test_q_is_orthonormal_and_r_a_triangle(shape, mode):
    a = matrices(shape)
    q, r = qr(a, mode)
    m, k = shape[-2], min(shape[-2:])
    assert r.shape == (*shape[:-2], m if mode == "complete" else k, shape[-1])
    assert np.array_equal(r, np.triu(r))
    if mode == "r":
        assert q.shape == (0,)
        assert np.allclose(turned(r) @ r, turned(a) @ a)
    else:
        assert orthonormal(q)
        assert np.allclose(q @ r, a)


@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("shape", [(3, 3), (2, 3, 4, 4), (50, 50), (2, 0, 0), (0, 3, 3)])
def test_a_factor_times_its_transpose_is_the_matrix_and_one_triangle_is_read(shape, upper):
    root = matrices(shape)
    a = root @ turned(root) + np.eye(shape[-1])
    other = np.triu(np.ones(shape, bool), 1) if not upper else np.tril(np.ones(shape, bool), -1)
    factor = cholesky(np.where(other, np.nan, a), upper)
    assert np.array_equal(factor, np.triu(factor) if upper else np.tril(factor))
    assert np.allclose(turned(factor) @ factor if upper else factor @ turned(factor), a)
    if not upper:
        assert np.allclose(by_columns(a)[0], factor)
        assert not by_columns(a)[1].any()


def test_the_first_minor_that_is_not_positive_is_named():
    good = np.eye(3) + 0.1
    bad = [good - np.diag([0.0, 0.0, 2.0]), good - np.diag([2.0, 0.0, 0.0]), np.where(np.eye(3, k=-1) > 0, np.nan, good), good]
    assert factor_of("cholesky", np.stack(bad).reshape(2, 2, 3, 3), False, False)[1].tolist() == [[3, 1], [2, 0]]
    with pytest.raises(LinAlgError, match=r"^cholesky: \(Batch element 2\): .* \(the leading minor of order 2 is not "):
        cholesky(np.stack([good, good, bad[2]]), False)


@pytest.mark.parametrize(("dtype", "tolerance"), DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_pseudo_inverse_has_its_four_properties(shape, dtype, tolerance):
    a = matrices(shape, dtype)
    p = pinv(a, None, False, None)
    assert (p.shape, p.dtype) == ((*shape[:-2], shape[-1], shape[-2]), a.dtype)
    for left, right in ((a @ p @ a, a), (p @ a @ p, p), (a @ p, turned(a @ p)), (p @ a, turned(p @ a))):
        assert np.allclose(left, right, atol=tolerance * 100)


def test_small_singular_values_count_as_zero():
    u, vh = svd(matrices((4, 4)), True)[::2]
    a = u * [3.0, 1.0, 0.1, 1e-17] @ vh
    ranks = {how: np.linalg.matrix_rank(pinv(a, how[0], False, how[1])) for how in ((None, None), (0.05, None), (None, 0.5), (0.05, 0.5))}
    assert ranks == {(None, None): 3, (0.05, None): 2, (None, 0.5): 2, (0.05, 0.5): 2}
    assert pinv(a, tensor([0.05, 0.5]).array, False, None).shape == (2, 4, 4)
    tiny = np.diag([1.0, 1e-17])
    assert pinv(tiny, None, False, None).tolist() == pinv(tiny, None, True, 0.0).tolist() == [[1.0, 0.0], [0.0, 0.0]]
    assert np.allclose(pinv(tiny, None, False, 1e-20), np.diag([1.0, 1e17]))  # an atol alone: nothing is small beside the largest


def test_equal_singular_values_have_no_vectors_to_derive():
    """As in PyTorch: nan, not a number that looks right."""
    x = tensor(np.eye(2) * 3)
    x.requires_grad = True
    for row, out in (("linalg_svd", 0), ("linalg_svd", 2), ("linalg_eigh", 1)):
        vectors = call(row, (x,))[out]
        assert np.isnan(grad(vectors, x, tensor(np.ones((2, 2))))[0].array).all()
    assert grad(call("svdvals", (x,)), x, tensor(np.ones(2)))[0].array.tolist() == [[1.0, 0.0], [0.0, 1.0]]
