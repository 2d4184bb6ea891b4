"""A canvas on the example with everything in it, over a real studio; and a hand that drags."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import shiboken6
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gradstudio.app.canvas.view import CanvasView
from gradstudio.app.studio import Studio
from gradstudio.bench.graphs import chain, layers
from gradstudio.document.commands.nodes import Rename, SetLeafValue
from gradstudio.document.document import Document
from gradstudio.document.graph import LEAF
from gradstudio.io import reader
from gradstudio.resources import resource

NONE = Qt.KeyboardModifier.NoModifier
DOCUMENTS = {
    "accumulation": lambda: example("accumulation"),
    "tutorial": lambda: example("tutorial"),
    "layers": lambda: layers(60),
    "chain": lambda: chain(60),
    "long names": lambda: renamed(layers(60), "hidden_layer_{}"),
    "short chain": lambda: chain(9),
}


class Hand:
    """Points, drags and clicks on a canvas, in canvas units."""

    def __init__(self, view: CanvasView) -> None:
        self.view = view

    def at(self, pos: QPointF) -> QPoint:
        """Return the view pixel of a canvas position."""
        return self.view.viewportTransform().map(pos).toPoint()

    def on(self, label: str, x: float, y: float) -> QPointF:
        """Return the canvas position at an offset from a node's corner."""
        return self.view.canvas.nodes[self.node(label)].pos() + QPointF(x, y)

    def node(self, label: str) -> str:
        """Return the id of a node by the label of its output."""
        found = self.view.studio.labels.by_label(label)
        assert found is not None, label
        return found[0][-1]

    def port(self, label: str, path: tuple[int, ...] | None = None, out: int = 0) -> QPointF:
        """Return an input port (path) or output port of a node."""
        return self.view.canvas.nodes[self.node(label)].port(path, out)

    def press(self, pos: QPointF, keys: Qt.KeyboardModifier = NONE, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
        """Press a button."""
        QTest.mousePress(self.view.viewport(), button, keys, self.at(pos))

    def move(self, pos: QPointF, keys: Qt.KeyboardModifier = NONE, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
        """Move with the button held."""
        at, port = QPointF(self.at(pos)), self.view.viewport()
        event = QMouseEvent(QEvent.Type.MouseMove, at, QPointF(port.mapToGlobal(at.toPoint())), Qt.MouseButton.NoButton, button, keys)
        QApplication.sendEvent(port, event)

    def release(self, pos: QPointF, keys: Qt.KeyboardModifier = NONE, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
        """Let go."""
        QTest.mouseRelease(self.view.viewport(), button, keys, self.at(pos))

    def drag(self, start: QPointF, end: QPointF, keys: Qt.KeyboardModifier = NONE) -> None:
        """Drag from one canvas position to another, in steps."""
        self.press(start, keys)
        for i in range(1, 6):
            self.move(start + (end - start) * i / 5, keys)
        self.release(end, keys)

    def double_click(self, pos: QPointF) -> None:
        """Click twice."""
        QTest.mouseClick(self.view.viewport(), Qt.MouseButton.LeftButton, NONE, self.at(pos))
        QTest.mouseDClick(self.view.viewport(), Qt.MouseButton.LeftButton, NONE, self.at(pos))

    def type(self, words: str) -> None:
        """Type into the inline editor, and finish with Enter."""
        field = self.view.editor.field
        assert field is not None, "nothing is being edited"
        field.setText(words)
        QTest.keyClick(field, Qt.Key.Key_Return)


def renamed(document: Document, name: str) -> Document:
    """Return a document whose nodes are called something."""
    for i, node in enumerate(document.graph.nodes):
        document = Rename(node, 0, name.format(i)).apply(document)
    return document


def example(name: str) -> Document:
    """Return an example of the program."""
    return reader.read(resource("examples", f"{name}.grad"))


@pytest.fixture
def view(qapp, qtbot, studio: Studio, settle: Callable[[], None]) -> Iterator[CanvasView]:
    """A canvas at the size it has in the pictures, on `accumulation.grad`, which has run."""
    made = CanvasView(studio)
    made.canvas.motion = False
    made.resize(1076, 694)
    made.show()
    studio.show_example(example("accumulation"), "accumulation")
    settle()
    yield made
    made.hide()
    shiboken6.delete(made)


@pytest.fixture
def hand(view: CanvasView) -> Hand:
    """A hand over the canvas."""
    return Hand(view)


@pytest.fixture
def face(view: CanvasView, hand: Hand) -> Callable[[str], object]:
    """What the node of a label shows."""
    return lambda label: view.canvas.face(hand.node(label))


@pytest.fixture
def roll(view, studio, settle, qtbot):
    """Show a document; return what drags the number of a leaf to some factor of what it was."""

    def shown(name: str):
        studio.clock._rest.start(0)
        settle()
        studio.show_example(DOCUMENTS[name](), name)
        settle()
        studio.clock._rest.setInterval(30_000)  # however busy the machine is, the hand is still in motion when numbers come
        nodes = studio.document.graph.nodes
        starts = {n: node.value for n, node in nodes.items() if node.op == LEAF and isinstance(node.value, np.ndarray)}
        starts = {n: value for n, value in starts.items() if value.dtype.kind == "f"}
        gesture = studio.new_gesture()

        def drag(which: int, factor: float) -> None:
            leaf = list(starts)[which % len(starts)]
            value = np.asarray(starts[leaf] * np.float32(factor), starts[leaf].dtype)
            value.setflags(write=False)
            studio.do(SetLeafValue(leaf, value, gesture))
            qtbot.waitUntil(lambda: not studio.runs.running and not studio.clock.is_behind)

        return drag

    return shown
