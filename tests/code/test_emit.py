"""Documents as programs: what the text is, rule by rule (MODEL: Code out)."""

from __future__ import annotations

import ast

import numpy as np
import pytest

from gradstudio.code.emit import emit
from gradstudio.document.calls import (
    Backward,
    Print,
    SeedGenerator,
    ZeroGrad,
)
from gradstudio.document.document import new_document
from gradstudio.document.frames import Frame
from gradstudio.document.graph import Literal, Node, Recipe, Ref
from gradstudio.document.map import Map
from gradstudio.document.script import Repeat
from gradstudio.io.reader import read
from gradstudio.resources import resource
from tests.code.make import document, group, leaf, op
from tests.code.written import FORWARD, X, Y, again, body, lines, text_of


def test_the_tutorial_is_five_lines_as_in_the_notebook() -> None:
    made = read(resource("examples", "tutorial.grad"))
    assert text_of(made) == (
        "import torch\n\n"
        "x = torch.tensor([2.], requires_grad=True)\n"
        "y = torch.tensor([3.], requires_grad=True)\n"
        "a = x ** 2\nz = a * y\nz.backward()\n"
    )


def test_a_block_that_runs_three_times_is_a_def_and_a_group_a_def_with_parameters() -> None:
    made = read(resource("examples", "accumulation.grad"))
    text = text_of(made)
    assert "def l2_penalty(W):\n    return 0.1 * (W ** 2).sum()\n" in text
    assert (
        "def main():\n    global a, z, t, reg, loss, err\n    a = x ** 2\n    z = a * y\n    with torch.no_grad():\n        t = y + 8.5\n"
        "    reg = l2_penalty(W)\n    loss = F.mse_loss(z, t) + reg\n    err = F.l1_loss(z.detach(), t)\n\nmain()\n" in text
    )
    assert text.endswith("main()\nx.grad.zero_()\ny.grad.zero_()\nW.grad.zero_()\nloss.backward()\n")


def test_a_new_document_is_an_empty_program_that_says_what_waits() -> None:
    assert emit(new_document()).text == "# backward  (nothing that requires grad was computed yet)\n"


def test_f_is_imported_only_where_it_is_used() -> None:
    assert "import torch.nn.functional as F" not in text_of(document([X, op("n3", "relu", "n1", names="z")], FORWARD))
    assert "import torch.nn.functional as F" in text_of(document([X, Y, op("n3", "mse_loss", "n1", "n2", names="z")], FORWARD))


# ---- inline or named


def test_an_unnamed_result_goes_into_the_line_that_reads_it() -> None:
    made = document([X, Y, op("n3", "mul", "n1", "n2"), op("n4", "add", "n3", 1.0, names="z")], FORWARD)
    assert body(made) == ["z = x * y + 1.0"]


def test_an_unnamed_result_that_is_read_twice_gets_a_number() -> None:
    made = document([X, op("n3", "exp", "n1"), op("n4", "mul", "n3", "n3", names="z")], FORWARD)
    assert body(made) == ["_1 = x.exp()", "z = _1 * _1"]


def test_results_that_python_would_compute_in_another_order_get_a_number() -> None:
    nodes = [X, op("n3", "exp", "n1"), op("n4", "sin", "n1"), op("n5", "sub", "n4", "n3", names="z")]
    assert body(document(nodes, FORWARD)) == ["_1 = x.exp()", "z = x.sin() - _1"]


def test_a_named_line_between_makes_the_one_before_it_stand_alone() -> None:
    nodes = [X, op("n3", "exp", "n1"), op("n4", "sin", "n1", names="s"), op("n5", "add", "n3", "n4", names="z")]
    assert body(document(nodes, FORWARD)) == ["_1 = x.exp()", "s = x.sin()", "z = _1 + s"]


def test_a_call_right_after_its_block_takes_the_root_into_its_line() -> None:
    nodes = [X, Y, op("n3", "mul", "n1", "n2"), op("n4", "sum", "n3")]
    assert body(document(nodes, FORWARD, Backward(id="c2", roots=(Ref("n4"),)))) == ["(x * y).sum().backward()"]


def test_what_two_calls_read_keeps_a_name() -> None:
    nodes = [X, op("n3", "exp", "n1")]
    calls = (Backward(id="c2", roots=(Ref("n3"),), retain_graph=True), Backward(id="c3", roots=(Ref("n3"),)))
    assert body(document(nodes, FORWARD, *calls)) == ["_1 = x.exp()", "_1.backward(retain_graph=True)", "_1.backward()"]


