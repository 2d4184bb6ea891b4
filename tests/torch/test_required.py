"""Calls that leave out what PyTorch's functions have no default for are refused, in PyTorch's words."""
import json
import math
import re
from pathlib import Path

import pytest

import gradstudio.torch as torch
import gradstudio.torch.nn.functional as functional
from gradstudio.engine import TABLE
from gradstudio.torch import spellings
from tests.torch.test_spellings import found_at, operand

CASES = json.loads((Path(__file__).parents[1] / "data" / "required.json").read_text())["cases"]
CASES = [case for case in CASES if case[1:4] not in (["F", "batch_norm", 1], ["F", "batch_norm", 2])]  # statistics may be left out here

ELSEWHERE = {("F", "threshold", 0), ("F", "soft_margin_loss", 0), ("F", "soft_margin_loss", 1), ("F", "batch_norm", 0),
             ("torch", "zeros_like", 0), ("torch", "ones_like", 0)}  # functions around a row: they refuse, in words of their own


@pytest.mark.parametrize(("row", "place", "name", "count", "words"), CASES, ids=[f"{c[1]}-{c[2]}-{c[3]}" for c in CASES])
def test_a_call_that_ends_too_early_is_refused(row: str, place: str, name: str, count: int, words: str) -> None:
    op = TABLE[row]
    order = next(order for at, called, order in spellings.spelled(op) if (at, called) == (place, name))
    values = {i.name: operand(v) for i, v in zip(op.inputs, op.samples[0].operands, strict=False)}
    values |= {a.name: a.default for a in op.attrs} | dict(op.samples[0].attrs or {})
    with pytest.raises(TypeError) as told:
        found_at(place, name, operand(values[order[0]]))(*[values.get(n) for n in order[:count]])
    if "missing" in words and (place, name, count) not in ELSEWHERE:
        assert str(told.value) == words


def test_forms_in_place_and_second_names_require_the_same() -> None:
    x = torch.ones(2, 3)
    for call, words in ((lambda: x.unsqueeze_(), 'unsqueeze_() missing 1 required positional arguments: "dim"'),
                        (lambda: x.transpose_(0), 'transpose_() missing 1 required positional arguments: "dim1"'),
                        (lambda: torch.transpose(x, dim1=0), 'transpose() missing 2 required positional argument: "dim0", "dim1"')):
        with pytest.raises(TypeError, match=re.escape(words)):
            call()
    with pytest.raises(TypeError, match="missing 1 required"):
        torch.moveaxis(x, 0)
    assert x.expand(size=(4, 2, 3)).shape == (4, 2, 3)
    assert torch.split(x, split_size_or_sections=1)[0].shape == (1, 3)
    assert x.unsqueeze_(dim=0).shape == (1, 2, 3)


@pytest.mark.parametrize(("shape", "dim"), [((), 0), ((3,), 0), ((2, 3), 1), ((2, 3, 4), 0), ((2, 3, 2, 2), 1)])
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "softmin"])
def test_the_softmax_functions_choose_a_dim_and_warn(name: str, shape: tuple[int, ...], dim: int) -> None:
    x, function = torch.arange(float(math.prod(shape))).view(shape), getattr(functional, name)
    with pytest.warns(UserWarning, match=f"Implicit dimension choice for {name} has been deprecated"):
        got = function(x)
    assert got.tolist() == function(x, dim).tolist()
