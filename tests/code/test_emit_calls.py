"""Calls, sections and lines of the program that a document is written as."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
import pytest

from gradstudio.code.emit import emit
from gradstudio.document.calls import (
    Backward,
    Grad,
    Hook,
    OptimizerStep,
    OptimizerZero,
    Print,
    SetGradEnabled,
    SetGradNone,
    SetRequiresGrad,
    SetValue,
    ZeroGrad,
)
from gradstudio.document.document import Document, Optimizer
from gradstudio.document.frames import Frame
from gradstudio.document.graph import Literal, Node, Ref
from gradstudio.document.map import Map
from gradstudio.document.script import Repeat, Section
from gradstudio.io.reader import read
from gradstudio.resources import resource
from tests.code.make import document, group, leaf, op
from tests.code.written import FORWARD, X, Y, again, body, lines, text_of

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
