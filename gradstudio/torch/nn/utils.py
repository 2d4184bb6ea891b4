"""`torch.nn.utils`: clipping gradients, parameters as one vector."""
from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from gradstudio.engine.numerics.summation import total
from gradstudio.engine.op import ops
from gradstudio.engine.tensor import Tensor, make
from gradstudio.torch import creation
from gradstudio.torch.grad_mode import no_grad


def gradients(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    """Return the gradients that are there."""
    listed = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    return [g for p in listed if (g := p.grad) is not None]


def norm(x: Any, p: float) -> Any:
    """Return the p-norm of all elements of an array, in its dtype."""
    sizes = np.abs(x)
    if math.isinf(p):
        return np.asarray(sizes.max() if p > 0 else sizes.min())
    if p == 2:
        return np.asarray(np.sqrt(total(x * x)))
    return np.asarray(total(sizes**x.dtype.type(p)) ** x.dtype.type(1 / p)).astype(x.dtype)


@no_grad()
def clip_grad_norm_(parameters: Tensor | Iterable[Tensor], max_norm: float, norm_type: float = 2.0,
                    error_if_nonfinite: bool = False) -> Any:
    """Scale all gradients down so that their common norm is at most max_norm. Return the norm before."""
    grads = gradients(parameters)
    if not grads:
        return creation.tensor(0.0)
    whole: Any = make(norm(np.array([norm(g.array, norm_type) for g in grads]), norm_type), None)
    if error_if_nonfinite and not np.isfinite(whole.array):
        raise RuntimeError(f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, so it cannot be clipped. "
                           "To disable this error and scale the gradients by the non-finite norm anyway, set `error_if_nonfinite=False`")
    kind = whole.array.dtype.type
    factor = np.minimum(kind(max_norm) / (whole.array + kind(1e-6)), kind(1))
    for g in grads:
        g.mul_(make(np.asarray(factor), None))  # type: ignore[attr-defined]
    return whole


@no_grad()
def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Clamp every element of every gradient."""
    for g in gradients(parameters):
        g.clamp_(min=-clip_value, max=clip_value)  # type: ignore[attr-defined]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Any:
    """Return all parameters as one vector."""
    return ops.cat([p.reshape(-1) for p in parameters], 0)  # type: ignore[attr-defined]


@no_grad()
def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Write one vector into the parameters."""
    start = 0
    for p in parameters:
        p.copy_(vec[start:start + p.numel()].view(p.shape))  # type: ignore[attr-defined]
        start += p.numel()
