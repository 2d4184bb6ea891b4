"""Dims and shapes as PyTorch takes them: negative dims, -1 sizes, and its words for what is out of range."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from gradstudio.engine import errors

Shape = tuple[int, ...]
Dim = int | Sequence[int] | None


def dim_of(dim: int, rank: int) -> int:
    """Return a dim counted from the front; a 0-dim tensor takes 0 and -1. Raise IndexError in PyTorch's words."""
    size = max(rank, 1)
    if not -size <= dim < size:
        raise errors.dim_range(dim, rank)
    return dim % size


def dims_of(dim: Dim, rank: int) -> tuple[int, ...]:
    """Return reduced dims counted from the front; None and () mean all of them."""
    if dim is None or (not isinstance(dim, int) and not len(dim)):
        return tuple(range(rank))
    dims = tuple([dim_of(d, rank) for d in ((dim,) if isinstance(dim, int) else dim)])
    for i, d in enumerate(dims):
        if d in dims[:i]:
            raise RuntimeError(f"dim {d} appears multiple times in the list of dims")
    return dims if rank else ()


def reduced_shape(shape: Shape, dims: Iterable[int], keepdim: bool) -> Shape:
    """Return the shape that a reduction over dims leaves."""
    gone = set(dims)
    return tuple([1 if i in gone else n for i, n in enumerate(shape) if keepdim or i not in gone])


def with_inferred(wanted: Sequence[int], numel: int) -> Shape:
    """Return a shape with its -1 filled in; raise RuntimeError in PyTorch's words if it does not fit."""
    shape = tuple(wanted)
    if math.prod(shape) == numel and min(shape, default=0) >= 0:
        return shape
    if shape.count(-1) > 1:
        raise RuntimeError("only one dimension can be inferred")
    for n in shape:
        if n < -1:
            raise RuntimeError(f"invalid shape dimension {n}")
    known = math.prod([n for n in shape if n != -1])
    if -1 in shape:
        if known == 0 and numel == 0:
            raise RuntimeError(f"cannot reshape tensor of 0 elements into shape {errors.size(shape)} because the unspecified dimension "
                               f"size "
                               "-1 can be any value and is ambiguous")
        if known and numel % known == 0:
            return tuple([numel // known if n == -1 else n for n in shape])
    elif known == numel:
        return shape
    raise RuntimeError(f"shape '{errors.size(shape)}' is invalid for input of size {numel}")


def expanded(shape: Shape, wanted: Sequence[int]) -> Shape:
    """Return the shape that expand gives; -1 keeps a size. Raise RuntimeError in PyTorch's words if it cannot."""
    lead = len(wanted) - len(shape)
    if lead < 0:
        raise RuntimeError(f"expand(torch.FloatTensor{{{errors.size(shape)}}}, size={errors.size(wanted)}): the number of sizes provided "
                           f"({len(wanted)}) must be greater or equal to the number of dimensions in the tensor ({len(shape)})")
    full = []
    for i, n in enumerate(wanted):
        have = shape[i - lead] if i >= lead else 1
        if n == -1:
            if i < lead:
                raise RuntimeError(f"The expanded size of the tensor ({n}) isn't allowed in a leading, non-existing dimension {i}")
            n = have
        if have not in (1, n):
            raise RuntimeError(f"The expanded size of the tensor ({n}) must match the existing size ({have}) at non-singleton dimension "
                               f"{i}.  "
                               f"Target sizes: {errors.size(wanted)}.  Tensor sizes: {errors.size(shape)}")
        full.append(n)
    return tuple(full)


def broadcast_shape(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape that two shapes broadcast to; raise RuntimeError in PyTorch's words if they do not."""
    rank = max(len(a), len(b))
    pairs = zip((1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b, strict=True)
    shape = []
    for m, n in pairs:
        if m != n and m != 1 and n != 1:
            raise errors.broadcast(a, b)
        shape.append(n if m == 1 else m)
    return tuple(shape)
