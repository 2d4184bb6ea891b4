"""Metrics: a width that is added up of letters is the one that Qt measures."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QApplication

from gradstudio.app import theme
from gradstudio.app.metrics import PLAIN

WORDS = st.text(st.sampled_from(sorted(PLAIN)), min_size=1, max_size=30)
JOINED = st.sampled_from(["x -> y", "a != b", "x**2 == 4", "∂ 2x = 6.29", "‖0.6265‖", "naïve", "−0.03125", "Δ→é"])


@pytest.mark.parametrize("role", list(theme.TOKENS["type"]["role"]))
@settings(max_examples=30, deadline=None)
@given(words=WORDS | JOINED, weight=st.sampled_from([None, 500, 600]), scale=st.sampled_from([1.0, 1.25, 2.0]))
def test_words_are_as_wide_as_qt_says(qapp: QApplication, role: str, words: str, weight: int | None, scale: float) -> None:
    theme.load_fonts()
    measured = QFontMetricsF(theme.font(role, weight, scale)).horizontalAdvance(words)
    assert theme.metrics(role, weight, scale).horizontalAdvance(words) == pytest.approx(measured, abs=1e-6)
