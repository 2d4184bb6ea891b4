"""The lines of the ledger panel, as plain values that paint themselves: entries of an account, watched tensors."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct
from PySide6.QtCore import QRectF

from gradstudio.app import text
from gradstudio.app.paint import Paint
from gradstudio.app.widgets.row_list import ROW
from gradstudio.explain.account import Entry
from gradstudio.session.trace import TensorKey

Place: TypeAlias = Literal["past", "now", "future"]
INDENT = {"write": 16.0, "term": 34.0, "sum": 34.0, "remark": 16.0}


class EntryLine(Struct, frozen=True):
    """An entry of the account. `signed`: it is one number, coloured by its sign; else a norm, in ink."""

    entry: Entry
    signed: bool
    place: Place
    full: bool = False

    @property
    def number(self) -> str:
        """What stands at the right."""
        value = self.entry.value
        if self.entry.kind == "remark":
            return ""
        number = text.number(value, self.full) if value is None or self.signed else text.norm(value, self.full)
        return f"+ {number}" if self.entry.kind == "term" else f"= {number}" if self.entry.kind == "sum" else number

    @property
    def spoken(self) -> str:
        """The line in words."""
        entry = self.entry
        kind = "balance " if entry.kind == "write" else ""
        return ", ".join(part for part in (f"step {entry.step}", entry.words, entry.note, f"{kind}{self.number}") if part)

    def draw(self, paint: Paint, width: float) -> None:
        """Paint words, note and number; the write of now has the violet bar."""
        entry, cy, now = self.entry, ROW / 2, self.place == "now"
        title, x = entry.kind == "write", INDENT[entry.kind]
        if now and title:
            paint.fill(QRectF(0, 0, width, ROW), "hover")
            paint.fill(QRectF(0, 0, 2, ROW), "accent")
        if entry.kind == "remark":
            paint.icon("octagon-alert", x + 6, cy, 12, "error")
            paint.text(x + 18, cy, entry.words, "caption", "text2", width=width - x - 30)
            return
        future = self.place == "future"
        coloured = self.signed and entry.value is not None and not future
        ink = paint.theme.gradient_text(entry.value) if coloured else paint.theme.color("text3" if future else "text")
        right = paint.text(width - 14, cy, self.number, "number", ink, "r", weight=600 if title else None)
        shade, room = "text3" if future else "text" if title else "text2", width - 24 - right
        x += paint.text(x, cy, entry.words, "body", shade, weight=500 if title else None, width=max(0.0, room - x)) + 8
        paint.text(x, cy, entry.note, "code", "text3", width=max(0.0, room - x))


class WatchLine(Struct, frozen=True):
    """A watched tensor, or its `.grad`. `changed`: the step on show wrote it."""

    key: TensorKey
    grad: bool
    name: str
    words: str
    value: float | None
    changed: bool

    @property
    def spoken(self) -> str:
        """The line in words."""
        return f"{self.name} {self.words}{', changed by this step' if self.changed else ''}"

    def draw(self, paint: Paint, width: float) -> None:
        """Paint name and number; what this step changed has a dot, and stands out."""
        cy = ROW / 2
        if self.changed:
            paint.fill(QRectF(0, 0, width, ROW), "accent", 0.13)
            paint.dot(8, cy, 3, "accent")
        ink = paint.theme.gradient_text(self.value) if self.grad and self.value is not None else paint.theme.color("text")
        right = paint.text(width - 14, cy, self.words, "number", ink, "r", weight=600 if self.changed else None)
        paint.text(16, cy, self.name, "number", "text" if self.changed else "text2", width=max(0.0, width - 34 - right))
