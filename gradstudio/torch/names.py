"""Everything that `torch.` offers beside submodules, in one table: dtypes, constants, functions of rows and of this package."""
from __future__ import annotations

import math
from typing import Any

from gradstudio.engine import dtypes, printing
from gradstudio.engine.dtypes import DType, Size
from gradstudio.engine.random import Generator
from gradstudio.engine.tensor import Tensor
from gradstudio.torch import (
    aliases,
    apart,
    asked,
    choices,
    compare,
    creation,
    devices,
    discrete,
    grad_mode,
    info,
    legacy,
    methods,
    spellings,
    windows,
)
from gradstudio.torch.autograd import anomaly

LONG_NAMES = {"half": "float16", "float": "float32", "double": "float64", "short": "int16", "int": "int32", "long": "int64",
              "cfloat": "complex64", "cdouble": "complex128"}
DTYPES: dict[str, Any] = {d.name: d for d in dtypes.DTYPES.values()}
DTYPES |= {short: DTYPES[name] for short, name in LONG_NAMES.items()}
CONSTANTS: dict[str, Any] = {"inf": math.inf, "nan": math.nan, "pi": math.pi, "e": math.e, "newaxis": None, "strided": devices.STRIDED,
                             **devices.MEMORY_FORMATS}


def is_tensor(obj: object) -> bool:
    """Return whether something is a tensor."""
    return isinstance(obj, Tensor)


def is_floating_point(input: Tensor) -> bool:
    """Return whether the dtype of a tensor is a float."""
    return bool(input.array.dtype.kind == "f")


def is_complex(input: Tensor) -> bool:
    """Return whether the dtype of a tensor is complex."""
    return bool(input.array.dtype.kind == "c")


def numel(input: Tensor) -> int:
    """Return the number of elements."""
    return input.numel()


def get_default_dtype() -> Any:
    """Return the dtype that Python floats become."""
    return dtypes.of(dtypes.default())


def set_printoptions(precision: int | None = None, threshold: float | None = None, edgeitems: int | None = None,
                     linewidth: int | None = None, profile: str | None = None, sci_mode: bool | None = None) -> None:
    """Set how tensors print."""
    printing.set_options(profile, sci_mode, precision=precision, threshold=threshold, edgeitems=edgeitems, linewidth=linewidth)


OWN: dict[str, Any] = {f.__name__: f for f in (
    is_tensor, is_floating_point, is_complex, numel, get_default_dtype, set_printoptions, Size, Generator)}
OWN |= {f.__name__: f for f in (
    grad_mode.no_grad, grad_mode.enable_grad, grad_mode.set_grad_enabled, grad_mode.is_grad_enabled, grad_mode.inference_mode,
    grad_mode.is_inference_mode_enabled, anomaly.is_anomaly_enabled, anomaly.is_anomaly_check_nan_enabled)}
OWN |= {"Tensor": legacy.TensorType, "device": devices.Device, "dtype": DType, "set_default_dtype": dtypes.set_default}
CREATION = {name: getattr(creation, name) for name in (
    "tensor", "as_tensor", "from_numpy", "zeros", "ones", "empty", "full", "zeros_like", "ones_like", "empty_like", "full_like", "arange",
    "linspace", "logspace", "eye", "rand", "randn", "rand_like", "randn_like", "randint", "randperm", "normal", "bernoulli", "multinomial",
    "manual_seed", "initial_seed", "asarray", "scalar_tensor", "randint_like")}
WRITTEN = (  # methods that write into their tensor, and are functions too, with a line at their end
    "abs", "acos", "asin", "atan", "ceil", "clamp", "clamp_max", "clamp_min", "cos", "cosh", "detach", "erf", "erfc", "exp", "exp2",
    "expm1", "fill", "floor", "frac", "log", "log10", "log1p", "log2", "neg", "reciprocal", "relu", "round", "rsqrt", "sigmoid", "sin",
    "sinh", "sqrt", "square", "tan", "tanh", "trunc", "zero",
)
ROWS = {name: function for name, function in spellings.TORCH.items() if "." not in name}
ALL: dict[str, Any] = {**aliases.TORCH_ALIASES, **ROWS, **DTYPES, **CONSTANTS, **CREATION, **compare.FUNCTIONS, **info.FACTS}
ALL |= {**legacy.TYPES, **discrete.TORCH, **apart.TORCH, **asked.TORCH, **choices.FUNCTIONS, **windows.FUNCTIONS, **OWN}
methods.install()
ALL |= {f"{name}_": getattr(Tensor, f"{name}_") for name in WRITTEN}