def test_an_expression_never_grows_past_what_python_can_read() -> None:
    chain = [X, *(op(f"n{i}", "neg", f"n{i - 1}" if i > 3 else "n1") for i in range(3, 403))]
    text = text_of(document(chain, FORWARD))
    ast.parse(text)
    assert max(line.count("(") for line in text.splitlines()) <= 40


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ([op("n3", "add", "n1", "n2"), op("n4", "mul", "n3", "n1")], "(x + y) * x"),
        ([op("n3", "mul", "n1", "n2"), op("n4", "sub", "n1", "n3")], "x - x * y"),
        ([op("n3", "sub", "n1", "n2"), op("n4", "sub", "n1", "n3")], "x - (x - y)"),
        ([op("n3", "sub", "n1", "n2"), op("n4", "sub", "n3", "n1")], "x - y - x"),
        ([op("n3", "pow", "n1", 2), op("n4", "pow", "n3", 2)], "(x ** 2) ** 2"),
        ([op("n3", "pow", "n1", "n2"), op("n4", "pow", "n1", "n3")], "x ** x ** y"),
        ([op("n3", "pow", "n1", -2), op("n4", "pow", -2, "n3")], "(-2) ** x ** -2"),
        ([op("n3", "gt", "n1", "n2"), op("n4", "eq", "n3", True)], "(x > y) == True"),
        ([op("n3", "gt", "n1", "n2"), op("n4", "eq", "n3", "n1")], "(x > y) == x"),
        ([op("n3", "add", "n1", 1), op("n4", "tanh", "n3")], "(x + 1).tanh()"),
        ([op("n3", "add", "n1", 1), op("n4", "maximum", "n3", "n2")], "(x + 1).maximum(y)"),
        ([op("n3", "add", "n1", 1), op("n4", "maximum", "n2", "n3")], "y.maximum(x + 1)"),
        ([op("n3", "stack", ("n1", "n2")), op("n4", "index", "n3", (Literal(0), Literal(...)))], "torch.stack([x, y])[0, ...]"),
        ([op("n3", "stack", ("n1", "n2")), op("n4", "index", "n3", Literal(slice(None, 1)))], "torch.stack([x, y])[:1]"),
        ([op("n3", "mul", 0.1, "n1"), op("n4", "div", 1, "n3")], "1 / (0.1 * x)"),
        ([op("n3", "sum", "n1", attrs=Map({"dim": (0,), "keepdim": True})), op("n4", "exp", "n3")], "x.sum(dim=(0,), keepdim=True).exp()"),
        ([op("n3", "add", "n1", "n2", attrs=Map({"alpha": 2})), op("n4", "exp", "n3")], "x.add(y, alpha=2).exp()"),
        ([op("n3", "clamp", "n1", None, 1.5), op("n4", "exp", "n3")], "x.clamp(None, 1.5).exp()"),
        ([op("n3", "clamp", "n1", 0.5), op("n4", "exp", "n3")], "x.clamp(0.5).exp()"),
        ([op("n3", "to", "n1", attrs=Map({"dtype": "float64"})), op("n4", "exp", "n3")], "x.to(torch.float64).exp()"),
        ([op("n3", "mul", "n1", float("inf")), op("n4", "exp", "n3")], '(x * float("inf")).exp()'),
    ],
)
def test_parentheses_stand_where_python_needs_them(nodes: list[Node], expected: str) -> None:
    assert body(document([X, Y, *nodes], FORWARD))[-1] == expected


# ---- names


def test_a_tensor_that_is_read_after_its_name_was_given_away_is_called_otherwise_from_the_start() -> None:
    nodes = [X, Y, op("n3", "mul", "n1", 2.0, names="y")]
    made = document(nodes, FORWARD, Backward(id="c2", roots=(Ref("n3"),)), Print(id="c3", operands=(Ref("n2"),)))
    assert lines(made)[3:] == ["y_1 = torch.tensor(3., requires_grad=True)", "y = x * 2.0", "y.backward()", "print(y_1)"]


def test_a_name_that_is_only_given_anew_stays() -> None:
    nodes = [X, op("n3", "mul", "n1", "n1", names="y"), op("n4", "add", "n3", 1.0, names="y")]
    assert lines(document(nodes, FORWARD))[3:] == ["y = x * x", "y = y + 1.0"]


def test_a_leaf_that_a_later_run_reads_is_called_otherwise() -> None:
    nodes = [X, Y, op("n3", "mul", "n1", "n2", names="z"), op("n4", "exp", "n3", names="y")]
    assert "y_1 = torch.tensor(3., requires_grad=True)" in text_of(document(nodes, FORWARD, again(2)))


