"""Our canvas under test: a studio with its worker, values and gradients shown, driven by mouse and wheel."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QEventLoop, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from gradstudio.app import theme
from gradstudio.app.canvas.view import CanvasView
from gradstudio.app.change import Change
from gradstudio.app.runner import Runner
from gradstudio.app.studio import Studio
from gradstudio.bench.canvases.side import Places
from gradstudio.bench.graphs import Link, laid_out
from gradstudio.document.commands.nodes import DeleteNodes
from gradstudio.engine.op import load
from gradstudio.io import reader

GRIP = QPointF(60, 13)  # where a node is held, from its corner
TICK = 120  # of a wheel, in eighths of a degree


class Ours:
    """The canvas over a real studio."""

    def __init__(self) -> None:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        theme.apply(app, theme.named("dark"))
        load()  # as the palette does after the first paint
        self.studio = Studio(runner=Runner(spare=False))
        self.view = CanvasView(self.studio)
        self.view.canvas.motion = False
        self._waiting = QEventLoop()
        self.studio.changed.connect(self._changed)
        self._held: QPointF | None = None
        self._button = Qt.MouseButton.LeftButton
        self.studio.runs.run()  # the worker is warm before a document is opened
        self._waiting.exec()

    def _changed(self, change: Change) -> None:
        if change.trace:
            self._waiting.quit()

    def build(self, places: Places, links: list[Link]) -> None:
        """Show a document and its numbers, which the worker sends."""
        self.studio.show_example(laid_out(places, links), "bench")
        self._waiting.exec()

    def save(self, path: Path) -> None:
        """Write a .grad file."""
        reader.write(path, self.studio.document)

    def load(self, path: Path) -> None:
        """Open a .grad file and wait for its numbers."""
        self.studio.open(path)
        self._waiting.exec()

    def look(self, zoom: float, at: QPointF | None) -> None:
        """Look at a place, or at all."""
        if at is None:
            self.view.fit_all()
            return
        self.view.set_zoom(zoom)
        self.view.put(at, QPointF(self.view.viewport().rect().center()))

    def wheel(self, factor: float) -> None:
        """Turn the wheel by so much that it zooms by the factor."""
        at = QPointF(self.view.viewport().rect().center())
        turns = QPoint(0, TICK if factor > 1 else -TICK)
        event = QWheelEvent(at, at, QPoint(), turns, Qt.MouseButton.NoButton, FINE, Qt.ScrollPhase.NoScrollPhase, False)
        QApplication.sendEvent(self.view.viewport(), event)

    def drag(self, node: int, dx: float, dy: float) -> None:
        """Move the mouse, which holds the node by its title."""
        if self._held is None:
            self._held = self.view.viewportTransform().map(self.view.canvas.nodes[f"n{node + 1}"].pos() + GRIP)
            self._mouse(QEvent.Type.MouseButtonPress)
            self._held += QPointF(40, 40)  # beyond the distance at which a drag begins
            self._mouse(QEvent.Type.MouseMove)
        self._held += QPointF(dx, dy)
        self._mouse(QEvent.Type.MouseMove)

    def pan(self, dx: float, dy: float) -> None:
        """Move the mouse, which holds the canvas with its middle button."""
        if self._held is None:
            self._button, self._held = Qt.MouseButton.MiddleButton, QPointF(self.view.viewport().rect().center())
            self._mouse(QEvent.Type.MouseButtonPress)
        self._held += QPointF(dx, dy)
        self._mouse(QEvent.Type.MouseMove)

    def drop(self) -> None:
        """Release the button, if one is held."""
        if self._held is not None:
            self._mouse(QEvent.Type.MouseButtonRelease)
        self._held, self._button = None, Qt.MouseButton.LeftButton

    def _mouse(self, kind: QEvent.Type) -> None:
        held, none = self._button, Qt.MouseButton.NoButton
        at = self._held or QPointF()
        button = none if kind == QEvent.Type.MouseMove else held
        buttons = none if kind == QEvent.Type.MouseButtonRelease else held
        event = QMouseEvent(kind, at, self.view.viewport().mapToGlobal(at), button, buttons, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(self.view.viewport(), event)

    def hit(self, at: QPointF) -> object:
        """Return what lies at a place, as hovering asks."""
        return self.view.canvas.hit(at)

    def delete_all(self) -> None:
        """Delete all nodes."""
        self.studio.do(DeleteNodes(tuple(self.studio.document.graph.nodes)))
        self._waiting.exec()

    def undo(self) -> None:
        """Take the deletion back."""
        self.studio.undo()

    def count(self) -> int:
        """Return how many items there are."""
        return len(self.view.canvas.nodes)


FINE = Qt.KeyboardModifier.ControlModifier
