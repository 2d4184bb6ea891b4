"""Backward of normalisation: all gradients of layer_norm, and of batch_norm, from one op, as in PyTorch, and the gradients of those.

They share one derivative. It needs the mean and 1/σ of each group of elements; backward takes those saved, and where the gradient is to
be differentiated again they are computed anew from the input, so that they depend on it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradstudio.engine.numerics import fused, norms, quicksum, vectors
from gradstudio.engine.op import JOINT, Attr, Input, Op, helper, ops, register
from gradstudio.engine.ops.gradients import GRADIENTS, MASK

Array = np.ndarray[Any, Any]
Dims = tuple[int, ...]
EPS = Attr("eps", "float", 1e-5, "Added to the variance.")
TRAINING = Attr("training", "bool", False)


def last_dims(rank: int, count: int) -> Dims:
    """Return the dims that layer norm goes over."""
    return tuple(range(rank - count, rank))


def batch_dims(rank: int) -> Dims:
    """Return the dims that batch norm goes over: all but the channels, dim 1."""
    return (0, *range(2, rank))


def per_channel(rank: int) -> Dims:
    """Return the shape in which one number a channel broadcasts against an input of a rank."""
    return tuple([-1 if i == 1 else 1 for i in range(rank)])


def exactly(x: Array, length: int = 0) -> bool:
    """Tell whether elements, in rows of a length where rows are normalised, are few enough to be computed to PyTorch's last bit."""
    return fused.few(x) and x.size > 0 and length <= vectors.CHUNK


def rows(x: Array, count: int) -> Array:
    """Return x as a matrix whose rows hold the last dims, as many as are counted."""
    return np.ascontiguousarray(x).reshape(-1, math.prod(x.shape[x.ndim - count:]))


def channels(x: Array) -> Array:
    """Return x as samples × channels × elements."""
    return np.ascontiguousarray(x).reshape(*x.shape[:2], -1)


def mean_over(x: Array, dims: Dims) -> Any:
    """Return the mean over dims, which stay with size 1; halves are summed as float32."""
    if x.dtype.char == "e":
        return mean_over(x.astype(np.float32), dims).astype(x.dtype)
    total = quicksum.total(x, dims, True)
    total /= x.size // max(total.size, 1)
    return total


def mean_of_products(x: Array, y: Array, dims: Dims) -> Any:
    """Return the mean of x·y over dims, which stay with size 1."""
    if len(dims) > 1 or dims[0] != x.ndim - 1 or x.dtype.char == "e" or x.dtype is not y.dtype or x.shape != y.shape:
        return mean_over(x * y, dims)
    total = quicksum.of_products(x, y)
    total /= max(x.shape[-1], 1)
    return total


def again_mean(x: Any, saved: Any, dims: Dims) -> Any:
    return ops.mean(x, dims, True)


def again_rstd(x: Any, saved: Any, dims: Dims, eps: float) -> Any:
    centred = x - ops.mean(x, dims, True)
    return ops.rsqrt(ops.mean(centred * centred, dims, True) + eps)


@helper
def normalized_backward(g: Any, x: Any, mean: Any, rstd: Any, dims: Dims, eps: float) -> Any:
    """The gradient of (x − mean)/σ over dims."""
    rstd_now = ops.again_rstd(x, rstd, dims, eps)
    hat = (x - ops.again_mean(x, mean, dims)) * rstd_now
    return ops.projected(g, hat, rstd_now, dims)


@helper
def projected(g: Any, hat: Any, rstd: Any, dims: Dims) -> Any:
    """The same, of what is known: x̂ and 1/σ."""
    return (g - ops.mean_over(g, dims) - hat * ops.mean_over(g * hat, dims)) * rstd


@helper
def standardized(x: Any, mean: Any, rstd: Any, dims: Dims, eps: float) -> Any:
    """(x − mean)/σ over dims."""
    return (x - ops.again_mean(x, mean, dims)) * ops.again_rstd(x, rstd, dims, eps)


