"""`torch.special`: the rows that are spelled `torch.special.<name>`."""
from __future__ import annotations

from gradstudio.torch.spellings import TORCH

globals().update({name.removeprefix("special."): function for name, function in TORCH.items() if name.startswith("special.")})


def __getattr__(name: str) -> None:
    raise AttributeError(f"module 'torch.special' has no attribute '{name}'")
