"""Step card: the arithmetic of the step on show, `upstream × local derivative = contribution → target`."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace
from PySide6.QtCore import QEvent, QPointF, QRectF
from PySide6.QtGui import QColor, QHelpEvent, QMouseEvent, QPixmap
from PySide6.QtWidgets import QToolTip, QWidget

from gradstudio.app.announcer import say
from gradstudio.app.choreography import Choreography
from gradstudio.app.paint import Paint
from gradstudio.app.theme import metrics
from gradstudio.app.widgets.card import MARGIN, Card
from gradstudio.app.widgets.drawn import ui_scale
from gradstudio.app.widgets.plain import tip
from gradstudio.app.widgets.step_label import cut, draw_label, height_added
from gradstudio.document.graph import NodePath
from gradstudio.explain.closer import closer
from gradstudio.explain.equation import Equation, Row, Term, equation
from gradstudio.session.microscope import Look

if TYPE_CHECKING:
    from gradstudio.app.change import Change
    from gradstudio.app.studio import Studio

WIDTH, HEAD, CAPTIONS, FOOT = 484.0, 46.0, 34.0, 40.0
WIDEST, TARGETS = 600.0, 436.0  # of the card, for long names of targets; what stands beside these
ROW, TALL_ROW, GAP = 54.0, 96.0, 6.0
LOOK = 42.0  # of what the microscope tells; kept free where there are cells, so that the card does not jump under the pointer
HINT, UNTOLD = "Point at a cell of a contribution to see what made it", "This op does not tell what made one cell"
COLUMNS = (70.0, 198.0, 334.0)  # centres of three columns beside a target
FIRST, LAST = 84.0, 400.0  # of the first and the last column where there is no target


class StepCard(Card):
    """Shown while stepping; empty at steps that are about no node. The canvas places it by `node`."""

    def __init__(self, studio: Studio, parent: QWidget | None = None, clock: Choreography | None = None) -> None:
        super().__init__(studio, parent)
        self.studio = studio
        self.clock = clock if clock is not None else Choreography(self)
        self.clock.moved.connect(self.update)
        self.clock.landed.connect(self._landed)
        self._former: tuple[QPixmap, Equation] | None = None  # what fades out
        self.equation: Equation | None = None
        self.pointed: tuple[int, int] | None = None  # row and cell under the microscope
        self.told: tuple[str, str] = ("", "")  # what made that cell, and the axes it is about
        self.setMouseTracking(True)
        self.setAccessibleName("Step")
        studio.changed.connect(self.refresh)
        self._read()

    def refresh(self, change: Change) -> None:
        """Read the step anew where the playhead or the numbers moved."""
        numbers = change.trace or change.values or change.flows or change.engine
        is_told = self.equation is not None or self.studio.player.stepping
        if is_told and (change.everything or change.playhead or numbers or change.theme or change.document):
            self._read()

    def _read(self) -> None:
        shown, former = self.studio.shown, self.equation
        fading = self.clock.running and self.isVisible() and former is not None and self._former is None
        picture = self.grab() if fading else QPixmap()
        self.equation = equation(shown.document, shown.trace, shown.state) if self.studio.player.stepping else None
        self.setAccessibleDescription(self.equation.spoken if self.equation else "")
        self.pointed, self.told = None, ("", "")
        if fading and former is not None and self.equation is not None:
            self._former = picture, former
        self.fit()
        self.wanted.emit(self.node)

    def _landed(self) -> None:
        self._former = None
        self.update()

    def draw(self, paint: Paint, width: float, height: float) -> None:
        """Paint the card; over the one before while that fades out."""
        if self._former is not None:
            picture = self._former[0]
            paint.card(QRectF(MARGIN, MARGIN, width - 2 * MARGIN, height - 2 * MARGIN))
            place = QRectF(QPointF(), picture.deviceIndependentSize() / ui_scale())
            paint.picture(picture, place)
            paint.painter.setOpacity(self.clock.part("card"))
        super().draw(paint, width, height)

    # ---- the microscope

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Look at the cell of a contribution that the pointer is on."""
        super().mouseMoveEvent(event)
        if not event.buttons():
            at = event.position() / ui_scale() - QPointF(MARGIN, MARGIN)
            self.look_at(self.cell_at(at))

    def leaveEvent(self, event: QEvent) -> None:
        """Put the microscope away."""
        super().leaveEvent(event)
        self._show_told(None, ("", ""))

    def event(self, event: QEvent) -> bool:
        """Tell a label that is cut, as a tool tip."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            label = self.label_at(QPointF(event.pos()) / ui_scale() - QPointF(MARGIN, MARGIN))
            QToolTip.showText(event.globalPos(), tip(label), self)
            return True
        return super().event(event)

    def label_at(self, at: QPointF) -> str:
        """Return the label of the term at a point of the body if it is cut; nothing elsewhere."""
        y = HEAD + CAPTIONS
        for row in self.equation.rows if self.equation else ():
            if y <= at.y() < y + row_height(row):
                return next((label for label, x, room in labels(row) if abs(at.x() - x) <= room / 2 and cut(label, room)), "")
            y += row_height(row) + GAP
        return ""

    def cell_at(self, at: QPointF) -> tuple[int, int] | None:
        """Return row and cell (row-major) of the contribution at a point of the body; None beside them."""
        y = HEAD + CAPTIONS
        for i, row in enumerate(self.equation.rows if self.equation else ()):
            if is_seen_closer(row):
                cell = Mosaic.of(row, y).cell_at(at)
                if cell is not None:
                    return i, cell
            y += row_height(row) + GAP
        return None

    def look_at(self, pointed: tuple[int, int] | None) -> None:
        """Ask what made a cell; beside the cells what was told stays."""
        if pointed is None or pointed == self.pointed or self.equation is None:
            return
        self.pointed = pointed
        wire = self.equation.rows[pointed[0]].wire
        if wire is not None:
            self.studio.questions.look_closer(wire, pointed[1], partial(self._looked, self.equation, pointed))
        self.update()

    def _looked(self, equation: Equation, pointed: tuple[int, int], look: Look | None) -> None:
        if equation is self.equation and pointed == self.pointed:
            self._show_told(pointed, closer(look) if look is not None else (UNTOLD, ""))

    def _show_told(self, pointed: tuple[int, int] | None, told: tuple[str, str]) -> None:
        self.pointed, self.told = pointed, told
        say(self, ". ".join(filter(None, told)))
        self.update()

    @property
    def node(self) -> NodePath | None:
        """The node to stand beside; None where the step is about none, and the card is empty."""
        return self.equation.node if self.equation else None

    def body_size(self) -> tuple[float, float]:
        """Return the size for the rows that there are."""
        if self.equation is None:
            return WIDTH, HEAD
        rows = sum(row_height(row) + GAP for row in self.equation.rows)
        middle = CAPTIONS + rows + 4 if self.equation.rows else 40.0
        middle += LOOK if any(is_seen_closer(row) for row in self.equation.rows) else 0.0
        return width_of(self.equation), HEAD + middle + (FOOT if self.equation.next or self.equation.aside else GAP)

    def draw_body(self, paint: Paint, width: float, height: float) -> None:
        """Paint head, captions, rows, foot."""
        if self.equation is None:
            return
        draw_head(paint, self.equation, width)
        y = HEAD + CAPTIONS
        for i, row in enumerate(self._rows_on_show()):
            if i == 0:
                draw_captions(paint, self.equation.captions, row)
            draw_row(paint, row, QRectF(12, y, width - 24, row_height(row)))
            if self.pointed is not None and self.pointed[0] == i:
                Mosaic.of(row, y).outline(paint, self.pointed[1])
            y += row_height(row) + GAP
        if any(is_seen_closer(row) for row in self.equation.rows):
            draw_told(paint, self.told, y, width)
        if self.equation.note:
            paint.text(16, HEAD + 20, self.equation.note, "bodyLarge", "text2", width=width - 32)
        if self.equation.next or self.equation.aside:
            draw_foot(paint, self.equation, width, height)

    def _rows_on_show(self) -> tuple[Row, ...]:
        """Return the rows, their numbers on the way from those of the card before."""
        if self.equation is None or self._former is None or not self.clock.running:
            return self.equation.rows if self.equation else ()
        before, share = self._former[1].rows, self.clock.part("card")
        if [len(row.terms) for row in before] != [len(row.terms) for row in self.equation.rows]:
            return self.equation.rows
        return tuple(rolled(old, new, share) for old, new in zip(before, self.equation.rows, strict=True))


def rolled(old: Row, new: Row, share: float) -> Row:
    """Return a row whose numbers have come a share of the way from those of another; of any but two finite numbers the new one."""
    return replace(new, terms=tuple(_rolled(a, b, share) for a, b in zip(old.terms, new.terms, strict=True)))


def _rolled(old: Term, new: Term, share: float) -> Term:
    ends = [term.value for term in (old, new) if not term.words and type(term.value) is float and math.isfinite(term.value)]
    return replace(new, value=ends[0] + (ends[1] - ends[0]) * share) if len(ends) == 2 and share < 1.0 else new


def row_height(row: Row) -> float:
    """Return the height of a row: more where a tensor's cells are shown, and for labels of several lines."""
    tall = any(has_cells(term) for term in row.terms)
    return (TALL_ROW if tall else ROW) + (18 if row.shapes else 0) + lead(row)


