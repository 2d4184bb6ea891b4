"""Special functions against PyTorch at many points, at kinks, at infinity and for every kind of operand: values, two orders, words."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradstudio.torch as torch

CASES = json.loads((Path(__file__).parents[1] / "data" / "functions.json").read_text())["cases"]
GOOD = [c for c in CASES if "error" not in c]
TIGHT = {"float64": 1e-12, "float32": 2e-6, "int64": 2e-6, "bool": 2e-6}


def named(case: dict[str, Any]) -> str:
    kinds = "".join("t" if isinstance(o, list) else "n" for o in case["operands"])
    return f"{case['function']}-{case['dtype']}-{kinds}-{'-'.join(map(str, case['keywords'].values()))}"


def run(case: dict[str, Any]) -> tuple[list[Any], Any]:
    """Return the leaves and the result of a recorded call."""
    function: Any = torch
    for part in case["function"].split("."):
        function = getattr(function, part)
    dtype = getattr(torch, case["dtype"])
    given = [torch.tensor(o, dtype=dtype, requires_grad=case["dtype"].startswith("float")) if isinstance(o, list) else o
             for o in case["operands"]]
    return [t for t in given if isinstance(t, torch.Tensor) and t.requires_grad], function(*given, **case["keywords"])


def assert_is(got: Any, want: list[float] | None, rtol: float) -> None:
    assert (got is None) == (want is None)
    if want is not None:
        np.testing.assert_allclose(got.detach().numpy().ravel().astype(float), want, rtol=rtol, atol=1e-14 if rtol < 1e-9 else 1e-7)


@pytest.mark.parametrize("case", GOOD, ids=named)
def test_a_function_gives_pytorchs_values(case: dict[str, Any]) -> None:
    _, out = run(case)
    assert str(out.dtype) == f"torch.{case['out_dtype']}"
    assert (out.grad_fn and out.grad_fn.name()) == case["node"]
    assert_is(out, case["out"], TIGHT[case["dtype"]])


@pytest.mark.parametrize("case", [c for c in GOOD if c.get("grads")], ids=named)
def test_a_function_gives_pytorchs_gradients(case: dict[str, Any]) -> None:
    leaves, out = run(case)
    plain = torch.autograd.grad(out, leaves, torch.ones_like(out), allow_unused=True, retain_graph=True)
    grads = torch.autograd.grad(out, leaves, torch.ones_like(out), create_graph=True, allow_unused=True)
    for found in (plain, grads):
        for g, want in zip(found, case["grads"], strict=True):
            assert_is(g, want, 2e-9 if case["dtype"] == "float64" else 2e-6)
    over = [g for g in grads if g is not None and g.requires_grad]
    second = torch.autograd.grad(over, leaves, [torch.ones_like(g) for g in over], allow_unused=True) if over else []
    for g, want in zip(second, case["second"], strict=True):
        assert_is(g, want, 2e-9 if case["dtype"] == "float64" else 5e-6)


@pytest.mark.parametrize("case", [c for c in CASES if "error" in c], ids=named)
def test_a_function_refuses_in_pytorchs_words(case: dict[str, Any]) -> None:
    kind, words = case["error"]
    if "invalid combination of arguments" in words and case["function"] != "float_power":
        words = ""  # PyTorch lists its overloads
    with pytest.raises((TypeError, RuntimeError, NotImplementedError), match=f"^{re.escape(words)}") as caught:
        run(case)
    assert type(caught.value).__name__ == kind


TWO, NUMBER = [0.4, 0.2], 2.0


@pytest.mark.parametrize(("name", "others", "node"), [  # the nodes are PyTorch 2.13's
    ("fmod", [TWO], "FmodBackward1"), ("fmod", [NUMBER], "FmodBackward0"),
    ("remainder", [TWO], "RemainderBackward1"), ("remainder", [NUMBER], "RemainderBackward0"),
    ("xlogy", [TWO], "XlogyBackward0"), ("xlogy", [NUMBER], "XlogyBackward2"),
    ("copysign", [TWO], "CopysignBackward0"), ("copysign", [NUMBER], "CopysignBackward1"),
    ("lerp", [[1.0, 2.0], TWO], "LerpBackward1"), ("lerp", [[1.0, 2.0], NUMBER], "LerpBackward0"),
    ("addcdiv", [[1.0, 2.0], TWO], "AddcdivBackward0"), ("true_divide", [TWO], "DivBackward0"),
    ("square", [], "PowBackward0"), ("round", [], "RoundBackward0"), ("digamma", [], "DigammaBackward0"),
])
def test_a_function_in_place_gives_what_it_gives_out_of_place(name: str, others: list[Any], node: str) -> None:
    leaf = torch.tensor([0.3, 0.6], dtype=torch.float64, requires_grad=True)
    given = [torch.tensor(o, dtype=torch.float64) if isinstance(o, list) else o for o in others]
    out = getattr(leaf * 1, name)(*given)
    want, = torch.autograd.grad(out.sum(), leaf)
    written = leaf * 1
    assert getattr(written, f"{name}_")(*given) is written
    assert written.grad_fn.name() == node
    assert written.tolist() == out.tolist()
    assert torch.autograd.grad(written.sum(), leaf)[0].tolist() == want.tolist()


@pytest.mark.parametrize("name", ["maximum_", "where_", "logaddexp_", "entr_", "celu_"])
def test_what_pytorch_cannot_do_in_place_is_not_there(name: str) -> None:
    with pytest.raises(AttributeError, match=f"'Tensor' object has no attribute '{name}'"):
        getattr(torch.ones(1), name)
