"""Dropouts: of elements, of whole channels, and those that keep mean and variance (alpha). They draw what PyTorch draws."""
from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from gradstudio.engine import random
from gradstudio.engine.op import ops
from gradstudio.engine.tensor import Tensor, make

ALPHA = 1.7580993408473766  # what SELU's dropout moves dropped elements to, negative
KINDS = {1: "2D or 3D inputs", 2: "3D or 4D inputs", 3: "4D or 5D inputs"}
DIMS = {1: "1 spatial dimension", 2: "2 spatial dimensions", 3: "3 spatial dimensions"}
AS_VECTORS = ("dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior is desired - input is "
              "interpreted as shape (N, C, L), where C is the channel dim. This behavior will change in a future release to interpret the "
              "input as one without a batch dimension, i.e. shape (C, H, W). To maintain the 1D channel-wise dropout behavior, please "
              "switch to using dropout1d instead.")


def check(p: float) -> None:
    """Raise ValueError for what is no probability."""
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def drawn(input: Tensor, p: float, channels: bool) -> Any:
    """Return ones with probability 1 - p, else zeros: one for each element, or for each of the first two dims."""
    if channels and input.ndim < 2:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    shape = (*input.sizes[:2], *[1] * (input.ndim - 2)) if channels else input.sizes
    return random.default_generator().bernoulli(shape, 1 - p, input.scalar_type)


def times(input: Tensor, factor: Any, inplace: bool) -> Any:
    return input.mul_(factor) if inplace else input * factor  # type: ignore[attr-defined]


def dropped(input: Tensor, p: float, inplace: bool, channels: bool) -> Any:
    """Zero elements or channels with probability p and scale the rest up; with p = 1 nothing is drawn."""
    if p == 1:
        return times(input, make(np.zeros((), input.scalar_type), None), inplace)
    kept = drawn(input, p, channels)
    return times(input, make(np.asarray(kept / kept.dtype.type(1 - p)), None), inplace)


def feature_dropout(input: Tensor, p: float, train: bool, inplace: bool = False) -> Any:
    """Zero each channel of each sample with probability p and scale the rest up."""
    return dropped(input, p, inplace, channels=True) if train and p and input.array.size else input


def words(n: int) -> str:
    """Return why dropouts of n dims want other inputs."""
    return (f"Note that dropout{n}d exists to provide channel-wise dropout on inputs with {DIMS[n]}, a channel dimension, and an optional "
            f"batch dimension (i.e. {KINDS[n]}).")


def warn_rank(n: int, rank: int) -> None:
    warnings.warn(f"dropout{n}d: Received a {rank}-D input to dropout{n}d, which is deprecated and will result in an error in a future "
                  "release. To retain the behavior and silence this warning, please use dropout instead. " + words(n), UserWarning,
                  stacklevel=3)


def batched(input: Tensor, n: int, p: float, training: bool, inplace: bool) -> Any:
    """Drop channels of an input that may lack the batch dim."""
    alone = input.ndim != n + 2
    if alone:
        input = input.unsqueeze_(0) if inplace else ops.unsqueeze(input, 0)  # type: ignore[attr-defined]
    out = feature_dropout(input, p, training, inplace)
    return (out.squeeze_(0) if inplace else ops.squeeze(out, 0)) if alone else out


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Zero whole channels of (N, C, L) or (C, L). Raise RuntimeError for other numbers of dims."""
    check(p)
    if input.ndim not in (2, 3):
        raise RuntimeError(f"dropout1d: Expected 2D or 3D input, but received a {input.ndim}D input. {words(1)}")
    return batched(input, 1, p, training, inplace)


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Zero whole channels of (N, C, H, W); three dims are taken as (N, C, L), with a warning."""
    check(p)
    if input.ndim not in (3, 4):
        warn_rank(2, input.ndim)
    if input.ndim == 3:
        warnings.warn(AS_VECTORS, UserWarning, stacklevel=2)
    return feature_dropout(input, p, training, inplace)


def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Zero whole channels of (N, C, D, H, W) or (C, D, H, W)."""
    check(p)
    if input.ndim not in (4, 5):
        warn_rank(3, input.ndim)
    return batched(input, 3, p, training, inplace)


def moved(input: Tensor, p: float, training: bool, inplace: bool, channels: bool) -> Any:
    """Set elements to SELU's limit with probability p, then scale and shift so that mean 0 and variance 1 stay."""
    check(p)
    if not training or p == 0 or not input.array.size:
        return input
    if p == 1:
        return times(input, make(np.zeros((), input.scalar_type), None), inplace)
    kept = drawn(input, p, channels)
    number = kept.dtype.type
    a = 1 / math.sqrt((ALPHA * ALPHA * p + 1) * (1 - p))
    shift = (kept - number(1)) * number(ALPHA * a) + number(ALPHA * a * p)
    scaled = times(input, make(np.asarray(kept * number(a)), None), inplace)
    return scaled.add_(make(np.asarray(shift), None)) if inplace else scaled + make(np.asarray(shift), None)


def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Any:
    """Drop elements so that mean 0 and variance 1 stay (for SELU)."""
    return moved(input, p, training, inplace, channels=False)


def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Any:
    """Drop whole channels so that mean 0 and variance 1 stay."""
    return moved(input, p, training, inplace, channels=True)


FUNCTIONS = {f.__name__: f for f in (dropout1d, dropout2d, dropout3d, alpha_dropout, feature_alpha_dropout)}
