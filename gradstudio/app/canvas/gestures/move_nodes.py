"""MoveNodes: drag the selected nodes, snapping to the grid; Alt moves freely."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt

from gradstudio.app.canvas.gestures.gesture import Pointer, far_enough
from gradstudio.app.paint import Paint
from gradstudio.app.theme import SIZE
from gradstudio.document.commands.layout import MoveNodes as Move
from gradstudio.document.graph import NodeId

if TYPE_CHECKING:
    from gradstudio.app.canvas.view import CanvasView


class MoveNodes:
    """Shows nodes elsewhere while it lasts; the document changes once, at the end. Without a drag it was a click: it selects."""

    cursor = Qt.CursorShape.ArrowCursor
    pans = True
    over = True

    def __init__(self, view: CanvasView, at: Pointer, grabbed: NodeId, nodes: tuple[NodeId, ...] = ()) -> None:
        self._view = view
        self._origin = at
        self._grabbed = grabbed
        self._begun = False
        studio = view.studio
        self._narrow = grabbed in studio.selection and not at.shift and not nodes
        if nodes:
            studio.select(nodes, add=False)
        elif at.shift:
            studio.select((grabbed,), add=True)
        elif grabbed not in studio.selection:
            studio.select((grabbed,))
        moving = nodes or tuple(studio.selected_nodes) or (grabbed,)
        self._start = {node: view.canvas.position(node) for node in moving if node in view.canvas.nodes}

    def move(self, at: Pointer) -> None:
        """Show the nodes under the pointer."""
        if not self._begun and not far_enough(self._origin.view, at.view):
            return
        self._begun = True
        self._view.canvas.move_nodes({node: start + self._offset(at) for node, start in self._start.items()})

    def _offset(self, at: Pointer) -> QPointF:
        """Return how far to move: so that the grabbed node comes to lie on the grid, and the others keep their distance."""
        offset = at.scene - self._origin.scene
        first = self._start.get(self._grabbed)
        if first is None or at.alt:
            return QPointF(round(offset.x()), round(offset.y()))
        grid = SIZE["grid"]
        wanted = first + offset
        return QPointF(round(wanted.x() / grid) * grid, round(wanted.y() / grid) * grid) - first

    def finish(self, at: Pointer) -> None:
        """Write the places down, as one moment; or narrow the selection to what was clicked."""
        if not self._begun:
            if self._narrow:
                self._view.studio.select((self._grabbed,))
            return
        offset = self._offset(at)
        places = {node: (start.x() + offset.x(), start.y() + offset.y()) for node, start in self._start.items()}
        self._view.studio.do(Move(places))
        self._view.canvas.end_move()

    def cancel(self) -> None:
        """Put the nodes back."""
        self._view.canvas.end_move()

    def area(self) -> QRectF:
        """Nothing is drawn."""
        return QRectF()

    def paint(self, paint: Paint) -> None:
        """Nothing is drawn."""
