"""The inspector tells the truth about a tensor, and changes it."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from gradstudio.app.change import EVERYTHING
from gradstudio.app.panels.inspector import InspectorPanel
from gradstudio.app.panels.inspector.controls import ButtonRow, ChoiceRow, HeatRow, ScrubRow, ToggleRow
from gradstudio.app.panels.inspector.rows import (
    Button,
    Card,
    Choice,
    Empty,
    Event,
    Heat,
    Hint,
    Pair,
    Progress,
    Rule,
    Saved,
    Scrub,
    Title,
    Toggle,
    Visit,
)
from gradstudio.app.widgets.formula import plain
from gradstudio.document.calls import Backward, SetValue
from gradstudio.document.commands.nodes import DeleteNodes, SetLeafValue, SetRequiresGrad
from gradstudio.document.commands.script import AppendCall
from gradstudio.document.commands.wires import Disconnect
from gradstudio.document.graph import Literal, Recipe, Ref
from gradstudio.resources import resource

X, Y, W, A, Z, T, REG, MSE, LOSS, ERR = "n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8", "n9", "n11"


@pytest.fixture
def panel(qtbot, studio):
    studio.open(resource("examples", "accumulation.grad"))
    made = InspectorPanel(studio)
    qtbot.addWidget(made)
    made.resize(316, 620)
    made.show()
    qtbot.waitUntil(lambda: studio.shown.trace.end == 63)
    return made


def rows(panel, kind):
    return [row for row in panel.sheet.rows if isinstance(row, kind)]


def facts(panel):
    return {row.key: plain(row.value) for row in rows(panel, Pair)}


def control(panel, kind):
    return next(widget for widget in panel.column.widgets if isinstance(widget, kind)).control


def go_to(panel, k, qtbot):
    panel.studio.player.go_to(k)
    qtbot.waitUntil(lambda: panel.studio.shown.state.k == k)


# ---------------------------------------------------------------- what it says


def test_nothing_selected_says_how_to_begin(panel):
    assert rows(panel, Empty)[0].text == "Select a node to see its tensor"
    assert not panel.header.isVisible()


def test_several_selected_are_counted(panel):
    panel.studio.select([X, Y])
    assert rows(panel, Empty)[0].text == "2 nodes selected"


def test_a_leaf_shows_value_grad_and_where_they_come_from(panel):
    panel.studio.select([W])
    head = panel.sheet.head
    assert (head.name, head.remark, head.chips, head.filled) == ("W", "leaf tensor", ("(3, 4)", "float32"), True)
    value, grad = rows(panel, Heat)
    assert value.grid.cells[:4] == (0.5, -1.0, 0.25, 1.5)
    assert grad.grid.cells == pytest.approx([0.2 * v for v in value.grid.cells])
    titles = [(row.text, row.right) for row in rows(panel, Title)]
    assert titles == [("Value", "min −1.5   max 1.5"), (".grad", "‖grad‖ 0.6265"), ("Start value", "")]
    assert facts(panel) == {
        "grad_fn": "None", "is_leaf": "True", "_version": "0", "grad accumulated": "1 backward", "last writer": "AccumulateGrad",
        "used by": "l2_penalty / pow",
    }  # fmt: skip


def test_an_op_shows_its_local_derivatives_and_what_they_make_of_the_cotangent(panel):
    panel.studio.select([Z])
    assert (panel.sheet.head.name, panel.sheet.head.remark) == ("mul", "z = a * y")
    assert panel.sheet.head.chips == ("()", "float32", "MulBackward0")
    cards = [(plain(card.first), plain(card.second), card.right) for card in rows(panel, Card)]
    assert cards == [("∂z/∂a = y = 3.0", "1.0 × 3.0 = 3.0", "flows to pow"), ("∂z/∂y = a = 4.0", "1.0 × 4.0 = 4.0", "flows to y")]


def test_an_op_shows_what_it_saved_and_who_freed_it(panel):
    panel.studio.select([Z])
    assert [(row.who, row.text, row.state) for row in rows(panel, Saved)] == [
        ("_saved_self", "a = 4.0", "freed"),
        ("_saved_other", "y = 3.0", "freed"),
    ]
    assert "freed after backward #3" in [row.right for row in rows(panel, Title)]
    assert facts(panel) == {
        "value": "12.0", ".grad": "None", "is_leaf": "False", "grad_fn": "MulBackward0", "sequence_nr": "1", "_version": "0",
    }  # fmt: skip
    assert "z" in rows(panel, Hint)[0].text
    assert "retain_grad()" in rows(panel, Hint)[0].text


def test_what_runs_under_no_grad_has_no_local_derivative_and_says_why(panel):
    panel.studio.select([T])
    assert rows(panel, Card) == []
    assert "no_grad" in rows(panel, Hint)[0].text


def test_an_instance_is_inspected_like_an_op(panel):
    panel.studio.select([REG])
    assert panel.sheet.head.remark == "reg = l2_penalty(W)"
    assert facts(panel)["value"] == "0.9812"
    assert plain(rows(panel, Card)[0].second).startswith("1.0 → ‖0.6265‖")


def test_full_precision_shows_every_digit(panel):
    panel.studio.select([REG])
    panel.studio.set_full_precision(True)
    assert facts(panel)["value"] == "0.98125"


def test_a_fact_is_spoken_and_copied_with_all_its_digits(panel, studio, qtbot):
    studio.do(SetLeafValue(X, np.float32(1 / 3).reshape(()), 0))
    studio.select([A])
    qtbot.waitUntil(lambda: facts(panel)["value"] == "0.1111")
    row = row_of(panel, "value")
    assert row.accessibleName() == "value: 0.11111112"
    row.copy()
    assert QGuiApplication.clipboard().text() == "0.11111112"


def centres(panel, kind):
    """Where rows of a kind are centred, in px from the top of the panel."""
    middle = {Title: 16, Pair: 12, Toggle: 13, Heat: 0, Card: 0, Rule: 0, Saved: 11, Visit: 13}[kind]
    return [76 * panel.header.isVisible() + w.y() + w.row.above + middle for w in panel.column.widgets if isinstance(w.row, kind)]


def test_the_rows_of_a_leaf_stand_where_the_picture_has_them(panel):
    panel.studio.select([W])
    assert centres(panel, Toggle) == [99]
    assert centres(panel, Title)[:2] == [157, 282]
    assert centres(panel, Heat) == [173, 298]
    assert centres(panel, Rule) == [395]
    assert centres(panel, Pair) == [417, 441, 465, 489, 513, 537]


def test_the_rows_of_an_op_stand_where_the_picture_has_them(panel):
    panel.studio.select([Z])
    assert centres(panel, Title) == [101, 259]
    assert centres(panel, Card) == [115, 181]
    assert centres(panel, Saved) == [289, 311]
    assert centres(panel, Rule) == [333]
    assert centres(panel, Pair) == [355, 379, 403, 427, 451, 475]


# ---------------------------------------------------------------- stepping


def test_stepping_shows_the_pass_its_queue_and_its_saved_tensors(panel, qtbot):
    go_to(panel, 60, qtbot)
    progress = rows(panel, Progress)[0]
    assert (progress.title, progress.right, progress.part) == ("Backward #3", "7 of 10", 0.7)
    visits = [(row.title, row.node_name, row.sequence_nr, row.state) for row in rows(panel, Visit)]
    assert visits == [
        ("add", "AddBackward0", "6", "done"), ("mse_loss", "MseLossBackward0", "5", "done"),
        ("l2_penalty/mul", "MulBackward0", "4", "done"), ("l2_penalty/sum", "SumBackward0", "3", "done"),
        ("l2_penalty/pow", "PowBackward0", "2", "done"), ("W", "AccumulateGrad", "max", "done"),
        ("mul", "MulBackward0", "1", "now"), ("y", "AccumulateGrad", "max", "next"), ("pow", "PowBackward0", "0", "next"),
        ("x", "AccumulateGrad", "max", "next"),
    ]  # fmt: skip
    saved = rows(panel, Saved)
    assert [row.state for row in saved] == ["held", "in use", "in use", "freed", "freed", "freed", "freed"]
    assert (saved[0].who, saved[0].text) == ("pow", "x = 2.0")
    assert [row.right for row in rows(panel, Title)] == ["sequence_nr", "retain_graph=False"]
    assert centres(panel, Title) == [90, 394]
    assert centres(panel, Visit) == list(range(123, 373, 25))


def test_a_selection_while_stepping_is_inspected_until_the_next_step(panel, qtbot):
    go_to(panel, 60, qtbot)
    panel.studio.select([Y])
    assert panel.sheet.head.name == "y"
    go_to(panel, 61, qtbot)
    assert rows(panel, Progress)[0].right == "8 of 10"


def test_stepping_in_a_forward_shows_the_selection(panel, qtbot):
    panel.studio.select([Z])
    go_to(panel, 3, qtbot)
    assert panel.sheet.head.name == "mul"


def test_stepping_in_a_forward_shows_its_ops_and_what_they_save(panel, qtbot):
    go_to(panel, 3, qtbot)
    assert rows(panel, Progress)[0].title == "Forward"
    assert rows(panel, Progress)[0].right == "3 of 10"
    visits = [(row.title, row.node_name, row.sequence_nr, row.state) for row in rows(panel, Visit)]
    assert visits[:4] == [
        ("pow", "a", "4.0", "done"),
        ("mul", "z", "12.0", "done"),
        ("add", "t", "11.5", "now"),
        ("l2_penalty/pow", "pow", "", "next"),
    ]
    assert len(visits) == 10
    assert [(row.who, row.state) for row in rows(panel, Saved)] == [("pow", "held"), ("mul", "held"), ("mul", "held")]


def test_stepping_back_restores_what_was_there(panel, qtbot):
    panel.studio.select([Z])
    go_to(panel, 60, qtbot)
    before = panel.sheet
    go_to(panel, 61, qtbot)
    assert panel.sheet != before
    go_to(panel, 60, qtbot)
    assert panel.sheet == before


# ---------------------------------------------------------------- failures


def test_a_second_backward_shows_what_was_freed_and_what_did_not_change(panel, qtbot, studio):
    studio.do(AppendCall(Backward(id=studio.new_id("c"), roots=(Ref(LOSS),))))
    qtbot.waitUntil(lambda: studio.shown.trace.end == 65)
    assert (panel.sheet.head.name, panel.sheet.head.remark) == ("mse_loss", "failed")
    assert [(row.who, row.text, row.error) for row in rows(panel, Saved)] == [
        ("_saved_self", "z  freed", True),
        ("_saved_target", "t  freed", True),
    ]
    assert [(row.title, row.text) for row in rows(panel, Event)] == [
        ("forward", "saved z and t here"),
        ("backward #3", "used them, then freed them"),
        ("backward #4", "add passed, mse_loss could not start"),
    ]
    assert [row.error for row in rows(panel, Event)] == [False, False, True]
    assert facts(panel) == {"x.grad": "12.0", "y.grad": "4.0", "‖W.grad‖": "0.6265"}
    assert "Gradients are unchanged" in [row.text for row in rows(panel, Title)]
    studio.undo()
    qtbot.waitUntil(lambda: studio.shown.trace.end == 63)
    assert rows(panel, Empty)


def test_a_failure_is_told_in_the_names_of_the_document_that_was_run(panel, qtbot, studio):
    studio.do(AppendCall(Backward(id=studio.new_id("c"), roots=(Ref(LOSS),))))
    qtbot.waitUntil(lambda: studio.shown.trace.end == 65)
    studio.runs.set_live(False)
    studio.do(DeleteNodes((T, X)))  # what the failed node had saved, and a leaf with a .grad
    assert [row.text for row in rows(panel, Saved)] == ["z  freed", "t  freed"]
    assert facts(panel) == {"x.grad": "12.0", "y.grad": "4.0", "‖W.grad‖": "0.6265"}
    studio.select([MSE])
    assert panel.sheet.head.remark == "failed"
    studio.select([Z])
    assert [row.text for row in rows(panel, Saved)] == ["a = 4.0", "y = 3.0"]
    studio.runs.set_live(True)


# ---------------------------------------------------------------- what it writes


def test_the_switch_of_a_leaf_sets_requires_grad_and_undo_takes_it_back(panel, studio):
    studio.select([X])
    switch = control(panel, ToggleRow)
    QTest.mouseClick(switch, Qt.MouseButton.LeftButton)
    assert studio.document.graph.nodes[X].requires_grad is False
    assert not switch.isChecked()
    assert not panel.sheet.head.filled
    studio.undo()
    assert switch.isChecked()


def test_a_scalar_is_dragged_as_one_moment_and_its_dtype_stays(panel, studio, qtbot):
    studio.select([X])
    field = control(panel, ScrubRow)
    gesture = studio.new_gesture()
    for value in (2.1, 2.2, 2.3):
        field.edited.emit(value, gesture)
        qtbot.waitUntil(lambda value=value: field.value == pytest.approx(value), timeout=5000)
    array = studio.document.graph.nodes[X].value
    assert (array.dtype, array.shape, array.item()) == (np.float32, (), np.float32(2.3))
    studio.undo()
    assert studio.document.graph.nodes[X].value.item() == 2.0
    assert rows(panel, Scrub)[0].value == 2.0


def test_a_cell_is_typed_over_and_the_map_follows(panel, studio, qtbot):
    studio.select([W])
    heat = next(widget for widget in panel.column.widgets if isinstance(widget, HeatRow))
    heat.control.edited.emit((1, 2), 7.0)
    assert studio.document.graph.nodes[W].value[1, 2] == 7.0
    assert rows(panel, Heat)[0].grid.cells[6] == 7.0
    qtbot.waitUntil(lambda: rows(panel, Heat)[1].grid.cells[6] == pytest.approx(1.4))


def test_a_literal_is_edited_and_keeps_its_kind(panel, studio, qtbot):
    studio.select([A])
    field = control(panel, ScrubRow)
    assert (field.accessibleName(), field.value) == ("exponent", 2)
    field.edited.emit(3, 0)
    assert studio.document.graph.nodes[A].inputs[1] == Literal(3)
    qtbot.waitUntil(lambda: facts(panel)["value"] == "8.0")


def test_an_attr_with_choices_is_chosen(panel, studio, qtbot):
    studio.select([MSE])
    box = control(panel, ChoiceRow)
    assert rows(panel, Choice)[0].value == "mean"
    box.setCurrentText("sum")
    box.activated.emit(box.currentIndex())
    assert studio.document.graph.nodes[MSE].attrs["reduction"] == "sum"


def test_retain_grad_is_pinned_and_then_grad_is_kept(panel, studio, qtbot):
    studio.select([Z])
    assert rows(panel, Toggle)[0].key == "retain_grad()"
    QTest.mouseClick(control(panel, ToggleRow), Qt.MouseButton.LeftButton)
    assert studio.document.graph.nodes[Z].retain_grad == (0,)
    qtbot.waitUntil(lambda: facts(panel)[".grad"] == "1.0")


def test_the_name_is_typed_over_in_the_header(panel, studio):
    studio.select([Z])
    QTest.keyClick(panel.header, Qt.Key.Key_F2)
    line = panel.header.findChild(QLineEdit)
    assert line.text() == "z"
    line.setText("product")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert studio.document.graph.nodes[Z].names == ("product",)
    assert panel.sheet.head.remark == "product = a * y"


def test_a_changed_leaf_says_where_it_started_and_can_keep_its_value(panel, studio, qtbot):
    studio.do(AppendCall(SetValue(id=studio.new_id("c"), target=Ref(X), value=Literal(5.0)), 0, 0))
    studio.do(AppendCall(SetValue(id=studio.new_id("c"), target=Ref(X), value=Literal(5.0))))
    studio.select([X])
    qtbot.waitUntil(lambda: any(isinstance(widget, ButtonRow) for widget in panel.column.widgets))
    button = next(widget for widget in panel.column.widgets if isinstance(widget, ButtonRow))
    assert button.row.text == "start 2.0 → now 5.0"
    QTest.mouseClick(button.control, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: studio.document.graph.nodes[X].value.item() == 5.0)


def row_of(panel, key):
    return next(widget for widget in panel.column.widgets if getattr(widget.row, "key", "") == key)


def test_a_leaf_gets_another_shape_dtype_or_recipe(panel, studio, qtbot):
    studio.select([W])
    shape = row_of(panel, "shape").control
    assert shape.text() == "3, 4"
    shape.setText("4, 3")
    shape.editingFinished.emit()
    assert studio.document.graph.nodes[W].value.shape == (4, 3)
    made_of = row_of(panel, "made of").control
    made_of.setCurrentText("randn")
    made_of.activated.emit(made_of.currentIndex())
    assert studio.document.graph.nodes[W].value == Recipe("randn", (4, 3), "float32")
    qtbot.waitUntil(lambda: "drawn by torch.randn((4, 3))" in [row.text for row in rows(panel, Button)])


def test_a_shape_that_is_too_large_is_refused_in_words(panel, studio):
    studio.select([W])
    shape = row_of(panel, "shape").control
    shape.setText("100000, 100000")
    shape.editingFinished.emit()
    assert studio.document.graph.nodes[W].value.shape == (3, 4)
    assert "limit" in studio.notice


def test_what_cannot_be_read_is_put_back(panel, studio):
    studio.select([W])
    shape = row_of(panel, "shape").control
    shape.setText("three")
    shape.editingFinished.emit()
    assert shape.text() == "3, 4"
    assert "shape" in studio.notice


def test_an_empty_port_takes_a_number(panel, studio, qtbot):
    studio.do(Disconnect(LOSS, (1,)))
    studio.select([LOSS])
    qtbot.waitUntil(lambda: rows(panel, Hint) != [])
    field = row_of(panel, "other").control
    assert (field.text(), field.placeholderText()) == ("", "a number")
    field.setText("0.5")
    field.editingFinished.emit()
    assert studio.document.graph.nodes[LOSS].inputs[1] == Literal(0.5)


def test_manual_mode_says_that_numbers_are_of_an_older_document(panel, studio):
    studio.runs.set_live(False)
    studio.select([Z])
    studio.do(SetLeafValue(X, np.float32(3.0).reshape(()), 0))
    assert panel.sheet.head.remark == "not up to date"
    studio.undo()
    assert panel.sheet.head.remark == "z = a * y"
    studio.runs.set_live(True)


# ---------------------------------------------------------------- holding on


def test_a_pin_keeps_the_inspector_on_its_node_until_that_is_deleted(panel, studio):
    studio.select([X])
    panel.header.pin.click()
    studio.select([Z])
    assert panel.sheet.head.name == "x"
    studio.do(DeleteNodes((X,)))
    assert panel.sheet.head.name == "mul"
    assert not panel.header.pin.isChecked()


def test_a_row_that_stays_keeps_its_widget(panel, studio, qtbot):
    studio.select([X])
    field = control(panel, ScrubRow)
    studio.do(SetLeafValue(X, np.float32(3.0).reshape(()), 0))
    qtbot.waitUntil(lambda: facts(panel)[".grad"] != "12.0")
    assert control(panel, ScrubRow) is field


def test_undo_leaves_nothing_stale(panel, studio, qtbot):
    studio.select([X])
    before = panel.sheet
    studio.do(SetRequiresGrad((X,), False))
    qtbot.waitUntil(lambda: facts(panel)[".grad"] == "None")
    studio.undo()
    qtbot.waitUntil(lambda: panel.sheet == before)


def test_opening_another_file_forgets_the_old_one(panel, studio, qtbot):
    studio.select([Z])
    studio.open(resource("examples", "tutorial.grad"))
    assert rows(panel, Empty)
    panel.refresh(EVERYTHING)
    assert rows(panel, Empty)


def test_every_control_has_an_accessible_name_and_takes_the_focus(panel, studio):
    for node in (X, W, A, MSE):
        studio.select([node])
        for widget in panel.column.widgets:
            made = getattr(widget, "control", None)
            if made is not None:
                assert made.accessibleName()
                assert made.focusPolicy() & Qt.FocusPolicy.TabFocus
