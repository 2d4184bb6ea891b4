"""Order along a dim: sort, topk, kthvalue, median, mode, quantile, running extremes. Category reduction.

Nan counts as larger than every number. Of equal elements the one that comes first is taken, the last one by mode, as in PyTorch;
kthvalue takes the one that its swaps leave there (of many elements the first), topk leaves it open.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.dims import broadcast_shape, dim_of, reduced_shape
from gradstudio.engine.numerics.quickselect import selected
from gradstudio.engine.op import Attr, Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.extreme import take_along
from gradstudio.engine.ops.reduction import BAD_DIM, CATEGORY, KEEPDIM, ONE_DIM
from gradstudio.engine.promote import I64
from gradstudio.engine.tensor import Tensor, make

Array = np.ndarray[Any, Any]
SWAPPED = 10_000  # elements up to which kthvalue takes the one of equal elements that PyTorch takes
Pair = tuple[Any, Any]
LAST = Attr("dim", "dim", -1, "Along which dim.")
DIM = Attr("dim", "dim", 0, "Along which dim.", required=True)
DESCENDING = Attr("descending", "bool", False, "The largest first.")
PAIR = ("values", "indices")
INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")
A32, A232 = samples.array(3, 2), samples.array(2, 3, 2)


def order(x: Array, dim: int, descending: bool = False) -> Array:
    """Return the indices that sort along a dim; equal elements keep their order."""
    if not x.ndim:
        return np.zeros((), I64)
    dim = dim_of(dim, x.ndim)
    if not descending:
        return np.argsort(x, dim, kind="stable")
    return np.flip(x.shape[dim] - 1 - np.argsort(np.flip(x, dim), dim, kind="stable"), dim)


def ordered(x: Array, dim: int, descending: bool) -> Pair:
    dim = dim_of(dim, x.ndim)
    index = order(x, dim, descending)
    return take_along(x, index, dim, True), index


def first_of(index: Array, count: int, dim: int) -> Array:
    """Return the first indices along a dim, in memory of their own."""
    return index[(slice(None),) * dim + (slice(count),)].copy() if index.ndim else index


def length(x: Array, dim: int) -> int:
    """Return the number of elements along a dim; that of a 0-dim array is 1."""
    return x.shape[dim] if x.ndim else 1


def topk(x: Array, k: int, dim: int, largest: bool, ordered: bool) -> Pair:
    dim = dim_of(dim, x.ndim)
    if not 0 <= k <= length(x, dim):
        raise RuntimeError("selected index k out of range")
    index = first_of(order(x, dim, largest), k, dim)
    return take_along(x, index, dim, True), index


def chosen(x: Array, places: Any, dim: int, keepdim: bool) -> Pair:
    """Return values and indices of the elements at places in the sorted order, one for each slice along dim."""
    if not x.ndim:
        return x.copy(), np.zeros((), I64)
    index = order(x, dim)
    shape = reduced_shape(x.shape, (dim,), True)
    found = np.take_along_axis(index, np.broadcast_to(places, shape), dim)
    found = found if keepdim else found.squeeze(dim)
    return take_along(x, found, dim, keepdim), found


def kthvalue(x: Array, k: int, dim: int, keepdim: bool) -> Pair:
    dim = dim_of(dim, x.ndim)
    if not 1 <= k <= length(x, dim):
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {dim}")
    values, index = chosen(x, np.asarray(k - 1), dim, True)
    if x.ndim:
        equal = ((x == values) | ((x != x) & (values != values))).sum(dim) > 1
        if equal.any() and x.size <= SWAPPED:
            lines, places = np.moveaxis(x, dim, -1), np.moveaxis(index, dim, -1)[..., 0]
            places[equal] = [selected(line.tolist(), k - 1) for line in lines[equal]]
    return (values, index) if keepdim or not x.ndim else (values.squeeze(dim), index.squeeze(dim))


def refuse_empty(name: str, x: Array, dim: int) -> None:
    """Raise IndexError if there is nothing to choose from along a dim."""
    if not length(x, dim):
        raise IndexError(f"{name}(): Expected reduction dim {dim} to have non-zero size.")


def mode(x: Array, dim: int, keepdim: bool) -> Pair:
    """Return the most frequent values, the smallest of those that are equally frequent, each where it comes last."""
    dim = dim_of(dim, x.ndim)
    refuse_empty("mode", x, dim)
    if not x.ndim:
        return chosen(x, 0, dim, keepdim)
    line = np.moveaxis(take_along(x, order(x, dim), dim, True), dim, -1)
    places = np.arange(line.shape[-1])
    starts = np.ones(line.shape, bool)
    starts[..., 1:] = line[..., 1:] != line[..., :-1]
    run = places - np.maximum.accumulate(np.where(starts, places, 0), -1)
    return chosen(x, np.moveaxis(run.argmax(-1)[..., None], -1, dim), dim, keepdim)


# Medians: the lower one of two.
def middle(passes_nan: bool) -> tuple[Any, Any]:
    """Return the kernels of a median over all and along a dim: nan if there is one, or of the numbers alone."""

    def along(x: Array, dim: int, keepdim: bool) -> Pair:
        if x.dtype.kind == "b":
            raise errors.lacking("median_out", x.dtype)
        dim = dim_of(dim, x.ndim)
        refuse_empty("median", x, dim)
        n, nans = length(x, dim), np.isnan(x).sum(dim, keepdims=True) if x.ndim else 0
        places = np.maximum(n - 1 - nans, 0) // 2 if passes_nan else np.where(nans, n - nans, (n - 1) // 2)
        return chosen(x, places, dim, keepdim)

    def of_all(x: Array) -> Any:
        if x.dtype.kind == "b":
            raise errors.lacking("median_cpu", x.dtype)
        return along(x.reshape(-1), 0, False)[0] if x.size else np.asarray(np.nan, x.dtype)

    return of_all, along


def medians(name: str, passes_nan: bool, latex: str, doc: str) -> tuple[Op, ...]:
    """Return the rows of median or nanmedian: over all, along a dim, and the row that people see."""
    of_all, along = middle(passes_nan)

    def run(x: Any, dim: int | None = None, keepdim: bool = False) -> Any:
        return getattr(ops, f"{name}_all")(x) if dim is None else getattr(ops, f"{name}_dim")(x, dim, keepdim)

    node = name.capitalize()
    return (
        Op(f"{name}_all", (Input("x", lambda g, x, out: ops.evenly_distributed(g, x, out)),), of_all, node_name=f"{node}Backward0",
           hidden=True),
        Op(f"{name}_dim", (Input("x", lambda g, x_shape, indices, dim, keepdim: ops.put_along(g, indices, x_shape, dim, keepdim)),),
           along, node_name=f"{node}Backward1", attrs=(DIM, KEEPDIM), outputs=PAIR, hidden=True),
        Op(name, (Input("x", formula="[is median]"),), composite=run, attrs=(ONE_DIM, KEEPDIM), outputs=PAIR, category=CATEGORY,
           symbol="med" if name == "median" else "nanmed", torch=(f"torch.{name}({{x}})", f"{{x}}.{name}()"), latex=latex, doc=doc,
           samples=(Sample((A32,)), Sample((samples.array(5),), {"dim": 0}), Sample((A232,), {"dim": 1, "keepdim": True})),
           bad_samples=BAD_DIM),
    )


# Running extremes.
def running(reduce: Any) -> Any:
    """Return the kernel of cummax or cummin: values, and where the latest of them is; a nan stays from there on."""

    def run(x: Array, dim: int) -> Pair:
        dim = dim_of(dim, x.ndim)
        if not x.ndim:
            return x.copy(), np.zeros((), I64)
        out = reduce.accumulate(x, dim)
        places = np.arange(x.shape[dim]).reshape((-1,) + (1,) * (x.ndim - dim - 1))
        return out, np.maximum.accumulate(np.where(np.isnan(x) | (x == out), places, 0), dim)

    return run


def running_extreme(name: str, reduce: Any, what: str) -> Op:
    """Return the row of cummax or cummin."""
    return Op(name, (Input("x", lambda g, x, x_shape, indices, dim: ops.gather_backward(g, indices, x_shape, dim),
                           f"[is {what} so far]"),), running(reduce),
              node_name=f"{name.capitalize()}Backward0", attrs=(DIM,), outputs=PAIR, category=CATEGORY,
              symbol=f"{name[3:]}…",
              torch=(f"torch.{name}({{x}}, {{dim}})", f"{{x}}.{name}({{dim}})"),
              latex=rf"\{name[3:]}_{{j \le i}} {{x}}_j", doc=f"The {what} element so far along a dim, with its index.",
              samples=(Sample((A32,), {"dim": 0}), Sample((A232,), {"dim": -1}), Sample((samples.SCALAR,), {"dim": 0})),
              bad_samples=BAD_DIM)


# Sorting.
def sort(x: Any, dim: int = -1, descending: bool = False, stable: bool | None = None) -> Any:
    """Sort along a dim. Asked to be stable, PyTorch records another node; the order is the same."""
    return (ops.sort_along if stable is None else ops.sort_stable)(x, dim, descending)


def sorter(name: str, node: str) -> Op:
    return Op(name, (Input("x", lambda g, x_shape, indices, dim: ops.put_along(g, indices, x_shape, dim, True)),), ordered,
              node_name=node, attrs=(LAST, DESCENDING), outputs=PAIR, hidden=True)


# Quantiles.
@helper
def quantile_levels(x: Any, q: Any) -> Any:
    """Return q as a tensor of x's dtype. Raise RuntimeError for a level outside of [0, 1], or a tensor of another dtype."""
    if not isinstance(q, Tensor):
        if not 0 <= q <= 1:
            raise RuntimeError(f"quantile() q must be in the range [0, 1] but got {q:g}")
        return make(np.asarray(q, x.scalar_type), None)
    if len(q.sizes) > 1:
        raise RuntimeError("quantile() q must be a scalar or 1D tensor")
    if q.scalar_type != x.scalar_type:
        raise RuntimeError("quantile() q tensor must be same dtype as the input tensor")
    if not ((q.array >= 0) & (q.array <= 1)).all():
        raise RuntimeError("quantile() q values must be in the range [0, 1]")
    return q


