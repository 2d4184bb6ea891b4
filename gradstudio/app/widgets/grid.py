"""Grid: the numbers of a tensor laid out in rows, as heat maps and tables show them."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from gradstudio.app import text
from gradstudio.engine.dtypes import name_of
from gradstudio.session.state import CELLS, TensorView

Number: TypeAlias = float | int | bool
WRAP = 8  # numbers in a row of a long vector


class Grid(Struct, frozen=True):
    """Some or all elements of a tensor: `cells` flat and row-major, on a grid of `shape`; the tensor has `full_shape`."""

    cells: tuple[Number, ...]
    shape: tuple[int, ...]
    full_shape: tuple[int, ...]
    dtype: str = "float32"

    @property
    def whole(self) -> bool:
        """Whether no element is left out."""
        return self.shape == self.full_shape

    @property
    def columns(self) -> int:
        """How many cells stand in a row."""
        if len(self.shape) == 1:
            return min(self.shape[0], WRAP)
        return self.shape[-1] if self.shape else 1

    @property
    def rows(self) -> tuple[tuple[Number, ...], ...]:
        """The cells in rows: of the last axis; a long vector is wrapped."""
        n = max(1, self.columns)
        return tuple(self.cells[i : i + n] for i in range(0, len(self.cells), n))

    def index(self, row: int, column: int) -> tuple[int, ...]:
        """Return the index into the tensor of a cell (of the sample, if not whole)."""
        if not self.shape:
            return ()
        flat = row * self.columns + column
        return tuple(int(i) for i in np.unravel_index(flat, self.shape))

    def row_label(self, row: int) -> str:
        """Return what stands before a row: its index but the last axis; the first index of a wrapped vector."""
        if len(self.shape) == 1:
            return str(row * WRAP) if self.shape[0] > WRAP else ""
        return ",".join(str(i) for i in self.index(row, 0)[:-1])


def grid_of(view: TensorView) -> Grid:
    """Return the cells that a view carries."""
    return Grid(view.cells, view.grid if view.cells else (), view.shape, view.dtype)


def grid_of_array(array: npt.NDArray[np.generic], limit: int = CELLS) -> Grid:
    """Return an array as a grid: all of it up to `limit` elements, else a sample spread over each axis."""
    sample = array
    if array.size > limit:
        sizes = sample_shape(array.shape, limit)
        sample = array[np.ix_(*(np.linspace(0, n - 1, m).round().astype(int) for n, m in zip(array.shape, sizes, strict=True)))]
    return Grid(tuple(sample.ravel().tolist()), sample.shape, array.shape, name_of(array.dtype))


def sample_shape(shape: tuple[int, ...], limit: int) -> tuple[int, ...]:
    """Return sizes of at most `limit` elements, the longest axes cut first."""
    sizes = list(shape)
    while math.prod(sizes) > limit:
        longest = sizes.index(max(sizes))
        sizes[longest] = max(1, min(sizes[longest] - 1, sizes[longest] // 2 if sizes[longest] > 16 else sizes[longest] - 1))
    return tuple(sizes)


def words(grid: Grid) -> tuple[tuple[str, ...], ...]:
    """Return the numbers as text, all with as many decimals as the largest and the smallest of them call for."""
    decimals = _decimals(grid.cells)
    return tuple(tuple(_word(value, decimals) for value in row) for row in grid.rows)


def _decimals(cells: tuple[Number, ...]) -> int | None:
    sizes = [abs(v) for v in cells if isinstance(v, float) and math.isfinite(v) and v]
    if not sizes:
        return 2
    largest = max(sizes)
    if largest < 0.1 or largest >= 1e5:
        return None
    return 2 if largest < 100 else 1


def _word(value: Number, decimals: int | None) -> str:
    if not isinstance(value, float) or not math.isfinite(value):
        return text.number(value)
    return text.minus(f"{value:.2g}" if decimals is None else f"{value:.{decimals}f}")
