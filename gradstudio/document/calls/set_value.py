"""SetValue: write numbers into a tensor, unseen by autograd."""

from __future__ import annotations

from typing import ClassVar

from gradstudio.document.calls.call import Call, Machine, Namer, Seed, Waits, seed_text
from gradstudio.document.graph import Ref
from gradstudio.engine import Tensor, call
from gradstudio.engine.modes import GradMode


class SetValue(Call, frozen=True, kw_only=True):
    """`with torch.no_grad(): x.copy_(...)`."""

    target: Ref | None = None
    value: Seed = None

    kind: ClassVar[str] = "set_value"
    icon: ClassVar[str] = "text"
    menu: ClassVar[str] = "Set value"

    def run(self, machine: Machine) -> None:
        """Copy the value in: one step."""
        value = machine.seed(self.value)
        if self.target is None or value is None:
            raise Waits("choose a tensor and a value")
        target = machine.tensor(self.target)
        machine.step("call", self.target, lambda: copy(target, value))

    def write(self, name: Namer) -> tuple[str, ...]:
        """Return the two lines."""
        target = name(self.target) if self.target else "None"
        return ("with torch.no_grad():", f"    {target}.copy_({seed_text(self.value, name)})")


def copy(target: Tensor, value: Tensor) -> None:
    """Write value into target under no_grad."""
    with GradMode(False):
        call("copy_", (target, value))
