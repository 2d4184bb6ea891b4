"""Ways to fill a tensor before training; each draws what PyTorch draws and returns the tensor."""
from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from gradstudio.engine import random
from gradstudio.engine.op import ops
from gradstudio.engine.random import Generator
from gradstudio.engine.tensor import Tensor, make
from gradstudio.torch.grad_mode import no_grad

GAINS = {"linear": 1.0, "conv1d": 1.0, "conv2d": 1.0, "conv3d": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": math.sqrt(2.0), "selu": 3 / 4}


def fill(tensor: Tensor, values: Any) -> Tensor:
    """Write an array into a tensor, unseen by autograd."""
    with no_grad():
        tensor.copy_(make(values, None))  # type: ignore[attr-defined]
    return tensor


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with uniform numbers in [a, b)."""
    return fill(tensor, (generator or random.default_generator()).uniform(tensor.array.shape, a, b, tensor.array.dtype))


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with normal numbers."""
    return fill(tensor, (generator or random.default_generator()).normal(tensor.array.shape, mean, std, tensor.array.dtype))


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with one value."""
    with no_grad():
        return tensor.fill_(val)  # type: ignore[attr-defined, no-any-return]


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with zeros."""
    return constant_(tensor, 0.0)


def ones_(tensor: Tensor) -> Tensor:
    """Fill with ones."""
    return constant_(tensor, 1.0)


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """Return the factor that keeps the scale of signals through an activation. Raise ValueError for an unknown one."""
    if nonlinearity == "leaky_relu":
        return math.sqrt(2.0 / (1 + (0.01 if param is None else param) ** 2))
    if nonlinearity not in GAINS:
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}")
    return GAINS[nonlinearity]


def fans(tensor: Tensor) -> tuple[int, int]:
    """Return how many inputs and outputs each unit has. Raise ValueError for less than two dims."""
    shape = tensor.array.shape
    if len(shape) < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field


def _kaiming(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    return calculate_gain(nonlinearity, a) / math.sqrt(fans(tensor)[mode == "fan_out"])


def kaiming_uniform_(tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu",
                     generator: Generator | None = None) -> Tensor:
    """Fill as He and others advise, with uniform numbers."""
    bound = math.sqrt(3.0) * _kaiming(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu",
                    generator: Generator | None = None) -> Tensor:
    """Fill as He and others advise, with normal numbers."""
    return normal_(tensor, 0.0, _kaiming(tensor, a, mode, nonlinearity), generator)


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill as Glorot and Bengio advise, with uniform numbers."""
    bound = math.sqrt(3.0) * (gain * math.sqrt(2.0 / float(sum(fans(tensor)))))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill as Glorot and Bengio advise, with normal numbers."""
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / float(sum(fans(tensor)))), generator)


def matrix(tensor: Tensor) -> None:
    """Raise ValueError for what is no matrix."""
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")


def eye_(tensor: Tensor) -> Tensor:
    """Fill a matrix with the identity."""
    matrix(tensor)
    return fill(tensor, np.eye(*tensor.array.shape, dtype=tensor.array.dtype))


def trunc_normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0,
                  generator: Generator | None = None) -> Tensor:
    """Fill with normal numbers within [a, b]: those outside are drawn again; where few lie inside, uniform ones are kept by chance."""
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn("mean is more than 2 std from [a, b] in nn.init.trunc_normal_. The distribution of values may be incorrect.",
                      UserWarning, stacklevel=3)
    stream, shape, dtype = generator or random.default_generator(), tensor.sizes, tensor.scalar_type
    inside = (math.erf((b - mean) / std / math.sqrt(2.0)) - math.erf((a - mean) / std / math.sqrt(2.0))) / 2.0
    if inside <= 0.3:
        return fill(tensor, _kept_by_chance(stream, shape, dtype, mean, std, a, b))
    low, high = dtype.type(a), dtype.type(b)
    values = stream.normal(shape, mean, std, dtype)
    while (outside := (values < low) | (values > high)).any():
        values = np.where(outside, stream.normal(shape, mean, std, dtype), values)
    return fill(tensor, values)


def _kept_by_chance(stream: Generator, shape: tuple[int, ...], dtype: Any, mean: float, std: float, a: float, b: float) -> Any:
    """Return uniform numbers in [a, b), each kept with a chance in proportion to the normal density there, else drawn again."""
    peak = -0.5 * ((max(a, min(mean, b)) - mean) / std) ** 2
    values, refused = np.zeros(shape, dtype), np.ones(shape, bool)
    while refused.any():
        drawn = stream.uniform(shape, a, b, dtype)
        values = np.where(refused, drawn, values)
        number = dtype.type
        density = ((drawn - number(mean)) / number(std)) ** 2 * number(-0.5) - number(peak)
        with np.errstate(divide="ignore"):
            refused = refused & (np.log(stream.uniform(shape, 0.0, 1.0, dtype)) > density)
    return values


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """Fill with an orthogonal matrix (the dims after the first taken as one): Q of a normal one (Saxe and others 2013)."""
    if tensor.ndim < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    if not tensor.array.size:
        return tensor
    rows, columns = tensor.sizes[0], math.prod(tensor.sizes[1:])
    drawn = (generator or random.default_generator()).normal((rows, columns), 0.0, 1.0, tensor.scalar_type)
    q, r = [t.array for t in ops.linalg_qr(make(drawn.T if rows < columns else drawn, None), "reduced")]
    q = q * np.sign(np.diagonal(r))
    return fill(tensor, (q.T if rows < columns else q).reshape(tensor.sizes) * tensor.scalar_type.type(gain))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Fill the filters of a convolution so that it passes its input through. Raise ValueError for other tensors."""
    if tensor.ndim not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    sizes = tensor.sizes
    if sizes[0] % groups:
        raise ValueError("dim 0 must be divisible by groups")
    values, each = np.zeros(sizes, tensor.scalar_type), sizes[0] // groups
    channel = np.arange(min(each, sizes[1]))
    for group in range(groups):
        middle: Any = (group * each + channel, channel, *[n // 2 for n in sizes[2:]])
        values[middle] = 1
    return fill(tensor, values)


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """Fill a matrix with normal numbers and set a share of each column to zero."""
    matrix(tensor)
    stream, (rows, columns) = generator or random.default_generator(), tensor.sizes
    values, zeros = stream.normal(tensor.sizes, 0.0, std, tensor.scalar_type), math.ceil(sparsity * rows)
    for column in range(columns):
        values[random.default_generator().randperm(rows)[:zeros], column] = 0
    return fill(tensor, values)


def old_name(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Return a function under its name of old, without the underscore: it warns."""
    new = function.__name__
    old = new.removesuffix("_")

    def deprecated(*args: Any, **named: Any) -> Tensor:
        warnings.warn(f"`nn.init.{old}` is now deprecated in favor of `nn.init.{new}`.", FutureWarning, stacklevel=2)
        return function(*args, **named)

    deprecated.__name__ = deprecated.__qualname__ = old
    deprecated.__doc__ = function.__doc__
    return deprecated


globals().update({function.__name__.removesuffix("_"): old_name(function) for function in (
    uniform_, normal_, constant_, eye_, dirac_, xavier_uniform_, xavier_normal_, kaiming_uniform_, kaiming_normal_, orthogonal_, sparse_)})
