"""Looking up and masking: gather, index_select, embedding, masked_fill, triangles, flip. Category shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.dims import broadcast_shape, dim_of, dims_of
from gradstudio.engine.op import Attr, Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.indexing import CATEGORY as INDEXING
from gradstudio.engine.ops.shape import CATEGORY, DIM
from gradstudio.engine.tensor import Tensor

Array = np.ndarray[Any, Any]
SHAPE = Attr("shape", "shape", ())
DIAGONAL = Attr("diagonal", "int", 0, "Which diagonal is the border: above the main one if positive.")


def in_range(index: Array, n: int, dim: int) -> None:
    if index.dtype.char not in "ilq":
        raise RuntimeError("gather(): Expected dtype int32/int64 for index")
    bad = index[(index < 0) | (index >= n)]
    if bad.size:
        raise RuntimeError(f"index {bad.flat[0]} is out of bounds for dimension {dim} with size {n}")


def gather(x: Array, index: Array, dim: int) -> Array:
    if not index.size:
        return np.zeros(index.shape, x.dtype)
    if max(x.ndim, 1) != max(index.ndim, 1):
        raise RuntimeError("Index tensor must have the same number of dimensions as input tensor")
    dim = dim_of(dim, x.ndim)
    line = x if x.ndim else x.reshape(1)
    in_range(index, line.shape[dim], dim)
    return np.asarray(line[places(index, dim)])


def places(index: Array, dim: int) -> tuple[Any, ...]:
    """Return numpy's index for taking along a dim: every other dim counts up."""
    if not index.ndim:
        return (index,)
    grid = np.ogrid[tuple([slice(n) for n in index.shape])]
    return tuple([index if d == dim else grid[d] for d in range(index.ndim)])


def gather_backward(g: Array, index: Array, shape: tuple[int, ...], dim: int) -> Array:
    out = np.zeros(shape or (1,), g.dtype)
    if not index.size:
        return out.reshape(shape)
    np.add.at(out, places(index, dim_of(dim, len(shape))), g)
    return out.reshape(shape)


def index_select(x: Array, index: Array, dim: int) -> Array:
    if not x.ndim:
        return x.copy()
    dim = dim_of(dim, x.ndim)
    bad = index[(index < 0) | (index >= x.shape[dim])]
    if index.ndim > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    if bad.size and dim == 0:
        raise IndexError("index out of range in self")
    if bad.size:
        raise RuntimeError(f"INDICES element is out of DATA bounds, id={bad.flat[0]} axis_dim={x.shape[dim]}")
    return np.take(x, index.reshape(-1), dim)


def embedding(weight: Array, indices: Array, padding: int | None = None) -> Array:
    if indices.size and (indices.min() < 0 or indices.max() >= len(weight)):
        raise IndexError("index out of range in self")
    return weight[indices]


def embedding_backward(g: Array, indices: Array, rows: int, padding: int | None) -> Array:
    out = np.zeros((rows, g.shape[-1]), g.dtype)
    np.add.at(out, indices, g)
    if padding is not None:
        out[padding] = 0
    return out


def check_mask(mask: Tensor, value: Any) -> None:
    """Raise RuntimeError unless masked_fill_ takes both."""
    if mask.scalar_type.kind != "b":
        raise RuntimeError("masked_fill_ only supports boolean masks, but got mask with dtype "
                           f"{errors.c_name(mask.scalar_type)}")
    if isinstance(value, Tensor) and value.sizes:
        raise RuntimeError("masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
                           f"{len(value.sizes)} dimension(s).")


def masked_fill(x: Any, mask: Any, value: Any) -> Any:
    check_mask(mask, value)
    broadcast_shape(mask.sizes, x.sizes)
    return ops.masked_fill_tensor(x, mask, value) if isinstance(value, Tensor) else ops.masked_fill_number(x, mask, value)


def flip(x: Array, dims: Sequence[int]) -> Array:
    return np.flip(x, dims_of((dims,) if isinstance(dims, int) else dims, x.ndim) if dims != () else ()).copy()


def repeated(x: Array, repeats: Sequence[int]) -> Array:
    if len(repeats) < x.ndim:
        raise RuntimeError("Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor")
    shape = [n * times for n, times in zip((1,) * (len(repeats) - x.ndim) + x.shape, repeats, strict=True)]
    for n in shape:
        if n < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {n}: {errors.size(shape)}")
    return np.tile(x, repeats)


def check_plane(dim1: int, dim2: int, rank: int) -> tuple[int, int]:
    """Return two dims counted from the front. Raise RuntimeError if they are the same, IndexError if one is not there."""
    a, b = dim_of(dim1, rank), dim_of(dim2, rank)
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return a, b


def diagonal(x: Array, offset: int, dim1: int, dim2: int) -> Array:
    view = np.diagonal(x, offset, *check_plane(dim1, dim2, x.ndim))
    view.flags.writeable = x.flags.writeable  # numpy forbids writing to it for reasons of its history
    return view


