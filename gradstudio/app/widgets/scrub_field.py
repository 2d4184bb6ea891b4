"""ScrubField: a number that is dragged, stepped or typed."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QWidget

from gradstudio.app import text
from gradstudio.app.paint import Paint
from gradstudio.app.widgets.drawn import Drawn, Themed, scaled_font, sized, ui_scale
from gradstudio.app.widgets.inline_field import InlineField

Number = float | int
DRAG_STARTS = 3  # px
STEP, FINE, COARSE = 0.01, 0.1, 10.0  # of the number's power of ten, a px; with Shift; with Ctrl
PIXELS_AN_INT = 8


def scrubbed(start: Number, pixels: float, fine: bool = False, coarse: bool = False) -> Number:
    """Return the number that a drag of so many px makes of start: round figures, of start's kind."""
    speed = (FINE if fine else 1.0) * (COARSE if coarse else 1.0)
    if isinstance(start, int):
        return start + int(pixels * speed / PIXELS_AN_INT)
    unit = STEP * speed * 10.0 ** max(-6, _power(start))
    digits = max(0, -math.floor(math.log10(unit) + 1e-9))
    return round(start + round(pixels) * unit, digits)


def _power(value: float) -> int:
    return math.floor(math.log10(abs(value))) if value and math.isfinite(value) else 0


def number_for(words: str, dtype: str) -> Number | None:
    """Read what was typed as a number of a dtype; None where it is none, or does not fit."""
    value = text.parse_number(words.replace(",", ".") if words.count(",") == 1 and "." not in words else words)
    if value is None:
        return None
    kind = np.dtype(dtype)
    if kind.kind == "b":
        return bool(value) if value in (0, 1) else None
    if kind.kind in "iu":
        bounds = np.iinfo(kind)
        return int(value) if value == value // 1 and bounds.min <= value <= bounds.max else None
    return float(value)


class ScrubField(Drawn):
    """A number in a field. `edited(value, gesture)`: all values of one drag have the same gesture.

    Drag to change, Shift finer, Ctrl coarser, Esc takes the drag back; Up and Down step; a click, Enter or a digit lets one type.
    """

    edited = Signal(object, int)

    def __init__(self, themed: Themed, name: str, new_gesture: Callable[[], int], parent: QWidget | None = None) -> None:
        super().__init__(themed, parent)
        self._new_gesture = new_gesture
        self._value: Number = 0.0
        self._dtype = "float32"
        self._full = False
        self._drag: tuple[QPointF, Number, int] | None = None  # where from, start, gesture (0: not yet moved)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.SizeHorCursor)

    @property
    def value(self) -> Number:
        """The number on show."""
        return self._value

    def show_value(self, value: Number, dtype: str, full: bool = False) -> None:
        """Show a number; nothing is emitted."""
        if (value, type(value), dtype, full) == (self._value, type(self._value), self._dtype, self._full):
            return
        self._value, self._dtype, self._full = value, dtype, full
        self.setAccessibleDescription(text.number(value, True, dtype))
        self.update()

    def sizeHint(self) -> QSize:
        """Return room for a number of four digits."""
        return sized(112, 28)

    def draw(self, paint: Paint, width: float, height: float) -> None:
        """Paint the field and its number at the right."""
        rect = QRectF(0, 0, width, height)
        paint.rounded(rect, 6, "sunken", "text3" if self.underMouse() and self.isEnabled() else "line")
        paint.text(width - 10, height / 2, text.number(self._value, self._full, self._dtype), "number", "text", "r", width=width - 20)
        self.draw_focus(paint, rect, 6)

    # ------------------------------------------------------------ mouse
    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin what becomes a drag or a click."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._drag = (event.position(), self._value, 0)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Change the number while dragging."""
        if self._drag is None or isinstance(self._value, bool):
            return
        origin, start, gesture = self._drag
        pixels = event.position().x() - origin.x()
        if not gesture:
            if abs(pixels) < DRAG_STARTS:
                return
            gesture = self._new_gesture()
            self._drag = (origin, start, gesture)
        keys = event.modifiers()
        fine, coarse = bool(keys & Qt.KeyboardModifier.ShiftModifier), bool(keys & Qt.KeyboardModifier.ControlModifier)
        self._emit(scrubbed(start, pixels / ui_scale(), fine, coarse), gesture)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag; a click lets one type."""
        drag, self._drag = self._drag, None
        if drag is not None and not drag[2]:
            self.type()

    # ------------------------------------------------------------ keys
    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Step, begin to type, or take a drag back."""
        key, keys = event.key(), event.modifiers()
        if key == Qt.Key.Key_Escape and self._drag is not None:
            _, start, gesture = self._drag
            self._drag = None
            if gesture:
                self._emit(start, gesture)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            pixels = (10 if isinstance(self._value, float) else PIXELS_AN_INT) * (1 if key == Qt.Key.Key_Up else -1)
            fine, coarse = bool(keys & Qt.KeyboardModifier.ShiftModifier), bool(keys & Qt.KeyboardModifier.ControlModifier)
            self._emit(scrubbed(self._value, pixels, fine and isinstance(self._value, float), coarse), 0)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2):
            self.type()
        elif event.text() and event.text() in "0123456789.-+":
            self.type(event.text())
        else:
            super().keyPressEvent(event)

    # ------------------------------------------------------------ typing
    def type(self, first: str = "") -> None:
        """Let one type a number over the field."""
        if self.isEnabled():
            old = text.shortest(self._value, self._dtype) if isinstance(self._value, float) else str(self._value)
            line = InlineField(self, self.accessibleName(), self.rect(), scaled_font(self.themed, "number"), old, first)
            line.setAlignment(Qt.AlignmentFlag.AlignRight)
            line.done.connect(self._typed)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Draw the focus ring."""
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Take the focus ring away."""
        self.update()

    def _typed(self, words: str | None, step: int) -> None:
        value = number_for(words, self._dtype) if words is not None else None
        if value is not None:
            self._emit(value, 0)
        if step:
            self.focusNextPrevChild(step > 0)

    def _emit(self, value: Number, gesture: int) -> None:
        same = value == self._value or (isinstance(value, float) and math.isnan(value) and math.isnan(self._value))
        if not same or type(value) is not type(self._value):
            if gesture:
                self.show_value(value, self._dtype, self._full)  # the hand need not wait for the numbers that follow from it
            self.edited.emit(value, gesture)