def lead(row: Row) -> float:
    """Return how much lower a row's numbers lie for labels of several lines."""
    return height_added((label, room) for label, _, room in labels(row))


def labels(row: Row) -> list[tuple[str, float, float]]:
    """Return each term's label, its centre, and how wide it may be."""
    centres = columns(row)
    room = row_room(centres) + 24
    return [(term.label, x, min(room, 2 * (x - 16))) for term, x in zip(row.terms, centres, strict=True)]


def has_cells(term: Term) -> bool:
    """Whether a term is drawn as cells: all elements of a tensor of at most two dimensions."""
    return bool(term.shape) and 1 < len(term.cells) == math.prod(term.shape) and len(term.shape) <= 2 and max(term.shape) <= 16


def is_seen_closer(row: Row) -> bool:
    """Whether cells of the row can be pointed at: it is a contribution, and its cells are drawn."""
    return row.wire is not None and has_cells(row.terms[-1])


def width_of(equation: Equation) -> float:
    """Return how wide a card is: as in the design, wider for the names of targets that are long."""
    longest = max((metrics("number").horizontalAdvance(row.target) for row in equation.rows), default=0)
    return min(WIDEST, max(WIDTH, math.ceil((TARGETS + longest) / 10) * 10))


def columns(row: Row) -> list[float]:
    """Return the centres of a row's terms."""
    count = len(row.terms)
    if row.target and count <= 3:
        return list(COLUMNS[:count] if count == 3 else (112.0, 292.0)[:count])
    return [FIRST + (LAST - FIRST) * i / max(1, count - 1) for i in range(count)]


