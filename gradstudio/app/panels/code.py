"""CodePanel: the document as the PyTorch program that it is, with the values beside the lines."""

from __future__ import annotations

import math
import time

from PySide6.QtCore import QPointF, QRectF, QSize, QTimer
from PySide6.QtGui import QGuiApplication, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from gradstudio.app import text
from gradstudio.app.change import EVERYTHING, Change
from gradstudio.app.paint import Paint
from gradstudio.app.studio import Studio
from gradstudio.app.theme import SIZE
from gradstudio.app.widgets.code_view import LINE, CodeView
from gradstudio.app.widgets.drawn import Drawn, sized, ui_scale
from gradstudio.app.widgets.icon_button import IconButton
from gradstudio.code.emit import emit, told_by
from gradstudio.code.program import Program
from gradstudio.code.renumber import renumbered
from gradstudio.document.document import Document
from gradstudio.document.graph import LEAF

HEAD, NUMBER_GAP = 30.0, 10.0  # px; between line numbers and code
AROUND = 2  # lines that are seen round the current one
AT_ONCE, QUICK = 0.0015, 0.006  # seconds that a program may take to be written with each edit; soon after an edit
SOON_MS, REST_MS = 48, 150  # how soon; how long a document must be at rest for a program that takes longer


class CodePanel(Drawn):
    """The program, its line numbers, the mark of the current line, and a button that copies exactly what runs."""

    title = "PyTorch"

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(studio, parent, "panel")
        self.studio = studio
        self.program: Program = emit(Document())
        self._emitted: Document | None = None
        self._says_in_sync = True
        self._told: tuple[object, ...] = ()  # what the program says of the run
        self._lines: dict[str, int] = {}  # the last line that stands for a node or a call
        self._values: dict[int, str] = {}  # what stands beside the lines in view
        self._cost = 0.0  # seconds that the last program took
        self._reveals = False  # the current line is to be brought into sight, and the program that has it is not written yet
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.timeout.connect(self._came_to_rest)
        self.setAccessibleName("PyTorch")
        self.copy = IconButton(studio, "copy", "Copy the program", self)
        self.copy.clicked.connect(self.copy_text)
        self.view = CodeView(studio, self)
        self.view.value_of = self.value_of
        self.view.verticalScrollBar().valueChanged.connect(self.update)
        studio.followed.connect(self.refresh)
        self.refresh(EVERYTHING)

    def sizeHint(self) -> QSize:
        """Return the size in the picture."""
        return sized(SIZE["rightPanel"], 306)

    def minimumSizeHint(self) -> QSize:
        """Return room for two lines."""
        return sized(200, HEAD + 2 * LINE)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the button at the right and the text under the head."""
        self._place()

    def _place(self) -> None:
        scale, side = ui_scale(), self.copy.width()
        self.copy.move(self.width() - round(22 * scale) - side // 2, round(18 * scale) - side // 2)
        top = round(HEAD * scale)
        self.view.setGeometry(1, top, self.width() - 1, self.height() - top)

    # ------------------------------------------------------------ refresh
    def refresh(self, change: Change) -> None:
        """Follow the document, its numbers, the selection and the playhead."""
        document = self.studio.document
        if change.theme:
            self.view.dress()
            self.copy.resize(self.copy.sizeHint())
            self._place()
            self.update()
        if document is not self._emitted and (change.everything or change.document is not None):
            self._follow()
        elif change.trace and self.in_sync and self._told != told_by(document, self.studio.shown.trace):
            self._emitted = None
            self._follow()
        if change.everything or change.theme:
            self.view.viewport().update()
        elif change.values or change.trace:
            self._follow_values()
        if change.everything or change.selection or change.playhead or change.trace:
            self._show_current(bool(change.selection or change.playhead))

    @property
    def in_sync(self) -> bool:
        """Whether the program is that of the document."""
        return self._emitted is self.studio.document

    def _follow(self) -> None:
        """Write the program anew: at once or soon where that is quick and the panel is seen, else when the document has come to rest."""
        if self.isVisible() and self._write_numbers():
            return
        if self.isVisible() and self._cost < AT_ONCE:
            self._write_program()
        elif self._cost >= QUICK or not self._rest.isActive():
            self._rest.start(SOON_MS if self._cost < QUICK else REST_MS)
            if self._cost >= QUICK:  # else it is in sync before anybody reads that it is not
                self._tell()

    def _write_program(self) -> None:
        if self.in_sync:
            return
        began = time.perf_counter()
        self._emitted, trace = self.studio.document, self.studio.shown.trace
        self._told = told_by(self._emitted, trace)
        self._show_program(emit(self._emitted, trace=trace if trace.run else None))
        self._cost = time.perf_counter() - began

    def _write_numbers(self) -> bool:
        """Write the lines of leaves that have other numbers: a hand writes sixty a second. Return whether nothing else differs."""
        document, old = self.studio.document, self.program
        if self._emitted is None or self._told != told_by(document, self.studio.shown.trace):
            return False
        made = renumbered(old, self._emitted, document)
        if made is None:
            return False
        self.program, self._emitted = made, document
        for i, (before, now) in enumerate(zip(old.lines, made.lines, strict=True)):
            if now is not before:
                self.view.write_line(i, now.text)
        self._tell()
        return True

    def _came_to_rest(self) -> None:
        if self.isVisible():
            self._write_program()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what happened out of sight."""
        self._came_to_rest()
        super().showEvent(event)

    def _show_program(self, program: Program) -> None:
        old, self.program = self.program, program
        self._lines = {each: i for i, line in enumerate(program.lines) for each in (*line.nodes, *line.calls)}
        new_lines, old_lines = tuple(line.text for line in program.lines), tuple(line.text for line in old.lines)
        if new_lines != old_lines:
            self.view.show_lines(old_lines, new_lines)
        self._follow_values()
        self._show_current(self._reveals)
        self._tell()

    def _follow_values(self) -> None:
        """Paint the lines in view again whose number is another one."""
        before, self._values = self._values, {i: self.value_of(i) for i, _ in self.view.shown_blocks()}
        self.view.update_lines(frozenset(i for i, words in self._values.items() if words != before.get(i)))

    def _tell(self) -> None:
        self._says_in_sync = self.in_sync
        self.say(len(self.program.lines), self._says_in_sync)

    def value_of(self, i: int) -> str:
        """Return the number of what a line computes, or its shape; nothing for a leaf, which says it itself."""
        line = self.program.lines[i] if i < len(self.program.lines) else None
        node = self.studio.document.graph.nodes.get(line.nodes[-1]) if line and line.nodes else None
        view = self.studio.shown.state.tensors.get(((node.id,), 0)) if node and node.op != LEAF else None
        if view is None:
            return ""
        return text.number(view.item, self.studio.full_precision, view.dtype) if view.item is not None else text.shape(view.shape)

    def _show_current(self, scroll: bool) -> None:
        self._reveals = (scroll or self._reveals) and not self.in_sync
        current, failed = self._marked()
        if (current, failed) != (self.view.current, self.view.failed):
            self.view.current, self.view.failed = current, failed
            self.view.viewport().update()
            self.update()
            if scroll and (current or failed):
                self._reveal(min(current or failed))

    def _marked(self) -> tuple[frozenset[int], frozenset[int]]:
        """Return the current lines and the crimson ones."""
        studio, trace, k = self.studio, self.studio.shown.trace, self.studio.shown.state.k
        span, step = trace.span_at(k), trace.step(k)
        failed: frozenset[int] = frozenset()
        if span and span.raised and span.end == k:
            error = trace.outcomes[span.call].error if span.call in trace.outcomes else None
            failed = self._lines_of(error.node[:1] if error and error.node and span.kind == "forward" else (span.call,))
        if studio.player.stepping and span:
            now = self._lines_of(step.node[:1] if step and step.kind == "op" else (span.call,))
        else:
            now = self._lines_of(studio.selected_nodes)
        return now - failed, failed

    def _lines_of(self, ids: tuple[str, ...]) -> frozenset[int]:
        return frozenset(self._lines[each] for each in ids if each in self._lines)

    def _reveal(self, line: int) -> None:
        block = self.view.document().findBlockByNumber(line)
        if not block.isValid():
            return
        bar, height, centre = self.view.verticalScrollBar(), self.view.viewport().height(), self.view.centre(block)
        room = min((AROUND + 0.5) * LINE * ui_scale(), height / 2)
        pitch = LINE * ui_scale()
        if centre < room:
            bar.setValue(round(pitch * math.floor((bar.value() + centre - room) / pitch)))
        elif centre > height - room:
            bar.setValue(round(pitch * math.ceil((bar.value() + centre + room - height) / pitch)))  # the first line is seen whole

    # ------------------------------------------------------------ paint
    def draw(self, paint: Paint, width: float, height: float) -> None:
        """Paint the head, the line numbers and the mark of the current line."""
        paint.line(0, 0, width, 0)
        paint.line(0, 0, 0, height)
        used = paint.text(16, 18, "PyTorch", "bodyStrong")
        paint.text(16 + used + 8, 18, "in sync" if self._says_in_sync else "catching up", "caption", "text3")
        scale = ui_scale()
        paint.painter.save()
        paint.painter.setClipRect(QRectF(0, HEAD, width, self.view.viewport().height() / scale))
        for i, centre in self.view.shown_blocks():
            cy = self.view.viewport().mapTo(self, QPointF(0, centre)).y() / scale
            if i in self.view.current or i in self.view.failed:
                shade = "error" if i in self.view.failed else "accent"
                paint.fill(QRectF(1, cy - LINE / 2, self.view.gutter - 1, LINE), shade, 0.13)
                paint.fill(QRectF(1, cy - LINE / 2, 2, LINE), shade)
            paint.text(self.view.gutter - NUMBER_GAP, cy, str(i + 1), "code", "text3", "r")
        paint.painter.restore()

    def copy_text(self) -> None:
        """Copy the program, exactly as it runs."""
        self._write_program()
        QGuiApplication.clipboard().setText(self.program.text)
        self.studio.notify(f"Copied {text.plural(len(self.program.lines), 'line')} of PyTorch")
