"""CodeView: a program to be read, selected and copied, with numbers beside its lines and marks on some of them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import lru_cache

from PySide6.QtCore import QMargins, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QLinearGradient,
    QPaintEvent,
    QResizeEvent,
    QSyntaxHighlighter,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
)
from PySide6.QtWidgets import QFrame, QTextEdit, QWidget

from gradstudio.app.paint import Paint
from gradstudio.app.widgets.drawn import Themed, begin, scaled_font, theme_of, ui_scale
from gradstudio.app.widgets.overlay_scroll import HORIZONTAL, VERTICAL, OverlayBar

LINE, LEFT, DIGIT = 22.0, 36.0, 7.0  # px: height of a line; where the code starts, right of line numbers; a further digit of those
FADE = 20.0  # px over which code that is too long fades out before the value beside it
DIM = frozenset({
    "with", "def", "for", "in", "range", "import", "as", "return", "global", "try", "except", "raise", "if", "else", "None", "True",
    "False",
    "torch", "F", "requires_grad", "dtype", "lambda", "and", "or", "not", "is", "del",
})  # fmt: skip
WORD = re.compile(r"[A-Za-z_0-9]+|[^A-Za-z_0-9\s]+")


class Dimmer(QSyntaxHighlighter):
    """Names and numbers in ink; keywords, `torch` and punctuation dimmed; comments too. No hue: that belongs to gradients."""

    def __init__(self, themed: Themed, document: QTextDocument) -> None:
        super().__init__(document)
        self.themed = themed

    def highlightBlock(self, words: str) -> None:
        """Colour one line."""
        theme = theme_of(self.themed)
        bright, dim = _ink(theme.color("text").rgba()), _ink(theme.color("text3").rgba())
        if words.lstrip().startswith("#"):
            self.setFormat(0, len(words), dim)
            return
        for match in WORD.finditer(words):
            word = match.group()
            self.setFormat(match.start(), len(word), dim if word in DIM or not (word[0].isalnum() or word[0] == "_") else bright)


@lru_cache(maxsize=16)
def _ink(rgba: int) -> QTextCharFormat:
    made = QTextCharFormat()
    made.setForeground(QColor.fromRgba(rgba))
    return made


def no_value(line: int) -> str:
    """Return nothing: no line has a value."""
    return ""


class CodeView(QTextEdit):
    """The text itself: read only, to be selected and copied. Line numbers and values are painted beside it."""

    def __init__(self, themed: Themed, parent: QWidget) -> None:
        super().__init__(parent)
        self.themed = themed
        self.value_of: Callable[[int], str] = no_value  # what stands beside a line; asked for lines in view only
        self.current: frozenset[int] = frozenset()  # lines, from 0
        self.failed: frozenset[int] = frozenset()
        self._shown: tuple[object, list[tuple[int, float]]] = (None, [])  # the lines in view, and what decides which they are
        self.setReadOnly(True)
        self.setAcceptRichText(False)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setLineWrapMode(QTextEdit.LineWrapMode.NoWrap)
        self.setStyleSheet("QTextEdit, QTextEdit:focus { background: transparent; border: none; border-radius: 0; padding: 0; }")
        self.setAccessibleName("PyTorch program")
        self.setUndoRedoEnabled(False)
        self.bars = OverlayBar(self, VERTICAL), OverlayBar(self, HORIZONTAL, shy=True)
        self.document().setDocumentMargin(0)
        self.dimmer = Dimmer(themed, self.document())
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.document().blockCountChanged.connect(self._make_gutter)
        self.dress()

    @property
    def gutter(self) -> float:
        """Where the code starts, in px of the design: line numbers of four digits need more room."""
        return LEFT + DIGIT * max(0, len(str(self.document().blockCount())) - 3)

    def _make_gutter(self) -> None:
        """Leave room for line numbers, and below for what is no whole line."""
        margins = QMargins(round((self.gutter - 1) * ui_scale()), 0, 0, self.height() % self._pitch())
        if margins != self.viewportMargins():
            self.setViewportMargins(margins)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show whole lines."""
        self._make_gutter()
        super().resizeEvent(event)

    def dress(self) -> None:
        """Take the theme's colours and the UI scale on."""
        self._shown = None, []
        self.setFont(scaled_font(self.themed, "code"))
        self._make_gutter()
        self._format_lines()
        self.dimmer.rehighlight()

    def _format_lines(self) -> None:
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.setBlockFormat(self._line_format())

    # ------------------------------------------------------------ text
    def show_lines(self, old: tuple[str, ...], new: tuple[str, ...]) -> None:
        """Replace what differs, and leave the rest, the selection and the scroll bars where they are."""
        head = 0
        while head < min(len(old), len(new)) and old[head] == new[head]:
            head += 1
        tail = 0
        while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
            tail += 1
        cursor = QTextCursor(self.document())
        if not old or head + tail == 0:
            self.setPlainText("\n".join(new))
            self._format_lines()
            return
        if len(old) == len(new):
            for i in range(head, len(new) - tail):
                if old[i] != new[i]:
                    self.write_line(i, new[i])
            return
        self._replace_lines(cursor, head, len(old) - tail, new[head : len(new) - tail])

    def write_line(self, i: int, words: str) -> None:
        """Replace what stands on a line."""
        cursor = QTextCursor(self.document())
        cursor.setPosition(self.document().findBlockByNumber(i).position())
        cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(words)

    def _replace_lines(self, cursor: QTextCursor, first: int, last: int, words: tuple[str, ...]) -> None:
        """Replace lines first to last (not last itself), which need not be there."""
        document = self.document()
        end = document.characterCount() - 1
        start_block, end_block = document.findBlockByNumber(first), document.findBlockByNumber(last)
        start = start_block.position() if start_block.isValid() else end
        stop = end_block.position() if end_block.isValid() else end
        made = "".join(f"{line}\n" for line in words)
        if not end_block.isValid():
            made = made[:-1]
            if not start_block.isValid():
                made = "\n" + made
            elif not words:
                start = max(0, start - 1)
        cursor.setPosition(start)
        cursor.setPosition(stop, QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(made)

    @staticmethod
    def _pitch() -> int:
        return round(LINE * ui_scale())

    def _line_format(self) -> QTextBlockFormat:
        format_ = QTextBlockFormat()
        format_.setLineHeight(self._pitch(), QTextBlockFormat.LineHeightTypes.FixedHeight.value)
        return format_

    # ------------------------------------------------------------ paint
    def centre(self, block: QTextBlock) -> float:
        """Return the optical centre of a line, in px of the viewport."""
        layout = self.document().documentLayout()
        line = block.layout().lineAt(0)
        baseline = layout.blockBoundingRect(block).top() + line.position().y() + line.ascent()
        return baseline - self.fontMetrics().capHeight() / 2 - self.verticalScrollBar().value()

    def shown_blocks(self) -> list[tuple[int, float]]:
        """Return the lines in view: number from 0, centre in px of the viewport."""
        pitch, count = self._pitch(), self.document().blockCount()
        place = self.verticalScrollBar().value(), self.viewport().height(), count, pitch
        if place != self._shown[0]:
            block = self.cursorForPosition(self.viewport().rect().topLeft()).block()
            first, centre = block.blockNumber(), self.centre(block)
            last = first + math.ceil((self.viewport().height() + pitch - centre) / pitch)
            self._shown = place, [(i, centre + (i - first) * pitch) for i in range(first, min(last, count))]
        return self._shown[1]

    def update_lines(self, lines: frozenset[int]) -> None:
        """Paint some lines again, where they are in view."""
        reach = self._pitch() / 2
        for i, centre in self.shown_blocks() if lines else ():
            if i in lines:
                self.viewport().update(QRectF(0, centre - reach, self.viewport().width(), 2 * reach).toAlignedRect())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the current line under the text, the values over it."""
        scale, pitch, asked = ui_scale(), self._pitch(), event.rect()
        blocks = [(i, centre) for i, centre in self.shown_blocks() if asked.top() - pitch < centre < asked.bottom() + pitch]
        painter, paint = begin(self.viewport(), self.themed)
        width = self.viewport().width() / scale
        paint.fill(self.viewport().rect().toRectF(), "panel")
        for i, centre in blocks:
            if i in self.current or i in self.failed:
                shade = "error" if i in self.failed else "accent"
                paint.fill(QRectF(0, centre / scale - LINE / 2, width, LINE), shade, 0.13)
        painter.end()
        super().paintEvent(event)
        painter, paint = begin(self.viewport(), self.themed)
        for i, centre in blocks if self.horizontalScrollBar().value() == 0 else ():  # who scrolls on wants to read the code
            words = self.value_of(i)
            if words:
                self._paint_value(paint, width - 12, centre / scale, words, i)
        painter.end()

    def _paint_value(self, paint: Paint, right: float, cy: float, words: str, line: int) -> None:
        """Write a value at the right; long code fades out before it."""
        advance = paint.theme.metrics("code").horizontalAdvance(words)
        plate = "error" if line in self.failed else "accent"
        ground = paint.theme.mix("panel", plate, 0.13) if line in self.current | self.failed else paint.theme.color("panel")
        left = right - advance - 8
        code = self.document().findBlockByNumber(line).layout()
        if code.lineCount() and code.lineAt(0).naturalTextWidth() / ui_scale() > left:
            fade, clear = QLinearGradient(left - FADE, 0, left, 0), QColor(ground)
            clear.setAlpha(0)
            fade.setColorAt(0, clear)
            fade.setColorAt(1, ground)
            paint.painter.fillRect(QRectF(left - FADE, cy - 9, FADE, 18), fade)
            paint.fill(QRectF(left, cy - 9, advance + 20, 18), ground)
        paint.text(right, cy, words, "code", "text3", "r")
