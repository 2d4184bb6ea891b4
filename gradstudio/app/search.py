"""Search: one popup for commands, nodes and ops; at the pointer it adds an op, at a loose wire one that the wire fits.

To find in the graph it stays open: it goes from match to match, and lights them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QCloseEvent, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
)

from gradstudio.app import menus, text, theme
from gradstudio.app.canvas.gestures.loose import LooseWire
from gradstudio.app.finding import Candidate, candidates, find
from gradstudio.app.markers import DARK, Lit
from gradstudio.app.paint import Paint
from gradstudio.app.verbs.blocks import move_to
from gradstudio.app.widgets import catalog
from gradstudio.app.widgets.drawn import begin, sized, ui_scale
from gradstudio.app.widgets.fuzzy import Entry, rank
from gradstudio.app.widgets.plain import label
from gradstudio.document.graph import LEAF, BlockId, GroupId, NodePath
from gradstudio.document.rules import TENSOR_KINDS, input_kind
from gradstudio.engine import TABLE

if TYPE_CHECKING:
    from PySide6.QtCore import QModelIndex, QPersistentModelIndex

    from gradstudio.app.main_window import MainWindow

WIDTH, ROW, MOST_ROWS = 340, 30, 9
EDGE, PADDING = 14, 8  # room for the shadow, and within the card
LONGEST_SYMBOL = 3
LEAF_MARK, CONSTANT_MARK = "◆", "◇"  # drawn as the canvas draws them
MOST_LISTED = 1000  # matches; more are counted
FIRST_OPS = (LEAF, "add", "mul", "pow", "sub", "matmul", "relu", "sum", "mean", "mse_loss", "exp", "tanh", "div")
ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
MOVES = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: MOST_ROWS, Qt.Key.Key_PageUp: -MOST_ROWS}
ROLE = Qt.ItemDataRole.UserRole


class Choice(Struct, frozen=True):
    """A row of the popup: what it says at the left and at the right, its icon, and what Enter does."""

    entry: Entry
    hint: str
    icon: str
    symbol: str
    do: Callable[[], None]


class SearchPopup(QFrame):
    """A field over a list. Typing ranks, arrows choose, Enter does, Escape goes.

    While it finds, Enter goes to the next match and Shift+Enter to the one before, round the end.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.window_ = window
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.field = QLineEdit(self)
        self.field.setPlaceholderText("Search")
        self.field.setAccessibleName("Search")
        self.list = QListWidget(self)
        self.list.setAccessibleName("Found")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setItemDelegate(ChoiceDelegate(window, self.list))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QVBoxLayout(self)
        edge = EDGE + PADDING
        layout.setContentsMargins(edge, edge, edge, edge)
        layout.setSpacing(6)
        self.count = label("", self)
        self.count.hide()
        top = QHBoxLayout()
        top.setSpacing(PADDING)
        top.addWidget(self.field)
        top.addWidget(self.count)
        layout.addLayout(top)
        layout.addWidget(self.list)
        self.field.installEventFilter(self)
        self.field.textChanged.connect(self._rank)
        self.field.returnPressed.connect(self._take)
        self.list.itemClicked.connect(self._take)
        self.choices: list[Choice] = []
        self.first: list[Choice] = []
        self._among: list[Candidate] | None = None  # the nodes, while it finds
        self._matches: list[NodePath] = []
        self._at = -1  # the match that was gone to

    # ---- what is searched

    def open_for_all(self, corner: QPoint, width: int) -> None:
        """Search commands, nodes and ops; the commands first while nothing is typed."""
        commands = list(self._commands())
        self._open([*commands, *self._nodes(), *self._ops(None, None)], commands, corner, width, "Search ops, nodes and commands")

    def open_to_find(self, corner: QPoint) -> None:
        """Find nodes of the graph; the popup's right end is at a corner."""
        self._among = candidates(self.window_.studio)
        self.count.show()
        width = sized(WIDTH, 0).width()
        self._open([], [], corner - QPoint(width, 0), width, "Name, op, (3, 4), nan, inf, none, leaf, error")

    def open_for_blocks(self, blocks: Iterable[BlockId], at: QPoint) -> None:
        """Choose the block that the selection goes to."""
        choices = [Choice(Entry(block, block, ()), "block", "box", "", self._moving(block)) for block in blocks]
        self._open(choices, choices, at, sized(WIDTH, 0).width(), "Move to a block")

    def _moving(self, block: BlockId) -> Callable[[], None]:
        return lambda: move_to(self.window_, block)

    def open_at(self, at: QPointF | None, loose: object) -> None:
        """Search an op to put at a place of the canvas; None: where there is room."""
        wire = loose if isinstance(loose, LooseWire) else None
        ops = [*self._ops(at, wire), *self._groups(at, wire)]
        first = [c for name in FIRST_OPS for c in ops if c.entry.key == name]
        view = self.window_.canvas
        corner = view.viewport().mapToGlobal(view.mapFromScene(at if at is not None else view.middle()))
        self._open(ops, [*first, *(c for c in ops if c not in first)], corner, sized(WIDTH, 0).width(), "Add a node")

    def _commands(self) -> Iterable[Choice]:
        for entry in menus.TABLE:
            if entry.enabled(self.window_) and entry.id not in ("search", "menu"):
                words = (*entry.words.split(), entry.menu)
                yield Choice(
                    Entry(entry.id, entry.text, words), entry.keys[0] if entry.keys else entry.menu, entry.icon, "", self._doing(entry.id)
                )

    def _doing(self, command: str) -> Callable[[], None]:
        return lambda: self.window_.do(command)

    def _nodes(self) -> Iterable[Choice]:
        return (self._node(found, "node") for found in candidates(self.window_.studio))

    def _node(self, found: Candidate, hint: str) -> Choice:
        leaf = found.node.op == LEAF
        mark = LEAF_MARK if leaf and found.node.requires_grad else CONSTANT_MARK if leaf else ""
        return Choice(found.entry, hint, "", mark, partial(self._show, found.path))

    def _show(self, path: NodePath) -> None:
        canvas = self.window_.canvas
        self.window_.studio.enter(path[:-1])
        self.window_.studio.select(path[-1:])
        over = QRect(canvas.viewport().mapFromGlobal(self.mapToGlobal(QPoint(0, 0))), self.size()) if self.isVisible() else QRect()
        canvas.reveal(path[-1], over=over)

    # ---- finding

    def _find(self, words: str) -> list[Choice]:
        """Return the rows for what was typed, and light what they are about."""
        studio = self.window_.studio
        found = find(words, self._among or (), studio)
        self._matches, self._at = [each.path for each in found], -1
        studio.markers.light(Lit(frozenset(self._matches[:MOST_LISTED])) if words.strip() else DARK)
        self._tell()
        return [self._node(each, self._hint(each)) for each in found[:MOST_LISTED]]

    def _hint(self, found: Candidate) -> str:
        view = self.window_.studio.shown.state.tensors.get((found.path, 0))
        kind = found.entry.synonyms[-1]  # the op, or the group that is used
        op = kind if kind != found.entry.title else ""
        return f"{op}  {text.shape(view.shape) if view else ''}".strip()

    def _tell(self) -> None:
        """Say how many there are, and which of them was gone to."""
        total = len(self._matches)
        words = f"{self._at + 1} of {total}" if self._at >= 0 else f"{total} found" if total else "none"
        self.count.setText(words)
        self.count.setAccessibleName(f"Matches: {words}")

    def go(self, by: int) -> None:
        """Go to the next match, or the one before, round the end; the first time to the row that is lit."""
        rows = self.list.count()
        if rows:
            begun = self._at >= 0
            self._at = (self._at + by) % rows if begun else self.list.currentRow() if by > 0 else rows - 1
            self.list.setCurrentRow(self._at)
            self._tell()
            self._show(self._matches[self._at])

    def closeEvent(self, event: QCloseEvent) -> None:
        """Put the light out."""
        if self._among is not None:
            self._among = None
            self.window_.studio.markers.light(DARK)
        super().closeEvent(event)

    def _ops(self, at: QPointF | None, wire: LooseWire | None) -> Iterable[Choice]:
        for key, item in catalog.items().items():
            if key in catalog.node_keys() and (wire is None or self._fits(key, wire)):
                symbol = {LEAF: LEAF_MARK, catalog.CONSTANT: CONSTANT_MARK}.get(key, item.symbol)
                hint = TABLE[key].category if key in TABLE else "tensor"
                yield Choice(item.entry, hint, item.icon, symbol, self._adding(key, at, wire))

    def _groups(self, at: QPointF | None, wire: LooseWire | None) -> Iterable[Choice]:
        """Yield the groups of the document, to be used once more."""
        if wire is None:
            for group in self.window_.studio.document.groups.values():
                yield Choice(Entry(group.id, group.name, ("group", "use")), "group", "layers", "", self._using(group.id, at))

    def _using(self, group: GroupId, at: QPointF | None) -> Callable[[], None]:
        return lambda: self.window_.placing.use_group(group, at)

    def _fits(self, key: str, wire: LooseWire) -> bool:
        if wire.source is None:
            return True
        return key not in catalog.LEAVES and input_kind(key, 0) in TENSOR_KINDS

    def _adding(self, key: str, at: QPointF | None, wire: LooseWire | None) -> Callable[[], None]:
        return lambda: self.window_.placing.add_item(key, at, wire)

    # ---- the popup

    def _open(self, choices: list[Choice], first: list[Choice], corner: QPoint, width: int, words: str) -> None:
        self.choices, self.first = choices, first
        self.field.setPlaceholderText(words)
        self._rank("")
        self.setFixedWidth(max(width, sized(WIDTH, 0).width()) + 2 * EDGE)
        self._fit()
        at, room = self.window_.mapFromGlobal(corner), self.window_.rect()
        x, y = at.x() - EDGE, at.y() - EDGE
        self.move(max(-EDGE, min(x, room.right() - self.width())), max(-EDGE, min(y, room.bottom() - self.height())))
        self.raise_()
        self.show()
        self.field.setFocus()

    def _ranked(self, words: str) -> list[Choice]:
        by_key = {id(choice.entry): choice for choice in self.choices}
        return [by_key[id(entry)] for entry in rank(words, (c.entry for c in self.choices), 60)] if words.strip() else self.first

    def _rank(self, words: str) -> None:
        self.list.clear()
        for choice in self._find(words) if self._among is not None else self._ranked(words):
            row = QListWidgetItem(choice.entry.title)
            row.setData(ROLE, choice)
            self.list.addItem(row)
        self.list.setCurrentRow(0)
        self._fit()

    def _fit(self) -> None:
        """Be as high as the rows that are found."""
        rows = max(1, min(MOST_ROWS, self.list.count()))
        self.list.setFixedHeight(sized(0, ROW).height() * rows + 2)
        self.adjustSize()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the card under field and list."""
        painter, paint = begin(self, self.window_.studio)
        scale = ui_scale()
        edge = EDGE / scale
        paint.card(QRectF(0, 0, self.width() / scale, self.height() / scale).adjusted(edge, edge, -edge, -edge))
        painter.end()

    def _take(self) -> None:
        row = self.list.currentItem()
        if self._among is not None:
            self._at = self.list.currentRow()
            self.go(0)
        elif row is not None:
            choice: Choice = row.data(ROLE)
            self.window_.canvas.setFocus()
            self.close()
            choice.do()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Lead the arrow keys of the field to the list."""
        if event.type() == QEvent.Type.FocusOut:
            self.close()
        elif event.type() in (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride) and isinstance(event, QKeyEvent):
            return self._key(event)
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        delta = MOVES.get(Qt.Key(event.key()))
        finds = self._among is not None and event.key() in ENTER
        if delta is None and event.key() != Qt.Key.Key_Escape and not finds:
            return False
        event.accept()  # not a shortcut of the window
        if event.type() == QEvent.Type.KeyPress:
            if finds:
                self.go(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
            elif delta is None:
                self.window_.canvas.setFocus()
            else:
                self._at = -1  # Enter goes to the row that is chosen
                self.list.setCurrentRow(max(0, min(self.list.count() - 1, self.list.currentRow() + delta)))
        return True


class ChoiceDelegate(QStyledItemDelegate):
    """Paints a row of the popup."""

    def __init__(self, window: MainWindow, rows: QListWidget) -> None:
        super().__init__(rows)
        self.window, self.rows = window, rows

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Return the height of a row."""
        return sized(WIDTH - 40, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        """Paint icon, title and hint."""
        choice: Choice = index.data(ROLE)
        painter.save()
        scale = ui_scale()
        painter.translate(option.rect.topLeft())
        painter.scale(scale, scale)
        paint = Paint(painter, theme.named(self.window.studio.theme))
        width = option.rect.width() / scale
        if index.row() == self.rows.currentRow():
            paint.rounded(QRectF(0, 1, width, ROW - 2), 6, "hover")
        if choice.symbol in (LEAF_MARK, CONSTANT_MARK):
            paint.leaf_glyph(18, ROW / 2, choice.symbol == LEAF_MARK, "text2")
        elif choice.icon:
            paint.icon(choice.icon, 18, ROW / 2, 14, "text2")
        elif choice.symbol and len(choice.symbol) <= LONGEST_SYMBOL:
            paint.text(18, ROW / 2, choice.symbol, "body", "text2", "c")
        hint = paint.text(width - 10, ROW / 2, choice.hint, "caption", "text3", "r")
        paint.text(36, ROW / 2, choice.entry.title, "body", "text", width=width - 56 - hint)
        painter.restore()
