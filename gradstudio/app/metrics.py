"""Metrics: how wide words are, measured once. Shaping text costs more than drawing it, and most words are painted many times."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontInfo, QFontMetricsF

MOST = 4096  # words remembered by each font; numbers come and go
PLAIN = frozenset(map(chr, range(32, 127))) | frozenset("−→‖∂·²×≤≥∞…")  # letters that no other one changes


class Metrics(QFontMetricsF):
    """The metrics of one font, with a memory."""

    def __init__(self, font: QFont) -> None:
        super().__init__(font)
        self.font = font
        self.plain_font = QFont(font)  # for plain words: to find nothing to be shaped takes a third of the time of writing
        self.plain_font.setStyleStrategy(QFont.StyleStrategy(font.styleStrategy() | QFont.StyleStrategy.PreferNoShaping))
        self._widths: dict[str, float] = {}
        self.half_cap = self.capHeight() / 2
        self._pitch = super().horizontalAdvance("0") if QFontInfo(font).fixedPitch() else 0.0
        self._letters: dict[str, float] = {}  # of one pitch, but for those that come from another font

    def is_plain(self, words: str) -> bool:
        """Say whether letters are as wide beside others as alone, and look the same."""
        return bool(self._pitch) and PLAIN.issuperset(words)

    def font_for(self, words: str) -> QFont:
        """Return the font to write words in."""
        return self.plain_font if self.is_plain(words) else self.font

    def horizontalAdvance(self, words: str) -> float:  # type: ignore[override]
        """Return the width of words."""
        found = self._widths.get(words)
        if found is None:
            if len(self._widths) >= MOST:
                self._widths.clear()
            found = self._widths[words] = self._measured(words)
        return found

    def _measured(self, words: str) -> float:
        """Return a width that is not remembered."""
        if not self.is_plain(words):
            return super().horizontalAdvance(words)
        if words.isascii():
            return len(words) * self._pitch
        letters = self._letters
        for letter in words:
            if letter not in letters:
                letters[letter] = super().horizontalAdvance(letter)
        return sum(map(letters.__getitem__, words))

    def elidedText(self, words: str, mode: Qt.TextElideMode, width: float) -> str:  # type: ignore[override]
        """Return words, cut with an ellipsis where they are wider."""
        return words if self.horizontalAdvance(words) <= width else super().elidedText(words, mode, width)
