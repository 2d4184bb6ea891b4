"""Other sizes of the last dims: interpolate in its modes, and the averages of adaptive pooling. Category shape.

Along one dim a resampling is a sparse matrix: which places of the input each place of the result shows, with which weight. Its transpose
gives the gradient, so both directions are one function, and an op is the matrices of its dims one after the other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.op import Attr, Input, Op, Sample, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.shape import CATEGORY

Array = np.ndarray[Any, Any]
Index = np.ndarray[Any, np.dtype[np.int64]]
Sizes = Sequence[int]


class Weights(NamedTuple):
    """One dim's matrix: result place `to` shows input place `of` times `weight` (None: 1); `to` ascends."""

    to: Index
    of: Index
    weight: Array | None = None

    def turned(self) -> Weights:
        """Return the transpose."""
        order = np.argsort(self.of, kind="stable")
        return Weights(self.of[order], self.to[order], None if self.weight is None else self.weight[order])


def resampled(x: Array, dim: int, by: Weights, size: int) -> Array:
    """Return x with a dim of another size: at each place the sum of what it shows, zero where that is nothing."""
    shown = x.take(by.of, dim)
    if by.weight is not None:
        shown *= by.weight.astype(x.dtype).reshape(-1, *[1] * (x.ndim - 1 - dim))
    reached, first = np.unique(by.to, return_index=True)
    if len(first) < len(by.to):
        shown = np.add.reduceat(shown, first, dim)
    if len(reached) == size:
        return shown
    out = np.zeros((*x.shape[:dim], size, *x.shape[dim + 1:]), x.dtype)
    at: Any = (*[slice(None)] * dim, reached)
    out[at] = shown
    return out


