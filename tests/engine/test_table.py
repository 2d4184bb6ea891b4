"""The op table as people see it: names, texts, formulas, samples; formula, local_derivative and check."""

import math
import re
import subprocess
import sys
from itertools import product

import numpy as np
import pytest

from gradstudio.engine import ROWS, TABLE, Tensor, call, check, dtypes, formula, local_derivative, local_derivatives, tensor
from gradstudio.engine.op import Attr, Input, Op

CATEGORIES = {"arithmetic", "matrix", "linear algebra", "shape", "indexing", "convolution and pooling", "reduction", "activation",
              "loss", "comparison", "gradient control", "in place", "other"}
ATTR_KINDS = {"int", "float", "bool", "str", "number", "dim", "dims", "shape", "sizes", "split", "pairs", "dtype", "choice"}
INPUT_KINDS = {"tensor", "operand", "tensors", "number", "index"}
PUBLIC = list(TABLE.values())


def name_of(op):
    return op.name


@pytest.mark.parametrize("op", PUBLIC, ids=name_of)
def test_a_row_is_complete(op):
    assert op.category in CATEGORIES
    assert op.symbol
    assert len(op.symbol) <= 12
    assert op.latex
    assert op.doc.endswith(".")
    assert op.torch
    assert op.samples
    assert all(i.kind in INPUT_KINDS for i in op.inputs)
    assert all(a.kind in ATTR_KINDS and a.doc for a in op.attrs)
    assert all(a.choices for a in op.attrs if a.kind == "choice")


@pytest.mark.parametrize("op", PUBLIC, ids=name_of)
def test_a_row_that_is_differentiable_has_a_formula_for_each_operand(op):
    for i in op.inputs:
        assert i.vjp is None or i.formula is not None, i.name


@pytest.mark.parametrize("op", PUBLIC, ids=name_of)
def test_spellings_and_texts_name_operands_and_attrs_of_the_row_only(op):
    known = {i.name for i in op.inputs} | {a.name for a in op.attrs}
    for text in op.torch:
        assert set(re.findall(r"{(\w+)}", text)) <= known
    texts = [i.formula for i in op.inputs if isinstance(i.formula, str)]
    for text in texts:
        assert set(re.findall(r"{(\w+)}", text)) <= known


@pytest.mark.parametrize(("outputs", "vjp", "words"), [
    (("result",), lambda g, result: g * result, "odd: a row's only output is called out, not result"),
    (("out",), lambda g, result: g * result, "odd: the vjp of x reads result, which the row does not have"),
    (("out",), lambda g, x, y_shape: g * x, "odd: the vjp of x reads y_shape, which the row does not have"),
    (("values", "indices"), lambda g, out: g[0] * out, "odd: the vjp of x reads out, which the row does not have"),
])
def test_a_vjp_that_reads_what_the_row_does_not_have_is_refused_where_the_row_is_written(outputs, vjp, words):
    with pytest.raises(TypeError, match=f"^{re.escape(words)}$"):
        Op("odd", (Input("x", vjp),), np.exp, node_name="OddBackward0", outputs=outputs)


def test_a_vjp_may_read_inputs_shapes_attrs_and_outputs():
    Op("even", (Input("x", lambda g, x, out, x_shape, dim: g), Input("y", lambda g, y: g)), np.exp, attrs=(Attr("dim", "dim"),))
    Op("many", (Input("tensors", lambda g, shapes: g, kind="tensors"),), np.exp, outputs=("values", "indices"))


def test_hidden_rows_are_in_no_palette():
    assert not any(op.hidden for op in PUBLIC)
    assert set(TABLE) < set(ROWS)


FORMULAS = [
    ("pow", 0, ["x", "2"], (tensor(3.0), 2), {}, "2x"),
    ("pow", 0, ["x", "3"], (tensor(3.0), 3), {}, "3x²"),
    ("pow", 0, ["x", "0.5"], (tensor(3.0), 0.5), {}, "0.5x^-0.5"),
    ("mul", 0, ["a", "y"], None, {}, "y"),
    ("mul", 1, ["0.1", "sum"], (0.1, tensor(2.0)), {}, "0.1"),
    ("add", 0, ["x", "y"], None, {}, "1"),
    ("mse_loss", 0, ["z", "t"], (tensor(1.0), tensor(2.0)), {}, "2(z−t)"),
    ("mse_loss", 0, ["z", "t"], (tensor([1.0, 2.0]), tensor([1.0, 2.0])), {}, "2(z−t)/2"),
    ("mse_loss", 1, ["z", "t"], None, {"reduction": "sum"}, "2(t−z)"),
    ("div", 1, ["x", "a + b"], None, {}, "−x/(a + b)²"),
    ("detach", 0, ["z"], None, {}, "0"),
    ("mean", 0, ["x"], (tensor([1.0, 2.0, 3.0]),), {}, "1/3"),
]


