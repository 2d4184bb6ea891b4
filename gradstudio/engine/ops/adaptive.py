"""Adaptive pooling: the mean of as many parts as wanted, over one, two and three dims. Category reduction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.op import Attr, Input, Op, Sample, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.pooling import FACE, LINE, row, single
from gradstudio.engine.ops.resampling import Weights, all_dims, counts, shares
from gradstudio.engine.ops.sliding import Sizes

Array = np.ndarray[Any, Any]


def parts(sizes: Sizes, out: Sizes) -> tuple[list[Weights], Array]:
    """Return which places each part has, dim by dim, and how many they are."""
    many: Any = 1
    for n, q in zip(sizes, out, strict=True):
        many = np.multiply.outer(many, counts(n, q))
    return [shares(n, q) for n, q in zip(sizes, out, strict=True)], many


def adaptive_pool(x: Array, output_size: Sizes) -> Array:
    how, many = parts(x.shape[-len(output_size):], output_size)
    found: Array = all_dims(x, output_size, how) / many.astype(x.dtype)
    return found


def adaptive_pool_backward(g: Array, x: Array, k: int) -> Array:
    how, many = parts(x.shape[-k:], g.shape[-k:])
    return all_dims(g / many.astype(g.dtype), x.shape[-k:], [by.turned() for by in how])


def adaptive_rows(k: int) -> tuple[Op, Op]:
    """Return the hidden rows of adaptive averages over two or three dims, and of their backward."""
    name = f"adaptive_avg_pool{k}d_parts"
    back = f"{name}_backward"

    def vjp(g: Any, x: Any) -> Any:
        return getattr(ops, back)(g, x)

    def second(g: Any, grad_output_shape: Any) -> Any:
        return getattr(ops, name)(g, grad_output_shape[-k:])

    return (Op(back, (Input("grad_output", second), Input("x", lambda g: ops.zeros_like(g))), lambda g, x: adaptive_pool_backward(g, x, k),
               node_name=f"AdaptiveAvgPool{k}DBackwardBackward0", hidden=True),
            Op(name, (Input("x", vjp),), adaptive_pool, node_name=f"AdaptiveAvgPool{k}DBackward0",
               attrs=(Attr("output_size", "sizes"),), hidden=True))


def adaptive(k: int) -> Callable[..., Any]:
    """Return adaptive_avg_pool2d or adaptive_avg_pool3d."""
    name = f"adaptive_avg_pool{k}d"

    def pool(x: Any, output_size: Any = 1) -> Any:
        rank, wanted = len(x.sizes), output_size
        if isinstance(wanted, list | tuple) and rank <= len(wanted):
            raise ValueError(f"Input dimension should be at least {len(wanted) + 1}")
        given = [wanted] * k if isinstance(wanted, int) or wanted is None else list(wanted)
        if len(given) != k:
            raise RuntimeError(f"{name}: output_size must be {k}")
        out = tuple([n if q is None else q for n, q in zip(x.sizes[-k:], given, strict=False)])
        if min(out) < 0:
            raise RuntimeError(f"{name}: elements of output_size must be greater than or equal to 0 but received "
                               f"{{{', '.join(map(str, out))}}}")
        if out == (1,) * k:
            return ops.mean(x, tuple(range(-1, -k - 1, -1)), True)
        if rank not in (k + 1, k + 2):
            raise RuntimeError(f"{name}(): Expected {k + 1}D or {k + 2}D tensor, but got {errors.size(x.sizes)}")
        for i in range(-k - 1, 0):
            if not x.sizes[i]:
                raise RuntimeError(f"{name}(): Expected input to have non-zero size for non-batch dimensions, but input has sizes "
                                   f"{errors.size(x.sizes)} with dimension {rank + i} being empty")
        if x.scalar_type.kind != "f":
            raise errors.lacking(name, x.scalar_type)
        return getattr(ops, f"{name}_parts")(x, out)

    return pool


def adaptive_avg_pool1d(x: Any, output_size: Any = 1) -> Any:
    if len(x.sizes) not in (2, 3):
        raise RuntimeError(f"Expected 2 to 3 dimensions, but got {len(x.sizes)}-dimensional tensor for argument #1 'self' (while checking "
                           "arguments for adaptive_avg_pool1d)")
    return ops.squeeze(ops.adaptive_avg_pool2d(ops.unsqueeze(x, -2), (1, single("adaptive_avg_pool1d", "output_size", output_size))), -2)


register(*adaptive_rows(2), *adaptive_rows(3))
register(
    row("adaptive_avg_pool2d", adaptive(2), "1 / size of a part", "The mean of each of as many parts as wanted.",
        (Attr("output_size", "sizes", 1, "How many parts a dim; None for as many as there are.", required=True),),
        (Sample((FACE,), {"output_size": (3, 2)}), Sample((FACE[0],), {"output_size": 1}), Sample((FACE,), {"output_size": 7}),
         Sample((FACE,), {"output_size": (None, 2)})),
        (Sample((FACE,), {"output_size": (-1, 2)}, "adaptive_avg_pool2d: elements of output_size must be greater than or equal to 0"),)),
    row("adaptive_avg_pool1d", adaptive_avg_pool1d, "1 / size of a part", "The mean of each of as many parts as wanted.",
        (Attr("output_size", "sizes", 1, "How many parts.", required=True),),
        (Sample((LINE,), {"output_size": 3}), Sample((LINE[0],), {"output_size": 1})),
        (Sample((LINE[0, 0],), {"output_size": 2}, "Expected 2 to 3 dimensions, but got 1-dimensional tensor"),)),
    row("adaptive_avg_pool3d", adaptive(3), "1 / size of a part", "The mean of each of as many parts as wanted.",
        (Attr("output_size", "sizes", 1, "How many parts a dim; None for as many as there are.", required=True),),
        (Sample((samples.array(1, 2, 3, 2, 4),), {"output_size": 2}),),
        (Sample((FACE[0, 0],), {"output_size": 2}, "adaptive_avg_pool3d(): Expected 4D or 5D tensor, but got [4, 5]"),)),
)
