"""Functions whose float32 results, values and gradients, have PyTorch's bits as long as there are few: made of `torch` and `F`."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha1
from typing import Any

import numpy as np

ROWS = (4, 10)
Draw = Callable[[Any, int], Any]


def line(rng: Any, n: int) -> Any:
    return rng.standard_normal(5 * n)


def short(rng: Any, n: int) -> Any:
    return rng.standard_normal(2 * n)


def share(rng: Any, n: int) -> Any:
    return rng.random(5 * n) * 0.9 + 0.05


def rows(*shape: int) -> Draw:
    return lambda rng, n: rng.standard_normal((n, *shape))


def cases(torch: Any, f: Any) -> dict[str, tuple[list[Draw], Callable[..., Any]]]:
    """Return for each case how its operands are drawn, and the function."""
    found: dict[str, tuple[list[Draw], Callable[..., Any]]] = {}
    found["tanh"] = ([short], torch.tanh)
    for name in ("sigmoid", "square", "reciprocal"):
        found[name] = ([line], getattr(torch, name))
    for name in ("silu", "relu", "leaky_relu", "hardswish", "hardsigmoid", "hardtanh", "softsign"):
        found[name] = ([line], getattr(f, name))
    for name in ("sum", "mean", "var", "std"):
        found[name] = ([line], getattr(torch, name))
        for dim in (0, 1):
            found[f"{name} {dim}"] = ([rows(7)], lambda x, name=name, dim=dim: getattr(torch, name)(x, dim=dim))
    for dim in (0, 1):
        for name in ("softmax", "log_softmax", "cumsum", "cumprod"):
            if (name, dim) != ("log_softmax", 0):  # its logarithm is the maths library's
                found[f"{name} {dim}"] = ([rows(7)], lambda x, name=name, dim=dim: getattr(torch, name)(x, dim))
        found[f"norm {dim}"] = ([rows(7)], lambda x, dim=dim: torch.norm(x, dim=dim))
    found["lerp"] = ([line, line, share], torch.lerp)
    found["addcmul"] = ([line, line, line], lambda x, y, z: torch.addcmul(x, y, z, value=0.3))
    found["addcdiv"] = ([line, line, share], torch.addcdiv)
    for way in ("mean", "sum"):
        for name in ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"):
            found[f"{name} {way}"] = ([line, line], lambda x, y, name=name, way=way: getattr(f, name)(x, y, reduction=way))
        found[f"binary_cross_entropy {way}"] = ([share, share], lambda x, y, way=way: f.binary_cross_entropy(x, y.detach(), reduction=way))
    found["cross_entropy"] = ([rows(5)], lambda x: f.cross_entropy(x, torch.arange(x.shape[0]) % 5))
    found["nll_loss"] = ([rows(5)], lambda x: f.nll_loss(x, torch.arange(x.shape[0]) % 5))
    found["cosine_similarity"] = ([rows(7), rows(7)], f.cosine_similarity)
    found["pairwise_distance"] = ([rows(7), rows(7)], f.pairwise_distance)
    found["normalize"] = ([rows(7)], f.normalize)
    found["layer_norm"] = ([rows(7)], lambda x: f.layer_norm(x, (7,)))
    found["layer_norm wide"] = ([rows(11), lambda rng, n: rng.standard_normal(11), lambda rng, n: rng.standard_normal(11)],
                                lambda x, w, b: f.layer_norm(x, (11,), w, b))
    for shape in ((7,), (9,), (3, 4)):
        each = [rows(*shape), *[lambda rng, n, c=shape[0]: rng.standard_normal(c)] * 2]
        found[f"batch_norm {shape}"] = (each, lambda x, w, b: f.batch_norm(x, None, None, w, b, training=True))
    found["group_norm"] = ([rows(4, 3)], lambda x: f.group_norm(x.detach(), 2))  # its gradient is composed otherwise
    found["bias"] = ([rows(7), lambda rng, n: rng.standard_normal(7)], lambda x, b: x + b)
    found["scale"] = ([rows(7), lambda rng, n: rng.standard_normal((n, 1))], lambda x, b: x * b)
    return found


def digests(torch: Any, draws: list[Draw], function: Callable[..., Any], n: int) -> list[str]:
    """Return digests of the bits of a result and of the gradients of its operands."""
    rng = np.random.default_rng(7)
    operands = [torch.tensor(draw(rng, n).astype("float32"), requires_grad=True) for draw in draws]
    out = function(*operands)
    if out.requires_grad:
        out.backward(torch.tensor(rng.standard_normal(tuple(out.shape)).astype("float32")))
    found = [out.detach().numpy(), *[x.grad.numpy() for x in operands if x.grad is not None]]
    return [sha1((a + np.float32(0)).tobytes(), usedforsecurity=False).hexdigest()[:12] for a in found]
