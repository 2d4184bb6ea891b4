"""Sums in the order of PyTorch's nll_loss: against the loop that its source is, element by element."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gradstudio import torch
from gradstudio.engine.numerics import levels
from gradstudio.torch.nn import functional

Array = np.ndarray[Any, Any]
RECORDED = ["-0x1.51bd060000000p-4", "-0x1.c0a41a0000000p-5", "-0x1.66d8d60000000p+1", "-0x1.40b95c0000000p-4"]


def one_by_one(x: Array, counts: Array) -> Any:
    """The eight sums, element by element."""
    power = max(4, (len(x) - 1).bit_length() // 8)
    sums = [np.float32(0)] * 8
    for i in np.flatnonzero(counts):
        sums[0] = sums[0] + x[i]
        for level in range(7):
            if int(i) & (((1 << power) - 1) << level * power):
                break
            sums[level + 1], sums[level] = sums[level + 1] + sums[level], np.float32(0)
    found = np.float32(0)
    for s in sums:
        found = found + s
    return found


@given(st.integers(1, 1500), st.integers(0, 1000), st.sampled_from([0.0, 0.02, 0.5, 1.0]))
def test_as_element_by_element(n: int, seed: int, ignored: float) -> None:
    rng = np.random.default_rng(seed)
    x, counts = rng.standard_normal(n).astype("f4"), rng.random(n) >= ignored
    assert levels.total_of(x, counts) == one_by_one(x, counts)
    assert levels.total(x) == one_by_one(x, np.ones(n, bool))


def test_a_loss_to_the_last_bit() -> None:
    """PyTorch 2.13 gives these: scores of 40 samples in 4 classes, one over the index, and every seventh target ignored."""
    scores = torch.tensor([[1 / (1 + i + 3 * k) for k in range(4)] for i in range(40)])
    target = torch.tensor([-100 if i % 7 == 2 else i % 4 for i in range(40)])
    weight = torch.tensor([0.1, 0.2, 0.3, 0.7])
    found = [functional.nll_loss(scores, target).item(), functional.nll_loss(scores, target, weight).item(),
             functional.nll_loss(scores, target, reduction="sum").item(), functional.nll_loss(scores, torch.arange(40) % 4).item()]
    assert [value.hex() for value in found] == RECORDED
