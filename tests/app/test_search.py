"""Search: ops at a place, ops that fit a loose wire, nodes and commands; and where the keyboard's nodes go."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from gradstudio.app.canvas.gestures.loose import LooseWire
from gradstudio.app.search import SearchPopup
from gradstudio.document.graph import Ref

POW, MUL, X = "n3", "n4", "n1"


@pytest.fixture
def popup(window):
    return SearchPopup(window)


def titles(popup) -> list[str]:
    return [popup.list.item(row).text() for row in range(popup.list.count())]


def test_the_search_at_a_place_begins_with_a_leaf(popup):
    popup.open_at(QPointF(600, 300), None)
    assert titles(popup)[:3] == ["Leaf", "add", "mul"]


def test_a_loose_wire_is_offered_only_what_it_fits_and_no_leaf(popup):
    popup.open_at(QPointF(600, 300), LooseWire(Ref(MUL)))
    assert titles(popup)[0] == "add"
    assert not {"Leaf", "Constant", "Random"} & set(titles(popup))


def test_a_row_that_is_clicked_is_added_connected_to_the_wire(window, popup, settle):
    popup.open_at(QPointF(900, 300), LooseWire(Ref(MUL)))
    row = titles(popup).index("relu")
    at = popup.list.visualItemRect(popup.list.item(row)).center()
    QTest.mouseClick(popup.list.viewport(), Qt.MouseButton.LeftButton, pos=at)
    made = window.studio.document.graph.nodes[window.studio.primary]
    assert (made.op, made.inputs) == ("relu", (Ref(MUL),))
    assert window.canvas.hasFocus()
    settle()


def test_commands_are_found_by_what_people_call_them(popup):
    popup.open_for_all(popup.pos(), 400)
    QTest.keyClicks(popup.field, "again")
    assert titles(popup)[0] == "Backward once more"


def test_a_command_is_done_by_enter(window, popup):
    popup.open_for_all(popup.pos(), 400)
    QTest.keyClicks(popup.field, "digit")
    QTest.keyClick(popup.field, Qt.Key.Key_Return)
    assert window.studio.full_precision


def test_a_node_is_found_selected_and_has_the_keyboard(window, popup):
    popup.open_to_find(popup.pos())
    QTest.keyClicks(popup.field, "z")
    QTest.keyClick(popup.field, Qt.Key.Key_Return)
    assert window.studio.primary == MUL
    QTest.keyClick(popup.field, Qt.Key.Key_Escape)
    assert not popup.isVisible()
    assert window.studio.primary == MUL
    assert window.canvas.hasFocus()


def test_escape_leaves_the_search_and_nothing_else(window, popup):
    window.studio.select([POW])
    popup.open_for_all(popup.pos(), 400)
    QTest.keyClick(popup.field, Qt.Key.Key_Escape)
    assert not popup.isVisible()
    assert window.studio.primary == POW
    assert window.canvas.hasFocus()


def test_arrows_choose_and_stay_within_the_list(popup):
    popup.open_at(QPointF(600, 300), None)
    QTest.keyClick(popup.field, Qt.Key.Key_Up)
    assert popup.list.currentRow() == 0
    QTest.keyClick(popup.field, Qt.Key.Key_Down)
    QTest.keyClick(popup.field, Qt.Key.Key_Down)
    assert popup.list.currentItem().text() == "mul"


def test_what_the_keyboard_adds_goes_right_of_what_is_selected_and_leaves_below_leaves(window, settle):
    studio = window.studio
    studio.select([MUL])
    window.placing.add_item("exp")
    positions = studio.document.layout.positions
    assert positions[studio.primary][0] > positions[MUL][0]
    assert positions[studio.primary][1] == positions[MUL][1]
    window.canvas.complete_leaf = lambda node: node
    window.placing.add_item("leaf")
    positions = studio.document.layout.positions
    assert positions[studio.primary][0] == positions[X][0]
    assert positions[studio.primary][1] > max(positions[n][1] for n in ("n1", "n2"))
    settle()


def test_the_first_node_of_an_empty_canvas_stands_in_the_middle_of_the_view(window, settle):
    window.do("new")
    settle()
    window.placing.add_item("exp")
    node = window.canvas.canvas.nodes[window.studio.primary]
    seen = window.canvas.viewportTransform().map(node.body.center())
    middle = window.canvas.viewport().rect().center()
    assert abs(seen.x() - middle.x()) < 40
    assert abs(seen.y() - middle.y()) < 40
    settle()
