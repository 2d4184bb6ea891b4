"""`torch.linalg`: the rows that are spelled `torch.linalg.<name>`."""
from __future__ import annotations

from gradstudio.torch.spellings import TORCH

globals().update({name.removeprefix("linalg."): function for name, function in TORCH.items() if name.startswith("linalg.")})


def __getattr__(name: str) -> None:
    raise AttributeError(f"module 'torch.linalg' has no attribute '{name}'")
