"""A seed gives the numbers that it gives in PyTorch."""
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradstudio.engine import random

CASES = json.loads((Path(__file__).parents[1] / "data" / "random.json").read_text())


def draw(g: random.Generator, fn: str, shape: list[int], args: list[float], dtype: str) -> np.ndarray[Any, Any]:
    if fn == "randint":
        return g.randint(int(args[0]), int(args[1]), tuple(shape), dtype)
    if fn == "randperm":
        return g.randperm(shape[0], dtype)
    return np.asarray(getattr(g, fn)(tuple(shape), *args, dtype=dtype))


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_a_seed_gives_the_numbers_of_pytorch(case: dict[str, Any]) -> None:
    g = random.Generator(case["seed"])
    for made in case["draws"]:
        found = draw(g, made["fn"], made["shape"], made["args"], made["dtype"])
        want = np.array(made["values"], made["dtype"]).reshape(made["shape"])
        assert found.dtype == want.dtype
        if made["fn"] == "exponential":
            np.testing.assert_array_max_ulp(found, want, 4)  # logarithms of different libraries
        else:
            np.testing.assert_array_equal(found, want)


def test_a_copy_goes_on_alone() -> None:
    g = random.Generator(5)
    g.randn((3,))
    twin = g.copy()
    np.testing.assert_array_equal(g.randn((4,)), twin.randn((4,)))
    g.rand((2,))
    assert not np.array_equal(g.rand((2,)), twin.rand((2,)))


def test_a_seed_beyond_64_bits_is_refused() -> None:
    with pytest.raises(ValueError, match="Overflow when unpacking long long"):
        random.Generator(2**64)


def test_an_empty_range_is_refused() -> None:
    with pytest.raises(RuntimeError, match="random_ expects 'from' to be less than 'to', but got from=3 >= to=3"):
        random.Generator(0).randint(3, 3, (2,))


def test_the_default_stream_starts_again_at_each_seed() -> None:
    first = random.manual_seed(9).rand((3,))
    np.testing.assert_array_equal(random.manual_seed(9).rand((3,)), first)
    assert random.default_generator().initial_seed() == 9
