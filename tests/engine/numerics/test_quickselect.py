"""kthvalue takes the one of equal elements that PyTorch takes."""

import numpy as np
import pytest

from gradstudio.engine import call, tensor
from gradstudio.engine.ops.sorting import SWAPPED

NAN = float("nan")
PYTORCH = [  # values, and the index that torch 2.13 gives for k = 1, 2, ...
    ([2.0, 2.0], [0, 1]),
    ([2.0, 1.0, 2.0], [1, 0, 2]),
    ([2.0, 2.0, 0.0, 1.0, 1.0, 0.0], [2, 5, 4, 3, 1, 0]),
    ([1.0, 1.0, 2.0, 1.0, 0.0, 2.0, 2.0, 0.0, 1.0], [4, 7, 1, 0, 8, 3, 2, 5, 6]),
    ([1.0, 2.0, 0.0, 1.0, 2.0, 1.0, 0.0, 2.0, 2.0, 2.0, 2.0, 1.0, 2.0, 2.0], [2, 6, 5, 11, 0, 3, 10, 12, 9, 4, 8, 1, 7, 13]),
    ([1.0, 2.0, 1.0, 0.0, 1.0, 1.0, 0.0, 2.0, 1.0, 2.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 2.0, 1.0, 1.0, 2.0, 2.0, 1.0, 0.0],
     [12, 6, 13, 10, 24, 3, 20, 17, 15, 19, 23, 14, 16, 5, 4, 8, 0, 2, 11, 7, 21, 18, 22, 1, 9]),
    ([2.0, NAN, 1.0, 2.0, NAN, 1.0, 2.0], [2, 5, 3, 0, 6, 4, 1]),
]


@pytest.mark.parametrize(("values", "want"), PYTORCH, ids=[str(len(values)) for values, _ in PYTORCH])
def test_the_index_among_equal_elements_is_pytorchs(values, want):
    assert [int(call("kthvalue", (tensor(values),), {"k": k + 1})[1].array) for k in range(len(values))] == want


def test_each_line_selects_for_itself_along_any_dim():
    values, want = PYTORCH[3]
    both = tensor(np.stack([np.array(values), np.arange(len(values))], 1))
    found = call("kthvalue", (both,), {"k": 4, "dim": 0, "keepdim": True})[1].array
    assert found.tolist() == [[want[3], 3]]


def test_of_very_many_equal_elements_it_is_the_first_in_order():
    assert int(call("kthvalue", (tensor(np.ones(SWAPPED + 1)),), {"k": 3})[1].array) == 2
