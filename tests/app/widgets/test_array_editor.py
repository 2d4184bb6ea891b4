"""All elements of a tensor in a table."""

from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from gradstudio.app.widgets.array_editor import ArrayEditor, shape_for
from gradstudio.document.values import resized


@pytest.fixture
def editor(qtbot):
    made = ArrayEditor(SimpleNamespace(theme="light"), "value of W", np.arange(6, dtype=np.float32).reshape(2, 3), True)
    qtbot.addWidget(made)
    made.told = []
    made.replaced.connect(made.told.append)
    return made


def put(editor: ArrayEditor, row: int, column: int, words: str) -> bool:
    return editor.model.setData(editor.model.index(row, column), words)


def test_a_typed_number_replaces_the_array_and_leaves_the_old_one_alone(editor):
    old = editor.model.array
    assert put(editor, 1, 2, "−7.5")
    assert editor.told[0].tolist() == [[0, 1, 2], [3, 4, -7.5]]
    assert old.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert editor.told[0].dtype == np.float32


def test_the_same_number_or_none_at_all_is_no_edit(editor):
    assert not put(editor, 0, 0, "0")
    assert not put(editor, 0, 0, "abc")
    assert editor.told == []


def test_a_block_is_pasted_in_one_go_and_cut_at_the_edge(editor):
    QGuiApplication.clipboard().setText("10\t20\n30\t40\n")
    editor.table.setCurrentIndex(editor.model.index(0, 2))
    editor.table.paste()
    assert [each.tolist() for each in editor.told] == [[[0, 1, 10], [3, 4, 30]]]


def test_text_is_not_pasted(editor):
    QGuiApplication.clipboard().setText("10\tten")
    editor.table.setCurrentIndex(editor.model.index(0, 0))
    editor.table.paste()
    assert editor.told == []


def test_a_copied_block_has_tabs_and_plain_minus_signs(editor):
    put(editor, 0, 1, "-1.25")
    editor.table.selectAll()
    editor.table.copy()
    assert QGuiApplication.clipboard().text() == "0.0\t-1.25\t2.0\n3.0\t4.0\t5.0"


def test_a_new_shape_keeps_what_overlaps(editor):
    editor.shape.setText("3, 2")
    editor.shape.editingFinished.emit()
    assert editor.told[-1].tolist() == [[0, 1], [2, 3], [4, 5]]
    editor.shape.setText("2, 4")
    editor.shape.editingFinished.emit()
    assert editor.told[-1].tolist() == [[0, 1, 0, 0], [2, 3, 0, 0]]


def test_another_dtype_is_taken_over(editor):
    editor.dtype.textActivated.emit("int64")
    assert editor.told[-1].dtype == np.int64


def test_a_table_that_is_only_read_cannot_be_typed_in(qtbot):
    made = ArrayEditor(SimpleNamespace(theme="dark"), "value of z", np.zeros((2, 2)), False)
    qtbot.addWidget(made)
    assert not made.model.flags(made.model.index(0, 0)) & Qt.ItemFlag.ItemIsEditable


def test_further_axes_are_chosen_beside_the_table(qtbot):
    made = ArrayEditor(SimpleNamespace(theme="dark"), "value of t", np.arange(8).reshape(2, 2, 2), False)
    qtbot.addWidget(made)
    made._axes[0].setValue(1)
    assert made.model.data(made.model.index(0, 0)) == "4"


@pytest.mark.parametrize(
    ("words", "shape"), [("3, 4", (3, 4)), ("(2,)", (2,)), ("", ()), ("2x3", (2, 3)), ("-1", None), ("a", None), ("99999, 99999", None)]
)
def test_a_shape_is_read_as_one_types_it(words, shape):
    assert shape_for(words) == shape


def test_resizing_a_vector_to_a_matrix_fills_up_with_zeros():
    assert resized(np.array([1, 2, 3]), (2, 2)).tolist() == [[1, 2], [3, 0]]
