"""Losses as F has them: arguments in PyTorch's order, among them `size_average` and `reduce`, which were there before `reduction`."""
from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from gradstudio.engine.op import ops
from gradstudio.engine.tensor import Tensor
from gradstudio.torch import spellings

WAYS = "none", "mean", "sum"
plain = spellings.FUNCTIONAL


def way(reduction: Any, size_average: Any = None, reduce: Any = None) -> str:
    """Return how to reduce; what the two older arguments say goes before `reduction`. Raise ValueError for what is no way."""
    if size_average is not None or reduce is not None:
        return former_way(size_average, reduce)
    if reduction in WAYS:
        return str(reduction)
    if reduction == "elementwise_mean":
        warnings.warn("reduction='elementwise_mean' is deprecated. Please use reduction='mean' instead.", stacklevel=3)
        return "mean"
    raise ValueError(f"{reduction} is not a valid value for reduction")


def former_way(size_average: Any, reduce: Any) -> str:
    """Return what the two older arguments ask for, None standing for True, and warn of them."""
    found = "none" if reduce is not None and not reduce else "mean" if size_average is None or size_average else "sum"
    warnings.warn(f"size_average and reduce args will be deprecated, please use reduction='{found}' instead.", stacklevel=4)
    return found


def warn_of_sizes(input: Any, target: Any) -> None:
    """Warn, at the line that called the loss, of a target that is broadcast."""
    if isinstance(target, Tensor) and isinstance(input, Tensor) and target.sizes != input.sizes:
        warnings.warn(f"Using a target size (torch.Size({list(target.sizes)})) that is different to the input size "
                      f"(torch.Size({list(input.sizes)})). This will likely lead to incorrect results due to broadcasting. Please "
                      "ensure they have the same size.", UserWarning, stacklevel=3)


def weighted(each: Any, input: Tensor, weight: Tensor, reduction: str, over_weights: bool) -> Any:
    """Return weighted losses, reduced; their mean is over the sum of the weights, or over all elements."""
    if weight.sizes != input.sizes:
        raise ValueError("Weights and input must have the same size.")
    losses = each * weight
    if reduction not in WAYS:
        raise ValueError(f"Invalid reduction mode: {reduction}. Expected one of 'none', 'mean', 'sum'.")
    if reduction == "none":
        return losses
    if reduction == "mean" and not over_weights:
        return ops.mean(losses)
    return ops.sum(losses) / ops.sum(weight) if reduction == "mean" else ops.sum(losses)


def chosen(reduction: str, size_average: Any, reduce: Any) -> str:
    """Return the reduction unchecked, as what the two older arguments say."""
    return reduction if size_average is None and reduce is None else former_way(size_average, reduce)


# ---- numbers against numbers