def test_names_that_a_loop_gives_away_are_seen_by_its_next_turn() -> None:
    nodes = [X, Y, op("n3", "mul", "n1", "n2", names="y")]
    assert body(document(nodes, Repeat("c1", 2, (again(2),)))) == [
        "y_1 = torch.tensor(3., requires_grad=True)",
        "for _ in range(2):",
        "    y = x * y_1",
    ]


def test_names_of_python_and_of_the_program_are_left_alone() -> None:
    nodes = [leaf("n1", "torch"), leaf("n2", "sum"), op("n3", "mul", "n1", "n2", names="F"), op("n4", "sum", "n3", names="main")]
    made = document(nodes, FORWARD)
    assert lines(made)[2:] == [
        "torch_1 = torch.tensor(2., requires_grad=True)",
        "sum_1 = torch.tensor(2., requires_grad=True)",
        "F_1 = torch_1 * sum_1",
        "main_1 = F_1.sum()",
    ]


def test_a_number_that_someone_else_has_is_passed_over() -> None:
    nodes = [leaf("n1", "sum"), leaf("n2", "sum_1"), op("n3", "exp", "n1"), op("n4", "mul", "n3", "n3", names="_1")]
    found = lines(document(nodes, FORWARD))[2:]
    assert [line.split(" = ")[0] for line in found] == ["sum_2", "sum_1", "_2", "_1"]


def test_several_outputs_are_unpacked_and_the_unread_one_is_an_underscore() -> None:
    nodes = [leaf("n1", "x", [1.0, 2.0]), op("n3", "max", "n1", names=("m", None), attrs=Map({"dim": 0})), op("n4", "exp", "n3", names="z")]
    assert body(document(nodes, FORWARD)) == ["m, _ = x.max(dim=0)", "z = m.exp()"]
    whole = [leaf("n1", "x", [1.0, 2.0]), op("n3", "max", "n1", names="m")]
    assert body(document(whole, FORWARD)) == ["m = x.max()"]
    parts = [leaf("n1", "x", [1.0, 2.0]), op("n3", "unbind", "n1"), op("n4", "exp", Ref("n3", 1), names="z")]
    assert body(document(parts, FORWARD)) == ["_, _1, *_ = x.unbind()", "z = _1.exp()"]


# ---- leaves


def test_a_leaf_keeps_its_dtype_and_every_bit() -> None:
    values = [
        np.array([0.1, np.nan, -np.inf], np.float32),
        np.array(0.1),
        np.array([[1, 2]], np.int64),
        np.array([True]),
        np.zeros((0, 2), np.float32),
    ]
    nodes = [leaf(f"n{i}", f"x{i}", value, grad=False) for i, value in enumerate(values, 1)]
    assert [line.split(" = ")[1] for line in lines(document(nodes, FORWARD))[2:]] == [
        'torch.tensor([0.1, float("nan"), float("-inf")])',
        "torch.tensor(0.1, dtype=torch.float64)",
        "torch.tensor([[1, 2]])",
        "torch.tensor([True])",
        "torch.zeros(0, 2)",
    ]


def test_leaves_stand_before_the_first_call_of_their_block_and_draw_there() -> None:
    made = document(
        {
            "main": [leaf("n1", "x", Recipe("randn", (2,), "float32"))],
            "other": [leaf("n2", "w", Recipe("rand", (), "float64"), grad=False)],
        },
        again(1, "main"),
        SeedGenerator(id="c2", number=5),
        again(3, "other"),
        seed=4,
    )
    assert lines(made) == [
        "import torch",
        "",
        "torch.manual_seed(4)",
        "x = torch.randn(2, requires_grad=True)",
        "torch.manual_seed(5)",
        "w = torch.rand((), dtype=torch.float64)",
    ]


def test_a_loop_whose_first_turn_draws_after_a_seed_has_that_turn_before_it() -> None:
    nodes = [leaf("n1", "x", Recipe("randn", (), "float32"))]
    made = document(nodes, Repeat("c1", 3, (SeedGenerator(id="c2", number=5), again(3))))
    assert lines(made)[3:] == [
        "torch.manual_seed(5)",
        "x = torch.randn((), requires_grad=True)",
        "for _ in range(2):",
        "    torch.manual_seed(5)",
    ]


def test_a_fresh_leaf_is_made_in_its_place_in_each_turn() -> None:
    nodes = [
        X,
        op("n3", "exp", "n1", names="e"),
        leaf("n4", "t", Recipe("rand", (), "float32"), fresh=True),
        op("n5", "mul", "n3", "n4", names="z"),
    ]
    assert body(document(nodes, Repeat("c1", 2, (again(2),))))[1:] == [
        "for _ in range(2):",
        "    e = x.exp()",
        "    t = torch.rand((), requires_grad=True)",
        "    z = e * t",
    ]


