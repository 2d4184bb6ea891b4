"""Documents as programs: what the text is, rule by rule (MODEL: Code out)."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
import pytest

from gradstudio.code.emit import emit
from gradstudio.document.calls import (
    Backward,
    Forward,
    Grad,
    Hook,
    OptimizerStep,
    OptimizerZero,
    Print,
    SeedGenerator,
    SetGradEnabled,
    SetGradNone,
    SetRequiresGrad,
    SetValue,
    ZeroGrad,
)
from gradstudio.document.document import Document, Optimizer, new_document
from gradstudio.document.frames import Frame
from gradstudio.document.graph import Literal, Node, Recipe, Ref
from gradstudio.document.map import Map
from gradstudio.document.script import Repeat, Section
from gradstudio.io.reader import read
from gradstudio.resources import resource
from gradstudio.session.run import run
from tests.code.compare import differences
from tests.code.make import document, group, leaf, op

FORWARD = Forward(id="c1", block="main")
X, Y = leaf("n1", "x"), leaf("n2", "y", 3.0)


def again(number: int, block: str = "main") -> Forward:
    return Forward(id=f"c{number}", block=block)


def text_of(made: Document, traced: bool = True) -> str:
    """Return the program, after it was run and did what the session did."""
    assert differences(made) == []
    return emit(made, trace=run(made).trace if traced else None).text


def lines(made: Document) -> list[str]:
    return text_of(made).splitlines()


def body(made: Document) -> list[str]:
    """Return the lines after the imports and the leaves of the usual two."""
    return [line for line in lines(made) if line and not line.startswith(("import", "x = ", "y = "))]


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


# ---- calls


def test_every_kind_of_call_has_its_line() -> None:
    nodes = [X, op("n3", "mul", "n1", "n1", names="z")]
    optimizer = Optimizer("o1", "SGD", (Ref("n1"),), Map({"lr": 0.1}))
    calls = (
        SetGradEnabled(id="c9", on=True),
        FORWARD,
        OptimizerZero(id="c2", optimizer="o1"),
        Grad(id="c3", outputs=(Ref("n3"),), inputs=(Ref("n1"),), retain_graph=True, names=("g",)),
        Backward(id="c4", roots=(Ref("n3"),), seeds=(Literal(2.0),), retain_graph=True),
        OptimizerStep(id="c5", optimizer="o1"),
        Print(id="c6", operands=(Ref("n1"), Ref("c3")), text="it's"),
        SetValue(id="c7", target=Ref("n1"), value=np.array(0.1, np.float32)),
        SetGradNone(id="c8", targets=(Ref("n1"),)),
        SetRequiresGrad(id="c10", targets=(Ref("n1"),), on=False),
        ZeroGrad(id="c11", targets=(Ref("n1"),), enabled=False),
    )
    assert body(document(nodes, *calls, optimizers=(optimizer,))) == [
        "torch.set_grad_enabled(True)",
        "z = x * x",
        "optimizer = torch.optim.SGD([x], lr=0.1)",
        "optimizer.zero_grad()",
        "g, = torch.autograd.grad([z], [x], retain_graph=True)",
        "z.backward(torch.tensor(2.0), retain_graph=True)",
        "optimizer.step()",
        'print("it\'s", x, g)',
        "with torch.no_grad():",
        "    x.copy_(torch.tensor(0.1))",
        "x.grad = None",
        "x.requires_grad_(False)",
        "# x.grad.zero_()  (off)",
    ]


def test_a_hook_is_registered_with_the_def_of_its_group() -> None:
    double = group("g1", "double", [Node("n10", "input", names=("g",)), op("n11", "mul", "n10", 2.0)], "n11")
    nodes = [X, op("n3", "mul", "n1", "n1", names="z")]
    made = document(nodes, FORWARD, Hook(id="c2", target=Ref("n3"), group="g1"), Backward(id="c3", roots=(Ref("n3"),)), groups=(double,))
    assert body(made) == ["def double(g):", "    return g * 2.0", "z = x * x", "z.register_hook(double)", "z.backward()"]


def test_inference_mode_is_a_frame_too() -> None:
    made = document([X, op("n3", "exp", "n1", names="z", frame="f1")], FORWARD, frames=(Frame("f1", "inference_mode"),))
    assert body(made) == ["with torch.inference_mode():", "    z = x.exp()"]


def test_a_leaf_that_is_read_by_nobody_still_stands() -> None:
    assert lines(document([leaf("n1")], FORWARD))[2:] == ["_1 = torch.tensor(2., requires_grad=True)"]


def test_the_automatic_backward_is_written_with_the_root_that_it_took() -> None:
    nodes = [X, op("n3", "mul", "n1", "n1", names="z"), op("n4", "exp", "n3", names="loss")]
    made = document(nodes, FORWARD, Backward(id="c2", automatic=True))
    assert body(made)[-1] == "loss.backward()"
    assert emit(made).text.endswith("loss.backward()\n")


def test_an_automatic_backward_that_waits_says_why() -> None:
    made = document([leaf("n1", "x", [1.0, 2.0]), op("n3", "exp", "n1", names="y")], FORWARD, Backward(id="c2", automatic=True))
    assert body(made)[-1] == "# backward  (y has 2 elements: sum it, or give a seed)"


def test_a_call_on_what_was_not_made_is_a_comment() -> None:
    made = document([X, op("n3", "mul", "n1", None, names="z")], FORWARD, Backward(id="c2", roots=(Ref("n3"),)))
    assert body(made) == ["# z = x * ...  (other is not wired)", "# z.backward()  (z was not made)"]


def test_an_optimizer_is_made_before_the_loop_that_uses_it() -> None:
    nodes = [X, op("n3", "mul", "n1", "n1", names="z")]
    optimizer = Optimizer("o1", "SGD", (Ref("n1"),), Map({"lr": 0.1, "momentum": 0.9}))
    loop = Repeat(
        "c1",
        3,
        (OptimizerZero(id="c2", optimizer="o1"), again(3), Backward(id="c4", roots=(Ref("n3"),)), OptimizerStep(id="c5", optimizer="o1")),
    )
    made = document(nodes, again(9), loop, optimizers=(optimizer,))
    assert "optimizer = torch.optim.SGD([x], lr=0.1, momentum=0.9)\nfor _ in range(3):\n    optimizer.zero_grad()\n    main()\n" in text_of(
        made
    )


# ---- sections and errors


def two_sections(first: tuple[Any, ...]) -> Document:
    nodes = [X, op("n3", "mul", "n1", "n1", names="z")]
    return document(nodes, Section("one", first), Section("", (Print(id="c9", operands=(Ref("n1"),)),)))


def test_a_section_that_raised_stands_in_a_try_and_prints_pytorchs_words() -> None:
    made = two_sections((FORWARD, Backward(id="c2", roots=(Ref("n3"),)), Backward(id="c3", roots=(Ref("n3"),))))
    assert body(made) == [
        "# one",
        "try:",
        "    x = torch.tensor(2., requires_grad=True)",
        "    z = x * x",
        "    z.backward()",
        "    z.backward()",
        "except RuntimeError as error:",
        '    print(f"RuntimeError: {error}")',
        "print(x)",
    ]


def test_a_section_that_ran_well_stands_as_it_is() -> None:
    assert "try" not in text_of(two_sections((FORWARD, Backward(id="c2", roots=(Ref("n3"),)))))


def test_without_a_run_any_of_several_sections_may_raise() -> None:
    assert emit(two_sections((FORWARD,))).text.count("except Exception as error:\n    print(error)\n") == 2


def test_the_only_section_may_end_the_program() -> None:
    nodes = [X, op("n3", "mul", "n1", "n1", names="z")]
    made = document(nodes, FORWARD, Backward(id="c2", roots=(Ref("n3"),)), Backward(id="c3", roots=(Ref("n3"),)))
    assert body(made) == ["z = x * x", "z.backward()", "z.backward()"]


def test_the_next_section_begins_with_what_the_error_left() -> None:
    nodes = {"main": [X, op("n3", "mul", "n1", "n1", names="z")], "late": [Y, op("n4", "exp", "n2", names="e")]}
    first = (FORWARD, ZeroGrad(id="c2", targets=(Ref("n1"),)), again(3, "late"))
    made = document(
        nodes,
        Section("", first),
        Section("", (Backward(id="c4", roots=(Ref("n4"),)), again(5, "late"), Backward(id="c6", roots=(Ref("n4"),)))),
    )
    assert body(made)[-3:] == ["# e.backward()  (e was not made)", "late()", "e.backward()"]


# ---- text from outside


@pytest.mark.parametrize("evil", ["x\nimport os", "a\r__import__('os')", "\u2028exit()", "\x0cb", "'''", '"""\\', "\u202egnp", "{error}"])
def test_free_text_never_becomes_code(evil: str) -> None:
    nodes = [X, op("n3", "mul", "n1", "n1", names="z")]
    made = document(nodes, Section(evil, (FORWARD, Print(id="c2", operands=(Ref("n3"),), text=evil))))
    tree = ast.parse(text_of(made))
    kinds = [type(statement).__name__ for statement in tree.body]
    assert kinds == ["Import", "Assign", "Assign", "Expr"]
    printed = tree.body[-1].value.args[0]  # type: ignore[attr-defined]
    assert isinstance(printed, ast.Constant)
    assert printed.value == evil


# ---- lines


def test_each_line_says_which_nodes_and_calls_it_stands_for() -> None:
    made = read(resource("examples", "accumulation.grad"))
    program = emit(made)
    by_text = {line.text.strip(): line for line in program.lines}
    assert by_text["loss = F.mse_loss(z, t) + reg"].nodes == ("n8", "n9")
    assert by_text["return 0.1 * (W ** 2).sum()"].nodes == ("n13", "n14", "n15")
    assert [line.calls for line in program.lines if line.text == "main()"] == [("c1",), ("c3",), ("c5",)]
    assert [program.lines[i].text for i in program.lines_of("c6")] == ["x.grad.zero_()", "y.grad.zero_()", "W.grad.zero_()"]
    assert program.names["n3", 0] == "W"
    assert "".join(line.text + "\n" for line in program.lines) == program.text


def test_lines_of_a_block_written_in_its_place_belong_to_its_call() -> None:
    program = emit(read(resource("examples", "tutorial.grad")))
    assert [(line.nodes, line.calls) for line in program.lines[-3:]] == [(("n3",), ("c1",)), (("n4",), ("c1",)), ((), ("c2",))]
