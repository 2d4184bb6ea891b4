"""The rows with a control: a switch, a number, a choice, a button, a heat map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from gradstudio.app import text
from gradstudio.app.paint import Paint
from gradstudio.app.panels.inspector.attrs import HINTS, LITERAL, read, written
from gradstudio.app.panels.inspector.edits import array, start_value
from gradstudio.app.panels.inspector.row_widget import RowWidget
from gradstudio.app.panels.inspector.rows import Button, Choice, Heat, Row, Scrub, Toggle
from gradstudio.app.studio import Studio
from gradstudio.app.widgets.choice_field import ChoiceField
from gradstudio.app.widgets.drawn import scaled_font, ui_scale
from gradstudio.app.widgets.heatmap import Heatmap
from gradstudio.app.widgets.scrub_field import ScrubField
from gradstudio.app.widgets.switch import MARGIN, Switch
from gradstudio.app.widgets.text_button import TextButton
from gradstudio.document.graph import Array

if TYPE_CHECKING:
    from gradstudio.app.widgets.array_editor import ArrayEditor

VALUE = "Value"  # the one number that is a title too
FIELD = 120.0  # px: a field at the right of its name


class ToggleRow(RowWidget):
    """A name in mono, and a switch."""

    row: Toggle

    def __init__(self, studio: Studio, row: Toggle, parent: QWidget) -> None:
        super().__init__(studio, row, parent)
        self.control = Switch(studio, row.key, self)
        self.control.clicked.connect(self._clicked)

    def fill(self) -> None:
        self.control.setChecked(self.row.on)
        self.control.setEnabled(self.row.edit is not None)
        self.control.setAccessibleName(self.row.key)

    def ink_height(self, width: float) -> float:
        return 26

    def draw(self, paint: Paint) -> None:
        paint.text(0, 13, self.row.key, "number", "text2", weight=400)
        if self.row.note:
            paint.text(self.content - 36, 13, self.row.note, "caption", "text3", "r")

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.put(self.control, self.content - 26 - MARGIN, 1, 26 + 2 * MARGIN, 24)

    def _clicked(self, on: bool) -> None:
        self.control.setChecked(self.row.on)
        if self.row.edit is not None:
            self.write(self.row.edit, on)


class ScrubRow(RowWidget):
    """A name, and a number that is dragged or typed."""

    row: Scrub

    def __init__(self, studio: Studio, row: Scrub, parent: QWidget) -> None:
        super().__init__(studio, row, parent)
        self.control = ScrubField(studio, row.key, studio.new_gesture, self)
        self.control.edited.connect(self._edited)

    def fill(self) -> None:
        self.control.setAccessibleName(self.row.key)
        self.control.show_value(self.row.value, self.row.dtype, self.studio.full_precision)

    def ink_height(self, width: float) -> float:
        return 32

    def draw(self, paint: Paint) -> None:
        title = self.row.key == VALUE
        paint.text(0, 16, self.row.key, "bodyStrong" if title else "number", "text" if title else "text2", weight=600 if title else 400)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.put(self.control, self.content - FIELD, 2, FIELD, 28)

    def _edited(self, value: float | int, gesture: int) -> None:
        self.write(self.row.edit, value, gesture)


class ChoiceRow(RowWidget):
    """A name, and one of a few values, or a text that is typed."""

    row: Choice

    def __init__(self, studio: Studio, row: Choice, parent: QWidget) -> None:
        super().__init__(studio, row, parent)
        self.control: QComboBox | QLineEdit
        if row.options:
            box = ChoiceField(studio, row.key, self)
            box.activated.connect(self._chosen)
            self.control = box
        else:
            line = QLineEdit(self)
            line.setFont(scaled_font(studio, "number"))
            line.setAlignment(Qt.AlignmentFlag.AlignRight)
            line.editingFinished.connect(self._typed)
            self.control = line

    def fill(self) -> None:
        self.control.setAccessibleName(self.row.key)
        with QSignalBlocker(self.control):
            if isinstance(self.control, QComboBox):
                self.control.clear()
                self.control.addItems([str(each) for each in self.row.options])
                self.control.setCurrentText(str(self.row.value))
            else:
                self.control.setText("" if self.row.hint == LITERAL else written(self.row.value))
                self.control.setPlaceholderText(HINTS.get(self.row.hint, ""))

    def ink_height(self, width: float) -> float:
        return 32

    def draw(self, paint: Paint) -> None:
        paint.text(0, 16, self.row.key, "number", "text2", weight=400)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.put(self.control, self.content - FIELD, 2, FIELD, 28)

    def _chosen(self, index: int) -> None:
        if self.row.options[index] != self.row.value:
            self.write(self.row.edit, self.row.options[index])

    def _typed(self) -> None:
        assert isinstance(self.control, QLineEdit)
        try:
            value = read(self.control.text(), self.row.hint)
        except (ValueError, SyntaxError):
            self.studio.notify(f"{self.row.key} cannot be {self.control.text()[:40]!r}")
            self.fill()
            return
        if value != self.row.value or type(value) is not type(self.row.value):
            self.write(self.row.edit, value)


class ButtonRow(RowWidget):
    """Words, and what can be done about them."""

    row: Button

    def __init__(self, studio: Studio, row: Button, parent: QWidget) -> None:
        super().__init__(studio, row, parent)
        self.control = TextButton(studio, "", self)
        self.control.clicked.connect(self._clicked)

    def fill(self) -> None:
        self.control.setText(self.row.label)
        self.control.setAccessibleName(f"{self.row.label}: {self.row.text}")

    def ink_height(self, width: float) -> float:
        return 52

    def draw(self, paint: Paint) -> None:
        paint.text(0, 10, self.row.text, "code", "text2", width=self.content)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.put(self.control, 0, 22, 130, 26)

    def _clicked(self) -> None:
        key = self.row.key
        self.studio.questions.array(key, False, self._keep)

    def _keep(self, values: Array | None) -> None:
        if values is not None:
            self.studio.do(array(self.studio.document, self.row.key[0][-1], values.copy(), 0))


class HeatRow(RowWidget):
    """A heat map; a line under it where it is a sample. Enter, or a double click, types over a cell or opens the whole table."""

    row: Heat

    def __init__(self, studio: Studio, row: Heat, parent: QWidget) -> None:
        super().__init__(studio, row, parent)
        self.control = Heatmap(studio, row.name, self)
        self.control.edited.connect(self._edited)
        self.control.opened.connect(self.open_table)
        self.table = TextButton(studio, "Open table", self)
        self.table.clicked.connect(self.open_table)

    def fill(self) -> None:
        self.control.setAccessibleName(self.row.name)
        start = self._start if self.row.edit else None
        self.control.show_grid(self.row.grid, self.row.kind == "grad", start, self.studio.full_precision)
        self.table.setVisible(not self.row.grid.whole)
        self.table.setAccessibleName(f"Open the table of {self.row.name}")

    def ink_height(self, width: float) -> float:
        self.control.setFixedWidth(round(width * ui_scale()))
        return self.control.height() / ui_scale() + (3 if self.row.grid.whole else 34)

    def draw(self, paint: Paint) -> None:
        if not self.row.grid.whole:
            words = f"{text.shape(self.row.grid.shape)} of {text.shape(self.row.grid.full_shape)}"
            paint.text(0, self.control.height() / ui_scale() + 19, words, "caption", "text3")

    def resizeEvent(self, event: QResizeEvent) -> None:
        height = self.control.height() / ui_scale()
        self.put(self.control, 0, 0, self.content, height)
        self.put(self.table, self.content - 92, height + 7, 92, 24)

    def _start(self, index: tuple[int, ...]) -> object:
        return start_value(self.studio.document, self.row.key[0][-1])[index].item()

    def _edited(self, index: tuple[int, ...], value: float | int) -> None:
        if self.row.edit is not None:
            self.studio.do(self.row.edit.make(self.studio.document, *self.row.edit.args, index, value, 0))

    def open_table(self) -> None:
        """Show the whole tensor in a table: a leaf's start value to be edited, all else to be read."""
        if self.row.table is not None:
            editor = self._table(start_value(self.studio.document, self.row.key[0][-1]), True)
            editor.replaced.connect(self._replaced)
            editor.show()
        else:
            self.studio.questions.array(self.row.key, self.row.grad, self._show_table)

    def _show_table(self, values: Array | None) -> None:
        if values is not None:
            self._table(values, False).show()

    def _table(self, values: Array, editable: bool) -> ArrayEditor:
        from gradstudio.app.widgets.array_editor import ArrayEditor  # only when asked for: a start has no table

        return ArrayEditor(self.studio, self.row.name, values, editable, self.window())

    def _replaced(self, values: Array) -> None:
        if self.row.table is not None:
            self.write(self.row.table, values)


def widget_for(studio: Studio, row: Row, parent: QWidget) -> RowWidget:
    """Return the widget that a row needs."""
    if isinstance(row, Toggle):
        return ToggleRow(studio, row, parent)
    if isinstance(row, Scrub):
        return ScrubRow(studio, row, parent)
    if isinstance(row, Choice):
        return ChoiceRow(studio, row, parent)
    if isinstance(row, Button):
        return ButtonRow(studio, row, parent)
    return HeatRow(studio, row, parent) if isinstance(row, Heat) else RowWidget(studio, row, parent)
