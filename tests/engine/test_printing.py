"""Tensors print as PyTorch prints them, byte for byte."""
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradstudio.engine import printing

CASES = json.loads((Path(__file__).parents[1] / "data" / "printing.json").read_text())
HISTORIES: list[list[str]] = [[], ["requires_grad=True"], ["grad_fn=<MulBackward0>"], [], []]


def array_of(case: dict[str, Any]) -> np.ndarray[Any, Any]:
    if case["data"] == "arange":
        return np.arange(np.prod(case["shape"]), dtype=case["dtype"]).reshape(case["shape"])
    kind = np.dtype(case["dtype"])
    parts = [float(x) if isinstance(x, str) else x for x in case["data"]]
    flat = np.array(parts, f"f{kind.itemsize // 2}").view(kind) if kind.kind == "c" else np.array(parts, kind)
    return flat.reshape(case["shape"])


@pytest.fixture(autouse=True)
def _default_options() -> Iterator[None]:
    yield
    printing.set_options(profile="default")


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_a_tensor_prints_as_pytorch_prints_it(case: dict[str, Any]) -> None:
    printing.set_options(profile="default", **case["options"])
    assert printing.described(array_of(case), HISTORIES[case["history"]]) == case["text"]


def test_a_long_grad_fn_goes_on_a_line_of_its_own() -> None:
    text = printing.described(np.ones(5) * 1.2345, ["grad_fn=<AQuiteLongNameOfAFunctionBackward0>"])
    assert text == ("tensor([1.2345, 1.2345, 1.2345, 1.2345, 1.2345], dtype=torch.float64,\n"
                    "       grad_fn=<AQuiteLongNameOfAFunctionBackward0>)")


def test_options_stay_until_they_are_reset() -> None:
    printing.set_options(precision=1)
    assert printing.described(np.float32([0.25]), []) == "tensor([0.2])"
    printing.set_options(profile="default")
    assert printing.described(np.float32([0.25]), []) == "tensor([0.2500])"