def row_room(centres: list[float]) -> float:
    """Return how wide a term may be."""
    return (centres[1] - centres[0] - 28) if len(centres) > 1 else 200


def draw_head(paint: Paint, equation: Equation, width: float) -> None:
    """Paint symbol, title, the engine's name, and the place in the pass."""
    x = 42.0
    if equation.symbol:
        paint.op_glyph(24, 24, equation.symbol)
    else:
        paint.leaf_glyph(24, 24)
    right = paint.text(width - 16, 24, equation.place, "caption", "text3", "r")
    x += paint.text(x, 24, equation.title, "nodeName", "text", width=width - right - 90)
    paint.text(x + 8, 24, equation.subtitle, "code", "text3", width=max(0.0, width - right - x - 40))
    paint.hairline(1, HEAD, width - 1, HEAD)


def draw_captions(paint: Paint, captions: tuple[str, ...], row: Row) -> None:
    """Paint the names of the columns."""
    for x, words in zip(columns(row), captions, strict=False):
        paint.text(x, HEAD + 18, words, "caption", "text3", "c")


def draw_row(paint: Paint, row: Row, plate: QRectF) -> None:
    """Paint labels, terms, operators, target, and the shapes below them."""
    paint.rounded(plate, 8, "sunken")
    for label, x, room in labels(row):
        draw_label(paint, label, x, plate.top() + 16 + lead(row), room)
    plate = plate.adjusted(0, lead(row), 0, 0)
    centres, middle = columns(row), plate.top() + (58 if plate.height() >= TALL_ROW else 37)
    room = row_room(centres)
    for x, term in zip(centres, row.terms, strict=True):
        draw_term(paint, term, x, plate.top(), room, plate.height() >= TALL_ROW)
    for i, sign in enumerate(row.operators[: len(centres) - 1]):
        paint.text((centres[i] + centres[i + 1]) / 2, middle - 1, sign, "heading", "text3", "c", 500)
    if row.target:
        color = shade_of(paint, row.terms[-1])
        y = plate.top() + (50 if plate.height() >= TALL_ROW else 28)
        paint.icon("arrow-right", plate.left() + 392, y, 14, color)
        paint.text(plate.left() + 407, y, row.target, "number", "text", width=plate.right() - plate.left() - 411)
    if row.shapes:
        paint.text(plate.center().x(), plate.bottom() - 12, row.shapes, "code", "text2", "c")


