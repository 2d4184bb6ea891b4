"""PyTorch's names over the engine: `import gradstudio.torch as torch` runs ordinary tutorial code."""
from __future__ import annotations

import importlib
from typing import Any

from gradstudio.engine.dtypes import DType as dtype  # noqa: N813
from gradstudio.engine.dtypes import Size
from gradstudio.engine.random import Generator
from gradstudio.engine.tensor import Tensor
from gradstudio.torch import methods, names
from gradstudio.torch.devices import Device as device  # noqa: N813
from gradstudio.torch.grad_mode import enable_grad, is_grad_enabled, no_grad, set_grad_enabled

LAZY = ("autograd", "nn", "optim", "testing", "linalg", "special")

methods.install()
globals().update(names.ALL)
__all__ = ["Generator", "Size", "Tensor", "device", "dtype", "enable_grad", "is_grad_enabled", "no_grad", "set_grad_enabled", *names.ALL]


def __getattr__(name: str) -> Any:
    if name in LAZY:
        return importlib.import_module(f"gradstudio.torch.{name}")
    raise AttributeError(f"module 'torch' has no attribute '{name}'")
