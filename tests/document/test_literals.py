"""Literals: code that gives back exactly the same value."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gradstudio import torch
from gradstudio.document.graph import Recipe
from gradstudio.document.literals import WIDTH, index_text, literal, number, recipe_text, tensor_lines

NAMES = {"torch": torch, "nan": math.nan, "inf": math.inf}


def value_of(text: str) -> torch.Tensor:
    """Return what a factory call makes."""
    return eval(text, dict(NAMES))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2, "2"), (2.0, "2.0"), (True, "True"), (None, "None"), (-0.5, "-0.5"), (math.inf, 'float("inf")'), (math.nan, 'float("nan")'),
        ((1,), "(1,)"), ((1, 2), "(1, 2)"), ((), "()"), ("mean", '"mean"'), ("it's", '"it\'s"'), ('a"b', "'a\"b'"), (..., "..."),
        (slice(1, None, 2), "slice(1, None, 2)"), ("\u202e", '"\\u202e"'),
    ],
)  # fmt: skip
def test_a_python_value_is_written_so_that_python_reads_it_back(value: object, text: str) -> None:
    assert literal(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (slice(1, 3), "1:3"), (slice(None), ":"), (slice(None, None, 2), "::2"), ((..., 0), "..., 0"), ((0,), "0,"), (None, "None")],
)
def test_an_index_is_written_as_between_brackets(value: object, text: str) -> None:
    assert index_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float32(2), "2."), (np.float32(1.1), "1.1"), (np.float32(-0.0), "-0."), (np.float64(1e-9), "1e-09"), (np.float16(0.1), "0.1"),
        (np.float32(16777216), "16777216."), (np.int64(-3), "-3"), (np.bool_(True), "True"), (np.float32("nan"), 'float("nan")'),
    ],
)  # fmt: skip
def test_a_number_is_as_short_as_its_dtype_allows(value: np.generic, text: str) -> None:
    assert number(value) == text


@given(st.integers(0, 2**32 - 1))
def test_every_float32_comes_back_bit_for_bit(bits: int) -> None:
    value = np.uint32(bits).view(np.float32)
    back = np.float32(eval(number(value)))
    assert back.tobytes() == value.tobytes() or (math.isnan(value) and math.isnan(back))


@given(
    arrays.arrays(
        st.sampled_from([np.float32, np.float64, np.float16, np.int64, np.int32, np.uint8, np.bool_]),
        arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=9),
    )
)
def test_every_tensor_comes_back_with_its_dtype_and_shape(value: np.ndarray) -> None:
    back = value_of("\n".join(tensor_lines(value))).array
    assert (back.dtype, back.shape) == (value.dtype, value.shape)
    np.testing.assert_array_equal(back, value)


def test_long_tensors_are_wrapped_under_their_bracket() -> None:
    lines = tensor_lines(np.arange(120, dtype=np.float32).reshape(3, 40))
    assert max(map(len, lines)) <= WIDTH
    assert lines[1].startswith(" " * 15 + "1")
    assert lines[3].startswith(" " * 14 + "[40.")


@pytest.mark.parametrize(
    ("recipe", "text"),
    [
        (Recipe("randn", (3, 4), "float32"), "torch.randn(3, 4)"),
        (Recipe("rand", (), "float64"), "torch.rand((), dtype=torch.float64)"),
        (Recipe("randint", (3,), "int64", (0, 10)), "torch.randint(0, 10, (3,))"),
        (Recipe("full", (2,), "float32", (1.5,)), "torch.full((2,), 1.5)"),
        (Recipe("full", (2,), "float32", (1,)), "torch.full((2,), 1, dtype=torch.float32)"),
        (Recipe("eye", (3, 3), "float32"), "torch.eye(3, 3)"),
        (Recipe("arange", (5,), "int64", (5,)), "torch.arange(5)"),
        (Recipe("linspace", (5,), "float32", (0, 1)), "torch.linspace(0, 1, 5)"),
    ],
)
def test_a_recipe_is_its_factory_call_and_makes_what_it_says(recipe: Recipe, text: str) -> None:
    assert recipe_text(recipe) == text
    made = value_of(text).array
    assert (made.dtype.name, made.shape) == (recipe.dtype, recipe.shape)
