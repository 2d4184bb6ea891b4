"""What wires show: their faces, by number, worked out when they are looked at; and when each was last seen to look different."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gradstudio.app.canvas.faces import WireFace
from gradstudio.app.canvas.tints import STRANGE, Codes, Sizes, codes_of_numbers
from gradstudio.app.canvas.wire_faces import WireId, face_of, with_number
from gradstudio.app.canvas.wire_runs import Indices
from gradstudio.app.theme import GradientRange
from gradstudio.session.keyed import Keyed

if TYPE_CHECKING:
    from gradstudio.app.canvas.scene import CanvasScene

Stamps = npt.NDArray[np.int64]


class WireLooks:
    """The faces of the wires of one scene. `stamp` goes up whenever one may look different."""

    def __init__(self, canvas: CanvasScene) -> None:
        self._canvas = canvas
        self.stamp = 0
        self.take([])

    def take(self, ids: list[WireId]) -> None:
        """These are the wires, and nothing is known of them."""
        self._ids = ids
        self._faces: list[WireFace | None] = [None] * len(ids)
        self._out_of_date = bytearray(b"\1") * len(ids)
        self._differs: Stamps = np.zeros(len(ids), np.int64)  # when a wire was seen to look different
        self._doubtful: Stamps = np.zeros(len(ids), np.int64)  # since when it may, and was not looked at
        self._index: object = None  # of the flows whose rows these are
        self._rows: Indices = np.empty(0, np.intp)
        self._numbers: Sizes | None = None  # those that tell the flows, of wires whose numbers alone are out of date; nan: it is not
        self._codes: Codes = np.empty(0, np.int64)  # of the colours, and so the widths, that are shown
        self._now: Codes = self._codes  # of those that follow from the numbers
        self._range = GradientRange()  # this one
        self.renew()

    def renew(self) -> None:
        """Something other than their faces decides how wires look, or where they run, and is different."""
        self.stamp += 1
        self._all = self.stamp

    def doubt(self, which: Iterable[int] | None) -> None:
        """The numbers of some wires (all) may be others."""
        self.stamp += 1
        self._numbers = None
        if which is None:
            self._out_of_date = bytearray(b"\1") * len(self._ids)
            self._doubtful[:] = self.stamp
            return
        for i in which:
            self._out_of_date[i] = 1
            self._doubtful[i] = self.stamp

    def doubt_numbers(self) -> None:
        """Numbers of one element each may be others on all wires, and nothing else. Which of them look different is worked out at once."""
        self.stamp += 1
        self._out_of_date = bytearray(b"\1") * len(self._ids)
        range_, numbers = self._canvas.context.range, self._told()
        untold = np.isnan(numbers)
        codes = codes_of_numbers(range_, np.where(untold, 0.0, numbers))
        if self._numbers is None:
            doubtful = np.ones(len(codes), bool)
        else:
            doubtful = ~untold & (self._canvas.held.other_shades(self._codes, codes) | (codes == STRANGE) | np.isnan(self._numbers))
            if range_ != self._range:
                doubtful |= untold
        self._doubtful[doubtful] = self.stamp
        self._codes = np.where(doubtful, codes, self._codes) if len(self._codes) else codes
        self._numbers, self._now, self._range = numbers, codes, range_

    def _told(self) -> Sizes:
        """Return the numbers that tell what comes along wires; nan: it is told otherwise, as it was before. One that is nan is inf here."""
        context, numbers = self._canvas.context, np.full(len(self._ids), np.nan)
        table = context.state.flows
        if isinstance(table, Keyed) and table.told is not None:
            if self._index is not table.index:
                keys = ((context.path(target), path) for target, path in self._ids)
                self._index, self._rows = table.index, np.array([table.index.get(key, -1) for key in keys], np.intp)
            told = table.told
            which = (self._rows >= 0) & told.rows[self._rows]
            found = told.numbers[self._rows[which]]
            numbers[which] = np.where(np.isfinite(found), found, np.inf)
        return numbers

    def doubtful(self, which: Indices) -> npt.NDArray[np.bool_]:
        """Say of wires whether they may look different than when they were last looked at."""
        doubtful: npt.NDArray[np.bool_] = self._doubtful[which] > 0
        return doubtful

    def known(self, i: int) -> WireFace | None:
        """Return the face of a wire as it was when it was last looked at; None: never."""
        return self._faces[i]

    def face(self, i: int) -> WireFace:
        """Return the face of a wire. Raises KeyError if it is gone."""
        before = self._faces[i]
        if before is not None and not self._out_of_date[i]:
            return before
        now = self._renumbered(i, before) or face_of(self._canvas.context, self._ids[i]) or before
        if now is None:
            raise KeyError(self._ids[i])
        if before is not None and before.look != now.look:
            self._differs[i] = self.stamp
        if self._numbers is not None and self._doubtful[i]:
            self._codes[i] = self._now[i]
        self._out_of_date[i], self._doubtful[i], self._faces[i] = 0, 0, now
        return now

    def drawn(self, i: int) -> WireFace:
        """Return a face that looks as that of a wire does; its number may be an older one. Raises KeyError if it is gone."""
        before = self._faces[i]
        return self.face(i) if before is None or self._numbers is None or self._doubtful[i] else before

    def _renumbered(self, i: int, before: WireFace | None) -> WireFace | None:
        """Return the face of a wire if it looks as it did and nothing but its number can be another."""
        if before is None or self._numbers is None or self._doubtful[i]:
            return None
        number = self._numbers.item(i)
        return before if number != number else with_number(before, number, self._canvas.context.full)

    def differ(self, which: Indices, since: int) -> bool | None:
        """Say whether some wires look different since a stamp; None: they are to be looked at."""
        if since < self._all:
            return None
        if not len(which):
            return False
        if self._differs[which].max() > since:
            return True
        return None if self._doubtful[which].max() > since else False
