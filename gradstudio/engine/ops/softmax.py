"""Softmax and log_softmax, with the backward ops that PyTorch has for them. Category activation."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine import errors
from gradstudio.engine.dims import dim_of
from gradstudio.engine.numerics import accurate, fused, quicksum, sleef, vectors
from gradstudio.engine.op import Attr, Input, Op, Sample, helper, ops, register
from gradstudio.engine.ops import samples
from gradstudio.engine.ops.activation import CATEGORY
from gradstudio.engine.promote import F32, F64, constant

Array = np.ndarray[Any, Any]
DIM = Attr("dim", "dim", -1, "Along which dim.", required=True)
SHORT = 32  # elements of a row
MODERATE = 50.0  # neither exp of this and the sum of a million such overflow in float32, nor does exp of its negative vanish
DTYPE = Attr("dtype", "dtype", None, "Convert to this dtype first.")


def axes_of(x: Array, dim: int) -> tuple[int, ...]:
    """Return the axis of a dim; none of a 0-dim tensor."""
    return (dim_of(dim, x.ndim),) if x.ndim else ()


def largest(x: Array, axes: tuple[int, ...]) -> Any:
    """Return the largest elements along an axis, which stays with size 1. Of short rows the columns of a copy are quicker to compare."""
    if x.size > quicksum.WORTH and axes[0] == x.ndim - 1 and x.shape[-1] <= SHORT and x.flags.c_contiguous:
        return np.maximum.reduce(np.ascontiguousarray(x.reshape(-1, x.shape[-1]).T), 0).reshape((*x.shape[:-1], 1))
    return np.maximum.reduce(x, axes, keepdims=True)


def shifted(x: Array, dim: int, name: str) -> tuple[Array, tuple[int, ...]]:
    """Return x less its largest element along a dim, and that dim (none of a 0-dim tensor). `name`: of PyTorch's kernel."""
    if x.dtype.kind not in "fc":
        raise NotImplementedError(f'"{name}_lastdim_kernel_impl" not implemented for \'{errors.dtype_name(x.dtype)}\'')
    axes = axes_of(x, dim)
    return x - largest(x, axes) if x.size else x.copy(), axes


def by_rows(x: Array, axes: tuple[int, ...]) -> bool | None:
    """Tell whether few float32 numbers, which are computed to PyTorch's last bit, are rows, or lie across; None for others."""
    return axes[0] == x.ndim - 1 if axes and x.size and fused.few(x) else None


def sums(x: Array, axes: tuple[int, ...]) -> Any:
    """Return the sums along an axis, which stays with size 1; of few float32 numbers in PyTorch's order."""
    rows = by_rows(x, axes)
    if rows is None:
        return quicksum.total(x, axes, True)
    return np.expand_dims(vectors.total(x) if rows else vectors.in_turn(x, axes[0]), axes)


def powers_of(x: Array, axes: tuple[int, ...]) -> Array:
    """Return exp: of rows in whole vectors, else across the dims behind, of which some elements may be left."""
    rows = by_rows(x, axes)
    if rows is None:
        return np.asarray(accurate.exp(x))
    if rows:
        return np.asarray(sleef.exp(x))
    return np.asarray(sleef.exp_along(x.reshape(*x.shape[:axes[0] + 1], -1), vectors.LANES)).reshape(x.shape)


def moderate(x: Array) -> bool:
    """Tell whether x holds so many and so moderate numbers that exp is taken of them as they are, which spares two passes."""
    if x.size <= quicksum.WORTH or (x.dtype is not F32 and x.dtype is not F64) or not x.flags.c_contiguous:
        return False
    line = x.reshape(-1)
    return bool(np.maximum.reduce(line) < MODERATE and np.minimum.reduce(line) > -MODERATE)


def softmax(x: Array, dim: int) -> Any:
    less, axes = (x, axes_of(x, dim)) if moderate(x) else shifted(x, dim, "softmax")
    powers = powers_of(less, axes)
    total = sums(powers, axes)
    if by_rows(powers, axes):
        powers *= constant(1, x.dtype) / total
    else:
        powers /= total
    return powers


