"""Functions that PyTorch itself composes of others.

Trapezoids, hsplit and kin, cartesian_prod, combinations, adjoints, covariance, Vandermonde matrices, chains of products.
"""
from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.dims import broadcast_shape, dim_of
from gradstudio.engine.dtypes import Size
from gradstudio.engine.op import ops
from gradstudio.engine.tensor import Tensor, make
from gradstudio.torch.discrete import check_bytes

Function = Callable[..., Any]
OLD_CHAIN = ("torch.chain_matmul is deprecated and will be removed in a future PyTorch release. Use torch.linalg.multi_dot instead, which "
             "accepts a list of two or more tensors rather than multiple parameters.")


# The area under sampled values: Σ (yᵢ + yᵢ₊₁)/2 · (xᵢ₊₁ − xᵢ).
def gaps(name: str, y: Tensor, x: Tensor, dim: int) -> Any:
    """Return the distances between neighbouring points, in a shape that broadcasts with y. Raise RuntimeError for bools, or if x does
    not fit."""
    if "b" in (x.scalar_type.kind, y.scalar_type.kind):
        raise RuntimeError(f"{name}: received a bool input for `x` or `y`, but bool is not supported")
    at = dim_of(dim, y.ndim)
    if x.ndim == 1:
        if x.sizes[0] != y.sizes[at]:
            raise RuntimeError(f"{name}: There must be one `x` value for each sample point")
        x = ops.view(x, tuple([x.sizes[0] if i == at else 1 for i in range(y.ndim)]))
    elif x.ndim < y.ndim:
        x = ops.view(x, (1,) * (y.ndim - x.ndim) + x.sizes)
    return ops.slice(x, dim, 1, x.sizes[dim], 1) - ops.slice(x, dim, 0, -1, 1)


def neighbours(y: Tensor, dim: int) -> Any:
    """Return the sums of neighbouring values. Raise IndexError for a number."""
    if not y.ndim:
        raise IndexError("slice() cannot be applied to a 0-dim tensor.")
    return ops.slice(y, dim, 0, -1, 1) + ops.slice(y, dim, 1, y.sizes[dim_of(dim, y.ndim)], 1)


def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = None, dim: int = -1) -> Any:
    """Return the area under y along a dim: samples at x, or dx (1) apart."""
    if not y.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    at = dim_of(dim, y.ndim)
    if not y.sizes[at]:
        return make(np.zeros((*y.sizes[:at], *y.sizes[at + 1:]), y.scalar_type), None)
    if x is not None:
        return ops.div_number(ops.sum_dim(neighbours(y, dim) * gaps("trapezoid", y, x, dim), dim, False, None), 2.0)
    ends = ops.select(y, dim, 0) + ops.select(y, dim, -1)
    return ops.mul_number(ops.sum_dim(y, dim, False, None) - ops.mul_number(ends, 0.5), 1 if dx is None else dx)


def cumulative_trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = None, dim: int = -1) -> Any:
    """Return the areas under y from its first sample to each of the others."""
    if x is not None:
        return ops.div_number(ops.cumsum(neighbours(y, dim) * gaps("cumulative_trapezoid", y, x, dim), dim), 2.0)
    return ops.cumsum(ops.mul_number(neighbours(y, dim), (1 if dx is None else dx) / 2.0), dim)


# Parts along the first, second or third dim.
def splitter(name: str, rank: int, dim: int) -> Function:
    """Return hsplit, vsplit or dsplit: into equal sections, or at indices."""
    def split(input: Tensor, indices_or_sections: Any = None, *more: int, sections: Any = None, indices: Any = None) -> Any:
        cut = next(c for c in (indices_or_sections, sections, indices) if c is not None)
        cut = (cut, *more) if more else cut
        if input.ndim < rank:
            raise RuntimeError(f"torch.{name} requires a tensor with at least {rank} dimension, but got a tensor with {input.ndim} "
                               "dimensions!")
        at = min(dim, input.ndim - 1)
        if isinstance(cut, int) and (not cut or input.sizes[at] % cut):
            raise RuntimeError(f"torch.{name} attempted to split along dimension {at}, but the size of the dimension {input.sizes[at]} is "
                               f"not divisible by the split_size {cut}!")
        return ops.tensor_split(input, cut, at)

    split.__name__ = name
    return split


# All pairs (and longer tuples) of elements.
def vector(t: Tensor) -> None:
    if t.ndim != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {errors.size(t.sizes)}")


def cartesian_prod(*tensors: Tensor) -> Any:
    """Return all tuples that take one element of each vector, as rows."""
    for t in tensors:
        vector(t)
    if len(tensors) == 1:
        return tensors[0]
    return ops.stack([ops.reshape(grid, (-1,)) for grid in ops.meshgrid(tensors, "ij")], 1)


