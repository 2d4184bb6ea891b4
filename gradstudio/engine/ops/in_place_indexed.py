"""In-place forms of the rows that write by index or mask: scatter_, index_add_, put_ and the like."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gradstudio.engine import errors
from gradstudio.engine.dims import expanded
from gradstudio.engine.inplace import mutating
from gradstudio.engine.op import TABLE, Op, Sample, register
from gradstudio.engine.ops.in_place import CATEGORY
from gradstudio.engine.ops.positions import index_of
from gradstudio.engine.ops.scatter import scatter_row
from gradstudio.engine.ops.slices import check_fill
from gradstudio.engine.tensor import Tensor

SCATTER = {name: mutating(name) for name in ("scatter_number", "scatter_tensor", "scatter_into")}
fill_number, fill_tensor, write_masked = mutating("index_fill_number"), mutating("index_fill_tensor"), mutating("masked_scatter")
write_at = mutating("put_at")


def scatter_(x: Tensor, index: Tensor, src: Any, dim: int = 0, reduce: str | None = None) -> Tensor:
    return SCATTER[scatter_row(src, reduce)](x, index, src, dim, *(() if reduce is None else (reduce,)))


def index_fill_(x: Tensor, index: Tensor, value: Any, dim: int = 0) -> Tensor:
    check_fill(x, value)
    return (fill_tensor if isinstance(value, Tensor) else fill_number)(x, index, value, dim)


def masked_scatter_(x: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """As masked_scatter, but only the mask broadcasts."""
    if len(mask.sizes) > len(x.sizes):
        raise RuntimeError(f"expand(CPU{errors.dtype_name(mask.scalar_type)}Type{{{errors.size(mask.sizes)}}}, "
                           f"size={errors.size(x.sizes)}): the number of sizes provided ({len(x.sizes)}) must be greater or equal to "
                           f"the number of dimensions in the tensor ({len(mask.sizes)})")
    expanded(mask.sizes, x.sizes)
    return write_masked(x, mask, source)


def index_put_(x: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    return write_at(x, index_of(x, indices, values), values, accumulate)


def form(name: str, write: Any = None) -> Op:
    """Return the in-place row of a row: the same operands and attrs, the result in the first operand."""
    row = TABLE[name]
    method = next(t for t in row.torch if t.startswith(f"{{x}}.{name}("))
    return Op(f"{name}_", tuple([replace(i, vjp=None) for i in row.inputs]), composite=write or mutating(name), mutates="x",
              attrs=row.attrs, category=CATEGORY, symbol=f"{row.symbol}=", torch=(method.replace(f".{name}(", f".{name}_("),),
              latex=row.latex, doc=f"{row.doc.removesuffix('.').replace('A copy with', 'In place:')}.", samples=row.samples,
              bad_samples=row.bad_samples)


def only_the_mask_broadcasts(row: Op) -> Op:
    """Return the row of masked_scatter_ with those samples refused in which the mask is larger."""
    fits = tuple([s for s in row.samples if s.operands[1].ndim <= s.operands[0].ndim])
    larger = tuple([Sample(s.operands, s.attrs, "expand(CPUBoolType") for s in row.samples if s.operands[1].ndim > s.operands[0].ndim])
    words = tuple([replace(s, error="The expanded size of the tensor") if s.error.startswith("The size") else s for s in row.bad_samples])
    return replace(row, samples=fits, bad_samples=words + larger)


register(
    form("scatter", scatter_),
    form("scatter_add"),
    form("scatter_reduce"),
    form("index_add"),
    form("index_copy"),
    form("index_fill", index_fill_),
    form("index_reduce"),
    only_the_mask_broadcasts(form("masked_scatter", masked_scatter_)),
    form("put"),
    form("index_put", index_put_),
)
