"""NaN: the node that made the first number that is not finite."""

from __future__ import annotations

from gradstudio.explain.case import Case
from gradstudio.explain.explanation import Explanation, Fix
from gradstudio.explain.wording import number
from gradstudio.session.trace import Step

FINITE = "The values are finite, the gradient is not"


def explain_nonfinite(case: Case) -> Explanation | None:
    """Explain NaN or inf at this step by the first step that made one; None where no step up to here did."""
    first = min((k for k in case.trace.nonfinite if k <= case.state.k), default=0)
    step = case.trace.step(first)
    if step is None or not step.node:
        return None
    op = case.op(step.node) if step.node in case.flow.paths else step.name
    words = _forward(case, step, op) if step.kind == "op" else _backward(case, step, op)
    fixes = (Fix("Go to where it began", f"Step {first}", go_to=first, focus=step.node),)
    return Explanation("nonfinite", f"{op} made it", words, step.node, fixes=fixes)


def _forward(case: Case, step: Step, op: str) -> str:
    inputs = [f"{case.label(source)} = {number(view.item)}" for _, source in case.flow.operands(step.node)
              if (view := case.state.tensors.get(source)) and view.item is not None]  # fmt: skip
    got = f" from {', '.join(inputs)}" if inputs else ""
    view = case.state.tensors.get((step.node, 0))
    made = number(view.item) if view and view.item is not None else f"{view.nonfinite} of its numbers" if view else "it"
    return f"{op} was the first to make a number that is not finite: {made}{got}. All that was computed from it follows."


def _backward(case: Case, step: Step, op: str) -> str:
    for key, _ in case.flow.operands(step.node):
        flow, local = case.state.flows.get(key), case.state.locals.get(key)
        came = case.state.cotangents.get((step.node, 0))
        if flow and flow.nonfinite and local and came and None not in (flow.value, local.value, came.value):
            product = f"{number(came.value)} by its slope {number(local.value)} and passed {number(flow.value)} on"
            return f"{FINITE}: {op} multiplied {product}."
    return f"{FINITE}: {op} passed the first one on. Where a slope is infinite, 0 times it is nan."
