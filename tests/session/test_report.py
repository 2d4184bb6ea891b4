"""The report and the rows of a run: what `gradstudio run --json` and `gradstudio trace --json` print."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from gradstudio.document.calls import Backward, Forward, SetGradNone
from gradstudio.document.graph import Ref
from gradstudio.io.reader import read
from gradstudio.resources import resource
from gradstudio.session.report import report, text
from gradstudio.session.rows import rows
from gradstudio.session.run import run
from tests.code.documents import random_document
from tests.code.make import document, leaf, op

FORWARD = Forward(id="c1", block="main")


def of(name: str) -> Any:
    return run(read(resource("examples", f"{name}.grad")))


def kinds(found: list[dict[str, Any]], k: int) -> list[str]:
    return [row["kind"] for row in found if row["k"] == k]


def test_the_report_of_the_tutorial_has_its_numbers() -> None:
    found = report(of("tutorial"))
    assert found["steps"] == 6
    assert [(call["call"], call["kind"], call["outcome"], call["ok"], call["error"]) for call in found["calls"]] == [
        ("c1", "forward", "ok", True, None),
        ("c2", "backward", "ok", True, None),
    ]
    assert found["tensors"]["x"] == {
        "shape": [1],
        "dtype": "float32",
        "value": [2.0],
        "grad": [12.0],
        "requires_grad": True,
        "is_leaf": True,
        "grad_fn": None,
    }
    assert found["tensors"]["z"]["grad_fn"] == "MulBackward0"


def test_the_report_labels_what_lies_in_groups_and_leaves_out_their_inputs() -> None:
    found = report(of("accumulation"))
    assert found["steps"] == 63
    assert {"l2_penalty/pow", "l2_penalty/sum", "l2_penalty/mul", "reg"} <= set(found["tensors"])
    assert "l2_penalty/W" not in found["tensors"]
    assert found["tensors"]["x"]["grad"] == 12.0


def failing() -> Any:
    nodes = [
        leaf("n1", "x", [1.0, 2.0]),
        leaf("n2", "y", [1.0, 2.0, 3.0]),
        op("n3", "add", "n1", "n2", names="z"),
        op("n4", "exp", "n2", names="e"),
    ]
    return run(document(nodes, FORWARD, Backward(id="c2", automatic=True)))


def test_a_call_that_raised_is_not_ok_and_names_its_node() -> None:
    found = report(failing())
    assert found["calls"][0]["error"] == {
        "type": "RuntimeError",
        "message": "The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 0",
        "node": "z",
    }
    assert [call["ok"] for call in found["calls"]] == [False, True]
    assert found["calls"][1]["outcome"] == "not_reached"


def test_what_was_computed_past_a_failure_is_not_told() -> None:
    assert set(report(failing())["tensors"]) == {"x", "y"}


def test_a_waiting_call_says_why() -> None:
    found = report(
        run(document([leaf("n1", "x", [1.0, 2.0]), op("n3", "exp", "n1", names="y")], FORWARD, Backward(id="c2", automatic=True)))
    )
    assert found["calls"][1] == {
        "call": "c2",
        "kind": "backward",
        "outcome": "waiting",
        "ok": True,
        "reason": "y has 2 elements: sum it, or give a seed",
        "error": None,
    }


def test_numbers_that_are_not_finite_are_texts() -> None:
    found = report(run(document([leaf("n1", "x", np.array([np.nan, np.inf, -np.inf, 1], np.float32))], FORWARD)))
    assert found["tensors"]["x"]["value"] == ["nan", "inf", "-inf", 1.0]


def test_the_text_shows_tensors_as_pytorch_prints_them() -> None:
    assert "x = tensor([2.])\nx.grad = tensor([12.])\n" in text(of("tutorial"))
    assert "forward: RuntimeError: The size of tensor a" in text(failing())


def test_a_visit_is_followed_by_what_it_sent() -> None:
    found = list(rows(of("tutorial")))
    assert kinds(found, 3) == ["visit", "contribution", "contribution"]
    to_y = next(row for row in found if row["k"] == 3 and row.get("target") == "y")
    assert (to_y["node"], to_y["upstream"], to_y["local"], to_y["formula"], to_y["contribution"]) == ("z", 1.0, 4.0, "a", 4.0)
    assert kinds(found, 4)[:2] == ["visit", "accumulate"]


def test_the_ledger_of_x_goes_12_24_0_12() -> None:
    found = [row for row in rows(of("accumulation")) if row["kind"] == "accumulate" and row["node"] == "x"]
    assert [(row["before"], row["added"], row["after"]) for row in found] == [(None, 12.0, 12.0), (12.0, 12.0, 24.0), (0.0, 12.0, 12.0)]


def test_a_zero_tells_what_it_wrote() -> None:
    found = [row for row in rows(of("accumulation")) if row["kind"] == "zero"]
    assert [(row["node"], row["writes"][0]["before"], row["writes"][0]["after"]) for row in found[:2]] == [
        ("x", 24.0, 0.0),
        ("y", 8.0, 0.0),
    ]


def test_inside_a_group_the_target_is_the_tensor_outside() -> None:
    found = [row for row in rows(of("accumulation")) if row["kind"] == "contribution" and row["target"] == "W"]
    assert [row["node"] for row in found] == ["l2_penalty/pow"] * 3
    assert found[0]["contribution"]["norm"] == pytest.approx(0.6265, abs=1e-4)


def test_every_saved_tensor_is_freed_once() -> None:
    found = [(row["node"], row["saved"]) for row in rows(of("tutorial")) if row["kind"] == "free"]
    assert sorted(found) == [("a", "self"), ("z", "other"), ("z", "self")]


def test_an_error_has_the_step_that_raised() -> None:
    found = list(rows(failing()))
    assert [(row["k"], row["kind"]) for row in found] == [(1, "op"), (1, "error")]


def test_a_call_that_dropped_gradients_says_which() -> None:
    nodes = [leaf("n1", "x"), op("n3", "mul", "n1", "n1", names="z")]
    found = list(rows(run(document(nodes, FORWARD, Backward(id="c2", roots=(Ref("n3"),)), SetGradNone(id="c3", targets=(Ref("n1"),))))))
    assert found[-1]["writes"] == [{"node": "x", "target": "x.grad", "before": 4.0, "added": None, "after": None}]


@pytest.mark.parametrize("seed", range(60))
def test_any_run_can_be_told_as_json_in_the_order_of_its_steps(seed: int) -> None:
    found = run(random_document(seed))
    told = json.loads(json.dumps(list(rows(found)), allow_nan=False))
    assert [row["k"] for row in told] == sorted(row["k"] for row in told)
    steps = [row for row in told if row["kind"] in ("op", "visit", "zero", "call")]
    assert [row["k"] for row in steps] == list(range(1, found.trace.end + 1))
    json.dumps(report(found), allow_nan=False)
    text(found)
