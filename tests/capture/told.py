"""A stand-in for PyTorch in tests of the recording: tensors that say of themselves what they are told, and the telling of calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

import numpy as np

from gradstudio.capture.recording import Recording
from gradstudio.capture.seen import Told
from gradstudio.document.frames import FrameKind
from gradstudio.document.graph import Array

KEYS = count(1)


@dataclass(eq=False)
class Tensor:
    """A tensor as a program has it."""

    array: Array
    requires_grad: bool = False
    is_leaf: bool = True
    grad: Tensor | None = None
    version: int = 0
    shares: Tensor | None = None
    leads_to: frozenset[int] = frozenset()
    key: int = field(default_factory=KEYS.__next__)

    @property
    def storage(self) -> int:
        return self.shares.storage if self.shares else self.key

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @property
    def dtype(self) -> str:
        return self.array.dtype.name

    def value(self) -> Array:
        return self.array.copy()

    def origins(self) -> frozenset[int]:
        return self.leads_to


def leaf(data: object, requires_grad: bool = False, dtype: str = "float32") -> Tensor:
    """Return a tensor that nothing made."""
    return Tensor(np.array(data, dtype), requires_grad)


def made(data: object, requires_grad: bool = True, **more: object) -> Tensor:
    """Return a tensor that a function made."""
    return Tensor(np.array(data, "float32"), requires_grad, is_leaf=not requires_grad, **more)  # type: ignore[arg-type]


def tell(recording: Recording, name: str, *args: object, result: object = None, mode: FrameKind | None = None, **named: object) -> object:
    """Tell of a call that gives a result; an exception is raised by it."""

    def compute() -> object:
        if isinstance(result, Exception):
            raise result
        return result() if callable(result) else result

    recording.tell(Told(name, args, named, mode, "train.py:7"), compute)
    return result
