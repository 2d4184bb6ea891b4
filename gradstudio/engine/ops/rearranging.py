"""Rearranging: the same numbers in other places: dims moved, copies side by side, reversed, rolled and turned; cuts by sections."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.dims import dim_of
from gradstudio.engine.op import Attr, Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.tensor import Tensor, make

Array = np.ndarray[Any, Any]
Ints = int | Sequence[int]
CATEGORY = "shape"


def listed(numbers: Ints) -> list[int]:
    """Return one number, or several, as a list."""
    return [numbers] if isinstance(numbers, int) else [int(n) for n in numbers]


# Dims in other places.
def movedim(x: Any, source: Ints, destination: Ints) -> Any:
    """As PyTorch: a permutation; the dims that are not named keep their order in the places that are left."""
    rank, sources, targets = len(x.sizes), listed(source), listed(destination)
    if len(sources) != len(targets):
        raise RuntimeError(f"movedim: Invalid source or destination dims: source ({errors.size(sources)} dims) should contain the same "
                           f"number of dims as destination ({errors.size(targets)} dims)")
    origins, places = [dim_of(d, rank) for d in sources], [dim_of(d, rank) for d in targets]
    for word, dims, given in (("source", origins, sources), ("destination", places, targets)):
        if len(set(dims)) != len(dims):
            raise RuntimeError(f"movedim: repeated dim in `{word}` ({errors.size(given)})")
    if not rank:
        return ops.alias(x)
    taken = dict(zip(places, origins, strict=True))
    rest = iter([d for d in range(rank) if d not in origins])
    return ops.permute(x, tuple([taken[i] if i in taken else next(rest) for i in range(rank)]))


def flipped(x: Any, dim: int) -> Any:
    if len(x.sizes) <= dim:
        raise RuntimeError(f"Input must be >= {dim + 1}-d.")
    return ops.flip(x, (dim,))


# Copies.
def tile(x: Any, dims: Ints) -> Any:
    times = listed(dims)
    return ops.repeat(x, (1,) * (len(x.sizes) - len(times)) + tuple(times))


def repeat_interleave(x: Any, repeats: Any, dim: int | None = None, output_size: int | None = None) -> Any:
    """Each slice several times in a row. A number of times is a view of a copy, a tensor of times a selection, as in PyTorch."""
    if isinstance(repeats, Tensor):
        x, dim = (x, dim) if dim is not None else (ops.flatten(x), 0)
        return ops.index_select(x, dim, interleaved(repeats.array, x.sizes, dim_of(dim, len(x.sizes))))
    if repeats < 0:
        raise RuntimeError("Repeats must be non-negative")
    x, dim = (x, dim) if dim is not None else (ops.flatten(x), 0)
    if not x.sizes:
        x = ops.flatten(x)
    at = dim_of(dim, len(x.sizes))
    size = x.sizes[at] * repeats
    if output_size is not None and output_size != size:
        raise RuntimeError(f"repeat_interleave: Invalid output_size, expected {size} but got {output_size}")
    spread = ops.expand(ops.unsqueeze(x, at + 1), (*x.sizes[:at + 1], repeats, *x.sizes[at + 1:]))
    return ops.view(ops.clone(spread), (*x.sizes[:at], size, *x.sizes[at + 1:]))


def interleaved(repeats: Array, shape: tuple[int, ...], dim: int) -> Tensor:
    """Return which slice comes at each place. Raise RuntimeError, or NotImplementedError for repeats that are no whole numbers."""
    if repeats.ndim > 1:
        raise RuntimeError("repeats must be 0-dim or 1-dim tensor")
    n = shape[dim] if shape else 1
    if repeats.size not in (1, n):
        raise RuntimeError(f"repeats must have the same size as input along dim, but got repeats.size(0) = {repeats.size} and "
                           f"input.size({dim}) = {n}")
    if repeats.dtype not in (np.int32, np.int64):
        raise errors.lacking("repeat_interleave_cpu", repeats.dtype)
    if (repeats < 0).any():
        raise RuntimeError("repeats can not be negative")
    return make(np.repeat(np.arange(n), repeats.reshape(-1)), None)


# Rolled and turned.
def roll(x: Array, shifts: Ints, dims: Ints) -> Array:
    steps, along = listed(shifts), listed(dims)
    if not steps:
        raise RuntimeError("`shifts` required")
    if len(steps) != len(along) and (along or len(steps) != 1):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(steps)}, dims:{len(along)}")
    if along and not x.ndim:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    places = tuple([dim_of(d, x.ndim) for d in along])
    return np.roll(x, steps, places) if along else np.roll(x, steps[0])


@helper
def roll_back(g: Any, shifts: Ints, dims: Ints) -> Any:
    """Undo a roll."""
    return ops.roll(g, tuple([-n for n in listed(shifts)]), dims)


def rot90(x: Array, k: int, dims: Ints) -> Array:
    plane = listed(dims)
    if len(plane) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(plane)}")
    if x.ndim < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {x.ndim}")
    a, b = [dim_of(d, x.ndim) for d in plane]
    if a == b:
        raise RuntimeError(f"expected rotation dims to be different, but got dim0 = {plane[0]} and dim1 = {plane[1]}")
    return np.rot90(x, k, (a, b)).copy()


# Cuts.
def tensor_split(x: Any, indices_or_sections: Any, dim: int = 0) -> tuple[Any, ...]:
    """As PyTorch: slices, between indices or into sections whose sizes differ by at most one."""
    if not x.sizes:
        raise RuntimeError("tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims")
    at = dim_of(dim, len(x.sizes))
    cuts = bounds(places_of(indices_or_sections), x.sizes[at])
    return tuple([ops.slice(x, at, start, end, 1) for start, end in cuts])


def places_of(cut: Any) -> Any:
    """Return a tensor of indices, or of one number of sections, as plain integers; all else as it is."""
    if not isinstance(cut, Tensor):
        return cut
    array = cut.array
    if array.ndim > 1:
        raise RuntimeError(f"tensor_split expected tensor_indices_or_sections to be a zero-dimensional or one-dimensional tensor, but got "
                           f"a tensor with {array.ndim} dims")
    if array.dtype != np.int64:
        raise RuntimeError(f"tensor_split expected tensor_indices_or_sections to have dtype of long, but got "
                           f"{errors.dtype_name(array.dtype)}")
    return array.tolist()


def bounds(cut: Any, n: int) -> list[tuple[int, int | None]]:
    """Return where each part begins and ends."""
    if isinstance(cut, int):
        if cut <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {cut}")
        least, larger = divmod(n, cut)
        ends = np.cumsum([0, *[least + (i < larger) for i in range(cut)]]).tolist()
        return list(pairwise(ends))
    starts = [0, *[int(i) for i in cut]]
    return list(zip(starts, [*starts[1:], n], strict=True))


DIM = Attr("dim", "dim", 0, "Which dim.")
RANGE = "Dimension out of range"
register(
    Op("movedim", (Input("x", formula="1"),), composite=movedim, views=True,
       attrs=(Attr("source", "dims", 0, "Which dims to move.", required=True),
              Attr("destination", "dims", -1, "Their new places.", required=True)),
       category=CATEGORY, symbol="movedim",
       torch=("torch.movedim({x}, {source}, {destination})", "{x}.movedim({source}, {destination})",
              "torch.moveaxis({x}, {source}, {destination})", "{x}.moveaxis({source}, {destination})"),
       latex=r"\mathrm{movedim}({x})", doc="Move dims to other places; the others keep their order.",
       samples=(Sample((samples.array(2, 3, 2),)), Sample((samples.array(2, 3, 2),), {"source": (0, 1), "destination": (2, 0)})),
       bad_samples=(Sample((samples.array(2, 3),), {"source": (0, 0), "destination": (0, 1)}, "movedim: repeated dim in `source` ([0, 0])"),
                    Sample((samples.array(2, 3),), {"source": 2, "destination": 0}, RANGE))),
    Op("tile", (Input("x", formula="1"),), composite=tile,
       attrs=(Attr("dims", "shape", (1,), "How often along each of the last dims.", required=True),),
       category=CATEGORY, symbol="tile", torch=("torch.tile({x}, {dims})", "{x}.tile({dims})"), latex=r"\mathrm{tile}({x})",
       doc="Copies side by side; dims that are not named stand once. The gradient adds up over the copies.",
       samples=(Sample((samples.array(2, 3),), {"dims": (2,)}), Sample((samples.array(3),), {"dims": (2, 2)}))),
    Op("repeat_interleave", (Input("x", formula="1"), Input("repeats", kind="operand")), composite=repeat_interleave,
       attrs=(Attr("dim", "dim", None, "Along which dim; all numbers in a row if left out."),
              Attr("output_size", "int", None, "How many come out, if it is known.")),
       category=CATEGORY, symbol="repeat_i",
       torch=("torch.repeat_interleave({x}, {repeats})", "{x}.repeat_interleave({repeats})"), latex=r"\mathrm{repeat}({x})",
       doc="Each slice several times in a row; the gradient adds up over the copies.",
       samples=(Sample((samples.array(2, 3), 2)), Sample((samples.array(2, 3), 2), {"dim": 1}),
                Sample((samples.array(2, 3), np.array([1, 2])), {"dim": 0})),
       bad_samples=(Sample((samples.array(3), -1), error="Repeats must be non-negative"),
                    Sample((samples.array(3), np.array([1, 2])), error="repeats must have the same size as input along dim"))),
    Op("fliplr", (Input("x", formula="1"),), composite=lambda x: flipped(x, 1), category=CATEGORY, symbol="fliplr",
       torch=("torch.fliplr({x})", "{x}.fliplr()"), latex=r"\mathrm{fliplr}({x})", doc="Reverse the order of the columns.",
       samples=(Sample((samples.array(2, 3),)),), bad_samples=(Sample((samples.array(3),), error="Input must be >= 2-d."),)),
    Op("flipud", (Input("x", formula="1"),), composite=lambda x: flipped(x, 0), category=CATEGORY, symbol="flipud",
       torch=("torch.flipud({x})", "{x}.flipud()"), latex=r"\mathrm{flipud}({x})", doc="Reverse the order of the rows.",
       samples=(Sample((samples.array(2, 3),)),), bad_samples=(Sample((samples.SCALAR,), error="Input must be >= 1-d."),)),
    Op("roll", (Input("x", lambda g, shifts, dims: ops.roll_back(g, shifts, dims), "1"),), roll, node_name="RollBackward0",
       attrs=(Attr("shifts", "dims", 1, "How far.", required=True),
              Attr("dims", "dims", (), "Along which dims; all numbers in a row if left out.")),
       category=CATEGORY, symbol="roll", torch=("torch.roll({x}, {shifts}, {dims})", "{x}.roll({shifts}, {dims})"),
       latex=r"\mathrm{roll}({x})", doc="Move along dims; what leaves at the end comes in at the front.",
       samples=(Sample((samples.array(2, 3),)), Sample((samples.array(2, 3),), {"shifts": (1, -2), "dims": (0, 1)})),
       bad_samples=(Sample((samples.array(3),), {"shifts": (1, 2)}, "shifts and dimensions must align. shifts: 2, dims:0"),
                    Sample((samples.array(3),), {"shifts": 1, "dims": 1}, RANGE))),
    Op("rot90", (Input("x", lambda g, k, dims: ops.rot90(g, -k, dims), "1"),), rot90, node_name="Rot90Backward0",
       attrs=(Attr("k", "int", 1, "How many quarter turns."), Attr("dims", "dims", (0, 1), "The plane, from the first to the second.")),
       category=CATEGORY, symbol="rot90", torch=("torch.rot90({x}, {k}, {dims})", "{x}.rot90({k}, {dims})"), latex=r"\mathrm{rot90}({x})",
       doc="Turn a plane by quarters.", samples=(Sample((samples.array(2, 3),)), Sample((samples.array(2, 3),), {"k": -1, "dims": (1, 0)})),
       bad_samples=(Sample((samples.array(3),), error="expected total dims >= 2, but got total dims = 1"),
                    Sample((samples.array(2, 3),), {"dims": (0, 0)}, "expected rotation dims to be different"))),
    Op("tensor_split", (Input("x", formula="1"),), composite=tensor_split, outputs=("parts",), many=True, views=True,
       attrs=(Attr("indices_or_sections", "split", 2, "How many parts, or the indices between them.", required=True), DIM),
       category=CATEGORY,
       symbol="tsplit", torch=("torch.tensor_split({x}, {indices_or_sections})", "{x}.tensor_split({indices_or_sections})"),
       latex=r"\mathrm{split}({x})", doc="Cut into a number of parts, or at indices; parts may be empty.",
       samples=(Sample((samples.array(5, 2),)), Sample((samples.array(3, 4),), {"indices_or_sections": (1, 3), "dim": 1})),
       bad_samples=(Sample((samples.array(4),), {"indices_or_sections": 0}, "number of sections must be larger than 0, got 0"),)),
)