def mse_loss(input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean", weight: Any = None) -> Any:
    """Return the squared differences, reduced."""
    warn_of_sizes(input, target)
    if weight is not None:
        return weighted((input - target) ** 2, input, weight, chosen(reduction, size_average, reduce), over_weights=True)
    return plain["mse_loss"](input, target, way(reduction, size_average, reduce))


def l1_loss(input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean", weight: Any = None) -> Any:
    """Return the absolute differences, reduced."""
    warn_of_sizes(input, target)
    if weight is not None:
        return weighted(ops.abs(input - target), input, weight, chosen(reduction, size_average, reduce), over_weights=True)
    return plain["l1_loss"](input, target, way(reduction, size_average, reduce))


def smooth_l1_loss(input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
                   beta: float = 1.0) -> Any:  # fmt: skip
    """Return squared differences under beta and absolute ones above, reduced."""
    warn_of_sizes(input, target)
    return plain["smooth_l1_loss"](input, target, reduction=way(reduction, size_average, reduce), beta=beta)


def huber_loss(input: Any, target: Any, reduction: str = "mean", delta: float = 1.0, weight: Any = None) -> Any:
    """Return squared differences under delta and delta times absolute ones above, reduced."""
    warn_of_sizes(input, target)
    if weight is not None:
        return weighted(plain["huber_loss"](input, target, reduction="none", delta=delta), input, weight, reduction, over_weights=False)
    return plain["huber_loss"](input, target, reduction=way(reduction), delta=delta)


def poisson_nll_loss(input: Any, target: Any, log_input: bool = True, full: bool = False, size_average: Any = None, eps: float = 1e-8,
                     reduce: Any = None, reduction: str = "mean") -> Any:  # fmt: skip
    """Return the negative log likelihood of counts, reduced."""
    found = chosen(reduction, size_average, reduce)
    if found not in WAYS:
        raise ValueError(f"{found} is not a valid value for reduction")
    return plain["poisson_nll_loss"](input, target, log_input=log_input, full=full, eps=eps, reduction=found)


def gaussian_nll_loss(input: Any, target: Any, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> Any:
    """Return the negative log likelihood of normal distributions, reduced; full: with its constant."""
    spread = ops.mul(ops.ones_like(input), var) if isinstance(var, float) else var
    return plain["gaussian_nll_loss"](input, target, spread, full=bool(full), eps=eps, reduction=reduction)


# ---- classes


def cross_entropy(input: Any, target: Any, weight: Any = None, size_average: Any = None, ignore_index: int = -100, reduce: Any = None,
                  reduction: str = "mean", label_smoothing: float = 0.0) -> Any:  # fmt: skip
    """Return the negative log of the softmax at the target class, or against the target's probabilities, reduced."""
    if reduction != "mean" or size_average is not None or reduce is not None:
        reduction = way(reduction, size_average, reduce)
    return plain["cross_entropy"](input, target, weight, reduction, ignore_index, label_smoothing)


def nll_loss(input: Any, target: Any, weight: Any = None, size_average: Any = None, ignore_index: int = -100, reduce: Any = None,
             reduction: str = "mean") -> Any:  # fmt: skip
    """Return minus the input at the target class, reduced."""
    return plain["nll_loss"](input, target, weight, way(reduction, size_average, reduce), ignore_index)


def binary_cross_entropy(input: Any, target: Any, weight: Any = None, size_average: Any = None, reduce: Any = None,
                         reduction: str = "mean") -> Any:  # fmt: skip
    """Return the negative log likelihood of probabilities, reduced."""
    return plain["binary_cross_entropy"](input, target, weight, way(reduction, size_average, reduce))


def binary_cross_entropy_with_logits(input: Any, target: Any, weight: Any = None, size_average: Any = None, reduce: Any = None,
                                     reduction: str = "mean", pos_weight: Any = None) -> Any:  # fmt: skip
    """Return the same of logits."""
    found = way(reduction, size_average, reduce)
    return plain["binary_cross_entropy_with_logits"](input, target, weight, pos_weight=pos_weight, reduction=found)


def kl_div(input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
           log_target: bool = False) -> Any:  # fmt: skip
    """Return the Kullback–Leibler divergence of log probabilities from the target, reduced; batchmean: its sum over the batch size."""
    former = size_average is not None or reduce is not None
    if not former and reduction == "mean":
        warnings.warn("reduction: 'mean' divides the total loss by both the batch size and the support size.'batchmean' divides only by "
                      "the batch size, and aligns with the KL div math definition.'mean' will be changed to behave the same as 'batchmean' "
                      "in the next major release.", stacklevel=2)
    if reduction == "batchmean" and not former:
        return plain["kl_div"](input, target, reduction="batchmean", log_target=log_target)
    return plain["kl_div"](input, target, reduction=way(reduction, size_average, reduce), log_target=log_target)


def multilabel_soft_margin_loss(input: Any, target: Any, weight: Any = None, size_average: Any = None, reduce: Any = None,
                                reduction: str = "mean") -> Any:  # fmt: skip
    """Return the mean over classes of binary cross entropies of logits, then the mean or the sum over samples."""
    found = chosen(reduction, size_average, reduce)
    each = ops.neg(ops.add(ops.mul(target, ops.log_sigmoid(input)), ops.mul(1 - target, ops.log_sigmoid(ops.neg(input)))))
    if weight is not None:
        each = ops.mul(each, weight)
    loss = ops.div(ops.sum(each, input.ndim - 1), input.sizes[-1])
    if found not in WAYS:
        raise ValueError(f"{found} is not valid")
    return loss if found == "none" else ops.mean(loss) if found == "mean" else ops.sum(loss)


def multi_margin_loss(input: Any, target: Any, p: int = 1, margin: float = 1.0, weight: Any = None, size_average: Any = None,
                      reduce: Any = None, reduction: str = "mean") -> Any:  # fmt: skip
    """Return the sum over wrong classes of max(0, margin - x[target] + x)^p, over the number of classes (Crammer and Singer 2001)."""
    found = way(reduction, size_average, reduce)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight.ndim != 1:
        raise ValueError("weight must be one-dimensional")
    return ops.multi_margin_loss(input, target, weight, p, margin, found)


def multilabel_margin_loss(input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> Any:
    """Return the sum over right and wrong classes of max(0, 1 - x[right] + x[wrong]), over the number of classes.

    A target row lists the right classes, up to the first -1.
    """
    return ops.multilabel_margin_loss(input, target, way(reduction, size_average, reduce))


# ---- likeness and rank


def hinge_embedding_loss(input: Any, target: Any, margin: float = 1.0, size_average: Any = None, reduce: Any = None,
                         reduction: str = "mean") -> Any:  # fmt: skip
    """Return x where the target is 1 and max(0, margin - x) where it is -1, reduced."""
    return plain["hinge_embedding_loss"](input, target, margin=margin, reduction=way(reduction, size_average, reduce))


def margin_ranking_loss(input1: Any, input2: Any, target: Any, margin: float = 0, size_average: Any = None, reduce: Any = None,
                        reduction: str = "mean") -> Any:  # fmt: skip
    """Return max(0, -y · (a - b) + margin), reduced. Raise RuntimeError unless all have as many dims."""
    found = way(reduction, size_average, reduce)
    if not input1.ndim == input2.ndim == target.ndim:
        sizes = ", ".join(f"{name}: torch.Size({list(each.sizes)})" for name, each in
                          (("input1", input1), ("input2", input2), ("target", target)))
        raise RuntimeError(f"margin_ranking_loss : All input tensors should have same dimension but got sizes: {sizes} ")
    return plain["margin_ranking_loss"](input1, input2, target, margin=margin, reduction=found)


def soft_margin_loss(input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> Any:
    """Return log(1 + exp(-y · x)), reduced."""
    return plain["soft_margin_loss"](input, target, way(reduction, size_average, reduce))


def cosine_embedding_loss(input1: Any, input2: Any, target: Any, margin: float = 0, size_average: Any = None, reduce: Any = None,
                          reduction: str = "mean") -> Any:  # fmt: skip
    """Return 1 - cos where the target is 1 and max(0, cos - margin) where it is -1, reduced."""
    return plain["cosine_embedding_loss"](input1, input2, target, margin=margin, reduction=way(reduction, size_average, reduce))


def triplet_margin_loss(anchor: Any, positive: Any, negative: Any, margin: float = 1.0, p: float = 2, eps: float = 1e-6,
                        swap: bool = False, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> Any:  # fmt: skip
    """Return max(0, d(anchor, positive) - d(anchor, negative) + margin), reduced. Raise ValueError for a margin of 0 or less."""
    found = way(reduction, size_average, reduce)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    return plain["triplet_margin_loss"](anchor, positive, negative, margin=margin, p=p, eps=eps, swap=swap, reduction=found)


def triplet_margin_with_distance_loss(anchor: Any, positive: Any, negative: Any, *,
                                      distance_function: Callable[[Any, Any], Any] | None = None, margin: float = 1.0,
                                      swap: bool = False, reduction: str = "mean") -> Any:  # fmt: skip
    """Return the same with any distance; by default that of pairs. Raise ValueError for a margin of 0 or less."""
    if reduction not in WAYS:
        raise ValueError(f"{reduction} is not a valid value for reduction")
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise RuntimeError("The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: "
                           f"anchor {anchor.ndim}D, positive {positive.ndim}D, and negative {negative.ndim}D inputs")
    distance = distance_function if distance_function is not None else plain["pairwise_distance"]
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = ops.minimum(far, distance(positive, negative))
    loss = ops.clamp_min(margin + near - far, 0)
    return ops.sum(loss) if reduction == "sum" else ops.mean(loss) if reduction == "mean" else loss


FUNCTIONS: dict[str, Callable[..., Any]] = {f.__name__: f for f in (
    mse_loss, l1_loss, smooth_l1_loss, huber_loss, poisson_nll_loss, gaussian_nll_loss, cross_entropy, nll_loss, binary_cross_entropy,
    binary_cross_entropy_with_logits, kl_div, multilabel_soft_margin_loss, multi_margin_loss, multilabel_margin_loss, hinge_embedding_loss,
    margin_ranking_loss, soft_margin_loss, cosine_embedding_loss, triplet_margin_loss, triplet_margin_with_distance_loss)}
