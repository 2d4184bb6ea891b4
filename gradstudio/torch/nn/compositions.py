"""Functions of `nn.functional` that are more than one row: gumbel_softmax, normalisations, embeddings, p-norm pools."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradstudio.engine import random
from gradstudio.engine.inplace import mutating
from gradstudio.engine.op import ops
from gradstudio.engine.tensor import Tensor, make
from gradstudio.torch import creation
from gradstudio.torch.grad_mode import no_grad

rrelu_write = mutating("rrelu_with_noise")


def gumbel_softmax(logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Any:
    """Draw from the Gumbel-softmax distribution (Jang et al. 2017). Hard: a one-hot result with the gradient of the soft one."""
    noise = make(np.asarray(-np.log(random.default_generator().exponential(logits.sizes, 1.0, logits.scalar_type))), None)
    soft = ops.softmax(ops.div(ops.add(logits, noise), tau), dim)
    if not hard:
        return soft
    _, index = ops.max_dim(soft, dim, True)
    chosen = ops.zeros_like(soft.detach()).scatter_(dim, index, 1.0)
    return ops.add(ops.sub(chosen, soft.detach()), soft)


def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Any:
    """Divide each element by (k + alpha · mean of the squares in `size` channels)^beta. Raise ValueError for fewer than 3 dims."""
    if input.ndim < 3:
        raise ValueError(f"Expected 3D or higher dimensionality                          input (got {input.ndim} dimensions)")
    if not input.array.size:
        return input
    squares = ops.unsqueeze(ops.mul(input, input), 1)
    before, after = size // 2, (size - 1) // 2
    if input.ndim == 3:
        sums = ops.squeeze(ops.avg_pool2d(ops.pad(squares, (0, 0, before, after)), (size, 1), 1), 1)
    else:
        n, c, h = input.sizes[:3]
        lines = ops.view(ops.mul(input, input), (n, 1, c, h, -1))
        sums = ops.squeeze(ops.avg_pool3d(ops.pad(lines, (0, 0, 0, 0, before, after)), (size, 1, 1), 1), 1)
        sums = ops.view(sums, input.sizes)
    return ops.div(input, ops.pow(ops.add(ops.mul(sums, alpha), k), beta))


def rrelu(input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False) -> Any:
    """Return x where it is positive, else a multiple: drawn from [lower, upper) in training, else the middle of both."""
    if lower > upper:
        raise RuntimeError(f"Lower bound should be less than or equal to the upper bound, but got lower={lower} and upper={upper}")
    slopes = np.ones(input.sizes, input.scalar_type)
    low = input.array <= 0
    count = int(np.count_nonzero(low))
    slopes[low] = random.default_generator().uniform((count,), lower, upper, np.float64) if training else (lower + upper) / 2
    factor = make(slopes, None)
    return rrelu_write(input, factor) if inplace else ops.rrelu_with_noise(input, factor)


def embedding(input: Tensor, weight: Tensor, padding_idx: int | None = None, max_norm: float | None = None, norm_type: float = 2.0,
              scale_grad_by_freq: bool = False, sparse: bool = False) -> Any:
    """Return the rows of weight that the integers name; with max_norm, longer ones among them are shortened in place first.

    Raises AssertionError for a padding_idx outside of weight, NotImplementedError for gradients scaled by frequency and sparse ones.
    """
    if padding_idx is not None:
        rows = weight.sizes[0]
        if not -rows <= padding_idx < rows:
            raise AssertionError("Padding_idx must be within num_embeddings")
        padding_idx %= rows
    if scale_grad_by_freq or sparse:
        raise NotImplementedError("embedding with scale_grad_by_freq or sparse gradients is not here")
    if max_norm is not None:
        with no_grad():
            shorten(weight, input, max_norm, norm_type)
    return ops.embedding(input, weight, padding_idx)


def shorten(weight: Tensor, indices: Tensor, longest: float, norm_type: float) -> None:
    """Scale rows of weight that are named, and longer than the longest, down to that length, in place."""
    array = weight.array
    for row in np.unique(indices.array).tolist():
        length = float(np.linalg.norm(array[row], norm_type))
        if length > longest:
            array[row] *= array.dtype.type(longest / (length + 1e-7))
    weight.version[0] += 1


def lp_pool1d(input: Tensor, norm_type: float, kernel_size: int | tuple[int], stride: Any = None, ceil_mode: bool = False) -> Any:
    """Return the p-norms of windows of the last dim: the p-th root of the sum of p-th powers."""
    size = kernel_size if isinstance(kernel_size, int) else kernel_size[0]
    means = ops.avg_pool1d(ops.pow(input, norm_type), kernel_size, stride, 0, ceil_mode)
    return rooted(means, size, norm_type)


def lp_pool2d(input: Tensor, norm_type: float, kernel_size: int | tuple[int, int], stride: Any = None, ceil_mode: bool = False) -> Any:
    """Return the p-norms of windows of the last two dims."""
    height, width = (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size
    means = ops.avg_pool2d(ops.pow(input, norm_type), kernel_size, stride, 0, ceil_mode)
    return rooted(means, height * width, norm_type)


def lp_pool3d(input: Tensor, norm_type: float, kernel_size: int | tuple[int, int, int], stride: Any = None,
              ceil_mode: bool = False) -> Any:  # fmt: skip
    """Return the p-norms of windows of the last three dims."""
    depth, height, width = (kernel_size,) * 3 if isinstance(kernel_size, int) else kernel_size
    means = ops.avg_pool3d(ops.pow(input, norm_type), kernel_size, stride, 0, ceil_mode)
    return rooted(means, depth * height * width, norm_type)


def rooted(means: Any, count: int, norm_type: float) -> Any:
    """Return the p-th root of sums, given means over so many."""
    return ops.pow(ops.mul(ops.mul(ops.sign(means), ops.relu(ops.abs(means))), count), 1.0 / norm_type)


def channel_shuffle(input: Tensor, groups: int) -> Any:
    """Interleave groups of channels. Raise RuntimeError for channels that the groups do not divide."""
    if input.ndim <= 2:
        raise RuntimeError(f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(input.sizes)}")
    if groups <= 0:
        raise RuntimeError(f"Number of groups to divide channels in must be positive. Value of groups:{groups}")
    n, channels, *rest = input.sizes
    if channels % groups:
        raise RuntimeError(f"Number of channels must be divisible by groups. Got {channels} channels and {groups} groups.")
    parts = ops.transpose(ops.view(input, (n, groups, channels // groups, *rest)), 1, 2)
    return ops.reshape(ops.contiguous(parts), input.sizes)


def embedding_bag(input: Tensor, weight: Tensor, offsets: Tensor | None = None, max_norm: float | None = None, norm_type: float = 2,
                  scale_grad_by_freq: bool = False, mode: str = "mean", sparse: bool = False, per_sample_weights: Tensor | None = None,
                  include_last_offset: bool = False, padding_idx: int | None = None) -> Any:
    """Return the sum, mean or largest of the rows of weight that each bag names: rows of input, or what lies between offsets.

    Raises ValueError for shapes and modes that do not fit, NotImplementedError for max_norm and sparse gradients.
    """
    indices: Any = input
    factors: Any = per_sample_weights
    if factors is not None and factors.sizes != indices.sizes:
        raise ValueError(f"embedding_bag: If per_sample_weights ({factors.shape}) is not None, then it must have the same shape as the "
                         f"input ({indices.shape})")
    if weight.ndim != 2:
        raise ValueError(f"weight has to be a 2D Tensor, but got Tensor of dimension {weight.ndim}")
    if indices.ndim not in (1, 2):
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {indices.ndim}")
    if indices.ndim == 2:
        if offsets is not None:
            raise ValueError("if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length sequences. "
                             f"However, found offsets of type {type(offsets)}")
        starts, include_last_offset = creation.arange(0, indices.numel(), indices.sizes[1]), False
        indices, factors = ops.reshape(indices, (-1,)), None if factors is None else ops.reshape(factors, (-1,))
    elif offsets is None or offsets.ndim != 1:
        raise ValueError("offsets has to be a 1D Tensor" + (" but got None" if offsets is None else ""))
    else:
        starts = offsets
    check_mode(mode, max_norm, sparse, factors is not None)
    padding = -1 if padding_idx is None else padding_idx % weight.sizes[0]
    return ops.embedding_bag(weight, indices, starts, factors, mode, padding, include_last_offset, scale_grad_by_freq)


def check_mode(mode: str, max_norm: float | None, sparse: bool, weighed: bool) -> None:
    """Raise ValueError for an unknown mode, NotImplementedError for what is not here and for weights of a mean."""
    if mode not in ("sum", "mean", "max"):
        raise ValueError("mode has to be one of sum, mean or max")
    if max_norm is not None or sparse:
        raise NotImplementedError("embedding_bag with max_norm or sparse gradients is not here")
    if weighed and mode != "sum":
        raise NotImplementedError("embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' "
                                  f"(got mode='{mode}'). Please open a feature request on GitHub.")


FUNCTIONS: dict[str, Callable[..., Any]] = {f.__name__: f for f in (
    channel_shuffle, embedding, embedding_bag, gumbel_softmax, lp_pool1d, lp_pool2d, lp_pool3d, local_response_norm, rrelu)}