@pytest.mark.parametrize(("name", "i", "texts", "operands", "attrs", "want"), FORMULAS)
def test_a_formula_reads_as_on_paper(name, i, texts, operands, attrs, want):
    assert formula(name, i, texts, attrs, operands) == want


def operands_of(op, sample):
    """Return the operands of a sample as tensors."""
    def made(v):
        return tensor(v) if isinstance(v, np.ndarray) else tuple(made(p) for p in v) if isinstance(v, tuple) else v
    return [tuple(tensor(p) for p in v) if op.inputs[0].kind == "tensors" and isinstance(v, tuple | list) else made(v)
            for v in sample.operands]


NUMBERS = [None, math.nan, math.inf, -math.inf, 1e300, -0.0, 10**40, True, 2.5, 1 + 2j]  # in place of those of a sample


@pytest.mark.parametrize("op", PUBLIC, ids=name_of)
def test_every_formula_can_be_written_whatever_the_numbers(op):
    for sample, number in product(op.samples, NUMBERS):
        operands, attrs = operands_of(op, sample), dict(sample.attrs or {})
        if number is not None:
            operands = [number if isinstance(o, int | float) else o for o in operands]
            attrs = {name: number if isinstance(value, float) else value for name, value in attrs.items()}
            if len(operands) == 2 and op.inputs[1].kind == "operand":
                operands[1] = number
        for i in range(len(operands)):
            assert formula(op.name, i, [f"t{k}" for k in range(len(operands))], attrs, operands)


def test_a_local_derivative_touches_no_graph():
    x, t = tensor(2.0, requires_grad=True), tensor(0.5)
    y = call("mul", (x, 3.0))
    found = local_derivative("mse_loss", (y, t), {}, 0)
    assert found.array == pytest.approx(11.0)
    assert x.grad is None
    assert y.grad_fn.saved()[0].freed is False
    y.backward()
    assert x.grad.array == 3.0


def test_a_local_derivative_reaches_into_a_list():
    a, b = tensor([1.0, 2.0]), tensor([3.0])
    assert local_derivative("cat", ((a, b),), {}, 0, (1,)).array.tolist() == [1.0]


@pytest.mark.parametrize("op", PUBLIC, ids=name_of)
def test_local_derivatives_found_at_once_are_those_found_alone(op, monkeypatch):
    monkeypatch.setattr(dtypes, "rare_seen", dtypes.rare_seen)  # which complex operands set
    for sample in op.samples:
        operands = operands_of(op, sample)
        paths = [path for i, o in enumerate(operands) for path in ([(i, j) for j in range(len(o))] if isinstance(o, tuple) else [(i,)])]
        paths = [(i, *rest) for i, *rest in paths if isinstance(operands[i][rest[0]] if rest else operands[i], Tensor)]
        assert found_at_once(op.name, operands, sample.attrs, paths) == found_alone(op.name, operands, sample.attrs, paths)


def found_at_once(name, operands, attrs, paths):
    try:
        return [bits(each) for each in local_derivatives(name, operands, attrs, paths)]
    except (RuntimeError, NotImplementedError) as error:
        return type(error)


def found_alone(name, operands, attrs, paths):
    try:
        return [bits(local_derivative(name, operands, attrs, i, tuple(rest))) for i, *rest in paths]
    except (RuntimeError, NotImplementedError) as error:
        return type(error)


def bits(found):
    return None if found is None else (found.array.tobytes(), found.array.shape, found.array.dtype)


def test_there_is_no_local_derivative_of_what_is_cut_or_whole():
    x = tensor([1.0, 2.0])
    assert local_derivative("detach", (x,), {}, 0) is None
    assert local_derivative("eq", (x, x), {}, 0) is None
    assert local_derivative("nll_loss", (tensor([[0.1, 0.2]]), tensor([1]), None), {}, 1) is None


