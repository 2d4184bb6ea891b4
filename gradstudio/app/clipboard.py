"""Clipboard: nodes as text, in the codec's own form, read back as strictly as a file.

It is handed over as text, never as a QMimeData of Python's: Qt keeps one beyond the interpreter's end where the platform has no
clipboard of its own, and Python 3.13 then dies of it at exit.
"""

from __future__ import annotations

import json

from PySide6.QtGui import QGuiApplication

from gradstudio.app.studio import Studio
from gradstudio.document import codec, fragment
from gradstudio.document.arrange import clear_of
from gradstudio.document.commands.paste import Paste
from gradstudio.document.fragment import Fragment

STEP, MOST_CLEAR = 40, 100  # canvas units that a large piece lies beside where it was; nodes of one that is not
MOST = 32 << 20


class Clipboard:
    """Copies and pastes for one studio."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self._source: Fragment | None = None

    def copy(self) -> None:
        """Put the selected nodes on the clipboard."""
        ids = self.studio.selected_nodes
        if not ids:
            return
        self._source = fragment.copy(self.studio.document, ids)
        QGuiApplication.clipboard().setText(json.dumps(codec.fragment_tree(self._source)))
        self.studio.notify(f"Copied {len(ids)} node{'s' if len(ids) > 1 else ''}")

    def paste(self) -> None:
        """Paste what is on the clipboard beside where it was."""
        raw = QGuiApplication.clipboard().text()
        if not raw or len(raw) > MOST:
            self.studio.notify("There are no nodes on the clipboard")
            return
        try:
            read = codec.fragment_from(json.loads(raw))
        except (ValueError, RecursionError):
            self.studio.notify("What is on the clipboard is not a piece of a graph")
            return
        known = self._source is not None and codec.fragment_tree(self._source) == codec.fragment_tree(read)
        self._put(read, "Paste", known)

    def duplicate(self) -> None:
        """Put copies of the selected nodes beside them; what they read stays connected."""
        ids = self.studio.selected_nodes
        if ids:
            self._put(fragment.copy(self.studio.document, ids), "Duplicate", True)

    def _offset(self, piece: Fragment) -> tuple[int, int]:
        """Return where a piece goes from where it was: down to where it covers nothing; one that is large a step aside."""
        places = [at for node, at in piece.positions.items() if node in piece.graph.nodes]
        if len(places) > MOST_CLEAR:
            return STEP, STEP
        positions = self.studio.document.layout.positions
        return 0, clear_of([positions[node] for node in self.studio.graph.nodes if node in positions], places)

    def _put(self, piece: Fragment, verb: str, keep_outside: bool) -> None:
        offset = self._offset(piece)
        ids = {old: self.studio.new_id(old[0]) for old in piece.ids()}
        if self.studio.do(Paste(piece, ids, offset, None, keep_outside, verb, home=self.studio.home)):
            graph = self.studio.graph
            self.studio.select(new for new in ids.values() if new in graph.nodes)
