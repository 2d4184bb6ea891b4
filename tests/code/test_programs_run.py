"""Exported programs, run: under gradstudio.torch, under PyTorch where it is there, and against what PyTorch was recorded to print."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradstudio.code.emit import emit
from gradstudio.io.reader import read
from gradstudio.resources import resource
from gradstudio.session.run import run
from tests.code.compare import Outcome, alike, differences, prints, reset_modes
from tests.code.documents import random_document

RECORDED = json.loads((Path(__file__).parents[1] / "data" / "exports.json").read_text(encoding="utf-8"))
EXAMPLES = ("tutorial", "accumulation")


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**6))
def test_a_random_document_and_its_program_leave_the_same_values_gradients_and_errors(seed: int) -> None:
    assert differences(random_document(seed)) == []


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_a_program_without_a_run_is_python_too(seed: int) -> None:
    ast.parse(emit(random_document(seed)).text)


@pytest.mark.parametrize("name", [*EXAMPLES, "mlp"])
def test_an_example_and_its_program_agree(name: str) -> None:
    assert differences(read(resource("examples", f"{name}.grad"))) == []


@pytest.mark.parametrize("seed", range(0, 60))
def test_a_program_runs_in_pytorch_as_it_does_here(seed: int) -> None:
    pytest.importorskip("torch")
    assert differences(random_document(seed), own=False) == []


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_a_program_prints_what_pytorch_was_recorded_to_print(name: str) -> None:
    document = read(resource("examples", f"{name}.grad")) if name in EXAMPLES else random_document(int(name))
    program = emit(document, trace=run(document).trace)
    assert program.text.splitlines() == RECORDED[name]["program"], (
        "the program differs from the recorded one: run tests/data/record_exports.py"
    )
    outcome = Outcome(program.text, own=True)
    reset_modes(own=True)
    assert alike(prints(outcome), RECORDED[name]["prints"])