@helper
def normalized_double(u: Any, v: Any, g: Any, x: Any, weight: Any, mean: Any, rstd: Any, dims: Dims, eps: float) -> tuple[Any, Any, Any]:
    """The gradients of u·(the input's gradient) + v·(the weight's) with respect to g, to x, and to the weight before it is summed.

    `weight` and `v` broadcast against x; either of u and v may be None. With a = weight·g, the input's gradient is
    (a − mean(a) − x̂·mean(a·x̂))/σ, a projection: it is its own adjoint. What depends on x are x̂ and 1/σ.
    """
    rstd = ops.again_rstd(x, rstd, dims, eps)
    hat = (x - ops.again_mean(x, mean, dims)) * rstd
    to_g, to_weight, slope, share = None, None, None, None
    if u is not None:
        a = g if weight is None else g * weight
        passed = ops.projected(u, hat, rstd, dims)
        to_g, to_weight = (passed, None) if weight is None else (passed * weight, g * passed)
        one, other = ops.mean_over(a * hat, dims), ops.mean_over(u * hat, dims)
        slope = -(a * other + u * one) * rstd
        share = ops.mean_over(u * a, dims) - ops.mean_over(u, dims) * ops.mean_over(a, dims) - one * other
    if v is not None:
        to_g = v * hat if to_g is None else to_g + v * hat
        slope = v * g if slope is None else slope + v * g
    to_x = None if slope is None else ops.projected(slope, hat, rstd, dims)
    return to_g, to_x if share is None else to_x - share * rstd * rstd * hat, to_weight


@helper
def plus_broadcast(x: Any, y: Any, like: Any) -> Any:
    """Return x + y, where x may be None, y broadcasts and may be None; in the shape of a third."""
    if y is None:
        return x
    return (ops.zeros_like(like) if x is None else x) + y


# Layer norm.
def layer_norm_backward(g: Array, x: Array, mean: Array, rstd: Array, weight: Array | None, bias: Array | None, count: int, eps: float,
                        mask: Sequence[bool]) -> tuple[Any, Any, Any]:
    dims, rest = last_dims(x.ndim, count), tuple(range(x.ndim - count))
    if exactly(x, math.prod(x.shape[x.ndim - count:])):
        factor = None if weight is None else weight.reshape(-1)
        own, *others = norms.layer_gradients(rows(g, count), rows(x, count), mean.reshape(-1, 1), rstd.reshape(-1, 1), factor, mask)
        of_weight, of_bias = (None if t is None else t.reshape(x.shape[x.ndim - count:]) for t in others)
        return None if own is None else own.reshape(x.shape), of_weight, of_bias
    hat = x - mean
    hat *= rstd
    of_weight = quicksum.total(g * hat, rest) if mask[1] else None
    of_bias = quicksum.total(g, rest) if mask[2] else None
    if not mask[0]:
        return None, of_weight, of_bias
    a = g if weight is None else g * weight
    out = hat * mean_of_products(a, hat, dims)
    np.subtract(a - mean_over(a, dims), out, out)
    out *= rstd
    return out, of_weight, of_bias


def layer_norm_double(g: Any, mask: Any, grad_output: Any, x: Any, mean: Any, rstd: Any, weight: Any, count: int, eps: float) -> Any:
    u, v, w = g
    dims = last_dims(len(ops.shape_of(x)), count)
    to_g, to_x, to_weight = ops.normalized_double(u, v, grad_output, x, weight, mean, rstd, dims, eps)
    if to_weight is not None:
        to_weight = ops.sum_to(to_weight, ops.shape_of(weight)) if mask[4] else None
    return ops.plus_broadcast(to_g, w, grad_output), to_x, None, None, to_weight, None


# Batch norm.
@helper
def running_rstd(running_var: Any, shape: Dims, eps: float) -> Any:
    """1/σ from a running variance, in a shape that broadcasts."""
    return ops.rsqrt(ops.reshape(running_var, shape) + eps)


