"""Tables: a leaf is edited in one, follows undo, and goes with its leaf; what is computed is read."""

from __future__ import annotations

import numpy as np
import pytest

from gradstudio.app.tables import LeafTable, open_table
from gradstudio.app.widgets.array_editor import ArrayEditor
from gradstudio.document.commands.wires import Connect
from gradstudio.document.graph import Ref
from tests.app.conftest import example


@pytest.fixture
def opened(window, settle):
    window.studio.show_example(example("accumulation"), "accumulation")
    settle()
    return window


def leaf(window) -> str:
    found = window.studio.labels.by_label("W")
    return found[0][-1]


def table(window) -> ArrayEditor:
    return window.findChildren(ArrayEditor)[-1]


def test_a_number_typed_into_the_table_is_one_moment_and_undo_shows_in_it(opened, settle):
    studio = opened.studio
    opened.canvas.edit_value(leaf(opened))
    model = table(opened).model
    before = model.array[0, 0]
    assert model.setData(model.index(0, 0), "9")
    assert studio.document.graph.nodes[leaf(opened)].value[0, 0] == 9
    assert len(studio._session.history.done) == 1
    studio.undo()
    assert model.array[0, 0] == before
    settle()


def test_a_number_that_changes_keeps_the_cell_that_is_on(opened, settle):
    open_table(opened.studio, opened, leaf(opened))
    shown = table(opened)
    shown.table.setCurrentIndex(shown.model.index(1, 2))
    shown.model.setData(shown.model.index(1, 2), "9")
    assert (shown.table.currentIndex().row(), shown.table.currentIndex().column()) == (1, 2)
    settle()


def test_the_table_goes_with_its_leaf_and_with_its_file(opened, qtbot, settle):
    for command in ("delete", "new"):
        opened.studio.show_example(example("accumulation"), "accumulation")
        settle()
        open_table(opened.studio, opened, leaf(opened))
        shown = table(opened)
        assert isinstance(shown, LeafTable)
        opened.studio.select([leaf(opened)])
        if command == "new":
            opened.studio.new()
        else:
            opened.do(command)
        assert not shown.isVisible()
        settle()


def test_what_is_computed_is_only_read(opened, qtbot, settle):
    opened.studio.select([leaf(opened)])
    made = opened.canvas.add_node("exp", opened.canvas.middle())
    opened.studio.do(Connect(Ref(leaf(opened)), made, (0,)))
    settle()
    open_table(opened.studio, opened, made)
    qtbot.waitUntil(lambda: bool(opened.findChildren(ArrayEditor)))
    assert not table(opened).model.editable
    value = opened.studio.document.graph.nodes[leaf(opened)].value
    assert np.allclose(table(opened).model.array, np.exp(value))


def test_a_scalar_and_what_is_not_computed_have_no_table(opened, settle):
    made = opened.canvas.add_node("exp", opened.canvas.middle())
    settle()
    open_table(opened.studio, opened, made)
    assert "not computed yet" in opened.studio.notice
    open_table(opened.studio, opened, opened.studio.labels.by_label("z")[0][-1])
    assert not opened.findChildren(ArrayEditor)
