"""CodePanel: the document as the PyTorch program that it is, with the values beside the lines."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QWidget

from gradstudio.app import text
from gradstudio.app.change import EVERYTHING, Change
from gradstudio.app.paint import Paint
from gradstudio.app.studio import Studio
from gradstudio.app.theme import SIZE
from gradstudio.app.widgets.code_view import LEFT, LINE, CodeView
from gradstudio.app.widgets.drawn import Drawn, scaled_font, sized, ui_scale
from gradstudio.app.widgets.icon_button import IconButton
from gradstudio.code.emit import emit
from gradstudio.code.program import Line, Program
from gradstudio.document.document import Document

HEAD, NUMBER_RIGHT = 30.0, 26.0


class CodePanel(Drawn):
    """The program, its line numbers, the mark of the current line, and a button that copies exactly what runs."""

    title = "PyTorch"

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(studio, parent)
        self.studio = studio
        self.program = Program("", ())
        self._emitted: Document | None = None
        self.setAccessibleName("PyTorch")
        self.copy = IconButton(studio, "copy", "Copy the program", self)
        self.copy.clicked.connect(self.copy_text)
        self.view = CodeView(studio, self)
        self.view.verticalScrollBar().valueChanged.connect(self.update)
        self._dress()
        studio.changed.connect(self.refresh)
        self.refresh(EVERYTHING)

    def sizeHint(self) -> QSize:
        """Return the size in the picture."""
        return sized(SIZE["rightPanel"], 306)

    def minimumSizeHint(self) -> QSize:
        """Return room for two lines."""
        return sized(200, HEAD + 2 * LINE)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the button at the right and the text under the head."""
        scale, side = ui_scale(), self.copy.width()
        self.copy.move(self.width() - round(22 * scale) - side // 2, round(18 * scale) - side // 2)
        top = round(HEAD * scale)
        self.view.setGeometry(1, top, self.width() - 1, self.height() - top)

    def _dress(self) -> None:
        self.view.setFont(scaled_font(self.studio, "code"))

    # ------------------------------------------------------------ refresh
    def refresh(self, change: Change) -> None:
        """Follow the document, its numbers, the selection and the playhead."""
        document = self.studio.document
        if change.theme:
            self._dress()
            self.view.dimmer.rehighlight()
            self.update()
        if document is not self._emitted and (change.everything or change.document is not None):
            self._emitted = document
            self._show_program(emit(document))
        if change.everything or change.document is not None or change.values or change.trace or change.theme:
            self._show_values()
        if change.everything or change.document is not None or change.selection or change.playhead or change.trace:
            self._show_current(bool(change.selection or change.playhead))

    def _show_program(self, program: Program) -> None:
        old, self.program = self.program, program
        new_lines, old_lines = tuple(line.text for line in program.lines), tuple(line.text for line in old.lines)
        if new_lines != old_lines:
            self.view.show_lines(old_lines, new_lines)
        self.update()

    def _show_values(self) -> None:
        values = tuple(self._value(line) for line in self.program.lines)
        if values != self.view.values:
            self.view.values = values
            self.view.viewport().update()

    def _value(self, line: Line) -> str:
        """Return what stands beside a line: the number of what it computes, or its shape; nothing beside a leaf, which says it itself."""
        if not line.nodes:
            return ""
        node = self.studio.document.graph.nodes.get(line.nodes[-1])
        if node is None or node.op == "leaf":
            return ""
        view = self.studio.shown.state.tensors.get(((node.id,), 0))
        if view is None:
            return ""
        return text.number(view.item, self.studio.full_precision, view.dtype) if view.item is not None else text.shape(view.shape)

    def _show_current(self, scroll: bool) -> None:
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
        span = trace.span_at(k)
        failed: frozenset[int] = frozenset()
        if span and span.raised and span.end == k:
            failed = frozenset(self.program.lines_of(span.call)[-1:])
            error = trace.outcomes[span.call].error if span.call in trace.outcomes else None
            if span.kind == "forward" and error and error.node:
                failed = frozenset(self.program.lines_of(error.node[0])[-1:]) or failed
        if studio.stepping and span:
            step = trace.step(k)
            lines = self.program.lines_of(step.node[0] if step and step.kind == "op" and step.node else span.call)
            return frozenset(lines[-1:]) - failed, failed
        chosen = frozenset(line for node in studio.selected_nodes for line in self.program.lines_of(node)[-1:])
        return chosen - failed, failed

    def _reveal(self, line: int) -> None:
        block = self.view.document().findBlockByNumber(line)
        if not block.isValid():
            return
        bar, half = self.view.verticalScrollBar(), LINE * ui_scale() / 2
        centre = self.view.centre(block)
        if centre - half < 0:
            bar.setValue(int(bar.value() + centre - half))
        elif centre + half > self.view.viewport().height():
            bar.setValue(int(bar.value() + centre + half - self.view.viewport().height()))

    # ------------------------------------------------------------ paint
    def draw(self, paint: Paint, width: float, height: float) -> None:
        """Paint the head, the line numbers and the mark of the current line."""
        paint.fill(QRectF(0, 0, width, height), "panel")
        paint.line(0, 0, width, 0)
        paint.line(0, 0, 0, height)
        used = paint.text(16, 18, "PyTorch", "bodyStrong")
        paint.text(16 + used + 8, 18, "in sync", "caption", "text3")
        scale = ui_scale()
        paint.painter.save()
        paint.painter.setClipRect(QRectF(0, HEAD, width, height - HEAD))
        for i, centre in self.view.shown_blocks():
            cy = self.view.viewport().mapTo(self, QPointF(0, centre)).y() / scale
            if i in self.view.current or i in self.view.failed:
                shade = "error" if i in self.view.failed else "accent"
                paint.fill(QRectF(1, cy - LINE / 2, LEFT - 1, LINE), shade, 0.13)
                paint.fill(QRectF(1, cy - LINE / 2, 2, LINE), shade)
            paint.text(NUMBER_RIGHT, cy, str(i + 1), "code", "text3", "r")
        paint.painter.restore()

    def copy_text(self) -> None:
        """Copy the program, exactly as it runs."""
        QGuiApplication.clipboard().setText(self.program.text)
        self.studio.notify(f"Copied {text.plural(len(self.program.lines), 'line')} of PyTorch")
