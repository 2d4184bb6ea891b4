"""Dialogs: the few questions that the window asks, each in plain words with verbs on its buttons."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from gradstudio.app import menus
from gradstudio.document.graph import Array, Node, Recipe
from gradstudio.document.rules import name_fault

if TYPE_CHECKING:
    from gradstudio.app.main_window import MainWindow

DTYPES = ("float32", "float64", "int64", "bool", "float16", "int32")
STARTS = ("value", "zeros", "ones", "randn", "rand", "arange")
MOST_ELEMENTS = 1 << 24


class Dialogs:
    """Asks on behalf of one window. Each question returns plain values; None or an empty word means: not now."""

    def __init__(self, window: MainWindow) -> None:
        self.window = window

    def tell(self, words: str) -> None:
        """Say what went wrong, and what stays safe."""
        box = QMessageBox(QMessageBox.Icon.Warning, "GradStudio", "", QMessageBox.StandardButton.Ok, self.window)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(words)
        box.exec()

    def ask_open(self) -> Path | None:
        """Ask for a file to open."""
        name, _ = QFileDialog.getOpenFileName(self.window, "Open", "", "GradStudio graphs (*.grad);;All files (*)")
        return Path(name) if name else None

    def ask_save(self, suggestion: str, kinds: str, ending: str) -> Path | None:
        """Ask where to save."""
        name, _ = QFileDialog.getSaveFileName(self.window, "Save", suggestion, kinds)
        return None if not name else Path(name) if Path(name).suffix else Path(name + ending)

    def ask_unsaved(self, title: str) -> str:
        """Ask what to do with unsaved changes: `save`, `discard` or `cancel`."""
        box = QMessageBox(self.window)
        box.setWindowTitle("GradStudio")
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(f"{title}.grad has changes that are not saved.")
        box.setInformativeText("Save them, or let them go?")
        save = box.addButton("Save", QMessageBox.ButtonRole.AcceptRole)
        discard = box.addButton("Discard changes", QMessageBox.ButtonRole.DestructiveRole)
        box.addButton("Keep editing", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(save)
        box.exec()
        return "save" if box.clickedButton() is save else "discard" if box.clickedButton() is discard else "cancel"

    def complete_leaf(self, node: Node) -> Node | None:
        """Ask for a new leaf's name, shape, dtype, start value and requires_grad; None where it is not wanted after all."""
        form = LeafForm(node, self.window)
        return form.leaf() if form.exec() == QDialog.DialogCode.Accepted else None

    def show_keys(self) -> None:
        """Show every command and its keys."""
        width = max(len(entry.text) for entry in menus.TABLE) + 4
        lines: list[str] = []
        for menu in menus.MENUS:
            rows = [e for e in menus.TABLE if e.menu == menu and e.keys]
            lines += ["", menu, *(f"  {e.text:<{width}}{'   '.join(e.keys)}" for e in rows)] if rows else []
        lines += ["", "Step mode", f"  {'Step, step back':<{width}}Right   Left", f"  {'Fix of the open card':<{width}}1   2   3"]
        self._show_text("Keys", "\n".join(lines).strip())

    def about(self) -> None:
        """Say what this is."""
        self._show_text(
            "About GradStudio",
            "GradStudio shows PyTorch's autograd while it works.\n\nIts engine follows PyTorch 2.13. MIT licence.\n"
            "Fonts: Inter and JetBrains Mono (OFL 1.1). Icons: Lucide (ISC).",
        )

    def _show_text(self, title: str, words: str) -> None:
        dialog = QDialog(self.window)
        dialog.setWindowTitle(title)
        dialog.resize(560, 620 if title == "Keys" else 240)
        text = QPlainTextEdit(words)
        text.setReadOnly(True)
        if title == "Keys":
            from gradstudio.app import theme

            text.setFont(theme.font("code"))
        layout = QVBoxLayout(dialog)
        layout.addWidget(text)
        dialog.exec()


