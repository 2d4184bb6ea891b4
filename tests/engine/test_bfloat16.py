"""bfloat16: how numbers round to it, that every result does, and that other dtypes know nothing of it."""

import subprocess
import sys

import numpy as np
import pytest

from gradstudio.document.values import value_fault
from gradstudio.engine import backward, call, dtypes, grad, tensor
from gradstudio.engine.dtypes import BFLOAT16, cast


@pytest.fixture(autouse=True)
def _other_tests_know_nothing_of_it(monkeypatch):
    monkeypatch.setattr(dtypes, "rare_seen", False)


def low(values, **more):
    return tensor(values, dtype="bfloat16", **more)


def is_round(t):
    """Tell whether a tensor is bfloat16 and its numbers are: their low 16 bits are zero."""
    bits = np.asarray(t.array, np.float32).reshape(-1).view(np.uint32)
    return t.scalar_type is BFLOAT16 and not (bits & 0xFFFF).any()


@pytest.mark.parametrize(("number", "want"), [
    (1.0, 1.0), (1.00390625, 1.0), (1.01171875, 1.015625), (1.003907, 1.0078125), (-1.00390625, -1.0), (0.1, 0.10009765625),
    (3.4e38, float("inf")), (-3.4e38, -float("inf")), (float("inf"), float("inf")), (1e-40, 9.183549615799121e-41), (-0.0, -0.0),
])
def test_a_number_rounds_to_the_nearest_and_halves_to_even(number, want):
    found = cast(np.array(number), BFLOAT16).item()
    assert found == want
    assert np.signbit(found) == np.signbit(want)


def test_nan_stays_nan():
    assert np.isnan(cast(np.array([np.nan, -np.nan]), BFLOAT16)).all()


def test_all_bfloat16_numbers_are_left_as_they_are():
    every = (np.arange(1 << 16, dtype=np.uint32) << 16).view(np.float32)
    assert np.array_equal(cast(every, BFLOAT16), every, equal_nan=True)


def test_it_is_a_dtype_of_its_own():
    assert BFLOAT16 not in (np.dtype("float32"), np.dtype("float16"))
    assert dtypes.of("bfloat16").name == dtypes.name_of(low([1.0]).scalar_type) == "bfloat16"
    assert dtypes.of("bfloat16").itemsize == 2


def test_results_cotangents_and_gradients_are_rounded():
    x, y = low([0.1, 0.7, -2.3], requires_grad=True), low([1.7, 0.3, 0.9], requires_grad=True)
    out = call("mul", (call("exp", (x,)), y))
    total = call("sum", (call("add", (out, call("mul", (x, x)))),))
    assert all(is_round(t) for t in (out, total))
    backward(total)
    backward(call("sum", (call("mul", (x, 0.3)),)))  # adds into .grad
    assert is_round(x.grad)
    assert is_round(y.grad)
    again, = grad(call("sum", (call("pow", (x, 3)),)), x, create_graph=True)
    assert is_round(again)
    assert is_round(grad(call("sum", (again,)), x)[0])


def test_what_is_written_in_place_is_rounded():
    x = low([1.0, 2.0])
    call("mul_", (x, 0.1))
    call("add_", (x, tensor([0.123456, 0.1])))
    assert is_round(x)
    row = call("select", (low([[1.0, 2.0], [3.0, 4.0]]),), {"dim": 0, "index": 1})
    call("div_", (row, 3.0))
    assert is_round(row)


def test_a_sum_is_added_up_in_float32():
    assert call("sum", (low(np.full(1000, 0.01)),)).array == cast(np.array(np.float32(0.010009765625) * 1000), BFLOAT16)


def test_a_matrix_product_of_two_dtypes_is_refused():
    with pytest.raises(RuntimeError, match=r"same dtype, but got: c10::BFloat16 != float"):
        call("matmul", (low([[1.0]]), tensor([[1.0]])))


def test_a_document_does_not_store_it():
    assert value_fault(low([1.0]).array) == "there is no dtype bfloat16"


def test_nothing_looks_for_it_until_it_is_named():
    code = ("import gradstudio.torch as torch\nfrom gradstudio.engine import dtypes\nx = torch.ones(3, requires_grad=True)\n"
            "(x.double() * 2).sum(dtype=torch.float32).backward()\nassert not dtypes.rare_seen\nx.bfloat16()\nassert dtypes.rare_seen")
    subprocess.run([sys.executable, "-c", code], check=True)
