"""Functions that answer with indices, counts and masks: nonzero, unique, bincount, searchsorted, histc, isin, index grids."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradstudio.engine import dtypes, errors, promote
from gradstudio.engine.dims import dims_of
from gradstudio.engine.inplace import mutating
from gradstudio.engine.op import ops
from gradstudio.engine.tensor import Tensor, make

Array = np.ndarray[Any, np.dtype[Any]]
Function = Callable[..., Any]
MOST_BYTES = 2**34  # what a list of indices may take


def check_bytes(n: int) -> None:
    """Raise RuntimeError, as PyTorch's allocator does, for more bytes than a machine gives."""
    if n > MOST_BYTES:
        raise RuntimeError(f"[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to "
                           f"allocate {n} bytes. Error code 12 (Cannot allocate memory)")


def called(name: str, *given: tuple[str, Any]) -> None:
    """Raise TypeError for an argument that should be a tensor: the first that is none."""
    for i, (argument, value) in enumerate(given):
        if not isinstance(value, Tensor):
            raise TypeError(f"{name}(): argument '{argument}' (position {i + 1}) must be Tensor, not {errors.type_name(value)}")


# Where something is.
def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """Return the indices (n, ndim) of the elements that are not zero, int64; or one tensor of n for each dim."""
    called("nonzero", ("input", input))
    if as_tuple:
        return tuple([make(found, None) for found in np.nonzero(input.array.reshape(input.sizes or (1,)))])
    found = np.nonzero(input.array) if input.sizes else ()
    count = found[0].size if found else int(np.count_nonzero(input.array))
    return make(np.array(found, np.int64).reshape(input.ndim, count).T, None)


def count_nonzero(input: Tensor, dim: int | Sequence[int] | None = None) -> Tensor:
    """Return how many elements are not zero, in all or along dims, int64."""
    dims = None if dim is None or dim == () else dims_of(dim if isinstance(dim, int) else tuple(dim), input.ndim)
    return make(np.asarray(np.count_nonzero(input.array, dims)), None)


def is_nonzero(input: Tensor) -> bool:
    """Return the truth of the one element. Raise RuntimeError for none or several."""
    return bool(input)


