"""The kinds of call, by their word in the file."""

from __future__ import annotations

from gradstudio.document.calls.backward import Backward
from gradstudio.document.calls.call import Call
from gradstudio.document.calls.forward import Forward
from gradstudio.document.calls.grad import Grad
from gradstudio.document.calls.hook import Hook
from gradstudio.document.calls.optimizer_step import OptimizerStep
from gradstudio.document.calls.optimizer_zero import OptimizerZero
from gradstudio.document.calls.print import Print
from gradstudio.document.calls.seed import SeedGenerator
from gradstudio.document.calls.set_grad_enabled import SetGradEnabled
from gradstudio.document.calls.set_grad_none import SetGradNone
from gradstudio.document.calls.set_requires_grad import SetRequiresGrad
from gradstudio.document.calls.set_value import SetValue
from gradstudio.document.calls.zero_grad import ZeroGrad

KINDS: dict[str, type[Call]] = {
    kind.kind: kind
    for kind in (
        Forward, Backward, Grad, ZeroGrad, SetGradNone, SetValue, SetRequiresGrad, SetGradEnabled,
        Hook, OptimizerStep, OptimizerZero, SeedGenerator, Print,
    )
}  # fmt: skip

__all__ = [
    "KINDS", "Backward", "Call", "Forward", "Grad", "Hook", "OptimizerStep", "OptimizerZero", "Print", "SeedGenerator",
    "SetGradEnabled", "SetGradNone", "SetRequiresGrad", "SetValue", "ZeroGrad",
]  # fmt: skip
