"""Rows whose backward is one op to PyTorch: one node gives all gradients, with PyTorch's name and edges; and it is differentiable again."""

from __future__ import annotations

import numpy as np
import pytest

import gradstudio.torch as torch
import gradstudio.torch.nn.functional as functional
from gradstudio.engine.op import JOINT, ROWS

LEAF, NONE = "torch::autograd::AccumulateGrad", None
DRAW = np.random.default_rng(5)


def leaf(*shape: int) -> torch.Tensor:
    return torch.tensor(DRAW.standard_normal(shape), requires_grad=True)


def normed(x, weight, bias):
    return functional.batch_norm(x, torch.zeros(3, dtype=torch.float64), torch.ones(3, dtype=torch.float64), weight, bias, False)


CASES = {  # what is called, its operands, and PyTorch 2.13's name and edges of its backward's node
    "layer_norm": (lambda x, w, b: functional.layer_norm(x, (3,), w, b), ((4, 3), (3,), (3,)), "NativeLayerNormBackwardBackward0",
                   [LEAF, LEAF, NONE, NONE, LEAF, LEAF]),
    "batch_norm": (lambda x, w, b: functional.batch_norm(x, None, None, w, b, True), ((4, 3, 2), (3,), (3,)),
                   "NativeBatchNormBackwardBackward0",
                   [LEAF, LEAF, LEAF, NONE, NONE]),
    "batch_norm, evaluation": (normed, ((4, 3, 2), (3,), (3,)), "NativeBatchNormBackwardBackward0", [LEAF, LEAF, LEAF, NONE, NONE]),
    "conv1d": (functional.conv1d, ((1, 2, 5), (3, 2, 2), (3,)), "ConvolutionBackwardBackward0", [LEAF, LEAF, LEAF]),
    "conv_transpose1d": (functional.conv_transpose1d, ((1, 2, 5), (2, 3, 2), (3,)), "ConvolutionBackwardBackward0", [LEAF, LEAF, LEAF]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_one_node_gives_all_gradients(name):
    function, shapes, node_name, edges = CASES[name]
    operands = [leaf(*shape) for shape in shapes]
    out = function(*operands)
    seed = torch.ones_like(out).requires_grad_()
    found = torch.autograd.grad(out, operands, seed, create_graph=True)
    assert [(g.grad_fn.name(), g.output_nr) for g in found] == [(node_name, i) for i in range(3)]
    assert [None if fn is None else fn.name() for fn, _ in found[0].grad_fn.next_functions] == edges


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("wanted", [(0,), (1,), (2,), (0, 1), (1, 2)])
def test_a_gradient_is_the_same_whichever_others_are_wanted(name, wanted):
    function, shapes, _, _ = CASES[name]
    operands = [leaf(*shape) for shape in shapes]
    out = function(*operands)
    seed = torch.tensor(DRAW.standard_normal(out.shape))
    all_of_them = torch.autograd.grad(out, operands, seed, retain_graph=True)
    some = function(*[t if i in wanted else t.detach() for i, t in enumerate(operands)])
    for i, g in zip(wanted, torch.autograd.grad(some, [operands[i] for i in wanted], seed), strict=True):
        assert np.array_equal(g.numpy(), all_of_them[i].numpy())


@pytest.mark.parametrize("name", CASES)
def test_the_second_derivative_is_differentiable(name):
    function, shapes, _, _ = CASES[name]
    operands = [leaf(*shape) for shape in shapes]
    draws = [torch.tensor(DRAW.standard_normal(shape)) for shape in shapes]

    def slope(*given):
        out = function(*given)
        first = torch.autograd.grad((out * out * out).sum(), given, create_graph=True)
        return sum((g * d).sum() for g, d in zip(first, draws, strict=True))

    assert torch.autograd.gradgradcheck(slope, tuple(operands), atol=1e-4)


def test_a_marked_input_has_a_joint_and_a_joint_marked_inputs():
    for row in ROWS.values():
        assert (row.joint is not None) == any(i.vjp is JOINT for i in row.inputs), row.name
