"""backward and grad: roots, seeds, freeing, accumulation, inputs, create_graph, deep chains, and what they refuse."""

import gc
import weakref

import numpy as np
import pytest

from gradstudio.engine import backward, call, grad, stored_grad, tensor
from gradstudio.engine.errors import FREED


def leaf(*data):
    return tensor(data[0] if len(data) == 1 else list(data), requires_grad=True)


def numbers(t):
    return None if t is None else t.array.tolist()


def square_sum(x):
    return call("sum", (call("pow", (x, 2)),))


def test_a_scalar_root_needs_no_seed_whatever_its_rank():
    x = tensor([[3.0]], requires_grad=True)
    (x * x).backward()
    assert numbers(x.grad) == [[6.0]]


def test_a_leaf_is_a_root_too():
    x = leaf(3.0)
    x.backward()
    assert numbers(x.grad) == 1.0


@pytest.mark.parametrize(("roots", "seeds", "message"), [
    (lambda: leaf(1.0, 2.0), None, "grad can be implicitly created only for scalar outputs"),
    (lambda: tensor(1.0), None, "element 0 of tensors does not require grad and does not have a grad_fn"),
    (lambda: [leaf(1.0), tensor(1.0)], None, "element 1 of tensors does not require grad and does not have a grad_fn"),
    (lambda: [leaf(1.0), leaf(1.0)], [None], "got 2 tensors and 1 gradients"),
    (lambda: leaf(1.0, 2.0), tensor(1.0),
     "Mismatch in shape: grad_output[0] has a shape of torch.Size([]) and output[0] has a shape of torch.Size([2])."),
])
def test_backward_refuses_in_pytorchs_words(roots, seeds, message):
    with pytest.raises(RuntimeError) as caught:
        backward(roots(), seeds)
    assert str(caught.value) == message


def test_a_seed_is_cast_to_the_roots_dtype_and_not_kept():
    x = leaf(1.0, 2.0)
    seed = tensor(np.array([1.0, 10.0]))
    backward(x * 1.0, seed)
    assert x.grad.dtype == np.float32
    seed.array[0] = 99.0
    assert numbers(x.grad) == [1.0, 10.0]


def test_two_leaves_never_share_a_gradient():
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    call("sum", (x + y,)).backward()
    assert not np.shares_memory(x.grad.array, y.grad.array)
    assert x.grad.array.flags.writeable


def test_gradients_add_up_in_place():
    x = leaf(2.0)
    (x * 3.0).backward()
    first = x.grad
    (x * 4.0).backward()
    assert x.grad is first
    assert (numbers(first), first._version) == (7.0, 1)


def test_unreached_is_none_and_reached_with_zero_is_zero():
    x, y, z = leaf(2.0), leaf(3.0), leaf(4.0)
    (x * 0.0 + y).backward()
    assert (numbers(x.grad), numbers(y.grad), z.grad) == (0.0, 1.0, None)


def test_a_second_backward_raises_and_retain_graph_allows_it():
    x = leaf(2.0)
    y = call("pow", (x, 2))
    y.backward(retain_graph=True)
    y.backward()
    assert numbers(x.grad) == 8.0
    with pytest.raises(RuntimeError) as caught:
        y.backward()
    assert str(caught.value) == FREED


def test_an_op_that_saves_nothing_runs_twice():
    x = leaf(2.0)
    y = x + 1.0
    y.backward()
    y.backward()
    assert numbers(x.grad) == 2.0


def test_a_number_operand_is_saved_as_a_tensor():
    x = leaf(2.0)
    y = x * 2
    saved = y.grad_fn.saved()
    assert [(s.field, s.array.item(), s.array.dtype) for s in saved] == [("other", 2, np.int64)]
    y.backward()
    assert y.grad_fn.saved()[0].freed
    with pytest.raises(RuntimeError, match="a second time"):
        y.backward()


