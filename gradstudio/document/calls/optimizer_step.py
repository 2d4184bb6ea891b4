"""OptimizerStep: let an optimizer update its tensors."""

from __future__ import annotations

from typing import ClassVar

from gradstudio.document.calls.call import Call, Machine, Namer


class OptimizerStep(Call, frozen=True, kw_only=True):
    """`opt.step()`."""

    optimizer: str = ""

    kind: ClassVar[str] = "optimizer_step"
    icon: ClassVar[str] = "trending-up"
    menu: ClassVar[str] = "optimizer.step()"

    def run(self, machine: Machine) -> None:
        """Update: one step."""
        machine.optimizer_step(self.optimizer)

    def write(self, name: Namer) -> tuple[str, ...]:
        """Return the line."""
        return (f"{self.optimizer}.step()",)
