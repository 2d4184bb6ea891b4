"""The rows of the list of calls as Qt's views read them, with drag and drop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractListModel, QByteArray, QMimeData, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QWidget

from gradstudio.app.panels.timeline.rows import CallRow, call_rows
from gradstudio.app.widgets.plain import tip
from gradstudio.document.commands.script import MoveCall
from gradstudio.document.graph import CallId
from gradstudio.document.script import Repeat, Section, Statement

if TYPE_CHECKING:
    from gradstudio.app.studio import Studio

MIME = "application/x-gradstudio-call"
Index = QModelIndex | QPersistentModelIndex
NO_INDEX = QModelIndex()
ADD = CallRow("+", "Add a call", "plus")


class CallModel(QAbstractListModel):
    """The rows of the script, and a last one that adds a call."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(parent)
        self.studio = studio
        self.rows: list[CallRow] = [ADD]

    def read(self) -> None:
        """Look the rows up; a list of the same calls keeps its indices."""
        studio = self.studio
        new = [*call_rows(studio.document, studio.shown.trace, studio.labels), ADD]
        if [row.id for row in new] == [row.id for row in self.rows]:
            differ = [i for i, (row, old) in enumerate(zip(new, self.rows, strict=True)) if row != old]
            self.rows = new
            for i in differ:
                self.dataChanged.emit(self.index(i), self.index(i))
        else:
            self.beginResetModel()
            self.rows = new
            self.endResetModel()

    def rowCount(self, parent: Index = NO_INDEX) -> int:
        """Return the number of rows."""
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return text, spoken text or tool tip of a row."""
        row = self.rows[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return row.spoken
        return tip(row.note) if role == Qt.ItemDataRole.ToolTipRole else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Calls and repeats can be selected and dragged; the other rows only be gone to."""
        if not index.isValid():
            return Qt.ItemFlag.ItemIsDropEnabled
        chosen = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsDragEnabled
        return Qt.ItemFlag.ItemIsEnabled | chosen if self.rows[index.row()].statement else Qt.ItemFlag.ItemIsEnabled

    def supportedDropActions(self) -> Qt.DropAction:
        """A drag moves."""
        return Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:
        """Return the one type that is taken."""
        return [MIME]

    def mimeData(self, indexes: Any) -> QMimeData:
        """Return the ids of the dragged calls, a line each."""
        data = QMimeData()
        data.setData(MIME, QByteArray("\n".join(self.rows[at].id for at in sorted(index.row() for index in indexes)).encode()))
        return data

    def dropMimeData(self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index) -> bool:
        """Move the dragged calls to a place of the body that they are in, as one moment."""
        moved = bytes(data.data(MIME).data()).decode().split("\n")
        below = [each.id for each in self.rows[row if row >= 0 else len(self.rows) - 1 :] if each.id not in moved]
        gesture = self.studio.new_gesture()
        for call_id in moved:
            self._move_before(call_id, below, gesture)
        return False  # the rows come from the document: the view has none to take away

    def _move_before(self, call_id: CallId, below: list[CallId], gesture: int) -> None:
        body = body_of(self.studio.document.script, call_id)
        ids = [statement.id for statement in body]
        index = next((ids.index(each) for each in below if each in ids), len(ids))
        here = ids.index(call_id)
        self.studio.do(MoveCall(call_id, index - (here < index), gesture))


def body_of(script: tuple[Section, ...], call_id: CallId) -> tuple[Statement, ...]:
    """Return the body, of a section or a repeat, that a call or repeat stands in; () if it is nowhere."""
    stack = [section.body for section in script]
    while stack:
        body: tuple[Statement, ...] = stack.pop()
        if any(statement.id == call_id for statement in body):
            return body
        stack += [statement.body for statement in body if isinstance(statement, Repeat)]
    return ()
