"""The measure of an edit in the window."""

from __future__ import annotations

import json
import os
import subprocess
import sys


def test_an_edit_is_shown_and_measured_in_both_examples() -> None:
    program = "from gradstudio.bench import live; raise SystemExit(live.main(True, ticks=20))"  # a window of its own, and a process
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment).stdout
    figures = json.loads(told)
    assert list(figures) == ["tutorial", "accumulation"]
    assert all(0 < each["median"] <= each["p90"] and each["cpu"] > 0 for each in figures.values())
