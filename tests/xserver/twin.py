"""Where things lie in the window: asked of the same window, off-screen, at the same size. The window under test is only looked at."""

from pathlib import Path

from PySide6.QtCore import QPoint, QPointF
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from gradstudio.app.canvas.node_parts import Part
from gradstudio.app.main_window import MainWindow
from gradstudio.app.studio import Studio
from gradstudio.document.graph import NodeId, OperandPath
from tests.xserver.desktop import SIZE


class Twin:
    """A window on the same file."""

    def __init__(self, qtbot: QtBot, studio: Studio, file: Path) -> None:
        self.qtbot, self.studio = qtbot, studio
        self.window = MainWindow(studio)
        qtbot.addWidget(self.window)
        self.window.resize(*SIZE)
        self.window.show()
        self.view = self.window.canvas
        self.open(file)

    def open(self, file: Path) -> None:
        """Show another file, or what is in this one now, with all of it in view."""
        assert self.window.files.open(file)
        self.qtbot.waitUntil(lambda: self.studio.shown.document is self.studio.document and self.window.code.in_sync)
        self.view.fit_all()
        self.view.grab()  # faces are worked out when they are painted

    def number(self, node: NodeId) -> tuple[int, int]:
        """A point on a node's number."""
        return self._part(node, Part("value"))

    def output(self, node: NodeId) -> tuple[int, int]:
        """The middle of a node's first output port."""
        return self.point(self.view.canvas.nodes[node].port(None))

    def input(self, node: NodeId, path: OperandPath) -> tuple[int, int]:
        """The middle of an input port."""
        return self.point(self.view.canvas.nodes[node].port(path))

    def gradient(self, node: NodeId) -> tuple[int, int]:
        """The middle of the port in a leaf's drawer, its `.grad`."""
        return self.point(self.view.canvas.nodes[node].port(None, 0, True))

    def row(self, node: NodeId, path: OperandPath) -> tuple[int, int]:
        """A point on the row of an operand."""
        return self._part(node, Part("row", path=path))

    def _part(self, node: NodeId, part: Part) -> tuple[int, int]:
        """The middle of the points that belong to a part of a node."""
        item = self.view.canvas.nodes[node]
        body = item.body.translated(-item.pos())
        grid = [QPointF(x, y) for x in range(0, int(body.width()), 4) for y in range(0, int(body.height()), 4)]
        hits = [at for at in grid if item.part_at(at) == part]
        assert hits, f"{node} has no {part.kind} to point at"
        middle = QPointF(sum(at.x() for at in hits) / len(hits), sum(at.y() for at in hits) / len(hits))
        return self.point(item.pos() + middle)

    def point(self, scene_at: QPointF) -> tuple[int, int]:
        """Where a point of the canvas lies in the window."""
        viewport: QWidget = self.view.viewport()
        at = viewport.mapTo(self.window, QPoint(0, 0)) + self.view.viewportTransform().map(scene_at).toPoint()
        return at.x(), at.y()
