"""Pooling: the largest or the mean of each window. Category reduction.

Ties go to the first of a window, nan to the last, as in PyTorch. Pooling over one dim is pooling over two of which one has size 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.op import Attr, Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.sliding import CATEGORY, Sizes, at, beyond, each, gathered, padded, windows

Array = np.ndarray[Any, Any]
ONES = (1, 1)
FEW = 16  # places of a kernel


def pooled_size(n: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool) -> int:
    """Return how many windows there are; in ceil_mode also one that begins inside, or in the padding before, and ends outside."""
    room = n + 2 * padding - dilation * (kernel - 1) - 1
    count = (room + (stride - 1 if ceil_mode else 0)) // stride + 1
    return count - 1 if ceil_mode and (count - 1) * stride >= n + padding else count


def pairs(name: str, kernel_size: Any, stride: Any, padding: Any, dilation: Any) -> tuple[tuple[int, ...], ...]:
    """Return the settings over two dims. Raise RuntimeError for more numbers than that."""
    for what, given, words in (("kernel_size", kernel_size, "must either be a single int"),
                               ("stride", stride, "must either be omitted, a single int"),
                               ("padding", padding, "must either be a single int"), ("dilation", dilation, "must be either a single int")):
        if isinstance(given, list | tuple) and len(given) > 2:
            raise RuntimeError(f"{name}: {what} {words}, or a tuple of two ints")
    kernel = each(kernel_size, 2)
    return kernel, each(stride, 2) if stride or isinstance(stride, int) else kernel, each(padding, 2), each(dilation, 2)


def sizes_of(name: str, x: Array, how: tuple[tuple[int, ...], ...], ceil_mode: bool) -> tuple[int, ...]:
    """Return the sizes of the result over two dims; raise PyTorch's error for what cannot be pooled."""
    kernel, stride, padding, dilation = how
    if name == "max_pool2d" and x.ndim not in (3, 4):
        raise RuntimeError("non-empty 3D or 4D (batch mode) tensor expected for input")
    if x.ndim < 3:
        raise errors.dim_range(-3, x.ndim)
    if 0 in kernel or 0 in stride:
        raise RuntimeError("stride should not be zero")
    if min(padding) < 0:
        raise RuntimeError(f"pad must be non-negative, but got pad: {min(padding)}")
    for n, k, d in zip(padding, kernel, dilation, strict=True):
        if n > (d * (k - 1) + 1) // 2:
            raise RuntimeError(f"pad should be at most half of effective kernel size, but got pad={n}, kernel_size={k} and dilation={d}")
    for words, given in (("stride", stride), ("dilation", dilation)):
        if min(given) <= 0:
            raise RuntimeError(f"{words} should be greater than zero, but got d{'ilation' * (words == 'dilation')}H: {given[0]} "
                               f"d{'ilation' * (words == 'dilation')}W: {given[1]}")
    if x.ndim > 4 or 0 in x.shape[-3:]:
        raise RuntimeError("Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but got:"
                           f"{errors.size(x.shape)}")
    out = tuple([pooled_size(x.shape[i - 2], kernel[i], stride[i], padding[i], dilation[i], ceil_mode) for i in range(2)])
    if min(out) < 1:
        sizes = ["x".join(map(str, (x.shape[-3], *of))) for of in (x.shape[-2:], out)]
        raise RuntimeError(f"Given input size: ({sizes[0]}). Calculated output size: ({sizes[1]}). Output size is too small")
    if x.dtype.kind == "b":
        raise errors.lacking(name, x.dtype)
    return out


def four(x: Array) -> Array:
    """Return an input of three or four dims with four."""
    return x if x.ndim == 4 else x[None]


# The largest.
def lowest(dtype: np.dtype[Any]) -> Any:
    return -math.inf if dtype.kind == "f" else np.iinfo(dtype).min


