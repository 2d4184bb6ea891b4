"""Losses composed of other rows, for pairs and for distributions: hinge, ranking, cosine, triplet, KL, Poisson, Gaussian. Category loss."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.op import Attr, Input, Op, Sample, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.loss import CATEGORY, REDUCTION
from gradstudio.engine.tensor import Tensor, make

COSINE_FLOOR = 1e-12  # added to squared lengths in cosine_embedding_loss
BATCHMEAN = Attr("reduction", "choice", "mean", "What becomes of the elements; batchmean is their sum over the size of the batch.",
                 ("mean", "sum", "none", "batchmean"))
MARGIN = Attr("margin", "float", 0.0, "By how much one has to be better.")
UNIT_MARGIN = Attr("margin", "float", 1.0, "By how much one has to be better.")


def gathered(losses: Any, reduction: str) -> Any:
    """Return the mean or the sum of losses, or themselves."""
    if reduction not in REDUCTION.choices:
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return ops.mean(losses) if reduction == "mean" else ops.sum(losses) if reduction == "sum" else losses


def number(value: float, like: Tensor) -> Tensor:
    """Return a number as a 0-dim tensor of another's dtype."""
    return make(np.asarray(value, like.scalar_type), None)


# Pairs: targets are 1 (alike, or the first one higher) and -1.
def hinge_embedding_loss(x: Any, target: Any, margin: float = 1.0, reduction: str = "mean") -> Any:
    apart = ops.where(ops.ne(target, 1), ops.clamp_min_number(ops.sub(number(margin, x), x), 0), 0)
    return gathered(ops.add(apart, ops.where(ops.ne(target, -1), x, 0)), reduction)


def margin_ranking_loss(x: Any, y: Any, target: Any, margin: float = 0.0, reduction: str = "mean") -> Any:
    if not len(x.sizes) == len(y.sizes) == len(target.sizes):
        sizes = [f"{name}: torch.Size({errors.size(t.sizes)})" for name, t in (("input1", x), ("input2", y), ("target", target))]
        raise RuntimeError(f"margin_ranking_loss : All input tensors should have same dimension but got sizes: {', '.join(sizes)} ")
    ahead = ops.mul(ops.neg(target), ops.sub(x, y))
    return gathered(ops.clamp_min_number(ops.add_number(ahead, margin), 0), reduction)


def check_cosine(x: Any, y: Any, target: Any) -> None:
    """Raise RuntimeError in PyTorch's words for numbers of dims that do not go together."""
    dims = len(target.sizes)
    if dims > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if len(x.sizes) != dims + 1 or len(y.sizes) != dims + 1:
        raise RuntimeError(f"{dims}D target tensor expects {dims + 1}D input tensors, but found inputs with sizes {errors.size(x.sizes)} "
                           f"and {errors.size(y.sizes)}.")


def cosine_embedding_loss(x: Any, y: Any, target: Any, margin: float = 0.0, reduction: str = "mean") -> Any:
    check_cosine(x, y, target)
    dim = len(target.sizes)
    product = ops.sum(ops.mul(x, y), dim)
    squares = [ops.add_number(ops.sum(ops.mul(t, t), dim), COSINE_FLOOR) for t in (x, y)]
    cosine = ops.div(product, ops.sqrt(ops.mul(*squares)))
    alike = ops.where(ops.eq(target, 1), ops.sub(number(1, cosine), cosine), 0)
    apart = ops.where(ops.eq(target, -1), ops.clamp_min_number(ops.sub_number(cosine, margin), 0), 0)
    return gathered(ops.add(alike, apart), reduction)


def triplet_margin_loss(x: Any, positive: Any, negative: Any, margin: float = 1.0, p: float = 2.0, eps: float = 1e-6, swap: bool = False,
                        reduction: str = "mean") -> Any:
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    a, b, c = len(x.sizes), len(positive.sizes), len(negative.sizes)
    if not a == b == c:
        raise RuntimeError("The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: "
                           f"anchor {a}D, positive {b}D, and negative {c}D inputs")
    near, far = ops.pairwise_distance(x, positive, p, eps), ops.pairwise_distance(x, negative, p, eps)
    if swap:
        far = ops.minimum(far, ops.pairwise_distance(positive, negative, p, eps))
    return gathered(ops.clamp_min_number(ops.sub(ops.add_number(near, margin), far), 0), reduction)


# Distributions.
def log_divergence(x: Any, target: Any) -> Any:
    return ops.mul(ops.exp(target), ops.sub(target, x))


