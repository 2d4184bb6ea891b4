"""SetRequiresGrad: the switch on leaves, thrown by the script."""

from __future__ import annotations

from typing import ClassVar

from gradstudio.document.calls.call import Call, Machine, Namer
from gradstudio.document.graph import Ref
from gradstudio.engine import Tensor


class SetRequiresGrad(Call, frozen=True, kw_only=True):
    """`x.requires_grad_(...)`."""

    targets: tuple[Ref, ...] = ()
    on: bool = True

    kind: ClassVar[str] = "set_requires_grad"
    icon: ClassVar[str] = "anchor"
    menu: ClassVar[str] = "requires_grad_()"

    def run(self, machine: Machine) -> None:
        """Throw the switch of each target: one step."""
        tensors = [machine.tensor(ref) for ref in self.targets]
        machine.step("call", None, lambda: switch(tensors, self.on))

    def write(self, name: Namer) -> tuple[str, ...]:
        """Return one line per target."""
        return tuple(f"{name(ref)}.requires_grad_({'' if self.on else False})" for ref in self.targets)


def switch(tensors: list[Tensor], on: bool) -> None:
    """Set requires_grad of each tensor."""
    for tensor in tensors:
        tensor.requires_grad_(on)
