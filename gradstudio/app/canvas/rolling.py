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
from gradstudio.session.state import InputKey, Local, State

if TYPE_CHECKING:
    from gradstudio.app.canvas.node_item import NodeItem
    from gradstudio.app.canvas.scene import CanvasScene

TABLES: tuple[Table, ...] = ("tensors", "cotangents", "grads", "flows")
NO_ROW = 0  # of all maps, one after the other
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
        self.locals = [(i, slot) for i, (_, slot) in enumerate(self.slots) if slot.formula is not None]
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
        self._index: object = None  # of local derivatives: what makes theirs
        self._locals: Mapping[InputKey, Local] = {}
        self._told = True  # these are those of the state before but for their numbers
        self._ahead: dict[NodeId, None] = {}  # those that show later numbers than their faces
        canvas.studio.clock.rested.connect(self.rest)

    def follow(self, only_numbers: bool) -> None:
        """There is another state. See what can be told by numbers: where more differs, rows are read anew."""
        before, self._locals = self._locals, self._canvas.context.state.locals
        self._told = self._locals is before or (isinstance(self._locals, Keyed) and self._locals.is_other_numbers(before))
        if not only_numbers:
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
        if not self._told:
            self._nodes = {each.item.node: each for each in found}  # of others the formulas may be other ones
        if not found:
            return set()
        if self._together is None or self._together.nodes != found:
            self._together, self._index = Together(found), None
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
        self._find_locals(context.state, together)
        every, which = _told(context.state)
        numbers, told = every[together.rows], which[together.rows]
        out = set() if self._told else self._read_locals(context.state, together, numbers, told)
        count = together.count
        out |= set(together.owners[told & ~np.isfinite(numbers)].tolist())
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

    def _find_locals(self, state: State, together: Together) -> None:
        """Find the rows of local derivatives, of which there are others whenever more or fewer are known."""
        index = state.locals.index if isinstance(state.locals, Keyed) else {}
        if index is not self._index:
            first, self._index = _start(state, "locals"), index
            for i, slot in together.locals:
                row = index.get(slot.key[1])
                together.rows[i] = NO_ROW if row is None else first + row

    @staticmethod
    def _read_locals(state: State, together: Together, numbers: Sizes, told: Mask) -> set[int]:
        """Read the numbers of local derivatives one by one; return the places of nodes that have other formulas, or none."""
        out: set[int] = set()
        for i, slot in together.locals:
            local = state.locals.get(slot.key[1])  # type: ignore[call-overload]  # it is a key of them
            if local is None or local.value is None or local.formula != slot.formula:
                out.add(together.slots[i][0])
            else:
                numbers[i], told[i] = local.value, True
        return out

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


def _start(state: State, name: Table) -> int:
    """Return the row of all maps at which one begins; local derivatives come last."""
    before = TABLES if name == "locals" else TABLES[: TABLES.index(name)]
    return NO_ROW + 1 + sum(len(getattr(state, each)) for each in before)


def _row(state: State, key: Key) -> int:
    """Return the row of a key in all maps."""
    table = getattr(state, key[0])
    return _start(state, key[0]) + table.index[key[1]] if isinstance(table, Keyed) and key[1] in table.index else NO_ROW


def _told(state: State) -> tuple[Sizes, Mask]:
    """Return the numbers that tell the rows of all maps, and which they tell."""
    numbers: list[Sizes] = [np.zeros(NO_ROW + 1)]
    rows: list[Mask] = [np.zeros(NO_ROW + 1, bool)]
    for table in (*_tables(state), state.locals):
        told = table.told if isinstance(table, Keyed) else None
        numbers.append(np.zeros(len(table)) if told is None else told.numbers)
        rows.append(np.zeros(len(table), bool) if told is None else told.rows)
    return np.concatenate(numbers), np.concatenate(rows)


def _codes(context: Context, numbers: Sizes) -> Codes:
    nothing = np.isnan(numbers)
    return np.where(nothing, NOTHING, codes_of_numbers(context.range, np.where(nothing, 0.0, numbers)))


def _sign(number: float) -> int:
    return (number > 0) - (number < 0)
