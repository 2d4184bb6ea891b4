"""SetGradNone: forget a `.grad`."""

from __future__ import annotations

from typing import ClassVar

from gradstudio.document.calls.call import Call, Machine, Namer
from gradstudio.document.graph import Ref
from gradstudio.engine import Tensor


class SetGradNone(Call, frozen=True, kw_only=True):
    """`x.grad = None`."""

    targets: tuple[Ref, ...] = ()

    kind: ClassVar[str] = "set_grad_none"
    icon: ClassVar[str] = "x"
    menu: ClassVar[str] = "grad = None"

    def run(self, machine: Machine) -> None:
        """Drop the `.grad` of each target: one step."""
        tensors = [machine.tensor(ref) for ref in self.targets]
        machine.step("call", None, lambda: forget(tensors))

    def write(self, name: Namer) -> tuple[str, ...]:
        """Return one line per target."""
        return tuple(f"{name(ref)}.grad = None" for ref in self.targets)


def forget(tensors: list[Tensor]) -> None:
    """Set each `.grad` to None."""
    for tensor in tensors:
        tensor.grad = None