def diagonal_backward(g: Array, shape: tuple[int, ...], offset: int, dim1: int, dim2: int) -> Array:
    out = np.zeros(shape, g.dtype)
    view = np.diagonal(out, offset, dim1, dim2)
    view.flags.writeable = True
    view[...] = g
    return out


def sum_to_size(x: Any, shape: Any) -> Any:
    wanted = (shape,) if isinstance(shape, int) else tuple(shape)
    fits = len(wanted) <= len(x.sizes) and all(n in (1, m) for n, m in zip(wanted[::-1], x.sizes[::-1], strict=False))
    if not fits:
        raise RuntimeError(f"size {{{errors.size(wanted)}}} is not expandable to size {{{errors.size(x.sizes)}}}.")
    return ops.sum_to(x, wanted)


@helper
def repeat_backward(g: Any, shape: tuple[int, ...], repeats: Sequence[int]) -> Any:
    """Sum the cotangents of all copies."""
    lead = len(repeats) - len(shape)
    if lead:
        g = ops.sum(g, tuple(range(lead)))
    parts = [n for r, m in zip(repeats[lead:], shape, strict=True) for n in (r, m)]
    return ops.sum(ops.reshape(g, tuple(parts)), tuple(range(0, len(parts), 2))) if parts else g


def triangle(name: str, forward: Any, keeps: str) -> Op:
    """Return the row of tril or triu."""
    return Op(name, (Input("x", lambda g, diagonal: getattr(ops, name)(g, diagonal), "[kept]"),), forward,
              node_name=f"{name.capitalize()}Backward0", attrs=(DIAGONAL,), category=CATEGORY, symbol=name,
              torch=(f"torch.{name}({{x}})", f"{{x}}.{name}()"), latex=rf"\mathrm{{{name}}}({{x}})", doc=f"Keep {keeps}, zeros elsewhere.",
              samples=(Sample((samples.array(3, 3),)), Sample((samples.array(3, 3),), {"diagonal": 1})))


