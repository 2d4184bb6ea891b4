"""ArrayEditor: a window with all elements of a tensor in a table; a leaf's can be typed, pasted, filled and reshaped."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QComboBox, QDialog, QHBoxLayout, QLineEdit, QPushButton, QSpinBox, QTableView, QVBoxLayout, QWidget

from gradstudio.app import text
from gradstudio.app.paint import cell_color
from gradstudio.app.widgets.drawn import Themed, sized, theme_of
from gradstudio.app.widgets.plain import label
from gradstudio.app.widgets.scrub_field import number_for
from gradstudio.document.rules import DTYPES
from gradstudio.document.values import resized

Array = npt.NDArray[np.generic]
Index = QModelIndex | QPersistentModelIndex
MOST_ELEMENTS = 1_000_000  # of a shape that is typed
ROOT = QModelIndex()
CELL = 76, 26  # px of a cell


class ArrayModel(QAbstractTableModel):
    """A matrix of an array: its last two axes, at `at` on the others."""

    changed = Signal(object)

    def __init__(self, array: Array, editable: bool, themed: Themed, parent: QWidget) -> None:
        super().__init__(parent)
        self.array, self.editable, self.themed = array, editable, themed
        self.at: tuple[int, ...] = (0,) * max(0, array.ndim - 2)
        self._largest = 1.0
        self._measure()

    @property
    def matrix(self) -> Array:
        """What is on show: always two axes."""
        part = self.array[self.at] if self.at else self.array
        return part.reshape((1, 1)) if part.ndim == 0 else part.reshape((1, -1)) if part.ndim == 1 else part

    def show_array(self, array: Array) -> None:
        """Show another array; where only numbers differ, the cell that is being typed in and the selection stay."""
        if (array.shape, array.dtype) == (self.array.shape, self.array.dtype):
            self.array = array
            self._measure()
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, self.columnCount() - 1))
            return
        self.beginResetModel()
        kept = len(self.at) == max(0, array.ndim - 2) and all(i < n for i, n in zip(self.at, array.shape, strict=False))
        self.array, self.at = array, self.at if kept else (0,) * max(0, array.ndim - 2)
        self._measure()
        self.endResetModel()

    def go_to(self, at: tuple[int, ...]) -> None:
        """Show another matrix of the array."""
        self.beginResetModel()
        self.at = at
        self.endResetModel()

    def _measure(self) -> None:
        finite = np.abs(self.array[np.isfinite(self.array)].astype(float)) if self.array.size else np.zeros(0)
        self._largest = float(finite.max()) if finite.size and finite.max() > 0 else 1.0

    def rowCount(self, parent: Index = ROOT) -> int:
        """Return the rows of the matrix."""
        return 0 if parent.isValid() else self.matrix.shape[0]

    def columnCount(self, parent: Index = ROOT) -> int:
        """Return the columns of the matrix."""
        return 0 if parent.isValid() else self.matrix.shape[1]

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the index along an axis."""
        return str(section) if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a number as text, its ink and its colour."""
        value = self.matrix[index.row(), index.column()].item()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            full = role == Qt.ItemDataRole.EditRole
            return text.number(value, full, self.array.dtype.name)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role in (Qt.ItemDataRole.BackgroundRole, Qt.ItemDataRole.ForegroundRole):
            fill: QColor = cell_color(theme_of(self.themed), float(value), self._largest, False)
            return fill if role == Qt.ItemDataRole.BackgroundRole else theme_of(self.themed).ink_on(fill)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Allow typing where the array is a leaf's."""
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsEditable if self.editable else flags

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Take a typed number."""
        number = number_for(str(value), self.array.dtype.name)
        return number is not None and self.put(index.row(), index.column(), [[number]])

    def put(self, row: int, column: int, block: list[list[float | int]]) -> bool:
        """Write a block of numbers from a cell on; what sticks out is left away. Tell of it once."""
        new = self.array.copy()
        view = ArrayModel.matrix_of(new, self.at)
        for i, line in enumerate(block[: view.shape[0] - row]):
            for j, number in enumerate(line[: view.shape[1] - column]):
                view[row + i, column + j] = number
        if np.array_equal(new, self.array, equal_nan=new.dtype.kind == "f"):
            return False
        self.show_array(new)
        self.changed.emit(new)
        return True

    @staticmethod
    def matrix_of(array: Array, at: tuple[int, ...]) -> Array:
        """Return the matrix of an array at `at`, as a view that can be written."""
        part = array[at] if at else array
        return part.reshape((1, 1)) if part.ndim == 0 else part.reshape((1, -1)) if part.ndim == 1 else part


class Table(QTableView):
    """Copies and pastes blocks of numbers, as spreadsheets do: tabs and line ends."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy and paste."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.matches(QKeySequence.StandardKey.Paste):
            self.paste()
        else:
            super().keyPressEvent(event)

    def copy(self) -> None:
        """Copy the selected block with all digits."""
        chosen = self.selectedIndexes()
        if not chosen:
            return
        rows = sorted({index.row() for index in chosen})
        columns = sorted({index.column() for index in chosen})
        model = self.model()
        lines = (
            "\t".join(str(model.data(model.index(i, j), Qt.ItemDataRole.EditRole)).replace(text.MINUS, "-") for j in columns) for i in rows
        )
        QGuiApplication.clipboard().setText("\n".join(lines))

    def paste(self) -> None:
        """Paste a block at the current cell; text that is no number leaves everything as it was."""
        model, here = self.model(), self.currentIndex()
        if not isinstance(model, ArrayModel) or not model.editable or not here.isValid():
            return
        dtype = model.array.dtype.name
        lines = [line.replace(",", "\t").split("\t") for line in QGuiApplication.clipboard().text().splitlines() if line.strip()]
        block = [[number_for(word, dtype) for word in line if word.strip()] for line in lines]
        if block and all(number is not None for line in block for number in line):
            model.put(here.row(), here.column(), [[n for n in line if n is not None] for line in block])


