"""MoveComment: drag a comment by its title, with the nodes that lie in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace
from PySide6.QtCore import QPointF, QRectF, Qt

from gradstudio.app.canvas.gestures.gesture import Pointer, far_enough
from gradstudio.app.paint import Paint
from gradstudio.app.theme import SIZE
from gradstudio.document.commands.layout import EditComment, MoveNodes

if TYPE_CHECKING:
    from gradstudio.app.canvas.view import CanvasView


class MoveComment:
    """Moves a comment and what it holds, as one moment."""

    cursor = Qt.CursorShape.SizeAllCursor
    pans = True
    over = True

    def __init__(self, view: CanvasView, at: Pointer, index: int) -> None:
        self._view = view
        self._origin = at
        self._index = index
        self._item = view.canvas.frames.comments[index]
        self._rect = QRectF(self._item.rect)
        self._begun = False
        held = [n for n, item in view.canvas.nodes.items() if self._rect.contains(item.full_body)]
        self._start = {node: view.canvas.position(node) for node in held}
        view.studio.select(held)

    def move(self, at: Pointer) -> None:
        """Show comment and nodes under the pointer."""
        if not self._begun and not far_enough(self._origin.view, at.view):
            return
        self._begun = True
        offset = self._offset(at)
        self._item.set_rect(self._rect.translated(offset))
        self._view.canvas.move_nodes({node: start + offset for node, start in self._start.items()})
        self._item.set_rect(self._rect.translated(offset))

    def _offset(self, at: Pointer) -> QPointF:
        grid = 1.0 if at.alt else SIZE["grid"]
        offset = at.scene - self._origin.scene
        return QPointF(round(offset.x() / grid) * grid, round(offset.y() / grid) * grid)

    def finish(self, at: Pointer) -> None:
        """Write the places down."""
        if not self._begun:
            return
        studio, offset = self._view.studio, self._offset(at)
        comment = studio.document.layout.comments[self._index]
        moved = self._rect.translated(offset)
        rect = (round(moved.x()), round(moved.y()), round(moved.width()), round(moved.height()))
        gesture = studio.new_gesture()
        if self._start:
            places = {node: (start.x() + offset.x(), start.y() + offset.y()) for node, start in self._start.items()}
            studio.do(MoveNodes(places, gesture))
        studio.do(EditComment(self._index, replace(comment, rect=rect), gesture))
        self._view.canvas.end_move()

    def cancel(self) -> None:
        """Put all back."""
        self._item.set_rect(self._rect)
        self._view.canvas.end_move()

    def area(self) -> QRectF:
        """Nothing is drawn."""
        return QRectF()

    def paint(self, paint: Paint) -> None:
        """Nothing is drawn."""
