"""Values and gradients of few float32 numbers have the bits that PyTorch 2.13 gives them on a machine with AVX2."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gradstudio import torch
from gradstudio.torch.nn import functional
from tests.torch.bit_cases import ROWS, cases, digests

RECORDED = json.loads((Path(__file__).parents[1] / "data" / "bits.json").read_text())
CASES = cases(torch, functional)


@pytest.mark.parametrize("n", ROWS)
@pytest.mark.parametrize("name", CASES)
def test_the_bits_are_pytorchs(name: str, n: int) -> None:
    assert digests(torch, *CASES[name], n) == RECORDED[f"{name}, {n} rows"]
