"""Functions that PyTorch composes of others: covariance, Vandermonde matrices, broadcasting together, chains of products."""
from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from gradstudio.engine import dtypes, errors
from gradstudio.engine.dims import broadcast_shape
from gradstudio.engine.dtypes import Size
from gradstudio.engine.op import ops
from gradstudio.engine.tensor import Tensor, make
from gradstudio.torch import discrete, spellings

Function = Callable[..., Any]
OLD_CHAIN = ("torch.chain_matmul is deprecated and will be removed in a future PyTorch release. Use torch.linalg.multi_dot instead, which "
             "accepts a list of two or more tensors rather than multiple parameters.")


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
    discrete.check_bytes(8 * x.sizes[0] * columns)
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


def where(condition: Tensor, *values: Any, **named: Any) -> Any:
    """Return elements of one tensor or another; of a condition alone, the indices where it holds."""
    if not values and not named:
        return discrete.nonzero(condition, as_tuple=True)
    if not values and "input" in named:
        values = (named.pop("input"),)
    return spellings.TORCH["where"](condition, *values, **named)


def method_where(self: Tensor, condition: Tensor, other: Any) -> Any:
    """Return own elements where the condition holds, else the other's."""
    return spellings.TORCH["where"](condition, self, other)


method_where.__name__ = "where"


def polar(abs: Tensor, angle: Tensor) -> Any:
    """Return complex numbers of sizes and angles."""
    return ops.polar(abs, angle)


def complex_of(real: Tensor, imag: Tensor) -> Any:
    """Return complex numbers of two parts."""
    return ops.complex(real, imag)


def view_as_real(input: Tensor) -> Any:
    """Return complex numbers as pairs of real ones (…, 2), as a view. Raise RuntimeError for real numbers."""
    return ops.view_as_real(input)


def view_as_complex(input: Tensor) -> Any:
    """Return pairs of real numbers (…, 2) as complex ones. Raise RuntimeError for other shapes, and for integers."""
    if input.scalar_type.kind != "f":
        raise RuntimeError("view_as_complex is only supported for half, float and double tensors, but got a tensor of scalar type: "
                           f"{errors.dtype_name(input.scalar_type)}")
    if not input.ndim:
        raise RuntimeError("Input tensor must have one or more dimensions")
    if input.sizes[-1] != 2:
        raise RuntimeError("Tensor must have a last dimension of size 2")
    return ops.view_as_complex(input)


def detach(input: Tensor) -> Tensor:
    """Return a view without a history."""
    return input.detach()


# Memory.
def fill_diagonal_(self: Tensor, fill_value: Any, wrap: bool = False) -> Tensor:
    """Write one value on the main diagonal; of a tall matrix, with `wrap`, on those that follow after a free row too."""
    if self.ndim < 2:
        raise RuntimeError("dimensions must larger than 1")
    if self.ndim > 2 and len(set(self.sizes)) > 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    steps, length = self.stride(), min(self.sizes)  # type: ignore[attr-defined]
    start = self.storage_offset()  # type: ignore[attr-defined]
    ops.as_strided(self, (length,), (sum(steps),), start).fill_(fill_value)
    height, width = self.sizes[:2]
    if self.ndim == 2 and wrap and height > width + 1:
        more = -(-self.numel() // (width + 1)) - length
        ops.as_strided(self, (more,), (sum(steps),), start + steps[0] * (width + 1)).fill_(fill_value)
    return self


def empty_strided(size: Any, stride: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a tensor (zero here) whose neighbours along each dim lie `stride` elements apart. Raise RuntimeError for too many bytes."""
    if len(size) != len(stride):
        raise RuntimeError(f"mismatch in length of strides and shape: {len(stride)} and {len(size)}")
    kind = dtypes.as_numpy(dtype or dtypes.default())
    needed = 0 if 0 in size else 1 + sum([(n - 1) * s for n, s in zip(size, stride, strict=True)])
    discrete.check_bytes(needed * kind.itemsize)
    memory = np.zeros(max(needed, 1), kind)
    out = make(np.ndarray(tuple(size), kind, memory, 0, tuple([s * kind.itemsize for s in stride])), None)
    out.requires_grad = requires_grad
    return out


def new_empty_strided(self: Tensor, size: Any, stride: Any, *, dtype: Any = None, device: Any = None,
                      requires_grad: bool = False) -> Tensor:
    """Return a tensor (zero here) of the same dtype, with strides."""
    return empty_strided(size, stride, dtype=dtype or self.array.dtype, requires_grad=requires_grad)


TORCH: dict[str, Function] = {f.__name__: f for f in (
    cov, corrcoef, vander, broadcast_tensors, broadcast_shapes, chain_matmul, where, polar, detach, empty_strided)}
TORCH |= {"complex": complex_of, "view_as_real": view_as_real, "view_as_complex": view_as_complex}
METHODS: dict[str, Function] = {"cov": cov, "corrcoef": corrcoef, "where": method_where, "fill_diagonal_": fill_diagonal_,
                                "new_empty_strided": new_empty_strided}
