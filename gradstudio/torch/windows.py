"""Window functions of signal processing: bell shapes of a length, periodic (the last step left out) or symmetric.

All but kaiser_window are computed step by step in their dtype, as PyTorch does (aten/src/ATen/native/TensorFactories.cpp), so that they
have its bits.
"""
from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradstudio.engine import dtypes, errors
from gradstudio.engine.numerics import accurate
from gradstudio.engine.tensor import Tensor
from gradstudio.torch.creation import finished

Array = np.ndarray[Any, Any]
Shape = Callable[[Array, int], Any]  # of the steps from 0 on, and the number of the last one


def shaped(name: str, shape: Shape, length: int, periodic: bool, dtype: Any, requires_grad: bool) -> Tensor:
    """Return a window. Raises RuntimeError in PyTorch's words for a negative length, and a dtype that is no float."""
    wanted = dtypes.default() if dtype is None else dtypes.as_numpy(dtype)
    if wanted.kind != "f":
        raise RuntimeError(f"{name} expects floating point dtypes, got: TensorOptions(dtype={errors.c_name(wanted)}, device=cpu, "
                           "layout=Strided (default), requires_grad=false (default), pinned_memory=false, memory_format=(nullopt))")
    if length < 0:
        raise RuntimeError(f"{name} requires non-negative window_length, got window_length={length}")
    if length <= 1:
        return finished(np.ones(length, wanted), None, requires_grad)
    steps = np.arange(length + periodic).astype(wanted)
    return finished(shape(steps, len(steps) - 1)[:length], wanted, requires_grad)


def cosine(steps: Array, last: int, turns: float) -> Any:
    """Return the cosines of so many turns."""
    return accurate.cos(steps * steps.dtype.type(math.pi / last) * steps.dtype.type(2 * turns))


def raised(alpha: float, beta: float) -> Shape:
    """Return alpha − beta·cos."""
    def shape(steps: Array, last: int) -> Any:
        kind = steps.dtype.type
        return accurate.cos(steps * kind(math.pi * 2 / last)) * kind(-beta) + kind(alpha)

    return shape


def two_cosines(steps: Array, last: int) -> Any:
    kind = steps.dtype.type
    return cosine(steps, last, 2) * kind(0.08) - cosine(steps, last, 1) * kind(0.5) + kind(0.42)


def triangle(steps: Array, last: int) -> Any:
    rise = steps * steps.dtype.type(2 / last)
    return np.where(steps > last >> 1, steps.dtype.type(2) - rise, rise)


def hann_window(window_length: int, periodic: bool = True, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Return half a turn of a cosine, from 0 to 1 and back."""
    return shaped("hann_window", raised(0.5, 0.5), window_length, periodic, dtype, requires_grad)


def hamming_window(window_length: int, periodic: bool = True, alpha: float = 0.54, beta: float = 0.46, *, dtype: Any = None,
                   device: Any = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Return alpha − beta·cos, which does not begin at 0."""
    return shaped("hamming_window", raised(alpha, beta), window_length, periodic, dtype, requires_grad)


def blackman_window(window_length: int, periodic: bool = True, *, dtype: Any = None, device: Any = None,
                    requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Return a narrower bell, of two cosines."""
    return shaped("blackman_window", two_cosines, window_length, periodic, dtype, requires_grad)


def bartlett_window(window_length: int, periodic: bool = True, *, dtype: Any = None, device: Any = None,
                    requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Return a triangle."""
    return shaped("bartlett_window", triangle, window_length, periodic, dtype, requires_grad)


def kaiser_window(window_length: int, periodic: bool = True, beta: float = 12.0, *, dtype: Any = None, device: Any = None,
                  requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Return a bell of Bessel functions, the narrower the larger beta is."""

    def shape(steps: Array, last: int) -> Any:
        return np.i0(beta * np.sqrt(np.maximum(1 - (2 * steps.astype(np.float64) / last - 1) ** 2, 0))) / np.i0(beta)

    return shaped("kaiser_window", shape, window_length, periodic, dtype, requires_grad)


FUNCTIONS = {f.__name__: f for f in (hann_window, hamming_window, blackman_window, bartlett_window, kaiser_window)}
