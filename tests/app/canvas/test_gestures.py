"""Every gesture on a real canvas: what it changes, that it is one moment of history, and that Escape leaves all as it was."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QDropEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gradstudio.app.canvas.gestures.loose import LooseWire
from gradstudio.app.widgets.catalog import MIME
from gradstudio.document.graph import Literal, Ref

ALT, SHIFT = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ShiftModifier


def moments(studio):
    return len(studio._session.history.done)


@pytest.fixture
def once(view, studio):
    """Fail unless the test left exactly one moment of history, and one undo takes all of it back."""
    before, count = studio.document, moments(studio)
    yield
    assert moments(studio) == count + 1
    studio.undo()
    assert studio.document is before


@pytest.fixture
def unchanged(view, studio):
    """Fail if the test left a moment of history."""
    before, count = studio.document, moments(studio)
    yield
    assert (studio.document, moments(studio)) == (before, count)


def escape(view):
    QTest.keyClick(view, Qt.Key.Key_Escape)


# ------------------------------------------------------------------ moving
@pytest.mark.usefixtures("once")
def test_a_dragged_node_comes_to_lie_on_the_grid(view, hand, studio):
    hand.drag(hand.on("z", 60, 15), hand.on("z", 60, 15) + QPointF(37, 52))
    assert studio.document.layout.positions[hand.node("z")] == (460, 120)
    assert view.canvas.nodes[hand.node("z")].pos() == QPointF(460, 120)


@pytest.mark.usefixtures("once")
def test_alt_moves_a_node_freely(studio, hand):
    hand.drag(hand.on("z", 60, 15), hand.on("z", 60, 15) + QPointF(37, 52), ALT)
    assert studio.document.layout.positions[hand.node("z")] == (457, 112)


@pytest.mark.usefixtures("once")
def test_selected_nodes_move_together_and_keep_their_distance(studio, hand):
    x, y = hand.node("x"), hand.node("y")
    studio.select((x, y))
    hand.drag(hand.on("x", 60, 10), hand.on("x", 60, 10) + QPointF(40, 0))
    assert studio.document.layout.positions[x] == (40, 0)
    assert studio.document.layout.positions[y] == (40, 180)


@pytest.mark.usefixtures("unchanged")
def test_escape_puts_dragged_nodes_back(view, hand):
    item = view.canvas.nodes[hand.node("z")]
    before, end = item.pos(), hand.on("z", 60, 15) + QPointF(80, 80)
    hand.press(hand.on("z", 60, 15))
    hand.move(end)
    assert item.pos() != before
    escape(view)
    assert item.pos() == before
    hand.release(end)
    assert item.pos() == before


@pytest.mark.usefixtures("unchanged")
def test_a_click_selects_shift_adds_and_a_click_on_nothing_clears(view, hand, studio):
    port = view.viewport()
    QTest.mouseClick(port, Qt.MouseButton.LeftButton, pos=hand.at(hand.on("z", 60, 15)))
    assert studio.selection == {hand.node("z")}
    QTest.mouseClick(port, Qt.MouseButton.LeftButton, SHIFT, hand.at(hand.on("a", 60, 15)))
    assert studio.selection == {hand.node("z"), hand.node("a")}
    QTest.mouseClick(port, Qt.MouseButton.LeftButton, pos=hand.at(QPointF(300, 360)))
    assert studio.selection == frozenset()


@pytest.mark.usefixtures("unchanged")
def test_a_click_on_a_wire_selects_the_wire(view, hand, studio):
    shape = view.canvas.wires.shape_of((hand.node("z"), (1,)))
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=hand.at(shape.point(0.3)))
    assert studio.selection == {("wire", hand.node("z"), (1,))}
    assert studio.selected_wire is not None


@pytest.mark.usefixtures("unchanged")
def test_a_box_selects_what_it_touches(hand, studio):
    hand.drag(QPointF(-15, -15), QPointF(260, 60))
    assert studio.selection == {hand.node("x"), hand.node("a")}
    hand.drag(QPointF(-15, 440), QPointF(30, 500), SHIFT)
    assert studio.selection == {hand.node("x"), hand.node("a"), hand.node("W")}


@pytest.mark.usefixtures("once")
def test_the_title_of_a_frame_moves_its_nodes(view, hand, studio):
    title = view.canvas.frames.items["f1"].title_rect().center()
    hand.drag(title, title + QPointF(0, 40))
    assert studio.document.layout.positions[hand.node("t")] == (420, 360)


# ------------------------------------------------------------------ wires
@pytest.mark.usefixtures("once")
def test_a_wire_is_led_from_an_output_to_an_input(hand, studio):
    hand.drag(hand.port("x"), hand.port("err", (1,)))
    assert studio.document.graph.nodes[hand.node("err")].inputs[1] == Ref(hand.node("x"))


@pytest.mark.usefixtures("once")
def test_a_wire_may_be_led_backwards_from_an_open_input(view, hand, studio, settle):
    from gradstudio.document.commands.wires import Disconnect

    err = hand.node("err")
    studio.do(Disconnect(err, (1,)))
    settle()
    hand.drag(hand.port("err", (1,)), hand.port("y"))
    assert studio.document.graph.nodes[err].inputs[1] == Ref(hand.node("y"))
    studio.undo()


@pytest.mark.usefixtures("once")
def test_a_wire_snaps_to_a_port_within_24_pixels(hand, studio):
    hand.drag(hand.port("x"), hand.port("err", (1,)) + QPointF(-15, 12))
    assert studio.document.graph.nodes[hand.node("err")].inputs[1] == Ref(hand.node("x"))


@pytest.mark.usefixtures("once")
def test_a_wire_that_is_picked_up_at_its_end_is_plugged_in_elsewhere(hand, studio):
    err, loss = hand.node("err"), hand.node("loss")
    hand.drag(hand.port("loss", (1,)), hand.port("err", (1,)))
    assert studio.document.graph.nodes[err].inputs[1] == Ref(hand.node("reg"))
    assert studio.document.graph.nodes[loss].inputs[1] is None


@pytest.mark.usefixtures("once")
def test_a_wire_that_is_picked_up_and_dropped_on_nothing_is_gone(hand, studio):
    hand.drag(hand.port("loss", (1,)), QPointF(870, 460))
    assert studio.document.graph.nodes[hand.node("loss")].inputs[1] is None


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("picked_up", [False, True])
def test_a_wire_let_go_outside_the_canvas_changes_nothing_and_asks_for_nothing(view, hand, studio, picked_up):
    asked = []
    view.search_requested.connect(lambda at, loose: asked.append(loose))
    hand.press(hand.port("err", (1,)) if picked_up else hand.port("x"))
    hand.move(hand.on("x", 300, 60))
    beyond = view.to_scene(QPointF(view.width() + 200, 300))
    hand.move(beyond)
    hand.release(beyond)
    assert not asked
    assert "outside the canvas" in studio.notice


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(("onto", "said"), [("y", "y has no open input"), ("x", "")])
def test_a_wire_dropped_on_a_node_that_takes_none_says_so(view, hand, studio, onto, said):
    asked = []
    view.search_requested.connect(lambda at, loose: asked.append(loose))
    hand.drag(hand.port("x"), hand.on(onto, 40, 60))
    assert not asked
    assert studio.notice.startswith(said)
    assert bool(studio.notice) == bool(said)


@pytest.mark.usefixtures("unchanged")
def test_escape_leaves_a_picked_up_wire_where_it_was(view, hand):
    hand.press(hand.port("loss", (1,)))
    hand.move(QPointF(870, 460))
    assert view.canvas.wires.hidden == {(hand.node("loss"), (1,))}
    escape(view)
    hand.release(QPointF(870, 460))
    assert view.canvas.wires.hidden == frozenset()


@pytest.mark.usefixtures("once")
def test_a_wire_dropped_on_a_node_takes_the_place_of_its_number(hand, studio):
    hand.drag(hand.port("y"), hand.on("a", 75, 52))
    assert studio.document.graph.nodes[hand.node("a")].inputs == (Ref(hand.node("x")), Ref(hand.node("y")))


@pytest.mark.usefixtures("unchanged")
def test_a_cycle_is_refused_at_once_with_the_reason(hand, studio):
    hand.drag(hand.port("loss"), hand.port("z", (0,)))
    assert studio.notice == "this would be a cycle: loss depends on z"


@pytest.mark.usefixtures("unchanged")
def test_what_pytorch_refuses_is_said_in_its_words_before_the_drop(qtbot, view, hand, studio, settle):
    node = view.add_node("matmul", QPointF(300, 400))
    settle()
    assert node is not None
    end = view.canvas.nodes[node].port((0,))
    hand.drag(hand.port("W"), end)
    settle()
    studio.select(())
    start, end = hand.port("x"), view.canvas.nodes[node].port((1,))
    hand.press(start)
    hand.move(start + QPointF(30, 30))
    hand.move(end)
    qtbot.waitUntil(lambda: view.gesture._catch is not None and "1D" in view.gesture._catch.reason)
    hand.release(end)
    assert studio.notice.startswith("RuntimeError: both arguments to matmul need to be at least 1D")
    assert studio.document.graph.nodes[node].inputs[1] is None
    studio.undo()
    studio.undo()


@pytest.mark.usefixtures("unchanged")
def test_a_wire_dropped_on_nothing_asks_for_an_op_that_fits(qtbot, view, hand):
    with qtbot.waitSignal(view.search_requested) as asked:
        hand.drag(hand.port("W"), QPointF(300, 400))
    pos, loose = asked.args
    assert (round(pos.x()), round(pos.y())) == (300, 400)
    assert (loose.source, loose.shape, loose.dtype) == (Ref(hand.node("W")), (3, 4), "float32")


@pytest.mark.usefixtures("once")
def test_a_node_added_for_a_loose_wire_is_connected_placed_and_selected(qtbot, view, hand, studio):
    with qtbot.waitSignal(view.search_requested) as asked:
        hand.drag(hand.port("W"), QPointF(200, 240))
    node = view.add_node("sum", *asked.args)
    assert studio.document.graph.nodes[node].inputs[0] == Ref(hand.node("W"))
    assert studio.selection == {node}
    assert studio.document.layout.positions[node] == (200, 160)


# ------------------------------------------------------------------ numbers
@pytest.mark.usefixtures("once")
def test_a_number_is_dragged_in_one_moment_and_the_picture_follows(hand, studio, settle, face):
    hand.drag(hand.on("x", 30, 52), hand.on("x", 30, 52) + QPointF(50, 0))
    settle()
    assert studio.document.graph.nodes[hand.node("x")].value.item() == pytest.approx(2.5)
    assert studio.document.graph.nodes[hand.node("x")].value.dtype == np.float32
    assert (face("x").value, face("a").value) == ("2.5", "6.25")


def test_shift_drags_finer_and_control_coarser(hand, studio):
    for keys, expected in ((SHIFT, 2.05), (Qt.KeyboardModifier.ControlModifier, 7.0)):
        hand.press(hand.on("x", 30, 52))
        hand.move(hand.on("x", 80, 52), keys)
        hand.release(hand.on("x", 80, 52), keys)
        assert studio.document.graph.nodes[hand.node("x")].value.item() == pytest.approx(expected)
        studio.undo()


def test_escape_takes_the_drag_of_a_number_back(view, hand, studio):
    before = studio.document.graph.nodes[hand.node("x")].value
    hand.press(hand.on("x", 30, 52))
    hand.move(hand.on("x", 90, 52))
    escape(view)
    hand.release(hand.on("x", 90, 52))
    assert studio.document.graph.nodes[hand.node("x")].value.item() == before.item()


@pytest.mark.usefixtures("once")
def test_a_double_click_lets_one_type_a_number(view, hand, studio):
    hand.double_click(hand.on("x", 30, 52))
    assert view.editor.field.text() == "2.0"
    hand.type("−1.5")
    assert studio.document.graph.nodes[hand.node("x")].value.item() == -1.5
    assert not view.editor.open


@pytest.mark.usefixtures("unchanged")
def test_what_is_no_number_changes_nothing_and_is_said(hand, studio):
    hand.double_click(hand.on("x", 30, 52))
    hand.type("two")
    assert studio.notice == "two is no number of float32"


@pytest.mark.usefixtures("once")
def test_a_double_click_on_a_row_edits_its_literal(hand, studio):
    hand.double_click(hand.on("t", 60, 79))
    hand.type("9")
    assert studio.document.graph.nodes[hand.node("t")].inputs[1] == Literal(9)


@pytest.mark.usefixtures("once")
def test_a_double_click_on_the_title_renames(hand, studio):
    node = hand.node("z")
    hand.double_click(hand.on("z", 60, 15))
    hand.type("product")
    assert studio.document.graph.nodes[node].name == "product"


@pytest.mark.usefixtures("once")
def test_the_switch_turns_requires_grad_off(hand, studio, view):
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=hand.at(hand.on("x", 118, 15)))
    assert not studio.document.graph.nodes[hand.node("x")].requires_grad


# ------------------------------------------------------------------ adding
@pytest.mark.usefixtures("once")
def test_a_tile_of_the_palette_is_dropped_where_the_pointer_is(view, hand, studio):
    data = QMimeData()
    data.setData(MIME, b"relu")
    at = QPointF(hand.at(QPointF(300, 380)))
    drop = QDropEvent(at, Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    view.dropEvent(drop)
    (node,) = studio.selected_nodes
    assert studio.document.graph.nodes[node].op == "relu"
    assert studio.document.layout.positions[node] == (220, 320)


@pytest.mark.parametrize(("key", "between"), [("detach", True), ("relu", True), ("leaf", False)])
def test_a_tile_dropped_on_a_wire_goes_between_if_it_reads_a_tensor(view, hand, studio, key, between):
    z, y, data = hand.node("z"), hand.node("y"), QMimeData()
    data.setData(MIME, key.encode())
    at = QPointF(hand.at(view.canvas.wires.shape_of((z, (1,))).point(0.5)))
    view.dropEvent(QDropEvent(at, Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier))
    (node,) = studio.selected_nodes
    nodes = studio.document.graph.nodes
    assert nodes[node].op == key
    assert nodes[z].inputs[1] == Ref(node if between else y)
    assert nodes[node].inputs == ((Ref(y),) if between else ())


def test_a_new_node_never_lies_on_another(view, studio):
    node = view.add_node("relu", QPointF(500, 120))
    body = view.canvas.nodes[node].body
    assert not [n for n, rect in view.canvas.boxes_of_nodes(body) if n != node and rect.intersects(body)]
    assert (body.center() - QPointF(500, 120)).manhattanLength() < 260


@pytest.mark.usefixtures("unchanged")
def test_a_double_click_on_nothing_asks_for_the_search(qtbot, view, hand):
    with qtbot.waitSignal(view.search_requested) as asked:
        hand.double_click(QPointF(300, 380))
    assert asked.args[1] is None


@pytest.mark.usefixtures("unchanged")
def test_a_right_click_selects_what_it_is_about_and_asks_for_its_menu(qtbot, view, hand, studio):
    at = hand.at(hand.on("z", 60, 15))
    with qtbot.waitSignal(view.menu_requested) as asked:
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, view.viewport().mapToGlobal(at))
        QApplication.sendEvent(view.viewport(), event)
    assert asked.args[1].node == hand.node("z")
    assert studio.selection == {hand.node("z")}


# ------------------------------------------------------------------ looking
@pytest.mark.usefixtures("unchanged")
def test_the_wheel_zooms_at_the_pointer(view, hand):
    at = QPointF(500, 200)
    under = view.to_scene(at)
    globally = QPointF(view.viewport().mapToGlobal(at.toPoint()))
    none = Qt.KeyboardModifier.NoModifier
    event = QWheelEvent(at, globally, QPoint(), QPoint(0, 240), Qt.MouseButton.NoButton, none, Qt.ScrollPhase.NoScrollPhase, False)
    QApplication.sendEvent(view.viewport(), event)
    assert view.zoom == pytest.approx(1.0015**240)
    assert (view.to_scene(at) - under).manhattanLength() < 2


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("with_space", [True, False])
def test_the_middle_button_and_space_with_the_left_one_pan(qtbot, view, hand, with_space):
    button = Qt.MouseButton.LeftButton if with_space else Qt.MouseButton.MiddleButton
    start, before = QPointF(300, 380), view.to_scene(QPointF(0, 0))
    taps = []
    view.space_tapped.connect(lambda: taps.append(1))
    if with_space:
        QTest.keyPress(view, Qt.Key.Key_Space)
    pixel = hand.at(start)
    QTest.mousePress(view.viewport(), button, Qt.KeyboardModifier.NoModifier, pixel)
    hand.move(start + QPointF(60, 40), button=button)
    QTest.mouseRelease(view.viewport(), button, Qt.KeyboardModifier.NoModifier, pixel + QPoint(60, 40))
    if with_space:
        QTest.keyRelease(view, Qt.Key.Key_Space)
    assert view.to_scene(QPointF(0, 0)) == before - QPointF(60, 40)
    assert taps == []


def test_space_without_a_drag_is_a_tap(qtbot, view):
    with qtbot.waitSignal(view.space_tapped):
        QTest.keyClick(view, Qt.Key.Key_Space)


@pytest.mark.usefixtures("unchanged")
def test_fitting_shows_the_whole_graph_at_100_per_cent_where_it_can(view):
    view.set_zoom(3.0)
    view.fit_all()
    assert view.zoom == 1.0
    assert view.visible_rect().contains(view.canvas.content_rect())


# ------------------------------------------------------------------ reading .grad
@pytest.mark.usefixtures("once")
def test_a_wire_may_start_at_a_gradient(hand, studio, view, settle, face):
    drawer = view.canvas.nodes[hand.node("x")].port(None, 0, grad=True)
    hand.drag(drawer, hand.port("err", (1,)))
    settle()
    assert studio.document.graph.nodes[hand.node("err")].inputs[1] == Ref(hand.node("x"), grad=True)
    assert face("x").drawer.read
    assert face("err").inputs[1].label == "x.grad"
    assert view.canvas.wires.shape_of((hand.node("err"), (1,))).start == drawer


def test_the_canvas_stays_where_it_is_when_what_was_added_first_runs(view, studio, settle):
    studio.new()
    settle()
    added = view.add_node("leaf", QPointF(300, 200))
    place = view.viewportTransform().map(view.canvas.nodes[added].pos())
    view.add_node("exp", QPointF(600, 200), LooseWire(Ref(added)))
    settle()
    assert studio.shown.trace.end
    assert view.viewportTransform().map(view.canvas.nodes[added].pos()) == place
