"""InspectorPanel: the right dock, about the selected node, or about the step on show."""

from __future__ import annotations

from msgspec.structs import replace
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gradstudio.app import text
from gradstudio.app.change import EVERYTHING, Change
from gradstudio.app.panels.inspector.column import Column
from gradstudio.app.panels.inspector.failed import failed_sheet, failure_at, failure_of
from gradstudio.app.panels.inspector.header import Header
from gradstudio.app.panels.inspector.hints import Hints
from gradstudio.app.panels.inspector.leaf import leaf_sheet
from gradstudio.app.panels.inspector.op import op_sheet
from gradstudio.app.panels.inspector.rows import Empty, Sheet
from gradstudio.app.panels.inspector.step import forward_at, forward_sheet, running_pass, step_sheet
from gradstudio.app.panels.inspector.subject import Subject
from gradstudio.app.studio import Studio
from gradstudio.app.theme import SIZE
from gradstudio.app.widgets.drawn import begin, sized, ui_scale
from gradstudio.app.widgets.overlay_scroll import OverlayScroll
from gradstudio.document.graph import INPUT, LEAF, NodeId, NodePath
from gradstudio.session.trace import Failure

NOTHING = Sheet(None, (Empty("Select a node to see its tensor"),))


class InspectorPanel(QWidget):
    """What it is about: the pinned node; else what was done last, a selection or a move of the playhead."""

    title = "Inspector"

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.studio = studio
        self.pinned: NodePath = ()
        self._follows_playhead = False
        self.sheet = NOTHING
        self.hints = Hints(studio, self)
        self.hints.changed.connect(self._hint_changed)
        self.header = Header(studio, self)
        self.header.pin.toggled.connect(self._pin)
        self.column = Column(studio)
        self.area = OverlayScroll(self.column, self)
        self.area.setWidgetResizable(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Inspector")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(self.area, 1)
        studio.followed.connect(self.refresh)
        self.refresh(EVERYTHING)

    def sizeHint(self) -> QSize:
        """Return the size in the picture."""
        return sized(SIZE["rightPanel"], 620)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the panel and its left edge."""
        painter, paint = begin(self, self.studio)
        scale = ui_scale()
        paint.fill(self.rect().toRectF(), "panel")
        paint.line(0, 0, 0, self.height() / scale)
        painter.end()

    def refresh(self, change: Change) -> None:
        """Follow the selection, the playhead and the numbers."""
        if change.everything and not self._is_there(self.pinned):
            self.pinned = ()
        if change.selection:
            self._follows_playhead = False
        elif change.playhead and self.studio.player.stepping:
            self._follows_playhead = True
        if self._concerns(change):
            self._show(self._sheet(), change.theme)

    def _hint_changed(self) -> None:
        self._show(self._sheet(), False)

    @staticmethod
    def _concerns(change: Change) -> bool:
        numbers = change.values or change.flows or change.engine or change.trace or change.playhead
        return bool(change.everything or change.document is not None or numbers or change.selection or change.stale or change.theme)

    def _show(self, sheet: Sheet, all_new: bool) -> None:
        if sheet == self.sheet and not all_new:
            return
        self.sheet = sheet
        self.header.show_head(sheet.head, bool(self.pinned))
        self.column.show_rows(sheet.rows, all_new)

    def _sheet(self) -> Sheet:
        studio, trace, state = self.studio, self.studio.shown.trace, self.studio.shown.state
        if self._is_there(self.pinned):
            return self.node_sheet(self.pinned)
        self.pinned = ()
        selected = studio.selected_nodes
        if self._follows_playhead or not selected:
            failure, running = failure_at(trace, state.k), running_pass(trace, state.k)
            if failure and failure.node and self._is_there(failure.node):
                return self._failed_sheet(self._subject(failure.node), failure)
            if running and studio.player.stepping:
                return step_sheet(studio.shown.document, studio.shown.labels, trace, state, running, studio.full_precision)
        forward = forward_at(trace, state.k)
        if forward and studio.player.stepping and not selected:
            return forward_sheet(studio.shown.document, studio.shown.labels, trace, state, forward, studio.full_precision)
        if len(selected) > 1:
            return Sheet(None, (Empty(f"{text.plural(len(selected), 'node')} selected"),))
        return self.node_sheet((*studio.scope, selected[0])) if selected else NOTHING

    def _is_there(self, path: NodePath) -> bool:
        try:
            return bool(path) and self.studio.document.node(path) is not None
        except KeyError:
            return False

    def node_sheet(self, path: NodePath) -> Sheet:
        """Return the sheet of a node, in the document's own graph or in an instance."""
        subject = replace(self._subject(path), hints=self.hints.of(path))
        failure = failure_of(subject.trace, subject.state.k, subject.path)
        if failure:
            return self._failed_sheet(subject, failure)
        return leaf_sheet(subject) if subject.node.op in (LEAF, INPUT) else op_sheet(subject)

    def _subject(self, path: tuple[NodeId, ...]) -> Subject:
        studio = self.studio
        stale = path[0] in studio.runs.stale
        studio.runs.watch_locals(path)
        shown = studio.shown
        return Subject(studio.document, path, shown.trace, shown.state, studio.labels, shown.labels, studio.full_precision, stale)

    def _failed_sheet(self, subject: Subject, failure: Failure) -> Sheet:
        """Return the sheet of a node that failed: in words of the document that was run."""
        shown = self.studio.shown
        return failed_sheet(replace(subject, document=shown.document, labels=shown.labels), failure)

    def _pin(self, on: bool) -> None:
        self.pinned = (*self.studio.scope, self.studio.primary) if on and self.studio.primary is not None else ()
        self._show(self._sheet(), False)
        self.header.show_head(self.sheet.head, bool(self.pinned))
