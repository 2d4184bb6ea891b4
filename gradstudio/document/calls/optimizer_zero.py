"""OptimizerZero: clear the `.grad` of what an optimizer updates."""

from __future__ import annotations

from typing import ClassVar

from gradstudio.document.calls.call import Call, Machine, Namer


class OptimizerZero(Call, frozen=True, kw_only=True):
    """`opt.zero_grad(set_to_none=...)`."""

    optimizer: str = ""
    set_to_none: bool = True

    kind: ClassVar[str] = "optimizer_zero"
    icon: ClassVar[str] = "eraser"
    menu: ClassVar[str] = "optimizer.zero_grad()"

    def run(self, machine: Machine) -> None:
        """Clear: one step."""
        machine.optimizer_zero(self.optimizer, self.set_to_none)

    def write(self, name: Namer) -> tuple[str, ...]:
        """Return the line."""
        return (f"{self.optimizer}.zero_grad({'' if self.set_to_none else 'set_to_none=False'})",)
