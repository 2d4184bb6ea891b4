"""Menus: the one table, the menu bar, context menus, Alt, recent files, and what the verbs do."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from gradstudio.app import menus
from gradstudio.app.canvas.hit import Hit
from gradstudio.app.search import SearchPopup
from gradstudio.document.calls import Backward
from gradstudio.document.commands.nodes import AddNode
from gradstudio.document.commands.script import EditCall
from gradstudio.document.graph import Node, Ref

POW, MUL, X = "n3", "n4", "n1"
GRABBING = pytest.mark.qt_log_ignore("does not support", extend=True)


def shown(menu: QMenu) -> list[str]:
    return [action.objectName() for action in menu.actions() if not action.isSeparator()]


def backwards(studio) -> list[Backward]:
    return [call for call in studio.document.calls() if isinstance(call, Backward)]


def test_every_command_is_in_the_menu_bar_for_screen_readers_after_the_first_paint(window, qtbot):
    qtbot.waitUntil(lambda: bool(window.menuBar().actions()))
    found = [name for top in window.menuBar().actions() for name in shown(top.menu())]
    assert [name for name in found if name] == [entry.id for entry in menus.TABLE]
    assert not window.menuBar().isVisible()


def test_a_nodes_menu_begins_with_what_gradients_do_and_leaves_out_what_makes_no_sense(window):
    window.studio.select([X])
    leaf = shown(window.context_menu("node"))
    assert leaf[:2] == ["requires_grad", "detach"]
    assert "zero" in leaf
    assert "retain_grad" not in leaf
    window.studio.select([MUL])
    op = shown(window.context_menu("node"))
    assert "retain_grad" in op
    assert "zero" not in op


def test_what_a_node_has_to_do_with_time_is_in_a_menu_of_its_own(window):
    window.studio.select([MUL])
    menu = window.context_menu("node")
    (time,) = [action.menu() for action in menu.actions() if action.menu() is not None]
    assert time.title() == "Time"
    assert "run_to" in shown(time)
    assert "run_to" not in shown(menu)
    assert not any(action.isSeparator() for action in (menu.actions()[0], menu.actions()[-1]))


def test_a_wires_menu_detaches_and_deletes(window):
    window.studio.select([("wire", MUL, (0,))])
    assert shown(window.context_menu("wire"))[:2] == ["detach", "delete"]


def test_the_canvas_asks_for_the_menu_of_what_lies_there(window, qtbot):
    asked = []
    window.actions_.context_menu = lambda place: asked.append(place) or QMenu(window)
    for hit in (Hit(QPointF(), node=MUL), Hit(QPointF(), wire=(MUL, (0,))), Hit(QPointF())):
        window.canvas.menu_requested.emit(QPoint(10, 10), hit)
    assert asked == ["node", "wire", "canvas"]


def test_what_a_context_menu_adds_goes_where_it_was_asked_for(window, qtbot, settle):
    window.actions_.place = QPointF(500, 400)
    window.do("add")
    popup = window.findChildren(SearchPopup)[-1]
    QTest.keyClicks(popup.field, "exp")
    QTest.keyClick(popup.field, Qt.Key.Key_Return)
    node = window.studio.primary
    assert window.studio.document.graph.nodes[node].op == "exp"
    x, y = window.studio.document.layout.positions[node]
    assert abs(x + 75 - 500) <= 20
    assert abs(y + 50 - 400) <= 20
    settle()


@GRABBING
def test_alt_alone_opens_the_menu_and_alt_with_a_key_does_not(window, qtbot):
    window.canvas.setFocus()
    QTest.keyPress(window.canvas, Qt.Key.Key_Alt)
    QTest.keyPress(window.canvas, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    QTest.keyRelease(window.canvas, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    QTest.keyRelease(window.canvas, Qt.Key.Key_Alt)
    assert not window.actions_.menu.isVisible()
    QTest.keyPress(window.canvas, Qt.Key.Key_Alt)
    QTest.keyRelease(window.canvas, Qt.Key.Key_Alt)
    assert window.actions_.menu.isVisible()
    window.actions_.menu.close()


@GRABBING
def test_the_light_goes_off_the_menus_button(window):
    window.actions_.show_menu()
    window.toolbar.menu.setAttribute(Qt.WidgetAttribute.WA_UnderMouse)
    window.actions_.menu.close()
    under = window.toolbar.menu.rect().contains(window.toolbar.menu.mapFromGlobal(window.cursor().pos()))
    assert window.toolbar.menu.underMouse() == under


def test_recent_files_are_listed_newest_first_and_open(window, tmp_path, settle):
    for name in ("one", "two"):
        window.studio.save_as(tmp_path / f"{name}.grad")
    window.actions_.recent.aboutToShow.emit()
    listed = window.actions_.recent.actions()
    assert [action.text() for action in listed] == ["two.grad", "one.grad"]
    window.actions_.recent.triggered.emit(listed[1])
    assert window.studio.path == tmp_path / "one.grad"
    settle()


def test_the_menu_says_what_undo_takes_back(window, settle):
    window.studio.select([POW])
    window.do("duplicate")
    window.actions_.follow()
    assert window.actions_.by_id["undo"].text() == "Undo: Duplicate"
    window.do("undo")
    assert window.actions_.by_id["undo"].text() == "Undo"
    assert window.actions_.by_id["redo"].text() == "Redo: Duplicate"
    settle()


def test_a_duplicate_covers_nothing(window, settle):
    window.do("select_all")
    before = dict(window.studio.document.layout.positions)
    window.do("duplicate")
    made = {n: at for n, at in window.studio.document.layout.positions.items() if n not in before}
    assert len(made) == len(before)
    assert all(abs(x - a) >= 180 or abs(y - b) >= 135 for x, y in made.values() for a, b in before.values())
    settle()


def test_backward_makes_the_automatic_one_explicit_then_adds_another(window, settle):
    studio = window.studio
    call = backwards(studio)[0]
    studio.do(EditCall(replace(call, automatic=True, roots=())))
    settle()
    window.do("backward")
    assert [(c.automatic, c.roots) for c in backwards(studio)] == [(False, (Ref(MUL),))]
    assert "z.backward()" in studio.notice
    settle()
    window.do("backward")
    assert [c.roots for c in backwards(studio)] == [(Ref(MUL),), (Ref(MUL),)]
    settle()


def test_backward_begins_at_what_is_last_now(window, settle):
    studio = window.studio
    studio.do(AddNode(Node("n9", "exp", (Ref(MUL),)), "main", (900, 60)))
    settle()
    studio.select([X])  # what is selected does not matter
    window.do("backward")
    assert backwards(studio)[-1].roots == (Ref("n9"),)
    settle()


def test_backward_says_why_where_there_is_nothing_to_run_from(window, settle):
    window.do("new")
    settle()
    window.do("backward")
    assert "Nothing to run backward from" in window.studio.notice


def test_detach_takes_the_one_wire_that_leaves_the_selected_node(window, settle):
    studio = window.studio
    studio.select([POW])
    window.do("detach")
    detach = next(n for n in studio.document.graph.nodes.values() if n.op == "detach")
    assert detach.inputs == (Ref(POW),)
    settle()
    studio.select([MUL])  # nothing reads it
    window.do("detach")
    assert "Choose the wire" in studio.notice


def test_the_space_bar_plays_and_arrows_step_while_stepping(window, qtbot, settle):
    studio, canvas = window.studio, window.canvas
    canvas.setFocus()
    window.do("first")
    settle()
    for key, k in ((Qt.Key.Key_Right, 1), (Qt.Key.Key_Right, 2), (Qt.Key.Key_Left, 1)):
        QTest.keyClick(canvas, key)
        assert studio.player.k == k
    settle()
    canvas.space_tapped.emit()
    assert studio.player.playing
    canvas.space_tapped.emit()
    assert not studio.player.playing
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert studio.player.at_end
    settle()
