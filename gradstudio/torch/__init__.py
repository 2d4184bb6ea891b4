"""PyTorch's names over the engine: `import gradstudio.torch as torch` runs ordinary tutorial code.

The names are loaded when the first of them is used, so that importing this costs next to nothing.
"""
from __future__ import annotations

import importlib
from typing import Any

__version__ = "2.13.0"  # the PyTorch whose behaviour this follows
SUBMODULES = ("autograd", "linalg", "nn", "optim", "special", "testing", "utils")


def _loaded() -> dict[str, Any]:
    """Load the engine and put PyTorch's names into this module. Return them."""
    names: dict[str, Any] = importlib.import_module("gradstudio.torch.names").ALL
    globals().update(names)
    return names


def __getattr__(name: str) -> Any:
    if name in SUBMODULES:
        return importlib.import_module(f"gradstudio.torch.{name}")
    if name == "__all__":
        return sorted({*SUBMODULES, *_loaded()})
    found = {} if name.startswith("__") else _loaded()
    if name not in found:
        raise AttributeError(f"module 'torch' has no attribute '{name}'")
    return found[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *SUBMODULES, *_loaded()})
