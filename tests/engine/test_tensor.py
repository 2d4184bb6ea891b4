"""Tensors: creation, requires_grad, leaves, .grad and its checks, detach, grad mode, promotion."""

import numpy as np
import pytest

from gradstudio.engine import GradMode, call, errors, grad_enabled, set_grad_enabled, stored_grad, tensor
from gradstudio.engine.modes import InferenceMode


def leaf(data):
    return tensor(data, requires_grad=True)


@pytest.mark.parametrize(("data", "dtype"), [(1.0, "float32"), ([1, 2], "int64"), (True, "bool"), (np.array([1.0]), "float64")])
def test_python_floats_become_float32_and_arrays_keep_their_dtype(data, dtype):
    assert tensor(data).dtype.name == dtype


def test_a_0_dim_result_is_an_array():
    x = leaf(2.0)
    y = call("exp", (x * x,))
    y.backward()
    assert all(type(t.array) is np.ndarray for t in (x, y, x.grad))


@pytest.mark.parametrize(("act", "message"), [
    (lambda: tensor([1], requires_grad=True), "Only Tensors of floating point and complex dtype can require gradients"),
    (lambda: setattr(tensor([1]), "requires_grad", True), "only Tensors of floating point and complex dtype can require gradients"),
    (lambda: tensor([1]).requires_grad_(), "only Tensors of floating point dtype can require gradients"),
    (lambda: setattr(tensor([1.0]), "requires_grad", 1), "requires_grad must be a bool"),
    (lambda: setattr(leaf(1.0) * 2.0, "requires_grad", True), errors.NON_LEAF_FLAG),
    (lambda: setattr(leaf(1.0) * 2.0, "requires_grad", False), errors.NON_LEAF_OFF),
    (lambda: (leaf(1.0) * 2.0).requires_grad_(False), errors.NON_LEAF_OFF),
    (lambda: setattr(leaf([1.0, 2.0]), "grad", tensor([1.0])),
     "attempting to assign a gradient of size '[1]' to a tensor of size '[2]'. Please ensure that the gradient and the tensor are the "
     "same size"),
])
def test_flags_and_gradients_are_refused_in_pytorchs_words(act, message):
    with pytest.raises(RuntimeError) as caught:
        act()
    assert str(caught.value) == message


def test_requires_grad_on_a_non_leaf_changes_nothing():
    y = leaf(1.0) * 2.0
    assert y.requires_grad_() is y
    assert not y.is_leaf


def test_a_grad_of_the_wrong_kind_dtype_or_identity_is_refused():
    x = leaf([1.0, 2.0])
    with pytest.raises(TypeError, match="assigned grad expected to be a Tensor or None but got grad of type float"):
        x.grad = 1.0
    with pytest.raises(RuntimeError, match="attempting to assign a gradient with dtype 'double' to a tensor with grad_dtype 'Float'"):
        x.grad = tensor(np.ones(2))
    with pytest.raises(RuntimeError, match="can't assign Variable as its own grad"):
        x.grad = x
    x.grad = tensor([10.0, 20.0])
    call("sum", (x * x,)).backward()
    assert x.grad.array.tolist() == [12.0, 24.0]
    del x.grad
    assert x.grad is None


def test_reading_grad_of_a_non_leaf_warns_and_stored_grad_does_not():
    y = leaf(1.0) * 2.0
    with pytest.warns(UserWarning, match="The .grad attribute of a Tensor that is not a leaf Tensor is being accessed"):
        assert y.grad is None
    assert stored_grad(y) is None


def test_a_leaf_is_what_has_no_history():
    x = leaf(1.0)
    y = x * 2.0
    assert (x.is_leaf, y.is_leaf, y.detach().is_leaf, tensor(1.0).is_leaf) == (True, False, True, True)
    assert (x.grad_fn, y.grad_fn.name()) == (None, "MulBackward0")


def test_detach_shares_storage_and_version():
    x = tensor([1.0, 2.0])
    y = x.detach()
    call("add_", (y, 1))
    assert (x.array.tolist(), x._version, y._version) == ([2.0, 3.0], 1, 1)


def test_outputs_of_one_node_have_numbers():
    parts = call("unbind", (leaf([1.0, 2.0, 3.0]),))
    assert [p.output_nr for p in parts] == [0, 1, 2]
    assert len({p.grad_fn for p in parts}) == 1


def test_grad_mode_is_restored_after_an_error():
    def fail():
        with GradMode(False):
            assert not (leaf(1.0) * 2.0).requires_grad
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 (it has no words)
        fail()
    assert grad_enabled()


def test_grad_mode_decorates_functions_and_generators():
    @GradMode(False)
    def once():
        return grad_enabled()

    @GradMode(False)
    def twice():
        got = yield grad_enabled()
        yield got, grad_enabled()

    running = twice()
    assert once() is False
    assert next(running) is False
    assert grad_enabled()
    assert running.send("x") == ("x", False)


def test_grad_mode_can_be_set_for_good():
    set_grad_enabled(False)
    try:
        assert not (leaf(1.0) * 2.0).requires_grad
    finally:
        set_grad_enabled(True)


def test_the_default_dtype_rules_python_floats_and_integer_division():
    assert call("div", (tensor([1, 2]), 2)).dtype.name == "float32"
    assert call("mul", (tensor([1, 2]), 2.5)).dtype.name == "float32"
    assert call("mul", (tensor(np.ones(2, np.float16)), 2.5)).dtype.name == "float16"
    assert call("cat", ((tensor([1]), tensor(np.ones(1, np.float16))),)).dtype.name == "float16"


def test_a_cast_to_integers_ends_the_gradient():
    x = leaf([1.7, -2.2])
    assert not call("to", (x,), {"dtype": "int64"}).requires_grad
    assert call("to", (x,), {"dtype": "float32"}) is x
    assert call("to", (x,), {"dtype": "float64"}).grad_fn.name() == "ToCopyBackward0"


def test_inference_tensors_stay_out_of_every_graph():
    x = leaf([1.0, 2.0])
    with InferenceMode():
        made = tensor([3.0, 4.0])
        computed = call("exp", (made,))
        call("add_", (computed, 1))
    assert (x + made).requires_grad
    for t in (made, computed):
        with pytest.raises(RuntimeError, match="Inference tensors cannot be saved for backward"):
            _ = x * t
        with pytest.raises(RuntimeError, match="Inference tensors do not track version counter"):
            _ = t._version
        with pytest.raises(RuntimeError, match="Setting requires_grad=True on inference tensor outside InferenceMode is not allowed"):
            t.requires_grad_()
        with pytest.raises(RuntimeError, match="Inplace update to inference tensor outside InferenceMode is not allowed"):
            call("add_", (t, 1))


def test_inference_mode_leaves_tensors_of_before_alone_and_outranks_grad_mode():
    x = leaf([1.0, 2.0])
    with InferenceMode():
        with GradMode(True):
            assert not (x * 2.0).requires_grad
        with InferenceMode(False):
            assert (x * 2.0).requires_grad
        view = x.detach()[:1]
        call("add_", (view, 1))
    assert x._version == 1
