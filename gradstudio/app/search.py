"""Search: one popup for commands, nodes and ops; at the pointer it adds an op, at a loose wire one that the wire fits."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QLineEdit, QListWidget, QListWidgetItem, QStyledItemDelegate, QStyleOptionViewItem, QVBoxLayout

from gradstudio.app import menus, theme
from gradstudio.app.canvas.gestures.loose import LooseWire
from gradstudio.app.paint import Paint
from gradstudio.app.verbs.blocks import move_to
from gradstudio.app.widgets import catalog
from gradstudio.app.widgets.drawn import begin, sized, ui_scale
from gradstudio.app.widgets.fuzzy import Entry, rank
from gradstudio.document.document import Document
from gradstudio.document.graph import INSTANCE, LEAF, BlockId, GroupId, Node, NodePath
from gradstudio.document.rules import TENSOR_KINDS, input_kind
from gradstudio.engine import TABLE

if TYPE_CHECKING:
    from PySide6.QtCore import QModelIndex, QPersistentModelIndex

    from gradstudio.app.main_window import MainWindow

WIDTH, ROW, MOST_ROWS = 340, 30, 9
EDGE, PADDING = 14, 8  # room for the shadow, and within the card
LONGEST_SYMBOL = 3
LEAF_MARK, CONSTANT_MARK = "◆", "◇"  # drawn as the canvas draws them
MOST_NODES = 20_000  # that are searched: groups within groups hold more nodes than anyone looks through
FIRST_OPS = (LEAF, "add", "mul", "pow", "sub", "matmul", "relu", "sum", "mean", "mse_loss", "exp", "tanh", "div")
MOVES = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: MOST_ROWS, Qt.Key.Key_PageUp: -MOST_ROWS}
ROLE = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class Choice:
    """A row of the popup: what it says at the left and at the right, its icon, and what Enter does."""

    entry: Entry
    hint: str
    icon: str
    symbol: str
    do: Callable[[], None]


class SearchPopup(QFrame):
    """A field over a list. Typing ranks, arrows choose, Enter does, Escape goes."""

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
        layout.addWidget(self.field)
        layout.addWidget(self.list)
        self.field.installEventFilter(self)
        self.field.textChanged.connect(self._rank)
        self.field.returnPressed.connect(self._take)
        self.list.itemClicked.connect(self._take)
        self.choices: list[Choice] = []
        self.first: list[Choice] = []

    # ---- what is searched

    def open_for_all(self, corner: QPoint, width: int) -> None:
        """Search commands, nodes and ops; the commands first while nothing is typed."""
        commands = list(self._commands())
        self._open([*commands, *self._nodes(), *self._ops(None, None)], commands, corner, width, "Search ops, nodes and commands")

    def open_for_nodes(self, corner: QPoint, width: int) -> None:
        """Search the nodes of the graph."""
        nodes = list(self._nodes())
        self._open(nodes, nodes, corner, width, "Find in the graph")

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
        studio = self.window_.studio
        for path, node in islice(nodes_in(studio.document), MOST_NODES):
            label = studio.labels.label(path)
            yield Choice(
                Entry("/".join(path), label, (node.op,)),
                "node",
                "",
                LEAF_MARK if node.op == LEAF and node.requires_grad else CONSTANT_MARK if node.op == LEAF else "",
                self._showing(path),
            )

    def _showing(self, path: NodePath) -> Callable[[], None]:
        def show() -> None:
            self.window_.studio.enter(path[:-1])
            self.window_.studio.select(path[-1:])
            self.window_.canvas.reveal(path[-1])

        return show

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
        return lambda: self.window_.use_group(group, at)

    def _fits(self, key: str, wire: LooseWire) -> bool:
        if wire.source is None:
            return True
        return key not in catalog.LEAVES and input_kind(key, 0) in TENSOR_KINDS

    def _adding(self, key: str, at: QPointF | None, wire: LooseWire | None) -> Callable[[], None]:
        return lambda: self.window_.add_item(key, at, wire)

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

    def _rank(self, words: str) -> None:
        by_key = {id(choice.entry): choice for choice in self.choices}
        found = [by_key[id(entry)] for entry in rank(words, (c.entry for c in self.choices), 60)] if words.strip() else self.first
        self.list.clear()
        for choice in found:
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
        if row is not None:
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
        if delta is None and event.key() != Qt.Key.Key_Escape:
            return False
        event.accept()  # not a shortcut of the window
        if event.type() == QEvent.Type.KeyPress:
            if delta is None:
                self.window_.canvas.setFocus()
            else:
                self.list.setCurrentRow(max(0, min(self.list.count() - 1, self.list.currentRow() + delta)))
        return True


def nodes_in(document: Document) -> Iterator[tuple[NodePath, Node]]:
    """Yield every node with its path: those of the document's graph first, then those in its instances, level by level."""
    waiting: deque[NodePath] = deque([()])
    while waiting:
        scope = waiting.popleft()
        for node in document.graph_at((*scope, "")).nodes.values():
            yield (*scope, node.id), node
            if node.op == INSTANCE:
                waiting.append((*scope, node.id))


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
