"""Dialogs: the form of a leaf, files, unsaved changes, faults; all in plain words with verbs on the buttons."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QLabel, QPlainTextEdit, QPushButton

from gradstudio.app.dialogs import Question
from gradstudio.app.faults import Faults
from gradstudio.app.leaf_form import LeafForm, read_array, read_shape
from gradstudio.app.widgets.catalog import RANDOM, node_of
from gradstudio.document.commands.nodes import Rename
from gradstudio.document.graph import LEAF, Graph, Recipe

F32 = np.dtype("float32")


def meanwhile(act: Callable[[QDialog], None]) -> None:
    """Act on the dialog that the next line opens, once it is open."""

    def when_open() -> None:
        dialog = QApplication.activeModalWidget()
        if isinstance(dialog, QDialog):
            act(dialog)
        else:
            QTimer.singleShot(10, when_open)

    QTimer.singleShot(0, when_open)


def press(words: str) -> Callable[[QDialog], None]:
    def act(dialog: QDialog) -> None:
        next(button for button in dialog.findChildren(QPushButton) if button.text() == words).click()

    return act


def words_of(dialog: QDialog) -> str:
    return "\n".join(label.text() for label in dialog.findChildren(QLabel))


# ---- the form of a leaf


@pytest.fixture
def form(qtbot, window) -> LeafForm:
    made = LeafForm(window.studio, node_of(LEAF, "n9", Graph()), window)
    qtbot.addWidget(made)
    return made


@pytest.mark.parametrize(
    ("words", "array"),
    [
        ("2", 2.0),
        ("−1.5", -1.5),
        ("[1, 2]", [1.0, 2.0]),
        ("1 2 3", [1.0, 2.0, 3.0]),
        ("[[1, 2], [3, 4]]", [[1.0, 2.0], [3.0, 4.0]]),
        ("[2.]", [2.0]),
        ("((1, 2),)", [[1.0, 2.0]]),
        ("inf", float("inf")),
    ],
)
def test_a_value_is_read_as_python_writes_it(words, array):
    assert np.array_equal(read_array(words, F32), np.array(array, F32))


@pytest.mark.parametrize("words", ["", "two", "[1, 2", "1]", "[[1, 2], [3]]", "[[1], 2]", "1.0.1"])
def test_what_is_no_value_is_refused_in_words(words):
    with pytest.raises(ValueError, match=r"\w"):
        read_array(words, F32)


def test_a_number_too_large_for_its_dtype_is_refused():
    with pytest.raises(ValueError, match="too large for int32"):
        read_array("99999999999", np.dtype("int32"))


@pytest.mark.parametrize(("words", "shape"), [("", ()), ("3", (3,)), ("(3, 4)", (3, 4)), ("3x4", (3, 4)), ("2 × 2", (2, 2)), ("3,", (3,))])
def test_a_shape_is_read_as_people_write_it(words, shape):
    assert read_shape(words) == shape


@pytest.mark.parametrize("words", ["-1", "three", "3.5", "9999999999", "1000000, 1000000"])
def test_what_is_no_shape_is_refused_before_anything_is_allocated(words):
    with pytest.raises(ValueError, match=r"\w"):
        read_shape(words)


def test_the_shape_is_that_of_the_value_unless_it_is_given(form):
    form.value.setText("[1, 2, 3, 4]")
    assert form.leaf().value.shape == (4,)
    form.shape.setText("2, 2")
    assert form.leaf().value.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    form.shape.setText("3")
    assert not form.ok.isEnabled()
    assert "do not fill" in form.fault.text()
    form.value.setText("7")
    assert form.leaf().value.tolist() == [7.0, 7.0, 7.0]
    assert form.ok.isEnabled()


def test_integers_have_no_requires_grad(form):
    form.dtype.setCurrentText("int64")
    assert not form.requires_grad.isEnabled()
    assert not form.leaf().requires_grad
    form.start.setCurrentText("randn")
    assert "choose a float dtype" in form.fault.text()


def test_a_name_that_is_none_is_told_and_an_empty_one_is_no_name(form):
    form.name.setText("1x")
    assert not form.ok.isEnabled()
    form.name.setText("")
    assert form.ok.isEnabled()
    assert form.leaf().names == (None,)


def test_a_random_leaf_begins_with_its_recipe(qtbot, window):
    made = LeafForm(window.studio, node_of(RANDOM, "n9", Graph()), window)
    qtbot.addWidget(made)
    assert made.leaf().value == Recipe("randn", (3, 4), "float32")
    assert not made.value.isEnabled()


def test_the_first_click_into_a_field_selects_what_typing_then_replaces(form):
    form.show()
    QTest.mouseClick(form.value, Qt.MouseButton.LeftButton)
    QTest.keyClicks(form.value, "5")
    assert form.value.text() == "5"
    QTest.mouseClick(form.value, Qt.MouseButton.LeftButton)
    QTest.keyClicks(form.value, "6")
    assert "6" in form.value.text()
    assert len(form.value.text()) == 2


# ---- questions


def test_unsaved_changes_are_asked_about_and_keep_editing_keeps_them(window, settle):
    window.studio.do(Rename("n4", 0, "loss"))
    told = []
    meanwhile(lambda dialog: (told.append(words_of(dialog)), press("Keep editing")(dialog)))
    window.do("new")
    assert "tutorial.grad has changes that are not saved" in told[0]
    assert window.studio.document.graph.nodes["n4"].name == "loss"
    meanwhile(press("Discard changes"))
    window.do("new")
    assert not window.studio.document.graph.nodes
    settle()


def test_escape_is_keep_editing(window, settle):
    window.studio.do(Rename("n4", 0, "loss"))
    meanwhile(lambda dialog: QTest.keyClick(dialog, Qt.Key.Key_Escape))
    assert not window.files.may_leave()
    settle()


def test_save_in_the_question_saves_and_goes_on(window, tmp_path: Path, settle):
    window.studio.save_as(tmp_path / "a.grad")
    window.studio.do(Rename("n4", 0, "loss"))
    meanwhile(press("Save"))
    assert window.files.may_leave()
    assert '"loss"' in (tmp_path / "a.grad").read_text()
    settle()


def test_words_from_a_file_are_never_taken_for_rich_text(window):
    told = []
    meanwhile(lambda dialog: (told.extend(label.textFormat() for label in dialog.findChildren(QLabel)), press("Close")(dialog)))
    window.dialogs.tell("<b>bold</b>")
    assert set(told) == {Qt.TextFormat.PlainText}


def test_enter_means_the_last_button(window):
    meanwhile(lambda dialog: QTest.keyClick(dialog, Qt.Key.Key_Return))
    assert Question(window, "Which?", "", (("a", "One"), ("b", "Two"))).ask() == "b"


# ---- files


def choose(path: Path) -> Callable[[QDialog], None]:
    def act(dialog: QDialog) -> None:
        assert isinstance(dialog, QFileDialog)
        dialog.selectFile(str(path))
        dialog.accept()

    return act


def test_the_ending_is_added_and_the_folder_is_the_documents_own(window, tmp_path: Path, settle):
    meanwhile(choose(tmp_path / "net"))
    assert window.files.save_as()
    assert window.studio.path == tmp_path / "net.grad"
    seen = []
    meanwhile(lambda dialog: (seen.append(dialog.directory().absolutePath()), dialog.reject()))
    assert window.dialogs.ask_open() is None
    assert Path(seen[0]) == tmp_path
    settle()


def test_a_file_is_replaced_only_when_that_is_meant_with_the_ending_added_too(window, tmp_path: Path):
    (tmp_path / "net.grad").write_text("mine")
    told = []

    def then_keep(dialog: QDialog) -> None:
        meanwhile(lambda question: (told.append(words_of(question)), press("Keep it")(question)))
        choose(tmp_path / "net")(dialog)

    meanwhile(then_keep)
    assert not window.files.save_as()
    assert "already a file called net.grad" in told[0]
    assert (tmp_path / "net.grad").read_text() == "mine"


def test_a_save_that_fails_says_why_and_offers_another_place(window, tmp_path: Path, settle):
    told = []

    def elsewhere(question: QDialog) -> None:
        told.append(words_of(question))
        meanwhile(choose(tmp_path / "there.grad"))
        press("Save as…")(question)

    meanwhile(elsewhere)
    assert window.files.save_to(tmp_path / "nowhere" / "net.grad")
    assert "Could not save" in told[0]
    assert window.studio.path == tmp_path / "there.grad"
    settle()


# ---- pages and faults


def test_the_sheet_of_keys_has_every_command_that_has_keys(window):
    seen = []
    meanwhile(lambda dialog: (seen.append(dialog.findChild(QPlainTextEdit).toPlainText()), press("Close")(dialog)))
    window.do("keys")
    for words in ("Ctrl+Shift+S", "Shift+B", "Alt+arrows", "Fix of the open card"):
        assert words in seen[0]


def test_a_fault_is_told_once_in_words_with_the_details_below(window, qtbot, monkeypatch):
    written, told = [], []
    monkeypatch.setattr(sys, "__excepthook__", lambda *fault: written.append(fault))
    faults = Faults(window)
    meanwhile(lambda dialog: (told.append((words_of(dialog), dialog.findChild(QPlainTextEdit).toPlainText())), press("Close")(dialog)))
    for _ in range(2):
        try:
            raise RuntimeError("boom")
        except RuntimeError as error:
            faults.hook(type(error), error, error.__traceback__)
    qtbot.waitUntil(lambda: bool(told))
    assert "not of your graph" in told[0][0]
    assert "can be saved" in told[0][0]
    assert "boom" in told[0][1]
    assert len(written) == 2
    assert len(told) == 1
