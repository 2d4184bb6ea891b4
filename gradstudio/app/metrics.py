"""Metrics: how wide words are, measured once. Shaping text costs more than drawing it, and most words are painted many times."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontMetricsF

MOST = 4096  # words remembered by each font; numbers come and go
DIGITS = frozenset("0123456789.−")


class Metrics(QFontMetricsF):
    """The metrics of one font, with a memory."""

    def __init__(self, font: QFont) -> None:
        super().__init__(font)
        self._widths: dict[str, float] = {}
        self.half_cap = self.capHeight() / 2
        self._digit: float | None = None  # how wide each of DIGITS is; 0 where they differ; None: not yet known

    def horizontalAdvance(self, words: str) -> float:  # type: ignore[override]
        """Return the width of words."""
        found = self._widths.get(words)
        if found is None:
            if len(self._widths) >= MOST:
                self._widths.clear()
            found = self._widths[words] = self._measured(words)
        return found

    def _measured(self, words: str) -> float:
        """Return a width that is not remembered. A number's, in a font whose digits are equally wide, need not be shaped."""
        if not DIGITS.issuperset(words):
            return super().horizontalAdvance(words)
        if self._digit is None:
            widths = {super(Metrics, self).horizontalAdvance(digit) for digit in DIGITS}
            self._digit = widths.pop() if len(widths) == 1 else 0.0
        return len(words) * self._digit if self._digit else super().horizontalAdvance(words)

    def elidedText(self, words: str, mode: Qt.TextElideMode, width: float) -> str:  # type: ignore[override]
        """Return words, cut with an ellipsis where they are wider."""
        return words if self.horizontalAdvance(words) <= width else super().elidedText(words, mode, width)