def batch_norm_backward(g: Array, x: Array, weight: Array | None, running_mean: Array | None, running_var: Array | None, mean: Array,
                        rstd: Array, training: bool, eps: float, mask: Sequence[bool]) -> tuple[Any, Any, Any]:
    dims, shape = batch_dims(x.ndim), per_channel(x.ndim)
    if not training:
        assert running_mean is not None
        assert running_var is not None
        mean, rstd = running_mean.reshape(shape), 1 / np.sqrt(running_var.reshape(shape) + running_var.dtype.type(eps))
    if exactly(x):
        parts = norms.batch_gradients(channels(g), channels(x), mean.reshape(-1), rstd.reshape(-1), weight, training)
        return parts[0].reshape(x.shape) if mask[0] else None, parts[1] if mask[1] else None, parts[2] if mask[2] else None
    hat = (x - mean) * rstd
    of_weight = quicksum.total(g * hat, dims) if mask[1] else None
    of_bias = quicksum.total(g, dims) if mask[2] else None
    if not mask[0]:
        return None, of_weight, of_bias
    a = g if weight is None else g * weight.reshape(shape)
    return (a - mean_over(a, dims) - hat * mean_of_products(a, hat, dims)) * rstd if training else a * rstd, of_weight, of_bias


def batch_norm_double(g: Any, mask: Any, grad_output: Any, x: Any, weight: Any, running_mean: Any, running_var: Any, mean: Any, rstd: Any,
                      training: bool, eps: float) -> Any:
    rank = len(ops.shape_of(x))
    shape = per_channel(rank)
    u, v, w = g[0], *[None if t is None else ops.reshape(t, shape) for t in g[1:]]
    factor = None if weight is None else ops.reshape(weight, shape)
    if training:
        to_g, to_x, to_weight = ops.normalized_double(u, v, grad_output, x, factor, mean, rstd, batch_dims(rank), eps)
    else:
        now = ops.running_rstd(running_var, shape, eps)
        to_g = None if u is None else u * now if factor is None else u * factor * now
        to_weight = None if u is None or factor is None else u * grad_output * now
        to_x = None if v is None else v * grad_output * now
        if v is not None:
            to_g = ops.plus_broadcast(to_g, v * ((x - ops.reshape(running_mean, shape)) * now), grad_output)
    if to_weight is not None:
        to_weight = ops.sum(to_weight, batch_dims(rank)) if mask[2] else None
    return ops.plus_broadcast(to_g, w, grad_output), to_x, to_weight, None, None


register(
    Op("mean_over", (Input("x"),), composite=lambda x, dims: ops.mean(x, dims, True), kernel=mean_over, hidden=True,
       attrs=(Attr("dims", "dims", ()),)),
    Op("again_mean", (Input("x"), Input("saved")), composite=again_mean, kernel=lambda x, saved, dims: saved, hidden=True,
       attrs=(Attr("dims", "dims", ()),)),
    Op("again_rstd", (Input("x"), Input("saved")), composite=again_rstd, kernel=lambda x, saved, dims, eps: saved, hidden=True,
       attrs=(Attr("dims", "dims", ()), EPS)),
    Op("native_layer_norm_backward", (
        Input("grad_output", JOINT, torch="grad_out"), Input("x", JOINT, torch="input"), Input("mean", JOINT), Input("rstd", JOINT),
        Input("weight", JOINT, optional=True), Input("bias", JOINT, optional=True)), layer_norm_backward, joint=layer_norm_double,
       node_name="NativeLayerNormBackwardBackward0", attrs=(Attr("count", "int", 1), EPS, MASK), outputs=GRADIENTS,
       differentiable=(0, 1, 2), hidden=True),
    Op("native_batch_norm_backward", (
        Input("grad_output", JOINT, torch="grad_out"), Input("x", JOINT, torch="input"), Input("weight", JOINT, optional=True),
        Input("running_mean", optional=True), Input("running_var", optional=True), Input("mean", JOINT, torch="save_mean"),
        Input("rstd", JOINT, torch="save_invstd")), batch_norm_backward, joint=batch_norm_double,
       node_name="NativeBatchNormBackwardBackward0", attrs=(TRAINING, EPS, MASK), outputs=GRADIENTS, differentiable=(0, 1, 2), hidden=True),
)
