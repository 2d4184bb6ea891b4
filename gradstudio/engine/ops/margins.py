"""Multi-class margins: multi_margin_loss, multilabel_margin_loss. Hidden rows; as in PyTorch they have no second derivative."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.op import Attr, Input, Op, ops, register
from gradstudio.engine.ops.rounding import none_for

Array = np.ndarray[Any, Any]
REDUCTION = Attr("reduction", "choice", "mean", choices=("none", "mean", "sum"))
P, MARGIN = Attr("p", "number", 1), Attr("margin", "number", 1.0)
NONE = "torch::autograd::NotImplemented"


def reduced(each: Array, reduction: str, alone: bool) -> Array:
    """Return the losses of the samples, their mean or their sum."""
    if reduction == "none":
        return each[0] if alone else each
    total = np.asarray(each.sum(), each.dtype)
    with np.errstate(invalid="ignore"):  # nan of no samples
        return np.asarray(total / each.dtype.type(each.size)) if reduction == "mean" else total


def spread(g: Array, reduction: str, count: int) -> Array:
    """Return what arrives at each of count samples, as a column."""
    return np.broadcast_to(g / count if reduction == "mean" else g, (count,)).reshape(-1, 1)


def gaps(x: Array, target: Array, weight: Array | None, p: float, margin: float) -> tuple[Array, Array, Array, Array]:
    """Return margin - x[target] + x where positive, else 0 (and at the target); the samples' numbers, targets and factors.

    Raises RuntimeError in PyTorch's words for targets and weights that do not fit.
    """
    rows, classes = np.atleast_2d(x), np.atleast_1d(target)
    n, c = rows.shape
    if classes.ndim != 1 or classes.size != n:
        raise RuntimeError("multi_margin_loss: target tensor should be 1-D with size equal to the number of input samples (batch size). "
                           f"Expected target size [{n}], but got {errors.size(target.shape)}. Input has shape {errors.size(x.shape)}.")
    if weight is not None and weight.shape != (c,):
        raise RuntimeError(f"inconsistent weight size, expected {c} but got {errors.size(weight.shape)}")
    if classes.size and (classes.min() < 0 or classes.max() >= c):
        raise RuntimeError("target out of range")
    samples = np.arange(n)
    z = np.maximum(rows - rows[samples, classes][:, None] + rows.dtype.type(margin), 0)
    z[samples, classes] = 0
    factors = np.ones(n, rows.dtype) if weight is None else weight[classes]
    return z, samples, classes, factors / rows.dtype.type(c)


def multi_margin_loss(x: Array, target: Array, weight: Array | None, p: float, margin: float, reduction: str) -> Array:
    z, _, _, factors = gaps(x, target, weight, p, margin)
    return reduced((z if p == 1 else z * z).sum(1) * factors, reduction, x.ndim < 2)


def multi_margin_loss_backward(g: Array, x: Array, target: Array, weight: Array | None, p: float, margin: float, reduction: str) -> Array:
    z, samples, classes, factors = gaps(x, target, weight, p, margin)
    slopes = ((z > 0).astype(z.dtype) if p == 1 else 2 * z) * factors[:, None]
    slopes[samples, classes] = 0 - slopes.sum(1)
    return (slopes * spread(g, reduction, len(z))).reshape(x.shape).astype(x.dtype, copy=False)


# Several right classes a sample: the numbers before the first -1.
def right_ones(x: Array, target: Array) -> tuple[Array, Array, Array]:
    """Return the rows, a mask of the right classes (N, C), the listed ones (N, most that a sample lists; -1 where it lists fewer).

    Raises RuntimeError for classes out of range and for another shape than x's.
    """
    if x.shape != target.shape:
        raise RuntimeError(f"inconsistent target size: {errors.size(target.shape)} for input of size: {errors.size(x.shape)}")
    rows, listed = np.atleast_2d(x), np.atleast_2d(target)
    if listed.size and (listed.min() < -1 or listed.max() >= rows.shape[1]):
        raise RuntimeError("argument #2 'target' is out of range")
    live = np.logical_and.accumulate(listed >= 0, 1)
    listed = np.where(live, listed, -1)[:, :int(live.any(0).sum())]
    right = np.zeros(rows.shape, bool)
    samples, places = np.nonzero(listed >= 0)
    right[samples, listed[samples, places]] = True
    return rows, right, listed


def broken(rows: Array, right: Array, listed: Array) -> Array:
    """Return 1 - x[right] + x[wrong] where positive, else 0: (N, listed, C)."""
    z: Array = np.maximum(1 - np.take_along_axis(rows, listed, 1)[:, :, None] + rows[:, None, :], 0)
    return np.where((listed >= 0)[:, :, None] & ~right[:, None, :], z, 0)


def multilabel_margin_loss(x: Array, target: Array, reduction: str) -> Array:
    rows, right, listed = right_ones(x, target)
    each = broken(rows, right, listed).sum((1, 2)) / rows.dtype.type(max(rows.shape[1], 1))
    return reduced(each.astype(x.dtype, copy=False), reduction, x.ndim < 2)


def multilabel_margin_loss_backward(g: Array, x: Array, target: Array, reduction: str) -> Array:
    rows, right, listed = right_ones(x, target)
    share = (broken(rows, right, listed) > 0) / rows.dtype.type(max(rows.shape[1], 1))
    slopes = share.sum(1)
    np.subtract.at(slopes, (np.arange(len(rows))[:, None], listed), share.sum(2))  # what is not listed has a share of 0
    found: Array = (slopes * spread(g, reduction, len(rows))).reshape(x.shape).astype(x.dtype, copy=False)
    return found


def with_backward(name: str, node: str, forward: Any, backward: Any, vjp: Any, rest: Sequence[Input], attrs: tuple[Attr, ...]) -> None:
    """Register the row of a loss and that of its backward."""
    refused = none_for(f"{name}_backward")
    register(Op(f"{name}_backward", (Input("grad_output", refused), Input("x", refused), *rest), backward, node_name=NONE, attrs=attrs,
                hidden=True),
             Op(name, (Input("x", vjp), *rest), forward, node_name=f"{node}Backward0", attrs=attrs, hidden=True))


with_backward("multi_margin_loss", "MultiMarginLoss", multi_margin_loss, multi_margin_loss_backward,
              lambda g, x, target, weight, p, margin, reduction: ops.multi_margin_loss_backward(g, x, target, weight, p, margin, reduction),
              (Input("target"), Input("weight", optional=True)), (P, MARGIN, REDUCTION))
with_backward("multilabel_margin_loss", "MultilabelMarginLoss", multilabel_margin_loss, multilabel_margin_loss_backward,
              lambda g, x, target, reduction: ops.multilabel_margin_loss_backward(g, x, target, reduction), (Input("target"),),
              (REDUCTION,))
