"""Programs print and end here as they do in PyTorch."""
import json
from pathlib import Path
from typing import Any

import pytest

from tests.torch.programs import run

PROGRAMS = json.loads((Path(__file__).parents[1] / "data" / "snippets.json").read_text())


@pytest.mark.parametrize("program", PROGRAMS, ids=[p["id"] for p in PROGRAMS])
def test_a_program_runs_as_in_pytorch(program: dict[str, Any]) -> None:
    got = run(program["code"])
    assert got["stdout"] == program["stdout"]
    assert (got["exc_type"], got["exc_msg"]) == (program["exc_type"], program["exc_msg"])
    assert got["warnings"] == [w for w in program["warnings"] if not w[1].startswith("Error detected in")]


def test_there_are_programs_of_many_features() -> None:
    assert len({p["feature"] for p in PROGRAMS}) > 20
