"""In-place ops: what may be written, versions, rebased history through views, and what backward then finds."""

import numpy as np
import pytest

from gradstudio.engine import GradMode, backward, call, errors, grad, stored_grad, tensor


def leaf(data):
    return tensor(data, requires_grad=True)


def numbers(t):
    return t.array.tolist()


def total(t):
    return call("sum", (t,))


def test_an_in_place_op_returns_its_operand_one_version_on():
    x = leaf([1.0, 2.0]) * 1.0
    assert call("add_", (x, 1)) is x
    assert (numbers(x), x._version) == ([2.0, 3.0], 1)
    assert x.grad_fn.name() == "AddBackward0"


def test_views_and_detached_tensors_share_the_version():
    x = tensor([1.0, 2.0, 3.0])
    view, cut = x[1:], x.detach()
    call("mul_", (view, 2))
    call("zero_", (cut,))
    assert (x._version, view._version, cut._version) == (2, 2, 2)
    assert x.data._version == 0


@pytest.mark.parametrize(("write", "message"), [
    (lambda: call("add_", (leaf([1.0]), 1)), errors.LEAF_IN_PLACE),
    (lambda: call("zero_", (leaf([1.0, 2.0])[:1],)), errors.LEAF_VIEW_IN_PLACE),
    (lambda: call("add_", (call("expand", (tensor([1.0]),), {"shape": (3,)}), 1)), errors.OVERLAP),
    (lambda: call("add_", (tensor([1, 2]), 1.5)), "result type Float can't be cast to the desired output type Long"),
    (lambda: call("div_", (tensor([1, 2]), 2)), "result type Float can't be cast to the desired output type Long"),
    (lambda: call("add_", (tensor([1.0, 2.0]), tensor([[1.0], [2.0]]))),
     "output with shape [2] doesn't match the broadcast shape [2, 2]"),
])
def test_what_must_not_be_written_is_refused_unwritten(write, message):
    with pytest.raises(RuntimeError) as caught:
        write()
    assert str(caught.value) == message


@pytest.mark.parametrize(("op", "attrs", "name"), [
    ("unbind", {}, "Unbind"), ("chunk", {"chunks": 2}, "Split"), ("split", {"split_size": (1, 1)}, "SplitWithSizes"),
])
def test_one_of_several_views_must_not_be_written(op, attrs, name):
    parts = call(op, (leaf([1.0, 2.0]) * 1.0,), attrs)
    with pytest.raises(RuntimeError) as caught:
        call("add_", (parts[0], 1))
    assert str(caught.value) == errors.written_output(0, f"{name}Backward0")


def test_a_stale_one_of_several_views_cannot_be_read():
    x = leaf([1.0, 2.0]) * 1.0
    _, second = call("unbind", (x,))
    call("add_", (x, 1))
    with pytest.raises(RuntimeError,
                       match="Output 1 of Unbind is a view and its base or another view of its base has been modified inplace"):
        _ = second.grad_fn


def test_a_view_made_in_no_grad_mode_must_not_be_written_outside():
    x = leaf([1.0, 2.0]) * 1.0
    with GradMode(False):
        view = x[:1]
    with pytest.raises(RuntimeError, match="A view was created in no_grad mode and is being modified inplace with grad mode enabled"):
        call("add_", (view, 1))


def modified(x):
    """Return the error of a backward through x."""
    with pytest.raises(RuntimeError, match="modified by an inplace operation") as caught:
        total(x).backward()
    return str(caught.value)


def test_a_modified_saved_input_is_named_by_its_grad_fn_of_now():
    x = leaf([1.0, 2.0])
    h = x * 1.0
    z = h * h
    call("add_", (h, 1))
    assert modified(z).startswith("one of the variables needed for gradient computation has been modified by an inplace operation: "
                                  "[torch.FloatTensor [2]], which is output 0 of Add, is at version 1; expected version 0 instead.")


def test_a_modified_leaf_has_no_name():
    w = leaf([1.0, 2.0])
    z = w * w
    with GradMode(False):
        call("sub_", (w, 0.1))
    assert "[torch.FloatTensor [2]] is at version 1; expected version 0 instead." in modified(z)


def test_a_modified_result_is_named_by_the_op_that_saved_it():
    h = call("exp", (leaf(np.ones((2, 3))),))
    call("add_", (h, 1))
    assert "[torch.DoubleTensor [2, 3]], which is output 0 of Exp, is at version 1" in modified(h)


def test_a_write_through_a_view_is_named_copyslices():
    h = leaf([1.0, 2.0]) * 1.0
    z = h * h
    call("add_", (h[:1], 1))
    assert "which is output 0 of torch::autograd::CopySlices, is at version 1" in modified(z)