WHICH = np.array([[0, 1], [1, 0], [0, 0]])
ROWS = np.array([2, 0, 2])
register(
    Op("gather_backward", (Input("grad_output", lambda g, index, dim: ops.gather(g, dim, index)), Input("index")),
       lambda g, index, shape, dim: gather_backward(g, index, shape, dim), node_name="GatherBackwardBackward0", attrs=(SHAPE, DIM),
       hidden=True),
    Op("gather_along", (Input("x", lambda g, x, index, dim: ops.scatter_add(ops.zeros_like(x), index, g, dim)), Input("index")), gather,
       node_name="GatherBackward0", attrs=(DIM,), hidden=True),
    Op("gather", (Input("x", formula="1 where taken"), Input("dim", kind="number"), Input("index")),
       composite=lambda x, dim, index: ops.gather_along(x, index, dim), category=INDEXING, symbol="idx",
       torch=("torch.gather({x}, {dim}, {index})", "{x}.gather({dim}, {index})"), latex="{x}_{index}",
       doc="Take elements along a dim by their index.",
       samples=(Sample((samples.array(3, 2), 1, WHICH)), Sample((samples.array(3, 2), 0, WHICH))),
       bad_samples=(Sample((samples.array(3, 2), 1, WHICH + 1), error="index 2 is out of bounds for dimension 1 with size 2"),)),
    Op("select_rows", (Input("x", lambda g, x_shape, index, dim: ops.index_add(ops.zeros(g, x_shape), index, g, dim)), Input("index")),
       index_select,
       node_name="IndexSelectBackward0", attrs=(DIM,), hidden=True),
    Op("index_select", (Input("x", formula="1 where taken"), Input("dim", kind="number"), Input("index")),
       composite=lambda x, dim, index: ops.select_rows(x, index, dim), category=INDEXING, symbol="index_select",
       torch=("torch.index_select({x}, {dim}, {index})", "{x}.index_select({dim}, {index})"), latex="{x}_{index}",
       doc="Take slices along a dim by their index.", samples=(Sample((samples.array(3, 2), 0, ROWS)),),
       bad_samples=(Sample((samples.array(3, 2), 1, ROWS), error="INDICES element is out of DATA bounds, id=2 axis_dim=2"),)),
    Op("embedding_backward", (Input("grad_output", lambda g, indices, padding: ops.embedding_of(g, indices, padding)), Input("indices")),
       embedding_backward,
       node_name="EmbeddingDenseBackwardBackward0", attrs=(Attr("rows", "int", 0), Attr("padding", "int")), hidden=True),
    Op("embedding_of", (
        Input("weight", lambda g, weight_shape, indices, padding: ops.embedding_backward(g, indices, weight_shape[0], padding)),
        Input("indices")), embedding, node_name="EmbeddingBackward0", attrs=(Attr("padding", "int"),), hidden=True),
    Op("embedding", (Input("indices"), Input("weight", formula="1 where taken")),
       composite=lambda indices, weight, padding_idx=None: ops.embedding_of(weight, indices, padding_idx),
       attrs=(Attr("padding_idx", "int", None, "A row whose gradient stays zero."),),
       category=INDEXING, symbol="embed", torch=("F.embedding({indices}, {weight})",), latex="{weight}_{indices}",
       doc="Rows of a table by their index.",
       samples=(Sample((WHICH, samples.array(3, 2))),), bad_samples=(Sample((WHICH + 2, samples.array(3, 2)),
                                                                            error="index out of range in self"),)),
    Op("masked_fill", (Input("x", formula="[not {mask}]"), Input("mask"), Input("value", formula="[{mask}]", kind="operand")),
       composite=masked_fill,
       category=INDEXING, symbol="mask", torch=("torch.masked_fill({x}, {mask}, {value})", "{x}.masked_fill({mask}, {value})"),
       latex=r"{value}\ \mathrm{if}\ {mask}\ \mathrm{else}\ {x}", doc="Replace where a mask is true.",
       samples=(Sample((samples.array(3, 2), samples.array(3, 2) > 0, -1.5)),
                Sample((samples.array(3, 2), samples.array(2) > 0, samples.SCALAR))),
       bad_samples=(Sample((samples.array(3), samples.array(4) > 0, 0.0),
                           error="The size of tensor a (4) must match the size of tensor b (3)"),)),
    triangle("tril", np.tril, "the lower triangle"),
    triangle("triu", np.triu, "the upper triangle"),
    Op("diagonal_backward", (Input("grad_output", lambda g, offset, dim1, dim2: ops.diagonal(g, offset, dim1, dim2)),), diagonal_backward,
       node_name="DiagonalBackwardBackward0", attrs=(SHAPE, Attr("offset", "int", 0), Attr("dim1", "dim", 0), Attr("dim2", "dim", 1)),
       hidden=True),
    Op("diagonal", (Input("x", lambda g, x_shape, offset, dim1, dim2: ops.diagonal_backward(g, x_shape, offset, dim1, dim2),
                          "1 on the diagonal"),),
       diagonal, node_name="DiagonalBackward0", views=True,
       attrs=(Attr("offset", "int", 0, "Which diagonal."), Attr("dim1", "dim", 0, "One dim."), Attr("dim2", "dim", 1, "The other.")),
       category=CATEGORY, symbol="diag", torch=("torch.diagonal({x})", "{x}.diagonal()"), latex=r"\mathrm{diag}({x})",
       doc="The diagonal, as a view.",
       samples=(Sample((samples.array(3, 3),)), Sample((samples.array(2, 3),), {"offset": 1})),
       bad_samples=(Sample((samples.array(3),), error="Dimension out of range (expected to be in range of [-1, 0], but got 1)"),
                    Sample((samples.array(3, 3),), {"dim2": 0}, "diagonal dimensions cannot be identical 0, 0"))),
    Op("flip", (Input("x", lambda g, dims: ops.flip(g, dims), "1"),), flip, node_name="FlipBackward0",
       attrs=(Attr("dims", "dims", (0,), "Which dims to reverse.", required=True),), category=CATEGORY, symbol="flip",
       torch=("torch.flip({x}, {dims})", "{x}.flip({dims})"), latex=r"\mathrm{flip}({x})", doc="Reverse the order along dims.",
       samples=(Sample((samples.array(3, 2),), {"dims": (0,)}), Sample((samples.array(3, 2),), {"dims": (0, 1)})),
       bad_samples=(Sample((samples.array(3),), {"dims": (1,)}, "Dimension out of range"),)),
    Op("repeat", (Input("x", lambda g, x_shape, repeats: ops.repeat_backward(g, x_shape, repeats), "1"),),
       repeated,
       node_name="RepeatBackward0", attrs=(Attr("repeats", "shape", (1,), "How often along each dim.", required=True),), category=CATEGORY,
       symbol="repeat",
       torch=("{x}.repeat({repeats})",), latex=r"\mathrm{repeat}({x})", doc="Copies side by side; the gradient adds up over them.",
       samples=(Sample((samples.array(2, 3),), {"repeats": (2, 1)}), Sample((samples.array(3),), {"repeats": (2, 2)}))),
    Op("sum_to_size", (Input("x", formula="1"),), composite=sum_to_size,
       attrs=(Attr("size", "shape", (), "Sizes to sum down to.", required=True),),
       category="reduction", symbol="Σ→", torch=("{x}.sum_to_size({size})",), latex=r"\sum {x}",
       doc="Sum down to a shape that broadcasts to this one.", samples=(Sample((samples.array(2, 3),), {"size": (1, 3)}),
                                                                        Sample((samples.array(2, 3),), {"size": (3,)})),
       bad_samples=(Sample((samples.array(2, 3),), {"size": (2,)}, "size {[2]} is not expandable to size {[2, 3]}."),)),
)
