"""`torch.special`: the rows that are spelled `torch.special.<name>`, and those that `torch` has under a name of its own."""
from __future__ import annotations

from gradstudio.torch.spellings import TORCH

SHARED = {"expm1": "expm1", "log1p": "log1p", "erf": "erf", "expit": "sigmoid", "round": "round", "softmax": "softmax",
          "log_softmax": "log_softmax", "logsumexp": "logsumexp"}
globals().update({name: TORCH[there] for name, there in SHARED.items() if there in TORCH})
globals().update({name.removeprefix("special."): function for name, function in TORCH.items() if name.startswith("special.")})


def __getattr__(name: str) -> None:
    raise AttributeError(f"module 'torch.special' has no attribute '{name}'")