def test_what_ran_before_an_error_has_accumulated():
    x, w = leaf(2.0), leaf(3.0)
    a = call("exp", (x,))
    (a * w).backward()
    b = a * w
    before = numbers(w.grad)
    with pytest.raises(RuntimeError, match="a second time"):
        b.backward()
    assert numbers(w.grad) == pytest.approx(2 * before)
    assert numbers(x.grad) == pytest.approx(3 * float(np.exp(np.float32(2))))


def test_an_error_leaves_no_trace_in_the_nodes():
    x, w = leaf(2.0), leaf(3.0)
    a = call("exp", (x,))
    a.backward(retain_graph=False)
    b = a * w + x
    with pytest.raises(RuntimeError, match="a second time"):
        b.backward()
    (x * 5.0).backward()
    assert numbers(x.grad) == pytest.approx(float(np.exp(np.float32(2))) + 5.0)  # the 1 of `+ x` was still waiting


def test_grad_leaves_grad_alone_and_runs_only_what_leads_there():
    x, y = leaf(2.0), leaf(3.0)
    a, b = call("exp", (x,)), call("exp", (y,))
    (found,) = grad(a * b, x)
    assert numbers(found) == pytest.approx(float(np.exp(2.0) * np.exp(3.0)), rel=1e-5)
    assert (x.grad, y.grad) == (None, None)
    assert not b.grad_fn.saved()[0].freed
    assert a.grad_fn.saved()[0].freed


def test_grad_with_respect_to_a_non_leaf_and_to_the_root_itself():
    x = leaf(2.0)
    y = x * x
    z = y * y
    assert [numbers(g) for g in grad(z, [x, y, z])] == [32.0, 8.0, 1.0]


def test_an_unused_input_raises_is_none_or_is_zeros():
    x, y = leaf(2.0), leaf(1.0, 2.0)
    z = x * 1.0
    with pytest.raises(RuntimeError, match="The differentiated Tensor at index 0 appears to not have been used in the graph"):
        grad(z, y)
    assert grad(z, y, allow_unused=True) == (None,)
    assert numbers(grad(z, y, materialize_grads=True)[0]) == [0.0, 0.0]
    with pytest.raises(ValueError, match="Expected allow_unused to be True or not passed when materialize_grads=True"):
        grad(z, y, allow_unused=False, materialize_grads=True)


def test_grad_refuses_inputs_that_are_none():
    x = leaf(2.0)
    with pytest.raises(RuntimeError, match="One of the differentiated Tensors does not require grad"):
        grad(x * 1.0, tensor(1.0))
    with pytest.raises(RuntimeError, match=r"`inputs` argument to `grad\(\)` cannot be empty."):
        grad(x * 1.0, [])
    with pytest.raises(RuntimeError, match="all inputs have to be Tensors or GradientEdges, but got int"):
        grad(x * 1.0, [3])


def test_backward_with_inputs_writes_only_those():
    x, y = leaf(2.0), leaf(3.0)
    h = x * y
    z = h * h
    backward(z, inputs=[h, x], retain_graph=True)
    assert (numbers(stored_grad(h)), numbers(x.grad), y.grad) == (12.0, 36.0, None)
    with pytest.raises(RuntimeError, match=r"`inputs` argument to `backward\(\)` cannot be empty."):
        backward(z, inputs=[])


def test_create_graph_gives_gradients_of_gradients():
    x = leaf(2.0)
    (g,) = grad(call("pow", (x, 3)), x, create_graph=True)
    assert g.grad_fn.name() == "MulBackward0"
    (h,) = grad(g, x, create_graph=True)
    (k,) = grad(h, x)
    assert [numbers(t) for t in (g, h, k)] == [12.0, 12.0, 6.0]


