"""Extremes and products: max, min, argmax, prod. Category reduction."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine.dims import Dim, dim_of, dims_of
from gradstudio.engine.dtypes import as_numpy
from gradstudio.engine.op import Attr, Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops.reduction import BAD_DIM, CATEGORY, DTYPE, KEEPDIM, ONE_DIM, PLAIN
from gradstudio.engine.promote import I64
from gradstudio.engine.tensor import Tensor

Array = np.ndarray[Any, Any]
DIM = Attr("dim", "dim", 0)
LIST = Attr("dim", "dims", (), "Along which dims; over all elements if left out.")
MULTIPLY: Any = np.multiply.reduce


# One index along a dim, and its way back.
def along(index: Array, dim: int, rank: int, keepdim: bool) -> Array:
    """Return the indices of a reduction with the reduced dim in place."""
    return index if keepdim or not rank else np.expand_dims(index, dim_of(dim, rank))


def take_along(x: Array, index: Array, dim: int, keepdim: bool) -> Array:
    if not x.ndim:
        return x.copy()
    dim = dim_of(dim, x.ndim)
    out = np.take_along_axis(x, along(index, dim, x.ndim, keepdim), dim)
    return out if keepdim else out.squeeze(dim)


def put_along(g: Array, index: Array, shape: tuple[int, ...], dim: int, keepdim: bool) -> Array:
    if not shape:
        return g.copy()
    out, dim = np.zeros(shape, g.dtype), dim_of(dim, len(shape))
    np.put_along_axis(out, along(index, dim, len(shape), keepdim), g if keepdim else np.expand_dims(g, dim), dim)
    return out


def scattered_along(g: Any, index: Any, shape: tuple[int, ...], dim: int, keepdim: bool) -> Any:
    """Return the same as PyTorch records it."""
    if not keepdim and shape:
        g, index = ops.unsqueeze(g, dim), ops.unsqueeze(index, dim)
    return ops.scatter_tensor(ops.zeros(g, shape), index, g, dim)


def pick(choose: Any) -> Any:
    """Return the kernel of max or min along a dim: values and indices; the first of equal ones, nan before all."""

    def picked(x: Array, dim: int, keepdim: bool) -> tuple[Any, Any]:
        if x.ndim and not x.shape[dim_of(dim, x.ndim)]:
            raise IndexError(f"{choose.__name__[3:]}(): Expected reduction dim {dim} to have non-zero size.")
        index = np.asarray(choose(x, dim_of(dim, x.ndim), keepdims=keepdim)) if x.ndim else np.zeros((), I64)
        return take_along(x, index, dim, keepdim), index

    return picked


def whole(reduce: Any, name: str) -> Any:
    """Return the kernel of an extreme over all elements."""

    def found(x: Array) -> Any:
        if not x.size:
            raise RuntimeError(f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with "
                               f"the "
                               "'dim' argument.")
        return reduce(x, None)

    return found


@helper
def evenly_distributed(g: Any, x: Any, out: Any) -> Any:
    """The gradient of max over all: equal elements share it evenly."""
    mask = ops.same_as(x, out)
    return ops.masked_fill_tensor(ops.zeros_like(x), mask, g / ops.true_count(mask))


def same_as(x: Array, out: Array) -> Any:
    return np.isnan(x) if np.isnan(out).any() else x == out


def extreme(name: str, choose: Any, reduce: Any, other: str, symbol: str) -> tuple[Op, ...]:
    """Return the rows of max or min: over all, along a dim, and the row that people see."""
    doc = f"The {'largest' if name == 'max' else 'smallest'} element; along a dim with its index; or of two tensors."

    def chosen(x: Any, y: Any = None, dim: int | None = None, keepdim: bool = False) -> Any:
        if isinstance(y, Tensor):
            return getattr(ops, other)(x, y)
        return getattr(ops, f"{name}_all")(x) if dim is None else getattr(ops, f"{name}_dim")(x, dim, keepdim)

    node = name.capitalize()
    return (
        Op(f"{name}_all", (Input("x", lambda g, x, out: ops.evenly_distributed(g, x, out)),), whole(reduce, name),
           node_name=f"{node}Backward1", hidden=True),
        Op(f"{name}_dim", (Input("x", lambda g, x_shape, indices, dim, keepdim: ops.put_along(g, indices, x_shape, dim, keepdim)),),
           pick(choose), node_name=f"{node}Backward0", attrs=(DIM, KEEPDIM), outputs=("values", "indices"), hidden=True),
        Op(name, (Input("x", formula=f"[is {name}]"), Input("y", formula=f"[is {name}]", kind="operand", optional=True)), composite=chosen,
           attrs=(ONE_DIM, KEEPDIM), outputs=("values", "indices"), category=CATEGORY, symbol=symbol,
           torch=(f"{{x}}.{name}()", f"torch.{name}({{x}})"), latex=rf"\{name} {{x}}", doc=doc,
           samples=tuple([Sample((*s.operands, None), s.attrs) for s in PLAIN]),
           bad_samples=tuple([Sample((*s.operands, None), s.attrs, s.error) for s in BAD_DIM])),
    )


@helper
def scaled_by_count(g: Any, x: Any, out: Any, dim: Any, keepdim: bool) -> Any:
    """The gradient of amax: equal elements of a slice share it evenly."""
    shape = ops.shape_of(x)
    kept = tuple([1 if d in dims_of(dim, len(shape)) else n for d, n in enumerate(shape)])
    mask = ops.eq(ops.reshape(out, kept), x)
    return (g if keepdim else ops.reshape(g, kept)) / ops.sum(mask, dim, True) * mask


def amount(reduce: Any) -> Any:
    return lambda x, dim, keepdim: reduce(x, dims_of(dim, x.ndim), keepdims=keepdim)


def index_of(name: str, choose: Any) -> Any:
    """Return the kernel of argmax or argmin."""

    def found(x: Array, dim: int | None, keepdim: bool) -> Any:
        if x.dtype.kind == "b":
            raise RuntimeError(f"{name}(): does not support bool input")
        return np.asarray(choose(x, dim if dim is None else dim_of(dim, x.ndim), keepdims=keepdim) if x.ndim else 0, I64)

    return found


# Products.
@helper
def prod_backward(g: Any, x: Any, out: Any) -> Any:
    """The gradient of a product: the product of the others, exact where elements are zero."""
    shape = ops.shape_of(x)
    if not shape:
        return ops.clone(g)
    if not ops.true_count(ops.eq(x, 0)):
        return g * (out / x)
    return ops.reshape(ops.products_of_others(g, ops.reshape(x, (-1,)), 0), shape)


@helper
def prod_dim_backward(g: Any, x: Any, out: Any, dim: int, keepdim: bool) -> Any:
    """The same along a dim."""
    shape = ops.shape_of(x)
    if not shape:
        return ops.clone(g)
    g, out = ops.restored(g, shape, dim, keepdim), ops.restored(out, shape, dim, keepdim)
    return ops.products_of_others(g, x, dim) if ops.true_count(ops.eq(x, 0)) else g * (out / x)


@helper
def products_of_others(g: Any, x: Any, dim: int) -> Any:
    """g times the product of all elements along a dim but one, for each of them; products from both ends, no division."""
    parts = ops.unbind(x, dim)
    one = ops.ones_like(parts[0])
    before, after = [one], [one]
    for a, b in zip(parts[:-1], parts[:0:-1], strict=True):
        before.append(before[-1] * a)
        after.append(after[-1] * b)
    return g * ops.stack([a * b for a, b in zip(before, reversed(after), strict=True)], dim)


def product(x: Array, dim: Dim = None, keepdim: bool = False, dtype: Any = None) -> Any:
    axes = dims_of(dim, x.ndim)
    return MULTIPLY(x, axes, as_numpy(dtype) if dtype is not None else I64 if x.dtype.kind in "biu" else x.dtype, None, keepdim)


def prod(x: Any, dim: int | None = None, keepdim: bool = False, dtype: Any = None) -> Any:
    return ops.prod_all(x, dtype) if dim is None else ops.prod_dim(x, dim, keepdim, dtype)


register(
    Op("same_as", (Input("x"), Input("y")), same_as, hidden=True),
    Op("take_along", (Input("x", lambda g, x_shape, index, dim, keepdim: ops.put_along(g, index, x_shape, dim, keepdim)), Input("index")),
       take_along, node_name="GatherBackward0", attrs=(DIM, KEEPDIM), hidden=True),
    Op("put_along", (Input("grad_output"), Input("index")), composite=scattered_along, kernel=put_along,
       attrs=(Attr("shape", "shape", ()), DIM, KEEPDIM), hidden=True),
    *extreme("max", np.argmax, np.maximum.reduce, "maximum", "max"),
    *extreme("min", np.argmin, np.minimum.reduce, "minimum", "min"),
    Op("amax", (Input("x", lambda g, x, out, dim, keepdim: ops.scaled_by_count(g, x, out, dim, keepdim), "[is max]"),),
       amount(np.maximum.reduce), node_name="AmaxBackward0", attrs=(LIST, KEEPDIM), category=CATEGORY, symbol="max",
       torch=("{x}.amax()", "torch.amax({x})"), latex=r"\max {x}", doc="The largest element along dims; equal ones share the gradient.",
       samples=PLAIN, bad_samples=BAD_DIM),
    Op("amin", (Input("x", lambda g, x, out, dim, keepdim: ops.scaled_by_count(g, x, out, dim, keepdim), "[is min]"),),
       amount(np.minimum.reduce), node_name="AminBackward0", attrs=(LIST, KEEPDIM), category=CATEGORY, symbol="min",
       torch=("{x}.amin()", "torch.amin({x})"), latex=r"\min {x}", doc="The smallest element along dims; equal ones share the gradient.",
       samples=PLAIN, bad_samples=BAD_DIM),
    Op("argmax", (Input("x"),), index_of("argmax", np.argmax), attrs=(ONE_DIM, KEEPDIM), category=CATEGORY, symbol="argmax",
       torch=("torch.argmax({x})", "{x}.argmax()"), latex=r"\arg\max {x}", doc="Where the largest element is; no gradient.", samples=PLAIN,
       bad_samples=BAD_DIM),
    Op("argmin", (Input("x"),), index_of("argmin", np.argmin), attrs=(ONE_DIM, KEEPDIM), category=CATEGORY, symbol="argmin",
       torch=("torch.argmin({x})", "{x}.argmin()"), latex=r"\arg\min {x}", doc="Where the smallest element is; no gradient.", samples=PLAIN,
       bad_samples=BAD_DIM),
    Op("prod_all", (Input("x", lambda g, x, out: ops.prod_backward(g, ops.to(x, g.dtype), out)),),
       lambda x, dtype: product(x, None, False, dtype), node_name="ProdBackward0", attrs=(DTYPE,), hidden=True),
    Op("prod_dim", (Input("x", lambda g, x, out, dim, keepdim: ops.prod_dim_backward(g, ops.to(x, g.dtype), out, dim, keepdim)),), product,
       node_name="ProdBackward1", attrs=(DIM, KEEPDIM, DTYPE), hidden=True),
    Op("prod", (Input("x", formula="Π others"),), composite=prod, kernel=product, attrs=(ONE_DIM, KEEPDIM, DTYPE), category=CATEGORY,
       symbol="Π",
       torch=("{x}.prod()", "torch.prod({x})"), latex=r"\prod {x}", doc="Multiply all; exact where elements are zero.",
       samples=(*PLAIN, Sample((np.array([[0.5, 0.0], [1.5, -0.7]]),), {"dim": 0})), bad_samples=BAD_DIM),
)
