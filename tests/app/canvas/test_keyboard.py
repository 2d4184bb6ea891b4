"""All of the canvas without a pointer."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gradstudio.document.commands.wires import Disconnect
from gradstudio.document.graph import Literal, Ref

Key, ALT, SHIFT = Qt.Key, Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def press(view):
    """Press a key on the canvas."""
    view.setFocus()
    return lambda key, keys=Qt.KeyboardModifier.NoModifier: QTest.keyClick(view, key, keys)


def test_tab_goes_through_all_nodes_in_order_and_round(view, press, studio):
    order = list(studio.document.graph.order)
    seen = []
    for _ in range(len(order) + 1):
        press(Key.Key_Tab)
        seen.append(view.canvas.focused_node)
    assert seen == [*order, order[0]]
    press(Key.Key_Backtab)
    assert view.canvas.focused_node == order[-1]
    assert studio.selection == {order[-1]}


def test_arrows_go_along_wires(view, press, hand, studio):
    studio.select((hand.node("x"),))
    for key, label in ((Key.Key_Right, "a"), (Key.Key_Right, "z"), (Key.Key_Right, "mse_loss"), (Key.Key_Left, "z"), (Key.Key_Left, "a")):
        press(key)
        assert view.canvas.focused_node == hand.node(label)
    studio.select((hand.node("x"),))
    view.canvas.set_focus(hand.node("x"))
    press(Key.Key_Down)
    assert view.canvas.focused_node == hand.node("y")
    press(Key.Key_Up)
    assert view.canvas.focused_node == hand.node("x")


def test_a_screen_reader_hears_what_the_node_is(view, press, hand, studio):
    press(Key.Key_Tab)
    assert view.accessibleDescription() == "x, leaf, 2.0, requires grad, grad 12.0, feeds a"


def test_two_ports_are_connected_without_a_pointer(view, press, hand, studio):
    err = hand.node("err")
    studio.do(Disconnect(err, (1,)))
    studio.select((hand.node("x"),))
    press(Key.Key_P)
    assert view.keys.ports.at.path is None
    press(Key.Key_Return)
    for _ in range(60):
        here = view.keys.ports.at
        if (here.node, here.path) == (err, (1,)):
            break
        press(Key.Key_Tab)
    press(Key.Key_Return)
    assert studio.document.graph.nodes[err].inputs[1] == Ref(hand.node("x"))
    assert view.keys.ports is None


def test_ports_that_would_make_a_cycle_are_not_offered(view, press, hand, studio):
    studio.select((hand.node("loss"),))
    press(Key.Key_P)
    press(Key.Key_Return)
    offered = {port.node for port in view.keys.ports._ports}
    assert hand.node("z") not in offered
    assert hand.node("err") in offered


def test_escape_leaves_port_mode_first_and_the_selection_then(view, press, hand, studio):
    studio.select((hand.node("x"),))
    press(Key.Key_P)
    press(Key.Key_Escape)
    assert view.keys.ports is None
    assert studio.selection
    press(Key.Key_Escape)
    assert not studio.selection


def test_alt_and_arrows_nudge_by_one_and_with_shift_by_twenty(press, hand, studio):
    z = hand.node("z")
    studio.select((z,))
    press(Key.Key_Right, ALT)
    press(Key.Key_Down, ALT | SHIFT)
    assert studio.document.layout.positions[z] == (421, 80)


def test_enter_types_the_number_of_a_leaf(view, press, hand, studio):
    studio.select((hand.node("x"),))
    press(Key.Key_Return)
    hand.type("7")
    assert studio.document.graph.nodes[hand.node("x")].value.item() == 7


def test_arrows_are_left_to_the_window_while_stepping(view, press, hand, studio, settle):
    studio.player.go_to(40)
    settle()
    studio.select((hand.node("x"),))
    press(Key.Key_Right)
    assert view.canvas.focused_node is None


def test_a_wired_input_that_the_keyboard_stands_on_selects_its_wire(press, hand, studio):
    z = hand.node("z")
    studio.select((z,))
    press(Key.Key_P)
    assert studio.selection == {z}
    press(Key.Key_Tab)
    assert studio.selection == {("wire", z, (0,))}
    press(Key.Key_Backtab)
    assert studio.selection == {z}


def test_the_status_bar_says_what_keys_do_in_port_mode_and_forgets_it(press, hand, studio):
    studio.select((hand.node("z"),))
    press(Key.Key_P)
    assert "Enter takes hold" in studio.notice
    press(Key.Key_Return)
    assert "Enter connects" in studio.notice
    press(Key.Key_Escape)
    assert studio.notice == ""


def test_a_number_is_typed_into_an_open_input(view, press, hand, studio):
    z = hand.node("z")
    studio.do(Disconnect(z, (1,)))
    studio.select((z,))
    press(Key.Key_P)
    press(Key.Key_Tab)
    press(Key.Key_Tab)
    press(Key.Key_3)
    assert view.editor.open
    QTest.keyClicks(view.editor.field, ".5")
    QTest.keyClick(view.editor.field, Key.Key_Return)
    assert studio.document.graph.nodes[z].inputs[1] == Literal(3.5)


def test_ports_without_a_wire_are_offered_first(view, press, hand, studio):
    z = hand.node("z")
    node = view.add_node("exp", view.canvas.nodes[z].body.center())
    studio.do(Disconnect(z, (1,)))
    studio.select((node,))
    press(Key.Key_P)
    press(Key.Key_Tab)
    press(Key.Key_Return)
    nodes, consumers = studio.document.graph.nodes, studio.document.graph.consumers
    press(Key.Key_Return)
    (source,) = studio.document.graph.nodes[node].inputs
    assert source.source in nodes
    assert not consumers.get(source.source, ())


def test_the_ring_leaves_a_node_when_another_is_selected(view, press, hand, studio):
    press(Key.Key_Tab)
    assert view.canvas.focused_node is not None
    studio.select((hand.node("z"),))
    assert view.canvas.focused_node is None


def test_enter_on_a_matrix_asks_for_its_table(qtbot, view, press, hand, studio):
    studio.select((hand.node("W"),))
    with qtbot.waitSignal(view.table_requested) as asked:
        press(Key.Key_Return)
    assert asked.args == [hand.node("W")]
