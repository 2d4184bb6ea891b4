"""Sums of floats in PyTorch's order of additions, so that losses agree to the last bit: a cascade over vectors, and four rows at a time.

PyTorch adds vectors of 32 bytes, in four partial sums, in chunks of sixteen whose sums are added in chunks again. Above the size from
which it shares a sum among threads its order is not defined, and any other is as good (quicksum.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np

from gradstudio.engine.numerics import quicksum

Array = np.ndarray[Any, Any]
SHARED: Final = 32768  # elements from which PyTorch uses threads
WHOLE: Final = 4096  # elements of an array that is summed whole, beyond which speed counts more
LANES: Final = {"f": 8, "d": 4}  # elements of a vector
SHORT: Final = {5: [0, 4, 1, 2, 3], 6: [0, 4, 5, 1, 2, 3], 7: [0, 4, 5, 6, 1, 2, 3]}  # four partial sums of less than two elements
LEVELS: Final = 4
ZERO: Final = np.zeros((), np.float32)
Steps = tuple[tuple[tuple[int, ...], int], ...]  # reductions one after the other: the shape to see the array in, and along which axis


def total(x: Array, axes: Sequence[int] | None = None, keepdims: bool = False) -> Array:
    """Return the sum over axes (all if None) as an array of x's dtype."""
    lanes = LANES.get(x.dtype.char)
    whole = axes is None or len(axes) == x.ndim
    if lanes is None or x.size > (WHOLE if whole else SHARED) or not x.size:
        return quicksum.total(x, tuple(range(x.ndim) if axes is None else axes), keepdims)
    if whole and x.flags.c_contiguous:
        out = np.asarray(line(x.reshape(-1), lanes) + x.dtype.type(0))
        return out.reshape((1,) * x.ndim) if keepdims else out
    if axes is not None and x.flags.c_contiguous:
        rows, n, matrix, shape = quicksum.as_matrix(x.shape, tuple(axes), keepdims)
        if n and min(matrix) > 1:
            return table(x.reshape(matrix), int(rows), lanes).reshape(shape)
    gone = {a % x.ndim for a in (range(x.ndim) if axes is None else axes)}
    kept = [n for i, n in enumerate(x.shape) if i not in gone]
    return np.asarray(along(x, gone, lanes) + x.dtype.type(0)).reshape(
        [1 if i in gone else n for i, n in enumerate(x.shape)] if keepdims else kept)


def table(x: Array, axis: int, lanes: int) -> Array:
    """Return the sums of the columns (axis 0) or rows (axis 1) of a contiguous matrix."""
    rows, columns = x.shape
    if axis == 0 and (steps := column_steps(rows, columns, lanes)):
        for shape, at in steps:
            x = np.add.reduce(x.reshape(shape), at)
        x += ZERO  # a sum begins at 0: no -0 is left
        return x
    sums = outer(x, 4 * lanes if columns >= lanes else 4) if axis == 0 else inner(x.T, lanes) if columns >= lanes else four(x.T)
    return np.asarray(sums + x.dtype.type(0))


def line(x: Array, lanes: int) -> Any:
    """Return the sum of a contiguous line."""
    n = len(x)
    if steps := line_steps(n, lanes):
        for shape, at in steps:
            x = np.add.reduce(x.reshape(shape), at)
        return np.add.accumulate(x)[-1]
    if n <= 4:
        return np.add.reduce(x)
    if n < 8 <= lanes:
        return np.add.accumulate(x[SHORT[n]])[-1]
    return inner(x, lanes) if n >= lanes else four(x)


