"""`torch.linalg`: the rows that are spelled `torch.linalg.<name>`."""
from __future__ import annotations

from typing import Any

from gradstudio.engine.errors import LinAlgError as LinAlgError
from gradstudio.engine.op import ops
from gradstudio.engine.tensor import Tensor
from gradstudio.torch.spellings import TORCH

globals().update({name.removeprefix("linalg."): function for name, function in TORCH.items() if name.startswith("linalg.")})


def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:  # noqa: N803 (PyTorch's name)
    """Return the diagonals of the last two dims as a view. Raises IndexError for a dim that is not there."""
    return ops.diagonal(A, offset, dim1, dim2)


def __getattr__(name: str) -> None:
    raise AttributeError(f"module 'torch.linalg' has no attribute '{name}'")
