"""The recording, told calls by hand: what it writes down, where it takes constants, what it refuses. No PyTorch."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gradstudio.capture import NotRecorded, capture
from gradstudio.capture.live import given, name_of
from gradstudio.capture.optimizers import ParamGroup, ToldOptimizer
from gradstudio.capture.recording import Recording
from gradstudio.capture.rows import NAMES, use
from gradstudio.document.calls import Backward, Grad, OptimizerStep, SetRequiresGrad, SetValue, ZeroGrad
from gradstudio.document.codec import document_from, dumps, tree
from gradstudio.document.document import Document
from gradstudio.document.graph import Literal, Node, Ref
from gradstudio.engine import TABLE
from tests.capture.told import Tensor, leaf, made, tell


@pytest.fixture
def recording() -> Recording:
    return Recording()


def nodes(document: Document) -> list[Node]:
    """Return the nodes in stored order."""
    return [document.graph.nodes[n] for n in document.graph.order]


def ops(recording: Recording) -> list[str]:
    return [node.op for node in nodes(recording.document) if node.op != "leaf"]


def kinds(recording: Recording) -> list[str]:
    return [call.kind for call in recording.document.calls()]


def test_nothing_told_is_an_empty_document(recording: Recording) -> None:
    assert recording.document.graph.blocks == {"main": ()}
    assert document_from(json.loads(dumps(recording.document))).script == recording.document.script


def test_a_call_is_a_node_with_its_operands_in_order(recording: Recording) -> None:
    x, y = leaf(2.0, True), leaf([1.0, 3.0])
    tell(recording, "Tensor.__rsub__", x, 5, result=made(3.0))
    tell(recording, "torch.sub", y, x, alpha=2, result=made([-3.0, -1.0]))
    first, second = (node for node in nodes(recording.document) if node.op != "leaf")
    assert (first.op, first.inputs) == ("sub", (Literal(5), Ref("n1")))
    assert (second.inputs, dict(second.attrs)) == ((Ref("n3"), Ref("n1")), {"alpha": 2})


@pytest.mark.parametrize("op", [op for op in TABLE.values() if op.torch], ids=lambda op: op.name)
def test_every_row_is_found_by_a_spelling_of_its_own(op: object) -> None:
    assert any(row is op for row, _ in NAMES.values())


def test_arguments_come_by_position_and_by_name() -> None:
    assert use("Tensor.view", ("x", 2, 3), {}).attrs == {"shape": (2, 3)}  # type: ignore[union-attr]
    assert use("torch.sum", ("x",), {"dim": 1, "keepdim": True}).attrs == {"dim": 1, "keepdim": True}  # type: ignore[union-attr]
    assert use("torch.add", ("x", "y"), {"out": "z"}) is None
    assert use("F.mse_loss", ("x", "y"), {"weight": None}) is not None
    assert use("F.mse_loss", ("x", "y"), {"weight": "w"}) is None


def test_a_leaf_has_the_numbers_that_it_had_when_it_was_first_used(recording: Recording) -> None:
    x = leaf([1.0, 2.0])

    def write() -> Tensor:
        x.array += 5
        x.version += 1
        return x

    tell(recording, "Tensor.add_", x, 5, result=write)
    first = nodes(recording.document)[0]
    assert first.value.tolist() == [1.0, 2.0]  # type: ignore[union-attr]
    assert ops(recording) == ["add_"]
    assert recording.differences() == ()


def test_what_is_given_back_unchanged_is_no_node(recording: Recording) -> None:
    x = leaf([1.0])
    tell(recording, "Tensor.contiguous", x, result=x)
    assert nodes(recording.document) == []


def test_frames_hold_what_ran_without_grad(recording: Recording) -> None:
    x = leaf(1.0, True)
    y = tell(recording, "torch.exp", x, result=made(2.0, False), mode="no_grad")
    tell(recording, "torch.neg", y, result=made(-2.0, False), mode="no_grad")
    z = tell(recording, "torch.neg", x, result=made(-1.0))
    tell(recording, "torch.exp", z, result=made(0.3, False), mode="no_grad")
    found = [node.frame for node in nodes(recording.document) if node.op != "leaf"]
    assert found == ["f1", "f1", None, "f2"]


def test_calls_part_the_ops_in_blocks(recording: Recording) -> None:
    x = leaf(1.0, True)
    y = made(1.0)
    tell(recording, "torch.exp", x, result=y)
    tell(recording, "Tensor.backward", y, retain_graph=True)
    tell(recording, "Tensor.backward", y, gradient=leaf(0.5))
    tell(recording, "torch.exp", x, result=made(1.0))
    document = recording.document
    assert [call.kind for call in document.calls()] == ["forward", "backward", "backward", "forward"]
    first, second = (call for call in document.calls() if isinstance(call, Backward))
    assert (first.roots, first.retain_graph, first.seeds) == ((Ref("n2"),), True, ())
    assert np.asarray(second.seeds[0]) == 0.5
    assert document.graph.blocks == {"main": ("n1", "n2"), "main_2": ("n3",)}


def test_a_grad_is_known_by_the_tensor_that_holds_it_now(recording: Recording) -> None:
    x = leaf([1.0, 2.0], True)
    tell(recording, "torch.neg", x, result=made([-1.0, -2.0]))
    x.grad = leaf([1.0, 1.0])
    tell(recording, "Tensor.mul", x.grad, 2, result=made([2.0, 2.0], False))
    tell(recording, "Tensor.zero_", x.grad, result=x.grad)
    old, x.grad = x.grad, None
    tell(recording, "Tensor.mul", old, 3, result=made([0.0, 0.0], False))
    document = recording.document
    assert nodes(document)[2].inputs[0] == Ref("n1", grad=True)
    assert [call.targets for call in document.calls() if isinstance(call, ZeroGrad)] == [(Ref("n1"),)]
    assert nodes(document)[-1].inputs[0] == Ref("n4")  # no longer anybody's .grad: a leaf
    assert document.graph.nodes["n4"].op == "leaf"


def test_equal_clearings_in_a_row_are_one_call(recording: Recording) -> None:
    tensors = [leaf(float(i), True) for i in range(3)]
    for x in tensors:
        tell(recording, "torch.exp", x, result=made(1.0))
    for x in (*tensors, tensors[0]):
        tell(recording, "Tensor.grad.__set__", x, None)
    assert kinds(recording) == ["forward", "set_grad_none", "set_grad_none"]


def test_results_of_autograd_grad_are_known(recording: Recording) -> None:
    x, y, gx = leaf(2.0, True), made(4.0), made(4.0)
    tell(recording, "Tensor.pow", x, 2, result=y)
    tell(recording, "torch.autograd.grad", y, (x,), create_graph=True, result=(gx,))
    tell(recording, "Tensor.mul", gx, 2, result=made(8.0))
    recording.name(gx.key, "slope", 0)
    call = next(call for call in recording.document.calls() if isinstance(call, Grad))
    assert (call.names, call.create_graph) == (("slope",), True)
    assert nodes(recording.document)[-1].inputs == (Ref(call.id), Literal(2))
    assert recording.differences() == ()


def test_a_write_that_no_op_tells_is_numbers(recording: Recording) -> None:
    x = leaf([1.0, 2.0])
    tell(recording, "torch.exp", x, result=made([2.7182817, 7.389056], False))

    def draw() -> Tensor:
        x.array[:] = [7.0, 8.0]
        x.version += 1
        return x

    tell(recording, "Tensor.uniform_", x, result=draw)
    call = next(call for call in recording.document.calls() if isinstance(call, SetValue))
    assert (call.target, np.asarray(call.value).tolist()) == (Ref("n1"), [7.0, 8.0])
    assert recording.warnings == ("train.py:7: what Tensor.uniform_ wrote in place stands in the document as numbers",)
    assert recording.differences() == ()


def test_a_write_unseen_is_found_when_the_tensor_is_used_again(recording: Recording) -> None:
    x = leaf([1.0])
    tell(recording, "torch.neg", x, result=made([-1.0], False))
    x.array[:] = 4.0
    x.version += 1
    tell(recording, "torch.neg", x, result=made([-4.0], False))
    assert kinds(recording) == ["forward", "set_value", "forward"]
    assert recording.differences() == ()


def test_a_write_in_place_that_a_gradient_flows_through_is_refused(recording: Recording) -> None:
    x, y = leaf([1.0], True), made([2.0])
    tell(recording, "Tensor.mul", x, 2, result=y)

    def draw() -> Tensor:
        y.version += 1
        return y

    tell(recording, "Tensor.uniform_", y, result=draw)
    with pytest.raises(NotRecorded, match=r"train\.py:7: Tensor\.uniform_ writes in place"):
        recording.document


def test_an_op_that_is_none_here_is_a_constant_once_it_is_used(recording: Recording) -> None:
    x, order = leaf([3.0, 1.0], True), leaf([1, 0], dtype="int64")
    tell(recording, "torch.argwhere", x, result=order)
    assert recording.warnings == ()
    tell(recording, "Tensor.__getitem__", x, order, result=made([1.0, 3.0]))
    assert recording.warnings == ("train.py:7: torch.argwhere is no op here: its result stands in the document as a constant",)
    assert recording.differences() == ()


def test_a_gradient_through_it_is_refused_and_no_file_written(recording: Recording, tmp_path: Path) -> None:
    x, y = leaf([3.0, 1.0], True), made([1.0, 1.0])
    tell(recording, "F.conv2d", x, result=y)
    assert recording.document.graph.blocks == {"main": ()}  # nothing came of it yet
    tell(recording, "Tensor.sum", y, result=made(2.0))
    with pytest.raises(NotRecorded, match=r"train\.py:7: F\.conv2d is no op here, and a gradient") as told:
        recording.save(tmp_path / "run.grad")
    assert "GS-C301" in str(told.value)
    assert list(tmp_path.iterdir()) == []


def test_a_gradient_that_appears_from_nowhere_is_refused(recording: Recording) -> None:
    x, y = leaf([1.0], True), made([2.0], False)
    tell(recording, "Tensor.mul", x, 2, result=y, mode="no_grad")
    y.requires_grad, y.is_leaf = True, False  # as a torch.autograd.Function does
    tell(recording, "Tensor.sum", y, result=made(2.0))
    with pytest.raises(NotRecorded, match="autograd"):
        recording.document


@pytest.mark.parametrize(("reaches", "refused"), [(True, True), (False, False)])
def test_what_was_computed_before_is_a_leaf_unless_it_comes_from_one(recording: Recording, reaches: bool, refused: bool) -> None:
    x = leaf([1.0], True)
    h = made([3.0], leads_to=frozenset([x.key]) if reaches else frozenset([10**9]))
    tell(recording, "Tensor.mul", h, x, result=made([3.0]))
    if refused:
        with pytest.raises(NotRecorded, match="start the recording before"):
            recording.document
    else:
        assert recording.document.graph.nodes
        assert "computed before the recording began" in recording.warnings[0]


def test_what_a_leaf_had_accumulated_before_is_there(recording: Recording) -> None:
    x = leaf([1.0, 2.0], True)
    x.grad = leaf([0.5, 0.25])
    tell(recording, "torch.sin", x, result=made(np.sin([1.0, 2.0])))
    assert kinds(recording) == ["forward", "backward", "forward"]
    assert recording.differences() == ()
    x.grad = leaf([0.5, 9.0])
    assert recording.differences() == ("leaf.grad differs",)


def test_a_switch_that_changes_is_a_call_and_one_that_does_not_is_none(recording: Recording) -> None:
    x = leaf([1.0])
    tell(recording, "torch.exp", x, result=made([2.7182817], False))
    tell(recording, "Tensor.requires_grad_", x, False, result=x)
    assert kinds(recording) == ["forward"]

    def switch() -> Tensor:
        x.requires_grad = True
        return x

    tell(recording, "Tensor.requires_grad_", x, result=switch)
    assert next(call.on for call in recording.document.calls() if isinstance(call, SetRequiresGrad)) is True


def test_what_raises_ends_its_section(recording: Recording) -> None:
    x, w = leaf(np.ones((2, 3))), leaf(np.ones((2, 3)), True)
    error = RuntimeError("mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)")
    with pytest.raises(RuntimeError, match="mat1"):
        tell(recording, "Tensor.matmul", x, w, result=error)
    tell(recording, "Tensor.mul", x, w, result=made(np.ones((2, 3))))
    assert [len(section.body) for section in recording.document.script] == [1, 1]
    assert ops(recording) == ["matmul", "mul"]
    assert recording.differences() == ()


def test_an_error_in_other_words_is_a_difference(recording: Recording) -> None:
    with pytest.raises(RuntimeError):
        tell(recording, "Tensor.neg", leaf([True], dtype="bool"), result=RuntimeError("no"))
    assert any("no call raises RuntimeError: no" in line for line in recording.differences())


def step_of(recording: Recording, key: int, kind: str, x: Tensor, by: float, began: bool = False, **options: object) -> None:
    """Tell of a step that adds a number to a parameter."""
    with recording.optimizers.step(ToldOptimizer(key, kind, (ParamGroup((x,), options),), began), "train.py:9"):
        x.array += np.float32(by)
        x.version += 1


def test_steps_of_an_optimizer_are_its_calls(recording: Recording) -> None:
    x = leaf([1.0], True)
    tell(recording, "torch.exp", x, result=made([2.7182817]))
    step_of(recording, 1, "SGD", x, 0, lr=0.1, momentum=0, foreach=None)
    step_of(recording, 1, "SGD", x, 0, lr=0.01)  # another rate, nothing remembered
    document = recording.document
    assert {o: dict(made.options) for o, made in document.optimizers.items()} == {"o1": {"lr": 0.1}, "o2": {"lr": 0.01}}
    assert [call.optimizer for call in document.calls() if isinstance(call, OptimizerStep)] == ["o1", "o2"]
    assert recording.warnings == ()


@pytest.mark.parametrize(
    ("tell_steps", "reason"),
    [
        (lambda r, x: step_of(r, 1, "mine.Sophia", x, 1), "mine.Sophia is no optimizer here"),
        (lambda r, x: step_of(r, 1, "Adam", x, 1, began=True), "Adam made steps before the recording began"),
        (lambda r, x: [step_of(r, 1, "Adam", x, 0), step_of(r, 1, "Adam", x, 1, True, lr=0.5)], "options of Adam changed"),
    ],
)
def test_steps_that_it_could_not_make_itself_are_numbers(
    recording: Recording, tell_steps: Callable[[Recording, Tensor], object], reason: str
) -> None:
    x = leaf([1.0], True)
    tell(recording, "torch.exp", x, result=made([2.7182817]))
    tell_steps(recording, x)
    values = [np.asarray(call.value).tolist() for call in recording.document.calls() if isinstance(call, SetValue)]
    assert values == [[2.0]]
    assert reason in recording.warnings[0]
    assert recording.differences() == ()


def test_the_outermost_name_stays(recording: Recording) -> None:
    x = leaf(1.0)
    tell(recording, "torch.exp", x, result=made(2.0))
    for name, rank in (("inner", 2), ("outer", 0), ("later", 0), ("lambda", -1), ("deeper", 3)):
        recording.name(x.key, name, rank)
    assert nodes(recording.document)[0].names == ("outer",)


def test_a_value_that_no_document_holds_is_refused(recording: Recording) -> None:
    tell(recording, "torch.neg", leaf(np.zeros((1,) * 9)), result=made(0.0))
    with pytest.raises(NotRecorded, match="at most 8 dimensions"):
        recording.document


def test_without_pytorch_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r"pip install torch.*GS-C302"), capture("run.grad"):
        pass


def test_functions_are_named_by_where_they_are() -> None:
    def relu(input: object, inplace: bool = False) -> None: ...

    relu.__module__ = "torch.nn.functional"
    assert name_of(relu) == "F.relu"
    assert name_of(str.join) == "Tensor.join"  # a method's descriptor
    assert given(relu, {"inplace": False}) == {}
    assert given(relu, {"inplace": True}) == {"inplace": True}


def test_the_tree_of_a_recording_is_read_back(recording: Recording) -> None:
    x = leaf([1.0, 2.0], True)
    y = made([2.0, 4.0])
    tell(recording, "Tensor.add", x, x, result=y)
    tell(recording, "Tensor.retain_grad", y)
    tell(recording, "Tensor.__getitem__", y, (slice(None, 1), None, ...), result=made([[2.0]]))
    document = document_from(json.loads(json.dumps(tree(recording.document))))
    assert document.graph.nodes["n2"].retain_grad == (0,)
    assert document.graph.nodes["n3"].inputs[1] == Literal((slice(None, 1), None, Ellipsis))
