"""Gradients of complex numbers. PyTorch's gradient of a real loss is its derivative by the real part plus i times that by the imaginary.

For a holomorphic op the cotangent is then multiplied by the conjugate of the derivative. A vjp is written for real numbers, as the
cotangent times what it reads: with the conjugates of what it reads it is right for complex ones.
"""

from __future__ import annotations

from typing import Any

from gradstudio.engine.op import Op, ops

HOLOMORPHIC = frozenset((
    "mul_tensor", "mul_number", "div_tensor", "div_number", "pow_scalar", "reciprocal", "sqrt", "rsqrt", "exp", "log", "log1p",
    "expm1", "log2", "log10", "exp2", "sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "acos", "atan", "asinh", "acosh",
    "atanh", "sigmoid", "tanh_backward", "sigmoid_backward", "mm", "mv", "bmm", "dot", "addmm", "addmv", "addbmm", "baddbmm",
    "addcmul", "addcdiv", "lerp_number", "prod_all", "prod_dim", "cumprod",
    "linalg_inv_of", "linalg_solve_of", "linalg_solve_triangular_of", "linalg_det_of", "linalg_slogdet_of"))
RIGHT = frozenset(("abs",))  # its vjp holds for complex numbers as it stands


def conjugated(op: Op, values: list[Any]) -> list[Any]:
    """Return what the vjps of an op read, with complex tensors and numbers conjugated.

    Raises NotImplementedError if there are some and the op has no gradient for them here.
    """
    found = [_conjugate(v) for v in values]
    if op.name in RIGHT or all([a is b for a, b in zip(found, values, strict=True)]):
        return values
    if op.name not in HOLOMORPHIC:
        raise NotImplementedError(f"{op.name}() of complex tensors has no gradient here")
    return found


def _conjugate(value: Any) -> Any:
    if isinstance(value, complex):
        return value.conjugate()
    return ops.conj(value) if getattr(getattr(value, "scalar_type", None), "kind", "") == "c" else value