class ArrayEditor(QDialog):
    """`replaced(array)` after each change: the leaf follows at once, one moment of history each."""

    replaced = Signal(object)

    def __init__(self, themed: Themed, name: str, array: Array, editable: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(name[:1].upper() + name[1:])
        self.model = ArrayModel(array, editable, themed, self)
        self.model.changed.connect(self._changed)
        self.table = Table(self)
        self.table.setModel(self.model)
        self.table.setAccessibleName(name)
        self.table.horizontalHeader().setDefaultSectionSize(CELL[0])
        self.table.verticalHeader().setDefaultSectionSize(CELL[1])
        column = QVBoxLayout(self)
        bar = QHBoxLayout()
        column.addLayout(bar)
        column.addWidget(self.table)
        bar.addWidget(label("Shape", self))
        self.shape = QLineEdit(self)
        self.dtype = QComboBox(self)
        self._fill_bar(bar, editable)
        self._axes = [self._axis(i, bar) for i in range(max(0, array.ndim - 2))]
        bar.addStretch(1)
        self.resize(sized(*self._fitting()))

    def _fitting(self) -> tuple[int, int]:
        """Return the size at which all of a small table is seen, and enough of a large one."""
        wide, high = CELL[0] * (self.model.columnCount() + 1), CELL[1] * (self.model.rowCount() + 1)
        return min(max(wide, 420) + 40, 900), min(max(high, 120) + 90, 600)

    def show_array(self, array: Array) -> None:
        """Show what the tensor is now."""
        self.model.show_array(array)
        self.shape.setText(", ".join(map(str, array.shape)))
        self.dtype.setCurrentText(array.dtype.name)

    def _fill_bar(self, bar: QHBoxLayout, editable: bool) -> None:
        self.shape.setText(", ".join(map(str, self.model.array.shape)))
        self.shape.setAccessibleName("Shape")
        self.shape.setFixedWidth(110)
        self.shape.setEnabled(editable)
        self.shape.editingFinished.connect(self._reshape)
        self.dtype.addItems(DTYPES)
        self.dtype.setCurrentText(self.model.array.dtype.name)
        self.dtype.setAccessibleName("dtype")
        self.dtype.setEnabled(editable)
        self.dtype.textActivated.connect(self._recast)
        bar.addWidget(self.shape)
        bar.addWidget(self.dtype)
        for words, value in (("Zeros", 0), ("Ones", 1)):
            button = QPushButton(words, self)
            button.setEnabled(editable)
            button.setAutoDefault(False)
            button.clicked.connect(self._zeros if value == 0 else self._ones)
            bar.addWidget(button)

    def _axis(self, axis: int, bar: QHBoxLayout) -> QSpinBox:
        spin = QSpinBox(self)
        spin.setRange(0, self.model.array.shape[axis] - 1)
        spin.setPrefix(f"axis {axis}: ")
        spin.setAccessibleName(f"Index along axis {axis}")
        spin.valueChanged.connect(self._go)
        bar.addWidget(spin)
        return spin

    def _go(self) -> None:
        self.model.go_to(tuple(spin.value() for spin in self._axes))

    def _changed(self, array: Array) -> None:
        self.replaced.emit(array)

    def _replace(self, array: Array) -> None:
        self.model.show_array(array)
        self.replaced.emit(array)

    def _zeros(self) -> None:
        self._replace(np.zeros_like(self.model.array))

    def _ones(self) -> None:
        self._replace(np.ones_like(self.model.array))

    def _recast(self, dtype: str) -> None:
        if dtype != self.model.array.dtype.name:
            self._replace(self.model.array.astype(dtype))

    def _reshape(self) -> None:
        shape = shape_for(self.shape.text())
        if shape is None or shape == self.model.array.shape or (shape and len(shape) - 2 != len(self._axes) and len(shape) > 2):
            self.shape.setText(", ".join(map(str, self.model.array.shape)))
            return
        self._replace(resized(self.model.array, shape))


def shape_for(words: str) -> tuple[int, ...] | None:
    """Read a shape as one types it: `3, 4`, `(3, 4)`, `3x4`, nothing for a scalar; None where it is none, or too large."""
    parts = [part.strip() for part in words.strip().strip("()[]").replace("x", ",").replace("×", ",").split(",") if part.strip()]
    if not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts) or len(parts) > 8:
        return None
    shape = tuple(int(part) for part in parts)
    return shape if math.prod(shape) <= MOST_ELEMENTS else None
