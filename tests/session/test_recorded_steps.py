"""Steps are those of PyTorch: order, upstream, contributions, `.grad` after, as hooks recorded them (tools/record_steps.py)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gradstudio.document.calls import Backward, Forward, ZeroGrad
from gradstudio.document.graph import Literal, Node, Ref
from gradstudio.session.rows import rows
from gradstudio.session.run import run
from gradstudio.session.trace import ACCUMULATE
from tests.code.make import document

CASES = json.loads((Path(__file__).parent.parent / "data" / "steps.json").read_text())["cases"]


def program(case):
    """The document that a recorded program is; node n<i + 1> is its i-th value."""
    nodes = []
    for leaf in case["leaves"]:
        value = np.array(leaf["data"], np.float64).reshape(leaf["shape"])
        value.setflags(write=False)
        nodes.append(Node(f"n{len(nodes) + 1}", "leaf", value=value, requires_grad=leaf["requires_grad"]))
    for op, *operands in case["steps"]:
        literal = operands[-1] == "literal"
        inputs = [Ref(f"n{i + 1}") for i in operands if not isinstance(i, str)] if not literal else [Ref(f"n{operands[0] + 1}")]
        nodes.append(Node(f"n{len(nodes) + 1}", op, (*inputs, *([Literal(operands[1])] if literal else []))))
    calls = [Forward(id="c1", block="main")]
    for call in case["calls"]:
        made = f"c{len(calls) + 1}"
        if "zero" in call:
            calls.append(ZeroGrad(id=made, targets=(Ref(f"n{call['zero'] + 1}"),)))
        else:
            roots = tuple(Ref(f"n{r + 1}") for r in call["roots"])
            calls.append(Backward(id=made, roots=roots, retain_graph=call["retain"]))
    return document(nodes, *calls)


def flat(value) -> list[float]:
    return np.ravel(value["values"] if isinstance(value, dict) else value).tolist()


@pytest.mark.parametrize("start", range(0, len(CASES), 50))
def test_every_visit_is_pytorchs(start):
    for number, case in enumerate(CASES[start : start + 50], start):
        result = run(program(case))
        made = list(rows(result))
        leaves = len(case["leaves"])
        for call, did in zip((c for c in result.document.calls() if c.kind != "forward"), case["did"], strict=True):
            visits = [row for row in made if row["kind"] == "visit" and row["call"] == call.id]
            assert [(v["name"], result.trace.step(v["k"]).node) for v in visits] == [
                (name, (f"n{n + 1 + (0 if name == ACCUMULATE else leaves)}",)) for n, name, *_ in did["visits"]
            ], number
            assert (result.trace.outcomes[call.id].kind == "raised") == did["raised"], number
            for visit, (n, name, upstream, contributions, grad) in zip(visits, did["visits"], strict=True):
                where = f"graph {number}, step {visit['k']}"
                if name == ACCUMULATE:
                    stored = result.array(((f"n{n + 1}",), 0), visit["k"], grad=True)
                    np.testing.assert_allclose(stored.ravel(), grad, 1e-9, 1e-12, err_msg=where)
                    continue
                np.testing.assert_allclose(flat(visit["upstream"]), upstream, 1e-9, 1e-12, err_msg=where)
                sent = [flat(r["contribution"]) for r in made if r["kind"] == "contribution" and r["k"] == visit["k"]]
                assert len(sent) == len(contributions), where
                for ours, theirs in zip(sent, contributions, strict=True):
                    np.testing.assert_allclose(ours, theirs, 1e-9, 1e-12, err_msg=where)


def test_the_record_has_what_makes_steps_hard():
    assert len(CASES) == 300
    assert sum(case["did"][-1]["raised"] for case in CASES) > 10
    assert any("zero" in call for case in CASES for call in case["calls"])
    assert any(len(case["calls"][0]["roots"]) > 1 for case in CASES)
