"""What nodes show: numbers, drawers, turns, hints, at any step and after any edit."""

from __future__ import annotations

import json

import numpy as np
import pytest
from msgspec.structs import replace

from gradstudio.document import codec
from gradstudio.document.calls.backward import Backward
from gradstudio.document.calls.set_value import SetValue
from gradstudio.document.calls.zero_grad import ZeroGrad
from gradstudio.document.commands.nodes import Rename, SetLeafValue, SetRequiresGrad, SetRetainGrad
from gradstudio.document.commands.script import AppendCall, RemoveCalls
from gradstudio.document.commands.wires import Disconnect
from gradstudio.document.graph import Literal, Ref


def number(value: float) -> np.ndarray:
    made = np.array(value, np.float32)
    made.setflags(write=False)
    return made


def test_every_value_of_the_tutorial_stands_on_its_node(face):
    shown = {label: face(label).value for label in ("x", "y", "a", "z", "t", "reg", "mse_loss", "loss", "err")}
    assert shown == {
        "x": "2.0", "y": "3.0", "a": "4.0", "z": "12.0", "t": "11.5", "reg": "0.9812", "mse_loss": "0.25", "loss": "1.231", "err": "0.5",
    }  # fmt: skip


def test_a_leaf_stores_its_gradient_and_an_inner_node_lets_it_pass(face):
    leaf, inner = face("x").drawer, face("z").drawer
    assert (leaf.kind, leaf.label, leaf.words) == ("stored", ".grad", "12.0")
    assert (inner.kind, inner.label, inner.words) == ("flow", "∂loss/∂z", "1.0")


def test_what_requires_no_grad_has_no_drawer(face):
    assert face("t").drawer is None
    assert face("err").drawer is None
    assert face("t").frozen


def test_none_and_zero_look_different(view, hand, face, studio, settle):
    x, y = hand.node("x"), hand.node("y")
    studio.do(AppendCall(ZeroGrad(id=studio.new_id("c"), targets=(Ref(x),))))
    studio.do(SetRequiresGrad((y,), False))
    studio.do(SetRequiresGrad((hand.node("W"),), False))
    settle()
    zero = face("x").drawer
    assert (zero.kind, zero.words, zero.value) == ("stored", "0.0", 0.0)
    assert face("y").drawer is None
    for call in [c.id for c in studio.document.calls() if isinstance(c, Backward)]:
        studio.do(RemoveCalls((call,)))
    settle()
    none = face("x").drawer
    assert (none.kind, none.words, none.value) == ("none", "None", None)


def test_a_matrix_shows_value_and_gradient_cell_by_cell_and_its_norm_in_ink(face):
    w = face("W")
    assert w.cells.rows[0] == pytest.approx((0.5, -1.0, 0.25, 1.5))
    assert w.grad_cells.rows[2] == pytest.approx((0.2, 0.0, -0.3, 0.15))
    assert (w.drawer.words, w.drawer.value) == ("‖0.6265‖", None)


def test_each_input_names_what_it_reads_and_what_its_wire_multiplies_by(face):
    rows = {row.label: (row.formula, row.number, row.note) for row in (*face("z").inputs, *face("mse_loss").inputs)}
    assert rows == {"a": ("y", "3.0", ""), "y": ("a", "4.0", ""), "z": ("2(z−t)", "1.0", ""), "t": ("", "", "no grad")}
    assert face("reg").inputs[0].number == "‖0.6265‖"


def test_a_literal_stands_in_the_row_of_the_tensor_beside_it(face):
    assert face("t").inputs[0].label == "y + 8.5"
    assert (face("a").inputs[0].label, face("a").inputs[0].literal) == ("x ** 2", (1,))


def test_an_instance_says_how_many_ops_it_holds(face):
    assert (face("reg").title, face("reg").meta, face("reg").symbol) == ("l2_penalty", "3 ops", "layers")


def test_the_root_is_marked_and_said(face):
    assert face("loss").outputs[0].root
    assert face("loss").above == "backward() starts here"
    assert not face("z").outputs[0].root


def test_step_60_shows_turns_ticks_and_the_ring_where_the_picture_has_them(studio, settle, face):
    studio.player.go_to(60)
    settle()
    badges = {label: face(label).badge for label in ("x", "a", "y", "z", "mse_loss", "loss", "W", "reg", "t")}
    assert badges == {"x": "10", "a": "9", "y": "8", "z": "", "mse_loss": "tick", "loss": "tick", "W": "tick", "reg": "tick", "t": ""}
    assert [label for label in badges if face(label).current] == ["z"]
    assert {label for label in (*badges, "err") if face(label).dim} == {"x", "a", "t", "err"}
    assert face("a").drawer.words == "waiting"
    assert face("y").drawer.words == "0.0"


