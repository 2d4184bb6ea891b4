"""Error card: what happened in plain words, PyTorch's own message, and up to three ways out on the keys 1 2 3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QWidget

from gradstudio.app.paint import Paint, wrapped
from gradstudio.app.widgets.card import MARGIN, Card
from gradstudio.app.widgets.drawn import POINTING, Themed, begin, ui_scale
from gradstudio.app.widgets.plain import set_tip
from gradstudio.document.graph import CallId, NodePath
from gradstudio.explain.errors import explain_call
from gradstudio.explain.explanation import Explanation, Fix

if TYPE_CHECKING:
    from gradstudio.app.change import Change, Shown
    from gradstudio.app.studio import Studio

WIDTH, LINE, FIX, FIX_PITCH = 378.0, 20.0, 42.0, 48.0
MESSAGE_LINE, SHORT, LONG = 17.0, 3, 24  # px; lines of PyTorch's message before and after "Show all"
LONGEST = 4000  # characters of it that are laid out; copying gives all


def raised_call(shown: Shown, k: int) -> CallId | None:
    """Return the call whose error belongs to a step: the one that raised there; at the end the first that raised in the run."""
    span = shown.trace.span_at(k)
    if span and span.raised and span.end == k:
        return span.call
    if k < shown.trace.end:
        return None
    return next((call for call, outcome in shown.trace.outcomes.items() if outcome.kind == "raised"), None)


def apply_fix(studio: Studio, fix: Fix) -> None:
    """Carry a fix out: its commands as one moment of history, else go to its step, else select its node."""
    commands: tuple[Any, ...] = fix.commands(studio.new_id)
    gesture = studio.new_gesture() if len(commands) > 1 else 0
    for command in commands:
        studio.do(replace(command, gesture=gesture) if gesture else command)
    if fix.go_to is not None and not commands:
        studio.player.go_to(fix.go_to)
    if fix.focus and not commands:
        studio.select([fix.focus[0]])


class ErrorCard(Card):
    """Explains the failure on show. The canvas places it by `node`; Escape puts it away until something else fails."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(studio, parent)
        self.studio = studio
        self.explanation: Explanation | None = None
        self._away: tuple[str, str] | None = None  # cause and message of the failure that was put away
        self._all = False
        self._fixes: list[FixButton] = []
        self._copy = SmallButton(studio, "Copy the message", "copy", "", self)
        self._more = SmallButton(studio, "Show the whole message", "", "Show all", self)
        self._copy.clicked.connect(self.copy_message)
        self._more.clicked.connect(self._show_all)
        self.setAccessibleName("Error")
        self.closed.connect(self._put_away)
        studio.changed.connect(self.refresh)
        self._read()

    def refresh(self, change: Change) -> None:
        """Read the failure on show anew."""
        if change.everything or change.trace or change.playhead or change.document:
            shown = self.studio.shown
            if self.explanation is not None or raised_call(shown, shown.state.k) is not None:
                self._read()
        elif change.theme:
            self.fit()

    @property
    def node(self) -> NodePath | None:
        """The node to stand beside; None where nothing is to be shown."""
        return self.explanation.node if self.explanation else None

    def _read(self) -> None:
        shown = self.studio.shown
        call = raised_call(shown, shown.state.k)
        found = explain_call(shown.document, shown.trace, shown.state, call) if call else None
        if found and (found.cause, found.message) == self._away:
            found = None
        elif found:
            self._away = None
        if found is None or self.explanation is None or found.message != self.explanation.message:
            self._all = False
        self.explanation = found
        self._set_fixes(found.fixes if found else ())
        self.setAccessibleDescription(f"{found.title}. {found.words} {found.message}" if found else "")
        self.fit()
        self.wanted.emit(self.node)

    def _set_fixes(self, fixes: tuple[Fix, ...]) -> None:
        for button in self._fixes:
            button.hide()
            button.deleteLater()
        self._fixes = [FixButton(self.studio, fix, i, self) for i, fix in enumerate(fixes)]
        for button in self._fixes:
            button.show()
        for widget in (self._copy, self._more):
            widget.setVisible(self.explanation is not None)

    def _put_away(self) -> None:
        if self.explanation:
            self._away = (self.explanation.cause, self.explanation.message)
            self._read()

    def copy_message(self) -> None:
        """Put PyTorch's message on the clipboard, in full."""
        if self.explanation:
            QGuiApplication.clipboard().setText(self.explanation.message)
            self.studio.notify("The message was copied")

    def _show_all(self) -> None:
        self._all = not self._all
        self._more.words = "Show less" if self._all else "Show all"
        self.fit()

    # ---- layout, in px of the design

    def _title(self) -> list[str]:
        return wrapped(self.explanation.title if self.explanation else "", self.colors.metrics("heading"), WIDTH - 60)[:3]

    def _words(self) -> list[str]:
        return wrapped(self.explanation.words if self.explanation else "", self.colors.metrics("bodyLarge"), WIDTH - 32)

    def _lines(self) -> tuple[list[str], bool]:
        """Return the lines of the message on show, and whether there are more."""
        message = self.explanation.message if self.explanation else ""
        lines = wrapped(message[:LONGEST], self.colors.metrics("code"), WIDTH - 78)
        if self._all or len(lines) <= SHORT:
            return lines[:LONG], len(lines) > SHORT
        return [*lines[: SHORT - 1], self._beside_button(lines[SHORT - 1])], True

    def _beside_button(self, line: str) -> str:
        """Return a line cut at a word, with an ellipsis, so that "Show all" fits beside it."""
        measure = self.colors.metrics("code")
        while " " in line and measure.horizontalAdvance(f"{line} …") > WIDTH - 118:
            line = line.rpartition(" ")[0]
        return f"{line} …"

    def _tops(self) -> tuple[float, float, float]:
        """Return where words, message and fixes begin."""
        words = 26 + LINE * len(self._title())
        message = words + LINE * len(self._words()) + 12
        return words, message, message + 11 + MESSAGE_LINE * max(2, len(self._lines()[0])) + 10

    def body_size(self) -> tuple[float, float]:
        """Return the size for words, message and fixes."""
        fixes = len(self.explanation.fixes) if self.explanation else 0
        return WIDTH, self._tops()[2] + FIX_PITCH * fixes + (24 if fixes else 4)

    def fit(self) -> None:
        """Take the size that is needed and lay the buttons out."""
        super().fit()
        scale = ui_scale()
        _, message, fixes = self._tops()
        lines, more = self._lines()
        self._more.setVisible(self.explanation is not None and more)
        last = message + 14 + MESSAGE_LINE * (max(2, len(lines)) - 1)
        self._put(self._copy, WIDTH - 40, message + 2, 24, 24, scale)
        self._put(self._more, WIDTH - 86, last - 11, 68, 24, scale)
        for i, button in enumerate(self._fixes):
            self._put(button, 14, fixes + FIX_PITCH * i, WIDTH - 28, FIX, scale)

    def _put(self, widget: QWidget, x: float, y: float, width: float, height: float, scale: float) -> None:
        left, top = round((MARGIN + x) * scale), round((MARGIN + y) * scale)
        widget.setGeometry(left, top, round(width * scale), round(height * scale))

    def draw_body(self, paint: Paint, width: float, height: float) -> None:
        """Paint title, words and message; the buttons paint themselves."""
        if self.explanation is None:
            return
        words, message, _ = self._tops()
        paint.icon("octagon-alert", 25, 27, 18, "error")
        for i, line in enumerate(self._title()):
            paint.text(44, 27 + LINE * i, line, "heading", "text")
        paint.paragraph(QRectF(16, words, width - 32, 0), self.explanation.words, "bodyLarge", "text2", LINE)
        self._draw_message(paint, message, width)

    def _draw_message(self, paint: Paint, top: float, width: float) -> None:
        lines = self._lines()[0]
        paint.rounded(QRectF(14, top, width - 28, 11 + MESSAGE_LINE * max(2, len(lines))), 7, "errorBg")
        for i, line in enumerate(lines):
            paint.text(24, top + 14 + MESSAGE_LINE * i, line, "code", "text", width=width - 70)


