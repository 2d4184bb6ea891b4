"""The list of calls: the script, one call a row, with what came of it. Rows are edited, switched off, dragged and removed in place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QRegion, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QMenu, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from gradstudio.app.paint import Paint
from gradstudio.app.panels.timeline.call_model import ADD, CallModel, Index, body_of
from gradstudio.app.panels.timeline.call_painting import draw_row
from gradstudio.app.panels.timeline.new_call import again, new_call
from gradstudio.app.panels.timeline.rows import CallRow
from gradstudio.app.widgets.drawn import theme_of, ui_scale
from gradstudio.document.calls import KINDS
from gradstudio.document.commands.script import AppendCall, ClearScript, MoveCall, RemoveCalls, SetCallEnabled, UnwrapRepeat, WrapRepeat
from gradstudio.document.graph import CallId
from gradstudio.document.script import Repeat

if TYPE_CHECKING:
    from gradstudio.app.change import Change
    from gradstudio.app.studio import Studio

WIDTH, ROW = 236, 26


class CallList(QListView):
    """The rows; the one at the playhead has the violet bar. `edit_wanted` asks for the editor of a call."""

    edit_wanted = Signal(str)

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.studio = studio
        self.current = -1  # the row of the playhead
        self.asked = QRegion()  # what is being painted: Qt would have rows painted that lie between others
        self.calls = CallModel(studio, self)
        self.setModel(self.calls)
        self.calls.modelReset.connect(self._scroll_to_current)
        self.setItemDelegate(CallDelegate(self))
        self.setFixedWidth(round(WIDTH * ui_scale()))
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDropIndicatorShown(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.setViewportMargins(0, round(ui_scale()), 0, 0)
        self.setMouseTracking(True)
        self.setAccessibleName("Calls of the script")
        studio.followed.connect(self.refresh)
        self.calls.read()

    def refresh(self, change: Change) -> None:
        """Show the script and its outcomes; follow the playhead."""
        if change.everything or change.trace or (change.document and (change.document.script or change.document.nodes)):
            self.calls.read()
        if change.everything or change.trace or change.playhead:
            self.follow()
        if change.theme:
            self.viewport().update()

    def follow(self) -> None:
        """Mark the call of the playhead; scroll there when it is another."""
        at = self.row_at_playhead()
        if at != self.current:
            self.current = at
            self.viewport().update()
            self._scroll_to_current()

    def _scroll_to_current(self) -> None:
        if self.current >= 0:
            self.scrollTo(self.calls.index(self.current))

    def dataChanged(self, first: Index, last: Index, roles: Sequence[int] = ()) -> None:
        """Paint rows again; all are of one height, so that nothing has to be laid out."""
        QAbstractItemView.dataChanged(self, first, last, roles)

    def showEvent(self, event: QShowEvent) -> None:
        """Start at the call of the playhead."""
        super().showEvent(event)
        self.follow()
        self._scroll_to_current()

    def row_at_playhead(self) -> int:
        """Return the row of the call that the step on show belongs to; -1 where there is none."""
        shown = self.studio.shown
        span = shown.trace.span_at(shown.state.k) or (shown.trace.span_at(1) if shown.trace.end else None)
        if span is None:
            return -1
        return next((i for i, row in enumerate(self.calls.rows) if row.id == span.call), -1)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the rows; under the pointer also where in a longer list they are."""
        self.asked = event.region()
        super().paintEvent(event)
        bar = self.verticalScrollBar()
        if bar.maximum() and self.underMouse():
            room, pages = self.viewport().height() - 4, bar.maximum() + bar.pageStep()
            painter = QPainter(self.viewport())
            thumb = QRectF(self.viewport().width() - 5, 2 + room * bar.value() / pages, 3, room * bar.pageStep() / pages)
            Paint(painter, theme_of(self.studio)).rounded(thumb, 1.5, "line2")
            painter.end()

    # ---- keys and mouse

    def event(self, event: QEvent) -> bool:
        """Take the keys that mean something here before the window's shortcuts do."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._key(event, False):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter edits, Delete removes, Alt+Up and Alt+Down move."""
        if not self._key(event, True):
            super().keyPressEvent(event)

    def _key(self, event: QKeyEvent, act: bool) -> bool:
        row, key = self._current(), event.key()
        alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        if row is None or (not alt and event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier):
            return False
        verbs = {
            (Qt.Key.Key_Up, True): self.move_up, (Qt.Key.Key_Down, True): self.move_down, (Qt.Key.Key_Delete, False): self.remove,
            (Qt.Key.Key_Backspace, False): self.remove, (Qt.Key.Key_Return, False): self.use, (Qt.Key.Key_Enter, False): self.use,
        }  # fmt: skip
        verb = verbs.get((Qt.Key(key), alt))
        if verb is not None and act:
            verb(row)
        return verb is not None

    def _current(self) -> CallRow | None:
        index = self.currentIndex()
        return self.calls.rows[index.row()] if index.isValid() and index.row() < len(self.calls.rows) else None

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click on a call goes to its last step, with Shift or Ctrl it only selects; one on the last row opens the menu of kinds."""
        super().mouseReleaseEvent(event)
        index, keys = self.indexAt(event.position().toPoint()), event.modifiers()
        selects = bool(keys & (Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier))
        if event.button() != Qt.MouseButton.LeftButton or not index.isValid() or selects:
            return
        row = self.calls.rows[index.row()]
        if row is ADD:
            self.use(row)
        else:
            self.go_to(row)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """A double click edits."""
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and self.calls.rows[index.row()].statement is not None:
            self.edit_wanted.emit(self.calls.rows[index.row()].id)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer what can be done with a call."""
        index = self.indexAt(event.pos()) if event.reason() == QContextMenuEvent.Reason.Mouse else self.currentIndex()
        row = self.calls.rows[index.row()] if index.isValid() else ADD
        self.call_menu(row).popup(event.globalPos())

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Start at the call of the playhead."""
        super().focusInEvent(event)
        if not self.currentIndex().isValid():
            self.setCurrentIndex(self.calls.index(max(0, self.row_at_playhead())))

    # ---- verbs

    def go_to(self, row: CallRow) -> None:
        """Send the playhead to the last step of a row's call."""
        last = next((span.end for span in reversed(self.studio.shown.trace.spans) if span.call == row.id), None)
        if last is not None:
            self.studio.player.go_to(last)

    def use(self, row: CallRow) -> None:
        """Edit a call; on the last row choose one to add."""
        if row is ADD:
            where = self.visualRect(self.calls.index(len(self.calls.rows) - 1))
            menu = self.add_menu()
            menu.popup(self.viewport().mapToGlobal(where.topLeft() - QPoint(0, menu.sizeHint().height())))
        elif row.statement is not None:
            self.edit_wanted.emit(row.id)

    def chosen(self, row: CallRow) -> tuple[CallId, ...]:
        """Return what a verb on a row is about: all selected calls where it is one of them, else it alone."""
        selected = [self.calls.rows[index.row()] for index in sorted(self.selectedIndexes(), key=lambda index: index.row())]
        rows = selected if row in selected else [row]
        return tuple(each.id for each in rows if each.statement is not None)

    def remove(self, row: CallRow) -> None:
        """Take calls out of the script."""
        if row.statement is not None:
            self.studio.do(RemoveCalls(self.chosen(row)))

    def toggle(self, row: CallRow) -> None:
        """Switch calls off or on."""
        if row.statement is not None:
            self.studio.do(SetCallEnabled(self.chosen(row), not row.enabled))

    def move_up(self, row: CallRow) -> None:
        """Move a call one place up."""
        self._move(row, -1)

    def move_down(self, row: CallRow) -> None:
        """Move a call one place down."""
        self._move(row, 1)

    def _move(self, row: CallRow, delta: int) -> None:
        ids = [statement.id for statement in body_of(self.studio.document.script, row.id)]
        goal = ids.index(row.id) + delta if row.id in ids else -1
        if 0 <= goal < len(ids):
            self.studio.do(MoveCall(row.id, goal))
            at = next(i for i, each in enumerate(self.calls.rows) if each.id == row.id)
            self.setCurrentIndex(self.calls.index(at))

    def repeat(self, row: CallRow) -> None:
        """Wrap calls in a repeat, or take a repeat away."""
        chosen = self.chosen(row)
        if isinstance(row.statement, Repeat) and len(chosen) == 1:
            self.studio.do(UnwrapRepeat(row.id))
        elif row.statement is not None:
            self.studio.do(WrapRepeat(chosen, 2, self.studio.new_id("c")))

    def add(self, kind: str) -> None:
        """Append a call of a kind."""
        studio = self.studio
        studio.do(AppendCall(new_call(kind, studio.document, studio.selected_nodes, studio.new_id)))

    def backward_again(self) -> None:
        """Append one more backward from the last root."""
        self.studio.do(AppendCall(again(self.studio.document, self.studio.new_id)))

    def start_over(self) -> None:
        """Take every call out."""
        self.studio.do(ClearScript())

    def add_menu(self) -> QMenu:
        """Return the menu of what can be appended."""
        menu = QMenu(self)
        menu.addAction("Backward once more", self.backward_again)
        menu.addSeparator()
        for kind, call in KINDS.items():
            menu.addAction(theme_of(self.studio).qicon(call.icon), call.menu.replace("&", "&&")).setData(kind)
        menu.addSeparator()
        menu.addAction("Start over", self.start_over)
        menu.triggered.connect(self._kind_chosen)
        menu.aboutToHide.connect(menu.deleteLater)
        return menu

    def _kind_chosen(self, action: Any) -> None:
        if action.data() in KINDS:
            self.add(action.data())

    def call_menu(self, row: CallRow) -> QMenu:
        """Return the menu of a row."""
        if row.statement is None:
            return self.add_menu()
        menu, count = QMenu(self), len(self.chosen(row))
        alone, these = count == 1, f" these {count}" if count > 1 else ""
        repeat = isinstance(row.statement, Repeat) and alone
        entries = (
            ("Edit…", self.use, alone),
            (("Switch off" if row.enabled else "Switch on") + these, self.toggle, not repeat),
            ("Move up", self.move_up, alone),
            ("Move down", self.move_down, alone),
            ("Remove repeat" if repeat else "Repeat" + these, self.repeat, True),
            ("Remove" + these, self.remove, True),
        )
        for words, verb, offered in entries:
            if offered:
                menu.addAction(words).setData((verb, row))
        menu.triggered.connect(self._verb_chosen)
        menu.aboutToHide.connect(menu.deleteLater)
        return menu

    def _verb_chosen(self, action: Any) -> None:
        verb, row = action.data()
        verb(row)


class CallDelegate(QStyledItemDelegate):
    """Paints a row as the design shows it."""

    def __init__(self, calls: CallList) -> None:
        super().__init__(calls)
        self.list = calls

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Return the size of a row."""
        scale = ui_scale()
        return QSize(round(WIDTH * scale), round(ROW * scale))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint one row."""
        rect: QRect = option.rect
        if not self.list.asked.intersects(rect):
            return
        studio, row = self.list.studio, self.list.calls.rows[index.row()]
        scale = ui_scale()
        painter.save()
        painter.translate(rect.topLeft())
        painter.scale(scale, scale)
        plate = QRectF(0, 0, rect.width() / scale, rect.height() / scale)
        paint = Paint(painter, theme_of(studio), self.list.devicePixelRatioF() * scale)
        draw_row(paint, row, plate, index.row() == self.list.current)
        if self.list.selectionModel().isSelected(index) and len(self.list.selectedIndexes()) > 1:
            paint.rounded(plate.adjusted(3, 1, -3, -1), 5, None, "accent", 1)
        if self.list.hasFocus() and index == self.list.currentIndex():
            paint.rounded(plate.adjusted(3, 1, -3, -1), 5, None, "focus", 2)
        painter.restore()
