"""Rolling: numbers of nodes in view that change, and nothing else. All are written at once; faces follow when one is asked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject

from gradstudio.app import text
from gradstudio.app.canvas.context import Context
from gradstudio.app.canvas.geometry import Level
from gradstudio.app.canvas.node_slots import Key, Slots, Table, exchange, slots_of
from gradstudio.app.canvas.node_words import Word, Writing
from gradstudio.app.canvas.tints import NOTHING, Codes, Sizes, code_of, codes_of_numbers, number_of
from gradstudio.document.graph import NodeId
from gradstudio.session.keyed import Keyed, Mask
from gradstudio.session.state import State

if TYPE_CHECKING:
    from gradstudio.app.canvas.node_item import NodeItem
    from gradstudio.app.canvas.scene import CanvasScene

TABLES: tuple[Table, ...] = ("tensors", "cotangents", "grads", "locals", "flows")
Rows = npt.NDArray[np.intp]


class Rolled:
    """One node whose numbers are told by rows of maps."""

    __slots__ = ("codes", "flows", "item", "ports", "rows", "shown", "slots", "writing")

    def __init__(self, item: NodeItem, writing: Writing, slots: Slots | None, row_of: Callable[[Key], int], state: State) -> None:
        numbers, ports = slots if slots is not None else ((), ())
        self.item, self.writing = item, writing  # what is written on it
        self.slots = None if slots is None else numbers  # None: more than numbers may differ
        self.rows: Rows = np.array([row_of(slot.key) for slot in numbers], np.intp)
        self.shown: Sizes = np.array([math.nan if slot.number is None else slot.number for slot in numbers])  # nan: not known
        self.ports: Rows = np.array([row_of(key) for key, _ in ports], np.intp)
        self.flows: Sizes = np.array([number_of(getattr(state, table).get(key)) for (table, key), _ in ports])  # of those that are not told
        self.codes: Codes = np.array([code_of(tint) for _, tint in ports], np.int64)  # the colours on show


class Together:
    """The same of several nodes, side by side: slots, then ports. What is on show is that of each of them."""

    def __init__(self, nodes: list[Rolled]) -> None:
        self.nodes = nodes
        self.slots = [(i, slot) for i, node in enumerate(nodes) for slot in node.slots or ()]
        self.count = len(self.slots)
        self.rows: Rows = np.concatenate([*(node.rows for node in nodes), *(node.ports for node in nodes)])
        lengths = [*(len(node.rows) for node in nodes), *(len(node.ports) for node in nodes)]
        self.owners: Rows = np.repeat(np.tile(np.arange(len(nodes)), 2), lengths)
        self.flows: Sizes = np.concatenate([node.flows for node in nodes])
        self.shown: Sizes = np.concatenate([node.shown for node in nodes])
        self.codes: Codes = np.concatenate([node.codes for node in nodes])
        ends = np.cumsum(lengths)
        for i, node in enumerate(nodes):
            node.shown = self.shown[ends[i] - lengths[i] : ends[i]]
            first = ends[len(nodes) + i] - self.count
            node.codes = self.codes[first - lengths[len(nodes) + i] : first]


class Rolling(QObject):
    """The nodes of one scene whose numbers alone are exchanged."""

    def __init__(self, canvas: CanvasScene) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._nodes: dict[NodeId, Rolled] = {}
        self._together: Together | None = None
        self._tables: Sequence[object] = ()  # what makes their rows what they are
        self._ahead: dict[NodeId, None] = {}  # those that show later numbers than their faces
        canvas.studio.clock.rested.connect(self.rest)

    def forget(self) -> None:
        """More may differ than numbers."""
        self._nodes.clear()

    def rest(self) -> None:
        """Have faces follow what is shown."""
        for node in self._ahead:
            if node in self._canvas.nodes:
                self._canvas.nodes[node].catch_up()
        self._ahead.clear()

    def show(self, nodes: Iterable[NodeId]) -> set[NodeId]:
        """Write the numbers of now on nodes of which nothing else differs. Return those for which that is enough."""
        context = self._canvas.context
        if self._canvas.level != Level.FULL or context.full:
            return set()
        tables = [table.index if isinstance(table, Keyed) else table for table in _tables(context.state)]
        if len(self._tables) != len(tables) or any([a is not b for a, b in zip(self._tables, tables, strict=True)]):
            self._nodes, self._tables = {}, tables
        found = [each for node in nodes if (each := self._rolled(self._canvas.nodes[node])) is not None]
        if not found:
            return set()
        if self._together is None or self._together.nodes != found:
            self._together = Together(found)
        rolled = self._write(context, self._together)
        self._ahead.update(dict.fromkeys(rolled))
        if not self._canvas.held.in_hand:
            self.rest()
        return rolled

    def _rolled(self, item: NodeItem) -> Rolled | None:
        """Return a node whose numbers can be exchanged; None where that cannot be said."""
        writing, known = item.writing, self._nodes.get(item.node)
        if writing is None:
            return None
        if known is None or known.writing is not writing:
            context = self._canvas.context
            slots = slots_of(context.path(item.node), item.face, writing, item.full)
            known = self._nodes[item.node] = Rolled(item, writing, slots, partial(_row, context.state), context.state)
        return None if known.slots is None else known

    def _write(self, context: Context, together: Together) -> set[NodeId]:
        """Write numbers; return the nodes that they could be written on."""
        numbers, told = (each[together.rows] for each in _told(context.state))
        count = together.count
        out = set(together.owners[told & ~np.isfinite(numbers)].tolist())
        changed = np.flatnonzero(told[:count] & (numbers[:count].view(np.int64) != together.shown.view(np.int64)))
        written = self._written(together, changed.tolist(), numbers[changed].tolist(), out)
        codes = _codes(context, np.where(told[count:], numbers[count:], together.flows))
        recoloured = set(together.owners[count:][codes != together.codes].tolist())
        together.shown[changed] = numbers[changed]
        together.codes[:] = codes
        for i, node in enumerate(together.nodes):
            if i in out:
                del self._nodes[node.item.node]
            elif i in written or i in recoloured:
                if i in written:
                    node.writing = Writing(node.writing.theme, node.writing.still, written[i])
                node.item.take_numbers(context, node.writing, i in written, i in recoloured)
        return {node.item.node for i, node in enumerate(together.nodes) if i not in out}

    def _written(self, together: Together, changed: list[int], numbers: list[float], out: set[int]) -> dict[int, list[Word]]:
        """Return what is written now, by node; add to `out` nodes that numbers alone do not do for."""
        made: dict[int, list[Word]] = {}
        for i, number in zip(changed, numbers, strict=True):
            at, slot = together.slots[i]
            node = together.nodes[at]
            if at in out:
                continue
            if at not in made:
                made[at] = node.writing.changing.copy()
            has_room = exchange(made[at], slot, text.number(number))
            is_other_sign = slot.number is not None and _sign(number) != _sign(together.shown.item(i))
            if is_other_sign or has_room is None or not (has_room or self._canvas.held.holds_width(node.item)):
                out.add(at)
        return made


def _tables(state: State) -> list[Mapping[Any, Any]]:
    return [getattr(state, name) for name in TABLES]


def _row(state: State, key: Key) -> int:
    """Return the row of a key in all maps, one after the other; for one that is in none the row after the last."""
    before = 0
    for name, table in zip(TABLES, _tables(state), strict=True):
        if name == key[0] and isinstance(table, Keyed) and key[1] in table.index:
            return before + table.index[key[1]]
        before += len(table)
    return before


def _told(state: State) -> tuple[Sizes, Mask]:
    """Return the numbers that tell the rows of all maps, and which they tell."""
    numbers: list[Sizes] = []
    rows: list[Mask] = []
    for table in _tables(state):
        told = table.told if isinstance(table, Keyed) else None
        numbers.append(np.zeros(len(table)) if told is None else told.numbers)
        rows.append(np.zeros(len(table), bool) if told is None else told.rows)
    return np.concatenate([*numbers, [0.0]]), np.concatenate([*rows, [False]])


def _codes(context: Context, numbers: Sizes) -> Codes:
    nothing = np.isnan(numbers)
    return np.where(nothing, NOTHING, codes_of_numbers(context.range, np.where(nothing, 0.0, numbers)))


def _sign(number: float) -> int:
    return (number > 0) - (number < 0)
