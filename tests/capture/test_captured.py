"""What was captured of real programs, run by the session: the numbers that PyTorch had."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradstudio.code.emit import emit
from gradstudio.document.codec import document_from, dumps
from gradstudio.document.document import Document
from gradstudio.document.strict import Place
from gradstudio.document.values import read_value
from gradstudio.io.reader import document_in
from gradstudio.session.run import run

ROWS = json.loads((Path(__file__).parents[1] / "data" / "captured.json").read_text(encoding="utf-8"))
RAISE = {"freed_graph": "RuntimeError", "wrong_shapes": "RuntimeError"}  # programs that catch an error


def document(row: dict[str, Any]) -> Document:
    return document_from(row["document"])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_captured_document_gives_the_numbers_of_pytorch(row: dict[str, Any]) -> None:
    made = run(document(row))
    for tensor in row["tensors"]:
        key = ((tensor["source"],), tensor["out"])
        for grad, name in ((False, "value"), (True, "grad")):
            ours, theirs = made.array(key, made.trace.end, grad), tensor.get(name)
            if theirs is None:
                assert not grad or ours is None, made.labels.label(*key)
                continue
            expected = read_value(Place(theirs))
            assert ours is not None, made.labels.label(*key)
            assert ours.dtype == expected.dtype
            relative = 1e-12 if ours.dtype.itemsize == 8 else 2e-6
            np.testing.assert_allclose(ours, expected, rtol=relative, atol=relative / 4, err_msg=made.labels.label(*key))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_captured_document_is_saved_to_the_same_bytes(row: dict[str, Any]) -> None:
    data = dumps(document(row))
    assert dumps(document_in(data, Path("captured.grad"))) == data


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_only_what_raised_in_pytorch_raises(row: dict[str, Any]) -> None:
    outcomes = run(document(row)).trace.outcomes.values()
    raised = [outcome.error.type for outcome in outcomes if outcome.error is not None]
    assert raised == ([RAISE[row["id"]]] if row["id"] in RAISE else [])
    assert {outcome.kind for outcome in outcomes} <= {"ok", "raised"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_no_two_nodes_stand_on_each_other(row: dict[str, Any]) -> None:
    made = document(row)
    places = [*made.layout.positions.values()]
    assert len(places) == len(made.graph.nodes) == len(set(places))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_captured_document_is_exported_as_a_program(row: dict[str, Any]) -> None:
    made = run(document(row))
    compile(emit(made.document, made.labels, made.trace).text, row["id"], "exec")
