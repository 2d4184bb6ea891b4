"""Windows as columns and back: unfold (im2col) and fold (col2im), each the gradient of the other. Category shape."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.op import Attr, Input, Op, Sample, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.sliding import CATEGORY, Sizes, each, gathered, padded, window_counts, windows

Array = np.ndarray[Any, Any]


def pairs(**given: Any) -> list[tuple[int, ...]]:
    """Return the settings over two dims. Raise RuntimeError for other numbers of them, and for those that are too small."""
    found = {name: each(n, 2) for name, n in given.items()}
    for name, sizes in found.items():
        if len(sizes) != 2:
            raise RuntimeError(f"It is expected {name} equals to 2, but got size {len(sizes)}")
    for name, word in (("kernel_size", "kernel"), ("stride", "stride"), ("dilation", "dilation")):
        h, w = found[name]
        if min(h, w) <= 0:
            what = "kernel size" if word == "kernel" else word
            raise RuntimeError(f"{what} should be greater than zero, but got {word}_height: {h} {word}_width: {w}")
    h, w = found["padding"]
    if min(h, w) < 0:
        raise RuntimeError(f"padding should be non-negative, but got pad_height: {h} pad_width: {w}")
    return list(found.values())


def texts(**given: tuple[int, ...]) -> str:
    return ", ".join(f"{name}={tuple(sizes)}" for name, sizes in given.items())


def counted(sizes: Sizes, kernel: Sizes, dilation: Sizes, padding: Sizes, stride: Sizes) -> tuple[int, ...]:
    """Return how many windows there are, none where they do not fit."""
    around = [n + 2 * p for n, p in zip(sizes, padding, strict=True)]
    return window_counts(around, kernel, stride, dilation)


def unfold(x: Array, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> Array:
    if x.ndim not in (3, 4) or 0 in x.shape[-3:]:
        if x.ndim < 3:
            raise errors.dim_range(2, x.ndim)
        raise RuntimeError("Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, but "
                           f"got: {errors.size(x.shape)}")
    kernel, gap, before, step = pairs(kernel_size=kernel_size, dilation=dilation, padding=padding, stride=stride)
    sizes = x.shape[-2:]
    out = counted(sizes, kernel, gap, before, step)
    if min(out) < 1:
        shown = texts(kernel_size=kernel, dilation=gap, padding=before)
        raise RuntimeError(f"Given input with spatial size {sizes}, {shown}, calculated shape of the array of sliding blocks as {out}, but "
                           "its components must be at least one.")
    if x.dtype.kind not in "fcb":
        raise errors.lacking("im2col_out_cpu", x.dtype)
    seen = windows(padded(x.reshape(math.prod(x.shape[:-3]), *x.shape[-3:]), before), kernel, out, step, gap)
    columns = np.array(seen, order="C")
    return columns.reshape(*x.shape[:-3], x.shape[-3] * math.prod(kernel), math.prod(out))


def fold(x: Array, output_size: Any, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> Array:
    sizes, kernel, gap, before, step = pairs(output_size=output_size, kernel_size=kernel_size, dilation=dilation, padding=padding,
                                             stride=stride)
    if x.ndim not in (2, 3) or 0 in x.shape[-2:]:
        raise RuntimeError("Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions for input, "
                           f"but got: {errors.size(x.shape)}")
    rows, places = x.shape[-2:]
    if rows % math.prod(kernel):
        raise RuntimeError("Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got "
                           f"input.size(1)={rows} and kernel_size={kernel}.")
    out = counted(sizes, kernel, gap, before, step)
    if math.prod(out) != places or min(out) < 1:
        shown = texts(output_size=sizes, kernel_size=kernel, dilation=gap, padding=before, stride=step)
        raise RuntimeError(f"Given {shown}, expected size of input's dimension 2 to match the calculated number of sliding blocks "
                           f"{out[0]} * {out[1]} = {math.prod(out)}, but got input.size(2)={places}.")
    channels = rows // math.prod(kernel)
    columns = x.reshape(math.prod(x.shape[:-2]), channels, *kernel, *out)
    return gathered(columns, sizes, step, before, gap).reshape(*x.shape[:-2], channels, *sizes)


HOW = (Attr("kernel_size", "sizes", None, "Size of the windows.", required=True),
       Attr("dilation", "sizes", 1, "Steps between the elements of a window."),
       Attr("padding", "sizes", 0, "Zeros around the input."), Attr("stride", "sizes", 1, "Steps of the windows."))
FACE, COLUMNS = samples.array(1, 2, 3, 4), samples.array(1, 4, 6)
register(
    Op("im2col", (Input("x", lambda g, x_shape, kernel_size, dilation, padding, stride:
                        ops.fold(g, x_shape[-2:], kernel_size, dilation, padding, stride), "1 in each window that sees it"),), unfold,
       node_name="Im2ColBackward0", attrs=HOW, category=CATEGORY, symbol="windows", torch=("F.unfold({x}, {kernel_size})",),
       latex=r"\mathrm{unfold}({x})", doc="Each window as a column.",
       samples=(Sample((FACE,), {"kernel_size": 2}), Sample((FACE[0],), {"kernel_size": (2, 3), "padding": 1, "stride": (2, 1)}),
                Sample((FACE,), {"kernel_size": 2, "dilation": 2})),
       bad_samples=(Sample((FACE,), {"kernel_size": 5}, "Given input with spatial size (3, 4), kernel_size=(5, 5), dilation=(1, 1)"),
                    Sample((FACE,), {"kernel_size": 0}, "kernel size should be greater than zero, but got kernel_height: 0"))),
    Op("fold", (Input("x", lambda g, kernel_size, dilation, padding, stride: ops.im2col(g, kernel_size, dilation, padding, stride), "1"),),
       fold, node_name="Col2ImBackward0", attrs=(Attr("output_size", "sizes", None, "Sizes of the result.", required=True), *HOW),
       category=CATEGORY,
       symbol="fold", torch=("F.fold({x}, {output_size}, {kernel_size})",), latex=r"\mathrm{fold}({x})",
       doc="Columns laid down as windows; where they overlap they add up.",
       samples=(Sample((COLUMNS,), {"output_size": (3, 4), "kernel_size": 2}),
                Sample((COLUMNS[0],), {"output_size": (4, 3), "kernel_size": 2})),
       bad_samples=(Sample((COLUMNS,), {"output_size": 3, "kernel_size": 2}, "Given output_size=(3, 3), kernel_size=(2, 2)"),
                    Sample((COLUMNS,), {"output_size": 3, "kernel_size": (3, 1)}, "Expected size of input's dimension 1"))),
)
