"""Column: what one thing was, from which step on."""

from __future__ import annotations

from bisect import bisect_right
from typing import Generic, TypeVar

T = TypeVar("T")


class Column(Generic[T]):
    """The versions of one thing: from which step on it was what. None: it was not there. Most things have one version, and no lists."""

    __slots__ = ("_first", "_from", "_later", "last")

    def __init__(self, k: int, value: T | None) -> None:
        self._from = k
        self._first = self.last = value  # `last`: what the thing is now
        self._later: tuple[list[int], list[T | None]] | None = None

    def set(self, k: int, value: T | None) -> None:
        """Record that from step k on the thing is value."""
        later, self.last = self._later, value
        if later is None:
            if k == self._from:
                self._first = value
            else:
                self._later = [k], [value]
        elif later[0][-1] == k:
            later[1][-1] = value
        else:
            later[0].append(k)
            later[1].append(value)

    def at(self, k: int) -> T | None:
        """Return what the thing was at step k."""
        later = self._later
        if later is None or k < later[0][0]:
            return self._first if k >= self._from else None
        return later[1][bisect_right(later[0], k) - 1]

    @property
    def steps(self) -> list[int]:
        """The step at which each version began."""
        return [self._from, *(self._later[0] if self._later else ())]

    @property
    def values(self) -> list[T | None]:
        """All versions."""
        return [self._first, *(self._later[1] if self._later else ())]
