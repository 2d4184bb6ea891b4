"""Further programs, seeded alike, print and end here as they do in PyTorch."""
import json
from pathlib import Path
from typing import Any

import pytest

from gradstudio.engine import random
from tests.torch.programs import run

DATA = Path(__file__).parents[1] / "data"
PROGRAMS = [p for name in ("torch_programs", "torch_names") for p in json.loads((DATA / f"{name}.json").read_text())]


@pytest.mark.parametrize("program", PROGRAMS, ids=[p["id"] for p in PROGRAMS])
def test_a_seeded_program_runs_as_in_pytorch(program: dict[str, Any]) -> None:
    random.manual_seed(0)
    got = run(program["code"])
    assert got["stdout"] == program["stdout"]
    assert (got["exc_type"], got["exc_msg"]) == (program["exc_type"], program["exc_msg"])
    assert got["warnings"] == program["warnings"]