def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Any:
    """Return all choices of r elements of a vector, in order, as rows."""
    vector(input)
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return make(np.empty(0, input.scalar_type), None)
    ranks = np.meshgrid(*[np.arange(input.sizes[0])] * r, indexing="ij", sparse=True)
    mask = np.ones((input.sizes[0],) * r, bool)
    for before, after in itertools.pairwise(ranks):
        mask &= before <= after if with_replacement else before < after
    return ops.stack([ops.masked_select(grid, make(mask, None)) for grid in ops.meshgrid([input] * r, "ij")], 1)


# Conjugates and conjugate transposes. (PyTorch's conj is a view that knows it must be conjugated; here it is a copy.)
def resolve_conj(input: Tensor) -> Tensor:
    """Return the tensor itself: no view waits to be conjugated."""
    return input


def adjoint(input: Tensor) -> Any:
    """Return the tensor with its last two dims swapped, conjugated if it is complex. Raise RuntimeError for a vector."""
    return adjoint_as(input, "tensor.adjoint()", "adjoint() is")


def adjoint_as(x: Tensor, name: str, deprecated: str) -> Any:
    if x.ndim == 1:
        raise RuntimeError(f"{name} is only supported on matrices or batches of matrices. Got 1-D tensor.")
    if not x.ndim:
        warnings.warn(f"{deprecated} deprecated on 0-D tensors. Consider using x.conj().", UserWarning, stacklevel=3)
    turned = ops.transpose(x, -2, -1) if x.ndim else x
    return ops.conj(turned)


def H(self: Tensor) -> Any:  # noqa: N802
    """Return the conjugate transpose of a matrix. Raise RuntimeError for other ranks."""
    if self.ndim not in (0, 2):
        batches = " For batches of matrices, consider using tensor.mH" if self.ndim > 2 else ""
        raise RuntimeError(f"tensor.H is only supported on matrices (2-D tensors). Got {self.ndim}-D tensor.{batches}")
    return adjoint_as(self, "tensor.H", "Tensor.H is")


def mH(self: Tensor) -> Any:  # noqa: N802
    """Return the conjugate transpose of a matrix or of each of a batch."""
    return adjoint_as(self, "tensor.mH", "Tensor.mH is")


# Covariance.
def weights_of(name: str, kinds: str, words: str, w: Tensor, count: int) -> Tensor:
    """Return the weights of the observations. Raise RuntimeError for a dtype, a shape or a sign that does not fit."""
    if w.ndim > 1:
        raise RuntimeError(f"cov(): expected {name} to have one or fewer dimensions but got {name} with {w.ndim} dimensions")
    if w.scalar_type.kind not in kinds:
        raise RuntimeError(f"cov(): expected {name} to have {words} dtype but got {name} with {errors.dtype_name(w.scalar_type)} dtype")
    if w.array.size != count:
        raise RuntimeError(f"cov(): expected {name} to have the same numel as there are observations in the input but got {w.array.size} "
                           f"!= {count}")
    if w.array.size and w.array.min() < 0:
        raise RuntimeError(f"cov(): {name} cannot be negative")
    return w


def cov(input: Tensor, *, correction: int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None) -> Any:
    """Return the covariances of the rows of a matrix, whose columns are observations: counted fweights times, weighted with aweights."""
    if input.ndim > 2:
        raise RuntimeError(f"cov(): expected input to have two or fewer dimensions but got an input with {input.ndim} dimensions")
    if input.scalar_type.kind == "b":
        raise RuntimeError("cov(): bool dtype is not supported for input")
    x = input if input.ndim == 2 else ops.view(input, (1, -1))
    count = x.sizes[1]
    f = None if fweights is None else weights_of("fweights", "iu", "integral", fweights, count)
    w = f if aweights is None else weights_of("aweights", "f", "floating point", aweights, count)
    if f is not None and aweights is not None:
        w = ops.mul(f, aweights)
    total: Any = count if w is None else ops.sum(w)
    if w is not None and count and float(total.array) == 0:
        raise RuntimeError("cov(): weights sum to zero, can't be normalized")
    mean = ops.div(ops.sum(x if w is None else ops.mul(x, w), 1), total)
    rest: Any = total
    if w is not None and aweights is not None and correction:
        rest = ops.sub(total, ops.div(ops.mul(ops.sum(ops.mul(w, aweights)), correction), total))
    elif correction:
        rest = total - correction
    if float(rest.array if isinstance(rest, Tensor) else rest) <= 0:
        warnings.warn("cov(): degrees of freedom is <= 0. Correction should be strictly less than the number of observations.", UserWarning,
                      stacklevel=2)
        rest = 0
    centred = ops.sub(x, ops.unsqueeze(mean, 1))
    weighted = centred if w is None else ops.mul(centred, w)
    return ops.squeeze(ops.div(ops.mm(centred, ops.conj(ops.t(weighted))), rest))


