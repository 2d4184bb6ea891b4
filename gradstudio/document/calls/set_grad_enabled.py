"""SetGradEnabled: grad mode for the rest of the script."""

from __future__ import annotations

from typing import ClassVar

from gradstudio.document.calls.call import Call, Machine, Namer


class SetGradEnabled(Call, frozen=True, kw_only=True):
    """`torch.set_grad_enabled(...)`. The switch in the bar puts one first in the script."""

    on: bool = True

    kind: ClassVar[str] = "set_grad_enabled"
    icon: ClassVar[str] = "zap"
    menu: ClassVar[str] = "set_grad_enabled()"

    def run(self, machine: Machine) -> None:
        """Switch grad mode: one step."""
        machine.step("call", None, lambda: machine.set_grad_enabled(self.on))

    def write(self, name: Namer) -> tuple[str, ...]:
        """Return the line."""
        return (f"torch.set_grad_enabled({self.on})",)