def test_a_step_within_an_instance_puts_the_ring_on_the_instance(studio, settle, face):
    studio.player.go_to(57)
    settle()
    assert face("reg").current


def test_a_graph_used_twice_has_one_red_node_and_says_freed(studio, settle, face, hand, view):
    studio.do(AppendCall(Backward(id=studio.new_id("c"), roots=(Ref(hand.node("loss")),))))
    settle()
    assert [n for n in view.canvas.nodes if view.canvas.face(n).failed] == [hand.node("mse_loss")]
    assert face("mse_loss").drawer.words == "freed"
    assert face("mse_loss").badge == "error"
    assert face("z").drawer.words == "not run"
    assert face("loss").badge == "tick"
    assert face("x").drawer.words == "12.0"


def test_an_unwired_node_is_grey_and_says_what_it_needs_without_crimson(studio, settle, hand, view):
    z, loss = hand.node("z"), hand.node("loss")
    studio.do(Disconnect(z, (0,)))
    settle()
    shown = view.canvas.face(z)
    assert shown.grey
    assert shown.below
    assert shown.inputs[0].note == "not wired"
    assert shown.drawer is None
    assert view.canvas.face(loss).grey
    assert not any(view.canvas.face(n).failed for n in view.canvas.nodes)


def test_only_the_first_node_that_made_a_nan_is_red(studio, settle, hand, view, face):
    studio.do(SetLeafValue(hand.node("y"), number(float("inf"))))
    studio.do(SetLeafValue(hand.node("x"), number(0.0)))
    settle()
    red = [n for n in view.canvas.nodes if view.canvas.face(n).failed]
    assert red == [hand.node("z")]
    assert face("z").value_tone == "error"
    assert face("z").below == "First NaN: mul of 0.0"


def test_a_leaf_that_a_call_changed_says_from_what_to_what(studio, settle, face, hand):
    x = hand.node("x")
    call = SetValue(id=studio.new_id("c"), target=Ref(x), value=Literal(0.5))
    studio.do(AppendCall(call))
    settle()
    assert face("x").value == "0.5"
    assert face("x").meta == "start 2.0 → now 0.5"


def test_a_kept_gradient_of_an_inner_node_is_stored_and_pinned(studio, settle, face, hand):
    studio.do(SetRetainGrad(hand.node("z"), 0, True))
    settle()
    drawer = face("z").drawer
    assert (drawer.kind, drawer.label, drawer.pin) == ("stored", ".grad", True)


def test_in_manual_mode_what_is_downstream_of_an_edit_is_stale_and_the_gradients_that_came_from_there(studio, face, hand, settle):
    studio.runs.set_live(False)
    studio.do(SetLeafValue(hand.node("x"), number(5.0)))
    assert face("x").value == "5.0"
    assert face("z").stale
    assert face("z").drawer.words == "stale"
    assert not face("reg").stale
    assert (face("y").drawer.kind, face("y").drawer.words) == ("none", "stale")
    studio.runs.run()
    settle()
    assert face("y").drawer.kind == "stored"


def test_a_name_is_shown_at_once_everywhere_it_is_read(studio, face, hand):
    node = hand.node("a")
    studio.do(Rename(node, 0, "square"))
    assert face("square").name == "square"
    assert face("z").inputs[0].label == "square"


def test_faces_are_values(face):
    assert face("x") == replace(face("x"))


def test_a_detach_with_a_name_is_a_small_node(view, studio, settle, hand):
    node = hand.node("detach")
    studio.do(Rename(node, 0, "cut"))
    settle()
    assert (view.canvas.face(node).kind, view.canvas.face(node).collapsed) == ("op", True)
    assert view.canvas.nodes[node].place.height == 30


def test_an_exact_zero_says_what_blocked_it_where_that_is_known(view, studio, settle, face):
    tree = b"""{"format": 1, "seed": 0, "graph": {"nodes": {
      "n1": {"op": "leaf", "names": ["k"], "value": {"dtype": "float32", "shape": [], "data": [-1.5]}, "requires_grad": true},
      "n2": {"op": "relu", "inputs": [{"ref": "n1"}], "names": ["r"]}}, "blocks": {"main": ["n1", "n2"]}, "frames": {}},
      "groups": {}, "script": [{"title": "", "body": [{"id": "c1", "kind": "forward", "block": "main"},
      {"id": "c2", "kind": "backward", "automatic": true}]}], "optimizers": {}, "layout": {"positions": {"n1": [0, 0], "n2": [200, 0]}}}"""
    studio.show_example(codec.document_from(json.loads(tree)), "relu")
    settle()
    assert face("k").drawer.words == "0.0"
    assert face("k").below == "relu blocked it"
    assert not face("k").failed
