"""Functions that PyTorch itself composes of others: trapezoids, hsplit and kin, cartesian_prod, combinations, adjoints."""
from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.dims import dim_of
from gradstudio.engine.op import ops
from gradstudio.engine.tensor import Tensor, make

Function = Callable[..., Any]


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


SPLITS = {name: splitter(name, rank, dim) for name, rank, dim in (("hsplit", 1, 1), ("vsplit", 2, 0), ("dsplit", 3, 2))}
TORCH: dict[str, Function] = {**SPLITS, "trapezoid": trapezoid, "trapz": trapezoid, "cumulative_trapezoid": cumulative_trapezoid,
                              "cartesian_prod": cartesian_prod, "combinations": combinations, "adjoint": adjoint,
                              "resolve_conj": resolve_conj}
METHODS: dict[str, Function] = {**SPLITS, "adjoint": adjoint, "resolve_conj": resolve_conj}
PROPERTIES: dict[str, Function] = {"H": H, "mH": mH}
