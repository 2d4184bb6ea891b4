"""The sum of passes beside a `.grad`."""

from __future__ import annotations

from gradstudio.explain.ledger import arithmetic, since_cleared
from gradstudio.session.trace import Write


def added(*values: float) -> list[Write]:
    total, rows = 0.0, []
    for i, value in enumerate(values):
        rows.append(Write(i + 1, total or None, value, total + value, "accumulate", "c1"))
        total += value
    return rows


def zeroed(step: int) -> Write:
    return Write(step, 1.0, None, 0.0, "zero", "c2")


def test_one_pass_is_no_sum():
    assert arithmetic(added(12.0)) == ""
    assert arithmetic([]) == ""


def test_two_and_three_passes_are_written_out():
    assert arithmetic(added(12.0, 12.0)) == "12 + 12, not zeroed"
    assert arithmetic(added(1.5, 2.0, -1.0)) == "1.5 + 2 + −1, not zeroed"


def test_many_passes_are_counted():
    assert arithmetic(added(*[2.0] * 10)) == "18 + 2, 10 passes, not zeroed"


def test_what_was_cleared_does_not_count():
    rows = [*added(12.0, 12.0), zeroed(5), *added(3.0)]
    assert arithmetic(rows) == ""
    assert since_cleared(rows) == tuple(rows[-1:])


def test_norms_are_counted_not_added():
    assert arithmetic(added(0.5, 0.5), one_number=False) == "2 passes, not zeroed"
