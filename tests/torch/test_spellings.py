"""Every spelling of every row is there under PyTorch's name and computes what the row computes."""
import re
from typing import Any

import numpy as np
import pytest

import gradstudio.torch as torch
import gradstudio.torch.nn.functional as functional
from gradstudio.engine import TABLE, call, tensor
from gradstudio.engine.op import Op, Sample
from gradstudio.torch import spellings

CASES = [(op, place, name, order, sample) for op in TABLE.values() if op.outputs
         for place, name, order in spellings.spelled(op) for sample in op.samples]


def operand(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple([operand(v) for v in value])
    return tensor(value) if isinstance(value, np.ndarray) else value


def found_at(place: str, name: str, first: Any) -> Any:
    """Return the function, the method of the first operand, or the function that reads its property."""
    if place in ("method", "property"):
        return getattr(type(first), name) if place == "method" else lambda x: getattr(x, name)
    where: Any = torch if place == "torch" else functional
    for part in name.split("."):
        where = getattr(where, part)
    return where


def arrays(result: Any) -> list[Any]:
    return [t.array for t in result] if isinstance(result, tuple) else [result.array]


@pytest.mark.parametrize(("op", "place", "name", "order", "sample"), CASES,
                         ids=[f"{op.name}-{place}-{name}-{i}" for i, (op, place, name, _, _) in enumerate(CASES)])
@pytest.mark.filterwarnings("ignore:reduction")
def test_a_spelling_computes_what_its_row_computes(op: Op, place: str, name: str, order: list[str], sample: Sample) -> None:
    attrs = dict(sample.attrs or {})
    want = arrays(call(op.name, [operand(o) for o in sample.operands], attrs))
    given = {a.name: a.default for a in op.attrs if a.name in order}
    given |= {i.name: operand(o) for i, o in zip(op.inputs, sample.operands, strict=False)} | attrs
    by_name = {n for text in op.torch for n in re.findall(r"(\w+)=\{\1\}", text)}
    placed = [given.pop(n) for n in order if n in given and n not in by_name]
    got = arrays(found_at(place, name, placed[0])(*placed, **given))
    assert len(got) == len(want)
    for a, b in zip(got, want, strict=True):
        np.testing.assert_array_equal(a, b)


def test_sizes_come_one_by_one_or_together() -> None:
    x = torch.arange(6)
    assert x.view(2, 3).shape == x.view((2, 3)).shape == x.view(torch.Size([2, 3])).shape == x.reshape([2, 3]).shape == (2, 3)
    assert x.view(2, 3).permute(1, 0).shape == x.view(2, 3).permute((1, 0)).shape == (3, 2)
    assert x.view(-1).shape == (6,)


def test_keywords_are_pytorchs() -> None:
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert torch.sum(input=x, dim=0).tolist() == torch.sum(x, axis=0).tolist() == [4.0, 6.0]
    assert torch.add(x, other=x, alpha=2).tolist() == (3 * x).tolist()
    assert torch.sum(x, 1, keepdim=True).shape == (2, 1)


def test_an_argument_too_many_is_refused() -> None:
    with pytest.raises(TypeError, match="got an unexpected keyword argument 'foo'"):
        torch.relu(torch.ones(1), foo=1)
    with pytest.raises(TypeError, match="takes 1 positional arguments but 2 were given"):
        torch.relu(torch.ones(1), 2)
    with pytest.raises(TypeError, match="received multiple values for argument 'dim'"):
        torch.sum(torch.ones(1), 0, dim=0)


def test_a_result_can_be_written_into_a_tensor() -> None:
    out = torch.zeros(2)
    assert torch.add(torch.ones(2), 1, out=out) is out
    assert out.tolist() == [2.0, 2.0]
    assert out._version == 1
    with pytest.raises(RuntimeError, match="don't support automatic differentiation"):
        torch.add(torch.ones(2, requires_grad=True), 1, out=out)
    with pytest.raises(RuntimeError, match="result type Float can't be cast to the desired output type Long"):
        torch.add(torch.ones(2), 1, out=torch.zeros(2, dtype=torch.int64))


def test_what_is_not_there_is_named() -> None:
    with pytest.raises(AttributeError, match="module 'torch' has no attribute 'fftn'"):
        torch.fftn
    with pytest.raises(AttributeError, match="'Tensor' object has no attribute 'sparse_mask'"):
        torch.ones(1).sparse_mask
