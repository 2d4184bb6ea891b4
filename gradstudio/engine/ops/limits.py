"""One of two that passes nan by, one-sided limits, and both extremes at once: fmax, fmin, clamp_min, clamp_max, aminmax."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstudio.engine.dims import dim_of, dims_of
from gradstudio.engine.op import Input, Op, helper, ops, register
from gradstudio.engine.ops import arithmetic, reduction, samples
from gradstudio.engine.tensor import Tensor

Array = np.ndarray[Any, Any]
LOWEST: Any = np.minimum.reduce
HIGHEST: Any = np.maximum.reduce


@helper
def passing(g: Any, taken: Any, y: Any) -> Any:
    """The cotangent of the one of two that came out, taken because of its size or because the other one, y, is nan."""
    return ops.masked_fill_number(g, ops.logical_not(ops.logical_or(taken, ops.isnan(y))), 0)


@helper
def stopping(g: Any, taken: Any, y: Any) -> Any:
    """The cotangent of the other one, y."""
    return ops.masked_fill_number(g, ops.logical_or(taken, ops.isnan(y)), 0)


def past_nan(name: str, forward: Any, compare: str, sign: str, what: str) -> Op:
    """Return the row of fmax or fmin. Unlike maximum and minimum it gives the whole gradient to the first of equal ones."""
    return Op(name, (Input("x", lambda g, x, y: ops.passing(g, getattr(ops, compare)(x, y), y), f"[{{x}} {sign} {{y}}]"),
                     Input("y", lambda g, x, y: ops.stopping(g, getattr(ops, compare)(x, y), y), f"[not {{x}} {sign} {{y}}]")), forward,
              node_name=f"{name.capitalize()}Backward0", promotes="same", category=arithmetic.CATEGORY, symbol=name,
              torch=(f"torch.{name}({{x}}, {{y}})", f"{{x}}.{name}({{y}})"), latex=rf"\{name[1:]}({{x}}, {{y}})",
              doc=f"The {what} of both, the number where the other one is nan; of equal ones the first has the gradient.",
              samples=samples.TWO[:-1], bad_samples=samples.BROADCAST)


def limit(name: str, bound: str, forward: Any, keeps: str, drops: str, sign: str) -> tuple[Op, ...]:
    """Return the rows of clamp_min or clamp_max: by a number, by a tensor, and the row that people see."""
    node = name.title().replace("_", "")

    def run(x: Any, y: Any) -> Any:
        return getattr(ops, f"{name}_tensor" if isinstance(y, Tensor) else f"{name}_number")(x, y)

    return (
        Op(f"{name}_number", (Input("x", lambda g, x, y: ops.where(getattr(ops, keeps)(x, y), g, 0)),
                              Input("y", kind="number", torch=bound)), forward,
           node_name=f"{node}Backward0", promotes="same", hidden=True),
        Op(f"{name}_tensor", (Input("x", lambda g, x, y: ops.where(getattr(ops, keeps)(x, y), g, 0)),
                              Input("y", lambda g, x, y: ops.where(getattr(ops, drops)(x, y), g, 0), torch=bound)), forward,
           node_name=f"{node}Backward1", promotes="same", hidden=True),
        Op(name, (Input("x", formula=f"[{{x}} {sign} {{y}}]"),
                  Input("y", formula=f"[not {{x}} {sign} {{y}}]", kind="operand", torch=bound)),
           composite=run, kernel=forward, category=arithmetic.CATEGORY, symbol=f"{sign} {bound}",
           torch=(f"torch.{name}({{x}}, {{y}})", f"{{x}}.{name}({{y}})"), latex=rf"\{'max' if bound == 'min' else 'min'}({{x}}, {{y}})",
           doc=f"Keep {'above' if bound == 'min' else 'below'} a limit; the gradient passes at the limit too.", samples=samples.TWO,
           bad_samples=samples.BROADCAST),
    )


def both(x: Array, dim: int | None, keepdim: bool) -> tuple[Any, Any]:
    axis = dim if dim is None else dim_of(dim, x.ndim)
    if axis is None and not x.size:
        raise RuntimeError("aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity.")
    if axis is not None and x.ndim and not x.shape[axis]:
        raise IndexError(f"aminmax: Expected reduction dim {axis} to have non-zero size.")
    axes = dims_of(axis, x.ndim)
    return LOWEST(x, axes, keepdims=keepdim), HIGHEST(x, axes, keepdims=keepdim)


@helper
def aminmax_backward(g: Any, x: Any, low: Any, high: Any, dim: Any, keepdim: bool) -> Any:
    """The gradient of both extremes: equal elements share each of them evenly."""
    parts = [ops.scaled_by_count(c, x, out, dim, keepdim) for c, out in zip(g, (low, high), strict=True) if c is not None]
    return parts[0] if len(parts) == 1 else parts[0] + parts[1]


register(
    past_nan("fmax", np.fmax, "ge", "≥", "larger"),
    past_nan("fmin", np.fmin, "le", "≤", "smaller"),
    *limit("clamp_min", "min", np.maximum, "ge", "lt", "≥"),
    *limit("clamp_max", "max", np.minimum, "le", "gt", "≤"),
    Op("aminmax", (Input("x", lambda g, x, min, max, dim, keepdim: ops.aminmax_backward(g, x, min, max, dim, keepdim),
                         "[is min], [is max]"),), both,
       node_name="AminmaxBackward0", attrs=(reduction.ONE_DIM, reduction.KEEPDIM), outputs=("min", "max"), differentiable=(0, 1),
       category=reduction.CATEGORY, symbol="min max", torch=("torch.aminmax({x})", "{x}.aminmax()"), latex=r"\min {x}, \max {x}",
       doc="The smallest and the largest element; equal ones share the gradient.", samples=reduction.PLAIN, bad_samples=reduction.BAD_DIM),
)
