"""Call editor: the fields of a call, or the turns of a repeat, in a small popup beside its row. Every change is one command."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec.structs import replace
from PySide6.QtCore import QLocale, QPoint, QRectF, QSignalBlocker, Qt
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import QApplication, QComboBox, QFormLayout, QLineEdit, QMenu, QSizePolicy, QSpinBox, QToolButton, QWidget

from gradstudio.app import text
from gradstudio.app.paint import Paint
from gradstudio.app.widgets.card import MARGIN
from gradstudio.app.widgets.drawn import Drawn, ui_scale
from gradstudio.app.widgets.plain import label
from gradstudio.app.widgets.switch import Switch
from gradstudio.document.calls import Call
from gradstudio.document.commands.script import EditCall, SetTimes
from gradstudio.document.document import Document
from gradstudio.document.graph import INPUT, LEAF, Array, CallId, Literal, Ref
from gradstudio.document.limits import MAX_TIMES
from gradstudio.document.script import Repeat, Statement
from gradstudio.explain.wording import call_name

if TYPE_CHECKING:
    from gradstudio.app.change import Change
    from gradstudio.app.studio import Studio

TENSORS = frozenset({"roots", "outputs", "targets", "inputs", "operands"})
LEAVES_FIRST = frozenset({"targets", "inputs", "target"})
TRISTATE = frozenset({"retain_graph", "allow_unused"})
SWITCHES = frozenset({"create_graph", "automatic", "set_to_none"})
HIDDEN = frozenset({"id", "enabled", "names"})
DEFAULTS = {"retain_graph": "as create_graph", "allow_unused": "False"}
HOOKS = ("tensor", "grad_fn", "post_accumulate")


class CallEditor(Drawn):
    """Lies over the window, beside the row. Closes with Escape, when the focus goes elsewhere, and when its call goes."""

    def __init__(self, studio: Studio, call_id: CallId, window: QWidget) -> None:
        super().__init__(studio, window)
        self.studio, self.call_id, self.over = studio, call_id, window
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Edit call")
        self._under: QWidget | None = None
        self.form = QFormLayout(self)
        self.form.setContentsMargins(*(round((MARGIN + side) * ui_scale()) for side in (14, 36, 14, 14)))
        self.form.setSpacing(8)
        self.form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.setMinimumWidth(round((260 + 2 * MARGIN) * ui_scale()))
        self._fill()
        studio.changed.connect(self.refresh)
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.focusChanged.connect(self._focus_moved)

    def refresh(self, change: Change) -> None:
        """Show the call as it is now."""
        if change.everything or self.statement is None:
            self.close()
        elif change.document and change.document.script:
            self._fill()

    @property
    def statement(self) -> Statement | None:
        """The call or repeat that is edited; None once it is gone."""
        return find_statement(self.studio.document, self.call_id)

    def open_at(self, corner: QPoint) -> None:
        """Show the editor with its lower left corner at a point of the window, inside it."""
        self.adjustSize()
        area, room = self.over.rect(), round(MARGIN * ui_scale())
        x = max(-room, min(corner.x() - room, area.right() - self.width() + room))
        y = max(-room, min(corner.y() - self.height() + room, area.bottom() - self.height() + room))
        self.move(x, y)
        self._under = QApplication.focusWidget()
        self.show()
        self.raise_()
        self.setFocus()
        self.focusNextChild()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape and Enter close."""
        if event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.close()
        else:
            event.ignore()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Give the keyboard back to what it was taken from."""
        if self._under is not None and (self.hasFocus() or self.focusWidget() is not None):
            self._under.setFocus(Qt.FocusReason.OtherFocusReason)
        super().closeEvent(event)

    def _focus_moved(self, old: QWidget | None, new: QWidget | None) -> None:
        if new is not None and new is not self and not self.isAncestorOf(new) and self.isVisible() and new.window() is self.window():
            self.close()

    def _fill(self) -> None:
        focused = self.focusWidget().objectName() if self.focusWidget() else ""
        while self.form.rowCount():
            row = self.form.takeRow(0)
            for widget in (row.labelItem.widget(), row.fieldItem.widget()):
                if widget is not None:
                    self._let_go(widget)
        statement = self.statement
        rows = self._repeat_rows(statement) if isinstance(statement, Repeat) else self._call_rows(statement) if statement else []
        for name, widget in rows:
            widget.setObjectName(name)
            widget.setAccessibleName(name)
            self.form.addRow(label(name), widget)
            if name == focused:
                widget.setFocus()
        self.adjustSize()

    def _let_go(self, widget: QWidget) -> None:
        """Remove a field later: what it is in the middle of, such as the key that changed the call, goes on in it."""
        widget.blockSignals(True)
        widget.setObjectName("")  # it is no longer the field of that name
        widget.clearFocus()
        widget.hide()
        widget.deleteLater()

    # ---- one row a field

    def _repeat_rows(self, repeat: Repeat) -> list[tuple[str, QWidget]]:
        box = QSpinBox(self)
        box.setLocale(QLocale.c())
        box.setRange(0, MAX_TIMES)
        box.setValue(repeat.times)
        box.setKeyboardTracking(False)
        box.valueChanged.connect(self._set_times)
        return [("times", box)]

    def _set_times(self, times: int) -> None:
        self.studio.do(SetTimes(self.call_id, times))

    def _call_rows(self, call: Call) -> list[tuple[str, QWidget]]:
        return [(name, self._field(call, name, getattr(call, name))) for name in call.__struct_fields__ if name not in HIDDEN]

    def _field(self, call: Call, name: str, value: Any) -> QWidget:
        if name in TENSORS:
            return self._tensors(name, value)
        if name == "target":
            return self._choice(name, value, [(words, ref) for words, ref in tensors(self.studio, True)])
        if name in ("seeds", "value"):
            return self._seed(call, name, value)
        if name in SWITCHES or isinstance(value, bool):
            return self._switch(name, value)
        if name in TRISTATE:
            return self._choice(name, value, [(DEFAULTS[name], None), ("True", True), ("False", False)])
        return self._plain(name, value)

    def _plain(self, name: str, value: Any) -> QWidget:
        document = self.studio.document
        if name == "block":
            return self._choice(name, value, [(block, block) for block in document.graph.blocks])
        if name == "group":
            return self._choice(name, value, [("none", None), *((group.name, group.id) for group in document.groups.values())])
        if name == "optimizer":
            return self._choice(name, value, [(f"{o.kind} ({o.id})", o.id) for o in document.optimizers.values()])
        if name == "on":
            return self._choice(name, value, [(each, each) for each in HOOKS])
        return self._line(name, str(value), self._parsed_number if isinstance(value, int) else str)

    def _parsed_number(self, words: str) -> int | None:
        value = text.parse_number(words)
        return value if isinstance(value, int) and value >= 0 else None

    def _switch(self, name: str, value: bool) -> QWidget:
        switch = Switch(self.studio, name, self)
        switch.setChecked(value)
        switch.toggled.connect(partial(self._set, name))
        return switch

    def _choice(self, name: str, value: Any, choices: list[tuple[str, Any]]) -> QWidget:
        box = QComboBox(self)
        for words, each in choices:
            box.addItem(words, each)
        at = next((i for i, (_, each) in enumerate(choices) if each == value), -1)
        with QSignalBlocker(box):
            box.setCurrentIndex(at)
        box.activated.connect(lambda i: self._set(name, choices[i][1]))
        return box

    def _tensors(self, name: str, value: tuple[Ref, ...]) -> QWidget:
        button = QToolButton(self)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        chosen = [self._label(ref) for ref in value]
        button.setText((", ".join(chosen) or "none").replace("&", "&&"))
        menu = QMenu(button)
        for words, ref in tensors(self.studio, name in LEAVES_FIRST):
            entry = menu.addAction(words.replace("&", "&&"))
            entry.setCheckable(True)
            entry.setChecked(ref in value)
            entry.setData(ref)
        menu.triggered.connect(lambda entry: self._toggle(name, entry.data()))
        button.setMenu(menu)
        return button

    def _label(self, ref: Ref) -> str:
        return self.studio.labels.label((ref.source,), ref.out)

    def _toggle(self, name: str, ref: Ref) -> None:
        call = self.statement
        refs: tuple[Ref, ...] = getattr(call, name)
        self._set(name, tuple(r for r in refs if r != ref) if ref in refs else (*refs, ref))

    def _seed(self, call: Call, name: str, value: Any) -> QWidget:
        seeds = value if name == "seeds" else (value,)
        words = "; ".join(seed_words(seed, self._label) for seed in seeds if seed is not None)
        return self._line(name, words, partial(self._parsed_seed, name), "1.0 or [1, 0, 2]")

    def _parsed_seed(self, name: str, words: str) -> Any:
        parsed = [parse_seed(part) for part in words.split(";") if part.strip()]
        if any(each is None for each in parsed):
            return None
        return tuple(parsed) if name == "seeds" else parsed[0] if parsed else Literal(0.0)

    def _line(self, name: str, words: str, parse: Callable[[str], Any], hint: str = "") -> QWidget:
        line = QLineEdit(words, self)
        line.setLocale(QLocale.c())
        line.setPlaceholderText(hint)
        line.editingFinished.connect(lambda: self._typed(line, name, parse, words))
        return line

    def _typed(self, line: QLineEdit, name: str, parse: Callable[[str], Any], before: str) -> None:
        if line.text() == before:
            return
        value = parse(line.text())
        if value is None:
            line.setText(before)
            self.studio.notify(f"{name}: that is no number")
        else:
            self._set(name, value)

    def _set(self, name: str, value: Any) -> None:
        call = self.statement
        if call is None or isinstance(call, Repeat):
            return
        changed: dict[str, Any] = {name: value}
        if name == "roots" and value and hasattr(call, "automatic"):
            changed["automatic"] = False
        if name == "automatic" and value:
            changed["roots"] = ()
        self.studio.do(EditCall(replace(call, **changed)))

    def draw(self, paint: Paint, width: float, height: float) -> None:
        """Paint the card and the call's name."""
        paint.card(QRectF(MARGIN, MARGIN, width - 2 * MARGIN, height - 2 * MARGIN))
        shown, statement = self.studio.shown, self.statement
        name = "repeat" if isinstance(statement, Repeat) else call_name(self.studio.document, shown.trace, self.call_id)
        paint.text(MARGIN + 14, MARGIN + 20, name, "bodyStrong", "text", width=width - 2 * MARGIN - 28)


