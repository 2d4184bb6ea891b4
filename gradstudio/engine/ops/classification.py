"""Losses for classes: nll_loss, cross_entropy, binary_cross_entropy_with_logits. Category loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.numerics import accurate, levels
from gradstudio.engine.op import Attr, Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.arithmetic import NO_BOOL_PAIR
from gradstudio.engine.ops.exponential import log_sigmoid
from gradstudio.engine.ops.loss import CATEGORY, REDUCTION, reduced
from gradstudio.engine.promote import I64

Array = np.ndarray[Any, Any]
IGNORE = Attr("ignore_index", "int", -100, "Targets of this class do not count.")
SMOOTHING = Attr("label_smoothing", "float", 0.0, "Share of the target that is spread over all classes.")
WEIGHT = Input("weight", optional=True)
ROWS = np.arange(1024)


# Negative log likelihood. Classes are dim 1, or the only dim.
def rows_of(n: int) -> Array:
    """Return the numbers of n rows."""
    return ROWS[:n] if n <= len(ROWS) else np.arange(n)


def class_last(x: Array) -> Array:
    """Return x as a matrix with the classes as columns."""
    return x.reshape(-1, x.shape[-1]) if x.ndim <= 2 else np.moveaxis(x, 1, -1).reshape(-1, x.shape[1])


def checked(x: Array, target: Array, weight: Array | None, ignore: int) -> None:
    """Raise what PyTorch raises for shapes, dtypes and classes that do not go together."""
    n = x.shape[0 if x.ndim == 1 else 1]
    if x.ndim > 1 and x.shape[0] != target.shape[0]:
        raise ValueError(f"Expected input batch_size ({x.shape[0]}) to match target batch_size ({target.shape[0]}).")
    if target.dtype not in (I64, np.uint8):
        raise RuntimeError(f"expected target dtype to be Long or Byte, but got {errors.dtype_name(target.dtype)}")
    if weight is not None and weight.shape != (n,):
        raise RuntimeError(f"weight tensor should be defined either for all {n} classes or no classes but got weight tensor of shape: "
                           f"{errors.size(weight.shape)}")
    if ((target < 0) | (target >= n)).any():
        bad = target[(target != ignore) & ((target < 0) | (target >= n))]
        if bad.size:
            raise IndexError(f"Target {bad.flat[0]} is out of bounds.")


def weights_of(x: Array, target: Array, weight: Array | None, ignore: int) -> tuple[Any, Any]:
    """Return the class to pick (0 where ignored) and the weight (0 where ignored) of each target, flat."""
    flat = target.reshape(-1)
    counts = flat != ignore
    safe = flat if counts.all() else np.where(counts, flat, 0)
    if weight is None:
        return safe, counts.astype(x.dtype)
    return safe, np.where(counts, weight[safe], x.dtype.type(0))


def all_count(x: Array, target: Array, weight: Array | None, ignore: int) -> bool:
    """Tell whether every row of a matrix has a target of weight 1 that is not negative: the common case, in few steps."""
    if weight is not None or x.ndim != 2 or target.dtype != I64 or target.shape != x.shape[:1] or 0 <= ignore < x.shape[1]:
        return False
    return bool(np.minimum.reduce(target, initial=0) >= 0)


def nll_loss(x: Array, target: Array, weight: Array | None, reduction: str, ignore: int) -> tuple[Any, Any]:
    if all_count(x, target, weight, ignore):
        n = x.dtype.type(len(x))
        try:
            picked = x[rows_of(len(x)), target]
            if reduction == "none":
                return -picked, np.zeros((), x.dtype)
            loss = -(levels.total(picked) if x.size <= accurate.SMALL else np.add.reduce(picked))
            return loss / n if reduction == "mean" else loss, n
        except IndexError:  # said below in PyTorch's words
            pass
    checked(x, target, weight, ignore)
    safe, w = weights_of(x, target, weight, ignore)
    picked = class_last(x)[np.arange(len(safe)), safe]
    counts = target.reshape(-1) != ignore
    losses = np.where(counts, -picked * w, x.dtype.type(0))  # an ignored infinity does not count
    if reduction == "none":
        return losses.reshape(target.shape), np.zeros((), x.dtype)
    weights = x.dtype.type(np.count_nonzero(counts)) if weight is None else levels.total_of(w, counts)
    loss = levels.total_of(losses, counts)
    return loss / weights if reduction == "mean" else loss, weights


def nll_loss_backward(g: Array, x: Array, target: Array, weight: Array | None, total: Array, reduction: str, ignore: int) -> Array:
    if (weight is None and x.ndim == 2 and total == len(x)) or all_count(x, target, weight, ignore):
        scattered = np.zeros(x.shape, x.dtype)
        scattered[rows_of(len(x)), target] = -g / total if reduction == "mean" else -g
        return scattered
    safe, w = weights_of(x, target, weight, ignore)
    g = g.reshape(-1)
    out = np.zeros(class_last(x).shape, x.dtype)
    out[np.arange(len(safe)), safe] = -w * g / total if reduction == "mean" else -w * g
    return out.reshape(x.shape) if x.ndim <= 2 else np.moveaxis(out.reshape(x.shape[0], *x.shape[2:], x.shape[1]), -1, 1)


def nll_row(suffix: str) -> tuple[Op, Op]:
    """Return the hidden rows of nll_loss and its backward; PyTorch has other names for pictures."""
    name = f"nll_loss{suffix.lower()}_forward"
    backward = f"nll_loss{suffix.lower()}_backward"

    def vjp(g: Any, x: Any, target: Any, weight: Any, total_weight: Any, reduction: str, ignore_index: int) -> Any:
        return getattr(ops, backward)(g, x, target, weight, total_weight, reduction, ignore_index)

    def vjp_grad(g: Any, target: Any, weight: Any, reduction: str, ignore_index: int) -> Any:
        return getattr(ops, name)(g, target, weight, reduction, ignore_index)[0]

    return (
        Op(backward, (Input("grad_output", vjp_grad), Input("x", lambda g: ops.zeros_like(g)), Input("target"), WEIGHT,
                      Input("total_weight")),
           nll_loss_backward, node_name=f"NllLoss{suffix}BackwardBackward0", attrs=(REDUCTION, IGNORE), hidden=True),
        Op(name, (Input("x", vjp), Input("target"), WEIGHT), nll_loss, node_name=f"NllLoss{suffix}Backward0", attrs=(REDUCTION, IGNORE),
           outputs=("out", "total_weight"), hidden=True),
    )


def nll(x: Any, target: Any, weight: Any = None, reduction: str = "mean", ignore_index: int = -100) -> Any:
    """As F.nll_loss: other than 1, 2 or 4 dims are folded into 4."""
    shape = x.sizes
    if not shape:
        raise ValueError("Expected at least 1 dimension")
    if len(shape) <= 2:
        return ops.nll_loss_forward(x, target, weight, reduction, ignore_index)[0]
    if len(shape) == 4:
        return ops.nll_loss2d_forward(x, target, weight, reduction, ignore_index)[0]
    folded = ops.reshape(x, (*shape[:2], 1, -1)), ops.reshape(target, (shape[0], 1, -1))
    out = ops.nll_loss2d_forward(*folded, weight, reduction, ignore_index)[0]
    return ops.reshape(out, (shape[0], *shape[2:])) if reduction == "none" else out


# Cross entropy.
def cross_entropy(x: Any, target: Any, weight: Any = None, reduction: str = "mean", ignore_index: int = -100,
                  label_smoothing: float = 0.0) -> Any:
    """As F.cross_entropy: classes, or a probability for each class if the target has the input's shape."""
    dim = 0 if len(x.sizes) == 1 else 1
    if target.sizes == x.sizes:
        return from_probabilities(x, target, weight, reduction, label_smoothing, dim)
    if label_smoothing:
        return smoothed(x, target, weight, reduction, ignore_index, label_smoothing, dim)
    return nll(ops.log_softmax(x, dim), target, weight, reduction, ignore_index)


