"""The colours of nodes in the far view: the heat of the gradient that passed through each, worked out for all of them at once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gradstudio.app.canvas.faces import Tint
from gradstudio.app.canvas.node_faces import leaving
from gradstudio.app.canvas.node_small import heat_fill
from gradstudio.app.canvas.tints import NOTHING, SHADES, STRANGE, ZERO, Codes, codes_of, codes_of_numbers
from gradstudio.app.theme import Theme
from gradstudio.document.graph import INPUT, LEAF, NodeId, NodePath
from gradstudio.session.keyed import Keyed
from gradstudio.session.state import Flow
from gradstudio.session.trace import TensorKey

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene

Colours = npt.NDArray[np.int64]
Indices = npt.NDArray[np.intp]
FAILED = STRANGE + 1


class FarHues:
    """A colour a node of one scene, as long as nothing is selected, lit or faded."""

    def __init__(self, canvas: CanvasScene) -> None:
        self._canvas = canvas
        self._hues: Colours = np.empty(0, np.int64)
        self._stale: set[NodeId] | None = None  # nodes whose colour may be another; None: all
        self._of: tuple[list[NodeId], NodePath] | None = None  # the nodes and their scope, of which these are
        self._keys: list[TensorKey] = []
        self._leaves: set[int] = set()  # rows of leaves, which read the gradient that comes to them
        self._index: object = None  # of the state whose rows these are
        self._places: Indices = np.empty(0, np.intp)

    def forget(self, nodes: Iterable[NodeId] | None = None) -> None:
        """Nodes (all) may have another colour."""
        if nodes is None:
            self._stale = None
        elif self._stale is not None:
            self._stale.update(nodes)

    def differ(self, nodes: Iterable[NodeId] | None) -> bool:
        """Say whether a colour is another than before; those of nodes (all) may be."""
        before, stale = self._hues, self._stale
        self.forget(nodes)
        return stale is None or len(before) != len(self._canvas.plates.nodes) or not np.array_equal(before, self.known())

    def known(self) -> Colours:
        """Return the colour of each plate, those that are out of date worked out. Not to be changed."""
        nodes = self._canvas.plates.nodes
        if self._of is None or self._of[0] is not nodes or self._of[1] != self._canvas.context.scope:
            self._read(nodes)
        if self._stale is None or len(self._hues) != len(nodes):
            self._hues = self._worked_out()
        elif self._stale:
            which = self._canvas.plates.rows(self._stale)
            self._hues = self._hues.copy()
            self._hues[which] = self._worked_out(which)
        self._stale = set()
        return self._hues

    def _read(self, nodes: list[NodeId]) -> None:
        context = self._canvas.context
        self._of, self._stale = (nodes, context.scope), None
        self._keys = [(context.path(node), 0) for node in nodes]
        self._leaves = {i for i, node in enumerate(nodes) if context.graph.nodes[node].op in (LEAF, INPUT)}
        self._index = None

    def _worked_out(self, which: list[int] | None = None) -> Colours:
        """Return the colours of nodes (all)."""
        canvas, context, nodes = self._canvas, self._canvas.context, self._canvas.plates.nodes
        own: slice | list[int] = slice(None) if which is None else which
        codes = self._codes(np.arange(len(nodes))[own])
        frozen, failed = np.zeros(len(nodes), bool), np.zeros(len(nodes), bool)
        frozen[canvas.plates.rows(context.frozen)] = True
        failed[canvas.plates.rows([*context.failures, context.first_nonfinite])] = True
        codes[frozen[own] & (codes != NOTHING)] = ZERO
        codes[failed[own]] = FAILED
        kinds, place = np.unique(codes, return_inverse=True)
        colours: Colours = np.array([colour_of(canvas.theme, canvas.norms, code) for code in kinds.tolist()], np.int64)[place]
        return colours

    def _codes(self, which: Indices) -> Codes:
        """Return `codes_of` what passed through nodes, of those that are told by a number alone for all of them at once."""
        context, table = self._canvas.context, self._canvas.context.state.cotangents
        codes, told = np.full(len(which), NOTHING), np.zeros(len(which), bool)
        if isinstance(table, Keyed) and table.told is not None:
            places = self._places_in(table)[which]
            told = (places >= 0) & table.told.rows[places]
            codes[told] = codes_of_numbers(context.range, table.told.numbers[places[told]])
        rest = which[~told].tolist()
        codes[~told] = codes_of(context.range, [self._flow(table, i) for i in rest])
        return codes

    def _places_in(self, table: Keyed[TensorKey, Flow]) -> Indices:
        """Return the row of each node in a table; -1: it has none. Those that follow one another have the same rows."""
        if self._index is not table.index:
            self._index, self._places = table.index, np.array([table.index.get(key, -1) for key in self._keys], np.intp)
        return self._places

    def _flow(self, table: Mapping[TensorKey, Flow], i: int) -> Flow | None:
        found = table.get(self._keys[i])
        return leaving(self._canvas.context, self._canvas.plates.nodes[i]) if found is None and i in self._leaves else found


@lru_cache(maxsize=1024)
def colour_of(theme: Theme, norms: bool, code: int) -> int:
    """Return the colour of a node for what `codes_of` says of it."""
    if code == FAILED:
        return theme.color("error").rgb()
    if code == NOTHING:
        return theme.color("line2").rgb()
    if code == ZERO:
        heat = Tint(0.0, 0.0)
    else:
        heat = Tint(math.nan, 1.0) if code == STRANGE else Tint(math.copysign(1.0, code), (abs(code) - 1) / SHADES)
    return heat_fill(theme, heat, False, norms)[0].rgb()
