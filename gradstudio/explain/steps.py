"""Steps in words: what each step of a run is called in lists, chips and queues."""

from __future__ import annotations

from gradstudio.explain.case import Case
from gradstudio.explain.wording import call_name
from gradstudio.session.trace import ACCUMULATE, Step, Trace

POWERS = ("", "", "²", "³")


def step_words(case: Case, step: Step | None) -> str:
    """Return what a step is: `mul  MulBackward0`, `x  AccumulateGrad`, `pow  a`, `x.grad.zero_()`, `∂ of mul  MulBackward0`."""
    if step is None:
        return ""
    if not step.node or step.node not in case.flow.paths:
        return call_name(case.document, case.trace, step.call)
    name = case.label((step.node, 0))
    if step.kind == "visit":
        return f"{name if step.name == ACCUMULATE else made_by_vjp(case.trace, step.origin) + case.op(step.node)}  {step.name}"
    if step.kind == "op":
        return f"{case.op(step.node)}  {name}" if name != case.op(step.node) else name
    return f"{name}.grad.zero_()" if step.kind == "zero" else f"{name}  {call_name(case.document, case.trace, step.call)}"


def made_by_vjp(trace: Trace, origin: int) -> str:
    """Return what stands before the op of an engine node that a vjp made at step `origin`: `∂ of `, `∂² of `; "" for a forward one."""
    order, at = 0, trace.step(origin)
    while at is not None:
        order, at = order + 1, trace.step(at.origin)
    return f"∂{POWERS[order] if order < len(POWERS) else f'^{order}'} of " if order else ""
