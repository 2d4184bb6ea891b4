"""Hints: why a `.grad` is None, 0.0 or a sum, in words. Numbers do not wait for words: in a drag the words come when it rests."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from gradstudio.app.panels.inspector.rows import Hint
from gradstudio.app.studio import Studio
from gradstudio.document.graph import NodePath
from gradstudio.explain.why import grad_words

REST_MS = 120
FEW = 100  # nodes that are explained within a frame


class Hints(QObject):
    """The hint of the node on show, about the run on show. `changed` when another one took its place later."""

    changed = Signal()

    def __init__(self, studio: Studio, parent: QObject) -> None:
        super().__init__(parent)
        self.studio = studio
        self._about: NodePath = ()
        self._rows: tuple[Hint, ...] = ()
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self._explain_later)

    def of(self, path: NodePath) -> tuple[Hint, ...]:
        """Return the explanation of a node's `.grad`, if there is something to explain."""
        if path != self._about or len(self.studio.shown.document.graph.nodes) <= FEW:
            self._about = path
            self._rows = self._explained()
        else:
            self._rest.start()
        return self._rows

    def _explained(self) -> tuple[Hint, ...]:
        shown, key = self.studio.shown, (self._about, 0)
        found = grad_words(shown.document, shown.trace, shown.state, key) if key in shown.state.tensors else None
        return (Hint(found.words),) if found else ()

    def _explain_later(self) -> None:
        rows = self._explained()
        if rows != self._rows:
            self._rows = rows
            self.changed.emit()
