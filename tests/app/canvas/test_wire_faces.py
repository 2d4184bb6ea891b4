"""What wires show: forward, gradient, tensor, zero, no path, waiting, error, cut."""

from __future__ import annotations

import numpy as np

from gradstudio.document.calls.backward import Backward
from gradstudio.document.commands.nodes import SetLeafValue
from gradstudio.document.commands.script import AppendCall
from gradstudio.document.graph import Ref


def wire(view, hand, label, path=(0,)):
    return view.canvas.wires.face((hand.node(label), path))


def test_width_and_colour_follow_magnitude_and_sign(view, hand):
    largest, small = wire(view, hand, "a"), wire(view, hand, "loss")
    assert (largest.kind, largest.width, largest.pill) == ("gradient", 7.0, "12.0")
    assert largest.tint.sign == 1
    assert largest.tint.t == 1
    assert 2 < small.width < largest.width


def test_a_tensor_has_two_strands_in_proportion(view, hand):
    shown = wire(view, hand, "reg")
    assert shown.kind == "tensor"
    assert shown.positive / shown.negative == np.float64(1.15) / np.float64(0.7) or abs(shown.positive / shown.negative - 1.15 / 0.7) < 1e-5
    assert (shown.pill, shown.pill_value) == ("‖0.6265‖", None)


def test_the_norm_of_a_tensor_with_a_nan_is_nan_and_crimson(view, hand, face, studio, settle):
    value = np.array([[np.nan, 1, 1, 1]] * 3, np.float32)
    value.setflags(write=False)
    studio.do(SetLeafValue(hand.node("W"), value))
    settle()
    shown = wire(view, hand, "reg")
    assert shown.pill == "‖nan‖"
    assert np.isnan(shown.pill_value)
    drawer = face("W").drawer
    assert drawer.words == "‖nan‖"
    assert np.isnan(drawer.value)


def test_where_no_gradient_can_pass_the_wire_is_dashed(view, hand):
    assert wire(view, hand, "t").kind == "frozen"
    assert wire(view, hand, "mse_loss", (1,)).kind == "frozen"


def test_a_detach_is_scissors_on_one_wire_from_source_to_consumer(view, hand):
    shown = wire(view, hand, "err")
    assert shown.cut == hand.node("detach")
    assert shown.source.source == hand.node("z")
    assert (hand.node("detach"), (0,)) not in view.canvas.wires.ids


def test_an_exact_zero_is_a_double_line_and_says_so(view, hand, studio, settle):
    value = np.array(0.0, np.float32)
    value.setflags(write=False)
    studio.do(SetLeafValue(hand.node("x"), value))
    settle()
    shown = wire(view, hand, "a")
    assert (shown.kind, shown.pill, shown.pill_value) == ("zero", "0.0", 0.0)


def test_while_stepping_what_is_to_come_waits(view, hand, studio, settle):
    studio.player.go_to(60)
    settle()
    assert wire(view, hand, "a").kind == "pending"
    assert wire(view, hand, "z").kind == "gradient"
    assert wire(view, hand, "t").faint


def test_before_any_backward_all_is_grey(view, hand, studio, settle):
    studio.player.go_to(5)
    settle()
    kinds = {view.canvas.wires.face(key).kind for key in view.canvas.wires.ids}
    assert kinds <= {"forward", "frozen"}
    assert not view.overlays.legend.isVisible()


def test_the_wire_on_which_a_visit_raised_is_marked(view, hand, studio, settle):
    studio.do(AppendCall(Backward(id=studio.new_id("c"), roots=(Ref(hand.node("loss")),))))
    settle()
    assert wire(view, hand, "loss").kind == "error"
    assert wire(view, hand, "loss", (1,)).kind == "gradient"
    assert wire(view, hand, "z").kind == "pending"