def kl_div(x: Any, target: Any, reduction: str = "mean", log_target: bool = False) -> Any:
    """As F.kl_div: x are logarithms of probabilities; "batchmean" divides the sum by the size of the first dim."""
    if "f" not in x.scalar_type.kind or "f" not in target.scalar_type.kind:
        raise RuntimeError("kl_div: Integral inputs not supported.")
    losses = log_divergence(x, target) if log_target else ops.sub(ops.xlogy(target, target), ops.mul(target, x))
    if reduction != "batchmean":
        return gathered(losses, reduction)
    out = ops.sum(losses)
    return ops.div(out, x.sizes[0]) if x.sizes else out


def poisson_nll_loss(x: Any, target: Any, log_input: bool = True, full: bool = False, eps: float = 1e-8, reduction: str = "mean") -> Any:
    """As F.poisson_nll_loss; full adds Stirling's approximation of ln(target!) where the target is above 1."""
    rate, log_rate = (ops.exp(x), x) if log_input else (x, ops.log(ops.add_number(x, eps)))
    losses = ops.sub(rate, ops.mul(target, log_rate))
    if full:
        powers = ops.sub(ops.mul(target, ops.log(target)), target)
        stirling = ops.add(powers, ops.mul_number(ops.log(ops.mul_number(target, 2 * math.pi)), 0.5))
        losses = ops.add(losses, ops.masked_fill_number(stirling, ops.le(target, 1), 0))
    return gathered(losses, reduction)


def variances(x: Any, var: Any) -> Any:
    """Return variances in a shape that broadcasts against x; raise ValueError in PyTorch's words if there is none."""
    if not isinstance(var, Tensor):
        if var < 0:
            raise ValueError("var has negative entry/entries")
        return make(np.full(x.sizes, var, x.scalar_type), None)
    if (var.array < 0).any():
        raise ValueError("var has negative entry/entries")
    if var.sizes == x.sizes:
        return var
    if x.sizes[:-1] == var.sizes:
        return ops.unsqueeze(var, -1)
    pairs = zip(x.sizes[::-1], var.sizes[::-1], strict=False)
    if len(var.sizes) > len(x.sizes) or any(n not in (m, 1) for m, n in pairs):
        raise ValueError("var is of incorrect size")
    return var


