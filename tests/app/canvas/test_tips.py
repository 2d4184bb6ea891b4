"""Tool tips: the number in full, and where it comes from."""

from __future__ import annotations

from PySide6.QtCore import QPointF

from gradstudio.app.canvas.tips import tip_at


def tip(view, pos: QPointF) -> str:
    return tip_at(view.canvas, view.canvas.hit(pos))


def test_a_value_is_told_in_full_with_shape_and_dtype(view, hand):
    assert tip(view, hand.on("loss", 110, 50)) == "loss = 1.23125, () float32"
    assert tip(view, hand.on("W", 60, 60)) == "W: (3, 4) float32, from −1.5 to 1.5, norm 3.132"


def test_a_drawer_says_what_was_kept_and_what_only_passed(view, hand):
    assert tip(view, hand.on("x", 60, 105)) == "x.grad = 12.0, () float32"
    assert tip(view, hand.on("z", 60, 130)) == "∂loss/∂z passed through mul and was not kept: 1.0"


def test_a_wire_says_what_it_carries_and_by_which_way(view, hand):
    shape = view.canvas.wires.shape_of((hand.node("z"), (1,)))
    assert tip(view, shape.point(0.3)) == "∂loss/∂y by way of mul z: 4.0"
    cut = view.canvas.wires.shape_of((hand.node("err"), (0,)))
    assert "no gradient" in tip(view, cut.point(0.85))


def test_nothing_says_nothing(view):
    assert tip(view, QPointF(300, 380)) == ""