def sorted_last(x: Any, dim: int | None, keepdim: bool) -> Any:
    """Return the elements that quantiles are taken of, sorted in the last dim; the others are what a reduction leaves."""
    shape, rank = x.sizes, len(x.sizes)
    if dim is None:
        line, left = ops.reshape(x, (-1,)), (1,) * rank if keepdim else ()
    else:
        at = dim_of(dim, rank)
        line, left = x, reduced_shape(shape, (at,), keepdim)
        if at != rank - 1:  # of a number too
            line = ops.transpose(ops.unsqueeze(x, -1), at, -1)
    line = ops.sort_along(line, -1, False)[0]
    return ops.view(line, (*left, line.sizes[-1] if line.sizes else 1))


def between(line: Any, ranks: Any, interpolation: str) -> Any:
    """Return what lies at ranks of the sorted last dim."""
    rounding: Any = {"lower": np.floor, "higher": np.ceil, "nearest": np.rint}
    if interpolation in rounding:
        return ops.gather(line, -1, whole(rounding[interpolation](ranks.array)))
    below, above = whole(ranks.array), whole(np.ceil(ranks.array))
    weight = make(np.full_like(ranks.array, 0.5), None) if interpolation == "midpoint" else ranks - below
    return ops.lerp_tensor(ops.gather(line, -1, below), ops.gather(line, -1, above), weight)


