"""Ledger: how a `.grad` added up since it was last cleared."""

from __future__ import annotations

from collections.abc import Sequence

from gradstudio.document.calls import ZeroGrad
from gradstudio.document.graph import CallId, Ref
from gradstudio.explain.case import Case
from gradstudio.explain.explanation import Explanation, Fix
from gradstudio.explain.script import insert_before
from gradstudio.explain.wording import call_name, number
from gradstudio.session.trace import Write


def since_cleared(writes: Sequence[Write]) -> tuple[Write, ...]:
    """Return the rows after the last `zero_` or None: what adds up to the present `.grad`."""
    rows: list[Write] = []
    for write in reversed(writes):
        if write.writer in ("zero", "none"):
            break
        rows += [write] if write.writer == "accumulate" else []
    return tuple(reversed(rows))


def arithmetic(writes: Sequence[Write], one_number: bool = True) -> str:
    """Return `12 + 12, not zeroed` for a `.grad` that several passes wrote; "" otherwise.

    Long sums are counted: `84 + 12, 8 passes, not zeroed`; so are norms, which do not add.
    """
    rows = since_cleared(writes)
    if len(rows) < 2 or any(row.added is None for row in rows[-3:]):
        return ""
    if not one_number:
        return f"{len(rows)} passes, not zeroed"
    if len(rows) > 3:
        return f"{short(rows[-1].before or 0.0)} + {short(rows[-1].added or 0.0)}, {len(rows)} passes, not zeroed"
    return f"{' + '.join(short(row.added or 0.0) for row in rows)}, not zeroed"


def short(value: float) -> str:
    """Return a number as sums write it: `12`, `0.6265`."""
    return number(value).removesuffix(".0")


def explain_sum(case: Case, one_number: bool) -> Explanation | None:
    """Explain a `.grad` that more than one pass wrote; None for one pass. Norms do not add, so only numbers are shown as a sum."""
    rows = since_cleared(case.writes)
    if len(rows) < 2:
        return None
    sum_ = f": {' + '.join(number(row.added) for row in rows)} = {number(rows[-1].after)}" if one_number and len(rows) < 6 else ""
    words = f"{len(rows)} passes have added to {case.name}.grad since it was cleared{sum_}. backward() adds to .grad, it never replaces it."
    fix = zero_before(case, rows[-1].call)
    return Explanation("accumulated", f"{len(rows)} passes added up", words, case.path, fixes=(fix,) if fix else ())


def zero_before(case: Case, call_id: CallId) -> Fix | None:
    """Return the fix that zeroes a `.grad` before a call; None where the tensor lies inside a group."""
    if len(case.path) > 1:
        return None
    zero = ZeroGrad(id="", targets=(Ref(case.path[-1], case.key[1]),))
    build = insert_before(case.document, call_id, [zero])
    name = call_name(case.document, case.trace, call_id)
    return Fix(f"Zero it before {name}", f"{case.name}.grad.zero_()", build) if build else None