def isin(elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Return a mask of the elements that are among others; a number may stand for either. nan is nowhere."""
    given = [x.array if isinstance(x, Tensor) else np.array(x, promote.number_dtype(x)) for x in (elements, test_elements)]
    if not (isinstance(elements, Tensor) or isinstance(test_elements, Tensor)):
        raise TypeError("isin() received an invalid combination of arguments: one of elements and test_elements must be a Tensor")
    for x in given:
        if x.dtype.kind in "bc":
            raise RuntimeError(f"Unsupported input type encountered for isin(): {errors.dtype_name(x.dtype)}")
    wide = promote.result_type(given)
    x, others = [dtypes.cast(one, wide) for one in given]
    return make(np.asarray(np.isin(x, others, invert=invert)), None)


def tril_indices(row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Return the rows and columns (2, n) of the elements on and below a diagonal of a row × col matrix."""
    return _triangle("tril_indices", row, col, lambda i: (0 * i, np.clip(i + offset + 1, 0, col)), dtype)


def triu_indices(row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Return the rows and columns (2, n) of the elements on and above a diagonal of a row × col matrix."""
    return _triangle("triu_indices", row, col, lambda i: (np.clip(i + offset, 0, col), 0 * i + col), dtype)


def _triangle(name: str, row: int, col: int, span: Function, dtype: Any) -> Tensor:
    for word, n in (("row", row), ("col", col)):
        if n < 0:
            raise RuntimeError(f"{word} must be non-negative, got{n}")
    kind = dtypes.as_numpy(dtype or "int64")
    if kind.kind not in "iu":
        raise errors.lacking(name, kind)
    check_bytes(row * 8)
    i = np.arange(row)
    start, stop = span(i)
    lengths = np.maximum(stop - start, 0)
    check_bytes(2 * int(lengths.sum()) * kind.itemsize)
    rows = np.repeat(i, lengths)
    before = np.repeat(np.cumsum(lengths) - lengths - start, lengths)
    return make(np.stack([rows, np.arange(rows.size) - before]).astype(kind), None)


def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """Return the index along each dim of a shape that flat indices mean. Raise TypeError for indices or sizes that are no integers."""
    if indices.scalar_type.kind not in "iu":
        raise TypeError(f"expected 'indices' to be integer dtype, but got {dtypes.of(indices.scalar_type)}")
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    wrong = next((n for n in sizes if not isinstance(n, int)), None)
    if wrong is not None:
        raise TypeError(f"expected 'shape' sequence to only contain ints, but got {type(wrong)}")
    if any(n < 0 for n in sizes):
        raise ValueError(f"'shape' cannot have negative values, but got {sizes}")
    found, rest = [], indices.array
    for n in sizes[::-1]:
        found.append(make(np.asarray(rest % n), None))
        rest = rest // n
    return tuple(found[::-1])


# Equal elements.
def unique(input: Tensor, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None) -> Any:
    """Return the different elements (or slices along a dim) in order; where each went; how many there are of each."""
    called("_unique2", ("input", input))
    found = ops.unique2(input) if dim is None else ops.unique_dim(input, dim)
    return _asked(found, return_inverse, return_counts)


def unique_consecutive(input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None) -> Any:
    """Return the first of each run of equal elements (or slices along a dim); which run each is in; how long each run is."""
    called("unique_consecutive", ("input", input))
    return _asked(ops.unique_consecutive(input, dim), return_inverse, return_counts)


def _asked(found: Any, inverse: bool, counts: bool) -> Any:
    out, *more = found
    wanted = [t for t, asked in zip(more, (inverse, counts), strict=True) if asked]
    return (out, *wanted) if wanted else out


def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Any:
    """Return how often each number from 0 on occurs, or the sums of the weights where it does."""
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    x = input.array
    if x.dtype.kind not in "iu":
        raise errors.lacking("bincount_cpu", x.dtype)
    if x.ndim == 1 and not x.size:
        return make(np.zeros(minlength, np.int64), None)
    if x.ndim != 1 or x.min() < 0:
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if weights is not None and weights.sizes != input.sizes:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    check_bytes(8 * max(int(x.max()) + 1, minlength))
    if weights is not None:
        return ops.bincount_weighted(input, weights, minlength)
    return make(np.bincount(x.astype(np.int64), minlength=minlength).astype(np.int64), None)


# Sorted boundaries and bins.
def placed(edges: Array, x: Array, right: bool) -> Array:
    """Return by bisection how many edges (…, m) lie before each x (…, n): those below it, and with `right` those equal too."""
    low, high = np.zeros(x.shape, np.int64), np.full(x.shape, edges.shape[-1], np.int64)
    for _ in range(int(edges.shape[-1]).bit_length()):
        middle = (low + high) // 2
        at = np.take_along_axis(edges, np.minimum(middle, edges.shape[-1] - 1), -1)
        after = (low < high) & ~(at > x if right else at >= x)  # torch puts nan behind all
        low, high = np.where(after, middle + 1, low), np.where(after | (low >= high), high, middle)
    return low


def searchsorted(sorted_sequence: Tensor, input: Any, *, out_int32: bool = False, right: bool = False, side: str | None = None,
                 sorter: Tensor | None = None) -> Tensor:
    """Return where values go into sorted numbers (the last dim) so that these stay sorted: before equal ones, or behind with `right`."""
    called("searchsorted", ("sorted_sequence", sorted_sequence))
    given = input if isinstance(input, Tensor) else make(np.array(input, promote.number_dtype(input)), None)
    _check_search(sorted_sequence, given, right, side, sorter)
    edges = sorted_sequence.array
    if sorter is not None:
        edges = np.take_along_axis(edges, sorter.array, -1)
    wide = promote.result_type([edges, given.array])
    x = dtypes.cast(given.array, wide)
    edges = dtypes.cast(edges, wide)
    flat = x.reshape(-1) if edges.ndim == 1 else x
    found = placed(edges, flat, right or side == "right").reshape(x.shape)
    return make(found.astype(np.int32 if out_int32 else np.int64), None)


def _check_search(edges: Tensor, x: Tensor, right: bool, side: str | None, sorter: Tensor | None) -> None:
    """Raise RuntimeError for sides, shapes and orders that do not fit."""
    def refuse(reason: str) -> RuntimeError:
        return RuntimeError(f"torch.searchsorted(): {reason}")

    if side not in (None, "left", "right"):
        raise refuse(f"side can only be 'left' or 'right' but got {side}")
    if side == "left" and right:
        raise refuse("side and right can't be set to opposites, got side of left while right was True")
    if not edges.ndim:
        raise refuse("boundaries tensor should have positive dimension, but got 0 dimension")
    if not x.ndim and edges.ndim != 1:
        raise refuse("input value can be a scalar only when boundaries tensor dimension is 1, but we got boundaries tensor "
                     f"dim({edges.ndim}) and input value's dim(0) numel(1)")
    if edges.ndim != 1 and edges.sizes[:-1] != x.sizes[:-1]:
        raise refuse("boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor and input value tensor must "
                     f"match, but we got boundaries tensor {errors.size(edges.sizes)} and input value tensor {errors.size(x.sizes)}")
    if sorter is None:
        return
    if sorter.sizes != edges.sizes:
        raise refuse(f"boundary and sorter must have the same size, but got boundary tensor {errors.size(edges.sizes)}and got sorter "
                     f"tensor {errors.size(sorter.sizes)}")
    if sorter.scalar_type != np.int64:
        raise refuse(f"sorter must be a tensor of long dtype but got dtype {errors.dtype_name(sorter.scalar_type)}")
    if sorter.array.size and not 0 <= sorter.array.min() <= sorter.array.max() < edges.sizes[-1]:
        raise refuse("sorter index out of range")


def bucketize(input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """Return the number of the bucket, between sorted boundaries, in which each value lies."""
    called("bucketize", ("input", boundaries))
    if boundaries.ndim != 1:
        raise RuntimeError(f"boundaries tensor must be 1 dimension, but got dim({boundaries.ndim})")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


def histc(input: Tensor, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
    """Return how many elements fall into each of equal bins between min and max (the smallest and largest, if both are equal)."""
    x = input.array.reshape(-1)
    if x.dtype.kind != "f":
        raise errors.lacking("linspace_cpu" if x.dtype.kind == "b" else "histogram_cpu", x.dtype)
    if bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0")
    check_bytes(bins * x.itemsize)
    low, high = [x.dtype.type(end) for end in ((min, max) if min != max or not x.size else (x.min(), x.max()))]
    if low == high:
        low, high = low - x.dtype.type(1), high + x.dtype.type(1)
    if not (np.isfinite(low) and np.isfinite(high)):
        raise RuntimeError(f"torch.histc: range of [{low:g}, {high:g}] is not finite")
    if low > high:
        raise RuntimeError("torch.histc: max must be larger than min")
    inside = x[(x >= low) & (x <= high)]
    places = np.minimum(((inside - low) * x.dtype.type(bins) / (high - low)).astype(np.int64), bins - 1)
    return make(np.bincount(places, minlength=bins).astype(x.dtype), None)


# Pairs of numbers.
def heaviside(input: Tensor, values: Tensor) -> Any:
    """Return 0 for negative numbers, 1 for positive ones and a value for zero. Raise RuntimeError for different dtypes."""
    called("heaviside", ("input", input), ("values", values))
    if input.scalar_type != values.scalar_type:
        raise RuntimeError("heaviside is not yet implemented for tensors with different dtypes.")
    return ops.heaviside(input, values)


def of_pairs(name: str, doc: str) -> Function:
    """Return the function of a row of two tensors."""
    def function(input: Tensor, other: Tensor) -> Any:
        called(name, ("input", input), ("other", other))
        return getattr(ops, name)(input, other)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


PAIRS = {name: of_pairs(name, doc) for name, doc in (
    ("gcd", "Return the greatest common divisors of integers."), ("lcm", "Return the least common multiples of integers."),
    ("nextafter", "Return the next number of the dtype after input in the direction of other."))}
TORCH: dict[str, Function] = {f.__name__: f for f in (
    nonzero, count_nonzero, is_nonzero, isin, tril_indices, triu_indices, unravel_index, unique, unique_consecutive, bincount,
    searchsorted, bucketize, histc, heaviside)} | PAIRS
METHODS: dict[str, Function] = {name: f for name, f in TORCH.items() if name not in (
    "tril_indices", "triu_indices", "unravel_index", "searchsorted", "bucketize", "isin")}
METHODS |= {f"{name}_": mutating(name) for name in ("gcd", "lcm", "heaviside", "nextafter")}