def draw_term(paint: Paint, term: Term, x: float, top: float, room: float, tall: bool) -> None:
    """Paint a number, or cells with shape and norm, below a label."""
    if not tall:
        paint.text(
            x, top + 37, term.text, "nodeValueOp" if len(term.text) < 9 else "nodeGrad", shade_of(paint, term), "c", 600, width=room + 24
        )
        return
    if not has_cells(term):
        paint.text(x, top + 52, term.text, "nodeGrad", shade_of(paint, term), "c", 600, width=room + 24)
    else:
        draw_cells(paint, term, x, top + 28, room)
    paint.text(x, top + 84, caption(term), "code", "text3", "c", width=room + 30)


def caption(term: Term) -> str:
    """Return `(3, 4)  ‖0.6265‖` under cells, the shape alone under a number or words."""
    shape = str(tuple(term.shape)) if term.shape and not term.words else ""
    return f"{shape} {term.text}" if has_cells(term) else shape


def draw_cells(paint: Paint, term: Term, x: float, top: float, room: float) -> None:
    """Paint the elements as a heat map of at most `room` by 44."""
    mosaic = Mosaic.at(term, x, top, room)
    rows = [term.cells[i : i + mosaic.across] for i in range(0, len(term.cells), mosaic.across)]
    paint.cells(mosaic.left, mosaic.top, rows, mosaic.side, mosaic.side, gradient=term.gradient)


class Mosaic(Struct, frozen=True):
    """Where the cells of a term lie: at most `room` by 44, one px between them."""

    left: float
    top: float
    side: float
    across: int
    down: int

    @classmethod
    def at(cls, term: Term, x: float, top: float, room: float) -> Mosaic:
        """Return the place of a term's cells, centred at x."""
        across = term.shape[-1]
        down = len(term.cells) // across
        side = max(2.0, min(12.0, (room - across) / across, (44 - down) / down))
        return cls(x - (side + 1) * across / 2, top + (44 - (side + 1) * down) / 2, side, across, down)

    @classmethod
    def of(cls, row: Row, y: float) -> Mosaic:
        """Return the place of the contribution's cells in a row whose plate begins at y."""
        centres = columns(row)
        return cls.at(row.terms[-1], centres[-1], y + lead(row) + 28, row_room(centres))

    def cell_at(self, at: QPointF) -> int | None:
        """Return the number of the cell at a point; None beside them."""
        column, line = (at.x() - self.left) // (self.side + 1), (at.y() - self.top) // (self.side + 1)
        return int(line * self.across + column) if 0 <= column < self.across and 0 <= line < self.down else None

    def outline(self, paint: Paint, cell: int) -> None:
        """Draw a frame round a cell."""
        line, column = divmod(cell, self.across)
        x, y = self.left + column * (self.side + 1), self.top + line * (self.side + 1)
        paint.rounded(QRectF(x - 2, y - 2, self.side + 4, self.side + 4), 3, None, "text", 1.5)


def draw_told(paint: Paint, told: tuple[str, str], y: float, width: float) -> None:
    """Paint what made the cell under the microscope, and the axes it is about."""
    if not told[0]:
        paint.text(16, y + 12, HINT, "caption", "text3", width=width - 32)
    paint.text(16, y + 12, told[0], "code", "text", width=width - 32)
    paint.text(16, y + 30, told[1], "caption", "text3", width=width - 32)


def shade_of(paint: Paint, term: Term) -> QColor:
    """Return the colour of a term's number: ink for a value, the sign's hue for one gradient, ink for a norm."""
    if term.words:
        return paint.theme.color("text3")
    if not term.gradient or term.value is None:
        return paint.theme.color("text")
    return paint.theme.gradient_text(float(term.value))


def draw_foot(paint: Paint, equation: Equation, width: float, height: float) -> None:
    """Paint what comes next, and what is freed then."""
    y = height - FOOT / 2
    paint.hairline(1, height - FOOT, width - 1, height - FOOT)
    right = paint.text(width - 16, y, equation.aside, "caption", "text3", "r", width=width / 2)
    if not equation.next:
        return
    paint.text(16, y, "Next", "caption", "text3")
    x = 50.0
    for i, (words, gradient) in enumerate(equation.next):
        shade = next_shade(paint, words) if gradient else "text" if i == 0 else "text3"
        weight = 600 if gradient else 500 if i == 0 else None
        x += paint.text(x, y, words, "number", shade, weight=weight, width=max(0.0, width - right - 26 - x))


def next_shade(paint: Paint, words: str) -> QColor:
    """Return the colour of a number written as text: by its sign; a norm is ink."""
    if words.startswith("‖") or not words:
        return paint.theme.color("text")
    return paint.theme.gradient_text(0.0 if words in ("0.0", "0") else -1.0 if words.startswith("−") else 1.0)