def corrcoef(input: Tensor) -> Any:
    """Return the correlations of the rows of a matrix, within [-1, 1]."""
    if input.ndim > 2:
        raise RuntimeError(f"corrcoef(): expected input to have two or fewer dimensions but got an input with {input.ndim} dimensions")
    found = cov(input)
    if not found.ndim:
        return ops.div(found, found)
    spread = ops.sqrt(ops.real(ops.diagonal(found)))
    found = ops.div(ops.div(found, ops.view(spread, (-1, 1))), ops.view(spread, (1, -1)))
    return found if found.scalar_type.kind == "c" else ops.clamp(found, -1, 1)


def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Any:  # noqa: N803
    """Return the powers of the elements as rows: N columns, from the highest down unless increasing. Raise RuntimeError for a matrix."""
    if x.ndim != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    columns = x.sizes[0] if N is None else N
    if columns < 0:
        raise RuntimeError("N must be non-negative.")
    check_bytes(8 * x.sizes[0] * columns)
    kind = x.scalar_type if x.scalar_type.kind in "fc" else np.dtype(np.int64)
    out: Any = make(np.empty((x.sizes[0], columns), kind), None)
    if columns > 0:
        ops.select(out, 1, 0).fill_(1)
    if columns > 1:
        ops.slice(out, 1, 1, columns, 1).copy_(ops.unsqueeze(x, 1))
        powers = ops.slice(out, 1, 1, columns, 1)
        powers.copy_(ops.cumprod(powers, 1))
    return out if increasing else ops.flip(out, (1,))


# Several tensors at once.
def listed(given: Any) -> Any:
    """Return tensors that came one by one or as a sequence."""
    return given[0] if len(given) == 1 and isinstance(given[0], list | tuple) else given


def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """Return tensors expanded to the shape to which all broadcast; those that have it as they are."""
    many = listed(tensors)
    shape: tuple[int, ...] = ()
    for t in many:
        shape = broadcast_shape(shape, t.sizes)
    return tuple([t if t.sizes == shape else ops.expand(t, shape) for t in many])


def broadcast_shapes(*shapes: Any) -> Size:
    """Return the shape to which shapes (or sizes) broadcast. Raise RuntimeError naming the one that does not."""
    many = [(s,) if isinstance(s, int) else tuple(s) for s in shapes]
    out = [1] * max(map(len, many), default=0)
    for at, shape in enumerate(many):
        for back in range(1, len(shape) + 1):
            n = shape[-back]
            if n < 0:
                raise RuntimeError(f"Trying to create tensor with negative dimension ({n}): ({n})")
            if n not in (1, out[-back]) and out[-back] != 1:
                raise RuntimeError(f"Attempting to broadcast a dimension of length {n} at {-back}! Mismatching argument at index {at} had "
                                   f"{shape}; but expected shape should be broadcastable to {out}")
            out[-back] = out[-back] if n == 1 else n
    return Size(out)


def chain_matmul(*matrices: Any) -> Any:
    """Return the product of matrices, in the order that costs least. Deprecated in PyTorch, with a warning."""
    warnings.warn(OLD_CHAIN, UserWarning, stacklevel=2)
    many = listed(matrices)
    for t in many:
        if t.ndim != 2:
            raise RuntimeError(f"Tensor dimension is {t.ndim}, expected 2 instead.")
    if not many:
        raise RuntimeError("chain_matmul(): Expected one or more matrices")
    return many[0] if len(many) == 1 else ops.linalg_multi_dot(many)


SPLITS = {name: splitter(name, rank, dim) for name, rank, dim in (("hsplit", 1, 1), ("vsplit", 2, 0), ("dsplit", 3, 2))}
TORCH: dict[str, Function] = {**SPLITS, "trapezoid": trapezoid, "trapz": trapezoid, "cumulative_trapezoid": cumulative_trapezoid,
                              "cartesian_prod": cartesian_prod, "combinations": combinations, "adjoint": adjoint,
                              "resolve_conj": resolve_conj, "cov": cov, "corrcoef": corrcoef, "vander": vander,
                              "broadcast_tensors": broadcast_tensors, "broadcast_shapes": broadcast_shapes, "chain_matmul": chain_matmul}
METHODS: dict[str, Function] = {**SPLITS, "adjoint": adjoint, "resolve_conj": resolve_conj, "cov": cov, "corrcoef": corrcoef}
PROPERTIES: dict[str, Function] = {"H": H, "mH": mH}
