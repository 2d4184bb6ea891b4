"""Why a `.grad` is None, zero, added up or not finite; in words, with the node that is the cause."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gradstudio.document import codec, labels
from gradstudio.document.calls import Grad, SetGradNone, ZeroGrad
from gradstudio.document.document import Document
from gradstudio.document.graph import Ref
from gradstudio.explain.why import chip
from gradstudio.resources import resource
from gradstudio.session.run import run
from tests.explain.build import Program, fixed, grad, outcomes, why


def example(name: str) -> Document:
    return codec.document_from(json.loads(resource("examples", f"{name}.grad").read_bytes()))


def square() -> Program:
    """x ** 2 at 2, and a backward."""
    p = Program()
    x = p.leaf("x", 2.0)
    y = p.op("mul", x, x, name="y")
    p.forward()
    p.backward(y)
    return p


def test_an_ordinary_gradient_needs_no_explanation():
    assert why(square(), "x") is None


def test_before_the_first_backward_a_grad_was_never_written():
    found = why(square(), "x", k=1)
    assert found.cause == "no_backward"
    assert "never written, which is not the same as 0.0" in found.words
    assert found.fixes[0].go_to == 2


def test_without_any_backward_one_is_offered():
    p = square()
    del p.calls[1:]
    found = why(p, "x")
    document = fixed(p.document(), found.fixes[0])
    assert grad(run(document), "x") == 4.0


def test_a_leaf_with_the_switch_off_is_a_constant():
    p = Program()
    x, w = p.leaf("x", 2.0, requires_grad=False), p.leaf("w", 3.0)
    y = p.op("mul", x, w, name="y")
    p.forward()
    p.backward(y)
    found = why(p, "x")
    assert found.cause == "leaf_off"
    document = fixed(p.document(), found.fixes[0])
    assert grad(run(document), "x") == 3.0


def test_whole_numbers_have_no_gradient():
    p = Program()
    n, x = p.leaf("n", 2, requires_grad=False, dtype="int64"), p.leaf("x", 2.0)
    y = p.op("mul", n, x, name="y")
    p.forward()
    p.backward(y)
    found = why(p, "n")
    assert found.cause == "integer"
    assert not found.fixes


def test_a_tensor_in_the_middle_is_no_leaf_and_may_be_retained():
    p = Program()
    x = p.leaf("x", 2.0)
    z = p.op("mul", x, x, name="z")
    y = p.op("mul", z, 3.0, name="y")
    p.forward()
    p.backward(y)
    found = why(p, "z")
    assert found.cause == "not_leaf"
    assert found.words == "3.0 passed through z. It is not a leaf, so PyTorch drops its .grad. Turn on retain_grad() to keep it."
    assert grad(run(fixed(p.document(), found.fixes[0])), "z") == 3.0


def test_detach_is_named_as_the_cut_and_may_be_taken_out():
    p = Program()
    x, w = p.leaf("x", 2.0), p.leaf("w", 5.0)
    d = p.op("detach", p.op("mul", x, x, name="sq"), name="d")
    y = p.op("mul", d, w, name="y")
    p.forward()
    p.backward(y)
    found = why(p, "x")
    assert (found.cause, found.title, found.node) == ("detach", "detach cut it", (d.source,))
    assert found.path[-1] == (d.source,)
    assert grad(run(fixed(p.document(), found.fixes[0])), "x") == 20.0


def test_no_grad_is_named_as_the_cut_and_the_frame_may_go():
    p = Program()
    x, w = p.leaf("x", 2.0), p.leaf("w", 5.0)
    t = p.op("mul", x, x, name="t", frame="f1")
    y = p.op("mul", t, w, name="y")
    p.forward()
    p.backward(y)
    found = why(p, "x")
    assert (found.cause, found.node) == ("no_grad", (t.source,))
    assert grad(run(fixed(p.document(), found.fixes[0])), "x") == 20.0
    assert why(p, "t").cause == "no_grad"


def test_a_comparison_has_no_derivative():
    p = Program()
    x, w = p.leaf("x", 2.0), p.leaf("w", 5.0)
    m = p.op("gt", x, 1.0, name="m")
    y = p.op("mul", m, w, name="y")
    p.forward()
    p.backward(y)
    assert why(p, "x").title == "gt has no derivative"


def test_a_leaf_that_leads_elsewhere_is_offered_a_backward_from_there():
    p = Program()
    x, w = p.leaf("x", 2.0), p.leaf("w", 5.0)
    p.op("mul", x, x, name="other")
    y = p.op("mul", w, w, name="y")
    p.forward()
    p.backward(y)
    found = why(p, "x")
    assert found.cause == "not_on_the_way"
    assert found.words == "x does not lead to y, where backward started, so x.grad was never written."
    document = fixed(p.document(), found.fixes[0])
    assert set(outcomes(document)) == {"ok"}
    assert grad(run(document), "x") == 4.0


def test_a_leaf_that_nothing_reads_is_told_so():
    p = square()
    p.leaf("lonely", 1.0)
    assert why(p, "lonely").cause == "unused"


def test_autograd_grad_leaves_grad_alone():
    p = Program()
    x = p.leaf("x", 2.0)
    y = p.op("mul", x, x, name="y")
    p.forward()
    p.do(Grad, outputs=(y,), inputs=(x,))
    assert why(p, "x").cause == "autograd_grad"


def test_inputs_of_backward_leave_the_others_out():
    p = Program()
    x, w = p.leaf("x", 2.0), p.leaf("w", 5.0)
    y = p.op("mul", x, w, name="y")
    p.forward()
    p.backward(y, inputs=(w,))
    found = why(p, "x")
    assert (found.cause, found.words) == ("inputs", "backward #1 was asked for w only (inputs=), so x.grad was not written.")
    assert grad(run(fixed(p.document(), found.fixes[0])), "x") == 5.0


def test_inside_a_pass_a_leaf_waits_its_turn():
    found = why(example("accumulation"), "x", k=15)
    assert found.cause == "waiting"
    assert found.words == "backward #1 reaches x at its step 10 of 10."
    assert found.fixes[0].go_to == 20


def test_a_pass_that_stopped_did_not_reach_the_rest():
    p = Program()
    x = p.leaf("x", 2.0)
    y = p.op("mul", x, x, name="y")
    root = p.op("add", y, 1.0, name="root")
    p.forward()
    p.backward(y)
    p.do(SetGradNone, targets=(x,))
    p.backward(root)
    assert why(p, "x").cause in ("cleared", "stopped")


def test_set_to_none_is_told_with_the_call():
    p = square()
    p.do(SetGradNone, targets=(Ref("n1"),))
    found = why(p, "x")
    assert found.cause == "cleared"
    assert found.fixes[0].go_to == 3


def relu_at(value: float) -> Program:
    p = Program()
    x = p.leaf("x", value)
    y = p.op("mul", p.op("relu", x, name="r"), 3.0, name="y")
    p.forward()
    p.backward(y)
    return p


def test_relu_is_told_to_have_blocked_a_zero():
    document = relu_at(-1.0).document()
    found = why(document, "x")
    assert found.title == "relu blocked it"
    assert found.words == "the input of relu −1.0 is not positive and its slope is 0 there, so 0.0 reaches x."
    assert found.node == ("n2",)
    result = run(document)
    key = labels.of(document).by_label("x")
    assert chip(document, result.trace, result.state_at(result.trace.end), key) == "relu blocked it"


def test_a_zero_further_back_is_traced_to_the_op_that_made_it():
    p = Program()
    x = p.leaf("x", -1.0)
    a = p.op("mul", x, 2.0, name="a")
    y = p.op("mul", p.op("relu", a, name="r"), 3.0, name="y")
    p.forward()
    p.backward(y)
    found = why(p, "x")
    assert found.title == "relu blocked it"
    assert found.path == (("n2",), ("n3",))


def test_a_factor_of_zero_is_the_local_derivative():
    p = Program()
    x, w = p.leaf("x", 2.0), p.leaf("w", 0.0)
    y = p.op("mul", x, w, name="y")
    p.forward()
    p.backward(y)
    assert why(p, "x").words.startswith("the local derivative of mul, w, is 0.0 here")


def test_contributions_that_cancel_are_shown_as_a_sum():
    p = Program()
    x = p.leaf("x", 2.0)
    y = p.op("sub", p.op("mul", x, 3.0), p.op("mul", x, 3.0), name="y")
    p.forward()
    p.backward(y)
    found = why(p, "x")
    assert found.cause == "cancel"
    assert "3.0 + −3.0 = 0.0" in found.words


def test_zeros_that_a_call_wrote_are_told_with_the_call():
    found = why(example("accumulation"), "x", k=53)
    assert found.cause == "zeroed"
    assert found.words == "zero_() wrote zeros at step 51; no backward has added to x.grad since."


def test_passes_that_added_up_are_shown_as_a_sum_and_may_be_zeroed_between():
    p = Program()
    x = p.leaf("x", 2.0)
    y = p.op("mul", x, x, name="y")
    for _ in range(2):
        p.forward()
        p.backward(y)
    found = why(p, "x")
    assert found.cause == "accumulated"
    assert "4.0 + 4.0 = 8.0" in found.words
    document = fixed(p.document(), found.fixes[0])
    assert [call.kind for call in document.calls()] == ["forward", "backward", "forward", "zero_grad", "backward"]
    assert grad(run(document), "x") == 4.0


def test_norms_are_counted_not_added():
    found = why(example("accumulation"), "W", k=40)
    assert found.cause == "accumulated"
    assert "=" not in found.words


def test_nan_is_traced_to_the_first_step_that_was_not_finite():
    p = Program()
    x = p.leaf("x", 0.0)
    y = p.op("mul", p.op("sqrt", x, name="r"), 0.0, name="y")
    p.forward()
    p.backward(y)
    found = why(p, "x")
    assert found.cause == "nonfinite"
    assert found.node == ("n2",)
    assert "The values are finite, the gradient is not" in found.words
    assert found.fixes[0].go_to == 4


def test_a_value_that_was_not_finite_is_the_cause_of_its_gradient():
    p = Program()
    x = p.leaf("x", 0.0)
    y = p.op("mul", p.op("log", x, name="l"), x, name="y")
    p.forward()
    p.backward(y)
    found = why(p, "x")
    assert "log was the first to make a number that is not finite: −inf from x = 0.0" in found.words


def test_an_output_of_an_instance_is_followed_inside():
    found = why(example("accumulation"), "reg")
    assert found.cause == "not_leaf"


@pytest.mark.parametrize("label", ["x", "y", "W", "a", "z", "t", "reg", "err", "loss"])
def test_every_tensor_of_the_example_can_be_asked_about_at_every_step(label):
    document = example("accumulation")
    for k in range(0, 64, 3):
        why(document, label, k)


def test_a_chain_of_thousands_is_walked_without_recursion():
    p = Program()
    x, w = p.leaf("x", np.float32(1.0)), p.leaf("w", np.float32(1.0))
    at = p.op("detach", x)
    for _ in range(3000):
        at = p.op("neg", at)
    y = p.op("mul", at, w, name="y")
    p.forward()
    p.backward(y)
    assert why(p, "x").cause == "detach"


def test_zero_grad_of_nothing_is_no_write():
    p = square()
    p.do(ZeroGrad, targets=())
    assert why(p, "x") is None
