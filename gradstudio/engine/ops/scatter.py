"""Writing along a dim by index: scatter, scatter_add, scatter_reduce; and what a reduction into places gives back. Category shape."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.dims import broadcast_shape, dim_of
from gradstudio.engine.op import Attr, Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.indexing import CATEGORY
from gradstudio.engine.ops.lookup import in_range, places
from gradstudio.engine.ops.rounding import none_for
from gradstudio.engine.tensor import Tensor

Array = np.ndarray[Any, Any]
Places = tuple[Any, ...]
DIM = Attr("dim", "dim", 0, "Along which dim the index counts.", required=True)
REDUCE = Attr("reduce", "choice", "sum", "What becomes of those that fall into one place.", ("sum", "prod", "mean", "amax", "amin"),
              required=True)
INCLUDE_SELF = Attr("include_self", "bool", True, "Whether what stands there counts too.")
INTO: dict[str, Any] = {"sum": np.add.at, "mean": np.add.at, "add": np.add.at, "prod": np.multiply.at, "multiply": np.multiply.at,
                        "amax": np.maximum.at, "amin": np.minimum.at}
# Row that reduces into places: rows that take from there, add into them, and put a number there; its node.
FAMILIES = {"scatter_reduce": ("gather_along", "scatter_add", "scatter_number", "ScatterReduceBackward0"),
            "index_reduce": ("select_rows", "index_add", "index_fill_number", "IndexReduceBackward0")}


def line(x: Array) -> Array:
    """Return a 0-dim array as a vector of one element (a view), any other as it is."""
    return x if x.ndim else x.reshape(1)


def check(x: Array, index: Array, src: Any, dim: int) -> None:
    """Raise in PyTorch's words unless index and src (an array, or a number) fit x along a dim."""
    if index.size and index.dtype.char not in "ilq":
        raise RuntimeError("scatter(): Expected dtype int32/int64 for index")
    given = isinstance(src, np.ndarray)
    if given and src.dtype != x.dtype:
        raise RuntimeError("scatter(): Expected self.dtype to be equal to src.dtype")
    if not index.size:
        return
    for name, other in (("self", x), *((("src", src),) if given else ())):
        if max(other.ndim, 1) != max(index.ndim, 1):
            raise RuntimeError(f"Index tensor must have the same number of dimensions as {name} tensor")
    counts = line(index).shape
    inside = all([i <= n or d == dim for d, (i, n) in enumerate(zip(counts, line(x).shape, strict=True))])
    if not inside or (given and any([i > n for i, n in zip(counts, line(src).shape, strict=True)])):
        words = f" and to be no larger size than src {errors.size(src.shape)}" if given else ""
        raise RuntimeError(f"Expected index {errors.size(index.shape)} to be no larger than self {errors.size(x.shape)} apart from "
                           f"dimension {dim}{words}")
    in_range(index, line(x).shape[dim], dim)


def number_fits(x: Array, value: Any) -> None:
    """Raise RuntimeError for a complex number that should stand among real ones."""
    if isinstance(value, complex) and x.dtype.kind != "c":
        raise RuntimeError(f"value cannot be converted to type {errors.c_name(x.dtype)} without overflow")


def opened(x: Array, index: Array, src: Any, dim: int) -> tuple[Array, Array, Places, Any]:
    """Return a copy of x, the same with at least one dim, the places to write there, and what to write."""
    dim = dim_of(dim, x.ndim)
    check(x, index, src, dim)
    number_fits(x, src)
    out = np.array(x, order="C")  # x may be a number of numpy's
    if not index.size:
        return out, line(out)[:0], (slice(0),), line(out)[:0]
    at = places(line(index), dim)
    return out, line(out), at, line(src)[tuple([slice(n) for n in line(index).shape])] if isinstance(src, np.ndarray) else src


def scatter(x: Array, index: Array, src: Any, dim: int) -> Array:
    out, rows, at, values = opened(x, index, src, dim)
    rows[at] = values
    return out


def scatter_add(x: Array, index: Array, src: Array, dim: int) -> Array:
    out, rows, at, values = opened(x, index, src, dim)
    np.add.at(rows, at, values)
    return out


