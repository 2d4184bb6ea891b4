"""Seed: start the random numbers anew."""

from __future__ import annotations

from typing import ClassVar

from gradstudio.document.calls.call import Call, Machine, Namer


class SeedGenerator(Call, frozen=True, kw_only=True):
    """`torch.manual_seed(number)`."""

    number: int = 0

    kind: ClassVar[str] = "seed"
    icon: ClassVar[str] = "shuffle"
    menu: ClassVar[str] = "manual_seed()"

    def run(self, machine: Machine) -> None:
        """Seed the generator: one step."""
        machine.step("call", None, lambda: machine.seed_generator(self.number))

    def write(self, name: Namer) -> tuple[str, ...]:
        """Return the line."""
        return (f"torch.manual_seed({self.number})",)
