"""Normalisation: layer_norm, batch_norm, group_norm, instance_norm, rms_norm, normalize. Category activation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.numerics import fused, norms
from gradstudio.engine.op import JOINT, Attr, Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops import normalization_backward as gradients
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.activation import CATEGORY
from gradstudio.engine.ops.normalization_backward import EPS, TRAINING, Dims, batch_dims, last_dims, mean_over, per_channel

Array = np.ndarray[Any, Any]
SHAPE = Attr("normalized_shape", "sizes", (), "Sizes of the last dims, over which each group goes.", required=True)
GROUPS = Attr("num_groups", "int", 1, "How many groups the channels fall into.", required=True)
MOMENTUM = Attr("momentum", "float", 0.1, "Share of the batch in the running averages.")
WEIGHT, BIAS = Input("weight", formula="x̂", optional=True), Input("bias", formula="1", optional=True)
RUNNING = (Input("running_mean", optional=True), Input("running_var", optional=True))
FORMULA = "({weight} − mean − x̂·mean(x̂))/σ"


def moments(x: Array, dims: Dims, eps: float) -> tuple[Any, Any, Any, Any]:
    """Return mean, variance and 1/√(variance + eps) over dims, which stay with size 1, and (x − mean)·that."""
    mean = mean_over(x, dims)
    centred = x - mean
    variance = gradients.mean_of_products(centred, centred, dims)
    rstd = 1 / np.sqrt(variance + x.dtype.type(eps))
    return mean, variance, rstd, np.multiply(centred, rstd, centred)


def scaled(hat: Array, weight: Array | None, bias: Array | None, shape: Sequence[int]) -> Any:
    """Return normalised elements, of which nobody else knows, times a weight plus a bias, both taken in a shape that broadcasts."""
    for t, ufunc in ((weight, np.multiply), (bias, np.add)):
        if t is not None:
            hat = ufunc(hat, t.reshape(shape), hat if t.dtype is hat.dtype else None)
    return hat


# Layer norm: over the last dims.
def check_layer(x: Any, shape: Dims, weight: Any, bias: Any, star: str) -> None:
    """Raise RuntimeError in PyTorch's words for shapes that do not go together."""
    if len(shape) < 1:
        raise RuntimeError(f"Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got "
                           f"normalized_shape = {errors.size(shape)}")
    for name, t in (("weight", weight), ("bias", bias)):
        if t is not None and t.sizes != shape:
            raise RuntimeError(f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape {errors.size(t.sizes)} "
                               f"and normalized_shape = {errors.size(shape)}")
    if x.sizes[len(x.sizes) - len(shape):] != shape or len(x.sizes) < len(shape):
        raise RuntimeError(f"Given normalized_shape={errors.size(shape)}, expected input with shape [*{star}{errors.size(shape)[1:]}, but "
                           f"got input of size{errors.size(x.sizes)}")


def layer_norm(x: Any, weight: Any = None, bias: Any = None, normalized_shape: Any = (), eps: float = 1e-5) -> Any:
    shape = tuple(normalized_shape)
    check_layer(x, shape, weight, bias, ", ")
    return ops.native_layer_norm(x, weight, bias, len(shape), eps)[0]


def layer_norm_of(x: Array, weight: Array | None, bias: Array | None, count: int, eps: float) -> tuple[Any, Any, Any]:
    if x.dtype.kind != "f":
        raise errors.lacking("LayerNormKernelImpl", x.dtype)
    if gradients.exactly(x, math.prod(x.shape[x.ndim - count:])):
        scale, shift = (None if t is None else t.reshape(-1) for t in (weight, bias))
        out, mean, rstd = norms.layer(gradients.rows(x, count), scale, shift, eps)
        kept = (*x.shape[:x.ndim - count], *(1,) * count)
        return out.reshape(x.shape), mean.reshape(kept), rstd.reshape(kept)
    mean, _, rstd, hat = moments(x, last_dims(x.ndim, count), eps)
    return scaled(hat, weight, bias, x.shape[x.ndim - count:]), mean, rstd


def layer_norm_gradients(g: Any, mask: Any, x: Any, weight: Any, bias: Any, result1: Any, result2: Any, count: int, eps: float) -> Any:
    return ops.native_layer_norm_backward(g, x, result1, result2, weight, bias, count, eps, mask)


# Batch norm: over all dims but the channels, dim 1.
def check_channels(x: Any, **given: Any) -> None:
    """Raise RuntimeError for what has not one number a channel."""
    for name, t in given.items():
        if t is not None and math.prod(t.sizes) != x.sizes[1]:
            raise RuntimeError(f"{name} should contain {x.sizes[1]} elements not {math.prod(t.sizes)}")


