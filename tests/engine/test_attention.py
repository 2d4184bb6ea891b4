"""Attention: which of PyTorch 2.13's two ways it goes, what has no second derivative, masked rows, dropout."""

import numpy as np
import pytest

import gradstudio.torch as torch
from gradstudio.torch.nn import functional as F  # noqa: N812

FUSED = "ScaledDotProductFlashAttentionForCpuBackward0"
COMPOSED = "UnsafeViewBackward0"


def operands(*shapes):
    torch.manual_seed(0)
    return [torch.randn(*shape, dtype=torch.float64, requires_grad=True) for shape in shapes]


FOUR = (2, 4, 3, 6), (2, 4, 5, 6), (2, 4, 5, 6)


@pytest.mark.parametrize(("shapes", "settings", "node"), [
    (FOUR, {}, FUSED), (FOUR, {"is_causal": True}, FUSED), (FOUR, {"scale": 2.0}, FUSED),
    (FOUR, {"attn_mask": torch.zeros(3, 5, dtype=torch.float64)}, FUSED),
    (FOUR, {"attn_mask": torch.zeros(3, 5, dtype=torch.float64, requires_grad=True)}, COMPOSED),
    (FOUR, {"dropout_p": 0.5}, COMPOSED),
    (((2, 4, 3, 6), (2, 2, 5, 6), (2, 2, 5, 6)), {"enable_gqa": True}, FUSED),
    (((2, 4, 3, 6), (2, 4, 5, 6), (2, 4, 5, 3)), {}, COMPOSED),
    (((4, 3, 6), (4, 5, 6), (4, 5, 6)), {"is_causal": True}, COMPOSED),
])
def test_four_dims_take_the_fused_op_and_what_it_cannot_do_takes_products(shapes, settings, node):
    assert F.scaled_dot_product_attention(*operands(*shapes), **settings).grad_fn.name() == node


SOME = torch.tensor([[True, False, True, True, False]] * 3)


@pytest.mark.parametrize("settings", [{}, {"is_causal": True}, {"scale": -0.3}, {"attn_mask": SOME}])
def test_both_ways_give_the_same_values_and_gradients(settings):
    q, k, v = operands(*FOUR)
    fused = F.scaled_dot_product_attention(q, k, v, **settings)
    zero = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    more = dict(settings)
    mask = more.pop("attn_mask", None)
    if more.pop("is_causal", False):
        mask = torch.tensor(np.tri(3, 5, dtype=bool))
    added = zero if mask is None else zero + torch.tensor(np.where(mask.numpy(), 0, -np.inf))
    composed = F.scaled_dot_product_attention(q, k, v, added, **more)
    assert (fused.grad_fn.name(), composed.grad_fn.name()) == (FUSED, COMPOSED)
    for a, b in zip((fused, *torch.autograd.grad(fused.sin().sum(), (q, k, v))),
                    (composed, *torch.autograd.grad(composed.sin().sum(), (q, k, v))), strict=True):
        assert np.allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-12, atol=1e-14)


def test_heads_that_share_keys_add_up_their_gradients():
    q, k, v = operands((1, 4, 3, 6), (1, 2, 5, 6), (1, 2, 5, 6))
    shared = F.scaled_dot_product_attention(q, k, v, enable_gqa=True)
    apart = F.scaled_dot_product_attention(q, *[t.repeat_interleave(2, 1) if hasattr(t, "repeat_interleave") else
                                                torch.stack([t, t], 2).reshape(1, 4, 5, 6) for t in (k, v)])
    for a, b in zip(torch.autograd.grad(shared.sin().sum(), (q, k, v)), torch.autograd.grad(apart.sin().sum(), (q, k, v)), strict=True):
        assert np.allclose(a.numpy(), b.numpy(), rtol=1e-12, atol=1e-14)


def test_the_fused_op_has_no_second_derivative():
    q, k, v = operands(*FOUR)
    g, = torch.autograd.grad(F.scaled_dot_product_attention(q, k, v).sum(), q, create_graph=True)
    with pytest.raises(RuntimeError, match=r"^derivative for aten::_scaled_dot_product_flash_attention_for_cpu_backward is not impl"):
        g.sum().backward()


@pytest.mark.parametrize("rank", [3, 4])
def test_a_query_that_sees_nothing_gets_nothing(rank):
    q, k, v = [t[0] if rank == 3 else t for t in operands(*FOUR)]
    mask = torch.tensor([[True] * 5, [False] * 5, [True] * 5])
    out = F.scaled_dot_product_attention(q, k, v, mask)
    assert not out[..., 1, :].any()
    out.sum().backward(retain_graph=True)
    g, = torch.autograd.grad(out.sum(), q)
    assert not g[..., 1, :].any()
    assert np.isfinite(g.numpy()).all()


@pytest.mark.parametrize(("wrong", "words"), [
    (lambda q, k, v: (q, k.float(), v), "Expected query, key, and value to have the same dtype, but got query.dtype: double key"),
    (lambda q, k, v: (q, k, v, torch.zeros(3, 5, dtype=torch.int64)), "Expected attn_mask dtype to be bool or float or to match"),
])
def test_dtypes_that_differ_are_refused_in_pytorchs_words(wrong, words):
    with pytest.raises(RuntimeError, match=f"^{words}"):
        F.scaled_dot_product_attention(*wrong(*operands(*FOUR)))
