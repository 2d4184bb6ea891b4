"""`torch.optim`: optimizers over parameter groups; the arithmetic is the engine's."""
from __future__ import annotations

from gradstudio.torch.optim import lr_scheduler
from gradstudio.torch.optim.lbfgs import LBFGS
from gradstudio.torch.optim.optimizer import KINDS, Optimizer

__all__ = ["LBFGS", "Optimizer", "lr_scheduler", *KINDS]
globals().update(KINDS)


def __getattr__(name: str) -> None:
    raise AttributeError(f"module 'torch.optim' has no attribute '{name}'")
