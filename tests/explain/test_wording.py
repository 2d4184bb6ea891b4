"""Numbers, lists and names of calls in sentences."""

from __future__ import annotations

import pytest

from gradstudio.explain.wording import call_name, cut, listed, number
from gradstudio.session.run import run
from tests.explain.build import Program


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2.0, "2.0"),
        (2, "2"),
        (-0.03125, "−0.03125"),
        (1.23456, "1.235"),
        (1e-9, "1e−09"),
        (float("inf"), "inf"),
        (None, "None"),
        (True, "True"),
    ],
)
def test_numbers_have_four_digits_a_true_minus_and_tell_floats_from_ints(value, text):
    assert number(value) == text


def test_lists_end_with_and_and_are_cut_beyond_four():
    assert listed([]) == ""
    assert listed(["x"]) == "x"
    assert listed(["x", "y"]) == "x and y"
    assert listed(["x", "y", "x", "z"]) == "x, y and z"
    assert listed("abcdefg") == "a, b, c and 4 more"


def test_hostile_text_is_one_short_line():
    assert cut("a\nb\t" + "c" * 100) == "a b " + "c" * 55 + "…"


def test_passes_are_numbered_as_they_ran_and_later_ones_as_they_stand():
    p = Program()
    x = p.leaf("x", 2.0)
    y = p.op("mul", x, x)
    first = p.forward()
    once, twice, thrice = p.backward(y), p.backward(y), p.backward(y)
    document = p.document()
    trace = run(document).trace
    names = [call_name(document, trace, call) for call in (first, once, twice, thrice)]
    assert names == ["forward", "backward #1", "backward #2", "backward #3"]
