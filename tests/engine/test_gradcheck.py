"""Every row against finite differences: first order, and the gradient of the gradient."""

import numpy as np
import pytest

from gradstudio.engine import TABLE, GradMode, grad, tensor
from tests.engine.test_ops import GOOD, cotangent, named, run

STEP = 1e-6
# Rows whose gradient is not the derivative: it is cut, passed through a rounding, or split between equal elements.
NOT_DERIVATIVES = {"detach"}
# Rows of symmetric matrices: PyTorch gives the gradient among symmetric ones, so it is an element and its mirror image that move.
SYMMETRIC = {"linalg_eigh", "eigvalsh", "linalg_cholesky", "linalg_cholesky_ex", "cholesky"}
DIFFERENTIABLE = [c for c in GOOD if "grads" in c and c["op"] not in NOT_DERIVATIVES]


def weighted(case, values):
    """Return the sum of all differentiable outputs with fixed weights."""
    with GradMode(True):
        _, outs = run(case, values)
    return sum(float((o.array * cotangent(o).array).sum()) for o in outs if o.requires_grad)


def first_order(case, values):
    """Return the gradients at values, as numbers weighted by fixed weights."""
    leaves, outs = run(case, values)
    kept = [o for o in outs if o.requires_grad]
    found = grad(kept, leaves, [cotangent(o) for o in kept], allow_unused=True)
    return sum(float((g.array * cotangent(g).array).sum()) for g in found if g is not None)


def symmetric(case):
    """Tell whether a case takes its matrices as symmetric."""
    return case["op"] in SYMMETRIC or "hermitian=True" in case["call"]


def allowed(case, array):
    """Return the part of a gradient along the ways that numerical goes."""
    return (array + array.swapaxes(-1, -2)) / 2 if symmetric(case) else array


def numerical(function, case, values, i):
    """Return the central difference quotients of function with respect to each element of values[i]."""
    out = np.zeros(values[i].size)
    for k in range(out.size):
        ends = []
        for sign in (1, -1):
            moved, way = [v.copy() for v in values], np.zeros(values[i].shape)
            way.reshape(-1)[k] = sign * STEP
            moved[i] += allowed(case, way)
            ends.append(function(case, moved))
        out[k] = (ends[0] - ends[1]) / (2 * STEP)
    return out.reshape(values[i].shape)


def values_of(case):
    leaves, _ = run(case)
    return [leaf.array.copy() for leaf in leaves]


@pytest.mark.parametrize("case", DIFFERENTIABLE, ids=named)
def test_the_gradient_is_the_derivative(case):
    values = values_of(case)
    leaves, outs = run(case, values)
    kept = [o for o in outs if o.requires_grad]
    found = grad(kept, leaves, [cotangent(o) for o in kept], allow_unused=True)
    for i, g in enumerate(found):
        want = numerical(weighted, case, values, i)
        assert np.allclose(0 if g is None else allowed(case, g.array), want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("case", [c for c in DIFFERENTIABLE if not isinstance(c["second"], str)], ids=named)
def test_the_gradient_of_the_gradient_is_its_derivative(case):
    values = values_of(case)
    leaves, outs = run(case, values)
    kept = [o for o in outs if o.requires_grad]
    first = [g for g in grad(kept, leaves, [cotangent(o) for o in kept], create_graph=True, allow_unused=True)
             if g is not None and g.requires_grad]
    second = grad(first, leaves, [cotangent(g) for g in first], allow_unused=True) if first else [None] * len(leaves)
    for i, g in enumerate(second):
        want = numerical(first_order, case, values, i)
        assert np.allclose(0 if g is None else allowed(case, g.array), want, rtol=1e-4, atol=1e-5)


def test_the_check_can_fail(monkeypatch):
    case = next(c for c in DIFFERENTIABLE if c["op"] == "sin")
    values = values_of(case)
    want = numerical(weighted, case, values, 0)
    assert not np.allclose(np.cos(values[0]) + 0.01, want / cotangent(tensor(values[0])).array, rtol=1e-5, atol=1e-6)


def test_most_rows_are_checked():
    assert len({c["op"] for c in DIFFERENTIABLE}) > len(TABLE) * 0.7
