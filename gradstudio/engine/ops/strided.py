"""Views by strides, grids and blocks: unfold, as_strided, meshgrid, block_diag. Category shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradstudio.engine import errors, promote
from gradstudio.engine.dims import dim_of
from gradstudio.engine.op import Attr, Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.shape import CATEGORY, PIECES, SHAPE

Array = np.ndarray[Any, Any]


# Windows along a dim.
def unfold(x: Array, dimension: int, size: int, step: int) -> Array:
    dim = dim_of(dimension, x.ndim)
    shape, strides = list(x.shape or (1,)), list(x.strides or (x.itemsize,))
    if size < 0:
        raise RuntimeError(f"size is {size} but must be >= 0")
    if size > shape[dim]:
        raise RuntimeError(f"maximum size for tensor at dimension {dim} is {shape[dim]} but size is {size}")
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    if not x.ndim:
        return x.reshape(1)[:size]
    shape[dim], strides[dim] = (shape[dim] - size) // step + 1, strides[dim] * step
    return np.lib.stride_tricks.as_strided(x, (*shape, size), (*strides, x.strides[dim]))


def unfold_backward(g: Array, shape: tuple[int, ...], dimension: int, size: int, step: int) -> Array:
    if not shape:
        return np.asarray(g.sum())
    out, dim = np.zeros(shape, g.dtype), dim_of(dimension, len(shape))
    places = step * np.arange(g.shape[dim])[:, None] + np.arange(size)
    np.add.at(np.moveaxis(out, dim, 0), places, np.moveaxis(g, (dim, -1), (0, 1)))
    return out


WINDOWS = (Attr("dimension", "dim", 0, "Along which dim.", required=True), Attr("size", "int", 1, "Length of a window.", required=True),
           Attr("step", "int", 1, "How far apart windows begin.", required=True))
register(
    Op("unfold_backward", (Input("grad_in", lambda g, dimension, size, step: ops.unfold(g, dimension, size, step)),), unfold_backward,
       node_name="UnfoldBackwardBackward0", attrs=(SHAPE, *WINDOWS), hidden=True),
    Op("unfold", (Input("x", lambda g, x_shape, dimension, size, step: ops.unfold_backward(g, x_shape, dimension, size, step),
                        "1 for each window that has it"),), unfold,
       node_name="UnfoldBackward0", views=True, attrs=WINDOWS, category=CATEGORY, symbol="windows",
       torch=("{x}.unfold({dimension}, {size}, {step})",), latex=r"\mathrm{unfold}({x})",
       doc="Windows along a dim, as a view; the gradient adds up where they overlap.",
       samples=(Sample((samples.array(3, 5),), {"dimension": 1, "size": 3, "step": 1}),
                Sample((samples.array(5, 2),), {"dimension": -2, "size": 2, "step": 3}), Sample((samples.SCALAR,))),
       bad_samples=(Sample((samples.array(3, 4),), {"dimension": 1, "size": 5}, "maximum size for tensor at dimension 1 is 4"),
                    Sample((samples.array(3, 4),), {"size": -1}, "size is -1 but must be >= 0"),
                    Sample((samples.array(3, 4),), {"step": 0}, "step is 0 but must be > 0"),
                    Sample((samples.array(3, 4),), {"dimension": 2}, "Dimension out of range"))),
)


# Grids and blocks.
def meshgrid(tensors: Sequence[Any], indexing: str = "ij") -> tuple[Any, ...]:
    if not tensors:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    for t in tensors:
        if len(t.sizes) > 1:
            raise RuntimeError("torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got one of size "
                               f"{errors.size(t.sizes)}")
        if t.scalar_type != tensors[0].scalar_type:
            raise RuntimeError("meshgrid expects all tensors to have the same dtype")
    if indexing not in INDEXING.choices:
        raise RuntimeError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    count = len(tensors)
    axes = [1, 0, *range(2, count)] if indexing == "xy" and count > 1 else list(range(count))
    full = tuple([tensors[a].array.size for a in axes])  # the swap of two axes is its own inverse
    return tuple([ops.expand(ops.view(t, (1,) * a + (-1,) + (1,) * (count - a - 1)), full) for t, a in zip(tensors, axes, strict=True)])


def block_shape(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return rows and columns of a tensor as a block: a vector is a row."""
    return (1, *shape)[-2:] if shape else (1, 1)  # type: ignore[return-value]


def block_diag(tensors: Sequence[Array]) -> Array:
    for i, t in enumerate(tensors):
        if t.ndim > 2:
            raise RuntimeError(f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {i} has {t.ndim} dimensions")
    blocks = [block_shape(t.shape) for t in tensors]
    out = np.zeros((sum([r for r, _ in blocks]), sum([c for _, c in blocks])), promote.result_type(tensors))
    row = column = 0
    for t, (rows, columns) in zip(tensors, blocks, strict=True):
        out[row:row + rows, column:column + columns] = t
        row, column = row + rows, column + columns
    return out


@helper
def block_diag_backward(g: Any, shapes: Sequence[tuple[int, ...]]) -> list[Any]:
    """Cut the cotangent of block_diag into one block for each tensor."""
    parts, row, column = [], 0, 0
    for shape in shapes:
        rows, columns = block_shape(shape)
        part = ops.slice(ops.slice(g, 0, row, row + rows, 1), 1, column, column + columns, 1)
        for _ in range(2 - len(shape)):
            part = ops.squeeze_dim(part, -1)
        parts.append(ops.sum_to(part, shape))
        row, column = row + rows, column + columns
    return parts


V3, A23 = samples.array(3), samples.array(2, 3, start=0.3)
INDEXING = Attr("indexing", "choice", "ij", "Whether the first tensor runs along rows (ij) or columns (xy).", ("ij", "xy"))
BLOCKS = ((A23, V3, samples.SCALAR), (samples.array(2, 1), samples.array(1, 2)), (V3,))
register(
    Op("meshgrid", (Input("tensors", formula="1", kind="tensors"),), composite=meshgrid, attrs=(INDEXING,), outputs=PIECES, many=True,
       views=True, category=CATEGORY, symbol="grid", torch=("torch.meshgrid(*{tensors}, indexing={indexing})",),
       latex=r"\mathrm{grid}({tensors})", doc="Coordinates of a grid: each tensor repeated along the dims of the others, as views.",
       samples=(Sample(((V3, samples.array(2)),)), Sample(((V3, samples.array(2), samples.SCALAR),), {"indexing": "xy"}), Sample(((V3,),))),
       bad_samples=(Sample(((V3, V3),), {"indexing": "yx"}, 'torch.meshgrid: indexing must be one of "xy" or "ij", but received: yx'),
                    Sample(((V3, V3.astype(np.float32)),), error="meshgrid expects all tensors to have the same dtype"))),
    Op("block_diag", (Input("tensors", lambda g, shapes: ops.block_diag_backward(g, shapes), "1", kind="tensors"),), block_diag,
       node_name="BlockDiagBackward0", category=CATEGORY, symbol="blocks", torch=("torch.block_diag(*{tensors})",),
       latex=r"\mathrm{diag}({tensors})", doc="A matrix with the tensors as blocks on its diagonal; a vector is a row.",
       samples=tuple([Sample((b,)) for b in BLOCKS]),
       bad_samples=(Sample(((A23, samples.array(2, 2, 2)),), error="torch.block_diag: Input tensors must have 2 or fewer dimensions."),)),
)
