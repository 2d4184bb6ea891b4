"""Few float32 numbers give what PyTorch gives, to the last bit, where numpy's own float32 functions do not."""

import numpy as np
import pytest

from gradstudio.engine import call, tensor
from gradstudio.engine.numerics.accurate import SMALL

PYTORCH = [  # recorded from torch 2.13; numpy's float32 functions differed from each of these
    ("exp", [0.0721649453, 0.0824742243, 0.113402061], [1.074832558631897, 1.0859706401824951, 1.120082139968872]),
    ("expm1", [0.443298966, 0.494845361, 0.577319562], [0.5578380227088928, 0.6402445435523987, 0.7812574505805969]),
    ("log", [0.206185564, 0.608247399, 0.70103091], [-1.5789787769317627, -0.49717357754707336, -0.3552033007144928]),
    ("log10", [0.0824742243, 0.175257728, 0.257731944], [-1.0836817026138306, -0.7563228011131287, -0.5888317227363586]),
    ("log1p", [0.144329891, 0.195876285, 0.587628841], [0.13481922447681427, 0.17887921631336212, 0.46224161982536316]),
    ("sin", [0.670103073, 0.917525768, 0.938144326], [0.6210667490959167, 0.7941002249717712, 0.8064622282981873]),
    ("cos", [0.628865957, 0.670103073, 0.721649468], [0.8086950778961182, 0.7837576270103455, 0.750717043876648]),
    ("asin", [0.212500006, 0.234999999, 0.239999995], [0.21413269639015198, 0.23721857368946075, 0.24236585199832916]),
    ("tanh", [0.12371134, 0.134020612, 0.185567006], [0.12308406829833984, 0.13322393596172333, 0.18346592783927917]),
]


@pytest.mark.parametrize(("name", "x", "want"), PYTORCH, ids=[name for name, *_ in PYTORCH])
def test_a_function_of_few_numbers_is_rounded_once(name, x, want):
    assert call(name, (tensor(x),)).array.tolist() == want
    assert call(name, (tensor(x[0]),)).array.item() == want[0]


@pytest.mark.parametrize(("name", "x", "want"), PYTORCH, ids=[name for name, *_ in PYTORCH])
def test_many_numbers_give_nearly_the_same(name, x, want):
    many = call(name, (tensor(np.repeat(np.float32(x), SMALL)),)).array
    assert many.dtype == np.float32
    assert np.allclose(many, np.repeat(np.float32(want), SMALL), rtol=3e-7, atol=0)