def test_check_gives_shapes_and_dtypes():
    shapes, dtypes = check("matmul", [(2, 3), (3, 4)], ["float32", "float32"], [None, None])
    assert shapes == ((2, 4),)
    assert dtypes[0] == np.float32
    assert check("mul", [(2, 3), None], ["int64", None], [None, 2.5])[1][0] == np.float32
    assert check("max", [(2, 3), None], ["float32", None], [None, None], {"dim": 1})[0] == ((2,), (2,))


def test_check_raises_the_ops_own_error():
    with pytest.raises(RuntimeError, match="mat1 and mat2 shapes cannot be multiplied"):
        check("matmul", [(2, 3), (2, 3)], ["float32", "float32"], [None, None])


def test_check_computes_nothing_for_large_operands():
    assert check("matmul", [(10**5, 10**5), (10**5, 10**5)], ["float32", "float32"], [None, None]) == ((), ())
    assert check("add", [(10**9,), (10**9,)], ["float32", "float64"], [None, None])[0] == ((10**9,),)


def test_a_large_shape_is_still_checked_by_broadcasting():
    with pytest.raises(RuntimeError, match="must match the size of tensor b"):
        check("add", [(10**9, 3), (10**9, 4)], ["float32", "float32"], [None, None])


def test_an_unknown_attr_and_an_operand_of_the_wrong_kind_are_type_errors():
    with pytest.raises(TypeError, match="unexpected keyword argument 'axis'"):
        call("sum", (tensor([1.0]),), {"axis": 0})
    with pytest.raises(TypeError, match=r"add\(\): argument 'other' \(position 2\) must be Tensor, not str"):
        call("add", (tensor([1.0]), "a"))


@pytest.mark.parametrize("op", [op for op in TABLE.values() if op.attrs], ids=lambda op: op.name)
def test_attrs_left_out_are_at_their_defaults(op):
    """A file, and the worker, get no attr that is at its default."""
    defaults = {attr.name: attr.default for attr in op.attrs}
    for sample in op.samples:
        assert result(op.name, sample.operands, {}) == result(op.name, sample.operands, defaults)


def result(name, operands, attrs):
    """Return what an op gives, to the bit, or what it raises."""
    try:
        made = call(name, [taken(operand) for operand in operands], attrs)
    except Exception as error:
        return type(error), str(error)
    return [(out.array.tobytes(), out.array.dtype, out.shape) for out in (made if isinstance(made, tuple) else (made,)) if out is not None]


def taken(operand):
    return tuple(map(taken, operand)) if isinstance(operand, tuple) else tensor(operand) if isinstance(operand, np.ndarray) else operand


@pytest.mark.parametrize(("op", "attrs", "words"), [
    ("chunk", {}, "chunk expects at least a 1-dimensional tensor"),
    ("split", {"split_size": (1,)}, "split expects at least a 1-dimensional tensor"),
    ("narrow", {}, "narrow() cannot be applied to a 0-dim tensor."),
])
def test_a_number_is_not_cut_into_parts(op, attrs, words):
    with pytest.raises(RuntimeError, match=f"^{re.escape(words)}$"):
        call(op, (tensor(1.0),), attrs)


def test_rows_are_loaded_kind_by_kind_until_one_is_found_and_stand_in_the_order_of_kinds():
    told = subprocess.run(
        [sys.executable, "-c", PARTLY], capture_output=True, text=True, check=True, timeout=60,
    ).stdout.split()  # fmt: skip
    assert told == ["True", "False", "6.0", "True", "True", "False"]


def test_who_asks_very_often_gets_all_rows_which_answer_faster():
    code = (
        "from gradstudio.engine import op\n[op.TABLE.get('mul') for _ in range(op.MANY)]\nprint(op.TABLE.__class__ is op.Unread)\n"
        "op.TABLE.get('mul'), op.TABLE.get('mul')\nprint(op.TABLE.__class__ is op.Rows, op.TABLE.get('mul').name)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout.split()
    assert told == ["True", "True", "mul"]


PARTLY = """
import sys
from gradstudio.engine import TABLE, tensor
from gradstudio.engine.ops import KINDS
import gradstudio.engine.ops.testing  # out of order
def loaded(kind): return f"gradstudio.engine.ops.{kind}" in sys.modules
print(TABLE.get("mul").name == "mul", loaded("loss"))
print((tensor(2.0) * 3.0).array.item())
print(loaded("loss"))
print([k for k in KINDS if not loaded(k)] == [] and list(TABLE).index("mul") < list(TABLE).index("assert_close"), "no_such_op" in TABLE)
"""
