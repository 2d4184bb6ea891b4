"""Shape: views of the same numbers (reshape, transpose, expand...) and joining and splitting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from gradstudio.engine import errors, promote
from gradstudio.engine.dims import dim_of, expanded, with_inferred
from gradstudio.engine.op import Attr, Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.runs import resized, unbroadcast

Array = np.ndarray[Any, Any]
CATEGORY = "shape"
SHAPE = Attr("shape", "shape", (), "Sizes of the result; one of them may be -1.", required=True)
DIM = Attr("dim", "dim", 0, "Which dim.")


# View and reshape.
def viewed(x: Array, shape: Sequence[int]) -> Array:
    try:
        full = shape if not shape or min(shape) >= 0 else with_inferred(shape, x.size)
        out = x.reshape(full) if x.flags.c_contiguous else x.reshape(full, copy=False)
    except ValueError:
        full = with_inferred(shape, x.size)
        if x.size:
            raise RuntimeError(errors.VIEW_STRIDES) from None
        out = x.reshape(full)
    return out if out is not x else x[...]


def reshape(x: Any, shape: Sequence[int]) -> Any:
    """As PyTorch: a view where the strides allow one, else a view of a copy."""
    array = x.array
    if not array.size or array.flags.c_contiguous:
        return ops.view(x, shape)
    full = with_inferred(shape, array.size)
    try:
        array.reshape(full, copy=False)
    except ValueError:
        return ops.unsafe_view(ops.clone(x), full)
    return ops.reshape_alias(x, full)


def flatten(x: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    rank = len(x.sizes)
    start, end = dim_of(start_dim, rank), dim_of(end_dim, rank)
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if rank == 0:
        return ops.reshape(x, (1,))
    if start == end:
        return x
    return ops.reshape(x, (*x.sizes[:start], int(np.prod(x.sizes[start:end + 1], dtype=int)), *x.sizes[end + 1:]))


def texts_one(texts: Any, attrs: Any, operands: Any) -> str:
    return "1"


register(
    Op("view", (Input("x", resized, "1"),), viewed, node_name="ViewBackward0", views=True,
       attrs=(SHAPE,),
       category=CATEGORY, symbol="view", torch=("{x}.view({shape})",), latex=r"\mathrm{view}({x})",
       doc="The same numbers in another shape, on the same storage.", samples=(Sample((samples.array(2, 3),), {"shape": (3, -1)}),),
       bad_samples=(Sample((samples.array(2, 3),), {"shape": (4, -1)}, "shape '[4, -1]' is invalid for input of size 6"),)),
    Op("reshape_alias", (Input("x", resized),), viewed, node_name="ReshapeAliasBackward0", views=True,
       attrs=(SHAPE,), hidden=True),
    Op("unsafe_view", (Input("x", resized),), np.ndarray.reshape,
       node_name="UnsafeViewBackward0", attrs=(SHAPE,), hidden=True),
    Op("reshape", (Input("x", formula="1"),), composite=reshape, kernel=np.ndarray.reshape, attrs=(SHAPE,),
       category=CATEGORY, symbol="reshape", torch=("{x}.reshape({shape})", "torch.reshape({x}, {shape})"), latex=r"\mathrm{reshape}({x})",
       doc="The same numbers in another shape: a view where possible, else a copy.",
       samples=(Sample((samples.array(2, 3),), {"shape": (3, -1)}), Sample((samples.array(4),), {"shape": (2, 2)})),
       bad_samples=(Sample((samples.array(2, 3),), {"shape": (4, -1)}, "shape '[4, -1]' is invalid for input of size 6"),)),
    Op("flatten", (Input("x", formula="1"),), composite=flatten, category=CATEGORY, symbol="flatten",
       attrs=(Attr("start_dim", "dim", 0, "First dim to join."), Attr("end_dim", "dim", -1, "Last dim to join.")),
       torch=("torch.flatten({x})", "{x}.flatten()"), latex=r"\mathrm{flatten}({x})", doc="Join dims into one.",
       samples=(Sample((samples.array(2, 3, 2),)), Sample((samples.array(2, 3, 2),), {"start_dim": 1})),
       bad_samples=(Sample((samples.array(2, 3),), {"start_dim": 3}, "Dimension out of range"),)),
)


# Expand and its inverse.
def expand(x: Array, shape: Sequence[int]) -> Array:
    if shape == x.shape:
        return x[...]
    full = expanded(x.shape, shape)
    lead = len(full) - x.ndim
    strides = (0,) * lead + tuple([0 if a == 1 and b != 1 else s for a, b, s in zip(x.shape, full[lead:], x.strides, strict=True)])
    return np.ndarray(full, x.dtype, x, 0, strides) if x.flags.c_contiguous else np.lib.stride_tricks.as_strided(x, full, strides)


def sum_to(x: Any, shape: tuple[int, ...]) -> Any:
    """Sum a tensor down to a shape that broadcasts to its own."""
    if not shape:
        return ops.sum(x)
    if x.sizes == shape:
        return x
    lead = len(x.sizes) - len(shape)
    axes = tuple(range(lead)) + tuple([i + lead for i, n in enumerate(shape) if n == 1 and x.sizes[i + lead] != 1])
    total = ops.sum(x, axes, True) if axes else x
    return ops.view(total, shape) if lead else total


register(
    Op("expand", (Input("x", lambda g, x_shape: ops.sum_to(g, x_shape), "1"),), expand, node_name="ExpandBackward0", views=True,
       attrs=(replace(SHAPE, torch="size"),),
       category=CATEGORY, symbol="expand", torch=("{x}.expand({shape})", "torch.broadcast_to({x}, {shape})", "{x}.broadcast_to({shape})"),
       latex=r"\mathrm{expand}({x})",
       doc="Repeat dims of size 1 without copying; the gradient adds up over the repeats.",
       samples=(Sample((samples.array(2, 1),), {"shape": (2, 3)}), Sample((samples.array(3),), {"shape": (2, -1)})),
       bad_samples=(Sample((samples.array(2, 3),), {"shape": (4, 3)},
                           "The expanded size of the tensor (4) must match the existing size (2)"),)),
    Op("sum_to", (Input("x"),), composite=sum_to, attrs=(SHAPE,), hidden=True,
       kernel=lambda x, shape: x if x.shape == shape else unbroadcast(x, shape, x.dtype)),
)


# Dims of size 1.
def squeezing(how: str = "") -> Any:
    """Return squeeze, or with "_in_place" its form in place: of all dims, of one, or of some."""
    def squeeze(x: Any, dim: Any = None) -> Any:
        if dim is None:
            return getattr(ops, f"squeeze_all{how}")(x)
        return getattr(ops, f"squeeze_dim{how}")(x, dim) if isinstance(dim, int) else getattr(ops, f"squeeze_dims{how}")(x, tuple(dim))

    return squeeze


def squeezed(x: Array, dims: Sequence[int]) -> Array:
    gone = {dim_of(d, x.ndim) for d in dims}
    return x.reshape([n for i, n in enumerate(x.shape) if n != 1 or i not in gone])


@helper
def unsqueeze_to(g: Any, shape: tuple[int, ...], dims: Any = None) -> Any:
    """Put back the dims of size 1 that squeeze took."""
    gone = range(len(shape)) if dims is None else sorted([dim_of(d, len(shape)) for d in dims]) if shape else ()
    for d in gone:
        if shape[d] == 1:
            g = ops.unsqueeze(g, d)
    return g


def unsqueeze(x: Array, dim: int) -> Array:
    return np.expand_dims(x, dim_of(dim, x.ndim + 1))


OPTIONAL_DIM = Attr("dim", "dims", None, "Only this dim, or these; all of them if left out.")
register(
    Op("squeeze_all", (Input("x", lambda g, x_shape: ops.unsqueeze_to(g, x_shape)),), lambda x: squeezed(x, range(x.ndim)),
       node_name="SqueezeBackward0", views=True, hidden=True),
    Op("squeeze_dim", (Input("x", lambda g, x_shape, dim: ops.unsqueeze_to(g, x_shape, (dim,))),), lambda x, dim: squeezed(x, (dim,)),
       node_name="SqueezeBackward1", views=True, attrs=(DIM,), hidden=True),
    Op("squeeze_dims", (Input("x", lambda g, x_shape, dim: ops.unsqueeze_to(g, x_shape, dim)),), squeezed,
       node_name="SqueezeBackward2", views=True, attrs=(Attr("dim", "dims", ()),), hidden=True),
    Op("squeeze", (Input("x", formula="1"),), composite=squeezing(), attrs=(OPTIONAL_DIM,), category=CATEGORY, symbol="squeeze",
       torch=("torch.squeeze({x})", "{x}.squeeze()"), latex=r"\mathrm{squeeze}({x})", doc="Drop dims of size 1.",
       samples=(Sample((samples.array(1, 3, 1),)), Sample((samples.array(1, 3, 1),), {"dim": 0})),
       bad_samples=(Sample((samples.array(2, 1),), {"dim": 2}, "Dimension out of range"),)),
    Op("unsqueeze", (Input("x", lambda g, dim: ops.squeeze(g, dim), "1"),), unsqueeze, node_name="UnsqueezeBackward0", views=True,
       attrs=(replace(DIM, required=True),), category=CATEGORY, symbol="unsqueeze",
       torch=("torch.unsqueeze({x}, {dim})", "{x}.unsqueeze({dim})"),
       latex=r"\mathrm{unsqueeze}({x})", doc="Put in a dim of size 1.",
       samples=(Sample((samples.array(3),), {"dim": 0}), Sample((samples.array(2, 3),), {"dim": -1})),
       bad_samples=(Sample((samples.array(2),), {"dim": 3}, "Dimension out of range"),)),
)


# Order of dims.
def transpose(x: Array, dim0: int, dim1: int) -> Array:
    try:
        return x.swapaxes(dim0, dim1)
    except ValueError:
        dim_of(dim0, x.ndim), dim_of(dim1, x.ndim)
        return x[...]


def t(x: Array) -> Array:
    if x.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {x.ndim}D")
    return x.T


def permute(x: Array, dims: Sequence[int]) -> Array:
    dims = (dims,) if isinstance(dims, int) else dims
    if len(dims) != x.ndim:
        raise RuntimeError(f"permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired "
                           f"ordering "
                           f"of dimensions i.e. input.dim() = {x.ndim} is not equal to len(dims) = {len(dims)}")
    order = [dim_of(d, x.ndim) for d in dims]
    if len(set(order)) != len(order):
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return x.transpose(order)


@helper
def permute_back(g: Any, dims: Sequence[int]) -> Any:
    """Undo a permutation."""
    order = [d % len(dims) for d in dims]
    return ops.permute(g, tuple([order.index(i) for i in range(len(order))]))


register(
    Op("t", (Input("x", lambda g: ops.t(g), "1"),), t, kernel=np.ndarray.transpose, node_name="TBackward0",
       views=True, category=CATEGORY, symbol="T", torch=("{x}.t()", "torch.t({x})"), latex="{x}^T", doc="Transpose a matrix.",
       samples=(Sample((samples.array(2, 3),)), Sample((samples.array(3),))),
       bad_samples=(Sample((samples.array(2, 2, 2),), error="t() expects a tensor with <= 2 dimensions, but self is 3D"),)),
    Op("transpose", (Input("x", lambda g, dim0, dim1: ops.transpose(g, dim0, dim1), "1"),), transpose, node_name="TransposeBackward0",
       views=True, attrs=(Attr("dim0", "dim", 0, "One dim.", required=True), Attr("dim1", "dim", 1, "The other.", required=True)),
       category=CATEGORY, symbol="transpose",
       torch=("torch.transpose({x}, {dim0}, {dim1})", "{x}.transpose({dim0}, {dim1})"), latex="{x}^T", doc="Swap two dims.",
       samples=(Sample((samples.array(2, 3),)), Sample((samples.array(2, 3, 2),), {"dim0": 0, "dim1": -1})),
       bad_samples=(Sample((samples.array(2, 3),), {"dim0": 0, "dim1": 2}, "Dimension out of range"),)),
    Op("permute", (Input("x", lambda g, dims: ops.permute_back(g, dims), "1"),), permute, node_name="PermuteBackward0", views=True,
       attrs=(Attr("dims", "dims", (), "The dims in their new order.", required=True),), category=CATEGORY, symbol="permute",
       torch=("torch.permute({x}, {dims})", "{x}.permute({dims})"), latex=r"\mathrm{permute}({x})", doc="Put the dims in another order.",
       samples=(Sample((samples.array(2, 3, 2),), {"dims": (2, 0, 1)}),),
       bad_samples=(Sample((samples.array(2, 3),), {"dims": (0, 0)}, "permute(): duplicate dims are not allowed."),)),
    Op("alias", (Input("x", lambda g: g),), lambda x: x[...], node_name="AliasBackward0", views=True, hidden=True),
)


# Join.
def cat(xs: Sequence[Array], dim: int) -> Array:
    if not xs:
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    for i, x in enumerate(xs):
        if x.ndim == 0:
            raise RuntimeError(f"zero-dimensional tensor (at position {i}) cannot be concatenated")
    dtype = promote.result_type(xs)
    real = [x for x in xs if x.shape != (0,)] or list(xs[:1])  # PyTorch skips 1-D empty tensors whatever the others' shape
    first = real[0]
    dim = dim_of(dim, first.ndim)
    for i, x in enumerate(real):
        if x.ndim != first.ndim:
            raise RuntimeError(f"Tensors must have same number of dimensions: got {first.ndim} and {x.ndim}")
        for d, (a, b) in enumerate(zip(first.shape, x.shape, strict=True)):
            if a != b and d != dim:
                raise RuntimeError(f"Sizes of tensors must match except in dimension {dim}. Expected size {a} but got size {b} for tensor "
                                   f"number {i} in the list.")
    return np.concatenate([x.astype(dtype, copy=False) for x in real], dim)


def stack(xs: Sequence[Array], dim: int) -> Array:
    if not xs:
        raise RuntimeError("stack expects a non-empty TensorList")
    for i, x in enumerate(xs):
        if x.shape != xs[0].shape:
            raise RuntimeError(f"stack expects each tensor to be equal size, but got {errors.size(xs[0].shape)} at entry 0 and "
                               f"{errors.size(x.shape)} at entry {i}")
    xs = [np.asarray(x) for x in xs]  # a vjp's arithmetic on 0-d arrays gives numpy's scalars
    dtype = promote.result_type(xs)
    dim = dim_of(dim, xs[0].ndim + 1)
    shape = (*xs[0].shape[:dim], 1, *xs[0].shape[dim:])
    return np.concatenate([x.astype(dtype, copy=False).reshape(shape) for x in xs], dim)


@helper
def cat_backward(g: Any, shapes: Sequence[tuple[int, ...]], dim: int) -> list[Any]:
    """Cut the cotangent of cat into one part for each tensor."""
    parts, at = [], 0
    for shape in shapes:
        if shape == (0,):
            parts.append(ops.zeros(g, shape))
        else:
            size = shape[dim]
            parts.append(ops.slice(g, dim, at, at + size, 1))
            at += size
    return parts


TENSORS = "tensors"
MANY = (Sample(((samples.array(2, 3), samples.array(2, 3, start=0.3)),)),
        Sample(((samples.array(2, 3), samples.array(2, 3, start=0.3)),), {"dim": 1}))
register(
    Op("cat", (Input("tensors", lambda g, shapes, dim: ops.cat_backward(g, shapes, dim), "1", kind=TENSORS),), cat,
       node_name="CatBackward0",
       attrs=(DIM,), category=CATEGORY, symbol="cat", torch=("torch.cat({tensors})",), latex=r"\mathrm{cat}({tensors})",
       doc="Join tensors along a dim.", samples=MANY,
       bad_samples=(Sample(((samples.array(2, 3), samples.array(3, 2)),), error="Sizes of tensors must match except in dimension 0."),)),
    Op("stack", (Input("tensors", lambda g, shapes, dim: [ops.select(g, dim, i) for i in range(len(shapes))], "1", kind=TENSORS),), stack,
       node_name="StackBackward0", attrs=(DIM,),
       category=CATEGORY, symbol="stack", torch=("torch.stack({tensors})",), latex=r"\mathrm{stack}({tensors})",
       doc="Join tensors of equal shape along a new dim.", samples=MANY,
       bad_samples=(Sample(((samples.array(2), samples.array(3)),), error="stack expects each tensor to be equal size"),)),
)


# Split. All outputs are views of one storage, and one node has all of them.
def parts(x: Array, sizes: Sequence[int], dim: int) -> tuple[Array, ...]:
    if x.ndim == 0:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    dim = dim_of(dim, x.ndim)
    if sum(sizes) != x.shape[dim]:
        raise RuntimeError(f"split_with_sizes expects split_sizes to sum exactly to {x.shape[dim]} (input tensor's size at dimension "
                           f"{dim}), "
                           f"but got split_sizes={errors.size(sizes)}")
    ends = np.cumsum([0, *sizes])
    lead = (slice(None),) * dim
    return tuple([x[(*lead, slice(a, b))] for a, b in pairwise(ends)])


def even_sizes(n: int, size: int) -> list[int]:
    """Return how a dim of size n falls into parts of a size, the last one smaller; an empty dim has one empty part."""
    return [min(size, n - i) for i in range(0, n, size)] or [0]


def split_even(x: Array, split_size: int, dim: int) -> tuple[Array, ...]:
    if x.ndim == 0:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    n = x.shape[dim_of(dim, x.ndim)]
    if split_size < 0:
        raise RuntimeError(f"split expects split_size be non-negative, but got split_size={split_size}")
    if split_size == 0 and n:
        raise RuntimeError(f"split_size can only be 0 if dimension size is 0, but got dimension size of {n}")
    return parts(x, even_sizes(n, split_size or 1), dim)


@helper
def split_backward(g: Sequence[Any], shape: tuple[int, ...], sizes: Any, dim: int) -> Any:
    """Join the cotangents of the parts; zeros where none arrived."""
    dim %= len(shape)
    some = next(p for p in g if p is not None)
    sizes = even_sizes(shape[dim], sizes or 1) if isinstance(sizes, int) else sizes
    shapes = [(*shape[:dim], n, *shape[dim + 1:]) for n in sizes]
    return ops.cat([ops.zeros(some, s) if p is None else p for p, s in zip(g, shapes, strict=True)], dim)


@helper
def unbind_backward(g: Sequence[Any], dim: int) -> Any:
    """Stack the cotangents of the rows; zeros where none arrived."""
    some = next(p for p in g if p is not None)
    return ops.stack([ops.zeros_like(some) if p is None else p for p in g], dim)


def split(x: Any, split_size: Any, dim: int = 0) -> Any:
    return ops.split_even(x, split_size, dim) if isinstance(split_size, int) else ops.split_with_sizes(x, tuple(split_size), dim)


def chunk(x: Any, chunks: int, dim: int = 0) -> Any:
    if not x.sizes:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    n = x.sizes[dim_of(dim, len(x.sizes))]
    size = -(-n // chunks)
    return ops.split_even(x, size, dim) if n else ops.split_with_sizes(x, (0,) * chunks, dim)


def unbind(x: Array, dim: int) -> tuple[Array, ...]:
    if x.ndim == 0:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    lead: tuple[Any, ...] = (slice(None),) * dim_of(dim, x.ndim)
    return tuple([x[(*lead, i, ...)] for i in range(x.shape[dim])])


PIECES = ("parts",)
register(
    Op("split_even", (Input("x", lambda g, x_shape, split_size, dim: ops.split_backward(g, x_shape, split_size, dim)),), split_even,
       node_name="SplitBackward0", attrs=(Attr("split_size", "int", 1), DIM), outputs=PIECES, many=True, views=True, hidden=True),
    Op("split_with_sizes", (Input("x", lambda g, x_shape, split_sizes, dim: ops.split_backward(g, x_shape, split_sizes, dim), "1"),), parts,
       node_name="SplitWithSizesBackward0", attrs=(Attr("split_sizes", "sizes", (), "Size of each part.", required=True), DIM),
       outputs=PIECES, many=True,
       views=True, category=CATEGORY, symbol="split", latex=r"\mathrm{split}({x})", doc="Cut into parts of given sizes along a dim.",
       torch=("torch.split_with_sizes({x}, {split_sizes})", "{x}.split_with_sizes({split_sizes})"),
       samples=(Sample((samples.array(3, 4),), {"split_sizes": (1, 3), "dim": 1}),),
       bad_samples=(Sample((samples.array(4),), {"split_sizes": (1, 2)}, "split_with_sizes expects split_sizes to sum exactly to 4"),)),
    Op("split", (Input("x", formula="1", torch="tensor"),), composite=split, outputs=PIECES, many=True, views=True,
       attrs=(Attr("split_size", "split", 1, "Size of each part, or a list of sizes.", required=True, torch="split_size_or_sections"),
              DIM), category=CATEGORY, symbol="split",
       torch=("torch.split({x}, {split_size})", "{x}.split({split_size})"), latex=r"\mathrm{split}({x})", doc="Cut into parts along a dim.",
       samples=(Sample((samples.array(5, 2),), {"split_size": 2}), Sample((samples.array(3, 4),), {"split_size": (1, 3), "dim": 1})),
       bad_samples=(Sample((samples.array(4),), {"split_size": (1, 2)}, "split_with_sizes expects split_sizes to sum exactly to 4"),)),
    Op("chunk", (Input("x", formula="1"),), composite=chunk, outputs=PIECES, many=True, views=True,
       attrs=(Attr("chunks", "int", 2, "How many parts.", required=True), DIM), category=CATEGORY, symbol="chunk",
       torch=("torch.chunk({x}, {chunks})", "{x}.chunk({chunks})"), latex=r"\mathrm{chunk}({x})", doc="Cut into a number of parts.",
       samples=(Sample((samples.array(5, 2),), {"chunks": 2}),),
       bad_samples=(Sample((samples.array(4),), {"chunks": 0}, "chunk expects `chunks` to be greater than 0, got: 0"),)),
    Op("unbind", (Input("x", lambda g, dim: ops.unbind_backward(g, dim), "1"),), unbind, node_name="UnbindBackward0", outputs=PIECES,
       many=True,
       views=True, attrs=(DIM,), category=CATEGORY, symbol="unbind", torch=("torch.unbind({x})", "{x}.unbind()"),
       latex=r"\mathrm{unbind}({x})", doc="Cut into rows along a dim.",
       samples=(Sample((samples.array(3, 2),)), Sample((samples.array(3, 2),), {"dim": 1})),
       bad_samples=(Sample((samples.SCALAR,), error="Dimension specified as 0 but tensor has no dimensions"),)),
)
