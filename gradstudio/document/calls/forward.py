"""Forward: run the statements of a block."""

from __future__ import annotations

from typing import ClassVar

from gradstudio.document.calls.call import Call, Machine, Namer
from gradstudio.document.graph import BlockId


class Forward(Call, frozen=True, kw_only=True):
    """Run a block. Running it again makes new tensors of its ops; its leaves stay, unless they are fresh."""

    block: BlockId

    kind: ClassVar[str] = "forward"
    icon: ClassVar[str] = "arrow-right"
    menu: ClassVar[str] = "Forward"

    def run(self, machine: Machine) -> None:
        """Make each statement's tensors."""
        machine.forward(self.block)

    def write(self, name: Namer) -> tuple[str, ...]:
        """Return the call of the block's def; emit writes a block inline where it runs once."""
        return (f"{self.block}()",)
