"""Hooks on tensors, nodes and accumulation; retain_grad; and that hooks change which loop runs, not what comes out."""

import pytest

from gradstudio.engine import GradMode, backward, call, grad, stored_grad, tensor


def leaf(data):
    return tensor(data, requires_grad=True)


def numbers(t):
    return None if t is None else t.array.tolist()


def test_a_tensor_hook_sees_the_total_once_and_may_replace_it():
    x, seen = leaf([1.0, 2.0]), []
    h = x * 2.0

    def hook(g):
        seen.append(numbers(g))
        return g * 10.0

    h.register_hook(hook)
    call("sum", (h * h,)).backward()
    assert seen == [[4.0, 8.0]]
    assert numbers(x.grad) == [80.0, 160.0]


def test_hooks_run_in_the_order_of_registration_and_can_be_removed():
    x = leaf(1.0)
    order = []
    x.register_hook(lambda g: order.append("a"))
    handle = x.register_hook(lambda g: order.append("b"))
    x.register_hook(lambda g: order.append("c"))
    (x * 2.0).backward()
    handle.remove()
    handle.remove()
    (x * 2.0).backward()
    assert order == ["a", "b", "c", "a", "c"]


def test_retain_grad_records_what_all_hooks_left():
    x = leaf([1.0, 2.0])
    h = x * 2.0
    h.retain_grad()
    h.register_hook(lambda g: g * 10.0)
    call("sum", (h,)).backward(retain_graph=True)
    first = stored_grad(h)
    assert numbers(first) == [10.0, 10.0]
    call("sum", (h,)).backward()
    assert numbers(stored_grad(h)) == [20.0, 20.0]
    assert stored_grad(h) is not first


def test_retain_grad_is_nothing_on_a_leaf_and_refused_without_a_gradient():
    x = leaf(1.0)
    x.retain_grad()
    assert not x.retains_grad
    with pytest.raises(RuntimeError, match="can't retain_grad on Tensor that has requires_grad=False"):
        tensor(1.0).retain_grad()


def test_node_hooks_see_and_replace_what_goes_in_and_out():
    x, seen = leaf(3.0), []
    y = x * 2.0
    y.grad_fn.register_prehook(lambda gs: (gs[0] * 5.0,))

    def after(sent, given):
        seen.append((numbers(sent[0]), numbers(given[0])))
        return (sent[0] + 1.0, None)

    y.grad_fn.register_hook(after)
    y.backward()
    assert seen == [(10.0, 5.0)]
    assert numbers(x.grad) == 11.0


def test_a_post_accumulate_hook_sees_the_sum_and_is_for_leaves():
    x, seen = leaf(3.0), []

    def after(t):
        seen.append(numbers(t.grad))
        t.grad = None

    x.register_post_accumulate_grad_hook(after)
    (x * 2.0).backward()
    (x * 2.0).backward()
    assert seen == [2.0, 2.0]
    with pytest.raises(RuntimeError, match="post accumulate grad hooks cannot be registered on non-leaf tensors"):
        (x * 2.0).register_post_accumulate_grad_hook(after)


def test_grad_runs_tensor_hooks_of_leaves_and_no_accumulate_hooks():
    x, ran = leaf(3.0), []
    x.register_hook(lambda g: g * 3.0)
    x.register_post_accumulate_grad_hook(lambda t: ran.append(t))
    assert numbers(grad(x * 2.0, x)[0]) == 6.0
    assert ran == []


def test_grad_of_an_inner_tensor_is_captured_before_its_hook_if_its_node_runs_too():
    x = leaf([1.0, 2.0])
    h = x * 2.0
    h.register_hook(lambda g: g * 10.0)
    z = call("sum", (h * h,))
    both = grad(z, [x, h], retain_graph=True)
    assert [numbers(g) for g in both] == [[80.0, 160.0], [4.0, 8.0]]
    assert numbers(grad(z, h)[0]) == [40.0, 80.0]


@pytest.mark.parametrize(("hook", "kind", "message"), [
    (lambda g: 3, TypeError, "expected Variable, but hook returned 'int'"),
    (lambda g: tensor([1.0, 2.0]), RuntimeError, "hook '<lambda>' has changed the size of value"),
])
def test_a_hook_that_returns_something_else_is_refused(hook, kind, message):
    x = leaf(1.0)
    x.register_hook(hook)
    with pytest.raises(kind) as caught:
        (x * 2.0).backward()
    assert str(caught.value) == message


def test_an_error_in_a_hook_is_the_users_own():
    x = leaf(1.0)

    def fail(g):
        raise ValueError("my hook failed")

    x.register_hook(fail)
    with pytest.raises(ValueError, match="my hook failed"):
        (x * 2.0).backward()


def test_a_hook_needs_a_tensor_that_requires_grad():
    with pytest.raises(RuntimeError, match="cannot register a hook on a tensor that doesn't require gradient"):
        tensor(1.0).register_hook(print)


def test_a_hook_may_run_a_backward_of_its_own():
    x, w = leaf(2.0), leaf(5.0)
    y = x * 3.0

    def inner(g):
        with GradMode(True):  # hooks run without recording, as the nodes do
            (w * w).backward()

    y.register_hook(inner)
    y.backward()
    assert (numbers(x.grad), numbers(w.grad)) == (3.0, 10.0)


def test_an_observer_sees_contributions_reduced_cast_and_saved_tensors_still_held():
    x = tensor([[1.0], [2.0]], requires_grad=True)
    w = leaf([3.0, 4.0])
    held = []

    class Watch:
        def begins(self, plan):
            self.names = [n.name() for n in plan()]

        def enter(self, node, cotangents, queue):
            held.append((node.name(), [s.freed for s in node.saved()], [n.name() for n in queue.ready()]))

        def leave(self, node, contributions):
            assert not any(s.freed for s in node.saved())
            if node.name() == "MulBackward0":
                self.sent = [numbers(c) for c in contributions]

    watch = Watch()
    y = x * w
    backward(call("sum", (y,)), observer=watch)
    assert watch.names == ["SumBackward0", "MulBackward0", *["torch::autograd::AccumulateGrad"] * 2]
    assert watch.sent == [[[7.0], [7.0]], [3.0, 3.0]]
    assert held[1] == ("MulBackward0", [False, False], [])
    assert all(s.freed for s in y.grad_fn.saved())


def test_an_observer_has_entered_and_not_left_a_node_that_raises():
    x = leaf([1.0, 2.0])
    h = x * 1.0
    z = call("sum", (h * h,))
    call("add_", (h, 1))
    told = []

    class Watch:
        def begins(self, plan):
            told.append(len(plan()))

        def enter(self, node, cotangents, queue):
            told.append(node.name())

        def leave(self, node, contributions):
            told.append("left")

    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        backward(z, observer=Watch())
    assert told == [4, "SumBackward0", "left", "MulBackward0"]