def find_statement(document: Document, call_id: CallId) -> Statement | None:
    """Return the call or repeat of an id, wherever it stands in the script."""
    stack = [section.body for section in document.script]
    while stack:
        for statement in stack.pop():
            if statement.id == call_id:
                return statement
            if isinstance(statement, Repeat):
                stack.append(statement.body)
    return None


def tensors(studio: Studio, leaves_first: bool) -> list[tuple[str, Ref]]:
    """Return what a call may name, with labels: leaves first for targets, else what was computed last first."""
    graph, labels = studio.document.graph, studio.labels
    refs = [Ref(n, out) for n in graph.order for out in range(max(1, len(graph.nodes[n].names))) if graph.nodes[n].op != INPUT]
    ordered = sorted(refs, key=lambda ref: graph.nodes[ref.source].op != LEAF) if leaves_first else refs[::-1]
    return [(labels.label((ref.source,), ref.out), ref) for ref in ordered]


def seed_words(seed: Ref | Literal | Array | None, name: Callable[[Ref], str]) -> str:
    """Return a seed as it is typed."""
    if isinstance(seed, Ref):
        return name(seed)
    if isinstance(seed, Literal):
        return str(seed.value)
    return str(seed.tolist()) if seed is not None and not isinstance(seed, (int, float)) else ""


def parse_seed(words: str) -> Array | Literal | None:
    """Read `1.5` or a nested list of numbers; None where it is neither."""
    words = words.strip()
    if not words.startswith("["):
        value = text.parse_number(words)
        return None if value is None else Literal(float(value))
    numbers = _nested(words.replace(text.MINUS, "-"))
    if numbers is None:
        return None
    try:
        array = np.array(numbers, np.float32)
    except ValueError:  # rows of different lengths
        return None
    array.flags.writeable = False
    return array


def _nested(words: str) -> list[Any] | None:
    """Read nested lists of numbers, without evaluating anything."""
    stack: list[list[Any]] = [[]]
    for token in words.replace("[", " [ ").replace("]", " ] ").replace(",", " ").split():
        if token == "[":
            stack.append([])
        elif token == "]" and len(stack) > 1:
            inner = stack.pop()
            stack[-1].append(inner)
        elif (value := text.parse_number(token)) is not None:
            stack[-1].append(float(value))
        else:
            return None
    return stack[0][0] if len(stack) == 1 and len(stack[0]) == 1 else None
