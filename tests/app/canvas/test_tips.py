"""Tool tips: the number in full, and where it comes from."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF

from gradstudio.app import text
from gradstudio.app.canvas.tips import tip_at
from gradstudio.document.commands.nodes import SetLeafValue


def tip(view, pos: QPointF) -> str:
    return tip_at(view.canvas, view.canvas.hit(pos))


def test_a_value_is_told_in_full_with_shape_and_dtype(view, hand):
    assert tip(view, hand.on("loss", 110, 50)) == "loss = 1.23125, () float32"
    assert tip(view, hand.on("W", 60, 60)) == "W: (3, 4) float32, min −1.5, mean 0.1875, max 1.5, norm 3.132"


def test_a_drawer_says_what_was_kept_and_what_only_passed(view, hand):
    assert tip(view, hand.on("x", 60, 105)) == "x.grad = 12.0, () float32"
    assert tip(view, hand.on("z", 60, 130)) == "∂loss/∂z passed through mul and was not kept: 1.0"


def on_wire(view, target: str, path: tuple[int, ...], at: float = 0.3) -> list[str]:
    shape = view.canvas.wires.shape_of((target, path))
    return tip(view, shape.point(at)).split("\n")


def test_a_wire_says_where_it_leads_and_what_it_carries_both_ways(view, hand, studio):
    assert on_wire(view, hand.node("z"), (1,)) == ["y → mul z", "() float32, 3.0", "∂loss/∂y = 4.0"]
    lines = on_wire(view, hand.node("reg"), (0,), 0.5)
    values = studio.document.graph.nodes[hand.node("W")].value.astype(np.float64)
    assert lines[0] == "W → l2_penalty reg"
    assert lines[1:3] == ["(3, 4) float32", f"min −1.5, mean {text.number(values.mean())}, max 1.5"]
    assert lines[3] == f"∂loss/∂W: norm {text.number(float(np.linalg.norm(0.2 * values)))}"


def test_a_cut_wire_and_one_that_waits_say_so(view, hand, studio, settle):
    assert on_wire(view, hand.node("err"), (0,), 0.85)[1:] == ["() float32, 12.0", "detach lets the value through and no gradient"]
    studio.player.go_to(56)
    settle()
    assert on_wire(view, hand.node("z"), (0,))[2] == "Waits for the gradient"


def test_a_wire_before_any_run_and_after_an_edit_says_how_old_its_number_is(view, hand, studio, settle):
    studio.runs.set_live(False)
    settle()
    studio.do(SetLeafValue(hand.node("y"), np.array(5.0, np.float32)))
    assert on_wire(view, hand.node("z"), (0,))[1] == "() float32, 4.0"
    assert on_wire(view, hand.node("loss"), (0,))[1] == "() float32, 0.25, from before the last edit"
    studio.runs.set_live(True)
    settle()
    studio.player.go_to(0)
    settle()
    assert on_wire(view, hand.node("loss"), (0,))[1] == "Not computed yet"


def test_what_is_not_finite_is_counted_and_left_out_of_the_range(view, hand, studio, settle):
    values = np.array([[1.0, np.nan, 3.0], [np.inf, np.nan, 2.0]], np.float32)
    studio.do(SetLeafValue(hand.node("W"), values))
    settle()
    assert on_wire(view, hand.node("reg"), (0,), 0.5)[1:3] == ["(2, 3) float32", "min 1.0, mean 2.0, max 3.0, 2 nan, 1 infinite"]
    assert on_wire(view, hand.node("reg"), (0,), 0.5)[3] == "∂loss/∂W: norm nan"


def test_nothing_says_nothing(view):
    assert tip(view, QPointF(300, 380)) == ""
