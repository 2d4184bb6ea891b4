"""What it takes until the window shows an edit: from a new value of a leaf until canvas, inspector, plots and program are painted."""

from __future__ import annotations

import json
import subprocess
import sys

from gradstudio.bench.canvas import NotMeasured, process

TICKS = 240


def main(as_json: bool, ticks: int = TICKS) -> int:
    """Measure and print; return the exit code."""
    try:
        figures = process("live", str(ticks))
    except (NotMeasured, subprocess.TimeoutExpired) as error:
        print(f"gradstudio: not measured: {error}", file=sys.stderr)
        return 1
    print(json.dumps(figures) if as_json else "\n".join(f"{name} {times}" for name, times in figures.items()))
    return 0