@pytest.mark.filterwarnings("ignore:Using backward:UserWarning")
def test_backward_with_create_graph_makes_a_new_grad_with_a_history():
    x = leaf(2.0)
    call("pow", (x, 3)).backward(create_graph=True)
    first = x.grad
    assert first.grad_fn.name() == "torch::autograd::CopyBackwards"
    assert [n is None for n, _ in first.grad_fn.next_functions] == [True, False]
    call("pow", (x, 3)).backward(create_graph=True)
    assert x.grad is not first
    assert x.grad.grad_fn.name() == "AddBackward0"
    second = x.grad
    call("pow", (x, 3)).backward()
    assert x.grad is second
    assert numbers(x.grad) == 36.0


def test_the_vjp_of_the_second_order_is_pytorchs_backward_op():
    x = leaf(0.5)
    names = {}
    for op in ("tanh", "sigmoid", "relu", "softplus", "gelu", "leaky_relu"):
        (g,) = grad(call(op, (x,)), x, create_graph=True)
        names[op] = g.grad_fn.name()
    assert names == {"tanh": "TanhBackwardBackward0", "sigmoid": "SigmoidBackwardBackward0", "relu": "ThresholdBackwardBackward0",
                     "softplus": "SoftplusBackwardBackward0", "gelu": "GeluBackwardBackward0", "leaky_relu": "LeakyReluBackwardBackward0"}


def test_a_leaf_that_no_longer_needs_a_gradient_gets_none():
    x = leaf(2.0)
    y = x * x
    x.requires_grad = False
    y.backward()
    assert x.grad is None


def test_a_dropped_leaf_is_still_the_variable_of_its_node():
    y = leaf(2.0) * 3.0
    gc.collect()
    y.backward()
    node = y.grad_fn.next_functions[0][0]
    assert numbers(node.variable) == 2.0
    assert numbers(node.variable.grad) == 3.0


def test_a_graph_is_freed_without_the_cycle_collector():
    gc.disable()
    try:
        x = leaf(2.0)
        y = square_sum(x)
        node = weakref.ref(y.grad_fn)
        y.backward()
        del y
        assert node() is None
    finally:
        gc.enable()


def test_a_hundred_thousand_nodes_run_and_are_freed():
    x = leaf(1.0)
    y = x
    for _ in range(100_000):
        y = y * 1.0
    y.backward()
    assert numbers(x.grad) == 1.0
    (found,) = grad(chain(x, 100_000), x)
    assert numbers(found) == 1.0


def chain(x, n):
    for _ in range(n):
        x = x + 0.0
    return x


def test_float32_sums_follow_the_order_of_execution():
    x = leaf(1.0)
    small, big = x * 1.0, x * 1.0e8
    (small + big + x * -1.0e8).backward()  # -1e8 + 1e8 comes first, then 1
    assert numbers(x.grad) == 1.0


def test_broadcast_gradients_are_summed_and_cast_back():
    x = tensor(np.ones((2, 3), np.float32), requires_grad=True)
    w = tensor(np.full((3,), 2.0), requires_grad=True)
    y = x * w
    assert y.dtype == np.float64
    call("sum", (y,)).backward()
    assert (x.grad.dtype, w.grad.dtype) == (np.float32, np.float64)
    assert numbers(w.grad) == [2.0, 2.0, 2.0]


def test_a_node_can_be_called():
    x, y = leaf(2.0), leaf(3.0)
    z = x * y
    assert [numbers(g) for g in z.grad_fn(tensor(10.0))] == [30.0, 20.0]
    z.backward()
    assert numbers(x.grad) == 3.0


def test_a_number_in_a_recorded_vjp_is_a_number_to_pytorch_and_in_forward_a_tensor():
    x, seed = tensor([1.0, 2.0], requires_grad=True), tensor(1.0, requires_grad=True)
    g, = grad(call("mean", (x,)), x, seed, create_graph=True)
    assert (g.grad_fn.name(), len(g.grad_fn.next_functions)) == ("DivBackward1", 1)
    assert ((x / 2.0).grad_fn.name(), len((x / 2.0).grad_fn.next_functions)) == ("DivBackward0", 2)
