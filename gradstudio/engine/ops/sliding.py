"""Windows that slide over the last dims of an input: the view of them, and adding up what each of them gave. No rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

Array = np.ndarray[Any, Any]
CATEGORY = "convolution and pooling"
Sizes = Sequence[int]


def each(n: Any, k: int) -> tuple[int, ...]:
    """Return one number a dim: a single one stands for all of them."""
    sizes = (n,) if isinstance(n, int) else tuple(n)
    return sizes * k if len(sizes) == 1 else sizes


def inner(sizes: Sizes, padding: Sizes) -> Any:
    """Return the index of what has these sizes inside its padding."""
    return (..., *[slice(p, p + n) for n, p in zip(sizes, padding, strict=True)])


def padded(x: Array, padding: Sizes, after: Sizes | None = None, value: Any = 0) -> Array:
    """Return x with a value around its last dims, as much behind as before unless said; x itself if there is none to put."""
    after = padding if after is None else after
    if not any(padding) and not any(after):
        return x
    lead = x.ndim - len(padding)
    out = np.full((*x.shape[:lead], *[n + p + q for n, p, q in zip(x.shape[lead:], padding, after, strict=True)]), value, x.dtype)
    out[inner(x.shape[lead:], padding)] = x
    return out


def at(place: Sizes) -> Any:
    """Return the index of one place of the kernel in a view of windows."""
    return (slice(None), slice(None), *place)


def window_counts(sizes: Sizes, kernel: Sizes, stride: Sizes, dilation: Sizes) -> tuple[int, ...]:
    """Return how many windows fit into each dim."""
    return tuple([(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(sizes, kernel, stride, dilation, strict=True)])


def windows(x: Array, kernel: Sizes, out: Sizes, stride: Sizes, dilation: Sizes) -> Array:
    """Return a view (N, C, *kernel, *out) of an input (N, C, *sizes): which elements each place of the kernel meets."""
    steps = x.strides[2:]
    strides = (*x.strides[:2], *[s * d for s, d in zip(steps, dilation, strict=True)], *[s * t for s, t in zip(steps, stride, strict=True)])
    return as_strided(x, (*x.shape[:2], *kernel, *out), strides, writeable=False)


def beyond(sizes: Sizes, kernel: Sizes, out: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes) -> tuple[int, ...]:
    """Return how much must stand behind each dim for that many windows; no less than nothing."""
    dims = zip(sizes, kernel, out, stride, padding, dilation, strict=True)
    return tuple([max(s * (q - 1) + d * (k - 1) + 1 - p - n, 0) for n, k, q, s, p, d in dims])


def laid_over(columns: Array, around: Sizes, dilation: Sizes) -> Array:
    """Return (N, C, *around): columns (N, C, *kernel, *out) of windows that move by one, added up where they were seen.

    What one place of the kernel gives is filled up with zeros to the size of the whole; then all of it is one run in memory, moved by
    a step, and what runs over into the next row are zeros. A sum over rows of a dozen numbers would take three times as long.
    """
    k = len(around)
    kernel, out, planes = columns.shape[2:2 + k], columns.shape[2 + k:], columns.shape[:2]
    wide = np.zeros((*kernel, *planes, *around), columns.dtype)
    seen: Any = (..., *[slice(n) for n in out])
    wide[seen] = columns.transpose(*range(2, 2 + k), 0, 1, *range(2 + k, 2 + 2 * k))
    size = math.prod((*planes, *around))
    steps = [d * math.prod(around[i + 1:]) for i, d in enumerate(dilation)]
    begins = [sum([i * step for i, step in zip(place, steps, strict=True)]) for place in product(*map(range, kernel))]
    found = np.zeros(size + begins[-1], columns.dtype)
    for begin, part in zip(begins, wide.reshape(len(begins), size), strict=True):
        found[begin:begin + size] += part
    return found[:size].reshape(*planes, *around)


def gathered(columns: Array, sizes: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes) -> Array:
    """Return (N, C, *sizes): columns (N, C, *kernel, *out) added up at the places that they were seen at (col2im)."""
    k = len(sizes)
    kernel, out = columns.shape[2:2 + k], columns.shape[2 + k:]
    after = [max(p, q) for p, q in zip(padding, beyond(sizes, kernel, out, stride, padding, dilation), strict=True)]
    around = [m + p + q for m, p, q in zip(sizes, padding, after, strict=True)]
    if all(s == 1 for s in stride):
        found = laid_over(columns, around, dilation)
        return np.ascontiguousarray(found[inner(sizes, padding)])
    found = np.zeros((*columns.shape[:2], *around), columns.dtype)
    for place in product(*map(range, kernel)):
        met: Any = (..., *[slice(i * d, i * d + s * (q - 1) + 1, s) for i, d, s, q in zip(place, dilation, stride, out, strict=True)])
        found[met] += columns[at(place)]
    return np.ascontiguousarray(found[inner(sizes, padding)]) if any(padding) or any(after) else found