def scatter_into(x: Array, index: Array, src: Any, dim: int, reduce: str) -> Array:
    """The deprecated `scatter(..., reduce=...)`, which has no derivative."""
    if reduce not in ("add", "multiply"):
        raise RuntimeError("reduce argument must be either add or multiply.")
    out, rows, at, values = opened(x, index, src, dim)
    INTO[reduce](rows, at, values)
    return out


def scatter_reduce(x: Array, index: Array, src: Array, dim: int, reduce: str, include_self: bool) -> Array:
    if reduce not in REDUCE.choices:
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    if (reduce == "mean" and x.dtype.kind == "b") or (reduce in ("amax", "amin") and x.dtype.kind == "c"):
        raise errors.lacking(f"scatter_gather_tensor_cpu_reduce_{reduce}", x.dtype)
    out, rows, at, values = opened(x, index, src, dim)
    combine(rows, at, values, reduce, include_self)
    return out


def combine(rows: Array, at: Places, values: Array, reduce: str, include_self: bool) -> None:
    """Reduce values into the places of rows, in place; a mean of integers is rounded down."""
    if not include_self:
        rows[at] = neutral(reduce, rows.dtype)
    INTO[reduce](rows, at, values)
    if reduce == "mean":
        count = np.full(rows.shape, int(include_self), rows.dtype)
        np.add.at(count, at, rows.dtype.type(1))
        count[count == 0] = 1
        (np.floor_divide if rows.dtype.kind in "iu" else np.true_divide)(rows, count, rows)


def neutral(reduce: str, dtype: np.dtype[Any]) -> Any:
    """Return the number that changes nothing in a reduction."""
    if reduce in ("sum", "mean", "prod"):
        return int(reduce == "prod")
    if dtype.kind == "b":
        return reduce == "amin"
    lowest, highest = (-np.inf, np.inf) if dtype.kind == "f" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return lowest if reduce == "amax" else highest


def scatter_row(src: Any, reduce: str | None) -> str:
    """Return which row a call of scatter is."""
    return "scatter_into" if reduce is not None else "scatter_tensor" if isinstance(src, Tensor) else "scatter_number"


def scattered(x: Any, index: Any, src: Any, dim: int = 0, reduce: str | None = None) -> Any:
    return getattr(ops, scatter_row(src, reduce))(x, index, src, dim, *(() if reduce is None else (reduce,)))


@helper
def complete(g: Any, shape: tuple[int, ...], node: str) -> Any:
    """The cotangent of what was written, unless part of it was left aside: PyTorch has none of that. Raise RuntimeError then."""
    have = ops.shape_of(g)
    if math.prod(have) != math.prod(shape):
        raise RuntimeError(f"Function {node} returned an invalid gradient at index 1 - got {errors.size(have)} but expected shape "
                           f"compatible with {errors.size(shape)}")
    return g


def written(node: str) -> Any:
    """Return the vjp of what was written or added along a dim, named after its node."""
    return lambda g, index, src_shape, dim: ops.complete(ops.gather_along(g, index, dim), src_shape, node)


# The way back from a reduction into places, for scatter_reduce and index_reduce.
@helper
def share_back(family: str, g: Any, x: Any, src: Any, out: Any, index: Any, dim: int, reduce: str, include_self: bool) -> Any:
    """The cotangent of each place of the result divided by how many share it: all of a mean, those equal to an extreme.

    PyTorch counts x among the equal ones even where include_self leaves it out.
    """
    take, add, *_ = FAMILIES[family]
    if reduce == "mean":
        start = ops.ones_like(g) if include_self else ops.zeros_like(g)
        count = getattr(ops, add)(start, index, ops.ones_like(src), dim)
        return g / ops.masked_fill_number(count, ops.eq(count, 0), 1)
    reached = getattr(ops, take)(out, index, dim)
    broadcast_shape(ops.shape_of(src), ops.shape_of(reached))  # torch's words where src is larger than index
    ties = ops.ones_like(src) * ops.eq(src, reached)
    return g / getattr(ops, add)(ops.ones_like(x) * ops.eq(x, out), index, ties, dim)


