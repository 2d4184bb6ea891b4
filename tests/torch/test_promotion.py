"""Result dtypes and refusals for operands of every dtype, against PyTorch's."""

import json
from pathlib import Path

import pytest

import gradstudio.torch as torch
from gradstudio.engine import dtypes

CELLS = json.loads((Path(__file__).parents[1] / "data" / "promotions.json").read_text())["cells"]
NUMBERS = {"pybool": True, "pyint": 2, "pyfloat": 2.5, "pycomplex": 1 + 2j}
ARGUMENTS = {"clamp": (0, 1), "softmax": (0,), "cumsum": (0,), "cumprod": (0,), "logsumexp": (0,), "lerp": (0.5,)}
SHAPES = {"matmul": (1, 1), "cat": (1,), "stack": (1,)}
ABSENT = ("logaddexp", "std", "var", "norm")  # of complex numbers; they refuse


@pytest.fixture(autouse=True)
def _other_tests_know_nothing_of_rare_dtypes(monkeypatch):
    monkeypatch.setattr(dtypes, "rare_seen", False)


def operand(text, count):
    """Return an operand by its short name: `int64[1]`, `float32[]`, `pyfloat`."""
    if text in NUMBERS:
        return NUMBERS[text]
    name, dims = text.rstrip("]").split("[")
    return torch.ones((count,) if dims else (), dtype=getattr(torch, name))


def result(op, texts):
    """Return the dtype of a result, or the error."""
    operands = [operand(t, 3 if len(texts) == 1 else 1) for t in texts]
    if op in SHAPES:
        operands = [x.reshape(SHAPES[op]) for x in operands]
    arguments = [operands] if op in ("cat", "stack") else [torch.tensor([True]), *operands] if op == "where" else operands
    try:
        return str(getattr(torch, op)(*arguments, *ARGUMENTS.get(op, ())).dtype).removeprefix("torch.")
    except (RuntimeError, TypeError, NotImplementedError) as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"


def allowed(op, want, got):
    """Return whether a result is PyTorch's, or refused where this has no such dtype or op."""
    here = "complex32" not in want + got and not (op in ABSENT and "complex tensors is not here" in got)
    return got == want if here else got.startswith("NotImplementedError: ")


@pytest.mark.parametrize("op", CELLS)
def test_dtypes_promote_and_are_refused_as_in_pytorch(op):
    found = {texts: (want, result(op, texts.split(","))) for want, cells in CELLS[op].items() for texts in cells}
    assert {texts: pair for texts, pair in found.items() if not allowed(op, *pair)} == {}
