"""Why: the cause of a `.grad` that is None, zero, added up or not finite."""

from __future__ import annotations

from gradstudio.document.document import Document
from gradstudio.explain.absent import explain_none
from gradstudio.explain.case import Case
from gradstudio.explain.explanation import Explanation
from gradstudio.explain.flow import flow_of, resolve
from gradstudio.explain.ledger import explain_sum
from gradstudio.explain.nan import explain_nonfinite
from gradstudio.explain.zero import blocked_chip, explain_zero
from gradstudio.session.state import State
from gradstudio.session.trace import TensorKey, Trace


def grad_words(document: Document, trace: Trace, state: State, key: TensorKey) -> Explanation | None:
    """Explain the `.grad` of a tensor at a step: None, zero, a sum of passes, not finite. None: there is nothing to explain."""
    case = case_of(document, trace, state, key)
    if case is None:
        return None
    grad = state.grads.get(case.key)
    if grad is None:
        return explain_none(case)
    if grad.nonfinite:
        return explain_nonfinite(case)
    return (explain_zero(case) if grad.norm == 0 else None) or explain_sum(case, grad.item is not None)


def chip(document: Document, trace: Trace, state: State, key: TensorKey) -> str:
    """Return what the drawer of a tensor that got zeros says: `relu blocked it`; "" where the cause is not known."""
    case = case_of(document, trace, state, key)
    found = blocked_chip(case) if case else None
    return found[0] if found else ""


def case_of(document: Document, trace: Trace, state: State, key: TensorKey) -> Case | None:
    """Return the case of a tensor, outputs of instances followed inside; None where no node makes it."""
    known = resolve(document, key) if key[0] else None
    return Case(document, trace, state, known) if known and known[0] in flow_of(document).paths else None
