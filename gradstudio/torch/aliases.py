"""Second names of rows, and functions that PyTorch itself composes of others without a row of their own."""
from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from gradstudio.engine import errors
from gradstudio.engine.dims import dim_of
from gradstudio.engine.op import ops
from gradstudio.engine.tensor import Tensor
from gradstudio.torch import composed, hidden
from gradstudio.torch.spellings import METHODS, TORCH

Function = Callable[..., Any]
# new name: name of the row's function
SECOND = {"multiply": "mul", "subtract": "sub", "divide": "div", "true_divide": "div", "negative": "neg", "absolute": "abs",
          "concat": "cat", "concatenate": "cat", "swapaxes": "transpose", "swapdims": "transpose", "greater": "gt",
          "greater_equal": "ge", "less": "lt", "less_equal": "le", "not_equal": "ne", "clip": "clamp", "arcsin": "asin",
          "arccos": "acos", "arctan": "atan", "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh", "arctan2": "atan2",
          "fix": "trunc", "moveaxis": "movedim", "ger": "outer"}
# functions of `torch` that `torch.nn.functional` has too
SHARED = ("relu", "tanh", "sigmoid", "softmax", "log_softmax", "selu", "celu", "rrelu", "prelu", "hardshrink", "threshold", "pixel_shuffle",
          "pixel_unshuffle", "cosine_similarity", "pairwise_distance", "pdist", "conv1d", "conv2d", "conv3d", "embedding", "layer_norm",
          "batch_norm", "group_norm", "bilinear", "gelu", "softplus", "max_pool1d", "max_pool2d", "avg_pool1d")


def T(self: Tensor) -> Any:  # noqa: N802
    """Return the tensor with its dims in reverse order."""
    return ops.permute(self, tuple(range(self.ndim))[::-1])


def mT(self: Tensor) -> Any:  # noqa: N802
    """Return the tensor with its last two dims swapped (a number as it is). Raise RuntimeError for a vector."""
    if not self.ndim:
        warnings.warn("Tensor.mT is deprecated on 0-D tensors. This function is the identity in these cases.", UserWarning, stacklevel=2)
        return self
    if self.ndim < 2:
        raise RuntimeError(f"tensor.mT is only supported on matrices or batches of matrices. Got {self.ndim}-D tensor.")
    return ops.transpose(self, -2, -1)


def view_as(self: Tensor, other: Tensor) -> Any:
    """Return a view in the shape of another tensor."""
    return ops.view(self, other.sizes)


def reshape_as(self: Tensor, other: Tensor) -> Any:
    """Return the tensor in the shape of another."""
    return ops.reshape(self, other.sizes)


def expand_as(self: Tensor, other: Tensor) -> Any:
    """Return the tensor expanded to the shape of another."""
    return ops.expand(self, other.sizes)


def ravel(input: Tensor) -> Any:
    """Return the elements in one dim."""
    return ops.reshape(input, (-1,))


def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Any:
    """Return the tensor with one dim split into several. Raise RuntimeError if their sizes do not multiply to its own."""
    at, wanted = dim_of(dim, input.ndim), list(sizes)
    known = 1
    for n in wanted:
        known *= n if n != -1 else 1
    if -1 in wanted:
        wanted[wanted.index(-1)] = input.sizes[at] // known if known else 0
    elif known != input.sizes[at]:
        raise RuntimeError(f"unflatten: Provided sizes {errors.size(sizes)} don't multiply up to the size of dim {at} ({input.sizes[at]}) "
                           "in the input tensor")
    return ops.view(input, (*input.sizes[:at], *wanted, *input.sizes[at + 1:]))


def atleast(rank: int, input: Tensor) -> Any:
    """Return a tensor with dims of size 1 put before it (and, in three dims, behind it)."""
    if rank == 3 and input.ndim == 2:
        return ops.unsqueeze(input, 2)
    if not input.ndim:
        return ops.view(input, (1,) * rank)
    while input.ndim < rank:
        input = ops.unsqueeze(input, 0 if input.ndim != 2 else 2)
    return input


def _atleast(rank: int) -> Function:
    def one_or_many(*tensors: Any) -> Any:
        if len(tensors) == 1 and isinstance(tensors[0], Tensor):
            return atleast(rank, tensors[0])
        listed = tensors[0] if len(tensors) == 1 else tensors
        return tuple([atleast(rank, t) for t in listed])

    return one_or_many


def vstack(tensors: Sequence[Tensor]) -> Any:
    """Join tensors along the first dim, vectors as rows."""
    return ops.cat([atleast(2, t) for t in tensors], 0)


def hstack(tensors: Sequence[Tensor]) -> Any:
    """Join tensors along the second dim, vectors along their only one."""
    listed = [atleast(1, t) for t in tensors]
    return ops.cat(listed, 0 if listed[0].ndim == 1 else 1)


def dstack(tensors: Sequence[Tensor]) -> Any:
    """Join tensors along the third dim."""
    return ops.cat([atleast(3, t) for t in tensors], 2)


def column_stack(tensors: Sequence[Tensor]) -> Any:
    """Join tensors along the second dim, vectors as columns."""
    return hstack([ops.reshape(t, (t.numel(), 1)) if t.ndim <= 1 else t for t in tensors])


def positive(input: Tensor) -> Tensor:
    """Return the tensor itself. Raise RuntimeError for bools."""
    if input.array.dtype.kind == "b":
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


COMPOSED: dict[str, Function] = {f.__name__: f for f in (ravel, unflatten, vstack, hstack, dstack, column_stack, positive)}
COMPOSED |= composed.TORCH
COMPOSED |= {f"atleast_{n}d": _atleast(n) for n in (1, 2, 3)} | {"row_stack": vstack}
ON_TENSORS: dict[str, Function] = {f.__name__: f for f in (view_as, reshape_as, expand_as, ravel, unflatten, positive)} | composed.METHODS
PROPERTIES: dict[str, Function] = {"T": T, "mT": mT, **composed.PROPERTIES}


def second(found: dict[str, Function]) -> dict[str, Function]:
    """Return the second names of those functions that are there."""
    return {new: found[old] for new, old in SECOND.items() if old in found and new not in found}


TORCH_ALIASES = {**hidden.TORCH, **COMPOSED, **second({**hidden.TORCH, **TORCH})}
METHOD_ALIASES = {**hidden.METHODS, **ON_TENSORS, **second({**hidden.METHODS, **METHODS})}
FUNCTIONAL_ALIASES = {**hidden.FUNCTIONAL, **{name: TORCH[name] for name in SHARED if name in TORCH}}