def per_class(weight: Any, x: Any, dim: int) -> Any:
    """Return class weights in a shape that broadcasts against x."""
    return ops.view(weight, tuple([-1 if i == dim else 1 for i in range(len(x.sizes))]))


def from_probabilities(x: Any, target: Any, weight: Any, reduction: str, smoothing: float, dim: int) -> Any:
    if target.scalar_type.kind != "f":
        raise RuntimeError(f"Expected floating point type for target with class probabilities, got {errors.dtype_name(target.scalar_type)}")
    classes = x.sizes[dim]
    logs = ops.log_softmax(x, dim)
    if smoothing:
        target = ops.add(ops.mul(target, 1 - smoothing), smoothing / classes)
    losses = ops.mul(logs, target) if weight is None else ops.mul(ops.mul(logs, target), per_class(weight, x, dim))
    if reduction == "none":
        return ops.neg(ops.sum(losses, dim))
    out = ops.neg(ops.sum(losses))
    return ops.div_number(out, x.array.size // classes) if reduction == "mean" else out


def smoothed(x: Any, target: Any, weight: Any, reduction: str, ignore_index: int, smoothing: float, dim: int) -> Any:
    """Label smoothing: the loss of the target and the mean loss of all classes, mixed."""
    logs = ops.log_softmax(x, dim)
    likelihood = nll(logs, target, weight, reduction, ignore_index)
    spread = ops.neg(ops.sum(logs if weight is None else ops.mul(logs, per_class(weight, x, dim)), dim))
    ignored = ops.eq(target, ignore_index)
    spread = ops.masked_fill_number(spread, ignored, 0.0)
    if reduction != "none":
        spread = ops.sum(spread)
    if reduction == "mean":
        kept = target.array[~ignored.array]
        count = kept.size if weight is None else float(weight.array[kept].sum())
        spread = ops.div(spread, count)
    return ops.add(ops.mul_number(likelihood, 1 - smoothing), ops.mul_number(spread, smoothing / x.sizes[dim]))


# Binary cross entropy of logits.
def bce(x: Array, target: Array, weight: Array | None, pos_weight: Array | None, reduction: str) -> Any:
    if x.shape != target.shape:
        raise ValueError(f"Target size (torch.Size({errors.size(target.shape)})) must be the same as input size "
                         f"(torch.Size({errors.size(x.shape)}))")
    logs = log_sigmoid(x)
    if target.dtype.kind in "biu":  # torch writes (1 - target) * x into 1 - target
        raise RuntimeError(NO_BOOL_PAIR if target.dtype.kind == "b" else errors.no_cast(x.dtype, target.dtype))
    losses = (1 - target) * x - (logs if pos_weight is None else ((pos_weight - 1) * target + 1) * logs)
    return reduced(np.asarray(losses if weight is None else losses * weight), reduction)


@helper
def bce_backward(g: Any, x: Any, target: Any, weight: Any, pos_weight: Any, reduction: str) -> Any:
    """The gradient of the logits: σ(x) − t, weighted."""
    s = ops.sigmoid(x)
    if pos_weight is None:
        out = s - target
    else:
        t = pos_weight * target
        out = (t + 1 - target) * s - t
    out = (out if weight is None else out * weight) * g
    return out / ops.count(ops.shape_of(x)) if reduction == "mean" else out


@helper
def bce_target_backward(g: Any, x: Any, weight: Any, pos_weight: Any, reduction: str) -> Any:
    """The gradient of the targets: −x, weighted."""
    out = x * -g if pos_weight is None else (ops.log_sigmoid(-x) - pos_weight * ops.log_sigmoid(x)) * g
    out = out if weight is None else out * weight
    return out / ops.count(ops.shape_of(x)) if reduction == "mean" else out


CLASSES = np.array([2, 0, 1])
LOGITS = samples.array(3, 4)
CLASS_SAMPLES = (Sample((LOGITS, CLASSES, None)), Sample((LOGITS, CLASSES, samples.positive(4)), {"reduction": "sum"}),
                 Sample((samples.array(4), np.array(1), None)), Sample((LOGITS, CLASSES, None), {"ignore_index": 0, "reduction": "none"}))
BAD_CLASS = (Sample((LOGITS, np.array([0, 4, 1]), None), error="Target 4 is out of bounds."),)
SHARES = np.array([[0.1, 0.2, 0.3, 0.4], [0.7, 0.1, 0.1, 0.1], [0.25, 0.25, 0.25, 0.25]])
CHANCES = np.array([[0.1, 0.9], [0.5, 0.3], [1.0, 0.2]])
register(
    *nll_row(""), *nll_row("2D"),
    Op("div_number", (Input("x", lambda g, y: g / y), Input("y", kind="number")), np.true_divide, node_name="DivBackward1",
       promotes="float",
       hidden=True),
    Op("mul_number", (Input("x", lambda g, y: g * y), Input("y", kind="number")), np.multiply, node_name="MulBackward1", promotes="same",
       hidden=True),
    Op("nll_loss", (Input("x", formula="−1 at the target, over n"), Input("target"), WEIGHT), composite=nll, attrs=(REDUCTION, IGNORE),
       category=CATEGORY, symbol="nll", torch=("F.nll_loss({x}, {target}, {weight})",), latex=r"-\overline{{x}_{target}}",
       doc="Negative log likelihood: picks each target's log probability.", samples=CLASS_SAMPLES, bad_samples=BAD_CLASS),
    Op("cross_entropy", (Input("x", formula="(softmax {x} − onehot {target})/n"), Input("target", formula="−log softmax {x}"), WEIGHT),
       composite=cross_entropy, attrs=(REDUCTION, IGNORE, SMOOTHING), category=CATEGORY, symbol="CE",
       torch=("F.cross_entropy({x}, {target}, {weight})",), latex=r"-\overline{\log\mathrm{softmax}({x})_{target}}",
       doc="Softmax and negative log likelihood in one; targets are classes, or probabilities.",
       samples=(*CLASS_SAMPLES, Sample((LOGITS, SHARES, None)), Sample((LOGITS, CLASSES, None), {"label_smoothing": 0.1})),
       bad_samples=BAD_CLASS),
    Op("binary_cross_entropy_with_logits", (
        Input("x", lambda g, x, target, weight, pos_weight, reduction: ops.bce_backward(g, x, target, weight, pos_weight, reduction),
              "(σ({x}) − {target})/n"),
        Input("target", lambda g, x, weight, pos_weight, reduction: ops.bce_target_backward(g, x, weight, pos_weight, reduction), "−{x}/n"),
        WEIGHT, Input("pos_weight", optional=True)), bce, node_name="BinaryCrossEntropyWithLogitsBackward0", attrs=(REDUCTION,),
       category=CATEGORY, symbol="BCE", torch=("F.binary_cross_entropy_with_logits({x}, {target}, {weight}, pos_weight={pos_weight})",),
       latex=r"\overline{-t\ln\sigma({x}) - (1-t)\ln(1-\sigma({x}))}", doc="Logistic loss of logits against targets between 0 and 1.",
       samples=(Sample((samples.array(3, 2), CHANCES, None, None)),
                Sample((samples.array(3, 2), CHANCES, samples.positive(3, 2), samples.positive(2)), {"reduction": "none"})),
       bad_samples=(Sample((samples.array(3), samples.array(2), None, None), error="Target size (torch.Size([2])) must be the same as"),)),
)