@helper
def reduced_back(family: str, g: Any, x: Any, src: Any, out: Any, index: Any, dim: int, reduce: str, include_self: bool) -> Any:
    """The cotangent of x, into whose places src was reduced."""
    found = g
    if reduce == "prod":
        others = ops.masked_fill_number(x, ops.eq(x, 0), 1)
        found = g * getattr(ops, family)(others, index, src, dim, reduce, include_self) / others
    elif reduce != "sum":
        found = ops.share_back(family, g, x, src, out, index, dim, reduce, include_self)
        found = found if reduce == "mean" else ops.eq(x, out) * found
    return found if include_self else getattr(ops, FAMILIES[family][2])(found, index, 0, dim)


@helper
def source_back(family: str, g: Any, x: Any, src: Any, out: Any, index: Any, dim: int, reduce: str, include_self: bool) -> Any:
    """The cotangent of src, which was reduced into the places of x."""
    take = getattr(ops, FAMILIES[family][0])
    if reduce == "prod":
        return ops.factors_back(family, g, x, src, out, index, dim, include_self)
    share = g if reduce == "sum" else ops.share_back(family, g, x, src, out, index, dim, reduce, include_self)
    found = ops.complete(take(share, index, dim), ops.shape_of(src), FAMILIES[family][3])
    return found if reduce in ("sum", "mean") else ops.eq(src, take(out, index, dim)) * found


@helper
def factors_back(family: str, g: Any, x: Any, src: Any, out: Any, index: Any, dim: int, include_self: bool) -> Any:
    """The cotangent of factors: the product of the others; exact where one factor of a place is zero, and then no second order if two."""
    take, add, *_ = FAMILIES[family]
    zero = ops.eq(src, 0)
    zeros = getattr(ops, take)(getattr(ops, add)(ops.zeros_like(x), index, ops.ones_like(src) * zero, dim), index, dim)
    alone = ops.logical_and(zero, ops.eq(zeros, 1))
    others = getattr(ops, family)(x, index, ops.masked_fill_number(src, alone, 1), dim, "prod", include_self)
    rest = getattr(ops, take)(g * out, index, dim) / ops.masked_fill_number(src, zero, 1)
    found = ops.where(alone, getattr(ops, take)(g * others, index, dim), rest)
    if not ops.true_count(ops.gt(zeros, 1)):
        return found
    name = "src" if family == "scatter_reduce" else "source"
    return ops.once_differentiable(found, f"{family}(): Double backward is unsupported for {name} when >1 zeros in {name} are scattered "
                                          "to the same position in self")


def refuse(g: Any, words: str) -> Any:
    raise RuntimeError(words)


def reducing(name: str, forward: Any, source: str, reduce: Attr, given: tuple[Sample, ...], bad: tuple[Sample, ...]) -> Op:
    """Return the row of scatter_reduce or index_reduce."""
    every = tuple([Sample(s.operands, {**(s.attrs or {}), "reduce": r, "include_self": i})
                   for r in reduce.choices for s, i in ((given[0], True), (given[0], False), (given[-1], True))])
    return Op(name, (
        Input("x", lambda g, x, src, out, index, dim, reduce, include_self: ops.reduced_back(
            name, g, x, src, out, index, dim, reduce, include_self), "share of {x} in the result"),
        Input("index"),
        Input("src", lambda g, x, src, out, index, dim, reduce, include_self: ops.source_back(
            name, g, x, src, out, index, dim, reduce, include_self), "share of {src} in the result", torch=source)), forward,
        node_name=FAMILIES[name][3], attrs=(DIM, reduce, INCLUDE_SELF), category=CATEGORY, symbol=name.replace("_reduce", " Σ Π"),
        torch=(f"torch.{name}({{x}}, {{dim}}, {{index}}, {{src}}, {{reduce}})", f"{{x}}.{name}({{dim}}, {{index}}, {{src}}, {{reduce}})"),
        latex=r"{x}_{index} \leftarrow \mathrm{reduce}({x}_{index}, {src})",
        doc="A copy with the sum, product, mean or extreme of what falls into one place.", samples=every,
        bad_samples=bad)


