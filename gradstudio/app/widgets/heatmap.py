"""Heatmap: the numbers of a tensor as coloured cells that one can walk over, read and edit."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QGuiApplication, QHelpEvent, QKeyEvent, QKeySequence, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QMenu, QToolTip, QWidget

from gradstudio.app import text
from gradstudio.app.paint import Paint, cell_color, largest_of
from gradstudio.app.theme import Theme
from gradstudio.app.widgets.drawn import Drawn, Themed, scaled_font, sized, ui_scale
from gradstudio.app.widgets.grid import Grid, words
from gradstudio.app.widgets.inline_field import InlineField
from gradstudio.app.widgets.plain import tip
from gradstudio.app.widgets.scrub_field import number_for

CELL_HEIGHT, GAP, LABEL = 26.0, 3.0, 22.0
TALLEST = 240.0  # of a map whose rows do not fit at full height
EMPTY = Grid((), (0,), (0,))
MOVES = {Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)}


class Plan(Struct, frozen=True):
    """Where the cells of a grid lie in a width."""

    left: float
    cell: tuple[float, float]
    gap: float
    numbers: bool

    def rect(self, row: int, column: int) -> QRectF:
        """Return the rectangle of a cell."""
        w, h = self.cell
        return QRectF(self.left + column * (w + self.gap), row * (h + self.gap), w, h)


def plan_of(grid: Grid, width: float, theme: Theme) -> Plan:
    """Lay a grid out: with numbers at full height where all are there and fit, else as bare cells."""
    rows, columns = grid.rows, max(1, grid.columns)
    measure = theme.metrics("code", 500).horizontalAdvance
    labels = max((theme.metrics("code").horizontalAdvance(grid.row_label(i)) for i in range(len(rows))), default=0.0) if grid.whole else 0.0
    left = max(LABEL, labels + 10) if labels else 0.0
    across = (width - left - (columns - 1) * GAP) / columns
    numbers = grid.whole and bool(rows) and len(rows) <= 16 and max(measure(word) for row in words(grid) for word in row) <= across - 4
    if numbers:
        return Plan(left, (across, CELL_HEIGHT), GAP, True)
    gap = GAP if columns <= 8 and len(rows) <= 8 else 1.0
    across = (width - left - (columns - 1) * gap) / columns
    return Plan(left, (across, max(2.0, min(18.0, across, (TALLEST + gap) / max(1, len(rows)) - gap))), gap, False)


class Heatmap(Drawn):
    """`edited(index, number)` when a number was typed; `opened()` when the whole table is asked for.

    Arrows walk from cell to cell, Enter or F2 or a digit types over a cell where that is allowed, a double click too.
    """

    edited = Signal(object, object)
    opened = Signal()

    def __init__(self, themed: Themed, name: str, parent: QWidget | None = None) -> None:
        super().__init__(themed, parent)
        self._grid, self._gradient, self._full = EMPTY, False, False
        self._start: Callable[[tuple[int, ...]], object] | None = None
        self._cell = (0, 0)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def show_grid(self, grid: Grid, gradient: bool, start: Callable[[tuple[int, ...]], object] | None = None, full: bool = False) -> None:
        """Show numbers. `start` gives the number that an edit begins from; without it nothing can be typed."""
        self._start = start
        if (grid, gradient, full) == (self._grid, self._gradient, self._full):
            return
        self._grid, self._gradient, self._full = grid, gradient, full
        self._walk(0, 0)
        self.setFixedHeight(self.sizeHint().height())
        self.update()

    @property
    def plan(self) -> Plan:
        """Where the cells lie now."""
        return plan_of(self._grid, self.width() / ui_scale(), self.colors)

    def sizeHint(self) -> QSize:
        """Return the height that the rows need."""
        plan = self.plan
        n = len(self._grid.rows)
        return sized(120, max(0.0, n * (plan.cell[1] + plan.gap) - plan.gap))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Find the height anew: numbers may fit now, or no longer."""
        if event.size().width() != event.oldSize().width():
            self.setFixedHeight(self.sizeHint().height())

    def draw(self, paint: Paint, width: float, height: float) -> None:
        """Paint the cells, their numbers, the row labels and the cell that has the focus."""
        grid, plan = self._grid, self.plan
        largest = largest_of(grid.rows)
        spelled = words(grid) if plan.numbers else ()
        for i, row in enumerate(grid.rows):
            if plan.left:
                paint.text(6, plan.rect(i, 0).center().y(), grid.row_label(i), "code", "text3", "c" if plan.left == LABEL else "l")
            for j, value in enumerate(row):
                color = cell_color(paint.theme, float(value), largest, self._gradient)
                rect = plan.rect(i, j)
                paint.rounded(rect, 3 if rect.height() >= 12 else 2, color)
                if plan.numbers:
                    paint.text(rect.center().x(), rect.center().y(), spelled[i][j], "code", paint.theme.ink_on(color), "c", 500)
        if self.hasFocus() and grid.cells:
            paint.rounded(plan.rect(*self._cell), 3, None, "focus", 2)

    # ------------------------------------------------------------ walking
    def _walk(self, down: int, right: int) -> None:
        rows = self._grid.rows
        if not rows:
            self._cell = (0, 0)
            return
        i = max(0, min(len(rows) - 1, self._cell[0] + down))
        j = max(0, min(len(rows[i]) - 1, self._cell[1] + right))
        self._cell = (i, j)
        self.setAccessibleDescription(self._spoken(i, j))
        self.update()

    def _spoken(self, row: int, column: int) -> str:
        index = self._grid.index(row, column)
        value = text.number(self._grid.rows[row][column], True, self._grid.dtype)
        return f"{list(index)}: {value}" if self._grid.whole else f"a sample: {value}"

    def _cell_at(self, point: QPointF) -> tuple[int, int] | None:
        plan, scale = self.plan, ui_scale()
        x, y = point.x() / scale - plan.left, point.y() / scale
        row, column = int(y // (plan.cell[1] + plan.gap)), int(x // (plan.cell[0] + plan.gap))
        rows = self._grid.rows
        return (row, column) if x >= 0 and 0 <= row < len(rows) and 0 <= column < len(rows[row]) else None

    def event(self, event: QEvent) -> bool:
        """Tell the exact number under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            cell = self._cell_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), tip(self._spoken(*cell)) if cell else "", self)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the cell under the pointer."""
        cell = self._cell_at(event.position())
        if cell is not None:
            self._cell = cell
            self._walk(0, 0)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Type over the cell, or open the table."""
        self._open_or_type()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk, type, or open the table."""
        key = Qt.Key(event.key())
        if key in MOVES:
            self._walk(*MOVES[key])
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.opened.emit()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2):
            self._open_or_type()
        elif event.text() and event.text() in "0123456789.-+" and self._typable:
            self.type(event.text())
        else:
            super().keyPressEvent(event)

    def copy(self) -> None:
        """Copy the number of the cell that has the focus, with all its digits."""
        if self._grid.cells:
            words = text.number(self._grid.rows[self._cell[0]][self._cell[1]], True, self._grid.dtype)
            QGuiApplication.clipboard().setText(words.replace(text.MINUS, "-"))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer what can be done with the tensor."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Copy").triggered.connect(self.copy)
        menu.addAction("Open table").triggered.connect(self.opened)
        menu.popup(event.globalPos())

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the cell that has the focus."""
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show no cell."""
        self.update()

    # ------------------------------------------------------------ typing
    @property
    def _typable(self) -> bool:
        return self._start is not None and self._grid.whole and self.plan.numbers

    def _open_or_type(self) -> None:
        if self._typable:
            self.type()
        else:
            self.opened.emit()

    def type(self, first: str = "") -> None:
        """Let one type a number over the cell that has the focus."""
        if self._start is None:
            return
        index = self._grid.index(*self._cell)
        value = self._start(index)
        rect, scale = self.plan.rect(*self._cell), ui_scale()
        place = QRectF(rect.x() * scale, rect.y() * scale, rect.width() * scale, rect.height() * scale).toRect()
        old = text.shortest(value, self._grid.dtype) if isinstance(value, float) else str(value)
        line = InlineField(self, f"{self.accessibleName()} {list(index)}", place, scaled_font(self.themed, "code"), old, first)
        line.setStyleSheet("QLineEdit, QLineEdit:focus { padding: 0 2px; }")
        line.done.connect(self._typed)

    def _typed(self, words: str | None, step: int) -> None:
        value = number_for(words, self._grid.dtype) if words is not None else None
        index = self._grid.index(*self._cell)
        if value is not None and self._start is not None and value != self._start(index):
            self.edited.emit(index, value)
        flat = self._cell[0] * self._grid.columns + self._cell[1] + step
        if step and 0 <= flat < len(self._grid.cells):
            self._cell = divmod(flat, self._grid.columns)
            self._walk(0, 0)
            self.type()
