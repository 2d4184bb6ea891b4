"""Tensors as small heat maps: which cells, how many, with or without numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gradstudio.app import text
from gradstudio.app.canvas.faces import Cells, Rows
from gradstudio.document.graph import Array
from gradstudio.engine.dtypes import name_of
from gradstudio.session.state import CELLS, TensorView

NUMBERS_UP_TO = 4  # elements of a vector that are written out
MOST_ROWS, MOST_COLUMNS = 18, 24  # cells of a large one
ROWS, COLUMNS = 6, 6  # a matrix of at most this size is shown cell by cell


def cells_of(view: TensorView | None, full: bool = False) -> Cells | None:
    """Return the cells of a tensor on show; None where there are none."""
    if view is None or not view.cells:
        return None
    grid = view.grid or view.shape
    return _cells(view.cells, grid, view.dtype, sampled=math.prod(view.shape) > len(view.cells))


def cells_of_array(array: Array | None, full: bool = False) -> Cells | None:
    """Return the cells of a start value; of a large one a sample that keeps the corners."""
    if array is None or array.size == 0:
        return None
    if array.size <= CELLS:
        return _cells(array.ravel().tolist(), array.shape, name_of(array.dtype), sampled=False)
    flat = array.reshape(-1, array.shape[-1]) if array.ndim > 1 else array.reshape(1, -1)
    rows = np.linspace(0, flat.shape[0] - 1, min(8, flat.shape[0])).astype(int)
    columns = np.linspace(0, flat.shape[1] - 1, min(8, flat.shape[1])).astype(int)
    sample = flat[np.ix_(rows, columns)]
    return _cells(sample.ravel().tolist(), sample.shape, name_of(array.dtype), sampled=True)


def reduced(array: Array, rows: int = MOST_ROWS, columns: int = MOST_COLUMNS) -> Array:
    """Return a matrix of at most this size: of each block the element that is largest in magnitude (NaN before all)."""
    down, across = -(-array.shape[0] // rows), -(-array.shape[1] // columns)
    if down == 1 and across == 1:
        return array
    tall, wide = -(-array.shape[0] // down), -(-array.shape[1] // across)
    padded = np.zeros((tall * down, wide * across))
    padded[: array.shape[0], : array.shape[1]] = array
    blocks = padded.reshape(tall, down, wide, across).swapaxes(1, 2).reshape(tall, wide, -1)
    largest = np.where(np.isnan(blocks), np.inf, np.abs(blocks)).argmax(2)
    picked: Array = np.take_along_axis(blocks, largest[..., None], 2)[..., 0]
    return picked


def _cells(flat: Sequence[float | int | bool], grid: tuple[int, ...], dtype: str, sampled: bool) -> Cells:
    columns = grid[-1] if grid else 1
    matrix: Array = np.asarray(flat, np.float64).reshape(-1, max(1, columns))
    if len(matrix) > 1:
        matrix = reduced(matrix)
    columns = matrix.shape[1]
    numbers: list[float] = matrix.ravel().tolist()
    rows: Rows = tuple(tuple(row) for row in matrix.tolist())
    largest = max((abs(v) for v in numbers if math.isfinite(v)), default=0.0) or 1e-9
    whole = dtype.startswith(("int", "uint", "bool"))
    vector = len(rows) == 1
    written = vector and not sampled and columns <= (COLUMNS if whole else NUMBERS_UP_TO)
    words = (tuple(_word(v, whole, dtype) for v in numbers),) if written else ()
    large = sampled or len(rows) > ROWS or (columns > COLUMNS and not vector) or columns > 4 * COLUMNS
    return Cells(rows, largest, words, plain=whole and written, large=large)


def _word(value: float, whole: bool, dtype: str) -> str:
    if not math.isfinite(value):
        return text.minus(str(value))
    if dtype == "bool":
        return "T" if value else "F"
    return text.minus(str(int(value)) if whole else f"{value:.2f}" if abs(value) < 100 else f"{value:.3g}")