def test_a_tensor_that_nothing_saved_may_be_modified():
    x = leaf([1.0, 2.0])
    h = x * 1.0
    y = call("tanh", (h,))  # tanh saves its result
    call("zero_", (h,))
    total(y).backward()
    assert np.allclose(x.grad.array, 1 - np.tanh([1.0, 2.0]) ** 2)


def test_a_write_through_a_view_rebases_base_and_view():
    x, w = leaf([[1.0, 2.0], [3.0, 4.0]]), leaf([10.0, 20.0])
    h = x * 1.0
    row = h[0]
    call("mul_", (row, w))
    assert (h.grad_fn.name(), row.grad_fn.name()) == ("torch::autograd::CopySlices", "AsStridedBackward0")
    total(h).backward()
    assert numbers(x.grad) == [[10.0, 20.0], [1.0, 1.0]]
    assert numbers(w.grad) == [1.0, 2.0]


def test_a_view_follows_a_write_to_its_base():
    x = leaf([1.0, 2.0, 3.0, 4.0])
    h = x * 1.0
    view = call("view", (h,), {"shape": (2, 2)})
    call("mul_", (h, 3))
    assert view.grad_fn.name() == "AsStridedBackward0"
    total(view * view).backward()
    assert numbers(x.grad) == [18.0, 36.0, 54.0, 72.0]


def test_a_transposed_view_finds_its_place_in_the_base():
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    h = x * 1.0
    call("mul_", (call("t", (h,))[0], 5))  # the first column of h
    total(h).backward()
    assert numbers(x.grad) == [[5.0, 1.0], [5.0, 1.0]]


def test_an_expanded_view_of_a_written_base_sums_its_repeats():
    x = leaf([1.0, 2.0])
    h = x * 1.0
    wide = call("expand", (h,), {"shape": (3, 2)})
    call("mul_", (h, 2))
    total(wide).backward()
    assert numbers(x.grad) == [6.0, 6.0]


def test_writing_a_gradient_into_a_plain_base_gives_it_a_history():
    base, w = tensor([0.0, 0.0, 0.0]), leaf([2.0, 3.0])
    call("copy_", (base[1:], w))
    assert (base.requires_grad, base.is_leaf) == (True, False)
    total(base * base).backward()
    assert numbers(w.grad) == [4.0, 6.0]


def test_a_second_order_gradient_goes_through_a_written_slice():
    x = leaf([1.0, 2.0])
    h = x * 1.0
    call("mul_", (h[0], x[1]))
    (g,) = grad(total(call("pow", (h, 3))), x, create_graph=True)
    assert numbers(g) == [24.0, 24.0]
    (second,) = grad(total(g), x)
    assert numbers(second) == [84.0, 60.0]


def test_copyslices_frees_and_refuses_as_any_node():
    h = leaf([1.0, 2.0]) * 1.0
    call("mul_", (h[:1], h[1:]))
    root = total(h)
    node = h.grad_fn
    assert [s.freed for s in node.saved()] == [False, False]
    root.backward()
    assert [s.freed for s in node.saved()] == [True, True]
    with pytest.raises(RuntimeError, match="a second time"):
        root.backward()


def test_zero_and_fill_give_a_gradient_of_zero_not_none():
    x = leaf([1.0, 2.0])
    h = x * 1.0
    call("zero_", (h,))
    total(h).backward()
    assert numbers(x.grad) == [0.0, 0.0]


def test_retain_grad_follows_the_value_that_was_written_and_hooks_do_not():
    x, seen = leaf([1.0, 2.0]), []
    h = x * 1.0
    h.retain_grad()
    h.register_hook(lambda g: seen.append(numbers(g)))
    call("mul_", (h, 3))
    total(h).backward()
    assert numbers(stored_grad(h)) == [1.0, 1.0]
    assert seen == [[3.0, 3.0]]


def test_the_overwritten_value_is_saved_as_a_copy():
    x, w = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    h = x * 1.0
    call("mul_", (h, w))
    total(h).backward()
    assert numbers(w.grad) == [1.0, 2.0]


def test_mixed_dtypes_are_computed_in_the_wider_one_and_written_back():
    x = tensor(np.array([1.0, 2.0], np.float32))
    w = leaf(np.array([3.0, 4.0]))
    h = x * 1.0
    call("mul_", (h, w))
    assert h.dtype == np.float32
    backward(total(h))
    assert (numbers(w.grad), w.grad.dtype) == ([1.0, 2.0], np.float64)