# Which places, by mode. scale: how many places of the input one of the result takes, as PyTorch computes it.
def shares(n: int, size: int) -> Weights:
    """Return the parts of n places that an adaptive pooling to a size adds up: from floor(i·n/size) to ceil((i + 1)·n/size)."""
    i = np.arange(size)
    start, end = i * n // size, -(-(i + 1) * n // size)
    lengths = end - start
    to = np.repeat(i, lengths)
    return Weights(to, np.arange(len(to)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + np.repeat(start, lengths))


def counts(n: int, size: int) -> Array:
    """Return how many places each of those parts has."""
    return np.bincount(shares(n, size).to, minlength=size)


def nearest(n: int, size: int, scale: float, half: float) -> Weights:
    """Return the one place that each shows. half: 0.5 to look at the middle of it (nearest-exact)."""
    i = np.arange(size)
    at = ((i + half) * scale).astype(np.float32)  # torch takes the floor of a float32
    return Weights(i, np.minimum(np.floor(at).astype(np.int64), n - 1))


def sources(size: int, scale: float, align_corners: bool) -> Array:
    """Return where in the input each place of the result lies."""
    i = np.arange(size)
    return i * scale if align_corners else (i + 0.5) * scale - 0.5


def linear(n: int, size: int, scale: float, align_corners: bool) -> Weights:
    """Return the two neighbours of each place, by how near they are."""
    at = np.maximum(sources(size, scale, align_corners), 0)
    low = np.minimum(at.astype(np.int64), n - 1)
    part = np.clip(at - low, 0, 1)
    both = np.stack([low, np.minimum(low + 1, n - 1)], 1)
    return Weights(np.repeat(np.arange(size), 2), both.ravel(), np.stack([1 - part, part], 1).ravel())


SHARPNESS = -0.75  # a of the cubic kernel (Keys, Cubic convolution interpolation, 1981); PyTorch's


def cubic(n: int, size: int, scale: float, align_corners: bool) -> Weights:
    """Return the four neighbours of each place, by Keys' kernel; the ends repeat."""
    at = sources(size, scale, align_corners)
    low = np.floor(at).astype(np.int64)
    part = at - low
    a = SHARPNESS
    near = [((a + 2) * d - (a + 3)) * d * d + 1 for d in (part, 1 - part)]
    far = [((a * d - 5 * a) * d + 8 * a) * d - 4 * a for d in (part + 1, 2 - part)]
    four = np.clip(low[:, None] + np.arange(-1, 3), 0, n - 1)
    return Weights(np.repeat(np.arange(size), 4), four.ravel(), np.stack([far[0], near[0], near[1], far[1]], 1).ravel())


def scale_of(n: int, size: int, factor: float | None, align_corners: bool) -> float:
    """Return the step in the input from one place of the result to the next."""
    if align_corners:
        return (n - 1) / (size - 1) if size > 1 else 0.0
    return 1 / factor if factor else n / size


def matrix(kind: str, n: int, size: int, factor: float | None, align_corners: bool) -> Weights:
    """Return the matrix of one dim in a mode."""
    if kind.startswith("nearest"):
        return nearest(n, size, scale_of(n, size, factor, False), 0.0 if kind == "nearest" else 0.5)
    return (cubic if kind == "bicubic" else linear)(n, size, scale_of(n, size, factor, align_corners), align_corners)


def all_dims(x: Array, sizes: Sizes, matrices: Sequence[Weights]) -> Array:
    """Return x with its last dims resampled, the last of them first."""
    lead = x.ndim - len(sizes)
    for i in reversed(range(len(sizes))):
        x = resampled(x, lead + i, matrices[i], sizes[i])
    return x


SIZE = Attr("output_size", "sizes")
SCALES = Attr("scales", "sizes")
CORNERS = Attr("align_corners", "bool", False)


def upsampling(name: str, node: str, kind: str) -> tuple[Op, Op]:
    """Return the hidden rows of one mode over one number of dims, and of its backward; each is the other's derivative."""
    back = f"{name}_backward"

    def forward(x: Array, output_size: Sizes, scales: Sequence[float | None], align_corners: bool) -> Array:
        n = x.shape[2:]
        how = [matrix(kind, *dim, align_corners) for dim in zip(n, output_size, scales, strict=True)]
        return all_dims(x, output_size, how)

    def backward(g: Array, input_size: Sizes, scales: Sequence[float | None], align_corners: bool) -> Array:
        sizes = input_size[2:]
        how = [matrix(kind, *dim, align_corners).turned() for dim in zip(sizes, g.shape[2:], scales, strict=True)]
        return all_dims(g, sizes, how)

    def vjp(g: Any, x_shape: Any, scales: Any, align_corners: bool) -> Any:
        return getattr(ops, back)(g, x_shape, scales, align_corners)

    def second(g: Any, grad_output_shape: Any, scales: Any, align_corners: bool) -> Any:
        return getattr(ops, name)(g, grad_output_shape[2:], scales, align_corners)

    return (Op(back, (Input("grad_output", second),), backward, node_name=f"{node}BackwardBackward0",
               attrs=(Attr("input_size", "sizes"), SCALES, CORNERS), hidden=True),
            Op(name, (Input("x", vjp),), forward, node_name=f"{node}Backward0", attrs=(SIZE, SCALES, CORNERS), hidden=True))


# mode: over how many dims, and PyTorch's name of its nodes
KINDS = {"nearest": ((1, 2, 3), "Nearest"), "nearest-exact": ((1, 2, 3), "NearestExact"), "linear": ((1,), "Linear"),
         "bilinear": ((2,), "Bilinear"), "trilinear": ((3,), "Trilinear"), "bicubic": ((2,), "Bicubic")}
MODES = (*KINDS, "area")


def row_name(mode: str, k: int) -> str:
    return f"upsample_{mode.replace('-', '_')}{k}d"


register(*[row for mode, (dims, node) in KINDS.items() for k in dims
           for row in upsampling(row_name(mode, k), f"Upsample{node}{k}D", mode)])


def sizes_of(x: Any, size: Any, scale_factor: Any, recompute: bool | None) -> tuple[list[int], list[float | None]]:
    """Return the sizes of the result and the factors that count. Raise ValueError unless one of both is given, for each dim."""
    k = len(x.sizes) - 2
    if (size is None) == (scale_factor is None):
        raise ValueError(f"{'either' if size is None else 'only one of'} size or scale_factor should be defined")
    name, given = ("size", size) if scale_factor is None else ("scale_factor", scale_factor)
    if isinstance(given, list | tuple):
        if len(given) != k:
            other, names = ("output", "o") if name == "size" else ("scale_factor", "s")
            has = f"{other} {'size of' if name == 'size' else 'of shape'} {given}"
            raise ValueError(f"Input and {other} must have the same number of spatial dimensions, but got input with spatial dimensions of "
                             f"{list(x.sizes[2:])} and {has}. Please provide input tensor in (N, C, d1, d2, ...,dK) format and "
                             f"{'output size' if name == 'size' else name} in ({names}1, {names}2, ...,{names}K) format.")
    else:
        given = [given] * k
    if name == "size":
        return list(given), [None] * k
    sizes = [math.floor(n * float(s)) for n, s in zip(x.sizes[2:], given, strict=True)]
    return sizes, [None] * k if recompute else [float(s) for s in given]


TITLES = {"linear": "linear", "bilinear": "linear", "trilinear": "linear", "bicubic": "cubic"}  # modes with corners; their kernels


def check(x: Any, sizes: Sizes, mode: str, align_corners: bool | None, antialias: bool) -> None:
    """Raise PyTorch's error for a rank, a mode, sizes or a dtype that do not go together."""
    rank = len(x.sizes)
    if mode in KINDS and mode in TITLES and rank in (3, 4, 5) and rank - 2 not in KINDS[mode][0] and mode != "bicubic":
        raise NotImplementedError(f"Got {rank}D input, but {mode} mode needs {KINDS[mode][0][0] + 2}D input")
    if mode not in MODES or rank not in (3, 4, 5) or (mode == "bicubic" and rank != 4):
        raise NotImplementedError(f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {rank}D) for the modes: nearest | "
                                  f"linear | bilinear | bicubic | trilinear | lanczos | area | nearest-exact (got {mode})")
    if antialias:
        if mode not in ("bilinear", "bicubic"):
            raise ValueError("Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires a 4-D tensor as input")
        raise NotImplementedError("interpolate with antialias=True")
    if mode == "area":
        return
    if min(*x.sizes[2:], *sizes) < 1:
        names = "DHW"[5 - rank:]
        texts = [", ".join([f"{name}: {n}" for name, n in zip(names, each, strict=True)]) for each in (x.sizes[2:], sizes)]
        raise RuntimeError(f"Input and output sizes should be greater than 0, but got input ({texts[0]}) "
                           f"{'and ' * (rank == 3)}output ({texts[1]})")
    if not x.sizes[1]:
        raise RuntimeError(f"Non-empty {rank}D data tensor expected but got a tensor with sizes {errors.size(x.sizes)}")
    if x.scalar_type.kind != "f" and x.scalar_type.char != "B":
        raise errors.lacking(f"compute_indices_weights_{TITLES.get(mode, 'nearest')}", x.scalar_type)


