"""Execution order, recorded from PyTorch on random graphs; and the plain loop against the observed one."""

import json
from pathlib import Path

import numpy as np
import pytest

from gradstudio.engine import AccumulateGrad, backward, call, stored_grad, tensor

CASES = json.loads((Path(__file__).parents[1] / "data" / "engine_order.json").read_text())["cases"]


class Log:
    """An observer that keeps what it is told."""

    def __init__(self):
        self.plan, self.entered, self.left = [], [], []

    def begins(self, plan):
        self.plan = plan()

    def enter(self, node, cotangents, queue):
        self.entered.append(node)
        assert all(queue.waiting[n] == 0 for n in queue.ready() if n in queue.waiting)

    def leave(self, node, contributions):
        self.left.append((node, contributions))
        assert len(contributions) == len(node.edges)


def leaves_of(case):
    return [tensor(np.array([0.3 + 0.1 * n, -0.2 * n, 0.5]), requires_grad=True) for n in range(case["leaves"])]


def run_step(step, values):
    """The engine's side of record_engine_order.run_step."""
    kind, (i, j, k, m) = step[0], step[1:]
    a, b = values[i], values[j]
    if kind in ("add", "mul"):
        out = call(kind, (a, b))
        return [out], [out.grad_fn]
    if kind in ("tanh", "scale"):
        out = call("tanh", (a,)) if kind == "tanh" else call("mul", (a, 0.5))
        return [out], [out.grad_fn]
    if kind == "stack":
        stacked = call("stack", ((a, b, values[k], values[m]),))
        out = call("sum", (stacked,), {"dim": 0})
        return [out], [stacked.grad_fn, out.grad_fn]
    if kind == "unbind":
        stacked = call("stack", ((a, b),))
        parts = call("unbind", (stacked,))
        return list(parts), [stacked.grad_fn, parts[0].grad_fn]
    copy = call("add", (a, 0))
    made = [copy.grad_fn]
    if kind == "add_":
        call("add_", (copy, b))
        return [copy], [*made, copy.grad_fn]
    view, other = call("index", (copy, slice(0, 2))), call("index", (b, slice(1, 3)))
    made += [view.grad_fn, other.grad_fn]
    call("add_", (view, other))
    return [copy], [*made, copy.grad_fn]


def build(case):
    """Return the leaves, the roots and a label for each node."""
    leaves = leaves_of(case)
    values, labels = list(leaves), {}
    for n, step in enumerate(case["steps"]):
        out, made = run_step(step, values)
        for part, node in enumerate(made):
            labels.setdefault(node, f"{n}.{part}")
        values += out
    for i, leaf in enumerate(leaves):
        labels[leaf.node] = f"leaf {i}"
    return leaves, [values[r] for r in case["roots"]], labels


def grads_of(leaves):
    return [None if (g := stored_grad(leaf)) is None else g.array.tolist() for leaf in leaves]


def seeds_of(roots):
    return [tensor(np.ones(r.shape)) for r in roots]


@pytest.mark.parametrize("case", CASES, ids=[str(i) for i in range(len(CASES))])
def test_nodes_run_in_pytorchs_order_and_give_its_gradients(case):
    leaves, roots, labels = build(case)
    log = Log()
    inputs = None if case["inputs"] is None else [leaves[i] for i in case["inputs"]]
    backward(roots, seeds_of(roots), inputs=inputs, observer=log)
    names = [labels.get(n, n.name()) for n in log.entered]
    assert names == case["visits"]
    assert log.plan == log.entered
    assert [n for n, _ in log.left] == log.entered
    for got, want in zip(grads_of(leaves), case["grads"], strict=True):
        assert (got is None) == (want is None)
        assert got is None or np.allclose(got, want, rtol=1e-9, atol=1e-11)


PLAIN = [i for i, c in enumerate(CASES) if c["inputs"] is None and len(c["roots"]) == 1]  # what takes the plain loop


@pytest.mark.parametrize("case", [CASES[i] for i in PLAIN], ids=[str(i) for i in PLAIN])
def test_the_plain_loop_gives_bit_for_bit_what_the_observed_loop_gives(case):
    plain, plain_roots, _ = build(case)
    watched, watched_roots, _ = build(case)
    backward(plain_roots, seeds_of(plain_roots))
    backward(watched_roots, seeds_of(watched_roots), observer=Log())
    assert grads_of(plain) == grads_of(watched)


def test_the_plain_loop_is_the_one_that_ran(monkeypatch):
    """The comparison above would prove nothing if one loop served both."""
    x = tensor(2.0, requires_grad=True)
    y = call("tanh", (call("mul", (x, 3.0)),))
    ran = []
    monkeypatch.setattr(type(y.grad_fn), "run", lambda node, g: ran.append(node.name()))
    backward(y)
    assert ran == ["TanhBackward0"]


def test_an_accumulategrad_is_one_node_per_leaf():
    x = tensor(2.0, requires_grad=True)
    y = call("mul", (x, x))
    a, b = y.grad_fn.next_functions
    assert a == b
    assert type(a[0]) is AccumulateGrad
    assert a[0].variable is x
    assert a[0]._sequence_nr() == 2**64 - 1
