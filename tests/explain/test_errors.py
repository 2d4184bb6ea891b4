"""What a failure means in words, and that every way out works."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from gradstudio.document import codec
from gradstudio.document.calls import Backward, Grad, Hook, SetRequiresGrad, SetValue, ZeroGrad
from gradstudio.document.commands.script import AppendCall, WrapRepeat
from gradstudio.document.document import Document
from gradstudio.document.graph import Literal, Node, Ref
from gradstudio.document.groups import BODY
from gradstudio.document.map import Map
from gradstudio.resources import resource
from gradstudio.session.run import run
from tests.explain.build import Program, failure, fixed, grad, outcomes, words_of


def accumulation() -> Document:
    import json

    return codec.document_from(json.loads(resource("examples", "accumulation.grad").read_bytes()))


@pytest.fixture
def used_up() -> Document:
    return AppendCall(Backward(id="c8", roots=(Ref("n9"),))).apply(accumulation())


def test_a_second_backward_names_what_was_freed_and_by_which_call(used_up):
    found = failure(used_up)
    assert found.title == "This graph was already used up"
    assert found.words == (
        "mse_loss needs z and t to compute its gradient, but backward #3 freed them when it finished. PyTorch does this to save memory."
    )
    assert found.node == ("n8",)
    assert found.message.startswith("RuntimeError: Trying to backward through the graph a second time")
    assert words_of(found.fixes) == ["Run forward again", "Keep the graph next time", "Go back before the call"]
    assert found.fixes[1].detail == "backward(retain_graph=True), uses more memory"
    assert found.fixes[2].go_to == 63
    assert found.fixes[2].detail == "Return to step 63, nothing is lost"


@pytest.mark.parametrize("which", [0, 1])
def test_each_way_out_of_a_second_backward_lets_it_run(used_up, which):
    document = fixed(used_up, failure(used_up).fixes[which])
    assert set(outcomes(document)) == {"ok"}
    assert grad(run(document), "x") == 24.0


def test_what_a_group_was_given_may_be_changed_in_place_after_it_was_saved():
    p = Program()
    y = p.op("mul", p.leaf("x", [1.0, 2.0]), 2.0, name="y")
    z = p.group("squared", op="square", operand=y, then="neg_")
    p.forward()
    p.backward(p.op("sum", z))
    found = failure(p.document())
    assert found.title == "y was changed in place"
    assert "neg_ changed it in place" in found.words
    assert words_of(found.fixes) == ["Let squared/neg_ change a copy", "Go to the write", "Go back before the call"]


def vector() -> tuple[Program, Ref]:
    p = Program()
    x = p.leaf("x", [1.0, 2.0, 3.0])
    y = p.op("mul", x, 2.0, name="y")
    p.forward()
    p.backward(y)
    return p, y


@pytest.mark.parametrize("which", [0, 1])
def test_a_root_of_several_numbers_gets_a_seed_or_a_sum(which):
    document = vector()[0].document()
    found = failure(document)
    assert found.title == "y is not one number"
    assert "y has shape (3,)" in found.words
    document = fixed(document, found.fixes[which])
    assert set(outcomes(document)) == {"ok"}
    assert grad(run(document), "x") == [2.0, 2.0, 2.0]


def test_a_seed_of_another_shape_is_told_with_both_shapes():
    p, y = vector()
    seed = np.ones((2,), np.float32)
    p.calls[-1] = Backward(id="c2", roots=(y,), seeds=(seed,))
    found = failure(p.document())
    assert "(3,), not (2,)" in found.words
    assert outcomes(fixed(p.document(), found.fixes[0])) == ["ok", "ok"]


def untracked(kind: str) -> Program:
    p = Program()
    x = p.leaf("x", 2.0, requires_grad=kind != "leaf")
    if kind == "detach":
        x = p.op("detach", x)
    y = p.op("mul", x, x, name="y", frame="f1" if kind == "frame" else None)
    p.forward()
    p.backward(y)
    return p


@pytest.mark.parametrize(
    ("kind", "cause", "fix"),
    [
        ("leaf", "because x does not", "Let x require grad"),
        ("detach", "detach passes values on and stops the gradient", "Take the detach out"),
        ("frame", "mul ran under torch.no_grad()", "Take the no_grad frame away"),
    ],
)
def test_a_root_that_requires_no_grad_is_traced_to_what_cut_it(kind, cause, fix):
    document = untracked(kind).document()
    found = failure(document)
    assert found.title == "y does not require grad"
    assert cause in found.words
    assert found.fixes[0].words == fix
    document = fixed(document, found.fixes[0])
    assert set(outcomes(document)) == {"ok"}
    assert grad(run(document), "x") == 4.0


def test_a_call_that_cannot_work_may_be_skipped():
    document = untracked("leaf").document()
    skip = next(fix for fix in failure(document).fixes if fix.words == "Skip this call")
    assert outcomes(fixed(document, skip)) == ["ok", "disabled"]


@pytest.mark.parametrize("which", [0, 1])
def test_a_write_to_a_tracked_leaf_goes_under_no_grad_or_the_leaf_is_let_go(which):
    p = Program()
    w = p.leaf("w", 1.0)
    p.op("add_", w, 1.0)
    p.forward()
    found = failure(p.document())
    assert found.title == "w is a leaf, so it is locked"
    assert "add_ would change w in place" in found.words
    assert outcomes(fixed(p.document(), found.fixes[which])) == ["ok"]


def overwritten() -> Program:
    p = Program()
    x = p.leaf("x", 1.0)
    e = p.op("exp", x, name="e")
    p.op("add_", e, 1.0)
    root = p.op("mul", e, 1.0, name="out")
    p.forward()
    p.backward(root)
    return p


def test_an_overwritten_saved_tensor_is_told_with_the_write_and_both_versions():
    found = failure(overwritten().document())
    assert found.title == "e was changed in place"
    assert "exp saved e at version 0" in found.words
    assert "add_ changed it in place: it is at version 1 now" in found.words
    assert [fix.go_to for fix in found.fixes if fix.words == "Go to the write"] == [2]


def test_a_clone_in_front_of_the_write_saves_the_backward():
    document = overwritten().document()
    document = fixed(document, failure(document).fixes[0])
    assert outcomes(document) == ["ok", "ok"]
    assert grad(run(document), "x") == pytest.approx(float(np.exp(1)), rel=1e-6)


def test_an_update_between_forward_and_backward_moves_behind_it():
    p = Program()
    x, y = p.leaf("x", 2.0), p.leaf("y", 3.0)
    z = p.op("mul", x, y, name="z")
    p.forward()
    p.do(SetValue, target=y, value=Literal(5.0))
    p.backward(z)
    found = failure(p.document())
    assert found.fixes[0].words == "Move Set value behind backward #1"
    document = fixed(p.document(), found.fixes[0])
    assert set(outcomes(document)) == {"ok"}
    assert grad(run(document), "x") == 3.0


@pytest.mark.parametrize("which", [0, 1])
def test_a_gradient_of_what_was_not_used_may_be_none_or_not_asked_for(which):
    p = Program()
    x, y = p.leaf("x", 2.0), p.leaf("y", 3.0)
    z = p.op("mul", x, x, name="z")
    p.forward()
    p.do(Grad, outputs=(z,), inputs=(x, y))
    found = failure(p.document())
    assert found.title == "y was not used"
    assert outcomes(fixed(p.document(), found.fixes[which])) == ["ok", "ok"]


@pytest.mark.parametrize("which", [0, 1])
def test_zero_of_a_grad_that_is_none_is_skipped_or_done_after_a_backward(which):
    p = Program()
    x = p.leaf("x", 2.0)
    p.op("mul", x, x, name="z")
    p.forward()
    p.do(ZeroGrad, targets=(x,))
    found = failure(p.document())
    assert found.title == "x has no .grad to zero"
    assert found.node == ("n1",)
    assert "raised" not in outcomes(fixed(p.document(), found.fixes[which]))


@pytest.mark.parametrize(
    ("shapes", "fix"), [(((2, 3), (2, 3)), "Transpose b"), (((3, 2), (3, 2)), "Transpose b"), (((3, 2), (4, 3)), "Swap the inputs")]
)
def test_matrices_that_do_not_fit_are_transposed_or_swapped(shapes, fix):
    p = Program()
    a, b = (p.leaf(name, np.ones(shape)) for name, shape in zip("ab", shapes, strict=True))
    p.op("matmul", a, b, name="c")
    p.forward()
    found = failure(p.document())
    assert f"a {shapes[0]} and b {shapes[1]}" in found.words
    way = next(each for each in found.fixes if each.words == fix)
    assert outcomes(fixed(p.document(), way)) == ["ok"]


@pytest.mark.parametrize(("shapes", "fix"), [(((2, 3), (3, 2)), "Transpose a"), (((3, 2), (3,)), "Make b a column")])
def test_shapes_that_do_not_broadcast_are_turned(shapes, fix):
    p = Program()
    a, b = (p.leaf(name, np.ones(shape)) for name, shape in zip("ab", shapes, strict=True))
    p.op("add", a, b, name="c")
    p.forward()
    found = failure(p.document())
    way = next(each for each in found.fixes if each.words == fix)
    assert outcomes(fixed(p.document(), way)) == ["ok"]


def test_a_view_of_another_size_is_offered_shapes_that_hold_every_element():
    p = Program()
    a = p.leaf("a", np.arange(6.0))
    p.op("view", a, shape=(2, 2))
    p.forward()
    found = failure(p.document())
    assert "a (6,) has 6 elements, but (2, 2) holds 4" in found.words
    assert found.fixes[0].words == "Use (2, 3)"
    assert outcomes(fixed(p.document(), found.fixes[0])) == ["ok"]


def test_dtypes_that_pytorch_does_not_convert_are_converted():
    p = Program()
    a, b = p.leaf("a", np.ones((2, 2))), p.leaf("b", np.ones((2, 2)), requires_grad=False, dtype="int64")
    p.op("matmul", a, b, name="c")
    p.forward()
    found = failure(p.document())
    assert "a (float32) and b (int64)" in found.words
    assert found.fixes[0].words == "Convert b to float32"
    assert outcomes(fixed(p.document(), found.fixes[0])) == ["ok"]


def test_whole_numbers_cannot_require_grad():
    p = Program()
    p.leaf("n", 3, dtype="int64")
    p.forward()
    assert failure(p.document()).title == "n holds whole numbers"


def test_an_op_from_another_version_is_named_and_nothing_is_lost():
    p = Program()
    x = p.leaf("x", 2.0)
    p.op("frobnicate", x)
    p.forward()
    found = failure(p.document())
    assert found.title == "“frobnicate” is not known here"


def test_what_no_rule_knows_is_shown_in_pytorchs_own_words():
    p = Program()
    a = p.leaf("a", np.ones((2, 3)))
    p.op("permute", a, dims=(0, 0))
    p.forward()
    found = failure(p.document())
    assert found.title == "permute could not run"
    assert found.words in found.message
    assert [fix.words for fix in found.fixes][:1] == ["Show permute"]


def test_a_call_in_a_repeat_gets_its_forward_inside_the_repeat():
    p = Program()
    x = p.leaf("x", 2.0)
    z = p.op("mul", x, x, name="z")
    p.forward()
    p.backward(z)
    document = WrapRepeat(("c2",), 3, "c9").apply(p.document())
    found = failure(document)
    assert found.title == "This graph was already used up"
    document = fixed(document, found.fixes[0])
    repeat = document.script[0].body[1]
    assert [call.kind for call in repeat.body] == ["forward", "backward"]
    assert repeat.times == 3
    assert set(outcomes(document)) == {"ok"}
    assert grad(run(document), "x") == 12.0


def test_a_failure_inside_a_group_is_mended_in_its_definition():
    p = Program()
    x = p.leaf("x", np.ones((2, 3)))
    y = p.leaf("y", np.ones((3,)))
    p.group("column", op="view", operand=x)
    p.op("mul", y, y)
    p.forward()
    group = p.groups["g1"]
    inner = group.graph.nodes["n101"]
    node = replace(inner, op="add", inputs=(Ref("n100"), Ref("n102")))
    leaf = Node("n102", "leaf", value=np.ones((2,), np.float32), names=("b",))
    graph = replace(group.graph, nodes=group.graph.nodes.set("n101", node).set("n102", leaf), blocks=Map({BODY: ("n100", "n102", "n101")}))
    p.groups["g1"] = replace(group, graph=graph)
    found = failure(p.document())
    assert found.node == ("n3", "n101")
    assert "x (2, 3) and column/b (2,)" in found.words
    assert found.fixes[0].words == "Transpose x"
    way = next(fix for fix in found.fixes if fix.words == "Make column/b a column")
    assert outcomes(fixed(p.document(), way)) == ["ok"]


def test_a_hook_on_what_gets_no_gradient_is_skipped_or_given_one():
    p = Program()
    x = p.leaf("x", 2.0, requires_grad=False)
    y = p.op("mul", x, x, name="y")
    p.group("scaled", op="neg", operand=x)
    p.forward()
    p.do(Hook, target=y, group="g1")
    found = failure(p.document())
    assert found.title == "y gets no gradient to hook"
    for fix in found.fixes:
        assert "raised" not in outcomes(fixed(p.document(), fix))


def test_the_switch_of_a_computed_tensor_is_not_its_own():
    p = Program()
    x = p.leaf("x", 2.0)
    y = p.op("mul", x, x, name="y")
    p.forward()
    p.do(SetRequiresGrad, targets=(y,), on=False)
    found = failure(p.document())
    assert found.title == "y has no switch of its own"
    assert outcomes(fixed(p.document(), found.fixes[0])) == ["ok", "disabled"]


def test_one_of_several_views_cannot_be_changed_but_a_copy_can():
    p = Program()
    x = p.leaf("x", np.arange(4.0))
    y = p.op("mul", x, 2.0, name="y")
    parts = p.op("unbind", y)
    p.op("add_", parts, 1.0)
    p.forward()
    found = failure(p.document())
    assert found.title == "add_ writes to shared memory"
    assert found.fixes[0].words == "Let add_ change a copy"
    assert outcomes(fixed(p.document(), found.fixes[0])) == ["ok"]


def test_a_check_that_does_not_hold_is_told_with_what_it_compared():
    p = Program()
    a, b = p.leaf("a", 1.0), p.leaf("b", 2.0)
    p.op("assert_close", a, b)
    p.forward()
    found = failure(p.document())
    assert found.title == "A check does not hold"
    assert "a () and b ()" in found.words
