"""PyTorch's names are there, and cost nothing until the first is used."""
import subprocess
import sys

import numpy as np
import pytest

import gradstudio.torch as torch


def test_importing_loads_neither_numpy_nor_the_engine() -> None:
    code = "import gradstudio.torch, sys; sys.exit('numpy' in sys.modules or 'gradstudio.engine' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_first_name_loads_the_rest() -> None:
    code = "from gradstudio.torch import tensor; import gradstudio.torch as t; print(tensor([1.0]), t.nn.Linear, 'relu' in vars(t))"
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert out == "tensor([1.]) <class 'torch.nn.modules.linear.Linear'> True\n"


@pytest.mark.parametrize("name", ["linalg", "special", "nn", "optim", "autograd", "testing", "utils"])
def test_a_submodule_may_be_asked_for_first(name: str) -> None:
    for code in (f"import gradstudio.torch as t; t.{name}", f"import gradstudio.torch.{name}", f"from gradstudio.torch import {name}"):
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_a_function_cannot_do_without_is_named_as_pytorch_names_it() -> None:
    x = torch.eye(2)
    for call, words in (
        (lambda: torch.linalg.solve(x), 'linalg_solve() missing 1 required positional arguments: "B"'),
        (lambda: torch.linalg.solve_triangular(x, x), 'linalg_solve_triangular() missing 1 required positional arguments: "upper"'),
        (lambda: torch.linalg.solve_triangular(x), 'linalg_solve_triangular() missing 2 required positional argument: "B", "upper"'),
        (lambda: x.matrix_power(), 'matrix_power() missing 1 required positional arguments: "n"'),
        (lambda: torch.linalg.matrix_power(x), 'linalg_matrix_power() missing 1 required positional arguments: "n"'),
        (lambda: torch.exp(), 'exp() missing 1 required positional arguments: "input"'),
    ):
        with pytest.raises(TypeError) as told:
            call()
        assert str(told.value) == words


def test_names_are_listed() -> None:
    assert {"tensor", "relu", "nn", "float32", "no_grad"} <= set(dir(torch))


@pytest.mark.parametrize("name", ["float32", "float64", "int64", "bool", "complex64", "uint8"])
def test_dtypes_print_as_pytorchs_and_pass_for_numpys(name: str) -> None:
    dtype = getattr(torch, name)
    assert repr(dtype) == f"torch.{name}"
    assert np.dtype(dtype) == np.dtype(name) == dtype
    assert torch.zeros(2, dtype=dtype).dtype is dtype
    assert np.zeros(1, dtype).dtype == np.dtype(name)


def test_the_old_constructor_makes_floats() -> None:
    x = torch.Tensor([1, 2])
    assert x.tolist() == [1.0, 2.0]
    assert isinstance(x, torch.Tensor)
    assert isinstance(torch.nn.Parameter(x), torch.Tensor)
    assert torch.Tensor(2, 3).shape == (2, 3)
    assert not isinstance(1.0, torch.Tensor)


def test_another_device_is_refused_by_name() -> None:
    with pytest.raises(NotImplementedError, match="device 'cuda'"):
        torch.ones(1).to("cuda")
    assert torch.ones(1).to("cpu").device == torch.device("cpu")


def test_classes_say_where_pytorch_has_them() -> None:
    nn = torch.nn
    kinds = (nn.ReLU, nn.MSELoss, nn.Sequential, nn.Conv2d, torch.optim.SGD, nn.Parameter, type(torch.ones(1)))
    assert [f"{k.__module__}.{k.__name__}" for k in kinds] == [
        "torch.nn.modules.activation.ReLU", "torch.nn.modules.loss.MSELoss", "torch.nn.modules.container.Sequential",
        "torch.nn.modules.conv.Conv2d", "torch.optim.sgd.SGD", "torch.nn.parameter.Parameter", "torch.Tensor"]
