"""Zero: why a gradient that arrived is 0.0."""

from __future__ import annotations

from gradstudio.document.graph import NodePath
from gradstudio.explain.case import Case
from gradstudio.explain.explanation import Explanation, Fix
from gradstudio.explain.flow import ways
from gradstudio.explain.wording import call_name, number
from gradstudio.session.state import InputKey

FLAT = frozenset({"round", "floor", "ceil", "trunc", "sign"})
CHOOSES = {
    "where": "gives 0 to the branch it did not choose",
    "max": "gives the gradient to the largest only",
    "min": "gives the gradient to the smallest only",
    "amax": "gives the gradient to the largest only",
    "amin": "gives the gradient to the smallest only",
    "maximum": "gives the gradient to the larger only",
    "minimum": "gives the gradient to the smaller only",
}
RECTIFIES = frozenset({"relu", "relu_", "relu6", "threshold"})
LOSSES = frozenset({"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"})


def explain_zero(case: Case) -> Explanation | None:
    """Explain a `.grad` of zeros at this step; None where nothing is known."""
    last = case.writes[-1] if case.writes else None
    if last and last.writer == "zero":
        name = call_name(case.document, case.trace, last.call)
        words = f"{name} wrote zeros at step {last.step}; no backward has added to {case.name}.grad since."
        return Explanation(
            "zeroed", "zeroed", words, case.path, fixes=(Fix("Go back before the call", f"Step {last.step - 1}", go_to=last.step - 1),)
        )
    return explain_zero_flow(case)


def explain_zero_flow(case: Case) -> Explanation | None:
    """Explain zeros that arrive at a tensor in the pass on show: the op that blocked them, or terms that cancel."""
    found = blocker(case)
    if found is not None:
        path = found[0]
        op, way = case.op(path), ways(case.document, case.key, frozenset({path}))
        return Explanation("blocked", f"{op} blocked it", f"{_reason(case, found)}, so 0.0 reaches {case.name}.", path, way)
    flows = [case.state.flows.get(key) for key in case.flow.readers.get(case.key, ())]
    terms = [flow.value for flow in flows if flow and flow.kind == "value"]
    if len(terms) > 1 and all(term is not None for term in terms):
        sum_ = " + ".join(number(term) for term in terms)
        words = f"{len(terms)} contributions reach {case.name} and cancel out: {sum_} = 0.0."
        return Explanation("cancel", "they cancel out", words, case.path)
    return None


def blocker(case: Case) -> InputKey | None:
    """Return the operand, nearest to the tensor, that got zeros although something else than zeros came in behind it."""
    queue, seen = [case.key], {case.key}
    for key in queue:
        for path, operand in case.flow.readers.get(key, ()):
            flow = case.state.flows.get((path, operand))
            if flow is None or flow.kind != "zero":
                continue
            outs = [out for out in case.flow.outputs_of(path) if out in case.state.cotangents]
            if any(case.state.cotangents[out].kind == "value" for out in outs):
                return path, operand
            queue += [out for out in outs if out not in seen]
            seen.update(outs)
    return None


def _reason(case: Case, found: InputKey) -> str:
    op, node = case.op(found[0]), case.document.node(found[0])
    source = case.flow.sources.get(found)
    view = case.state.tensors.get(source) if source else None
    if node.op in RECTIFIES:
        value = f" {number(view.item)}" if view and view.item is not None else ""
        return f"the input of {op}{value} is not positive and its slope is 0 there"
    if node.op in FLAT:
        return f"{op} is flat between its jumps and its slope is 0 everywhere"
    if node.op.startswith("clamp"):
        return f"the input of {op} lies outside its limits, where it is flat"
    if node.op in CHOOSES:
        return f"{op} {CHOOSES[node.op]}"
    if node.op in LOSSES:
        return f"the two inputs of {op} are equal: the loss is at its lowest"
    local = case.state.locals.get(found)
    formula = f", {local.formula}," if local and local.formula else ""
    return f"the local derivative of {op}{formula} is 0.0 here"


def blocked_chip(case: Case) -> tuple[str, NodePath] | None:
    """Return `relu blocked it` and the node, for the drawer of a tensor that got zeros."""
    found = blocker(case)
    return (f"{case.op(found[0])} blocked it", found[0]) if found else None
