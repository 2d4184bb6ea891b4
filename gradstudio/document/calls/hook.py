"""Hook: run a group when a cotangent passes."""

from __future__ import annotations

from typing import ClassVar

from gradstudio.document.calls.call import Call, Machine, Namer, Waits
from gradstudio.document.graph import Ref


class Hook(Call, frozen=True, kw_only=True):
    """`x.register_hook(...)` and its kin: `on` is tensor, grad_fn or post_accumulate; the body is a group."""

    target: Ref | None = None
    group: str | None = None
    on: str = "tensor"

    kind: ClassVar[str] = "hook"
    icon: ClassVar[str] = "anchor"
    menu: ClassVar[str] = "register_hook()"

    def run(self, machine: Machine) -> None:
        """Register the hook: one step."""
        if self.target is None or self.group is None:
            raise Waits("choose a tensor and a group")
        target, group = self.target, self.group
        machine.step("call", target, lambda: machine.hook(target, group, self.on))

    def write(self, name: Namer) -> tuple[str, ...]:
        """Return the line."""
        method = {"post_accumulate": "register_post_accumulate_grad_hook"}.get(self.on, "register_hook")
        target = name(self.target) if self.target else "None"
        return (f"{target}{'.grad_fn' if self.on == 'grad_fn' else ''}.{method}({self.group})",)
