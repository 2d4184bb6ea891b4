"""Squares: what lies in each square of the canvas, worked out when the pointer first comes there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtCore import QRectF

SIDE = 256.0  # canvas units
MOST = 4096  # squares that are remembered
T = TypeVar("T")


class Squares(Generic[T]):
    """Remembers what `find` says of a square until something in it moves."""

    def __init__(self, find: Callable[[QRectF], T]) -> None:
        self._find = find
        self._known: dict[tuple[float, float], T] = {}

    def at(self, x: float, y: float) -> T:
        """Return what lies in the square round a point."""
        key = x // SIDE, y // SIDE
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= MOST:
                self._known.clear()
            found = self._known[key] = self._find(QRectF(key[0] * SIDE, key[1] * SIDE, SIDE, SIDE))
        return found

    def forget(self, left: float, top: float, right: float, bottom: float) -> None:
        """Look again at the squares that a box meets."""
        low, high = (left // SIDE, top // SIDE), (right // SIDE, bottom // SIDE)
        for key in [k for k in self._known if low[0] <= k[0] <= high[0] and low[1] <= k[1] <= high[1]]:
            del self._known[key]

    def clear(self) -> None:
        """Look again at all."""
        self._known.clear()
