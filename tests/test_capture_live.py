"""capture in a real PyTorch (skipped without it): what it makes today is what was recorded, and what it says to the person."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from gradstudio.capture import CaptureWarning, NotRecorded, capture
from gradstudio.code.emit import emit
from gradstudio.document.codec import dumps, tree
from gradstudio.io.reader import read
from gradstudio.session.run import run

torch = pytest.importorskip("torch")
record = pytest.importorskip("tests.data.record_capture")
ROWS = {row["id"]: row for row in json.loads((Path(__file__).parent / "data" / "captured.json").read_text(encoding="utf-8"))}


@pytest.mark.parametrize("name", ROWS)
def test_a_program_gives_the_document_that_was_recorded(name: str) -> None:
    made = record.recorded(name, record.programs()[name])
    assert json.loads(json.dumps(tree(made.document))) == ROWS[name]["document"]
    assert [*made.warnings] == ROWS[name]["warnings"]


@pytest.mark.parametrize("name", ROWS)
def test_the_document_gives_what_the_program_has(name: str) -> None:
    assert record.recorded(name, record.programs()[name]).differences() == ()


@pytest.mark.parametrize("name", ROWS)
def test_the_document_exported_as_a_program_computes_the_same_in_pytorch(name: str) -> None:
    made = run(record.recorded(name, record.programs()[name]).document)
    space: dict[str, object] = {}
    exec(compile(emit(made.document, made.labels, made.trace).text, f"{name}.py", "exec"), space)
    compared = 0
    for node in made.document.graph.nodes.values():
        if node.name is not None and made.labels.label((node.id,)) == node.name:  # the only one of its name
            ours, theirs = made.array(((node.id,), 0), made.trace.end), space[node.name]
            np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-5, atol=1e-6, err_msg=node.name)  # type: ignore[attr-defined]
            compared += 1
    assert compared


def test_the_file_is_written_at_the_end(tmp_path: Path) -> None:
    x = torch.tensor(2.0, requires_grad=True)
    with capture(tmp_path / "run.grad") as recording:
        y = x**2
        y.backward()
    assert dumps(read(tmp_path / "run.grad")) == dumps(recording.document)
    assert x.grad.item() == 4


def test_pytorch_is_left_as_it_was() -> None:
    before = torch.optim.Optimizer.zero_grad
    with capture():
        assert torch.optim.Optimizer.zero_grad is not before
    assert torch.optim.Optimizer.zero_grad is before
    assert not torch.overrides._get_current_function_mode_stack()


def test_an_error_of_the_program_is_in_the_document_and_goes_on(tmp_path: Path) -> None:
    x = torch.tensor(2.0, requires_grad=True)
    y = x * x
    with pytest.raises(RuntimeError, match="second time"), capture(tmp_path / "run.grad"):  # noqa: PT012
        y = x * x
        y.backward()
        y.backward()
    assert [call.kind for call in read(tmp_path / "run.grad").calls()] == ["forward", "backward", "backward"]


def test_a_gradient_through_an_op_that_is_none_here_refuses_the_file(tmp_path: Path) -> None:
    image, kernel = torch.randn(1, 1, 4, 4), torch.randn(1, 1, 2, 2, requires_grad=True)
    with pytest.raises(NotRecorded, match=r"test_capture_live.py:\d+: (torch|F).conv2d is no op here"), capture(tmp_path / "run.grad"):  # noqa: PT012
        loss = torch.nn.functional.conv2d(image, kernel).sum()
        loss.backward()
    assert kernel.grad is not None
    assert not (tmp_path / "run.grad").exists()


def test_a_function_of_the_persons_own_refuses_the_document() -> None:
    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx: object, x: object) -> object:
            return x * 2  # type: ignore[operator]

        @staticmethod
        def backward(ctx: object, g: object) -> object:
            return g * 2  # type: ignore[operator]

    x = torch.ones(2, requires_grad=True)
    with capture() as recording:
        Twice.apply(x).sum().backward()
    with pytest.raises(NotRecorded, match=r"torch\.autograd\.Function"):
        recording.document


def test_a_number_that_no_op_gives_is_a_constant_and_a_warning(tmp_path: Path) -> None:
    x = torch.tensor([3.0, 1.0], requires_grad=True)
    with pytest.warns(CaptureWarning, match="argsort is no op here"), capture(tmp_path / "run.grad"):
        x[torch.argsort(x)].sum().backward()
    assert read(tmp_path / "run.grad").graph.nodes


def test_what_was_computed_before_is_a_leaf_or_refused() -> None:
    x = torch.ones(2, requires_grad=True)
    h = x * 3
    with pytest.warns(CaptureWarning), capture() as recording:
        (h * h).sum().backward()
    assert "computed before the recording began" in recording.warnings[0]
    h = x * 3
    with capture() as recording:
        (h * x).sum().backward()
    with pytest.raises(NotRecorded, match="start the recording before"):
        recording.document


def test_dtypes_that_numpy_lacks_are_refused_in_words() -> None:
    x = torch.ones(2, dtype=torch.bfloat16, requires_grad=True)
    with capture() as recording:
        (x * 2).sum().backward()
    with pytest.raises(NotRecorded, match="bfloat16"):
        recording.document
    x = torch.ones(2, requires_grad=True)
    with capture() as recording:
        x.to(torch.bfloat16).float().sum().backward()
    with pytest.raises(NotRecorded, match=r"Tensor\.to is no op here"):
        recording.document


def test_nothing_after_a_step_that_raised_is_passed_over_in_silence() -> None:
    class Broken(torch.optim.SGD):
        def step(self, closure: object = None) -> None:
            raise RuntimeError("no")

    x = torch.ones(2, requires_grad=True)
    opt = Broken([x], lr=0.1)
    with capture() as recording:
        (x * 2).sum().backward()
        with pytest.raises(RuntimeError, match="no"):
            opt.step()
        x.exp()
    with pytest.raises(NotRecorded, match="a step of an optimizer raised"):
        recording.document


def test_what_is_written_in_place_keeps_its_name_before_and_after() -> None:
    scale = torch.ones(3)
    with capture() as recording:
        scale.mul_(0.5)
    assert [node.name for node in recording.document.graph.nodes.values()] == ["scale", "scale"]


def test_hooks_are_said_to_be_missing_and_what_they_change_too(tmp_path: Path) -> None:
    x = torch.ones(2, requires_grad=True)
    with pytest.warns(CaptureWarning) as told, capture(tmp_path / "run.grad"):  # noqa: PT031
        x.register_hook(lambda g: g * 2)
        (x * 3).sum().backward()
    assert "a hook is not in the document" in str(told[0].message)
    assert "x.grad differs" in str(told[0].message)


def test_names_come_from_the_program() -> None:
    net = torch.nn.Sequential(torch.nn.Linear(2, 2))
    with capture() as recording:

        def inside(value: object) -> object:
            doubled = value * 2  # type: ignore[operator]
            return doubled + 1

        rows = torch.ones(1, 2)
        out = net(rows)
        total = inside(out).sum()
    names = {node.op: node.name for node in recording.document.graph.nodes.values() if node.op != "leaf"}
    assert names == {"linear": "out", "mul": "doubled", "add": None, "sum": "total"}
    leaves = {node.name for node in recording.document.graph.nodes.values() if node.op == "leaf"}
    assert leaves == {"rows", "net_0_weight", "net_0_bias"}
    assert total.requires_grad


def test_a_program_that_only_looks_leaves_nothing(tmp_path: Path) -> None:
    x = torch.tensor([1.0, 2.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with capture(tmp_path / "run.grad") as recording:
            print(x, x.shape, x.sum().item() if x.ndim > 1 else x.tolist(), f"{x[0]:.2f}"[:0])  # noqa: T201
    assert {node.op for node in recording.document.graph.nodes.values()} <= {"leaf", "index"}


PROGRAMS = [
    row
    for name in ("torch_programs", "snippets")
    for row in json.loads((Path(__file__).parent / "data" / f"{name}.json").read_text(encoding="utf-8"))
    if "0000)" not in row["code"]  # chains of 10,000 nodes and more
]
# Programs whose document gives something else, and says so: what they do has no place in a document.
OTHERWISE = {
    **dict.fromkeys(("hooks2", "hooks3", "hk_nonleaf_and_retain_grad_order", "hk_wrong_return_type", "hk_node_hooks"), "hooks"),
    **dict.fromkeys(("hk_hook_exception_propagates", "hk_post_accumulate_optimizer_in_backward"), "hooks"),
    **dict.fromkeys(("anomaly2", "an_nan_detected", "an_log_negative"), "anomaly mode"),
    "de_data_is_unsafe_silent": ".data hides a write from backward",
    "rg_numpy_after_detach": "a write through numpy's array on the same memory",
    "dt_default_dtype": "torch.set_default_dtype",
    "bw_inputs_empty_raises": "backward(inputs=[]) is an error; a call without inputs is none",
    "dtypes_refused": "~x of floats raises another type of error",
    "pr_complex": "complex tensors do not run",
}


@pytest.mark.parametrize("row", PROGRAMS, ids=lambda row: row["id"])
def test_a_program_runs_as_ever_and_its_document_agrees_or_is_refused(row: dict[str, object], capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    torch.set_printoptions(profile="default")
    raised = (None, None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with capture() as recording:
                exec(compile(str(row["code"]), "<program>", "exec"), {"__name__": "__main__"})
        except Exception as error:
            raised = (type(error).__name__, str(error))
        finally:
            torch.set_grad_enabled(True)
            torch.set_default_dtype(torch.float32)
        printed = capsys.readouterr().out
        try:
            differences = recording.differences()
        except NotRecorded:
            differences = ()
    assert (printed, *raised) == (row["stdout"], row["exc_type"], row["exc_msg"])
    assert bool(differences) == (row["id"] in OTHERWISE), differences
