"""The examples that are shipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradstudio.document.codec import dumps
from gradstudio.io.reader import read
from gradstudio.resources import resource
from gradstudio.session.run import run

EXAMPLES = sorted(resource("examples").glob("*.grad"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_saving_an_example_gives_its_own_bytes(path: Path) -> None:
    assert dumps(read(path)) == path.read_bytes()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_call_of_an_example_does_something(path: Path) -> None:
    outcomes = run(read(path)).trace.outcomes
    assert outcomes
    assert all(outcome.kind in ("ok", "raised") for outcome in outcomes.values())
