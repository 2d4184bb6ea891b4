"""Print: show tensors as PyTorch prints them."""

from __future__ import annotations

from typing import ClassVar

from gradstudio.document.calls.call import Call, Machine, Namer
from gradstudio.document.graph import Ref


class Print(Call, frozen=True, kw_only=True):
    """`print(text, x, ...)`."""

    operands: tuple[Ref, ...] = ()
    text: str = ""

    kind: ClassVar[str] = "print"
    icon: ClassVar[str] = "type"
    menu: ClassVar[str] = "print()"

    def run(self, machine: Machine) -> None:
        """Print: one step."""
        values = tuple(machine.tensor(ref) for ref in self.operands)
        machine.step("call", None, lambda: machine.print(self.text, values))

    def write(self, name: Namer) -> tuple[str, ...]:
        """Return the line."""
        arguments = ([repr(self.text)] if self.text else []) + [name(ref) for ref in self.operands]
        return (f"print({', '.join(arguments)})",)