WHICH = np.array([[0, 1], [2, 0], [0, 0]])
FULL = (samples.array(3, 2), WHICH, samples.array(3, 2, start=0.6))
NARROW = (samples.array(2, 3), np.array([[2, 0], [1, 1]]), samples.array(2, 2, start=0.6))
SCALARS = (samples.SCALAR, np.array(0), np.array(-1.2))
SAMPLES = (Sample(FULL), Sample(NARROW, {"dim": 1}), Sample(SCALARS))
BAD = (Sample((FULL[0], WHICH + 2, FULL[2]), error="index 3 is out of bounds for dimension 0 with size 3"),
       Sample((FULL[0], WHICH, FULL[2][:2]), error="Expected index [3, 2] to be no larger than self [3, 2] apart from dimension 0"),
       Sample((FULL[0], WHICH[0], FULL[2]), error="Index tensor must have the same number of dimensions as self tensor"),
       Sample((FULL[0], WHICH, FULL[2][0]), error="Index tensor must have the same number of dimensions as src tensor"),
       Sample((FULL[0], WHICH, FULL[2].astype(np.float32)), error="scatter(): Expected self.dtype to be equal to src.dtype"),
       Sample((FULL[0], WHICH * 0.5, FULL[2]), error="scatter(): Expected dtype int32/int64 for index"),
       Sample(FULL, {"dim": 2}, "Dimension out of range"))
ONCE = (Sample((FULL[0], np.array([[0, 1], [2, 0], [1, 2]]), FULL[2])),
        Sample((NARROW[0], np.array([[2, 0], [1, 2]]), NARROW[2]), {"dim": 1}), Sample(SCALARS),
        Sample((*FULL[:2], 2.5)))  # of equal indices torch gives each the whole gradient
CLEARED = Input("x", lambda g, index, dim: ops.scatter_number(g, index, 0, dim))
register(
    Op("once_differentiable", (Input("x", refuse),), lambda x, words: x,
       node_name="torch::autograd::Error", attrs=(Attr("words", "str", ""),), hidden=True),
    Op("scatter_number", (CLEARED, Input("index"), Input("src", kind="number", torch="value")), scatter, node_name="ScatterBackward1",
       attrs=(DIM,), hidden=True),
    Op("scatter_tensor", (CLEARED, Input("index"), Input("src", written("ScatterBackward0"))), scatter,
       node_name="ScatterBackward0", attrs=(DIM,), hidden=True),
    Op("scatter_into", (Input("x", none_for("scatter")), Input("index"), Input("src", none_for("scatter"), kind="operand")), scatter_into,
       node_name="torch::autograd::NotImplemented", attrs=(DIM, Attr("reduce", "str", "add")), hidden=True),
    Op("scatter", (Input("x", formula="0 where written, else 1"), Input("index"), Input("src", formula="1", kind="operand")),
       composite=scattered,
       attrs=(DIM, Attr("reduce", "choice", None, "Deprecated: add or multiply instead of writing; no gradient.", ("add", "multiply"))),
       category=CATEGORY, symbol="scatter", torch=("torch.scatter({x}, {dim}, {index}, {src})", "{x}.scatter({dim}, {index}, {src})"),
       latex=r"{x}_{index} \leftarrow {src}", doc="A copy with elements written along a dim by their index.",
       samples=ONCE, bad_samples=(*BAD, Sample((FULL[0], WHICH[0], 2.5), error="Index tensor must have"))),
    Op("scatter_add", (Input("x", lambda g: g, "1"), Input("index"), Input("src", written("ScatterAddBackward0"), "1")), scatter_add,
       node_name="ScatterAddBackward0", attrs=(DIM,), category=CATEGORY, symbol="scatter +",
       torch=("torch.scatter_add({x}, {dim}, {index}, {src})", "{x}.scatter_add({dim}, {index}, {src})"),
       latex=r"{x}_{index} \mathrel{+}= {src}", doc="A copy with elements added along a dim by their index; equal indices add up.",
       samples=SAMPLES, bad_samples=BAD),
    reducing("scatter_reduce", scatter_reduce, "src", REDUCE, SAMPLES, BAD),
)