def gaussian_nll_loss(x: Any, target: Any, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> Any:
    """As F.gaussian_nll_loss; variances are held above eps, which their gradients do not notice."""
    if reduction not in REDUCTION.choices:
        raise ValueError(f"{reduction} is not valid")
    var = ops.clone(variances(x, var))
    np.maximum(var.array, var.array.dtype.type(eps), out=var.array)
    losses = ops.mul(ops.add(ops.log(var), ops.div(ops.pow(ops.sub(x, target), 2), var)), 0.5)
    if full:
        losses = ops.add(losses, 0.5 * math.log(2 * math.pi))
    return gathered(losses, reduction)


ROWS = samples.array(3, 2)
OTHERS = samples.array(3, 2, start=0.6)
SIDES = np.array([1.0, -1.0, 1.0])
SIDES_2D = np.array([[1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]])
LOGS = np.log(np.array([[0.2, 0.8], [0.5, 0.5], [0.7, 0.3]]))
SHARES = np.array([[0.4, 0.6], [0.3, 0.7], [0.9, 0.1]])
COUNTS = np.array([[0.5, 3.0], [1.5, 2.0], [4.0, 0.7]])
UNEQUAL = (Sample((samples.array(2), samples.positive(3)), error="The size of tensor a (3) must match the size of tensor b (2)"),)


def every(*operands: Any) -> tuple[Sample, ...]:
    """Return the operands with each reduction."""
    return (Sample(operands), Sample(operands, {"reduction": "sum"}), Sample(operands, {"reduction": "none"}))


register(
    Op("sub_number", (Input("x", lambda g: g), Input("y", kind="number")), np.subtract, node_name="SubBackward1", promotes="same",
       hidden=True),
    Op("hinge_embedding_loss", (Input("x", formula="[{target} = 1] − [{target} = −1, {x} < margin]"), Input("target")),
       composite=hinge_embedding_loss, attrs=(UNIT_MARGIN, REDUCTION), category=CATEGORY, symbol="hinge",
       torch=("F.hinge_embedding_loss({x}, {target})",), latex=r"\overline{x \mid \max(0, m - x)}",
       doc="A distance where the target is 1, and how much it lacks to a margin where it is -1.", samples=every(ROWS, SIDES_2D),
       bad_samples=UNEQUAL),
    Op("margin_ranking_loss", (Input("x", formula="−{target} if it lacks", torch="input1"),
                               Input("y", formula="{target} if it lacks", torch="input2"), Input("target")),
       composite=margin_ranking_loss, attrs=(MARGIN, REDUCTION), category=CATEGORY, symbol="ranking",
       torch=("F.margin_ranking_loss({x}, {y}, {target})",), latex=r"\overline{\max(0, -t({x} - {y}) + m)}",
       doc="How much the one that should be higher lacks.", samples=every(ROWS[:, 0].copy(), OTHERS[:, 1].copy(), SIDES),
       bad_samples=(Sample((ROWS, SIDES, SIDES), error="margin_ranking_loss : All input tensors should have same dimension"),)),
    Op("cosine_embedding_loss", (Input("x", formula="∓(ŷ − cos·x̂)/‖{x}‖", torch="input1"),
                                 Input("y", formula="∓(x̂ − cos·ŷ)/‖{y}‖", torch="input2"), Input("target")),
       composite=cosine_embedding_loss, attrs=(MARGIN, REDUCTION), category=CATEGORY, symbol="cos loss",
       torch=("F.cosine_embedding_loss({x}, {y}, {target})",), latex=r"\overline{1 - \cos \mid \max(0, \cos - m)}",
       doc="Vectors should point the same way where the target is 1, and not where it is -1.", samples=every(ROWS, OTHERS, SIDES),
       bad_samples=(Sample((ROWS, OTHERS, SIDES_2D), error="0D or 1D target tensor expected, multi-target not supported"),)),
    Op("triplet_margin_loss", (Input("x", formula="unit vectors from {positive}, to {negative}", torch="anchor"),
                               Input("positive", formula="unit vector to {x}"), Input("negative", formula="unit vector from {x}")),
       composite=triplet_margin_loss,
       attrs=(UNIT_MARGIN, Attr("p", "number", 2.0, "Which norm."), Attr("eps", "float", 1e-6, "Added to each difference."),
              Attr("swap", "bool", False, "Take the distance of positive and negative where it is smaller."), REDUCTION),
       category=CATEGORY, symbol="triplet", torch=("F.triplet_margin_loss({x}, {positive}, {negative})",),
       latex=r"\overline{\max(0, d({x}, {positive}) - d({x}, {negative}) + m)}",
       doc="An anchor should be nearer to one than to another, by a margin.",
       samples=(*every(ROWS, OTHERS, ROWS[::-1] * 0.7), Sample((ROWS, OTHERS, ROWS[::-1] * 0.7), {"swap": True, "margin": 2.0})),
       bad_samples=(Sample((ROWS, SIDES, ROWS), error="The anchor, positive, and negative tensors are expected to have the same"),)),
    Op("kl_div", (Input("x", formula="−{target}/n"), Input("target", formula="(ln {target} + 1 − {x})/n")), composite=kl_div,
       attrs=(BATCHMEAN, Attr("log_target", "bool", False, "Targets are logarithms too.")), category=CATEGORY, symbol="KL",
       torch=("F.kl_div({x}, {target})",), latex=r"\overline{t(\ln t - {x})}",
       doc="How far log probabilities are from those of a target.",
       samples=(*every(LOGS, SHARES), Sample((LOGS, LOGS[::-1].copy()), {"log_target": True, "reduction": "batchmean"})),
       bad_samples=(Sample((np.array([1, 2]), np.array([1, 2])), error="kl_div: Integral inputs not supported."),)),
    Op("poisson_nll_loss", (Input("x", formula="(e^{x} − {target})/n"), Input("target", formula="−{x}/n")), composite=poisson_nll_loss,
       attrs=(Attr("log_input", "bool", True, "x is the logarithm of the rate."), Attr("full", "bool", False, "Add what x is no part of."),
              Attr("eps", "float", 1e-8, "Added to the rate in its logarithm."), REDUCTION), category=CATEGORY, symbol="poisson",
       torch=("F.poisson_nll_loss({x}, {target})",), latex=r"\overline{e^{x} - t{x}}", doc="Log loss of rates against counts.",
       samples=(*every(ROWS, COUNTS), Sample((ROWS, COUNTS), {"full": True}),
                Sample((COUNTS + 0.2, COUNTS), {"log_input": False, "reduction": "sum"})), bad_samples=UNEQUAL),
    Op("gaussian_nll_loss", (Input("x", formula="({x} − {target})/({var}·n)"), Input("target", formula="({target} − {x})/({var}·n)"),
                             Input("var", formula="(1 − ({x} − {target})²/{var})/(2{var}·n)", kind="operand")),
       composite=gaussian_nll_loss,
       attrs=(Attr("full", "bool", False, "Add the constant part."), Attr("eps", "float", 1e-6, "The least variance."), REDUCTION),
       category=CATEGORY, symbol="gauss", torch=("F.gaussian_nll_loss({x}, {target}, {var})",),
       latex=r"\tfrac12\overline{\ln v + ({x} - {target})^2/v}", doc="Log loss of means and variances against targets.",
       samples=(*every(ROWS, OTHERS, samples.positive(3, 2)), Sample((ROWS, OTHERS, samples.positive(3)), {"full": True})),
       bad_samples=(Sample((ROWS, OTHERS, -COUNTS), error="var has negative entry/entries"),)),
)