class FixButton(QAbstractButton):
    """One way out: what it does, what that means, and its key. The first is the primary one."""

    def __init__(self, studio: Studio, fix: Fix, index: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.studio, self.fix, self.index = studio, fix, index
        self.setText(fix.words.replace("&", "&&"))
        self.setShortcut(QKeySequence(str(index + 1)))
        self.setAccessibleName(fix.words)
        self.setAccessibleDescription(f"{fix.detail}. Key {index + 1}")
        self.setCursor(POINTING)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.clicked.connect(self.carry_out)

    def carry_out(self) -> None:
        """Do what the fix says."""
        apply_fix(self.studio, self.fix)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the plate, the two lines and the key cap."""
        painter, paint = begin(self, self.studio)
        plate = plate_of(self)
        primary = self.index == 0
        lit = self.underMouse() or self.isDown()
        fill = paint.theme.mix("accentFill", "onAccent", 0.1 if lit else 0) if primary else paint.theme.color("hover" if lit else "raised")
        paint.rounded(plate, 8, fill, None if primary else "line")
        shade = "onAccent" if primary else "text"
        paint.text(14, 14, self.fix.words, "nodeName", shade, width=plate.width() - 56)
        paint.text(
            14, 30, self.fix.detail, "caption", paint.theme.color("onAccent", 0.85) if primary else "text2", width=plate.width() - 56
        )
        self._draw_key(paint, plate, primary)
        if self.hasFocus():
            paint.rounded(plate.adjusted(2, 2, -2, -2), 6, None, "onAccent" if primary else "focus", 2)
        painter.end()

    def _draw_key(self, paint: Paint, plate: QRectF, primary: bool) -> None:
        x = plate.width() - 32
        if not primary:
            paint.key_cap(x, 21, str(self.index + 1))
            return
        paint.rounded(QRectF(x, 12, 20, 18), 4, "onAccent", alpha=0.2)
        paint.text(x + 10, 21, str(self.index + 1), "caption", "onAccent", "c", 600)


class SmallButton(QAbstractButton):
    """An icon or a word in the message block."""

    def __init__(self, themed: Themed, name: str, icon: str, words: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.themed, self._icon, self.words = themed, icon, words
        self.setAccessibleName(name)
        set_tip(self, name)
        self.setCursor(POINTING)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the icon or the word, and the ring of the focus."""
        painter, paint = begin(self, self.themed)
        plate = plate_of(self)
        lit = self.underMouse() or self.isDown()
        if self._icon:
            paint.icon(self._icon, plate.center().x(), plate.center().y(), 13, "text" if lit else "text3")
        paint.text(plate.right() - 6, plate.center().y(), self.words, "caption", "text" if lit else "text2", "r", 500)
        if self.hasFocus():
            paint.rounded(plate, 5, None, "focus", 2)
        painter.end()


def plate_of(widget: QWidget) -> QRectF:
    """Return a widget's rectangle in px of the design."""
    scale = ui_scale()
    return QRectF(0, 0, widget.width() / scale, widget.height() / scale)
