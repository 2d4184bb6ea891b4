"""What is written on a node at 75 % and up: the words that stay while numbers change, and those that change. Nothing here draws."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from msgspec import Struct
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QFont, QPainter

from gradstudio.app.canvas.faces import Cells, Drawer, InputFace, NodeFace
from gradstudio.app.canvas.geometry import CELL_GAP, CELL_H, DRAWER, HEAD, LARGE_H, Geometry
from gradstudio.app.metrics import Metrics
from gradstudio.app.paint import Align
from gradstudio.app.theme import Shade, Theme

LEFT = 12.0  # px at which what a node reads begins
LONG = 8  # letters of a gradient; longer ones are written smaller
ROW_GAP = 8.0  # px between what a row reads and what stands at its right
DRAWER_GAP = 8.0  # px between the label of a drawer and its number


class Ink(Struct, eq=False):
    """What words are written with. Alike are the same object."""

    role: str
    font: QFont
    metrics: Metrics
    color: QColor


@lru_cache(maxsize=512)
def _ink(theme: Theme, role: str, weight: int | None, argb: int, is_plain: bool) -> Ink:
    metrics = theme.metrics(role, weight)
    return Ink(role, metrics.plain_font if is_plain else metrics.font, metrics, QColor.fromRgba(argb))


class Word(NamedTuple):
    """Words at a place: their left end on the base line."""

    left: float
    base: float
    words: str
    ink: Ink

    @property
    def width(self) -> float:
        """How wide they are."""
        return self.ink.metrics.horizontalAdvance(self.words)


class Writing:
    """Words of one node, laid out. `still`: the same however numbers roll, while as many letters are needed for them."""

    __slots__ = ("changing", "still", "theme")

    def __init__(self, theme: Theme, still: list[Word] | None = None, changing: list[Word] | None = None) -> None:
        self.theme = theme
        self.still = [] if still is None else still
        self.changing = [] if changing is None else changing

    def stay(
        self, x: float, cy: float, words: str, role: str, shade: Shade = "text", align: Align = "l",
        weight: int | None = None, width: float | None = None,
    ) -> float:  # fmt: skip
        """Write words that stay, as `Paint.text` does. Return their width."""
        return self._put(self.still, x, cy, words, role, shade, align, weight, width)

    def change(
        self, x: float, cy: float, words: str, role: str, shade: Shade = "text", align: Align = "l",
        weight: int | None = None, width: float | None = None,
    ) -> float:  # fmt: skip
        """Write words that change with numbers. Return their width."""
        return self._put(self.changing, x, cy, words, role, shade, align, weight, width)

    def _put(
        self, to: list[Word], x: float, cy: float, words: str, role: str, shade: Shade, align: Align,
        weight: int | None, width: float | None,
    ) -> float:  # fmt: skip
        metrics = self.theme.metrics(role, weight)
        if width is not None:
            words = metrics.elidedText(words, Qt.TextElideMode.ElideRight, max(0.0, width))
        ink = _ink(self.theme, role, weight, self.theme.color(shade).rgba(), metrics.is_plain(words))
        advance = metrics.horizontalAdvance(words)
        left = x - advance if align == "r" else x
        to.append(Word(left, round(cy + metrics.half_cap), words, ink))
        return advance

    def width_of(self, words: str, role: str, weight: int | None = None) -> float:
        """Return how wide words are."""
        return self.theme.metrics(role, weight).horizontalAdvance(words)


def write(painter: QPainter, words: Iterable[Word]) -> None:
    """Write words where they were laid out."""
    for left, base, each, ink in words:
        painter.setFont(ink.font)
        painter.setPen(ink.color)
        painter.drawText(QPointF(left, base), each)


def written(theme: Theme, face: NodeFace, place: Geometry) -> Writing:
    """Return what is written on a node below its head."""
    writing = Writing(theme)
    if face.collapsed:
        if face.kind == "instance":
            writing.stay(LEFT, place.value, face.meta, "code", "text3")
            writing.change(place.width - 12, place.value, face.value, "nodeValueOp", face.value_tone, "r")
        return writing
    if face.kind in ("leaf", "input"):
        _leaf_words(writing, face, place)
    else:
        _op_words(writing, face, place)
        for row, cy in zip(face.inputs, place.rows, strict=True):
            _row_words(writing, row, cy, place.width, face.grey or not row.live)
    if face.drawer and place.drawer is not None:
        drawer_words(writing, face.drawer, place.drawer, place.width)
    return writing


def _formula(row: InputFace) -> str:
    """Return what stands before the number of a row, where there is room."""
    return f"∂ {row.formula} = " if row.formula else "∂ "


def _leaf_words(writing: Writing, face: NodeFace, place: Geometry) -> None:
    if face.cells is None:
        role = "nodeValueLeaf" if writing.width_of(face.value, "nodeValueLeaf") <= place.width - 24 else "nodeValueOp"
        writing.change(13, HEAD + 22, face.value, role, face.value_tone, width=place.width - 22)
    writing.stay(13, meta_of_leaf(face.cells), face.meta, "code", "text3", width=place.width - 22)


def meta_of_leaf(cells: Cells | None) -> float:
    """Return where shape and dtype of a leaf stand: under its number or its cells."""
    if cells is None or cells.words:
        return HEAD + 47
    return HEAD + 20 + LARGE_H if cells.large else HEAD + 22 + len(cells.rows) * (CELL_H + CELL_GAP)


def _op_words(writing: Writing, face: NodeFace, place: Geometry) -> None:
    used = writing.stay(LEFT, place.value, face.meta, "code", "text3")
    if face.cells is None:
        wide = writing.width_of(face.value, "nodeValueOp") > place.width - 36 - used
        writing.change(place.width - 12, place.value, face.value, "nodeName" if wide else "nodeValueOp", face.value_tone, "r", 500)
    for output in face.outputs[1:]:
        y = place.outputs[output.out]
        advance = writing.change(place.width - 12, y, output.value, "code", "text", "r", 500)
        writing.stay(place.width - 20 - advance, y, output.name, "code", "text3", "r")


def _row_words(writing: Writing, row: InputFace, cy: float, width: float, quiet: bool) -> None:
    right = width - 12
    if row.note:
        right -= writing.stay(right, cy, row.note, "code", "text2" if row.literal and not row.wired else "text3", "r") + 8
    elif row.number:
        right -= writing.change(right, cy, row.number, "code", "text", "r", 500) + 1
        room, words = right - LEFT - writing.width_of(row.label, "code") - ROW_GAP, _formula(row)
        fits = writing.width_of(words, "code") <= room
        right -= writing.change(right, cy, words if fits else "∂ ", "code", "text3", "r") + ROW_GAP
    elif row.formula:
        room = right - LEFT - writing.width_of(row.label, "code") - 8
        right -= writing.stay(right, cy, f"∂ {row.formula}", "code", "text3", "r", width=room) + 8
    if quiet:
        writing.stay(LEFT, cy, row.label, "code", "text3", width=right - LEFT)
    else:
        writing.stay(LEFT, cy, row.label, "code", "text2", weight=500, width=right - LEFT)


def drawer_words(writing: Writing, drawer: Drawer, top: float, width: float) -> None:
    """Write label and number of a drawer, from its top edge over the width of the node."""
    theme, stored = writing.theme, drawer.kind == "stored"
    cy, left = top + DRAWER / 2, label_left(drawer)
    if stored and drawer.cells is not None:
        writing.stay(left, cy, drawer.label, "code", "text3")
        return
    ink = theme.gradient_text(drawer.value) if drawer.value is not None else theme.color("text" if stored else "text2")
    role, weight = ("nodeGrad", 600) if stored and len(drawer.words) <= LONG else ("number", 600 if stored else 500)
    shade: Shade = "text3" if drawer.kind == "none" else ink
    label, role = (drawer.label, role) if stored else fitted(theme, drawer, role, weight, width - 11 - left - DRAWER_GAP)
    advance = writing.change(width - 11, cy, drawer.words, role, shade, "r", weight)
    label_ink = "text2" if stored else "text3"
    writing.stay(left, cy, label, "code", label_ink, weight=500 if stored else 400, width=width - 11 - advance - DRAWER_GAP - left)


def label_left(drawer: Drawer) -> float:
    """Return where the label of a drawer begins: after the pin of a kept gradient."""
    return 28.0 if drawer.pin else LEFT


def fitted(theme: Theme, drawer: Drawer, role: str, weight: int, room: float) -> tuple[str, str]:
    """Return the label and the size of the words that fit side by side; words may be smaller, and the label `∂/∂mse_loss`."""
    shorter = "∂/∂" + drawer.label.partition("/∂")[2]
    tries = [(drawer.label, role), (shorter, role), (shorter, "code")]
    if drawer.kind == "none":
        tries.insert(1, (drawer.label, "code"))

    def fits(label: str, size: str) -> bool:
        words = theme.metrics(size, weight).horizontalAdvance(drawer.words)
        return theme.metrics("code").horizontalAdvance(label) + words <= room

    return next((each for each in tries if fits(*each)), tries[-1])
