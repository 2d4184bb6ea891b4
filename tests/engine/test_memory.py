"""as_strided: writing through it, and what it shows beyond the tensor."""

import numpy as np
import pytest

from gradstudio.engine import call, grad, tensor


def strided(x, *attrs):
    return call("as_strided", (x,), dict(zip(("size", "stride", "storage_offset"), attrs, strict=False)))


def test_writing_to_the_part_writes_the_storage():
    x = tensor(np.zeros(6))
    call("add_", (strided(x, (2,), (2,), 1), 5.0))
    assert x.array.tolist() == [0, 5, 0, 5, 0, 0]


def test_a_part_of_a_view_begins_where_the_view_does_unless_told():
    x = tensor(np.arange(12.0).reshape(3, 4))[1:]
    assert strided(x, (2,), (3,)).array.tolist() == [4, 7]
    assert strided(x, (2,), (3,), 0).array.tolist() == [0, 3]


def test_elements_outside_the_tensor_get_no_gradient():
    x = tensor(np.arange(4.0))
    x.requires_grad = True
    later = x[2:]
    out = strided(later, (3,), (1,), 0)
    (g,) = grad([out], [later], [tensor(np.array([1.0, 2.0, 3.0]))])
    assert g.array.tolist() == [3, 0]
    (g,) = grad([strided(later, (3, 2), (0, 1))], [x], [tensor(np.ones((3, 2)))])
    assert g.array.tolist() == [0, 0, 3, 3]


def test_a_tensor_whose_elements_share_memory_has_no_gradient():
    x = tensor(np.arange(3.0))
    x.requires_grad = True
    with pytest.raises(NotImplementedError, match="clone"):
        strided(call("expand", (x,), {"shape": (2, 3)}), (2,), (1,))
