"""Errors: what a failure means in plain words, and up to three ways out."""

from __future__ import annotations

import re
from collections.abc import Callable

from gradstudio.document.document import Document
from gradstudio.document.graph import LEAF, CallId, NodePath
from gradstudio.engine import TABLE
from gradstudio.explain import autograd_errors, inplace_errors, script_errors, shape_errors
from gradstudio.explain.explanation import Explanation
from gradstudio.explain.failed import Failed
from gradstudio.explain.wording import cut
from gradstudio.session.state import State
from gradstudio.session.trace import Failure, Trace

Rule = Callable[[Failed, re.Match[str]], Explanation]
RULES: tuple[tuple[re.Pattern[str], Rule], ...] = tuple(
    (re.compile(pattern, re.DOTALL), rule)
    for rules in (autograd_errors.RULES, inplace_errors.RULES, shape_errors.RULES, script_errors.RULES)
    for pattern, rule in rules
)


def explain_call(document: Document, trace: Trace, state: State, call_id: CallId) -> Explanation | None:
    """Explain what a call raised; None if it did not raise."""
    outcome = trace.outcomes.get(call_id)
    if outcome is None or outcome.error is None:
        return None
    return explain(document, trace, state, outcome.error, call_id)


def explain_node(document: Document, trace: Trace, state: State, path: NodePath) -> Explanation | None:
    """Explain the failure at a node: that of the call that ended there, else of the node itself; None if it did not fail."""
    for call_id, outcome in trace.outcomes.items():
        if outcome.error is not None and outcome.error.node == path:
            return explain(document, trace, state, outcome.error, call_id)
    failure = trace.failures.get(path)
    return explain(document, trace, state, failure) if failure else None


def explain(document: Document, trace: Trace, state: State, failure: Failure, call_id: CallId | None = None) -> Explanation:
    """Explain a failure by the first rule whose words match PyTorch's message; else show those plainly."""
    call = next((call for call in document.calls() if call.id == call_id), None)
    failed = Failed(document, trace, state, failure, call)
    if failed.at and failed.node.op not in TABLE and failed.node.op != LEAF:
        return script_errors.unknown_op(failed)
    for pattern, rule in RULES:
        found = pattern.search(failure.message)
        if found:
            return rule(failed, found)
    return plain(failed)


def plain(failed: Failed) -> Explanation:
    """Show PyTorch's own words, cut to a sentence or two."""
    return failed.explain("other", f"{failed.op} could not run", cut(failed.failure.message, 240), failed.show(), failed.go_back())
