"""Pooling at ties, at nan and in the padding, and convolution's second derivatives by name: what PyTorch 2.13 gives."""

import numpy as np
import pytest

import gradstudio.torch as torch
from gradstudio.torch.nn import functional as F  # noqa: N812

NAN, INF = float("nan"), float("inf")


def leaf(*shape: int) -> torch.Tensor:
    return torch.tensor(np.linspace(-1, 1, int(np.prod(shape))).reshape(shape), requires_grad=True)


@pytest.mark.parametrize(("row", "values", "places"), [
    ([2.0, 2.0, 3.0, 3.0], [2.0, 3.0], [0, 2]),
    ([1.0, NAN, NAN, NAN], [NAN, NAN], [1, 3]),  # the last nan of a window
    ([-INF, -INF, NAN, 5.0], [-INF, NAN], [0, 2]),
])
def test_the_first_of_equal_elements_and_the_last_nan_are_the_largest(row, values, places):
    x = torch.tensor([row], requires_grad=True)
    out, indices = F.max_pool1d(x, 2, return_indices=True)
    assert np.array_equal(out.detach().numpy(), [values], equal_nan=True)
    assert indices.tolist() == [places]
    assert indices.dtype == torch.int64
    assert not indices.requires_grad
    out.backward(torch.ones_like(out))
    assert x.grad.tolist() == [[float(i in places) for i in range(4)]]


def test_padding_is_never_the_largest():
    x = torch.tensor([[[-INF] * 4]])
    assert F.max_pool2d(x, (1, 3), 1, (0, 1), return_indices=True)[1].tolist() == [[[0, 0, 1, 2]]]


def test_overlapping_windows_add_up_in_an_elements_gradient():
    x = torch.tensor([[[1.0, 5.0, 2.0]]], requires_grad=True)
    F.max_pool1d(x, 2, 1).sum().backward()
    assert x.grad.tolist() == [[[0.0, 2.0, 0.0]]]


def test_integers_are_pooled_but_not_along_one_dim():
    x = torch.tensor([[[1, 7], [3, 2]]])
    assert F.max_pool2d(x, 2).tolist() == [[[7]]]
    with pytest.raises(NotImplementedError, match="\"max_pool1d_impl\" not implemented for 'Long'"):
        F.max_pool1d(x, 2)


def test_the_gradient_of_a_convolution_is_a_node_of_its_own():
    x, w, b = leaf(1, 2, 4, 4), leaf(3, 2, 2, 2), leaf(3)
    out = F.conv2d(x, w, b)
    assert out.grad_fn.name() == "ConvolutionBackward0"
    grads = torch.autograd.grad(out.pow(2).sum(), (x, w, b), create_graph=True)
    assert {g.grad_fn.name() for g in grads} == {"ConvolutionBackwardBackward0"}
    again = torch.autograd.grad(sum(g.pow(2).sum() for g in grads), (x, w, b))
    assert [g.shape for g in again] == [x.shape, w.shape, b.shape]


@pytest.mark.parametrize(("make", "name"), [
    (lambda x: F.max_pool2d(x, 2), "MaxPool2DWithIndicesBackward"), (lambda x: F.avg_pool2d(x, 2), "AvgPool2DBackward"),
    (lambda x: F.adaptive_avg_pool2d(x, (3, 2)), "AdaptiveAvgPool2DBackward"),
    (lambda x: F.interpolate(x, size=(3, 2)), "UpsampleNearest2DBackward"),
    (lambda x: F.interpolate(x, size=(3, 2), mode="bicubic"), "UpsampleBicubic2DBackward"),
])
def test_a_backward_has_pytorchs_name_and_a_backward(make, name):
    x = leaf(1, 2, 4, 5)
    out = make(x)
    assert out.grad_fn.name() == f"{name}0"
    seed = torch.ones_like(out).requires_grad_()
    g, = torch.autograd.grad(out, x, seed, create_graph=True)
    assert g.grad_fn.name() == f"{name}Backward0"
    assert torch.autograd.grad(g.sum(), seed)[0].shape == out.shape


def test_folding_what_was_unfolded_counts_the_windows_of_each_element():
    x = torch.ones(1, 1, 3, 3)
    assert F.fold(F.unfold(x, 2), 3, 2).tolist() == [[[[1, 2, 1], [2, 4, 2], [1, 2, 1]]]]


def test_a_smoothed_resize_is_refused_by_name():
    with pytest.raises(NotImplementedError, match="antialias=True"):
        F.interpolate(leaf(1, 1, 4, 4), size=2, mode="bilinear", antialias=True)


@pytest.mark.parametrize(("make", "shape", "want"), [
    (lambda x: F.max_pool2d(x, 2), (0, 3, 4, 4), (0, 3, 2, 2)), (lambda x: F.avg_pool2d(x, 2), (0, 3, 4, 4), (0, 3, 2, 2)),
    (lambda x: F.adaptive_avg_pool2d(x, 3), (0, 3, 4, 4), (0, 3, 3, 3)),
    (lambda x: F.adaptive_avg_pool2d(x, (0, 2)), (1, 2, 4, 4), (1, 2, 0, 2)),
    (lambda x: F.unfold(x, 2), (0, 1, 4, 4), (0, 4, 9)), (lambda x: F.fold(x, 4, 2), (0, 4, 9), (0, 1, 4, 4)),
    (lambda x: F.interpolate(x, 3), (0, 1, 4), (0, 1, 3)), (lambda x: F.interpolate(x, (2, 3), mode="bicubic"), (0, 1, 4, 4), (0, 1, 2, 3)),
    (lambda x: F.conv2d(x, torch.ones(4, 3, 2, 2, dtype=x.dtype)), (0, 3, 4, 4), (0, 4, 3, 3)),
    (lambda x: F.conv_transpose1d(x, torch.ones(3, 2, 2, dtype=x.dtype)), (0, 3, 4), (0, 2, 5)),
])
def test_a_batch_of_none_has_an_empty_result_and_gradient(make, shape, want):
    x = torch.zeros(*shape, dtype=torch.float64, requires_grad=True)
    out = make(x)
    assert out.shape == want
    g, = torch.autograd.grad(out, x, torch.ones_like(out).requires_grad_(), create_graph=True)
    assert g.shape == shape
    g.sum().backward()
    assert not g.detach().numpy().any()