def batch_norm(x: Any, running_mean: Any = None, running_var: Any = None, weight: Any = None, bias: Any = None, training: bool = False,
               momentum: float = 0.1, eps: float = 1e-5) -> Any:
    """As F.batch_norm; in training the running averages are moved towards the batch's."""
    shape = x.sizes
    if training and math.prod([n for i, n in enumerate(shape) if i != 1]) == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size torch.Size({errors.size(shape)})")
    if not math.prod(shape):
        out = ops.clone(x)
        out = out if weight is None else ops.mul(out, ops.select(weight, 0, 0))
        return out if bias is None else ops.add(out, ops.select(bias, 0, 0))
    for name, t in (("running_mean", running_mean), ("running_var", running_var)):
        if t is None and not training:
            raise RuntimeError(f"{name} must be defined in evaluation mode")
    check_channels(x, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    return ops.native_batch_norm(x, weight, bias, running_mean, running_var, training, momentum, eps)[0]


def batch_norm_of(x: Array, weight: Array | None, bias: Array | None, running_mean: Array | None, running_var: Array | None,
                  training: bool, momentum: float, eps: float) -> tuple[Any, Any, Any]:
    shape = per_channel(x.ndim)
    if not training:
        assert running_mean is not None
        assert running_var is not None
        rstd = 1 / np.sqrt(running_var + running_var.dtype.type(eps))
        scale = rstd if weight is None else rstd * weight
        shift = -running_mean * scale if bias is None else fused.product_plus(-running_mean, scale, bias)
        return fused.product_plus(x, scale.reshape(shape), shift.reshape(shape)), np.empty(0, x.dtype), np.empty(0, x.dtype)
    n = x.size // x.shape[1]
    exact = gradients.exactly(x)
    if exact:
        found, *of_channels = norms.batch(gradients.channels(x), weight, bias, eps)
        mean, unbiased, rstd = (t.reshape(shape) for t in of_channels)
    else:
        mean, variance, rstd, hat = moments(x, batch_dims(x.ndim), eps)
        unbiased = variance * x.dtype.type(n / max(n - 1, 1))
    share = x.dtype.type(momentum)
    if running_mean is not None:
        running_mean[...] = running_mean * x.dtype.type(1 - momentum) + mean.reshape(-1) * share
    if running_var is not None:
        running_var[...] = fused.product_plus(unbiased.reshape(-1), share, running_var * x.dtype.type(1 - momentum))
    return found.reshape(x.shape) if exact else scaled(hat, weight, bias, shape), mean, rstd


def batch_norm_gradients(g: Any, mask: Any, x: Any, weight: Any, running_mean: Any, running_var: Any, result1: Any, result2: Any,
                         training: bool, eps: float) -> Any:
    return ops.native_batch_norm_backward(g, x, weight, running_mean, running_var, result1, result2, training, eps, mask)


# Instance norm: batch norm of each sample by itself, as PyTorch has it.
def instance_norm(x: Any, running_mean: Any = None, running_var: Any = None, weight: Any = None, bias: Any = None,
                  use_input_stats: bool = True, momentum: float = 0.1, eps: float = 1e-5) -> Any:
    shape = x.sizes
    if use_input_stats and math.prod(shape[2:]) == 1:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size torch.Size({errors.size(shape)})")
    n, c = shape[:2]
    repeated: list[Any] = [None if t is None else ops.repeat(t, (n,)) for t in (running_mean, running_var, weight, bias)]
    joined = ops.reshape(x, (1, n * c, *shape[2:]))
    out = ops.batch_norm(joined, *repeated, use_input_stats, momentum, eps)
    for running, each in zip((running_mean, running_var), repeated, strict=False):
        if running is not None and use_input_stats:
            running.array[...] = each.array.reshape(n, c).mean(0)
            running.version[0] += 1  # PyTorch copies here, and not in batch norm
    return ops.view(out, shape)


# Group norm: over the channels of one group and all their elements.
def group_norm(x: Any, weight: Any = None, bias: Any = None, num_groups: int = 1, eps: float = 1e-5) -> Any:
    shape = x.sizes
    if len(shape) < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {len(shape)}")
    if num_groups <= 0:
        raise RuntimeError(f"Expected num groups to be greater than 0, got {num_groups}")
    if shape[1] % num_groups:
        raise RuntimeError("Expected number of channels in input to be divisible by num_groups, but got input of shape "
                           f"{errors.size(shape)} and num_groups={num_groups}")
    for name, t in (("weight", weight), ("bias", bias)):
        if t is not None and t.sizes != shape[1:2]:
            raise RuntimeError(f"Expected {name} to be a vector of size equal to the number of channels in input, but got {name} of shape "
                               f"{errors.size(t.sizes)} and input of shape {errors.size(shape)}")
    return ops.native_group_norm(x, weight, bias, num_groups, eps)[0]


def grouped(shape: Dims, groups: int) -> Dims:
    """Return the shape with the elements of a group in one dim."""
    return shape[0], groups, math.prod(shape[1:]) // groups


def group_norm_of(x: Array, weight: Array | None, bias: Array | None, groups: int, eps: float) -> tuple[Any, Any, Any]:
    rows = x.reshape(grouped(x.shape, groups))
    if gradients.exactly(x, rows.shape[2]):
        out, mean, rstd = norms.groups(rows, x.shape[1], weight, bias, eps)
        return out.reshape(x.shape), mean, rstd
    mean, _, rstd, hat = moments(rows, (2,), eps)
    return scaled(hat.reshape(x.shape), weight, bias, per_channel(x.ndim)), mean, rstd


@helper
def group_norm_backward(g: Any, x: Any, weight: Any, mean: Any, rstd: Any, groups: int, eps: float) -> Any:
    """The gradient of group_norm with respect to its input."""
    shape = ops.shape_of(x)
    rows = grouped(shape, groups)
    g = g if weight is None else g * ops.reshape(weight, per_channel(len(shape)))
    return ops.reshape(ops.normalized_backward(ops.reshape(g, rows), ops.reshape(x, rows), mean, rstd, (2,), eps), shape)


@helper
def group_norm_weight_backward(g: Any, x: Any, mean: Any, rstd: Any, groups: int, eps: float) -> Any:
    """The gradient of group_norm with respect to its weight."""
    shape = ops.shape_of(x)
    hat = ops.standardized(ops.reshape(x, grouped(shape, groups)), mean, rstd, (2,), eps)
    return ops.sum(g * ops.reshape(hat, shape), batch_dims(len(shape)))


# Without a mean, and by a norm.
def rms_norm(x: Any, weight: Any = None, normalized_shape: Any = (), eps: float | None = None) -> Any:
    shape = tuple(normalized_shape)
    check_layer(x, shape, weight, None, "")
    dims = last_dims(len(x.sizes), len(shape))
    eps = float(np.finfo(x.scalar_type).eps) if eps is None else eps
    out = ops.mul(x, ops.rsqrt(ops.add_number(ops.mean(ops.pow(x, 2), dims, True), eps)))
    return out if weight is None else ops.mul(out, weight)


def normalize(x: Any, p: float = 2.0, dim: Any = 1, eps: float = 1e-12) -> Any:
    return ops.div(x, ops.expand(ops.clamp_min_number(ops.norm(x, p, dim, True), eps), x.sizes))


STATISTICS = ("out", "result1", "result2")
X = "input"
register(
    Op("native_layer_norm", (Input("x", JOINT, torch=X), Input("weight", JOINT, optional=True), Input("bias", JOINT, optional=True)),
       layer_norm_of, joint=layer_norm_gradients, node_name="NativeLayerNormBackward0", attrs=(Attr("count", "int", 1), EPS),
       outputs=STATISTICS, hidden=True),
    Op("native_batch_norm", (Input("x", JOINT, torch=X), Input("weight", JOINT, optional=True), Input("bias", JOINT, optional=True),
                             *RUNNING), batch_norm_of, joint=batch_norm_gradients, node_name="NativeBatchNormBackward0",
       attrs=(TRAINING, MOMENTUM, EPS), outputs=STATISTICS, hidden=True),
    Op("native_group_norm", (
        Input("x", lambda g, x, weight, result1, result2, num_groups, eps:
              ops.group_norm_backward(g[0], x, weight, result1, result2, num_groups, eps), torch=X),
        Input("weight", lambda g, x, result1, result2, num_groups, eps:
              ops.group_norm_weight_backward(g[0], x, result1, result2, num_groups, eps), optional=True),
        Input("bias", lambda g: ops.sum(g[0], batch_dims(len(ops.shape_of(g[0])))), optional=True)), group_norm_of,
       node_name="NativeGroupNormBackward0", attrs=(GROUPS, EPS), outputs=STATISTICS, differentiable=(0, 1, 2), hidden=True),
)
ROWS23, C3 = samples.array(2, 3), samples.array(3, start=0.3)
PICTURE, C2 = samples.array(2, 2, 3), samples.array(2, start=0.6)
CHANNEL_LATEX = r"\frac{{x} - \mu}{\sqrt{\sigma^2 + \epsilon}}\,w + b"
register(
    Op("layer_norm", (Input("x", formula=FORMULA), WEIGHT, BIAS), composite=layer_norm, attrs=(SHAPE, EPS), category=CATEGORY,
       symbol="layer norm", torch=("F.layer_norm({x}, {normalized_shape}, {weight}, {bias})",
                                   "torch.layer_norm({x}, {normalized_shape}, {weight}, {bias})"),
       latex=CHANNEL_LATEX, doc="The last dims brought to mean 0 and variance 1, then scaled and shifted.",
       samples=(Sample((ROWS23, C3, C3 + 1), {"normalized_shape": (3,)}), Sample((ROWS23, None, None), {"normalized_shape": (2, 3)})),
       bad_samples=(Sample((ROWS23, None, None), {"normalized_shape": (4,)}, "Given normalized_shape=[4], expected input with shape"),)),
    Op("batch_norm", (Input("x", formula=FORMULA), *RUNNING, WEIGHT, BIAS), composite=batch_norm, averages="training",
       attrs=(Attr("training", "bool", False, "Take mean and variance of the batch, not the running ones."), MOMENTUM, EPS),
       category=CATEGORY, symbol="batch norm", torch=("F.batch_norm({x}, {running_mean}, {running_var}, {weight}, {bias})",),
       latex=CHANNEL_LATEX, doc="Each channel brought to mean 0 and variance 1, by the batch or by running averages.",
       samples=(Sample((PICTURE, None, None, C2, C2 + 1), {"training": True}),
                Sample((ROWS23, samples.array(3), samples.positive(3), C3, None))),
       bad_samples=(Sample((ROWS23, None, None, None, None), error="running_mean must be defined in evaluation mode"),)),
    Op("group_norm", (Input("x", formula=FORMULA), WEIGHT, BIAS), composite=group_norm, attrs=(GROUPS, EPS), category=CATEGORY,
       symbol="group norm", torch=("F.group_norm({x}, {num_groups}, {weight}, {bias})",), latex=CHANNEL_LATEX,
       doc="Groups of channels brought to mean 0 and variance 1.",
       samples=(Sample((samples.array(2, 4, 2), samples.array(4), samples.array(4) + 1), {"num_groups": 2}),
                Sample((PICTURE, None, None), {"num_groups": 1})),
       bad_samples=(Sample((samples.array(2, 6), None, None), {"num_groups": 4}, "Expected number of channels in input to be"),)),
    Op("instance_norm", (Input("x", formula=FORMULA), *RUNNING, WEIGHT, BIAS), composite=instance_norm, averages="use_input_stats",
       attrs=(Attr("use_input_stats", "bool", True, "Take mean and variance of the input, not the running ones."), MOMENTUM, EPS),
       category=CATEGORY, symbol="instance", torch=("F.instance_norm({x}, {running_mean}, {running_var}, {weight}, {bias})",),
       latex=CHANNEL_LATEX, doc="Each channel of each sample brought to mean 0 and variance 1.",
       samples=(Sample((PICTURE, None, None, C2, C2 + 1)), Sample((PICTURE, None, None, None, None))),
       bad_samples=(Sample((ROWS23, None, None, None, None), error="Expected more than 1 spatial element when training"),)),
    Op("rms_norm", (Input("x", formula="({weight} − x̂·mean(x̂))/rms"), WEIGHT), composite=rms_norm,
       attrs=(SHAPE, Attr("eps", "float", None, "Added to the mean square.")), category=CATEGORY, symbol="rms norm",
       torch=("F.rms_norm({x}, {normalized_shape}, {weight})",), latex=r"\frac{x}{\sqrt{\overline{{x}^2} + \epsilon}}\,w",
       doc="The last dims over their root mean square, then scaled.",
       samples=(Sample((ROWS23, C3), {"normalized_shape": (3,)}), Sample((ROWS23, None), {"normalized_shape": (3,), "eps": 0.1})),
       bad_samples=(Sample((ROWS23, None), {"normalized_shape": (4,)}, "Given normalized_shape=[4], expected input with shape"),)),
    Op("normalize", (Input("x", formula="(1 − x̂ x̂ᵗ)/norm"),), composite=normalize,
       attrs=(Attr("p", "number", 2.0, "Which norm."), Attr("dim", "dim", 1, "Along which dim."),
              Attr("eps", "float", 1e-12, "The least that is divided by.")), category=CATEGORY, symbol="x/‖x‖",
       torch=("F.normalize({x})",), latex=r"\frac{x}{\lVert {x} \rVert_p}", doc="Vectors over their length.",
       samples=(Sample((ROWS23,)), Sample((samples.array(3),), {"dim": 0, "p": 3.0})),
       bad_samples=(Sample((samples.array(3),), error="Dimension out of range (expected to be in range of [-1, 0], but got 1)"),)),
)
