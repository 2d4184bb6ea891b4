"""Padding by a constant, by reflection, by repetition and around a circle; pixel_shuffle. Category shape.

Sizes to pad come in pairs (before, after), the last dim first; negative ones crop. Reflection and repetition name for each place of the
result the place of the input that it shows; backward adds up over the places that show the same one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.op import Attr, Input, Op, Sample, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.shape import CATEGORY
from gradstudio.engine.tensor import Tensor, make

Array = np.ndarray[Any, Any]
Index = np.ndarray[Any, np.dtype[np.int64]]
PAD = Attr("pad", "sizes", (), "How much before and after, in pairs, the last dim first.", required=True)
SUPPORTED = ("\nSupported combinations for non-constant padding:\n  - 2D or 3D input: padding size = 2 (pads last dimension)\n"
             "  - 3D or 4D input: padding size = 4 (pads last 2 dimensions)\n"
             "  - 4D or 5D input: padding size = 6 (pads last 3 dimensions)")


def pairs_of(pad: Sequence[int]) -> list[tuple[int, int]]:
    """Return (before, after) of the padded dims, the first of them first."""
    return [(pad[i], pad[i + 1]) for i in range(len(pad) - 2, -1, -2)]


def constant_pad(x: Array, pad: Sequence[int], value: Any) -> Array:
    given = pairs_of(pad)
    around = [(0, 0)] * (x.ndim - len(given)) + given
    sizes = [n + before + after for n, (before, after) in zip(x.shape, around, strict=True)]
    if any(n < 0 for n in sizes):
        raise RuntimeError("narrow(): length must be non-negative.")
    kept = x[tuple([slice(max(-before, 0), n - max(-after, 0)) for n, (before, after) in zip(x.shape, around, strict=True)])]
    out = np.full(sizes, value, x.dtype)
    out[tuple([slice(max(before, 0), n - max(after, 0)) for n, (before, after) in zip(sizes, around, strict=True)])] = kept
    return out


# Reflection and repetition.
def mirrored(n: int, before: int, after: int) -> Index:
    """Return the places shown when a dim of size n is reflected at its ends."""
    places = np.abs(np.arange(-before, n + after))
    back: Index = n - 1 - np.abs(n - 1 - places)
    return back


def repeated(n: int, before: int, after: int) -> Index:
    """Return the places shown when the ends of a dim of size n are repeated."""
    return np.clip(np.arange(-before, n + after), 0, n - 1)


def check_reflection(shape: Sequence[int], pad: Sequence[int]) -> None:
    """Raise RuntimeError for more padding than there is to reflect."""
    for i, (before, after) in enumerate(pairs_of(pad)[::-1]):
        dim = len(shape) - 1 - i
        if max(before, after) >= shape[dim]:
            raise RuntimeError(f"Argument #{4 + 2 * i}: Padding size should be less than the corresponding input dimension, but got: "
                               f"padding ({before}, {after}) at dimension {dim} of input {errors.size(shape)}")


def shown(shape: Sequence[int], pad: Sequence[int], places: Callable[[int, int, int], Index]) -> list[tuple[int, Index]]:
    """Return for each padded dim the places of the input that the result shows."""
    given = pairs_of(pad)
    first = len(shape) - len(given)
    return [(first + i, places(shape[first + i], *pair)) for i, pair in enumerate(given)]


def pad_rows(name: str, node: str, places: Callable[[int, int, int], Index]) -> tuple[Op, Op]:
    """Return the hidden rows of a padding (reflection_pad1d, ReflectionPad1D) and of its backward."""
    back = f"{name}_backward"

    def forward(x: Array, pad: Sequence[int]) -> Array:
        for dim, index in shown(x.shape, pad, places):
            x = x.take(index, dim)
        return x

    def backward(g: Array, x: Array, pad: Sequence[int]) -> Array:
        for dim, index in shown(x.shape, pad, places):
            out = np.zeros((*g.shape[:dim], x.shape[dim], *g.shape[dim + 1:]), g.dtype)
            at: Any = (*[slice(None)] * dim, index)
            np.add.at(out, at, g)
            g = out
        return g

    def vjp(g: Any, x: Any, pad: Sequence[int]) -> Any:
        return getattr(ops, back)(g, x, pad)

    def second(g: Any, pad: Sequence[int]) -> Any:
        return getattr(ops, name)(g, pad)

    return (Op(back, (Input("grad_output", second), Input("x", lambda g: ops.zeros_like(g))), backward,
               node_name=f"{node}BackwardBackward0", attrs=(PAD,), hidden=True),
            Op(name, (Input("x", vjp),), forward, node_name=f"{node}Backward0", attrs=(PAD,), hidden=True))


def every_rank(name: str, places: Callable[[int, int, int], Index]) -> list[Op]:
    """Return the hidden rows of a padding over one, two and three dims."""
    return [row for k in (1, 2, 3) for row in pad_rows(f"{name}_pad{k}d", f"{name.capitalize()}Pad{k}D", places)]


# Around a circle: written piece by piece into a new tensor, as PyTorch does.
def narrowed(x: Tensor, dim: int, start: int, end: int) -> Any:
    return ops.slice(x, dim, start, end, 1)


def circular_pad(x: Tensor, pad: Sequence[int]) -> Tensor:
    given = pairs_of(pad)[::-1]
    rank, sizes = len(x.sizes), list(x.sizes)
    for i, (before, after) in enumerate(given):
        n = sizes[rank - 1 - i]
        if before > n or after > n:
            raise RuntimeError("Padding value causes wrapping around more than once.")
        if n + before + after < 0:
            raise RuntimeError("Negative padding value is resulting in an empty dimension")
        sizes[rank - 1 - i] = n + before + after
    out = make(np.zeros(sizes, x.scalar_type), None)
    to, of = out, x
    for i, (before, after) in enumerate(given):
        dim = rank - 1 - i
        to = narrowed(to, dim, max(before, 0), sizes[dim] - max(after, 0))
        of = narrowed(of, dim, max(-before, 0), x.sizes[dim] - max(-after, 0))
    ops.copy_(to, of)
    for i, (before, after) in enumerate(given):
        dim = rank - 1 - i
        n = sizes[dim]
        if before > 0:
            ops.copy_(narrowed(out, dim, 0, before), narrowed(out, dim, n - before - max(after, 0), n - max(after, 0)))
        if after > 0:
            ops.copy_(narrowed(out, dim, n - after, n), narrowed(out, dim, max(before, 0), max(before, 0) + after))
    return out


MODES = ("constant", "reflect", "replicate", "circular")


def pad(x: Any, pad: Sequence[int] = (), mode: str = "constant", value: Any = None) -> Any:
    """As F.pad. Raise RuntimeError for an odd number of sizes or too many, NotImplementedError for what a mode does not take."""
    rank, k, pad = len(x.sizes), len(pad) // 2, tuple(pad)
    if len(pad) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if k > rank:
        raise RuntimeError("Padding length should be less than or equal to two times the input dimension but got padding length "
                           f"{len(pad)} and input of dimension {rank}")
    if mode == "constant":
        return ops.constant_pad(x, pad, value or 0)
    if value:
        raise RuntimeError(f"Padding mode \"{mode}\" doesn't take in value argument")
    if mode not in MODES:
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    if k not in (1, 2, 3) or rank not in (k + 1, k + 2):
        raise NotImplementedError(f"Padding size {len(pad)} is not supported for {rank}D input tensor.{SUPPORTED}")
    if mode == "circular":
        return circular_pad(x, pad)
    if mode == "reflect":
        check_reflection(x.sizes, pad)
    return getattr(ops, f"{'reflection' if mode == 'reflect' else 'replication'}_pad{k}d")(x, pad)


# Channels to pixels and back.
def check_pixels(x: Array, name: str, factor: int, setting: str) -> None:
    """Raise RuntimeError for less than three dims or a factor below 1."""
    if x.ndim < 3:
        raise RuntimeError(f"{name} expects input to have at least 3 dimensions, but got input with {x.ndim} dimension(s)")
    if factor <= 0:
        raise RuntimeError(f"{name} expects a positive {setting}, but got {factor}")


def pixel_shuffle(x: Array, factor: int) -> Array:
    check_pixels(x, "pixel_shuffle", factor, "upscale_factor")
    *lead, c, h, w = x.shape
    if c % factor ** 2:
        raise RuntimeError("pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but "
                           f"input.size(-3)={c} is not divisible by {factor ** 2}")
    parts = x.reshape(*lead, c // factor ** 2, factor, factor, h, w)
    n = len(lead)
    order = (*range(n + 1), n + 3, n + 1, n + 4, n + 2)
    return parts.transpose(order).reshape(*lead, c // factor ** 2, h * factor, w * factor)


def pixel_unshuffle(x: Array, factor: int) -> Array:
    check_pixels(x, "pixel_unshuffle", factor, "downscale_factor")
    *lead, c, h, w = x.shape
    for what, dim, n in (("height", -2, h), ("width", -1, w)):
        if n % factor:
            raise RuntimeError(f"pixel_unshuffle expects {what} to be divisible by downscale_factor, but input.size({dim})={n} is not "
                               f"divisible by {factor}")
    parts = x.reshape(*lead, c, h // factor, factor, w // factor, factor)
    n = len(lead)
    return parts.transpose((*range(n + 1), n + 2, n + 4, n + 1, n + 3)).reshape(*lead, c * factor ** 2, h // factor, w // factor)


UPSCALE = Attr("upscale_factor", "int", 1, "How many pixels a side each becomes.", required=True)
DOWNSCALE = Attr("downscale_factor", "int", 1, "How many pixels a side become one.", required=True)
ROWS = samples.array(1, 2, 3)
register(
    Op("constant_pad", (Input("x", lambda g, pad: ops.constant_pad(g, tuple([-n for n in pad]), 0)),), constant_pad,
       node_name="ConstantPadNdBackward0", attrs=(PAD, Attr("value", "number", 0)), hidden=True),
    *every_rank("reflection", mirrored), *every_rank("replication", repeated),
    Op("pad", (Input("x", formula="1 for each place that shows it"),), composite=pad,
       attrs=(PAD, Attr("mode", "choice", "constant", "What is put around: one value, or what the input shows there.", MODES),
              Attr("value", "number", None, "What is put around.")), category=CATEGORY, symbol="pad", torch=("F.pad({x}, {pad})",),
       latex=r"\mathrm{pad}({x})", doc="Put elements around, or crop where sizes are negative.",
       samples=(Sample((samples.array(2, 3),), {"pad": (1, 2)}), Sample((samples.array(2, 3),), {"pad": (-1, 1, 0, 1), "value": 2.5}),
                Sample((ROWS,), {"pad": (2, 1), "mode": "reflect"}), Sample((ROWS,), {"pad": (1, 1, 0, 1), "mode": "replicate"})),
       bad_samples=(Sample((samples.array(3),), {"pad": (1,)}, "Padding length must be divisible by 2"),
                    Sample((samples.array(1, 3),), {"pad": (3, 0), "mode": "reflect"}, "Argument #4: Padding size should be less than"))),
    Op("pixel_shuffle", (Input("x", lambda g, upscale_factor: ops.pixel_unshuffle(g, upscale_factor), "1"),), pixel_shuffle,
       node_name="PixelShuffleBackward0", attrs=(UPSCALE,), category=CATEGORY, symbol="shuffle",
       torch=("F.pixel_shuffle({x}, {upscale_factor})", "torch.pixel_shuffle({x}, {upscale_factor})"), latex=r"\mathrm{shuffle}({x})",
       doc="Channels to pixels: a finer picture of fewer channels.", samples=(Sample((samples.array(1, 4, 1, 2),), {"upscale_factor": 2}),),
       bad_samples=(Sample((samples.array(3, 2, 2),), {"upscale_factor": 2}, "pixel_shuffle expects its input's 'channel' dimension"),)),
    Op("pixel_unshuffle", (Input("x", lambda g, downscale_factor: ops.pixel_shuffle(g, downscale_factor), "1"),), pixel_unshuffle,
       node_name="PixelUnshuffleBackward0", attrs=(DOWNSCALE,), category=CATEGORY, symbol="unshuffle",
       torch=("F.pixel_unshuffle({x}, {downscale_factor})", "torch.pixel_unshuffle({x}, {downscale_factor})"),
       latex=r"\mathrm{unshuffle}({x})", doc="Pixels to channels: a coarser picture of more channels.",
       samples=(Sample((samples.array(1, 1, 2, 4),), {"downscale_factor": 2}),),
       bad_samples=(Sample((samples.array(1, 3, 2),), {"downscale_factor": 2}, "pixel_unshuffle expects height to be divisible"),)),
)