class LeafForm(QDialog):
    """Shape, dtype and start value of a new leaf. OK is off while something cannot be read, and a line says what."""

    def __init__(self, node: Node, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("New leaf")
        self.node = node
        value = node.value
        self.name = QLineEdit(node.name or "")
        self.shape = QLineEdit(", ".join(str(n) for n in value.shape) if value is not None else "")
        self.shape.setPlaceholderText("empty: a scalar; 3; 3, 4")
        self.dtype = QComboBox()
        self.dtype.addItems(DTYPES)
        self.start = QComboBox()
        self.start.addItems(STARTS)
        self.number = QLineEdit("1.0")
        self.requires_grad = QCheckBox("requires_grad")
        self.requires_grad.setChecked(node.requires_grad)
        if isinstance(value, Recipe):
            self.start.setCurrentText(value.fn)
        self.fault = QLabel("")
        self.fault.setTextFormat(Qt.TextFormat.PlainText)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.ok = self.buttons.addButton("Add leaf", QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        rows = QFormLayout(self)
        for words, widget in (
            ("Name", self.name),
            ("Shape", self.shape),
            ("dtype", self.dtype),
            ("Start", self.start),
            ("Value", self.number),
        ):
            rows.addRow(words, widget)
        rows.addRow("", self.requires_grad)
        rows.addRow(self.fault)
        rows.addRow(self.buttons)
        for field in (self.name, self.shape, self.number):
            field.textChanged.connect(self._check)
        for box in (self.dtype, self.start):
            box.currentIndexChanged.connect(self._check)
        self._check()

    def _check(self) -> None:
        self.number.setEnabled(self.start.currentText() == "value")
        floating = self.dtype.currentText().startswith("float")
        self.requires_grad.setEnabled(floating)
        try:
            self.leaf()
            words = name_fault(self.name.text()) or ""
        except ValueError as error:
            words = str(error)
        self.fault.setText(words)
        self.ok.setEnabled(not words)

    def leaf(self) -> Node:
        """Return the leaf that the form describes. Raises ValueError in words."""
        requires_grad = self.requires_grad.isChecked() and self.requires_grad.isEnabled()
        return replace(self.node, names=(self.name.text(),), value=self._value(), requires_grad=requires_grad)

    def _value(self) -> Array | Recipe:
        shape, dtype, start = read_shape(self.shape.text()), self.dtype.currentText(), self.start.currentText()
        if start not in ("randn", "rand"):
            return frozen(self._array(start, shape, np.dtype(dtype)))
        if not dtype.startswith("float"):
            raise ValueError(f"{start} draws floats: choose a float dtype")
        return Recipe(start, shape, dtype)

    def _array(self, start: str, shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> Array:
        if start == "arange":
            return np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape).astype(dtype)
        if start in ("zeros", "ones"):
            return np.full(shape, 0 if start == "zeros" else 1, dtype)
        try:
            return np.full(shape, float(self.number.text()), dtype)
        except (ValueError, OverflowError):
            raise ValueError(f"{self.number.text()!r} is no number") from None


def read_shape(words: str) -> tuple[int, ...]:
    """Return the shape that `3, 4` or `(3, 4)` or `3x4` means. Raises ValueError in words."""
    parts = [p for p in words.replace("x", ",").replace("×", ",").strip("()[] ").replace(" ", ",").split(",") if p]
    if not all(p.isascii() and p.isdigit() for p in parts):
        raise ValueError("a shape is whole numbers, as in 3, 4")
    shape = tuple(int(p) for p in parts)
    size = 1
    for n in shape:
        size *= n
    if size > MOST_ELEMENTS or len(shape) > 8:
        raise ValueError(f"{size:,} elements are more than the {MOST_ELEMENTS:,} that a leaf may have")
    return shape


def frozen(array: Array) -> Array:
    """Return an array that cannot be written."""
    array.setflags(write=False)
    return array
