"""Products of batches in one frame: what PyTorch composes of views and one product, with all of its nodes, made at once."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from gradstudio.engine import dtypes, modes
from gradstudio.engine.apply import COMPILED, Made
from gradstudio.engine.gradnode import GradNode, next_seq
from gradstudio.engine.promote import F32, F64
from gradstudio.engine.tensor import INFERENCE, Tensor, make

Array = np.ndarray[Any, Any]
Sizes = tuple[int, ...]
Factor = tuple[Array, list[int], GradNode | None]  # its matrices, the counter of their storage, their place in the graph


def is_plain(x: Tensor, y: Tensor) -> bool:
    """Tell whether two factors are floats of one dtype, neither empty nor of inference mode, and are recorded as they are."""
    dtype = x.scalar_type
    return ((dtype is F32 or dtype is F64) and y.scalar_type is dtype and not dtypes.rare_seen and modes.grad is not modes.PACKED
            and not modes.inference and x.version is not INFERENCE and y.version is not INFERENCE and x.array.size > 0 < y.array.size)


def folded(x: Tensor, y: Tensor) -> Tensor:
    """Return the product of a batch of matrices with one matrix: the batch's rows times it. Both factors are plain."""
    sizes, last = x.sizes[:-1], y.sizes[1]
    left = matrices(x, (prod(sizes), x.sizes[-1]), False)
    return product("mm", left, (y.array, y.version, y.node if modes.grad else None), (*sizes, last))


def batched(x: Tensor, y: Tensor) -> Tensor:
    """Return the products of two batches of the same sizes. Both factors are plain."""
    batch, (n, m), k = x.sizes[:-2], x.sizes[-2:], y.sizes[-1]
    size = prod(batch)
    return product("bmm", matrices(x, (size, n, m), True), matrices(y, (size, m, k), True), (*batch, n, k))


def matrices(x: Tensor, full: Sizes, expanded: bool) -> Factor:
    """Return a factor in the sizes that the product takes, as `expand` (of a batch that has its size) and `reshape` give it."""
    array, sizes, counter = x.array, x.sizes, x.version
    node = x.node if modes.grad else None
    if expanded:
        node = viewing("expand", node, sizes, array.dtype)
    shaped = array.reshape(full)
    if array.flags.c_contiguous:
        return shaped, counter, viewing("view", node, sizes, array.dtype)
    if np.may_share_memory(shaped, array):
        return shaped, counter, viewing("reshape_alias", node, sizes, array.dtype)
    return shaped, [0], viewing("unsafe_view", viewing("clone", node, sizes, array.dtype), sizes, array.dtype)  # the strides allow no view


def viewing(row: str, node: GradNode | None, sizes: Sizes, dtype: np.dtype[Any]) -> GradNode | None:
    """Return the node of a row that gives one tensor other sizes; None where there is nothing to record."""
    if node is None:
        return None
    made = VIEWS[row]()
    made.seq, made.edges, made.g, made.into = next_seq(), (node,), None, ((sizes, dtype),)
    made.kept, made.rest = (), (sizes,)
    return made


VIEWS = Made(lambda op: COMPILED[op.name].plan((True,), True).node_type)  # the node types of rows that give one tensor other sizes


def product(row: str, left: Factor, right: Factor, sizes: Sizes) -> Tensor:
    """Multiply, and give the result its sizes."""
    (a, v, e), (b, w, f) = left, right
    out = a.dot(b) if row == "mm" else np.matmul(a, b)
    if e is None and f is None:
        return make(out.reshape(sizes), None)
    n = COMPILED[row].plan((e is not None, f is not None), True).node_type()
    n.seq, n.edges, n.g = next_seq(), (e, f), None
    n.into = (e and (a.shape, a.dtype), f and (b.shape, b.dtype))
    n.kept = (a, b, v, w, v[0], w[0]) if e is not None and f is not None else (a, v, v[0]) if e is None else (b, w, w[0])
    n.rest = ()
    return make(out.reshape(sizes), viewing("unsafe_view", n, out.shape, out.dtype))