def whole(ranks: Array) -> Tensor:
    """Return ranks without their fractions, as indices."""
    return make(ranks.astype(I64), None)


def quantile(x: Any, q: Any, dim: int | None = None, keepdim: bool = False, interpolation: str = "linear") -> Any:
    if not x.array.size:
        raise RuntimeError("quantile() input tensor must be non-empty")
    if x.scalar_type.char not in "fd":
        raise RuntimeError("quantile() input tensor must be either float or double dtype")
    if interpolation not in INTERPOLATIONS:
        raise RuntimeError(f"quantile() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {interpolation}")
    levels = ops.quantile_levels(x, q)
    line = sorted_last(x, dim, keepdim)
    several = bool(levels.sizes)
    top = line.sizes[-1] - 1
    ranks = ops.mul_number(levels if several else ops.unsqueeze(levels, 0), top)
    mask = make(np.isnan(line.array).any(-1, keepdims=True), None)
    full = broadcast_shape(ranks.sizes, mask.sizes)
    ranks = ops.masked_fill(ranks if ranks.sizes == full else ops.expand(ranks, full), mask, top)
    out = between(line, ranks, interpolation)
    if several:
        out = ops.transpose_in_place(ops.unsqueeze_in_place(out, 0), 0, -1)
    return ops.squeeze_dim_in_place(out, -1)


LEVEL = (Sample((A32, 0.25)), Sample((A32, 0.6), {"dim": 0}), Sample((A232, 0.5), {"dim": -1, "keepdim": True}),
         Sample((A32, 0.3), {"dim": 0, "interpolation": "lower"}), Sample((A32, 0.3), {"dim": 0, "interpolation": "midpoint"}))
