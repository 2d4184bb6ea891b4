"""Diagonals and parts: vectors on a diagonal, and copies of a tensor with a slice or diagonal replaced. Category shape."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.dims import dim_of
from gradstudio.engine.op import Attr, Input, Op, Sample, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.indexing import select, sliced
from gradstudio.engine.ops.lookup import check_plane, diagonal
from gradstudio.engine.ops.shape import CATEGORY, DIM

Array = np.ndarray[Any, Any]
DIAGONAL = Attr("diagonal", "int", 0, "Which diagonal: above the main one if positive.")
OFFSET = Attr("offset", "int", 0, DIAGONAL.doc)


# Vectors on a diagonal.
def diag_embed(x: Array, offset: int, dim1: int, dim2: int) -> Array:
    a, b = check_plane(dim1, dim2, x.ndim + 1)
    n, shape = x.shape[-1] + abs(offset), list(x.shape[:-1])
    for d in sorted((a, b)):
        shape.insert(d, n)
    out = np.zeros(shape, x.dtype)
    diagonal(out, offset, a, b)[...] = x
    return out


def diag(x: Any, diagonal: int = 0) -> Any:
    if len(x.sizes) not in (1, 2):
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {len(x.sizes)}D")
    return ops.diagonal_copy(x, diagonal) if len(x.sizes) == 2 else ops.diag_embed(x, diagonal)


def diagflat(x: Any, offset: int = 0) -> Any:
    return diag(ops.view(ops.contiguous(x), (-1,)), offset)


VECTORS = (Sample((samples.array(3),)), Sample((samples.array(3),), {"diagonal": -1}))
MATRICES = (Sample((samples.array(3, 4),), {"diagonal": 1}), Sample((samples.array(2, 3),), {"diagonal": 4}))
register(
    Op("diagonal_copy", (Input("x", lambda g, x_shape, offset, dim1, dim2: ops.diagonal_backward(g, x_shape, offset, dim1, dim2)),),
       lambda x, offset, dim1, dim2: diagonal(x, offset, dim1, dim2).copy(), node_name="DiagonalBackward0_copy",
       attrs=(OFFSET, Attr("dim1", "dim", 0), Attr("dim2", "dim", 1)), hidden=True),
    Op("diag_embed", (Input("x", lambda g, offset, dim1, dim2: ops.diagonal(g, offset, dim1, dim2), "1 on the diagonal"),), diag_embed,
       node_name="DiagEmbedBackward0", attrs=(OFFSET, Attr("dim1", "dim", -2, "One dim of the matrices."),
                                             Attr("dim2", "dim", -1, "The other.")), category=CATEGORY, symbol="diag embed",
       torch=("torch.diag_embed({x})", "{x}.diag_embed()"), latex=r"\mathrm{diag}({x})",
       doc="Matrices with the last dim on a diagonal, zeros elsewhere.",
       samples=(Sample((samples.array(2, 3),)), Sample((samples.array(2, 3),), {"offset": -1, "dim1": 0, "dim2": 2}),
                Sample((samples.array(3),), {"offset": 2, "dim1": 1, "dim2": 0})),
       bad_samples=(Sample((samples.array(2, 3),), {"dim1": 0, "dim2": -3}, "diagonal dimensions cannot be identical 0, -3"),
                    Sample((samples.array(2, 3),), {"dim2": 3}, "Dimension out of range"),
                    Sample((samples.SCALAR,), error="Dimension out of range (expected to be in range of [-1, 0], but got -2)"))),
    Op("diag", (Input("x", formula="1 on the diagonal"),), composite=diag, attrs=(DIAGONAL,), category=CATEGORY, symbol="diag matrix",
       torch=("torch.diag({x}, {diagonal})", "{x}.diag({diagonal})"), latex=r"\mathrm{diag}({x})",
       doc="A matrix with a vector on its diagonal; of a matrix, a copy of its diagonal.", samples=(*VECTORS, *MATRICES),
       bad_samples=(Sample((samples.SCALAR,), error="diag(): Supports 1D or 2D tensors. Got 0D"),
                    Sample((samples.array(2, 2, 2),), error="diag(): Supports 1D or 2D tensors. Got 3D"))),
    Op("diagflat", (Input("x", formula="1 on the diagonal"),), composite=diagflat, attrs=(OFFSET,), category=CATEGORY, symbol="diag flat",
       torch=("torch.diagflat({x}, {offset})", "{x}.diagflat({offset})"), latex=r"\mathrm{diag}({x})",
       doc="A matrix with all elements on its diagonal, in row-major order.",
       samples=(Sample((samples.array(2, 2),)), Sample((samples.array(3),), {"offset": -1}), Sample((samples.SCALAR,)))),
)


# A part replaced.
def written(x: Array, src: Array, part: Any, *where: Any) -> Array:
    """Return a copy of x whose part(x, *where) is src. Raise RuntimeError unless their shapes are equal."""
    out = np.array(x, order="K")
    place = part(out, *where)
    if place.shape != src.shape:
        raise RuntimeError(f"expected src to have a size equal to the slice of self. src size = {errors.size(src.shape)}, slice size = "
                           f"{errors.size(place.shape)}")
    place[...] = src
    return out


def slice_scatter(x: Array, src: Array, dim: int, start: int | None, end: int | None, step: int) -> Array:
    if not x.ndim:
        raise IndexError("slice() cannot be applied to a 0-dim tensor.")
    dim = dim_of(dim, x.ndim)
    if step <= 0:
        raise RuntimeError("slice step must be positive")
    return written(x, src, sliced, dim, start, end, step)


WRITTEN = "0 where written, else 1"
INDEX = Attr("index", "int", 0, "Which one along that dim.", required=True)
UNFIT = "expected src to have a size equal to the slice of self. src size = "
A34 = samples.array(3, 4)
register(
    Op("select_scatter", (
        Input("x", lambda g, src_shape, dim, index: ops.select_scatter(g, ops.zeros(g, src_shape), dim, index), WRITTEN),
        Input("src", lambda g, dim, index: ops.select(g, dim, index), "1")),
       lambda x, src, dim, index: written(x, src, select, dim, index), node_name="SelectScatterBackward0",
       attrs=(replace(DIM, required=True), INDEX),
       category=CATEGORY, symbol="select ←",
       torch=("torch.select_scatter({x}, {src}, {dim}, {index})", "{x}.select_scatter({src}, {dim}, {index})"),
       latex=r"{x}_i \leftarrow {src}", doc="A copy with one slice along a dim replaced.",
       samples=(Sample((A34, samples.array(4, start=0.6))), Sample((A34, samples.array(3, start=0.6)), {"dim": 1, "index": -2}),
                Sample((samples.array(3), samples.SCALAR), {"index": 1})),
       bad_samples=(Sample((A34, samples.array(3)), error=f"{UNFIT}[3], slice size = [4]"),
                    Sample((A34, samples.array(3)), {"dim": 1, "index": 4}, "select(): index 4 out of range for tensor of size [3, 4]"),
                    Sample((A34, samples.array(3)), {"dim": 2}, "Dimension out of range"),
                    Sample((samples.SCALAR, samples.array(3)), error="select() cannot be applied to a 0-dim tensor."))),
    Op("slice_scatter", (
        Input("x", lambda g, src_shape, dim, start, end, step: ops.slice_scatter(g, ops.zeros(g, src_shape), dim, start, end, step),
              WRITTEN),
        Input("src", lambda g, dim, start, end, step: ops.slice(g, dim, start, end, step), "1")),
       slice_scatter, node_name="SliceScatterBackward0",
       attrs=(DIM, Attr("start", "int", None, "First index; the first if left out."),
              Attr("end", "int", None, "Index after the last; to the end if left out."), Attr("step", "int", 1, "Every how many.")),
       category=CATEGORY, symbol="slice ←", torch=("torch.slice_scatter({x}, {src})", "{x}.slice_scatter({src})"),
       latex=r"{x}_{a:b} \leftarrow {src}", doc="A copy with a range along a dim replaced.",
       samples=(Sample((A34, samples.array(3, 4, start=0.6))),
                Sample((A34, samples.array(3, 2, start=0.6)), {"dim": 1, "start": 0, "end": 10, "step": 2}),
                Sample((A34, samples.array(2, 4, start=0.6)), {"start": -2}), Sample((A34, samples.array(0, 4)), {"start": 2, "end": 1})),
       bad_samples=(Sample((A34, samples.array(2, 4)), error=f"{UNFIT}[2, 4], slice size = [3, 4]"),
                    Sample((A34, samples.array(2, 4)), {"end": 2, "step": 0}, "slice step must be positive"),
                    Sample((A34, samples.array(2, 4)), {"dim": 2}, "Dimension out of range"),
                    Sample((samples.SCALAR, samples.array(2)), error="slice() cannot be applied to a 0-dim tensor."))),
    Op("diagonal_scatter", (
        Input("x", lambda g, src_shape, offset, dim1, dim2: ops.diagonal_scatter(g, ops.zeros(g, src_shape), offset, dim1, dim2), WRITTEN),
        Input("src", lambda g, offset, dim1, dim2: ops.diagonal(g, offset, dim1, dim2), "1")),
       lambda x, src, offset, dim1, dim2: written(x, src, diagonal, offset, dim1, dim2), node_name="DiagonalScatterBackward0",
       attrs=(OFFSET, Attr("dim1", "dim", 0, "One dim."), Attr("dim2", "dim", 1, "The other.")), category=CATEGORY, symbol="diag ←",
       torch=("torch.diagonal_scatter({x}, {src})", "{x}.diagonal_scatter({src})"), latex=r"\mathrm{diag}({x}) \leftarrow {src}",
       doc="A copy with a diagonal replaced.",
       samples=(Sample((A34, samples.array(3, start=0.6))), Sample((A34, samples.array(2, start=0.6)), {"offset": -1}),
                Sample((samples.array(2, 3, 4), samples.array(2, 3, start=0.6)), {"offset": 1, "dim1": -2, "dim2": -1})),
       bad_samples=(Sample((A34, samples.array(2)), error=f"{UNFIT}[2], slice size = [3]"),
                    Sample((A34, samples.array(2)), {"dim1": 1}, "diagonal dimensions cannot be identical 1, 1"),
                    Sample((samples.array(3), samples.array(3)), error="Dimension out of range"))),
)
