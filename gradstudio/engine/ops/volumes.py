"""Pooling by lists of places: max_pool3d, avg_pool3d, and the largest of as many parts as wanted. Category convolution and pooling.

Each dim has a table of places, one row a window; a window's elements are all combinations of its rows. Ties go to the first of a window,
nan to the last, as in PyTorch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.op import Attr, Input, Op, Sample, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.pooling import AVG_ATTRS, DIVISOR, INDICES, LARGEST, MAX_ATTRS, MEAN, lowest, pooled_size, row, single
from gradstudio.engine.ops.sliding import Sizes, each

Array = np.ndarray[Any, Any]
Tables = Sequence[Array]


def strided_places(n: int, kernel: int, out: int, stride: int, padding: int, dilation: int) -> Array:
    """Return the places of windows over one dim; outside of 0 .. n - 1 lies padding."""
    found: Array = np.arange(out)[:, None] * stride - padding + np.arange(kernel) * dilation
    return found


def parted_places(n: int, out: int) -> Array:
    """Return the places of the parts of one dim; a shorter part names its last place again."""
    begin, end = np.arange(out) * n // out, -(-(np.arange(1, out + 1) * n) // out)
    longest = int((end - begin).max()) if out else 1
    found: Array = np.minimum(begin[:, None] + np.arange(longest), end[:, None] - 1)
    return found


def combined(sizes: Sizes, tables: Tables) -> tuple[Array, Array]:
    """Return each window's places among the elements of all dims, (*out, elements), and which of them lie inside."""
    k = len(tables)
    flat, inside = np.zeros((1,) * (2 * k), np.int64), np.ones((1,) * (2 * k), bool)
    for d, (n, table) in enumerate(zip(sizes, tables, strict=True)):
        shape = [1] * (2 * k)
        shape[d], shape[k + d] = table.shape
        places = table.reshape(shape)
        flat = flat * n + np.clip(places, 0, max(n - 1, 0))
        inside = inside & (places >= 0) & (places < n)
    shape = [len(table) for table in tables]
    count = math.prod([table.shape[1] for table in tables])
    return flat.reshape(*shape, count), inside.reshape(*shape, count)


def taken(x: Array, flat: Array, k: int) -> Array:
    """Return the elements at places among those of the last k dims."""
    found: Array = x.reshape(*x.shape[:-k], math.prod(x.shape[-k:]))[..., flat]
    return found


def largest(x: Array, tables: Tables) -> tuple[Array, Array]:
    """Return the largest of each window and where it stands among the elements of the pooled dims."""
    k = len(tables)
    flat, inside = combined(x.shape[-k:], tables)
    values = np.where(inside, taken(x, flat, k), np.array(lowest(x.dtype), x.dtype))
    which = values.argmax(-1)
    nan = np.isnan(values)
    which = np.where(nan.any(-1), values.shape[-1] - 1 - nan[..., ::-1].argmax(-1), which)[..., None]
    index = np.take_along_axis(np.broadcast_to(flat, values.shape), which, -1)
    return np.take_along_axis(values, which, -1)[..., 0], index[..., 0]


def put_back(g: Array, x: Array, indices: Array, k: int) -> Array:
    """Return zeros shaped as x with each cotangent added where its largest element stands."""
    planes, volume = math.prod(x.shape[:-k]), math.prod(x.shape[-k:])
    at = (indices.reshape(planes, math.prod(indices.shape[x.ndim - k:])) + np.arange(planes)[:, None] * volume).ravel()
    return np.bincount(at, g.ravel(), x.size).astype(g.dtype).reshape(x.shape)


