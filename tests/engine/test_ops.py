"""Every row of the table against PyTorch, recorded on the row's own samples: values, two orders of gradients, nodes, error words."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from gradstudio.engine import TABLE, backward, call, grad, tensor
from gradstudio.engine.tensor import AccumulateGrad, Tensor

CASES = json.loads((Path(__file__).parents[1] / "data" / "engine_ops.json").read_text())["cases"]
GOOD = [c for c in CASES if not c["bad"]]
BAD = [c for c in CASES if c["bad"]]


def named(case):
    return f"{case['op']}-{case['sample']}"


def run(case, values=None):
    """Run a recorded case; return the leaves and the outputs."""
    op = TABLE[case["op"]]
    sample = (op.bad_samples if case["bad"] else op.samples)[case["sample"]]
    leaves = []

    def made(value, differentiable):
        if isinstance(value, tuple) and any(isinstance(v, np.ndarray) for v in value):
            return tuple([made(v, differentiable) for v in value])
        if not isinstance(value, np.ndarray):
            return value
        t = tensor(value if values is None or value.dtype.kind != "f" or not differentiable else values[len(leaves)])
        if value.dtype.kind == "f" and differentiable:
            t.requires_grad = True
            leaves.append(t)
        return t

    operands = [made(v, i.formula is not None) for v, i in zip(sample.operands, op.inputs, strict=False)]
    if op.mutates:
        operands[0] = call("clone", (operands[0],))
    out = call(case["op"], operands, sample.attrs)
    return leaves, [] if out is None else list(out) if isinstance(out, tuple) else [out]


def cotangent(t):
    return tensor((np.arange(t.numel(), dtype=t.dtype) * 0.37 + 0.3).reshape(t.shape))


def tree(node):
    if node is None:
        return "."
    if type(node) is AccumulateGrad:
        return "leaf"
    return f"{node.name()}({', '.join(tree(n) for n, _ in node.next_functions)})"


def assert_is(got, want):
    """Compare a tensor with a recorded one."""
    assert (got is None) == (want is None)
    if want is not None:
        assert list(got.shape) == want["shape"]
        assert got.dtype.name == want["dtype"]
        assert np.allclose(got.array.ravel().astype(float), want["data"], rtol=1e-7, atol=1e-10, equal_nan=True)


def gradients(outs, leaves, **more):
    return grad(outs, leaves, [cotangent(o) for o in outs], allow_unused=True, **more)


@pytest.mark.parametrize("case", GOOD, ids=named)
def test_a_row_gives_pytorchs_values_and_nodes(case):
    _, outs = run(case)
    assert len(outs) == len(case["outs"])
    for got, want in zip(outs, case["outs"], strict=True):
        assert_is(got, want)
    assert [tree(o.grad_fn) for o in outs] == case["trees"]


@pytest.mark.parametrize("case", [c for c in GOOD if "saved" in c], ids=named)
def test_a_row_saves_what_pytorch_saves(case):
    _, outs = run(case)
    node = outs[0].grad_fn
    assert sorted(s.field for s in node.saved() if s.array is not None) == case["saved"]
    values = [getattr(node, f"_saved_{f}") for f in case["saved"]]
    assert all(isinstance(v, Tensor) or any(isinstance(i, Tensor) for i in v) for v in values)


@pytest.mark.parametrize("case", [c for c in GOOD if "grads" in c], ids=named)
def test_a_row_gives_pytorchs_gradients(case):
    leaves, outs = run(case)
    for got, want in zip(gradients([o for o in outs if o.requires_grad], leaves), case["grads"], strict=True):
        assert_is(got, want)


@pytest.mark.parametrize("case", [c for c in GOOD if "grads" in c], ids=named)
def test_a_row_gives_pytorchs_second_order(case):
    leaves, outs = run(case)
    first = gradients([o for o in outs if o.requires_grad], leaves, create_graph=True)
    for got, want in zip(first, case["grads"], strict=True):
        assert_is(got, want)
    over = [g for g in first if g is not None and g.requires_grad]
    if isinstance(case["second"], str):
        with pytest.raises(RuntimeError, match=f"^{re.escape(case['second'])}$"):
            gradients(over, leaves)
        return
    second = gradients(over, leaves) if over else [None] * len(leaves)
    for got, want in zip(second, case["second"], strict=True):
        assert_is(got, want)


@pytest.mark.parametrize("case", [c for c in GOOD if "again" in c], ids=named)
def test_a_second_backward_fails_where_pytorchs_does(case):
    leaves, outs = run(case)
    kept = [o for o in outs if o.requires_grad]
    gradients(kept, leaves)
    if case["again"]:
        gradients(kept, leaves)
    else:
        with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
            gradients(kept, leaves)


@pytest.mark.parametrize("case", [c for c in GOOD if "grads" in c], ids=named)
def test_the_plain_loop_gives_what_the_observed_loop_gives(case):
    leaves, outs = run(case)
    again, outs_again = run(case)
    for i, o in enumerate(outs):
        if o.requires_grad:
            backward(o, cotangent(o), retain_graph=True)
            backward(outs_again[i], cotangent(o), retain_graph=True, observer=Silent())
    for a, b in zip(leaves, again, strict=True):
        assert (a.grad is None) == (b.grad is None)
        assert a.grad is None or np.array_equal(a.grad.array, b.grad.array, equal_nan=True)


class Silent:
    def begins(self, plan): ...
    def enter(self, node, cotangents, queue): ...
    def leave(self, node, contributions): ...


@pytest.mark.parametrize("case", BAD, ids=named)
def test_a_row_refuses_in_pytorchs_words(case):
    kind, message = case["error"]
    with pytest.raises((RuntimeError, IndexError, ValueError, TypeError, AssertionError, NotImplementedError)) as caught:
        run(case)
    assert (type(caught.value).__name__, str(caught.value)) == (kind, message)


def test_every_row_of_the_table_was_recorded():
    assert {c["op"] for c in GOOD} == set(TABLE)
