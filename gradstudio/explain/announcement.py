"""Announcement: a step in one breath, as a screen reader says it."""

from __future__ import annotations

from gradstudio.document.document import Document
from gradstudio.explain.equation import equation
from gradstudio.explain.wording import call_name
from gradstudio.session.state import State
from gradstudio.session.trace import Step, Trace


def announcement(document: Document, trace: Trace, state: State, told: Step | None = None) -> str:
    """Return e.g. `mul passes 3.0 to pow and 4.0 to y`. No step is silent; `told`: the step that was announced before this one.

    Where another turn of a loop begins, it is named first; at either end of the run that is said too.
    """
    step = trace.step(state.k)
    if step is None:
        return f"Before the first of {trace.end} steps" if trace.end else "There are no steps yet"
    parts = [_turn(step, told) + _words(document, trace, state, step), _stopped(document, trace, state.k)]
    parts.append("End of the run" if state.k == trace.end else "")
    return ". ".join(part for part in parts if part)


def _words(document: Document, trace: Trace, state: State, step: Step) -> str:
    found = equation(document, trace, state)
    return found.announcement if found is not None else call_name(document, trace, step.call)


def _turn(step: Step, told: Step | None) -> str:
    """Return `turn 3: ` where the loop has gone on to another turn; within loops every counter, `turn 1, 3: `."""
    if not step.turns or (told is not None and told.turns == step.turns):
        return ""
    return f"turn {', '.join(str(turn + 1) for turn in step.turns)}: "


def _stopped(document: Document, trace: Trace, k: int) -> str:
    """Return which call an error stopped at this step, and PyTorch's words."""
    span = trace.span_at(k)
    if span is None or not span.raised or span.end != k:
        return ""
    outcome = trace.outcomes.get(span.call)
    why = f": {outcome.error.message}" if outcome is not None and outcome.error is not None else ""
    return f"{call_name(document, trace, span.call, span.number)} stops here{why}"
