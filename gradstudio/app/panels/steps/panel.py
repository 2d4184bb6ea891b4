"""StepsPanel: every step of the run, filtered by words, kind, selection and non-finite numbers, over what was printed so far."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from gradstudio.app.change import EVERYTHING, Change
from gradstudio.app.paint import Paint
from gradstudio.app.panels.steps.model import KINDS, Filter, StepModel
from gradstudio.app.panels.steps.view import StepView
from gradstudio.app.studio import Studio
from gradstudio.app.theme import SIZE
from gradstudio.app.widgets.choice_field import ChoiceField
from gradstudio.app.widgets.drawn import Drawn, scaled_font, sized, ui_scale
from gradstudio.app.widgets.icon_button import IconButton

HEAD, PRINTED = 34.0, 84.0


class StepsPanel(Drawn):
    """Out of sight it does nothing. `closed`: its button was pressed."""

    title = "Steps"
    closed = Signal()

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(studio, parent, "panel")
        self.studio = studio
        self.model = StepModel(studio, self)
        self.view = StepView(studio, self.model, self)
        self.field = QLineEdit(self)
        self.field.setPlaceholderText("Filter")
        self.field.setClearButtonEnabled(True)
        self.field.setAccessibleName("Filter the steps")
        self.kind = ChoiceField(studio, "Kind of step")
        self.kind.addItems(KINDS)
        self.of_selection = self._switch("focus", "Only steps of the selected nodes")
        self.nonfinite = self._switch("octagon-alert", "Only steps that made a NaN or an infinity")
        self.close_button = IconButton(studio, "x", "Close the step list", self)
        self.printed = QPlainTextEdit(self)
        self.printed.setReadOnly(True)
        self.printed.setFrameShape(QPlainTextEdit.Shape.NoFrame)
        self.printed.setAccessibleName("Printed so far")
        self.setAccessibleName(self.title)
        self._lay_out()
        self._connect()
        self._dress()

    def _switch(self, icon: str, name: str) -> IconButton:
        made = IconButton(self.studio, icon, name, self)
        made.setCheckable(True)
        return made

    def _lay_out(self) -> None:
        scale = ui_scale()
        column = QVBoxLayout(self)
        column.setContentsMargins(1, round(HEAD * scale), 0, 0)
        column.setSpacing(0)
        row = QHBoxLayout()
        row.setContentsMargins(round(14 * scale), 0, round(8 * scale), round(6 * scale))
        row.setSpacing(round(4 * scale))
        row.addWidget(self.field, 1)
        row.addWidget(self.kind)
        row.addWidget(self.of_selection)
        row.addWidget(self.nonfinite)
        column.addLayout(row)
        column.addWidget(self.view, 1)
        column.addWidget(self.printed)
        self.printed.setFixedHeight(round(PRINTED * scale))

    def _connect(self) -> None:
        self.field.textChanged.connect(self._read)
        self.kind.currentIndexChanged.connect(self._read)
        self.of_selection.toggled.connect(self._read)
        self.nonfinite.toggled.connect(self._read)
        self.close_button.clicked.connect(self.closed)
        self.studio.followed.connect(self.refresh)

    def _dress(self) -> None:
        self.field.setFont(scaled_font(self.studio, "body"))
        self.printed.setFont(scaled_font(self.studio, "code"))

    def sizeHint(self) -> QSize:
        """Return the size of the program, whose place it takes."""
        return sized(SIZE["rightPanel"], 306)

    def minimumSizeHint(self) -> QSize:
        """Return room for the filter and a few rows."""
        return sized(200, HEAD + 100)

    # ---- following

    def refresh(self, change: Change) -> None:
        """Follow the run and the playhead."""
        if change.theme:
            self._dress()
        if not self.isVisible():
            return
        renamed = change.document is not None and bool(change.document.renamed)
        if change.everything or renamed or (change.selection and self.of_selection.isChecked()):
            self._read()
        elif change.trace:
            self._read() if self.nonfinite.isChecked() else self.view.viewport().update()
        if change.everything or change.trace or change.playhead:
            self._follow()
        if change.marks or change.theme:
            self.view.viewport().update()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what happened out of sight."""
        super().showEvent(event)
        self.refresh(EVERYTHING)

    def _read(self) -> None:
        chosen = frozenset((*self.studio.scope, node) for node in self.studio.selected_nodes)
        nodes = chosen if self.of_selection.isChecked() else None
        self.model.read(Filter(self.field.text().strip().casefold(), self.kind.currentText(), nodes, self.nonfinite.isChecked()))
        self.view.current = -1
        self._follow()
        self.say(len(self.model.ks), self.studio.shown.trace.end)

    def _follow(self) -> None:
        self.view.follow()
        self.view.viewport().update()
        shown = self.studio.shown
        lines = [each.text for each in shown.trace.prints if each.step <= shown.state.k]
        self.printed.setVisible(bool(shown.trace.prints))
        text = "\n".join(lines[-200:])
        if text != self.printed.toPlainText():
            self.printed.setPlainText(text)
            bar = self.printed.verticalScrollBar()
            bar.setValue(bar.maximum())

    # ---- paint

    def resizeEvent(self, event: object) -> None:
        """Keep the button at the right."""
        side = self.close_button.width()
        self.close_button.move(self.width() - side - round(8 * ui_scale()), round((HEAD / 2) * ui_scale()) - side // 2)

    def draw(self, paint: Paint, width: float, height: float) -> None:
        """Paint the head: how many steps are listed."""
        paint.line(0, 0, width, 0)
        paint.line(0, 0, 0, height)
        used = paint.text(16, HEAD / 2, self.title, "bodyStrong")
        count, end = len(self.model.ks), self.studio.shown.trace.end
        paint.text(16 + used + 8, HEAD / 2, str(end) if count == end else f"{count} of {end}", "caption", "text3")