@lru_cache(4096)
def line_steps(n: int, lanes: int) -> Steps:
    """Return the reductions that leave the lanes of a line whose length suits, to be added in turn; none for other lengths."""
    if n < 4 * lanes or n % (4 * lanes):
        return ()
    steps = cascade_steps(n // (4 * lanes), (4, lanes))
    return (*steps, ((4, lanes), 0)) if steps else ()


@lru_cache(4096)
def column_steps(rows: int, columns: int, lanes: int) -> Steps:
    """Return the reductions that sum the columns of a contiguous matrix whose shape suits; none for other shapes."""
    block = 4 * lanes if columns >= lanes else 4
    if columns % block == 0:
        return cascade_steps(rows, (columns,))
    if columns > block or rows < 4 or rows % 4:
        return ()
    steps = cascade_steps(rows // 4, (4, columns))
    return (*steps, ((4, columns), 0)) if steps else ()


def cascade_steps(n: int, tail: tuple[int, ...]) -> Steps:
    """Return the reductions of `cascade` over n arrays of a shape; none where chunks are left over or there are many."""
    if n < 16:
        return (((n, *tail), 0),)
    step = chunk_of(n)
    steps: list[tuple[tuple[int, ...], int]] = []
    while n >= step and len(steps) < LEVELS - 1:
        if n % step:
            return ()
        n //= step
        steps.append(((n, step, *tail), 1) if n > 1 else ((step, *tail), 0))
    return (*steps, ((n, *tail), 0)) if n > 1 else tuple(steps)


def chunk_of(n: int) -> int:
    """Return how many are added one after the other before their sum is added to others."""
    return 1 << max(4, (n - 1).bit_length() // LEVELS)


def in_turn(x: Array) -> Any:
    """Return the sum along the first axis, one after the other."""
    if len(x) < 8:  # numpy has an order of its own along what lies contiguous, from eight elements on
        return np.add.reduce(x, 0) if len(x) != 1 else x[0]
    return np.add.reduce(x, 0) if x.strides[0] > x.itemsize and x[0].size > 1 else np.add.accumulate(x, 0)[-1]


def cascade(x: Array) -> Any:
    """Return the sum along the first axis in chunks, whose sums are added in chunks again. What is left over is a chunk with zeros."""
    if len(x) < 16:
        return in_turn(x)
    step = chunk_of(len(x))
    for _ in range(LEVELS - 1):
        if len(x) <= step:
            break
        if len(x) % step:
            x = np.concatenate((x, np.zeros((-len(x) % step, *x.shape[1:]), x.dtype)))
        x = in_turn(x.reshape(len(x) // step, step, *x.shape[1:]).swapaxes(0, 1))
    return in_turn(x)


def four(x: Array) -> Any:
    """Return the sum along the first axis in four partial sums: every fourth row, and the rest into the first."""
    rows = len(x) // 4
    if not rows:
        return in_turn(x)
    partial = cascade(x[:4 * rows].reshape(rows, 4, *x.shape[1:]))
    if 4 * rows == len(x):
        return np.add.reduce(partial, 0)
    first = partial[0]
    for left in x[4 * rows:]:
        first = first + left
    return ((first + partial[1]) + partial[2]) + partial[3]


def inner(x: Array, lanes: int) -> Any:
    """Return the sum along the first axis, which lies contiguous in memory: by vectors, then what is left and the lanes in turn."""
    whole = len(x) // lanes
    left = x[whole * lanes:]
    vector = four(x[:whole * lanes].reshape(whole, lanes, *x.shape[1:]))
    return in_turn(np.concatenate([left, vector]) if len(left) else vector)


def outer(x: Array, block: int) -> Array:
    """Return the sums of columns: whole blocks of them in turn, the others in four partial sums."""
    whole = x.shape[1] // block * block
    if not whole:
        return np.asarray(four(x))
    if whole == x.shape[1]:
        return np.asarray(cascade(x))
    return np.concatenate([cascade(x[:, :whole]), four(x[:, whole:])])


def groups(x: Array, axes: Sequence[int]) -> list[list[int]]:
    """Return axes, given from the innermost outwards, those together that lie as one in memory."""
    found: list[list[int]] = []
    for i in axes:
        if found and x.strides[found[-1][-1]] * x.shape[found[-1][-1]] == x.strides[i]:
            found[-1].append(i)
        else:
            found.append([i])
    return found


def along(x: Array, gone: set[int], lanes: int) -> Any:
    """Return the sums over some axes, the kept ones in order."""
    kept = [i for i in range(x.ndim) if i not in gone]
    away = groups(x, sorted([i for i in gone if x.shape[i] > 1], key=lambda i: (abs(x.strides[i]), -i)))
    stay = groups(x, [i for i in reversed(kept) if x.shape[i] > 1])  # results are made in the order of the kept axes
    if not away:
        return x
    first = away[0]
    reach = int(np.prod([x.shape[i] for i in first]))
    others = [i for group in away[1:] for i in reversed(group)][::-1]
    moved = x.transpose([*reversed(first), *others, *[i for i in range(x.ndim) if i in gone and i not in first and i not in others], *kept])
    moved = moved.reshape(reach, int(np.prod([x.shape[i] for i in others])), *[x.shape[i] for i in kept])
    step = x.strides[first[0]]
    if step == x.itemsize and reach >= lanes:
        sums = inner(moved, lanes)
    elif others or not stay or step < x.strides[stay[0][0]] != x.itemsize:
        sums = four(moved)
    else:
        return columns(x, first, stay, kept, lanes)
    return in_turn(sums)


def columns(x: Array, first: Sequence[int], stay: Sequence[Sequence[int]], kept: Sequence[int], lanes: int) -> Any:
    """Return the sums over one group of axes, where neighbouring results lie next to each other in memory."""
    near = list(stay[0])
    far = [i for i in kept if i not in near]
    moved = x.transpose([*far, *reversed(first), *reversed(near), *[i for i in range(x.ndim) if i not in (*far, *first, *near)]])
    reach, width = (int(np.prod([x.shape[i] for i in axes])) for axes in (first, near))
    rows = moved.reshape(-1, reach, width)
    wide = x.strides[near[0]] == x.itemsize and width >= lanes
    sums = np.stack([outer(row, 4 * lanes if wide else 4) for row in rows])
    order = [*far, *reversed(near)]
    shaped = sums.reshape([x.shape[i] for i in order])
    return shaped.transpose([order.index(i) for i in kept if i in order]).reshape([x.shape[i] for i in kept])