def largest(seen: Array, kernel: Sizes) -> tuple[Array, Array]:
    """Return the largest of each window, and which place of it holds the first such number; of nan the last."""
    places = [seen[at(place)] for place in product(*map(range, kernel))]
    if len(places) <= FEW:
        places = [np.ascontiguousarray(here) for here in places]  # each is read twice, and what lies together much faster
    best = places[0].copy()
    for here in places[1:]:
        np.maximum(best, here, out=best)
    which = np.zeros(best.shape, np.min_scalar_type(len(places)))
    if best.dtype.kind == "f" and best.size and np.isnan(np.maximum.reduce(best, None)):
        return best, last_nan(places, which)
    before = np.ones(best.shape, bool)  # of windows whose number was not met yet
    for here in places[:-1]:
        before &= here != best
        which += before
    return best, which


def last_nan(places: Sequence[Array], which: Array) -> Array:
    """Return which place of each window holds its last nan, or else the first of its largest numbers."""
    best = np.full(which.shape, -math.inf, places[0].dtype)
    for i, here in enumerate(places):
        np.copyto(which, i, where=(here > best) | np.isnan(here))
        np.maximum(best, here, out=best)
    return which


def max_pool(x: Array, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool) -> tuple[Array, Array]:
    """Return the largest of each window and where in its plane it stands."""
    how = pairs("max_pool2d", kernel_size, stride, padding, dilation)
    out = sizes_of("max_pool2d", x, how, ceil_mode)
    kernel, stride, padding, dilation = how
    sizes = x.shape[-2:]
    least = lowest(x.dtype)
    seen = windows(padded(four(x), padding, beyond(sizes, kernel, out, stride, padding, dilation), least), kernel, out, stride, dilation)
    begins = [np.arange(n) * s - p for n, s, p in zip(out, stride, padding, strict=True)]
    best, which = largest(seen, kernel)
    if any(padding):  # of windows without a number the first place that lies in the input
        firsts = [-(np.minimum(b, 0) // d) for b, d in zip(begins, dilation, strict=True)]
        which = np.maximum(which, firsts[0][:, None] * kernel[1] + firsts[1])
    offsets = (np.arange(kernel[0]) * dilation[0] * sizes[1])[:, None] + np.arange(kernel[1]) * dilation[1]
    index = offsets.ravel().take(which)
    index += begins[0][:, None] * sizes[1] + begins[1]
    shape = (*x.shape[:-2], *out)
    return best.reshape(shape), index.reshape(shape)


def max_pool_backward(g: Array, x: Array, indices: Array, kernel_size: Any, stride: Any, padding: Any, dilation: Any,
                      ceil_mode: bool) -> Array:
    plane = x.shape[-2] * x.shape[-1]
    planes = math.prod(x.shape[:-2])
    flat = (indices.reshape(planes, math.prod(indices.shape[-2:])) + np.arange(planes)[:, None] * plane).ravel()
    kernel, steps, _, gaps = pairs("max_pool2d", kernel_size, stride, padding, dilation)
    if all(s > d * (k - 1) for k, s, d in zip(kernel, steps, gaps, strict=True)):  # no element is in two windows
        out = np.zeros(x.size, g.dtype)
        out[flat] = g.ravel()
    else:
        out = np.bincount(flat, g.ravel(), x.size).astype(g.dtype)
    return out.reshape(x.shape)


@helper
def taken_flat(g: Any, indices: Any) -> Any:
    """Return the elements of planes g that indices name."""
    shape = ops.shape_of(indices)
    lead = shape[:-2]
    planes = [ops.reshape(t, (*lead, math.prod(ops.shape_of(t)[-2:]))) for t in (g, indices)]
    return ops.reshape(ops.gather_along(*planes, -1), shape)


def single(name: str, what: str, given: Any) -> int:
    """Return a setting over one dim. Raise RuntimeError for several numbers."""
    if isinstance(given, list | tuple):
        if len(given) != 1:
            may = f"must be {'None, an int, list of ints,' if what == 'stride' else 'an int, list of ints'} or tuple of ints"
            raise RuntimeError(f"{name}() {what} {may} of size 1 but got size {len(given)}" if name == "max_pool1d" else
                               f"{name}() argument '{what}' should contain one int (got {len(given)})")
        return int(given[0])
    return int(given)


def check_line(x: Any, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool) -> None:
    """Raise PyTorch's error for what max_pool1d does not take."""
    if len(x.sizes) not in (2, 3) or 0 in x.sizes[-2:]:
        raise RuntimeError("max_pool1d: Expected 2D or 3D (batch mode) tensor with optional 0 dim batch size for input, but got:"
                           f"{errors.size(x.sizes)}")
    for what, n in (("kernel_size", kernel), ("stride", stride)):
        if n <= 0:
            raise RuntimeError(f"max_pool1d() {what} must be greater than zero, but got {n}")
    if padding < 0:
        raise RuntimeError(f"max_pool1d() padding must be non-negative, but got {padding}")
    if padding > kernel // 2:
        raise RuntimeError(f"max_pool1d() padding should be at most half of kernel size, but got padding={padding} and "
                           f"kernel_size={kernel}")
    if dilation <= 0:
        raise RuntimeError(f"max_pool1d() dilation must be greater than zero, but got {dilation}")
    size = pooled_size(x.sizes[-1], kernel, stride, padding, dilation, ceil_mode)
    if size <= 0:
        raise RuntimeError(f"max_pool1d() Invalid computed output size: {size}")
    if x.scalar_type.kind != "f":
        raise errors.lacking("max_pool1d_impl", x.scalar_type)


def max_pool1d(x: Any, kernel_size: Any = None, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False,
               return_indices: bool = False) -> Any:
    kernel = single("max_pool1d", "kernel_size", kernel_size)
    step = kernel if stride is None or stride == () else single("max_pool1d", "stride", stride)
    before, gap = single("max_pool1d", "padding", padding), single("max_pool1d", "dilation", dilation)
    check_line(x, kernel, step, before, gap, ceil_mode)
    out = ops.max_pool2d_with_indices(ops.unsqueeze(x, -2), (1, kernel), (1, step), (0, before), (1, gap), ceil_mode)
    return tuple([ops.squeeze(t, -2) for t in out]) if return_indices else ops.squeeze(out[0], -2)


def max_pool2d(x: Any, kernel_size: Any = None, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False,
               return_indices: bool = False) -> Any:
    out = ops.max_pool2d_with_indices(x, kernel_size, stride, padding, dilation, ceil_mode)
    return out if return_indices else out[0]


# The mean.
def divisors(sizes: Sizes, out: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, counted: bool) -> Array:
    """Return how many elements each window has; the padding counts if told so, what lies beyond it never."""
    each_dim = []
    for n, q, k, s, p in zip(sizes, out, kernel, stride, padding, strict=True):
        begin = np.arange(q) * s - p
        end = np.minimum(begin + k, n + p)
        each_dim.append(end - begin if counted else np.minimum(end, n) - np.maximum(begin, 0))
    found: Array = each_dim[0][:, None] * each_dim[1]
    return found


def means(x_shape: Sizes, dtype: np.dtype[Any], out: Sizes, how: Any, counted: bool, divisor: int | None) -> Array:
    """Return what the sum over each window is divided by."""
    kernel, stride, padding, _ = how
    found = divisors(x_shape[-2:], out, kernel, stride, padding, counted) if divisor is None else np.array(divisor)
    return found.astype(dtype)


def avg_pool(x: Array, kernel_size: Any, stride: Any, padding: Any, ceil_mode: bool, count_include_pad: bool,
             divisor_override: int | None) -> Array:
    how = pairs("avg_pool2d", kernel_size, stride, padding, 1)
    if divisor_override == 0:
        raise RuntimeError("divisor must be not zero")
    out = sizes_of("avg_pool2d", x, how, ceil_mode)
    kernel, stride, padding, dilation = how
    seen = windows(padded(four(x), padding, beyond(x.shape[-2:], kernel, out, stride, padding, ONES)), kernel, out, stride, dilation)
    total = np.zeros((*x.shape[:-2], *out), x.dtype)
    view = four(total)
    for place in product(*map(range, kernel)):
        view += seen[at(place)]
    by = means(x.shape, x.dtype, out, how, count_include_pad, divisor_override)
    return total / by if x.dtype.kind == "f" else total // by


def avg_pool_backward(g: Array, x: Array, kernel_size: Any, stride: Any, padding: Any, ceil_mode: bool, count_include_pad: bool,
                      divisor_override: int | None) -> Array:
    how = pairs("avg_pool2d", kernel_size, stride, padding, 1)
    kernel, stride, padding, dilation = how
    out = g.shape[-2:]
    share = four(g / means(x.shape, g.dtype, out, how, count_include_pad, divisor_override))
    columns = np.broadcast_to(share[:, :, None, None], (*share.shape[:2], *kernel, *out))
    return gathered(columns, x.shape[-2:], stride, padding, dilation).reshape(x.shape)


def avg_pool1d(x: Any, kernel_size: Any = None, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
               count_include_pad: bool = True) -> Any:
    kernel = single("avg_pool1d", "kernel_size", kernel_size)
    step = kernel if stride is None or stride == () else single("avg_pool1d", "stride", stride)
    before = single("avg_pool1d", "padding", padding)
    if len(x.sizes) not in (2, 3):
        raise RuntimeError(f"Expected 2 to 3 dimensions, but got {len(x.sizes)}-dimensional tensor for argument #1 'self' (while checking "
                           "arguments for avg_pool1d)")
    out = ops.avg_pool2d(ops.unsqueeze(x, -2), (1, kernel), (1, step), (0, before), ceil_mode, count_include_pad, None)
    return ops.squeeze(out, -2)


KERNEL = Attr("kernel_size", "sizes", None, "Size of the windows.", required=True)
STRIDE = Attr("stride", "sizes", None, "Steps of the windows; left out, that is the size of one.")
PADDING = Attr("padding", "sizes", 0, "How far windows may begin before the input and end behind it.")
DILATION = Attr("dilation", "sizes", 1, "Steps between the elements of a window.")
CEIL = Attr("ceil_mode", "bool", False, "Take a last window too that is not all inside.")
INDICES = Attr("return_indices", "bool", False, "Give the places of the largest too.")
COUNTED = Attr("count_include_pad", "bool", True, "Count the zeros of the padding.")
DIVISOR = Attr("divisor_override", "number", None, "Divide by this number.")
MAX_ATTRS, AVG_ATTRS = (KERNEL, STRIDE, PADDING, DILATION, CEIL), (KERNEL, STRIDE, PADDING, CEIL, COUNTED)
register(
    Op("max_pool2d_backward", (Input("grad_output", lambda g, indices: ops.taken_flat(g, indices)), Input("x", lambda g: ops.zeros_like(g)),
                               Input("indices")), max_pool_backward, node_name="MaxPool2DWithIndicesBackwardBackward0", attrs=MAX_ATTRS,
       hidden=True),
    Op("max_pool2d_with_indices", (
        Input("x", lambda g, x, result1, kernel_size, stride, padding, dilation, ceil_mode:
              ops.max_pool2d_backward(g, x, result1, kernel_size, stride, padding, dilation, ceil_mode)),), max_pool,
       node_name="MaxPool2DWithIndicesBackward0", attrs=MAX_ATTRS, outputs=("out", "result1"), hidden=True),
    Op("avg_pool2d_backward", (
        Input("grad_output", lambda g, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override:
              ops.avg_pool2d(g, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)),
        Input("x", lambda g: ops.zeros_like(g))), avg_pool_backward, node_name="AvgPool2DBackwardBackward0", attrs=(*AVG_ATTRS, DIVISOR),
       hidden=True),
)
LINE, FACE = samples.array(2, 2, 5), samples.array(1, 2, 4, 5)


def spelled(name: str, given: str) -> tuple[str, ...]:
    """Return the spellings of a pooling; over one dim `torch` has it too, and torch.max_pool2d there is."""
    call = f"{name}({{x}}, {{{given}}})"
    return (f"F.{call}", f"torch.{call}") if name in ("max_pool1d", "max_pool2d", "avg_pool1d", "adaptive_avg_pool1d") else (f"F.{call}",)


def row(name: str, run: Any, formula: str, doc: str, attrs: tuple[Attr, ...], good: tuple[Sample, ...], bad: tuple[Sample, ...],
        **more: Any) -> Op:
    """Return the row of a pooling."""
    kind = "max" if "max" in name else "mean"
    return Op(name, (Input("x", more.pop("vjp", None), formula),), attrs=attrs, category=CATEGORY,
              symbol=f"{kind} pool{name[-2]}", torch=spelled(name, attrs[0].name), latex=rf"\mathrm{{{kind}pool}}({{x}})", doc=doc,
              samples=good, bad_samples=bad, **({"composite": run} if not more else {"forward": run, **more}))


LARGEST = "The largest of each window; of equal ones the first has the gradient."
MEAN = "The mean of each window."
register(
    row("max_pool1d", max_pool1d, "[is the largest]", LARGEST, (*MAX_ATTRS, INDICES),
        (Sample((LINE,), {"kernel_size": 2}), Sample((LINE[0],), {"kernel_size": 3, "stride": 2, "padding": 1, "return_indices": True}),
         Sample((LINE,), {"kernel_size": 2, "stride": 1, "dilation": 2, "ceil_mode": True})),
        (Sample((LINE[0, 0],), {"kernel_size": 2}, "max_pool1d: Expected 2D or 3D (batch mode) tensor"),
         Sample((LINE,), {"kernel_size": 6}, "max_pool1d() Invalid computed output size: 0"),
         Sample((LINE,), {"kernel_size": 2, "padding": 2}, "max_pool1d() padding should be at most half of kernel size"))),
    row("max_pool2d", max_pool2d, "[is the largest]", LARGEST, (*MAX_ATTRS, INDICES),
        (Sample((FACE,), {"kernel_size": 2}), Sample((FACE,), {"kernel_size": 2, "return_indices": True}),
         Sample((FACE[0],), {"kernel_size": (2, 3), "stride": 1, "padding": 1}),
         Sample((FACE,), {"kernel_size": 2, "stride": (2, 1), "dilation": (1, 2), "ceil_mode": True})),
        (Sample((LINE[0],), {"kernel_size": 2}, "non-empty 3D or 4D (batch mode) tensor expected for input"),
         Sample((FACE,), {"kernel_size": 6}, "Given input size: (2x4x5). Calculated output size: (2x0x0). Output size is too small"),
         Sample((FACE,), {"kernel_size": 2, "padding": 2}, "pad should be at most half of effective kernel size"))),
    row("avg_pool1d", avg_pool1d, "1 / size of a window", MEAN, AVG_ATTRS,
        (Sample((LINE,), {"kernel_size": 2}),
         Sample((LINE[0],), {"kernel_size": 3, "stride": 2, "padding": 1, "count_include_pad": False})),
        (Sample((LINE[0, 0],), {"kernel_size": 2}, "Expected 2 to 3 dimensions, but got 1-dimensional tensor"),)),
    row("avg_pool2d", avg_pool, "1 / size of a window", MEAN, (*AVG_ATTRS, DIVISOR),
        (Sample((FACE,), {"kernel_size": 2}), Sample((FACE[0],), {"kernel_size": (3, 2), "stride": 2, "padding": 1, "ceil_mode": True}),
         Sample((FACE,), {"kernel_size": 3, "stride": 1, "padding": 1, "count_include_pad": False}),
         Sample((FACE,), {"kernel_size": 2, "divisor_override": 3})),
        (Sample((FACE,), {"kernel_size": 2, "divisor_override": 0}, "divisor must be not zero"),
         Sample((FACE,), {"kernel_size": 6}, "Given input size: (2x4x5). Calculated output size: (2x0x0). Output size is too small")),
        node_name="AvgPool2DBackward0", vjp=lambda g, x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override:
        ops.avg_pool2d_backward(g, x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)),
)