# Windows over three dims.
def settings(name: str, x: Array, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool) -> tuple[Any, ...]:
    """Return kernel, stride, padding, dilation and sizes of the result over three dims; raise PyTorch's error for what does not fit."""
    if isinstance(kernel_size, list | tuple) and len(kernel_size) not in (1, 3):
        either = "either " if name == "max_pool3d" else ""
        raise RuntimeError(f"{name}: kernel_size must {either}be a single int, or a tuple of three ints")
    kernel, pad, gap = each(kernel_size, 3), each(padding, 3), each(dilation, 3)
    step = each(stride, 3) if stride or isinstance(stride, int) else kernel
    if x.ndim not in (4, 5):
        raise RuntimeError("non-empty 4D or 5D (batch mode) tensor expected for input")
    if 0 in kernel or 0 in step:
        raise RuntimeError("stride should not be zero")
    if min(gap) <= 0:
        raise RuntimeError(f"dilation should be greater than zero, but got dilationT: {gap[0]} dilationH: {gap[1]} dilationW: {gap[2]}")
    if min(pad) < 0:
        raise RuntimeError(f"pad must be non-negative, but got pad: {min(pad)}")
    for p, n, d in zip(pad, kernel, gap, strict=True):
        if p > (d * (n - 1) + 1) // 2:
            raise RuntimeError(f"pad should be at most half of effective kernel size, but got pad={p}, kernel_size={n} and dilation={d}")
    out = tuple([pooled_size(*each_dim, ceil_mode) for each_dim in zip(x.shape[-3:], kernel, step, pad, gap, strict=True)])
    check_volume(name, x, kernel, out)
    return kernel, step, pad, gap, out


def check_volume(name: str, x: Array, kernel: Sizes, out: Sizes) -> None:
    """Raise PyTorch's error for sizes of which no window is made."""
    shape = x.shape[-4:]
    if 0 in shape:
        raise RuntimeError(f"{name}{'_with_indices' * (name == 'max_pool3d')}_out_cpu_template(): Expected input's non-batch dimensions to "
                           f"have positive length, but input has a shape of {errors.size(x.shape)} and non-batch dimension "
                           f"{shape[1:].index(0) if 0 in shape[1:] else 0} has length zero!")
    if min(out) < 1 and name == "avg_pool3d":
        raise RuntimeError(f"input image (T: {shape[1]} H: {shape[2]} W: {shape[3]}) smaller than kernel size (kT: {kernel[0]} kH: "
                           f"{kernel[1]} kW: {kernel[2]})")
    if min(out) < 1:
        sizes = ["x".join(map(str, (shape[0], *of))) for of in (shape[1:], out)]
        raise RuntimeError(f"Given input size: ({sizes[0]}). Calculated output size: ({sizes[1]}). Output size is too small")
    if x.dtype.kind == "b":
        raise errors.lacking(name, x.dtype)


def tables_of(sizes: Sizes, kernel: Sizes, step: Sizes, pad: Sizes, gap: Sizes, out: Sizes) -> list[Array]:
    return [strided_places(*each_dim) for each_dim in zip(sizes, kernel, out, step, pad, gap, strict=True)]


def max_pool(x: Array, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool) -> tuple[Array, Array]:
    return largest(x, tables_of(x.shape[-3:], *settings("max_pool3d", x, kernel_size, stride, padding, dilation, ceil_mode)))


def divisors(x: Array, how: Any, counted: bool, divisor: int | None) -> Array:
    """Return what the sum over each window is divided by."""
    if divisor is not None:
        return np.array(divisor, x.dtype)
    many: Any = 1
    kernel, step, pad, _, out = how
    for n, k, s, p, q in zip(x.shape[-3:], kernel, step, pad, out, strict=True):
        begin = np.arange(q) * s - p
        end = np.minimum(begin + k, n + p)
        many = np.multiply.outer(many, end - begin if counted else np.minimum(end, n) - np.maximum(begin, 0))
    return np.asarray(many).astype(x.dtype)