register(
    sorter("sort_along", "SortBackward0"),
    sorter("sort_stable", "SortBackward1"),
    Op("sort", (Input("x", formula="1, sorted back"),), composite=sort,
       attrs=(LAST, DESCENDING, Attr("stable", "bool", None, "Whether equal elements keep their order; here they always do.")),
       outputs=PAIR, category=CATEGORY, symbol="sort", torch=("torch.sort({x})", "{x}.sort()"), latex=r"\mathrm{sort}({x})",
       doc="Sort along a dim; the gradient goes back to where each element came from.",
       samples=(Sample((A32,)), Sample((A32,), {"dim": 0, "descending": True}), Sample((A32,), {"dim": 0, "stable": True}),
                Sample((samples.SCALAR,))), bad_samples=BAD_DIM),
    Op("argsort", (Input("x"),), composite=lambda x, *attrs: sort(x, *attrs)[1],
       kernel=lambda x, dim=-1, descending=False, stable=None: order(x, dim, descending),
       attrs=(LAST, DESCENDING, Attr("stable", "bool", None, "Whether equal elements keep their order; here they always do.")),
       category=CATEGORY, symbol="argsort", torch=("torch.argsort({x})", "{x}.argsort()"), latex=r"\mathrm{argsort}({x})",
       doc="The indices that sort along a dim; no gradient.", samples=(Sample((A32,)), Sample((A32,), {"dim": 0, "descending": True})),
       bad_samples=BAD_DIM),
    Op("msort", (Input("x", formula="1, sorted back"),), composite=lambda x: ops.sort_along(x, 0, False)[0], category=CATEGORY,
       symbol="msort", torch=("torch.msort({x})", "{x}.msort()"), latex=r"\mathrm{sort}({x})", doc="Sort along the first dim.",
       samples=(Sample((A32,)), Sample((A232,)))),
    Op("topk", (Input("x", lambda g, x_shape, indices, dim: ops.put_along(g, indices, x_shape, dim, True), "1 where taken"),), topk,
       node_name="TopkBackward0", outputs=PAIR, category=CATEGORY, symbol="topk",
       attrs=(Attr("k", "int", 1, "How many.", required=True), LAST, Attr("largest", "bool", True, "The largest, or the smallest."),
              Attr("sorted", "bool", True, "In order; here they always are.")),
       torch=("torch.topk({x}, {k})", "{x}.topk({k})"), latex=r"\mathrm{top}_{k}({x})", doc="The k largest elements along a dim.",
       samples=(Sample((A32,), {"k": 1}), Sample((A232,), {"k": 2, "dim": 1}), Sample((A32,), {"k": 2, "dim": 0, "largest": False})),
       bad_samples=(Sample((A32,), {"k": 3}, "selected index k out of range"),)),
    Op("kthvalue", (Input("x", lambda g, x_shape, indices, dim, keepdim: ops.put_along(g, indices, x_shape, dim, keepdim),
                          "[is k-th]"),), kthvalue,
       node_name="KthvalueBackward0", attrs=(Attr("k", "int", 1, "Which: 1 is the smallest.", required=True), LAST, KEEPDIM), outputs=PAIR,
       category=CATEGORY, symbol="kth", torch=("torch.kthvalue({x}, {k})", "{x}.kthvalue({k})"), latex="{x}_{({k})}",
       doc="The k-th smallest element along a dim.",
       samples=(Sample((A32,), {"k": 2}), Sample((A232,), {"k": 2, "dim": 1, "keepdim": True})),
       bad_samples=(Sample((A32,), {"k": 3}, "kthvalue(): selected number k out of range for dimension 1"),)),
    *medians("median", False, r"\mathrm{median}({x})", "The median; of an even number of elements the lower one of the middle two."),
    *medians("nanmedian", True, r"\mathrm{median}({x})", "The median of the elements that are numbers."),
    Op("mode", (Input("x", lambda g, x_shape, indices, dim, keepdim: ops.put_along(g, indices, x_shape, dim, keepdim), "[is mode]"),),
       mode, node_name="ModeBackward0", attrs=(LAST, KEEPDIM), outputs=PAIR, category=CATEGORY, symbol="mode",
       torch=("torch.mode({x})", "{x}.mode()"), latex=r"\mathrm{mode}({x})", doc="The most frequent element along a dim.",
       samples=(Sample((A32,)), Sample((A32,), {"dim": 0, "keepdim": True}), Sample((A232,), {"dim": 1})), bad_samples=BAD_DIM),
    running_extreme("cummax", np.maximum, "largest"),
    running_extreme("cummin", np.minimum, "smallest"),
    Op("quantile", (Input("x", formula="share of {x}"), Input("q", kind="operand")), composite=quantile,
       attrs=(ONE_DIM, KEEPDIM, Attr("interpolation", "choice", "linear", "What lies between two elements.", INTERPOLATIONS)),
       category=CATEGORY, symbol="Q", torch=("torch.quantile({x}, {q})", "{x}.quantile({q})"), latex=r"Q_{q}({x})",
       doc="What a share q of the elements lies below.", samples=LEVEL,
       bad_samples=(Sample((A32, 1.5), error="quantile() q must be in the range [0, 1] but got 1.5"),
                    Sample((A32, 0.5), {"dim": 2}, "Dimension out of range"))),
)
