"""Products of batches: one node in a plain backward, PyTorch's nodes for whoever looks, the same numbers and errors either way."""

import numpy as np
import pytest

from gradstudio.engine import backward, call, grad, tensor
from gradstudio.engine.batches import Folded
from gradstudio.engine.errors import FREED
from gradstudio.engine.ops import matrix


def drawn(*shape, needs=True):
    return tensor(np.random.default_rng(len(shape)).standard_normal(shape).astype(np.float32), requires_grad=needs)


def turned(t):
    return call("transpose", (t, 1, 2))


PAIRS = [
    (lambda: drawn(2, 3, 4), lambda: drawn(4, 5)),
    (lambda: drawn(2, 3, 4), lambda: drawn(4, 5, needs=False)),
    (lambda: drawn(2, 3, 4, needs=False), lambda: drawn(4, 5)),
    (lambda: drawn(6, 2, 3, 4), lambda: drawn(6, 2, 4, 3)),
    (lambda: drawn(2, 3, 4), lambda: drawn(2, 4, 3)),
    (lambda: turned(drawn(2, 4, 3)), lambda: turned(drawn(2, 5, 4))),  # strides that a batch of two dims allows
    (lambda: call("transpose", (drawn(2, 3, 4, 5), 0, 1)), lambda: call("transpose", (drawn(3, 6, 5, 2), 1, 3))),  # and that it does not
    (lambda: turned(drawn(3, 4, 2)), lambda: drawn(4, 5)),
]


def tree(node):
    """Return the names, saved arrays and versions of a node and of all behind it."""
    if node is None:
        return None
    saved = [(s.field, None if s.array is None else s.array.tolist(), s.version, s.freed) for s in node.saved()]
    return (node.name(), saved, [(tree(n), nr) for n, nr in node.next_functions])


def order(node):
    """Return the names of all nodes behind one in the order in which they were made."""
    found, waiting = set(), [node]
    while waiting:
        n = waiting.pop()
        found.add(n)
        waiting += [m for m, _ in n.next_functions if m is not None and m not in found]
    return [n.name() for n in sorted(found, key=lambda n: (n.seq, n.name()))]


@pytest.mark.parametrize("k", range(len(PAIRS)))
def test_a_product_of_batches_is_recorded_as_the_views_and_the_product_that_pytorch_composes(k, monkeypatch):
    left, right = PAIRS[k]
    one = call("matmul", (left(), right()))
    assert type(one.node).__base__ is Folded
    node = one.grad_fn
    assert type(one.node).__name__ == "UnsafeViewBackward0"
    assert node is one.node
    monkeypatch.setattr(matrix.batches, "is_plain", lambda x, y: False)
    other = call("matmul", (left(), right()))
    assert tree(node) == tree(other.grad_fn)
    assert order(node) == order(other.grad_fn)
    assert (one.array == other.array).all()


@pytest.mark.parametrize("k", range(len(PAIRS)))
@pytest.mark.parametrize("look", [False, True])
def test_its_gradients_are_the_same_to_the_bit_whoever_looks(k, look, monkeypatch):
    def found():
        x, y = [make() for make in PAIRS[k]]
        out = call("matmul", (x, y))
        leaves = [t for t in (x, y) if t.requires_grad]
        if look:
            assert out.grad_fn is not None
            return [g.array for g in grad(call("sum", (out * out,)), leaves)]
        kept = [t if t.is_leaf else t.retain_grad() or t for t in leaves]
        backward(call("sum", (out * out,)))
        return [t.grad.array for t in kept]

    here = found()
    monkeypatch.setattr(matrix.batches, "is_plain", lambda x, y: False)
    for a, b in zip(here, found(), strict=True):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        assert (a == b).all()


def test_a_plain_backward_leaves_it_one_node_and_frees_what_it_saved():
    x, y = drawn(2, 3, 4), drawn(4, 5)
    out = call("matmul", (x, y))
    backward(call("sum", (out,)))
    assert type(out.node).__base__ is Folded
    assert out.node.kept is None
    with pytest.raises(RuntimeError) as refused:
        backward(call("sum", (out,)))
    assert str(refused.value) == FREED
    product = out.grad_fn.next_functions[0][0]
    assert [s.freed for s in product.saved()] == [True, True]


def test_a_graph_that_is_kept_runs_again_as_one_node_and_as_many():
    x, y = drawn(2, 3, 4), drawn(4, 5)
    out = call("matmul", (x, y))
    loss = call("sum", (out * out,))
    backward(loss, retain_graph=True)
    once = x.grad.array.copy()
    backward(loss, retain_graph=True)
    assert type(out.node).__base__ is Folded
    assert (x.grad.array == once + once).all()
    assert out.grad_fn.name() == "UnsafeViewBackward0"
    backward(loss)
    assert (x.grad.array == once + once + once).all()


@pytest.mark.parametrize(("written", "text"), [(0, "[6, 4]], which is output 0 of AsStrided,"), (1, "[4, 5]], which is output 0 of Add,")])
def test_a_write_to_a_factor_is_refused_in_pytorchs_words(written, text):
    factors = drawn(2, 3, 4), drawn(4, 5) * 2
    x = factors[0] * 1
    out = call("matmul", (x, factors[1]))
    call("add_", ((x, factors[1])[written], 1.0))
    with pytest.raises(RuntimeError, match="has been modified by an inplace operation") as refused:
        backward(call("sum", (out,)))
    assert f"{text} is at version 1; expected version 0 instead" in str(refused.value)


def test_a_hook_on_the_product_is_told_its_cotangent():
    x, y = drawn(2, 3, 4), drawn(4, 5)
    out = call("matmul", (x, y))
    told = []
    out.register_hook(lambda g: told.append(g.sizes))
    backward(call("sum", (out,)))
    assert told == [(2, 3, 5)]
    assert x.grad.sizes == (2, 3, 4)
    assert y.grad.sizes == (4, 5)


def test_what_waits_for_a_product_that_is_refused_does_not_accumulate():
    """As PyTorch: the matrix waits for both products, the bias for one that ran."""
    u, w, b = drawn(2, 3, 4), drawn(4, 5), drawn(5)
    factor = u * 2
    early = call("matmul", (factor, w))
    late = call("matmul", (drawn(2, 3, 4, needs=False), w)) + b
    loss = call("sum", (early,)) + call("sum", (late,))
    call("add_", (factor, 1.0))
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        backward(loss)
    assert w.grad is None
    assert u.grad is None
    assert b.grad.array.tolist() == [6.0] * 5
