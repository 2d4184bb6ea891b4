"""Numbers as people read them."""

import math

import pytest

from gradstudio.app import text


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (2.0, "2.0"), (2, "2"), (-4.0, "−4.0"), (-7, "−7"), (0.98125, "0.9812"), (12.0, "12.0"), (0.0, "0.0"), (True, "True"),
        (None, "None"),
        (math.nan, "nan"), (-math.inf, "−inf"), (1e-7, "1.0e−07"), (1.23456789, "1.235"), (123456.0, "1.235e+05"), (2925.75, "2925.8"),
        (999.96, "1000.0"),
    ],
)  # fmt: skip
def test_a_number_has_four_digits_a_true_minus_and_a_decimal_only_if_it_is_a_float(value, written):
    assert text.number(value) == written


def test_full_precision_writes_what_the_dtype_needs_and_no_more():
    assert text.number(0.10000000149011612, full=True) == "0.1"
    assert text.number(0.1, full=True, dtype="float64") == "0.1"
    assert text.number(1.23456789, full=True) == "1.2345679"
    assert text.number(1.23456789, full=True, dtype="float64") == "1.23456789"


def test_full_precision_is_read_back_exactly():
    for value in (1 / 3, 2.5e-8, -7.25, 1e20):
        assert text.parse_number(text.number(value, full=True, dtype="float64")) == value


def test_a_norm_stands_between_double_bars():
    assert text.norm(0.62650) == "‖0.6265‖"


def test_shapes_are_written_as_python_writes_tuples():
    assert [text.shape(s) for s in ((), (4,), (3, 4))] == ["()", "(4,)", "(3, 4)"]


def test_typed_numbers_keep_the_difference_between_2_and_2_point_0():
    assert type(text.parse_number(" 2 ")) is int
    assert type(text.parse_number("2.")) is float
    assert text.parse_number("−1e-3") == -0.001
    assert text.parse_number("two") is None


def test_typed_literals_are_read_as_python_reads_them_and_nothing_else_is():
    assert text.parse_literal("−2.5") == (-2.5,)
    assert text.parse_literal("None") == (None,)
    assert text.parse_literal("'mean'") == ("mean",)
    assert text.parse_literal("1:") == (slice(1, None),)
    assert text.parse_literal("...") == (Ellipsis,)
    assert [text.parse_literal(t) for t in ("", "x + 1", "__import__('os')", "'a' + 'b'", "1:x")] == [None] * 5


def test_literals_are_written_as_in_code():
    literals = (2, 8.5, -1.0, "sum", slice(None, 3), Ellipsis, True)
    assert [text.operand(v) for v in literals] == ["2", "8.5", "−1.0", "'sum'", ":3", "...", "True"]


def test_counts_and_durations_read_well():
    assert text.plural(1, "node") == "1 node"
    assert text.plural(13, "node") == "13 nodes"
    assert [text.duration(s) for s in (0.0008, 0.012, 1.44)] == ["0.8 ms", "12 ms", "1.4 s"]


def test_legend_ends_are_short_and_signed():
    assert [text.short(12.0, sign=True), text.short(-12.0), text.short(0.3)] == ["+12", "−12", "0.3"]
    assert [text.short(v) for v in (-265000.0, 0.00025, 1e-7)] == ["−2.6e5", "2.5e−4", "1e−7"]
