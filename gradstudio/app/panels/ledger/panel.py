"""LedgerPanel: the account of one `.grad`, and the watched tensors above it. Pointing at a row lights where it came through."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gradstudio.app import text
from gradstudio.app.change import EVERYTHING, Change
from gradstudio.app.markers import DARK, Lit
from gradstudio.app.paint import Paint
from gradstudio.app.panels.ledger.lines import EntryLine, Place, WatchLine
from gradstudio.app.studio import Studio
from gradstudio.app.theme import SIZE
from gradstudio.app.widgets.drawn import Drawn, sized, ui_scale
from gradstudio.app.widgets.icon_button import IconButton
from gradstudio.app.widgets.row_list import ROW, RowList
from gradstudio.explain.account import Entry, account, way
from gradstudio.explain.flow import resolve
from gradstudio.session.state import TensorView
from gradstudio.session.trace import TensorKey

HEAD, GAP = 34.0, 7.0
MOST_WATCHES = 6  # shown without scrolling


class LedgerPanel(Drawn):
    """It is about the selected tensor; else about the one that the step on show writes; else it stays. `closed`: its button was pressed."""

    title = "Ledger"
    closed = Signal()

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(studio, parent, "panel")
        self.studio = studio
        self.key: TensorKey | None = None
        self.watches = RowList(studio, "Watched tensors", self)
        self.entries = RowList(studio, "Ledger", self)
        self.close_button = IconButton(studio, "x", "Close the ledger", self)
        self._last: tuple[Any, ...] = ()  # what the account was made of, and the account: it is kept while stepping
        column = QVBoxLayout(self)
        column.setContentsMargins(1, round(HEAD * ui_scale()), 0, 0)
        column.setSpacing(round(GAP * ui_scale()))
        column.addWidget(self.watches)
        column.addWidget(self.entries, 1)
        self.watches.chosen.connect(self._show_watched)
        self.entries.chosen.connect(self._go)
        self.entries.pointed.connect(self._light)
        self.close_button.clicked.connect(self.closed)
        self.setAccessibleName(self.title)
        studio.followed.connect(self.refresh)

    def sizeHint(self) -> QSize:
        """Return the size of the program, whose place it takes."""
        return sized(SIZE["rightPanel"], 306)

    def minimumSizeHint(self) -> QSize:
        """Return room for a few rows."""
        return sized(200, HEAD + 4 * ROW)

    # ---- following

    def refresh(self, change: Change) -> None:
        """Follow the selection, the run and the playhead; out of sight do nothing."""
        if not self.isVisible():
            return
        moved = change.playhead or change.trace or change.values or change.theme or change.everything
        if moved or change.selection or change.marks or change.scope or change.document is not None:
            self._read()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what happened out of sight."""
        super().showEvent(event)
        self.refresh(EVERYTHING)

    def hideEvent(self, event: QHideEvent) -> None:
        """Put out what was lit."""
        super().hideEvent(event)
        self.studio.markers.light(DARK)

    def _read(self) -> None:
        self.key = self._about()
        watched = self._watched()
        self.watches.setVisible(bool(watched))
        self.watches.setFixedHeight(round(ROW * min(len(watched), MOST_WATCHES) * ui_scale()))
        self.watches.show_lines(watched)
        self.entries.show_lines(self._lines())
        self.say(self.key, self._name())

    def _about(self) -> TensorKey | None:
        """Return the tensor to show: selected, else written by this step, else the one shown before, else the first."""
        shown = self.studio.shown
        series = shown.trace.series
        if self.studio.selected_nodes:
            return self._resolved(((*self.studio.scope, self.studio.selected_nodes[0]), 0))
        step = shown.trace.step(shown.state.k)
        if step is not None and (step.node, 0) in series:
            return step.node, 0
        return self.key if self.key in series else next(iter(series), None)

    def _resolved(self, key: TensorKey) -> TensorKey:
        document = self.studio.shown.document
        try:
            return resolve(document, key) or key
        except KeyError:
            return key

    def _lines(self) -> list[EntryLine]:
        shown = self.studio.shown
        if self.key is None or self.key not in shown.trace.series:
            return []
        signed = self._signed(shown.state.tensors.get(self.key))
        entries = self._account(self.key, signed)
        k = shown.state.k
        writes = [entry.step for entry in entries if entry.kind == "write"]
        now = max((step for step in writes if step <= k), default=0)
        places: list[Place] = ["now" if e.step == now and e.kind == "write" else "past" if e.step <= k else "future" for e in entries]
        return [EntryLine(entry, signed, place, self.full) for entry, place in zip(entries, places, strict=True)]

    def _account(self, key: TensorKey, signed: bool) -> tuple[Entry, ...]:
        shown = self.studio.shown
        if not self._last or self._last[0] is not shown.trace or self._last[1:3] != (key, signed):
            self._last = (shown.trace, key, signed, account(shown.document, shown.trace, key, signed))
        entries: tuple[Entry, ...] = self._last[3]
        return entries

    @property
    def full(self) -> bool:
        """Whether numbers have all their digits."""
        return self.studio.full_precision

    @staticmethod
    def _signed(view: TensorView | None) -> bool:
        return view is None or math.prod(view.shape) == 1

    def _name(self) -> str:
        if self.key is None:
            return ""
        try:
            return f"{self.studio.shown.labels.label(*self.key)}.grad"
        except KeyError:
            return ""

    # ---- watches

    def _watched(self) -> list[WatchLine]:
        return [line for key, grad in self.studio.markers.watches if (line := self._watch(key, grad)) is not None]

    def _watch(self, key: TensorKey, grad: bool) -> WatchLine | None:
        shown = self.studio.shown
        try:
            name = shown.labels.label(*key)
        except KeyError:
            return None
        view = (shown.state.grads if grad else shown.state.tensors).get(key)
        words = "None" if view is None else text.number(view.item, self.full, view.dtype)
        if view is not None and view.item is None:
            words = f"{text.shape(view.shape)}  {text.norm(view.norm, self.full)}"
        step, k = shown.trace.step(shown.state.k), shown.state.k
        if grad:
            changed = any(write.step == k for write in shown.trace.series.get(key, ()))
        else:
            changed = k in shown.trace.writes.get(key, ()) or (step is not None and step.kind == "op" and step.node == key[0])
        value = None if view is None or view.item is None else float(view.item)
        return WatchLine(key, grad, f"{name}.grad" if grad else name, words, value, changed)

    def _show_watched(self, row: int) -> None:
        path = self._watched()[row].key[0]
        self.studio.enter(path[:-1])
        self.studio.select((path[-1],))

    # ---- what a row leads to

    def _entry(self, row: int) -> EntryLine | None:
        lines = self.entries.rows.lines
        line = lines[row] if 0 <= row < len(lines) else None
        return line if isinstance(line, EntryLine) else None

    def _go(self, row: int) -> None:
        line = self._entry(row)
        if line is not None:
            self.studio.player.pause()
            self.studio.player.go_to(line.entry.step)

    def _light(self, row: int) -> None:
        line, shown = self._entry(row), self.studio.shown
        if line is None or self.key is None or not line.entry.terms:
            self.studio.markers.light(DARK)
        else:
            self.studio.markers.light(Lit(*way(shown.document, shown.trace, self.key, line.entry.terms)))

    # ---- paint

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the button at the right."""
        side = self.close_button.width()
        self.close_button.move(self.width() - side - round(8 * ui_scale()), round((HEAD / 2) * ui_scale()) - side // 2)

    def draw(self, paint: Paint, width: float, height: float) -> None:
        """Paint the head: whose ledger it is."""
        paint.line(0, 0, width, 0)
        paint.line(0, 0, 0, height)
        if self.watches.isVisible():
            paint.hairline(16, round(self.entries.y() / ui_scale() - GAP / 2), width - 14, round(self.entries.y() / ui_scale() - GAP / 2))
        used = paint.text(16, HEAD / 2, self.title, "bodyStrong")
        paint.text(16 + used + 8, HEAD / 2, self._name() or "no .grad was written yet", "code", "text3", width=width - used - 70)
