"""Text from a document reaches widgets through here: nothing in it is ever taken for rich text."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

LONGEST_TIP = 500
RICH = str.maketrans(  # the module html takes longer to load than all tips
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;", "\n": "<br>"}
)


def label(text: str, parent: QWidget | None = None) -> QLabel:
    """Return a label that shows text as it is."""
    made = QLabel(parent)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setText(text)
    return made


def tip(text: str) -> str:
    """Return text as a tool tip that shows it as it is, line by line, cut to a length that Qt lays out at once."""
    cut = text if len(text) <= LONGEST_TIP else text[: LONGEST_TIP - 1] + "…"
    return f"<qt>{cut.translate(RICH)}</qt>" if cut else ""


def set_tip(widget: QWidget, text: str) -> None:
    """Give a widget a tool tip of plain text."""
    words = tip(text)
    if words != widget.toolTip():  # Qt sends an event either way
        widget.setToolTip(words)