def log_softmax(x: Array, dim: int) -> Any:
    less, axes = shifted(x, dim, "log_softmax")
    total = sums(powers_of(less, axes), axes)
    less -= np.log(total) if by_rows(x, axes) is None else accurate.log(total)
    return less


def softmax_backward(g: Array, out: Array, dim: int) -> Any:
    axes = axes_of(out, dim)
    rows = by_rows(out, axes)
    if rows is None:
        total = quicksum.total(np.asarray(g * out), axes, True)
    elif rows:
        total = np.expand_dims(vectors.of_products(g, out), axes)
    else:
        total = np.expand_dims(fused.sum_of_products(np.moveaxis(g, axes[0], 0), np.moveaxis(out, axes[0], 0)), axes)
    found = g - total
    found *= out
    return found


def log_softmax_backward(g: Array, out: Array, dim: int) -> Any:
    axes = axes_of(out, dim)
    return fused.less_product(g, powers_of(out, axes), sums(g, axes))


@helper
def softmax_double_backward(g: Any, grad_output: Any, dim: int, out: Any) -> Any:
    """The derivative of softmax's backward with respect to softmax's result."""
    return grad_output * g - ops.sum(out * grad_output, dim, True) * g - grad_output * ops.sum(out * g, dim, True)


def converted(row: str) -> Any:
    """Return softmax or log_softmax with its optional conversion before."""

    def run(x: Any, dim: Any = None, dtype: Any = None) -> Any:
        if dim is None:  # torch's own default, with a warning there
            dim = 0 if len(x.sizes) in (0, 1, 3) else 1
        return getattr(ops, row)(x if dtype is None else ops.to(x, dtype), dim)

    return run


GIVEN = (Sample((samples.array(3, 2),), {"dim": 1}), Sample((samples.array(3, 2),), {"dim": 0}), Sample((samples.array(4),), {"dim": -1}),
         Sample((samples.SCALAR,), {"dim": 0}))
BAD = (Sample((samples.array(3, 2),), {"dim": 2}, "Dimension out of range (expected to be in range of [-2, 1], but got 2)"),)
register(
    Op("softmax_backward", (Input("grad_output", lambda g, output, dim: ops.softmax_backward(g, output, dim)),
                            Input("output", lambda g, grad_output, dim, output: ops.softmax_double_backward(g, grad_output, dim, output))),
       softmax_backward, node_name="SoftmaxBackwardDataBackward0", attrs=(DIM,), hidden=True),
    Op("log_softmax_backward", (
        Input("grad_output", lambda g, output, dim: g - ops.sum(g * ops.exp(output), dim, True)),
        Input("output", lambda g, grad_output, output, dim: -ops.sum(grad_output, dim, True) * ops.exp(output) * g)), log_softmax_backward,
       node_name="LogSoftmaxBackwardDataBackward0", attrs=(DIM,), hidden=True),
    Op("softmax_of", (Input("x", lambda g, out, dim: ops.softmax_backward(g, out, dim)),), softmax, node_name="SoftmaxBackward0",
       attrs=(DIM,),
       hidden=True),
    Op("log_softmax_of", (Input("x", lambda g, out, dim: ops.log_softmax_backward(g, out, dim)),), log_softmax,
       node_name="LogSoftmaxBackward0", attrs=(DIM,), hidden=True),
    Op("softmax", (Input("x", formula="diag(s) − s sᵗ"),), composite=converted("softmax_of"), attrs=(DIM, DTYPE), category=CATEGORY,
       symbol="softmax", torch=("torch.softmax({x}, {dim})", "{x}.softmax({dim})", "F.softmax({x}, {dim})"),
       latex=r"\mathrm{softmax}({x})", doc="Positive numbers that add up to 1 along a dim.", samples=GIVEN, bad_samples=BAD),
    Op("log_softmax", (Input("x", formula="I − s"),), composite=converted("log_softmax_of"), attrs=(DIM, DTYPE), category=CATEGORY,
       symbol="log softmax", torch=("torch.log_softmax({x}, {dim})", "{x}.log_softmax({dim})", "F.log_softmax({x}, {dim})"),
       latex=r"\log\mathrm{softmax}({x})", doc="Logarithm of softmax, computed without overflow.", samples=GIVEN, bad_samples=BAD),
)
