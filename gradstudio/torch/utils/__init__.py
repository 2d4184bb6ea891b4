"""`torch.utils`: of it, `torch.utils.data`."""
from __future__ import annotations

import importlib
from typing import Any


def __getattr__(name: str) -> Any:
    if name == "data":
        return importlib.import_module("gradstudio.torch.utils.data")
    raise AttributeError(f"module 'torch.utils' has no attribute '{name}'")