# ---- frames, groups, in place


def test_frames_are_with_blocks_one_in_another() -> None:
    frames = (Frame("f1", "no_grad"), Frame("f2", "enable_grad", "f1"))
    nodes = [
        X,
        op("n3", "exp", "n1", names="a", frame="f1"),
        op("n4", "sin", "n1", names="b", frame="f2"),
        op("n5", "mul", "n3", "n4", names="z"),
    ]
    assert body(document(nodes, FORWARD, frames=frames)) == [
        "with torch.no_grad():",
        "    a = x.exp()",
        "    with torch.enable_grad():",
        "        b = x.sin()",
        "z = a * b",
    ]


def test_an_unnamed_result_never_leaves_its_frame() -> None:
    nodes = [X, op("n3", "exp", "n1", frame="f1"), op("n4", "mul", "n3", "n1", names="z")]
    made = document(nodes, FORWARD, Backward(id="c2", roots=(Ref("n4"),)), frames=(Frame("f1", "no_grad"),))
    assert body(made) == ["with torch.no_grad():", "    _1 = x.exp()", "z = _1 * x", "z.backward()"]


def test_a_tensor_that_is_made_again_has_no_gradient_yet() -> None:
    square = op("n3", "mul", "n1", "n1", names="z", retain_grad=(0,))
    nodes = {"main": [X, square], "look": [op("n4", "exp", "n3.grad", names="e")]}
    made = document(nodes, again(1), Backward(id="c2", roots=(Ref("n3"),)), again(3, "look"), again(4), again(5, "look"))
    assert body(made)[-5:] == ["main()", "z.backward()", "e = z.grad.exp()", "main()", "# e = z.grad.exp()  (z.grad is None)"]


def test_a_frame_of_skipped_nodes_still_is_a_block() -> None:
    made = document([X, op("n3", "add", "n1", None, names="a", frame="f1")], FORWARD, frames=(Frame("f1", "no_grad"),))
    assert body(made) == ["with torch.no_grad():", "    # a = x + ...  (other is not wired)", "    pass"]


def test_an_update_in_place_is_a_line_of_its_own_and_readers_read_the_leaf() -> None:
    frames = (Frame("f1", "no_grad"),)
    nodes = {
        "main": [X, op("n3", "mul", "n1", "n1", names="z")],
        "update": [op("n4", "mul", 0.1, "n1.grad", frame="f1"), op("n5", "sub_", "n1", "n4", frame="f1")],
    }
    calls = Repeat("c1", 3, (again(2), Backward(id="c3", roots=(Ref("n3"),)), again(4, "update"), ZeroGrad(id="c5", targets=(Ref("n1"),))))
    assert body(document(nodes, calls, frames=frames)) == [
        "for _ in range(3):",
        "    z = x * x",
        "    z.backward()",
        "    with torch.no_grad():",
        "        x.sub_(0.1 * x.grad)",
        "    x.grad.zero_()",
    ]


def test_groups_become_defs_with_the_inner_one_first_and_pins_only_where_they_take() -> None:
    inner = group("g1", "square", [Node("n10", "input", names=("v",)), op("n11", "mul", "n10", "n10", names="s", retain_grad=(0,))], "n11")
    outer = group("g2", "both", [Node("n20", "input"), op("n21", "instance", "n20", group="g1"), op("n22", "neg", "n20")], "n21", "n22")
    nodes = [
        X,
        leaf("n2", "y", 3.0, grad=False),
        op("n3", "instance", "n1", group="g2", names=("a", "b")),
        op("n4", "instance", "n2", group="g1", names="c"),
    ]
    text = text_of(document(nodes, FORWARD, groups=(outer, inner)))
    assert text.index("def square(v):") < text.index("def both(x):")
    assert "    s = v * v\n    if s.requires_grad:\n        s.retain_grad()\n    return s\n" in text
    assert "a, b = both(x)\nc = square(y)\n" in text


def test_a_block_of_which_the_first_run_skips_something_has_a_text_for_it() -> None:
    nodes = {
        "main": [X, op("n3", "exp", "n1", names="a"), op("n4", "add", "n3", "n5", names="b")],
        "second": [op("n5", "sin", "n1", names="c")],
    }
    made = document(nodes, again(1), again(2, "second"), again(3))
    assert body(made) == ["a = x.exp()", "# b = a + c  (c was not made)", "c = x.sin()", "a = x.exp()", "b = a + c"]
