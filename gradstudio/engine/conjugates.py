"""Complex numbers: what refuses them, and their gradients.

PyTorch's gradient of a real loss is its derivative by the real part plus i times that by the imaginary. For a holomorphic op the
cotangent is then multiplied by the conjugate of the derivative. A vjp is written for real numbers, as the cotangent times what it
reads: with the conjugates of what it reads it is right for complex ones.
"""

from __future__ import annotations

from typing import Any

from gradstudio.engine import errors
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


# Rows that PyTorch has no kernel for: the kernel's name.
KERNELS = {
    "round_whole": "round_vml_cpu", "frac": "frac_cpu", "erf": "erf_vml_cpu", "erfc": "erfc_vml_cpu", "erfinv": "erfinv_vml_cpu",
    "lgamma": "lgamma_vml_cpu", "digamma": "digamma", "gt": "gt_cpu", "ge": "ge_cpu", "lt": "lt_cpu", "le": "le_cpu", "hypot": "hypot_cpu",
    "logaddexp2": "logaddexp2_cpu", "floor_divide_tensor": "div_floor_cpu", "floor_divide_number": "div_floor_cpu",
    "remainder_tensor": "remainder_cpu", "remainder_number": "remainder_cpu", "remainder_first": "remainder_cpu",
    "fmod_tensor": "fmod_cpu", "fmod_number": "fmod_cpu", "max_all": "max_all", "min_all": "min_all",
    "amax": "max_values_cpu", "amin": "min_values_cpu", "aminmax": "aminmax_cpu", "median_all": "median_cpu",
    "median_dim": "median_out", "nanmedian_all": "median_cpu", "nanmedian_dim": "median_out", "mode": "mode_cpu",
    "kthvalue": "kthvalue_cpu", "softmax_of": "softmax_lastdim_kernel_impl", "log_softmax_of": "log_softmax_lastdim_kernel_impl",
    "cummax": "cummax_cpu", "cummin": "cummin_cpu", "bitwise_not": "bitwise_not_cpu", "gelu": "GeluKernelImpl",
    "softplus": "softplus_cpu", "leaky_relu": "leaky_relu_cpu", "elu": "elu_cpu", "celu": "elu_cpu", "selu": "elu_cpu",
    "mish": "mish_cpu", "hardsigmoid": "hardsigmoid_cpu", "hardswish": "hardswish_cpu", "softshrink": "softshrink_check",
    "hardshrink": "hardshrink_cpu", "log_sigmoid_forward": "log_sigmoid_cpu", "threshold": "threshold_cpu", "mse_loss_same": "mse_cpu",
    "smooth_l1_loss_of": "smooth_l1_cpu", "huber_loss_of": "huber_cpu",
}
# Rows that refuse them in words of their own.
WORDS: dict[str, Exception] = {
    **{name: NotImplementedError(f"{name} is not supported for complex inputs") for name in ("ceil", "floor", "trunc")},
    **{name: NotImplementedError("clamp is not supported for complex types") for name in (
        "relu", "hardtanh", "clamp_number", "clamp_tensor", "clamp_min_number", "clamp_min_tensor", "clamp_max_number",
        "clamp_max_tensor")},
    **{name: RuntimeError(f"{name} not implemented for complex tensors.") for name in ("maximum", "minimum", "fmax", "fmin")},
    **{name: RuntimeError(f"{name}(): does not support complex input") for name in ("argmax", "argmin")},
    "max_dim": RuntimeError("max(): does not support complex input"), "min_dim": RuntimeError("min(): does not support complex input"),
    **{name: RuntimeError(f"{name} is not supported for complex tensors.") for name in ("deg2rad", "rad2deg")},
    **{name: RuntimeError(" Sort does not support complex dtypes on CPU") for name in ("sort_along", "sort_stable")},
    "topk": RuntimeError(" topk does not support complex dtypes on CPU"),
    "sign": NotImplementedError("Unlike NumPy, torch.sign is not intended to support complex numbers. Please use torch.sgn instead."),
    "nansum": RuntimeError("nansum on CPU does not support complex inputs"),
}
# Rows that take them in PyTorch and do not here.
ABSENT = frozenset(("logaddexp", "logcumsumexp", "std_of", "var_of", "std_mean_of", "var_mean_of", "vector_norm"))


def refuse(op: Op, arrays: Any) -> None:
    """Raise what PyTorch raises if one of these arrays is complex and the op takes none; NotImplementedError where only this lacks it."""
    dtype = next((x.dtype for x in arrays if getattr(getattr(x, "dtype", None), "kind", "") == "c"), None)
    if dtype is None:
        return
    if op.name in KERNELS:
        raise errors.lacking(KERNELS[op.name], dtype)
    if op.name in WORDS:
        raise type(WORDS[op.name])(str(WORDS[op.name]))
    if op.name in ABSENT:
        raise NotImplementedError(f"{op.name}() of complex tensors is not here")
