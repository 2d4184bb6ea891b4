"""ZeroGrad: write zeros into a `.grad` that is there."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from gradstudio.document.calls.call import Call, Machine, Namer
from gradstudio.document.graph import Ref
from gradstudio.engine import Tensor, call, stored_grad


class ZeroGrad(Call, frozen=True, kw_only=True):
    """`x.grad.zero_()`, one step per target. On None: the AttributeError that Python gives."""

    targets: tuple[Ref, ...] = ()

    kind: ClassVar[str] = "zero_grad"
    icon: ClassVar[str] = "eraser"
    menu: ClassVar[str] = "zero_()"

    def run(self, machine: Machine) -> None:
        """Zero the `.grad` of each target in place."""
        for ref in self.targets:
            tensor = machine.tensor(ref)
            machine.step("zero", ref, partial(zero_grad, tensor))

    def write(self, name: Namer) -> tuple[str, ...]:
        """Return one line per target."""
        return tuple(f"{name(ref)}.grad.zero_()" for ref in self.targets)


def zero_grad(tensor: Tensor) -> None:
    """Zero the `.grad` of a tensor in place. Raises AttributeError, in Python's words, where there is none."""
    grad = stored_grad(tensor)
    if grad is None:
        raise AttributeError("'NoneType' object has no attribute 'zero_'")
    call("zero_", (grad,))
