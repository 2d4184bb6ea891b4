"""The steps of the run on show as Qt's views read them: numbers of steps, put into words only where they are looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QWidget

from gradstudio.document.graph import NodePath
from gradstudio.explain.case import Case
from gradstudio.explain.steps import step_words
from gradstudio.session import state
from gradstudio.session.trace import ACCUMULATE, Step

if TYPE_CHECKING:
    from gradstudio.app.studio import Studio

Index = QModelIndex | QPersistentModelIndex
NO_INDEX = QModelIndex()
LONGEST = 120  # characters of a print that are shown
KINDS = ("all kinds", "op", "visit", "accumulate", "zero", "call")


class Filter(Struct, frozen=True):
    """Which steps are listed. `nodes` None: those of every node."""

    words: str = ""
    kind: str = KINDS[0]
    nodes: frozenset[NodePath] | None = None  # of an instance: everything inside
    nonfinite: bool = False


def kind_of(step: Step) -> str:
    """Return a step's kind as the filter names it: an accumulation is a visit of its own kind."""
    return "accumulate" if step.kind == "visit" and step.name == ACCUMULATE else step.kind


class StepModel(QAbstractListModel):
    """`ks` are the numbers of the steps that pass the filter."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(parent)
        self.studio = studio
        self.filter = Filter()
        self.ks: list[int] = []
        self._words: dict[tuple[object, ...], str] = {}
        self._prints: dict[int, str] = {}

    def read(self, filter_: Filter) -> None:
        """List the steps of the run on show that pass a filter."""
        trace = self.studio.shown.trace
        self._words.clear()
        self._prints = {each.step: each.text for each in trace.prints}
        ks = [k for k, step in enumerate(trace.steps, 1) if self._passes(filter_, k, step)]
        self.filter = filter_
        if ks == self.ks:
            if ks:
                self.dataChanged.emit(self.index(0), self.index(len(ks) - 1))
            return
        self.beginResetModel()
        self.ks = ks
        self.endResetModel()

    def _passes(self, filter_: Filter, k: int, step: Step) -> bool:
        if filter_.kind not in (KINDS[0], kind_of(step)):
            return False
        if filter_.nodes is not None and not any(step.node[: len(path)] == path for path in filter_.nodes):
            return False
        if filter_.nonfinite and k not in self.studio.shown.trace.nonfinite:
            return False
        return not filter_.words or filter_.words in self.words(k).casefold()

    def words(self, k: int) -> str:
        """Return step k in words; a print with what it wrote."""
        shown = self.studio.shown
        step = shown.trace.steps[k - 1]
        if k in self._prints:
            return f"print  {' '.join(self._prints[k].split())[:LONGEST]}"
        key = (step.kind, step.node, step.name, step.call if step.kind == "call" else "", step.origin)
        if key not in self._words:
            self._words[key] = step_words(Case(shown.document, shown.trace, state.EMPTY, ((), 0)), step)
        return self._words[key]

    def note(self, k: int) -> str:
        """Return the remark at the right: non-finite numbers, the turn of the loop, the sequence number."""
        trace = self.studio.shown.trace
        step = trace.steps[k - 1]
        if k in trace.nonfinite:
            return f"{trace.nonfinite[k]} not finite"
        turn = f"turn {'.'.join(str(t + 1) for t in step.turns)}" if step.turns else ""
        return turn or ("" if step.sequence_nr is None else str(step.sequence_nr))

    def spoken(self, k: int) -> str:
        """Return step k as a screen reader says it."""
        return ", ".join(part for part in (f"step {k}", self.words(k), self.note(k)) if part)

    def row_of(self, k: int) -> int:
        """Return the row of step k, or of the last one before it; -1 where there is none."""
        low, high = 0, len(self.ks)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self.ks[middle] <= k else (low, middle)
        return low - 1

    def rowCount(self, parent: Index = NO_INDEX) -> int:
        """Return the number of steps listed."""
        return 0 if parent.isValid() else len(self.ks)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a step in words."""
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole) and index.row() < len(self.ks):
            return self.spoken(self.ks[index.row()])
        return None