def avg_pool(x: Array, kernel_size: Any, stride: Any, padding: Any, ceil_mode: bool, count_include_pad: bool,
             divisor_override: int | None) -> Array:
    if divisor_override == 0:
        raise RuntimeError("divisor must be not zero")
    how = settings("avg_pool3d", x, kernel_size, stride, padding, 1, ceil_mode)
    flat, inside = combined(x.shape[-3:], tables_of(x.shape[-3:], *how))
    total = np.where(inside, taken(x, flat, 3), x.dtype.type(0)).sum(-1, dtype=x.dtype)
    by = divisors(x, how, count_include_pad, divisor_override)
    return np.asarray(total / by if x.dtype.kind == "f" else total // by)


def avg_pool_backward(g: Array, x: Array, kernel_size: Any, stride: Any, padding: Any, ceil_mode: bool, count_include_pad: bool,
                      divisor_override: int | None) -> Array:
    how = settings("avg_pool3d", x, kernel_size, stride, padding, 1, ceil_mode)
    flat, inside = combined(x.shape[-3:], tables_of(x.shape[-3:], *how))
    share = np.where(inside, (g / divisors(x, how, count_include_pad, divisor_override))[..., None], g.dtype.type(0))
    return put_back(share, x, np.broadcast_to(flat, share.shape), 3)


def max_pool3d(x: Any, kernel_size: Any = None, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False,
               return_indices: bool = False) -> Any:
    out = ops.max_pool3d_with_indices(x, kernel_size, stride, padding, dilation, ceil_mode)
    return out if return_indices else out[0]


# Parts: as many as wanted.
def adaptive_max(k: int) -> Callable[..., Any]:
    """Return adaptive_max_pool2d or adaptive_max_pool3d."""
    name = f"adaptive_max_pool{k}d"

    def pool(x: Any, output_size: Any = 1, return_indices: bool = False) -> Any:
        given = [output_size] * k if isinstance(output_size, int) or output_size is None else list(output_size)
        rank = len(x.sizes)
        out = [x.sizes[i - len(given)] if q is None else q for i, q in enumerate(given)]
        for i in range(-min(k, rank), 0):
            if not x.sizes[i]:
                raise RuntimeError(f"{name}(): Expected input to have non-zero size for non-batch dimensions, but input has sizes "
                                   f"{errors.size(x.sizes)} with dimension {rank + i} being empty")
        if rank not in (k + 1, k + 2):
            raise RuntimeError(f"{name}(): Expected {k + 1}D or {k + 2}D tensor, but got: {errors.size(x.sizes)}")
        if len(out) != k:
            raise RuntimeError(f"{name}(): internal error: output_size.size() must be {k}")
        if min(out) < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {min(out)}: {errors.size((*x.sizes[:-k], *out))}")
        if x.scalar_type.kind != "f":
            raise errors.lacking(name, x.scalar_type)
        found = getattr(ops, f"{name}_parts")(x, tuple(out))
        return found if return_indices else found[0]

    return pool


def adaptive_max_pool1d(x: Any, output_size: Any = 1, return_indices: bool = False) -> Any:
    wanted = single("adaptive_max_pool1d", "output_size", output_size)
    if len(x.sizes) not in (2, 3):
        raise RuntimeError(f"Expected 2 to 3 dimensions, but got {len(x.sizes)}-dimensional tensor for argument #1 'self' (while checking "
                           "arguments for adaptive_max_pool1d)")
    found = ops.adaptive_max_pool2d(ops.unsqueeze(x, -2), (1, wanted), True)
    return tuple([ops.squeeze(t, -2) for t in found]) if return_indices else ops.squeeze(found[0], -2)


def taking_rows(name: str, back: str, k: int, forward: Any, kind: str, attrs: tuple[Attr, ...] = ()) -> tuple[Op, Op]:
    """Return the hidden rows of a pooling that takes the largest, and of its backward."""
    def vjp(g: Any, x: Any, result1: Any) -> Any:
        return getattr(ops, back)(g, x, result1)

    def second(g: Any, indices: Any) -> Any:
        shape = ops.shape_of(indices)
        planes = [ops.reshape(t, (*shape[:-k], math.prod(ops.shape_of(t)[-k:]))) for t in (g, indices)]
        return ops.reshape(ops.gather_along(*planes, -1), shape)

    return (Op(back, (Input("grad_output", second), Input("x", lambda g: ops.zeros_like(g)), Input("indices")),
               lambda g, x, indices: put_back(g, x, indices, k), node_name=f"{kind}BackwardBackward0", hidden=True),
            Op(name, (Input("x", vjp),), forward, node_name=f"{kind}Backward0", attrs=attrs, outputs=("out", "result1"), hidden=True))


def parts_rows(k: int) -> tuple[Op, Op]:
    def forward(x: Array, output_size: Sizes) -> tuple[Array, Array]:
        return largest(x, [parted_places(n, q) for n, q in zip(x.shape[-k:], output_size, strict=True)])

    name = f"adaptive_max_pool{k}d"
    return taking_rows(f"{name}_parts", f"{name}_backward", k, forward, f"AdaptiveMaxPool{k}D", (Attr("output_size", "sizes"),))


BOX, FACE, LINE = samples.array(1, 2, 3, 4, 3), samples.array(1, 2, 4, 5), samples.array(2, 2, 5)
PARTS = Attr("output_size", "sizes", 1, "How many parts a dim; None for as many as there are.", required=True)
register(
    *taking_rows("max_pool3d_with_indices", "max_pool3d_backward", 3, max_pool, "MaxPool3DWithIndices", MAX_ATTRS),
    *parts_rows(2), *parts_rows(3),
    Op("avg_pool3d_backward", (
        Input("grad_output", lambda g, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override:
              ops.avg_pool3d(g, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)),
        Input("x", lambda g: ops.zeros_like(g))), avg_pool_backward, node_name="AvgPool3DBackwardBackward0", attrs=(*AVG_ATTRS, DIVISOR),
       hidden=True),
    row("max_pool3d", max_pool3d, "[is the largest]", LARGEST, (*MAX_ATTRS, INDICES),
        (Sample((BOX,), {"kernel_size": 2}), Sample((BOX[0],), {"kernel_size": (2, 3, 2), "stride": 1, "padding": 1}),
         Sample((BOX,), {"kernel_size": 2, "stride": (1, 2, 1), "dilation": (2, 1, 1), "ceil_mode": True, "return_indices": True})),
        (Sample((FACE[0],), {"kernel_size": 2}, "non-empty 4D or 5D (batch mode) tensor expected for input"),
         Sample((BOX,), {"kernel_size": 9}, "Given input size: (2x3x4x3). Calculated output size: (2x0x0x0). Output size is too small"),
         Sample((BOX,), {"kernel_size": 2, "padding": 2}, "pad should be at most half of effective kernel size"))),
    row("avg_pool3d", avg_pool, "1 / size of a window", MEAN, (*AVG_ATTRS, DIVISOR),
        (Sample((BOX,), {"kernel_size": 2}), Sample((BOX[0],), {"kernel_size": (2, 3, 2), "stride": 2, "padding": 1, "ceil_mode": True}),
         Sample((BOX,), {"kernel_size": 3, "stride": 1, "padding": 1, "count_include_pad": False}),
         Sample((BOX,), {"kernel_size": 2, "divisor_override": 3})),
        (Sample((BOX,), {"kernel_size": 2, "divisor_override": 0}, "divisor must be not zero"),
         Sample((BOX,), {"kernel_size": 9}, "input image (T: 3 H: 4 W: 3) smaller than kernel size (kT: 9 kH: 9 kW: 9)")),
        node_name="AvgPool3DBackward0", vjp=lambda g, x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override:
        ops.avg_pool3d_backward(g, x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)),
    row("adaptive_max_pool1d", adaptive_max_pool1d, "[is the largest]", "The largest of each of as many parts as wanted.",
        (Attr("output_size", "sizes", 1, "How many parts.", required=True), INDICES),
        (Sample((LINE,), {"output_size": 3}), Sample((LINE[0],), {"output_size": 2, "return_indices": True})),
        (Sample((LINE[0, 0],), {"output_size": 2}, "Expected 2 to 3 dimensions, but got 1-dimensional tensor"),)),
    row("adaptive_max_pool2d", adaptive_max(2), "[is the largest]", "The largest of each of as many parts as wanted.", (PARTS, INDICES),
        (Sample((FACE,), {"output_size": (3, 2)}), Sample((FACE[0],), {"output_size": 1, "return_indices": True}),
         Sample((FACE,), {"output_size": 7}), Sample((FACE,), {"output_size": (None, 2)})),
        (Sample((FACE[0, 0],), {"output_size": 2}, "adaptive_max_pool2d(): Expected 3D or 4D tensor, but got: [4, 5]"),)),
    row("adaptive_max_pool3d", adaptive_max(3), "[is the largest]", "The largest of each of as many parts as wanted.", (PARTS, INDICES),
        (Sample((BOX,), {"output_size": 2}),),
        (Sample((FACE[0],), {"output_size": 2}, "adaptive_max_pool3d(): Expected 4D or 5D tensor, but got: [2, 4, 5]"),)),
)
