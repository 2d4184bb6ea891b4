"""Backward: send cotangents from roots to every leaf, into `.grad`."""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import replace

from gradstudio.document.calls.call import Call, Machine, Namer, Seed, Waits, refs_text, seed_text
from gradstudio.document.graph import Ref


class Backward(Call, frozen=True, kw_only=True):
    """`z.backward(...)`; several roots: `torch.autograd.backward`. Automatic: the root is found when the call runs."""

    roots: tuple[Ref, ...] = ()
    seeds: tuple[Seed, ...] = ()
    retain_graph: bool | None = None  # None: as create_graph
    create_graph: bool = False
    inputs: tuple[Ref, ...] = ()
    automatic: bool = False

    kind: ClassVar[str] = "backward"
    icon: ClassVar[str] = "arrow-left"
    menu: ClassVar[str] = "Backward"
    beside: ClassVar[tuple[tuple[str, str], ...]] = (("roots", "seeds"),)

    def run(self, machine: Machine) -> None:
        """Run one pass from the roots."""
        roots, note = self.roots, ""
        if self.automatic:
            root, note = machine.automatic_root()
            roots = (root,)
        machine.note(note)
        if not roots:
            raise Waits("choose what to start from")
        machine.backward(replace(self, roots=roots))

    def write(self, name: Namer) -> tuple[str, ...]:
        """Return `z.backward()` with the arguments that differ from their defaults."""
        arguments = []
        if len(self.roots) > 1:
            arguments.append(refs_text(self.roots, name))
        if any(seed is not None for seed in self.seeds):
            seeds = [seed_text(seed, name) for seed in self.seeds]
            arguments.append(seeds[0] if len(self.roots) == 1 else f"[{', '.join(seeds)}]")
        if self.retain_graph is not None:
            arguments.append(f"retain_graph={self.retain_graph}")
        if self.create_graph:
            arguments.append("create_graph=True")
        if self.inputs:
            arguments.append(f"inputs=[{', '.join(name(ref) for ref in self.inputs)}]")
        function = f"{name(self.roots[0])}.backward" if len(self.roots) == 1 else "torch.autograd.backward"
        return (f"{function}({', '.join(arguments)})",)
