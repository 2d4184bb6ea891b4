"""LeafForm: name, value, shape, dtype and requires_grad of a new leaf."""

from __future__ import annotations

import re

import numpy as np
from msgspec.structs import replace
from PySide6.QtCore import QLocale, Qt
from PySide6.QtGui import QFocusEvent, QMouseEvent
from PySide6.QtWidgets import QDialog, QFormLayout, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from gradstudio.app import text
from gradstudio.app.widgets.choice_field import ChoiceField
from gradstudio.app.widgets.drawn import Themed, sized
from gradstudio.app.widgets.plain import label
from gradstudio.app.widgets.switch import Switch
from gradstudio.document.graph import Array, Node, Recipe
from gradstudio.document.limits import MAX_ELEMENTS
from gradstudio.document.rules import name_fault
from gradstudio.document.values import frozen, shape_fault

DTYPES = ("float32", "float64", "float16", "int64", "int32", "bool")
VALUE, RECIPES = "value", ("randn", "rand")
STARTS = (VALUE, "zeros", "ones", "arange", *RECIPES)
WIDTH = 340


class Line(QLineEdit):
    """A field whose first click selects all that is in it, so that typing replaces it."""

    def __init__(self, words: str, parent: QWidget) -> None:
        super().__init__(words, parent)
        self._entered = True

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Note that a click came from elsewhere."""
        super().focusInEvent(event)
        self._entered |= event.reason() == Qt.FocusReason.MouseFocusReason

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Select all, unless a part was selected by dragging."""
        super().mouseReleaseEvent(event)
        if self._entered and not self.hasSelectedText():
            self.selectAll()
        self._entered = False


class LeafForm(QDialog):
    """What a new leaf is. *Add leaf* is off while something cannot be read, and a line says what."""

    def __init__(self, themed: Themed, node: Node, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("New leaf")
        self.node = node
        recipe = node.value if isinstance(node.value, Recipe) else None
        self.name = self._line(node.name or "", "a name")
        self.value = self._line("1.0", "2 or [1, 2] or [[1, 2], [3, 4]]")
        self.shape = self._line(", ".join(map(str, recipe.shape)) if recipe else "", "as the value; 3; 3, 4")
        self.dtype = self._choice(themed, "dtype", DTYPES)
        self.start = self._choice(themed, "made of", STARTS)
        self.start.setCurrentText(recipe.fn if recipe else VALUE)
        self.requires_grad = Switch(themed, "requires_grad", self)
        self.requires_grad.setChecked(node.requires_grad)
        self.fault = label("", self)
        self.fault.setWordWrap(True)
        self.ok = QPushButton("Add leaf", self)
        self._lay_out()
        for field in (self.name, self.value, self.shape):
            field.textChanged.connect(self._check)
        for choice in (self.dtype, self.start):
            choice.currentIndexChanged.connect(self._check)
        self._check()
        self.name.selectAll()

    def _line(self, words: str, hint: str) -> QLineEdit:
        field = Line(words, self)
        field.setPlaceholderText(hint)
        field.setLocale(QLocale.c())
        return field

    def _choice(self, themed: Themed, name: str, values: tuple[str, ...]) -> ChoiceField:
        field = ChoiceField(themed, name, self)
        field.addItems(values)
        return field

    def _lay_out(self) -> None:
        rows = QFormLayout()
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows.setVerticalSpacing(8)
        fields = (("Name", self.name), ("Value", self.value), ("Shape", self.shape), ("dtype", self.dtype), ("Made of", self.start))
        for words, field in (*fields, ("requires_grad", self.requires_grad)):
            rows.addRow(words, field)
        cancel = QPushButton("Cancel", self)
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        self.ok.setDefault(True)
        self.ok.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.ok)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 14)
        column.addLayout(rows)
        column.addWidget(self.fault)
        column.addLayout(buttons)
        self.setFixedWidth(sized(WIDTH, 0).width())

    def _check(self) -> None:
        self.value.setEnabled(self.start.currentText() == VALUE)
        self.requires_grad.setEnabled(self.dtype.currentText().startswith("float"))
        words = (name_fault(self.name.text()) if self.name.text() else None) or ""
        try:
            self._value()
        except ValueError as error:
            words = words or str(error)
        self.fault.setText(words)
        self.ok.setEnabled(not words)

    def leaf(self) -> Node:
        """Return the leaf that the form describes. Raises ValueError in words."""
        requires_grad = self.requires_grad.isChecked() and self.requires_grad.isEnabled()
        return replace(self.node, names=(self.name.text() or None,), value=self._value(), requires_grad=requires_grad)

    def _value(self) -> Array | Recipe:
        shape, dtype, start = read_shape(self.shape.text()), self.dtype.currentText(), self.start.currentText()
        if start not in RECIPES:
            return frozen(self._array(start, shape, np.dtype(dtype)))
        if not dtype.startswith("float"):
            raise ValueError(f"{start} draws floats: choose a float dtype")
        return Recipe(start, shape, dtype)

    def _array(self, start: str, shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> Array:
        if start == "arange":
            return np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape).astype(dtype)
        if start != VALUE:
            return np.full(shape, start == "ones", dtype)
        given = read_array(self.value.text(), dtype)
        if not self.shape.text().strip():
            return given
        if given.size not in (1, int(np.prod(shape))):
            raise ValueError(f"{text.plural(given.size, 'number')} do not fill the shape {text.shape(shape)}")
        return np.full(shape, given.item(), dtype) if given.size == 1 else given.reshape(shape)


def read_shape(words: str) -> tuple[int, ...]:
    """Return the shape that `3, 4` or `(3, 4)` or `3x4` means. Raises ValueError in words."""
    parts = [p for p in re.split(r"[\s,x×]+", words.strip("()[] ")) if p]
    if not all(p.isascii() and p.isdigit() and len(p) < 19 for p in parts):
        raise ValueError("A shape is whole numbers, as in 3, 4")
    shape = tuple(int(p) for p in parts)
    fault = shape_fault(shape, MAX_ELEMENTS)
    if fault:
        raise ValueError(fault)
    return shape


def read_array(words: str, dtype: np.dtype[np.generic]) -> Array:
    """Return the array that `2`, `1, 2` or `[[1, 2], [3, 4]]` means. Raises ValueError in words."""
    rows: list[list[object]] = [[]]
    for part in re.findall(r"[\[\]()]|[^\s,\[\]()]+", words):
        if part in "[(":
            rows.append([])
        elif part not in "])":
            rows[-1].append(_number(part))
        elif len(rows) > 1:
            done = rows.pop()
            rows[-1].append(done)
        else:
            raise ValueError(f"There is a {part} too many")
    if len(rows) > 1:
        raise ValueError("A bracket is not closed")
    if not rows[0]:
        raise ValueError("Type a number, or [1, 2]")
    try:
        return np.array(rows[0][0] if len(rows[0]) == 1 else rows[0], dtype)
    except OverflowError:
        raise ValueError(f"A number is too large for {dtype}") from None
    except (ValueError, TypeError):
        raise ValueError("The rows are not of one length") from None


def _number(word: str) -> object:
    number = {"True": True, "False": False}.get(word, text.parse_number(word))
    if number is None:
        raise ValueError(f"{word} is no number")
    return number
