"""Grad: gradients as results, `.grad` untouched."""

from __future__ import annotations

from typing import ClassVar

from gradstudio.document.calls.call import Call, Machine, Namer, Seed, Waits, seed_text
from gradstudio.document.graph import Ref


class Grad(Call, frozen=True, kw_only=True):
    """`torch.autograd.grad(...)`; later operands refer to the call for its results, in the order of inputs."""

    outputs: tuple[Ref, ...] = ()
    seeds: tuple[Seed, ...] = ()
    inputs: tuple[Ref, ...] = ()
    retain_graph: bool | None = None
    create_graph: bool = False
    allow_unused: bool | None = None
    names: tuple[str | None, ...] = ()

    kind: ClassVar[str] = "grad"
    icon: ClassVar[str] = "target"
    menu: ClassVar[str] = "autograd.grad"
    beside: ClassVar[tuple[tuple[str, str], ...]] = (("outputs", "seeds"), ("inputs", "names"))

    def run(self, machine: Machine) -> None:
        """Run one pass and keep what reaches the inputs."""
        if not self.outputs or not self.inputs:
            raise Waits("choose outputs and inputs")
        machine.grad(self)

    def write(self, name: Namer) -> tuple[str, ...]:
        """Return `gx, gy = torch.autograd.grad(...)`."""
        arguments = [f"[{', '.join(name(ref) for ref in refs)}]" for refs in (self.outputs, self.inputs)]
        if any(seed is not None for seed in self.seeds):
            arguments.append(f"[{', '.join(seed_text(seed, name) for seed in self.seeds)}]")
        options = {"retain_graph": self.retain_graph, "create_graph": self.create_graph or None, "allow_unused": self.allow_unused}
        arguments += [f"{key}={value}" for key, value in options.items() if value is not None]
        results = "".join(f"{name(Ref(self.id, i))}, " for i in range(len(self.inputs)))
        return (f"{results.rstrip()} = torch.autograd.grad({', '.join(arguments)})",)
