"""Bags of embeddings: the sum, the mean or the largest of the rows of a table that each bag names. Hidden rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.op import Attr, Input, Op, ops, register
from gradstudio.engine.ops.rounding import none_for

Array = np.ndarray[Any, Any]
ATTRS = (Attr("mode", "choice", "mean", choices=("sum", "mean", "max")), Attr("padding_idx", "int", -1),
         Attr("include_last_offset", "bool", False), Attr("scale_grad_by_freq", "bool", False))


def bag_of(weight: Array, indices: Array, offsets: Array, last: bool) -> tuple[Array, int]:
    """Return the bag of each index, and how many bags there are. Raise RuntimeError in PyTorch's words for offsets and indices."""
    for name, x in (("indices", indices), ("offsets", offsets)):
        if x.dtype.char not in "ilq":
            raise RuntimeError(f"Expected tensor for argument #1 '{name}' to have one of the following scalar types: Long, Int; but got "
                               f"torch.{errors.dtype_name(x.dtype)}Tensor instead (while checking arguments for embedding_bag)")
    if offsets.size and offsets[0]:
        raise RuntimeError("offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. However, got "
                           f"{offsets[0]}")
    if offsets.size and offsets[-1] > indices.size:
        raise RuntimeError(f"offsets[-1] can not be greater than input's length {indices.size} but got offsets[-1] of {offsets[-1]}")
    wrong = np.flatnonzero((indices < 0) | (indices >= len(weight)))
    if wrong.size:
        raise RuntimeError(f"Index {wrong[0]} of input takes value {indices[wrong[0]]} which is not in the valid range [0, {len(weight)})")
    starts = offsets[:-1] if last else offsets
    return np.searchsorted(starts, np.arange(indices.size), "right") - 1, starts.size


def used(indices: Array, bags: Array, count: int, padding: int) -> tuple[Array, Array]:
    """Return a mask of the indices that are no padding, and how many of them each bag has."""
    kept = indices != padding
    return kept, np.bincount(bags[kept], minlength=count)


def largest(rows: Array, bags: Array, count: int) -> tuple[Array, Array]:
    """Return the largest of each bag's rows, column by column (0 without rows), and which row it first is in (-1 without)."""
    out = np.full((count, rows.shape[1]), -np.inf, rows.dtype)
    np.maximum.at(out, bags, rows)
    at = np.full(out.shape, len(rows))
    np.minimum.at(at, bags, np.where(rows == out[bags], np.arange(len(rows))[:, None], len(rows)))
    none = at == len(rows)
    return np.where(none, 0, out).astype(rows.dtype), np.where(none, -1, at)


def embedding_bag(weight: Array, indices: Array, offsets: Array, factors: Array | None, mode: str, padding_idx: int, last: bool,
                  by_freq: bool) -> Array:
    bags, count = bag_of(weight, indices, offsets, last)
    kept, sizes = used(indices, bags, count, padding_idx)
    rows = weight[indices[kept]]
    if mode == "max":
        return largest(rows, bags[kept], count)[0]
    out = np.zeros((count, weight.shape[1]), weight.dtype)
    np.add.at(out, bags[kept], rows if factors is None else rows * factors[kept, None])
    found: Array = out / np.maximum(sizes, 1)[:, None].astype(weight.dtype) if mode == "mean" else out
    return found


def frequencies(indices: Array, size: int) -> Array:
    """Return what PyTorch divides the gradient of each row by.

    For the k-th of the rows that occur that is how often the k-th of all indices, in order, occurs: its own count if all before it
    occur once.
    """
    ordered, counts = np.sort(indices), np.bincount(indices, minlength=size)
    found = np.ones(size, np.int64)
    rows = np.flatnonzero(counts)
    found[rows] = counts[ordered[:len(rows)]]
    return found


def embedding_bag_backward(g: Array, weight: Array, indices: Array, offsets: Array, factors: Array | None, mode: str, padding_idx: int,
                           last: bool, by_freq: bool) -> Array:
    bags, count = bag_of(weight, indices, offsets, last)
    kept, sizes = used(indices, bags, count, padding_idx)
    names, bags = indices[kept], bags[kept]
    out = np.zeros_like(weight)
    if mode == "max":
        at = largest(weight[names], bags, count)[1]
        bag, column = np.nonzero(at >= 0)
        np.add.at(out, (names[at[bag, column]], column), g[bag, column])
        return out
    share = np.ones(len(names), g.dtype) if factors is None else factors[kept].astype(g.dtype)
    if mode == "mean":
        share = share / sizes[bags].astype(g.dtype)
    if by_freq:
        share = share / frequencies(indices, len(weight))[names].astype(g.dtype)
    np.add.at(out, names, g[bags] * share[:, None])
    return out


def factors_backward(g: Array, weight: Array, indices: Array, offsets: Array, mode: str, padding_idx: int, last: bool) -> Array:
    """Return the product of what arrived at each index's bag and its row."""
    bags, _ = bag_of(weight, indices, offsets, last)
    found: Array = (g[bags] * weight[indices]).sum(1) * (indices != padding_idx)
    return found.astype(weight.dtype, copy=False)


def refused(g: Any) -> Any:
    raise NotImplementedError("the derivative for '_embedding_bag_backward' is not implemented.")


def weight_vjp(g: Any, weight: Any, indices: Any, offsets: Any, factors: Any, mode: str, padding_idx: int, include_last_offset: bool,
               scale_grad_by_freq: bool) -> Any:
    return ops.embedding_bag_backward(g, weight, indices, offsets, factors, mode, padding_idx, include_last_offset, scale_grad_by_freq)


def factors_vjp(g: Any, weight: Any, indices: Any, offsets: Any, mode: str, padding_idx: int, include_last_offset: bool) -> Any:
    return ops.embedding_bag_factors_backward(g, weight, indices, offsets, mode, padding_idx, include_last_offset)


OF_FACTORS = none_for("_embedding_bag_per_sample_weights_backward")
register(
    Op("embedding_bag_backward", (Input("grad", refused), Input("weight"), Input("indices"), Input("offsets"),
                                  Input("factors", refused, optional=True)), embedding_bag_backward,
       node_name="EmbeddingBagBackwardBackward0", attrs=ATTRS, hidden=True),
    Op("embedding_bag_factors_backward", (Input("grad", OF_FACTORS), Input("weight", OF_FACTORS), Input("indices"), Input("offsets")),
       factors_backward, node_name="torch::autograd::NotImplemented", attrs=ATTRS[:3], hidden=True),
    Op("embedding_bag", (Input("weight", weight_vjp), Input("indices"), Input("offsets"),
                         Input("factors", factors_vjp, torch="per_sample_weights", optional=True)), embedding_bag,
       node_name="EmbeddingBagBackward0", attrs=ATTRS, hidden=True),
)
