"""What a view restricts, and that it changes no number; local derivatives by the short way are those of a whole backward."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradstudio.engine import call, grad, local_derivative, tensor
from gradstudio.session.delta import MAPS
from gradstudio.session.run import run
from gradstudio.session.state import View
from tests.code.documents import random_document

A, B = np.array([0.5, -1.25, 2.0], np.float32), np.array([[1.5], [0.25]], np.float32)


@given(st.integers(0, 100_000), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_a_restricted_view_equals_the_whole_one_where_both_have_keys(seed, draw):
    document = random_document(seed)
    whole, part = run(document), run(document)
    paths = [path for path in whole.log.ops if draw.random() < 0.4]
    for k in range(0, whole.trace.end + 1, 3):
        full, few = whole.state_at(k), part.state_at(k, View(detail=tuple(paths)))
        wanted = {*paths, *told_of(whole.trace, full)}
        assert set(few.locals) == {key for key in full.locals if key[0] in wanted}
        for name in MAPS:
            ours, theirs = getattr(few, name), getattr(full, name)
            assert all(msgspec.msgpack.encode(value) == msgspec.msgpack.encode(theirs[key]) for key, value in ours.items())
            assert name == "locals" or ours.keys() == theirs.keys()


def told_of(trace, state):
    """Return the nodes whose local derivatives an explanation may tell: of the step, of the first NaN, of what blocks."""
    steps = [trace.step(state.k), trace.step(min(trace.nonfinite, default=0))]
    came = {path for (path, _), flow in state.cotangents.items() if flow.kind == "value"}
    return {*(step.node for step in steps if step is not None), *(path for (path, _), flow in state.flows.items()
            if flow.kind == "zero" and path in came)}  # fmt: skip


@pytest.mark.parametrize(("op", "operands"), [
    ("mul", (A, B)), ("div", (A, B)), ("sub", (B, A)), ("tanh", (A,)), ("exp", (B,)), ("sum", (A,)), ("matmul", (B, A[None])),
    ("pow", (A, 3)), ("add", (A, np.array(2, np.int64))), ("relu", (A,)), ("maximum", (A, B)), ("mean", (B,)), ("softmax", (A, 0)),
])
def test_the_short_way_gives_the_bits_of_a_backward(op, operands):
    for i, operand in enumerate(operands):
        if not isinstance(operand, np.ndarray) or operand.dtype.kind != "f":
            continue
        plain = [tensor(o) if isinstance(o, np.ndarray) else o for o in operands]
        fresh = list(plain)
        fresh[i] = tensor(operand, requires_grad=True)
        out = call(op, fresh)
        (wanted,) = grad([out], [fresh[i]], [tensor(np.ones_like(out.array))])
        found = local_derivative(op, plain, None, i)
        assert found.array.tobytes() == wanted.array.tobytes()
        assert (found.array.shape, found.array.dtype) == (wanted.array.shape, wanted.array.dtype)