def interpolate(x: Any, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None,
                recompute_scale_factor: bool | None = None, antialias: bool = False) -> Any:
    """As F.interpolate. Raise NotImplementedError for antialias=True, which PyTorch has."""
    if mode not in TITLES and align_corners is not None:
        raise ValueError("align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear")
    if recompute_scale_factor and size is not None:
        raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
    sizes, factors = sizes_of(x, size, scale_factor, recompute_scale_factor)
    check(x, sizes, mode, align_corners, antialias)
    if mode == "area":
        return getattr(ops, f"adaptive_avg_pool{len(sizes)}d")(x, tuple(sizes))
    return getattr(ops, row_name(mode, len(sizes)))(x, tuple(sizes), tuple(factors), bool(align_corners))


LINE, FACE = samples.array(1, 2, 4), samples.array(1, 2, 3, 4)
register(
    Op("interpolate", (Input("x", formula="weights of the places that show it"),), composite=interpolate,
       attrs=(Attr("size", "sizes", None, "Sizes of the result."),
              Attr("scale_factor", "number", None, "Or how many times as large it is."),
              Attr("mode", "choice", "nearest", "Which elements a place shows, with which weights.", MODES),
              Attr("align_corners", "bool", None, "Lay the middles of the corners on each other."),
              Attr("recompute_scale_factor", "bool", None, "Take the factor from the sizes."),
              Attr("antialias", "bool", False, "Smooth before making smaller; True is not there.")),
       category=CATEGORY, symbol="resize", torch=("F.interpolate({x})",), latex=r"\mathrm{resize}({x})",
       doc="The last dims in other sizes: nearest elements, or means of neighbours by how near they are.",
       samples=(Sample((LINE,), {"scale_factor": 2}), Sample((FACE,), {"size": (2, 6)}), Sample((LINE,), {"size": 7, "mode": "linear"}),
                Sample((FACE,), {"scale_factor": 1.5, "mode": "bilinear"}), Sample((LINE,), {"size": 3, "mode": "nearest-exact"}),
                Sample((FACE,), {"size": (5, 3), "mode": "bilinear", "align_corners": True}),
                Sample((FACE,), {"scale_factor": 0.7, "mode": "bicubic"}), Sample((FACE,), {"size": 2, "mode": "area"}),
                Sample((samples.array(1, 1, 2, 3, 2),), {"size": 3, "mode": "trilinear"}),
                Sample((samples.array(1, 1, 2, 2, 2),), {"scale_factor": 2})),
       bad_samples=(Sample((LINE,), error="either size or scale_factor should be defined"),
                    Sample((LINE,), {"size": 3, "mode": "bilinear"}, "Got 3D input, but bilinear mode needs 4D input"),
                    Sample((LINE,), {"size": 0}, "Input and output sizes should be greater than 0"),
                    Sample((LINE,), {"size": (3, 2)}, "Input and output must have the same number of spatial dimensions"))),
)
